#include "kernels/bytes.h"

#include "kernels/quantize.h"

static void map(int64_t n_rows, int64_t n, const uint8_t *table, const uint8_t *x, int64_t x_step,
                uint8_t *y, int64_t y_step)
{
    for (int64_t r = 0; r < n_rows; r++)
        for (int64_t i = 0; i < n; i++) y[r * y_step + i] = table[x[r * x_step + i]];
}

static float real_of(const pare_byte_scale *how, uint8_t code)
{
    const int64_t x = code ^ how->flip;
    const int64_t zero = how->zero;
    float y = 0;
    pare_dequantize_i64_ref(1, &x, &zero, &how->scale, 0, &y);
    return y;
}

static uint8_t rounded(float x, int32_t zero, uint8_t flip)
{
    const int64_t at = zero;
    int64_t y = 0;
    pare_round_to_range_ref(1, &x, &at, 0, 0, UINT8_MAX, &y);
    return (uint8_t)y ^ flip;
}

static uint8_t code_of(const pare_byte_scale *how, float x)
{
    pare_scale_down_f32_ref(1, &x, &how->scale, 0);
    return rounded(x, how->zero, how->flip);
}

static void add(int64_t n, const pare_byte_pair *how, const uint8_t *a, int64_t a_step,
                const uint8_t *b, int64_t b_step, uint8_t *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = code_of(&how->y, real_of(&how->a, a[i * a_step]) + real_of(&how->b, b[i * b_step]));
}

static void mul(int64_t n, const pare_byte_pair *how, const uint8_t *a, int64_t a_step,
                const uint8_t *b, int64_t b_step, uint8_t *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = code_of(&how->y, real_of(&how->a, a[i * a_step]) * real_of(&how->b, b[i * b_step]));
}

static void max(int64_t n_taps, const uint8_t *const *x, uint8_t flip, int64_t n, uint8_t *y)
{
    for (int64_t c = 0; c < n; c++) {
        uint8_t most = x[0][c] ^ flip;
        for (int64_t t = 1; t < n_taps; t++) {
            const uint8_t other = x[t][c] ^ flip;
            if (other > most) most = other;
        }
        y[c] = most ^ flip;
    }
}

static void sum(int64_t n_taps, const uint8_t *const *x, uint8_t flip, int64_t n, int32_t *y)
{
    for (int64_t c = 0; c < n; c++) {
        y[c] = 0;
        for (int64_t t = 0; t < n_taps; t++) y[c] += x[t][c] ^ flip;
    }
}

static void column_sum(int64_t n_rows, const uint8_t *x, int64_t stride, uint8_t flip, int64_t n,
                       int32_t *y)
{
    for (int64_t c = 0; c < n; c++) {
        y[c] = 0;
        for (int64_t r = 0; r < n_rows; r++) y[c] += x[r * stride + c] ^ flip;
    }
}

static void scale(int64_t n, const int32_t *x, int32_t shift, float factor, int32_t zero,
                  uint8_t flip, uint8_t *y)
{
    for (int64_t c = 0; c < n; c++)
        y[c] = rounded((float)(x[c] - shift) * factor, zero, flip);
}

static void widen(int64_t n, const float *x, float *range)
{
    for (int64_t i = 0; i < n; i++) {
        if (x[i] < range[0]) range[0] = x[i];
        if (x[i] > range[1]) range[1] = x[i];
    }
}

const pare_byte_kernels pare_bytes_ref = {
    .map = map,
    .add = add,
    .mul = mul,
    .max = max,
    .sum = sum,
    .column_sum = column_sum,
    .scale = scale,
    .widen = widen,
};
