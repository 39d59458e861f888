/* Weights of few bits: packing, and products with them, at every level against what the header
 * says. */
#include "kernels/kernels.h"
#include "support/floats.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

enum { MOST_BLOCKS = 19, MOST_BLOCK = 256, MOST = MOST_BLOCKS * MOST_BLOCK, GUARD = 0xa5 };

static uint32_t next(uint32_t *state)
{
    return (*state = *state * 1664525u + 1013904223u) >> 8;
}

static float unit(uint32_t *state)
{
    return (float)next(state) / (1 << 23) - 1;
}

/* --- packing ---------------------------------------------------------------------------------- */

typedef struct packed {
    uint8_t codes[MOST + 1], zeros[MOST_BLOCKS + 1];
    float scales[MOST_BLOCKS + 1];
} packed;

/* Blocks of ordinary numbers, of zeros, tiny, huge, of one sign, with both signs of the largest. */
static void fill_blocks(float *x, int64_t n_blocks, int64_t block, uint32_t *state)
{
    static const float size[] = { 1, 0, 1e-38f, 1e-44f, 3e38f, 1e-3f, 1, 1 };
    for (int64_t b = 0; b < n_blocks; b++, x += block) {
        const uint32_t kind = next(state) % 8;
        for (int64_t i = 0; i < block; i++) {
            x[i] = unit(state) * size[kind];
            if (kind == 5) x[i] = fabsf(x[i]);
            if (kind == 6) x[i] = -fabsf(x[i]);
            if (kind == 7) x[i] = i % 3 ? x[i] : (next(state) % 2 ? 1.0f : -1.0f);
        }
    }
}

static void compare_packing(int isa, pare_nbits_grid grid, int bits, int64_t n_blocks,
                            int64_t block, uint32_t *state)
{
    static float x[MOST];
    static packed want, got;
    fill_blocks(x, n_blocks, block, state);
    memset(&want, GUARD, sizeof(want));
    memset(&got, GUARD, sizeof(got));
    pare_nbits_ref.pack(grid, bits, n_blocks, block, x, want.codes, want.scales, want.zeros);
    pare_kernels_of((pare_isa)isa)
        ->nbits->pack(grid, bits, n_blocks, block, x, got.codes, got.scales, got.zeros);
    if (memcmp(&want, &got, sizeof(want)) != 0)
        fail_msg("pack/%s: grid %d, %d bits, %d blocks of %d", pare_isa_name((pare_isa)isa), grid,
                 bits, (int)n_blocks, (int)block);
}

static void every_level_packs_the_same_bytes(void **state)
{
    (void)state;
    static const int64_t blocks[] = { 16, 32, 64, 96, 128, 256 };
    uint32_t seed = 7;
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int grid = 0; grid <= PARE_NBITS_FREE; grid++)
            for (int bits = 4; bits <= 8; bits += 4)
                for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
                    for (int64_t n = 0; n <= MOST_BLOCKS; n++)
                        compare_packing(isa, (pare_nbits_grid)grid, bits, n, blocks[i], &seed);
}

static void codes_say_what_the_numbers_were(void **state)
{
    (void)state;
    static const float x[16] = { -4, 3, 0.5f, -0.5f, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2 };
    uint8_t codes[16], zero;
    float scale;
    pare_nbits_ref.pack(PARE_NBITS_SIGNED, 4, 1, 16, x, codes, &scale, &zero);
    assert_true(scale == 0.5f && zero == 8);
    assert_int_equal(codes[0], 0 | 14 << 4);
    assert_int_equal(codes[1], 9 | 7 << 4);
    assert_int_equal(codes[7], 8 | 12 << 4);
    pare_nbits_ref.pack(PARE_NBITS_FREE, 4, 1, 16, x, codes, &scale, &zero);
    assert_true(fabsf(scale - 7.0f / 15) < 1e-7f && zero == 9);
    assert_int_equal(codes[0], 0 | 15 << 4);
    pare_nbits_ref.pack(PARE_NBITS_MIDDLE, 8, 1, 16, x, codes, &scale, &zero);
    assert_true(scale == 4.0f / 127 && zero == 128);
    assert_int_equal(codes[0], 1);
    assert_int_equal(codes[5], 128);
}

/* --- products --------------------------------------------------------------------------------- */

enum { MOST_K = 300, MOST_PANEL = PARE_PANEL_MAX };

typedef struct weights {
    uint8_t code[MOST_K][MOST_PANEL];
    float scale[MOST_K][MOST_PANEL], zero[MOST_K][MOST_PANEL]; /* of the block of k */
    uint8_t packed[MOST_K * MOST_PANEL];
    float scales[MOST_K * MOST_PANEL], zeros[MOST_K * MOST_PANEL];
    float x[MOST_K], x_scale[MOST_K], bias[MOST_PANEL];
} weights;

static void make_weights(weights *w, int bits, int64_t n, int64_t block, int panel, uint32_t *seed)
{
    memset(w, 0, sizeof(*w));
    for (int64_t k = 0; k < n; k++) {
        w->x[k] = unit(seed);
        w->x_scale[k] = unit(seed);
        for (int j = 0; j < panel; j++) {
            const int64_t b = k / block;
            if (k % block == 0) {
                w->scales[b * panel + j] = unit(seed);
                w->zeros[b * panel + j] = (float)(next(seed) % (1u << bits));
            }
            w->scale[k][j] = w->scales[b * panel + j];
            w->zero[k][j] = w->zeros[b * panel + j];
            w->code[k][j] = (uint8_t)(next(seed) % (1u << bits));
            if (bits == 8) w->packed[k * panel + j] = w->code[k][j];
            else w->packed[k * panel / 2 + j % (panel / 2)] |=
                (uint8_t)(w->code[k][j] << (j < panel / 2 ? 0 : 4));
        }
    }
    for (int j = 0; j < panel; j++) w->bias[j] = unit(seed);
}

static float want_vector(const weights *w, int64_t n, int64_t block, bool rounded, int j)
{
    float sum = w->bias[j];
    for (int64_t k = 0; k < n;) {
        const int64_t end = n - k < block ? n : k + block, b = k / block;
        float chain = 0;
        const float scale = w->scale[k][j];
        for (; k < end; k++) {
            const float code = (float)w->code[k][j] - w->zero[k][j];
            if (rounded) chain = fmaf(w->x[k], code, chain);
            else sum = fmaf(w->x[k], code * scale, sum);
        }
        if (rounded) sum = fmaf(chain, w->x_scale[b] * scale, sum);
    }
    return sum;
}

static void check_products(const pare_nbits_kernels *k, int isa, int bits, int64_t n,
                           int64_t block, uint32_t *seed)
{
    static weights w;
    static float out[MOST_K * MOST_PANEL];
    float y[MOST_PANEL];
    const int panel = k->panel;
    make_weights(&w, bits, n, block, panel, seed);
    const pare_nbits_panel p = { bits, n, block, w.packed, w.scales, w.zeros };
    for (int scaled = 0; scaled < 2; scaled++) {
        k->unpack(&p, scaled, out);
        for (int64_t i = 0; i < n * panel; i++) {
            const int64_t at = i / panel, j = i % panel;
            const float code = (float)w.code[at][j] - w.zero[at][j];
            assert_true(out[i] == (scaled ? code * w.scale[at][j] : code));
        }
    }
    for (int rounded = 0; rounded < 2; rounded++) {
        k->vector(&p, w.x, rounded ? w.x_scale : NULL, w.bias, y);
        for (int j = 0; j < panel; j++)
            if (!test_same_float(y[j], want_vector(&w, n, block, rounded, j)))
                fail_msg("vector/%s: %d bits, %d of %d, column %d", pare_isa_name((pare_isa)isa),
                         bits, (int)n, (int)block, j);
    }
    float sums[3 * MOST_PANEL], t[3 * MOST_PANEL];
    for (int i = 0; i < 3 * panel; i++) sums[i] = unit(seed), t[i] = unit(seed);
    memcpy(out, sums, sizeof(sums));
    k->add(3, t, w.x_scale, 7, w.scales, sums);
    for (int i = 0; i < 3 * panel; i++)
        assert_true(test_same_float(
            sums[i], fmaf(t[i], w.x_scale[i / panel * 7] * w.scales[i % panel], out[i])));
}

static void every_level_multiplies_alike(void **state)
{
    (void)state;
    uint32_t seed = 3;
    for (int isa = 0; isa <= (int)pare_isa_best(); isa++) {
        const pare_kernels *k = pare_kernels_of((pare_isa)isa);
        assert_int_equal(k->nbits->panel, k->gemm.panel);
        for (int bits = 4; bits <= 8; bits += 4)
            for (int64_t n = 0; n < 40; n++)
                for (int64_t block = 16; block <= 64; block *= 2)
                    check_products(k->nbits, isa, bits, n * 7, block, &seed);
    }
}

static void every_level_rounds_alike(void **state)
{
    (void)state;
    static float x[MOST_K], want[MOST_K + 1], got[MOST_K + 1];
    float want_scale[MOST_K], got_scale[MOST_K];
    uint32_t seed = 11;
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int64_t n = 0; n < MOST_K; n++) {
            const int64_t block = 16 << n % 4;
            test_fill_floats(x, MOST_K, &seed);
            want[n] = got[n] = 77;
            pare_nbits_round_ref(n, block, x, want, want_scale);
            pare_kernels_of((pare_isa)isa)->nbits->round(n, block, x, got, got_scale);
            for (int64_t i = 0; i <= n; i++) assert_true(test_same_float(got[i], want[i]));
            for (int64_t b = 0; b < (n + block - 1) / block; b++)
                assert_true(test_same_float(got_scale[b], want_scale[b]));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_packs_the_same_bytes),
        cmocka_unit_test(codes_say_what_the_numbers_were),
        cmocka_unit_test(every_level_multiplies_alike),
        cmocka_unit_test(every_level_rounds_alike),
    };
    return test_run(tests);
}
