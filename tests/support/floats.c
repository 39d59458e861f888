#include "support/floats.h"

#include <math.h>
#include <string.h>

static uint32_t next(uint32_t *state)
{
    return *state = *state * 1664525u + 1013904223u;
}

float test_any_float(uint32_t *state)
{
    static const float odd[] = { 0, -0.0f, INFINITY, -INFINITY, NAN, 1e-40f, 3e38f, -3e38f };
    const uint32_t bits = next(state);
    if (bits >> 24 == 7) return odd[bits >> 13 & 7];
    return (float)(bits >> 8) / 8388608.0f - 1;
}

void test_fill_floats(float *x, size_t n, uint32_t *state)
{
    for (size_t i = 0; i < n; i++) x[i] = test_any_float(state);
}

float test_any_bits(uint32_t *state)
{
    const uint32_t bits = next(state) >> 16 << 16 | next(state) >> 16;
    float x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

bool test_same_float(float a, float b)
{
    return (isnan(a) && isnan(b)) || memcmp(&a, &b, sizeof(a)) == 0;
}
