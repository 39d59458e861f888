/* Conversions of rows to narrower numbers and back, at every level against the reference. */
#include "kernels/kernels.h"
#include "support/floats.h"
#include "support/test.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { MAX_N = 27, BLOCK = 4096, GUARD = 0xa5 };

static const pare_narrow_kernels *ref = &pare_narrow_ref;

static const pare_narrow_kernels *level(int isa)
{
    return pare_kernels_of((pare_isa)isa)->narrow;
}

/* NaN of either format: exponent all ones, mantissa not 0. */
static bool same_half(uint16_t a, uint16_t b, uint16_t infinity)
{
    return a == b || ((a & 0x7fff) > infinity && (b & 0x7fff) > infinity && (a ^ b) >> 15 == 0);
}

static void compare_to(const char *what, int isa, int64_t n, const float *x, uint16_t infinity,
                       pare_to_half_fn *fn, pare_to_half_fn *ref_fn)
{
    static uint16_t got[BLOCK + 1], want[BLOCK];
    memset(got, GUARD, sizeof(got));
    fn(n, x, got);
    ref_fn(n, x, want);
    for (int64_t i = 0; i < n; i++)
        if (!same_half(got[i], want[i], infinity))
            fail_msg("%s/%s of %a: %04x instead of %04x", what, pare_isa_name((pare_isa)isa),
                     (double)x[i], got[i], want[i]);
    assert_int_equal(got[n], GUARD << 8 | GUARD);
}

/* Rounding is there and back, also in place. */
static void compare_round(int isa, int64_t n, const float *x)
{
    static float got[BLOCK], want[BLOCK];
    static uint16_t half[BLOCK];
    ref->to_f16(n, x, half);
    ref->from_f16(n, half, want);
    memcpy(got, x, (size_t)n * sizeof(*x));
    level(isa)->round_f16(n, got, got);
    for (int64_t i = 0; i < n; i++)
        if (!test_same_float(got[i], want[i]))
            fail_msg("round_f16/%s of %a: %a instead of %a", pare_isa_name((pare_isa)isa),
                     (double)x[i], (double)got[i], (double)want[i]);
}

static void floats_become_halves(void **state)
{
    (void)state;
    static float x[BLOCK];
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (uint32_t block = 0; block < 512; block++) {
            for (uint32_t i = 0; i < BLOCK; i++) {
                /* Every upper half; lower halves about the middle, where ties are. */
                const uint32_t low = block % 4 == 0 ? 0x8000 : block * 131 + i * 7919;
                const uint32_t bits =
                    (block / 4 * 512 + i % 512) << 16 | ((low + i / 512) & 0xffff);
                memcpy(&x[i], &bits, sizeof(bits));
            }
            const int64_t n = block % 8 ? BLOCK : block % MAX_N;
            compare_to("to_f16", isa, n, x, 0x7c00, level(isa)->to_f16, ref->to_f16);
            compare_to("to_bf16", isa, n, x, 0x7f80, level(isa)->to_bf16, ref->to_bf16);
            compare_round(isa, n, x);
            for (uint32_t i = 0; i < BLOCK; i++) { /* ties of float16 */
                const uint32_t bits = (block * 4096 + i) << 12 | (block & 1);
                memcpy(&x[i], &bits, sizeof(bits));
            }
            compare_to("to_f16", isa, BLOCK, x, 0x7c00, level(isa)->to_f16, ref->to_f16);
        }
}

static void compare_from(const char *what, int64_t n, const uint16_t *x, pare_from_half_fn *fn,
                         pare_from_half_fn *ref_fn)
{
    static float got[UINT16_MAX + 2], want[UINT16_MAX + 1];
    got[n] = GUARD;
    fn(n, x, got);
    ref_fn(n, x, want);
    for (int64_t i = 0; i < n; i++)
        if (!test_same_float(got[i], want[i]))
            fail_msg("%s of %04x: %a instead of %a", what, x[i], (double)got[i], (double)want[i]);
    assert_true(got[n] == GUARD);
}

static void halves_become_floats(void **state)
{
    (void)state;
    static uint16_t all[UINT16_MAX + 1];
    for (uint32_t i = 0; i <= UINT16_MAX; i++) all[i] = (uint16_t)i;
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int64_t n = 0; n <= MAX_N; n++) {
            const int64_t count = n < MAX_N ? n : UINT16_MAX + 1;
            compare_from("from_f16", count, all, level(isa)->from_f16, ref->from_f16);
            compare_from("from_bf16", count, all, level(isa)->from_bf16, ref->from_bf16);
        }
}

typedef struct bytes_case {
    float x[MAX_N], scale[MAX_N];
    int32_t zero[MAX_N];
    uint8_t bytes[MAX_N];
} bytes_case;

static void fill(bytes_case *c, int round, uint32_t *seed)
{
    for (int i = 0; i < MAX_N; i++) {
        const float any = test_any_float(seed);
        c->bytes[i] = (uint8_t)(*seed >> 11);
        c->zero[i] = round % 2 ? (int8_t)c->bytes[i] : 0;
        c->scale[i] = round % 3 ? 0.02f + fabsf(any) : 0.25f;
        if (!(c->scale[i] < 10)) c->scale[i] = 1;
        /* Ties, now and then what lies beyond all bytes. */
        c->x[i] = round % 3 ? 40 * any : (float)((int32_t)(*seed >> 16) % 2100 - 1050) / 8;
        if (round % 5 == 4) c->x[i] = test_any_bits(seed);
    }
}

static void check_bytes(int isa, const bytes_case *c, int64_t n, int64_t step)
{
    uint8_t got[MAX_N + 1], want[MAX_N + 1];
    float got_x[MAX_N + 1], want_x[MAX_N + 1];
    int32_t zero_u8[MAX_N];
    for (int i = 0; i < MAX_N; i++) zero_u8[i] = c->zero[i] & 0xff;
    memset(got, GUARD, sizeof(got));
    memset(want, GUARD, sizeof(want));
    ref->quantize_u8(n, c->x, c->scale, zero_u8, step, want);
    level(isa)->quantize_u8(n, c->x, c->scale, zero_u8, step, got);
    assert_memory_equal(got, want, sizeof(got));
    ref->quantize_s8(n, c->x, c->scale, c->zero, step, (int8_t *)want);
    level(isa)->quantize_s8(n, c->x, c->scale, c->zero, step, (int8_t *)got);
    assert_memory_equal(got, want, sizeof(got));
    got_x[n] = want_x[n] = GUARD;
    ref->dequantize_u8(n, c->bytes, c->scale, zero_u8, step, want_x);
    level(isa)->dequantize_u8(n, c->bytes, c->scale, zero_u8, step, got_x);
    assert_memory_equal(got_x, want_x, (size_t)(n + 1) * sizeof(float));
    ref->dequantize_s8(n, (const int8_t *)c->bytes, c->scale, c->zero, step, want_x);
    level(isa)->dequantize_s8(n, (const int8_t *)c->bytes, c->scale, c->zero, step, got_x);
    assert_memory_equal(got_x, want_x, (size_t)(n + 1) * sizeof(float));
}

static void floats_become_bytes_and_back(void **state)
{
    (void)state;
    uint32_t seed = 1;
    bytes_case c;
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int round = 0; round < 200; round++) {
            fill(&c, round, &seed);
            for (int64_t n = 0; n < MAX_N; n++)
                for (int64_t step = 0; step < 2; step++) check_bytes(isa, &c, n, step);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_become_halves),
        cmocka_unit_test(halves_become_floats),
        cmocka_unit_test(floats_become_bytes_and_back),
    };
    return test_run(tests);
}
