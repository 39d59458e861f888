/* Maps of every level against the reference, bit for bit: at sizes around the edges of vectors, and
 * over numbers of all magnitudes. `test_map all` tries each of the 2^32 floats. */
#include "kernels/kernels.h"
#include "support/floats.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

enum { MAX_N = 41, GUARD = 77, BLOCK = 4096, STEP = 16381 };

static const float edges[] = {
    0,       -0.0f,   1,       -1,       INFINITY, -INFINITY, NAN,    1e-40f,
    -1e-40f, 1e-45f,  3e38f,   -3e38f,   89,       2,         -87.4f, -103.9f,
    -105.5f, 0.625f,  -0.625f, 4,        1.0001f,  0.5f,      -0.5f,  2.5f,
    -2.5f,   8388609, 1e10f,   0.41421f, 0.41422f, 0x1p-126f, 88.7f,
};
enum { N_EDGES = sizeof(edges) / sizeof(edges[0]) };

/* Parameters of the functions that have them; NaN bounds nothing. */
static const float params[][2] = {
    { 0.75f, 0.25f }, { 0, 6 },   { 1.67326324f, 1.05070102f }, { -1, 1 }, { 0.2f, 0.5f },
    { 1, -1 },        { NAN, 2 }, { -INFINITY, INFINITY },
};
enum { N_PARAMS = sizeof(params) / sizeof(params[0]) };

static uint32_t step = STEP;

static float number(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

static const pare_kernels *level(int isa)
{
    return pare_kernels_of((pare_isa)isa);
}

static void expect_same(const char *name, int isa, int64_t n, const float *x, const float *p,
                        const float *got, const float *want)
{
    for (int64_t i = 0; i < n; i++)
        if (!test_same_float(got[i], want[i]))
            fail_msg("%s/%s(%a; %g, %g), %d of %d: %a instead of %a", name,
                     pare_isa_name((pare_isa)isa), (double)x[i], (double)p[0], (double)p[1], (int)i,
                     (int)n, (double)got[i], (double)want[i]);
}

static void maps_hold_at_every_size(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int m = 0; m < PARE_N_MAPS; m++)
            for (int64_t n = 0; n < MAX_N; n++) {
                const float *p = params[n % N_PARAMS];
                float x[MAX_N + 1], got[MAX_N + 1], want[MAX_N + 1];
                for (int i = 0; i <= MAX_N; i++)
                    x[i] = n % 2 ? edges[(n + i) % N_EDGES] : 3 * test_any_float(&seed);
                memcpy(got, x, sizeof(got));
                got[n] = GUARD;
                pare_maps_ref[m](n, x, p[0], p[1], want);
                level(isa)->map[m](n, got, p[0], p[1], got); /* in place */
                expect_same(pare_map_name((pare_map1)m), isa, n, x, p, got, want);
                if (got[n] != GUARD) fail_msg("%s: behind the end", pare_map_name((pare_map1)m));
            }
}

static void maps_hold_for_all_numbers(void **state)
{
    (void)state;
    static float x[BLOCK], got[BLOCK], want[BLOCK];
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int m = 0; m < PARE_N_MAPS; m++) {
            if (level(isa)->map[m] == pare_maps_ref[m]) continue;
            int which = 0;
            for (uint64_t from = 0; from <= UINT32_MAX; from += (uint64_t)BLOCK * step, which++) {
                const float *p = params[which % N_PARAMS];
                for (uint32_t i = 0; i < BLOCK; i++) x[i] = number((uint32_t)from + i * step);
                pare_maps_ref[m](BLOCK, x, p[0], p[1], want);
                level(isa)->map[m](BLOCK, x, p[0], p[1], got);
                expect_same(pare_map_name((pare_map1)m), isa, BLOCK, x, p, got, want);
            }
        }
}

/* --- of two and three numbers ----------------------------------------------------------------- */

typedef struct operands {
    float a[MAX_N + 1], b[MAX_N + 1];
    uint8_t which[MAX_N + 1];
} operands;

static void fill(operands *o, uint32_t *seed)
{
    for (int i = 0; i <= MAX_N; i++) {
        const float any = test_any_float(seed);
        o->a[i] = any < 0 ? edges[*seed >> 8 & 15] : any;
        o->b[i] = any * any < 0.2f ? edges[*seed >> 10 & 15] : 3 * test_any_float(seed);
        o->which[i] = *seed >> 20 & 2;
    }
}

static void check_pairs(int isa, const operands *o, int64_t n, int64_t a_step, int64_t b_step)
{
    float got[MAX_N + 1], want[MAX_N + 1];
    uint8_t truth[MAX_N + 1], true_truth[MAX_N + 1];
    const float steps[] = { (float)a_step, (float)b_step };
    for (int m = 0; m < PARE_N_MAPS2; m++) {
        got[n] = GUARD;
        pare_maps2_ref[m](n, o->a, a_step, o->b, b_step, want);
        level(isa)->map2[m](n, o->a, a_step, o->b, b_step, got);
        expect_same(pare_map2_name((pare_map2)m), isa, n, o->a, steps, got, want);
        assert_true(got[n] == GUARD);
        if (!a_step) continue;
        memcpy(got, o->a, sizeof(got));
        level(isa)->map2[m](n, got, 1, o->b, b_step, got);
        expect_same(pare_map2_name((pare_map2)m), isa, n, o->a, steps, got, want);
    }
    for (int c = 0; c < PARE_N_COMPARES; c++) {
        memset(truth, GUARD, sizeof(truth));
        pare_compares_ref[c](n, o->a, a_step, o->b, b_step, true_truth);
        level(isa)->compare[c](n, o->a, a_step, o->b, b_step, truth);
        assert_memory_equal(truth, true_truth, (size_t)n);
        assert_int_equal(truth[n], GUARD);
    }
    for (int64_t which_step = 0; which_step < 2; which_step++) {
        got[n] = GUARD;
        pare_select_ref(n, o->which, which_step, o->a, a_step, o->b, b_step, want);
        level(isa)->select(n, o->which, which_step, o->a, a_step, o->b, b_step, got);
        assert_memory_equal(got, want, (size_t)n * sizeof(float));
        assert_true(got[n] == GUARD);
    }
    got[n] = GUARD;
    pare_affine_ref(n, o->a, o->b, o->b + 1, b_step, want);
    level(isa)->affine(n, o->a, o->b, o->b + 1, b_step, got);
    expect_same("affine", isa, n, o->a, steps, got, want);
    assert_true(got[n] == GUARD);
}

static void pairs_hold_at_every_size(void **state)
{
    (void)state;
    uint32_t seed = 1;
    operands o;
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int round = 0; round < 8; round++)
            for (int64_t n = 0; n < MAX_N; n++) {
                fill(&o, &seed);
                for (int64_t steps = 0; steps < 4; steps++)
                    check_pairs(isa, &o, n, steps & 1, steps >> 1);
            }
}

static void pairs_hold_for_all_numbers(void **state)
{
    (void)state;
    static float a[BLOCK], b[BLOCK], got[BLOCK], want[BLOCK];
    const float none[] = { 0, 0 };
    uint32_t seed = 1;
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int m = 0; m < PARE_N_MAPS2; m++) {
            if (level(isa)->map2[m] == pare_maps2_ref[m]) continue;
            for (int round = 0; round < 64; round++) {
                for (int i = 0; i < BLOCK; i++) {
                    a[i] = test_any_bits(&seed);
                    b[i] = round % 2 ? test_any_bits(&seed) : edges[seed >> 9 & 15];
                    if (round % 4 == 2) b[i] = 20 * test_any_float(&seed);
                    if (round % 8 == 2) b[i] = nearbyintf(b[i]); /* powers */
                    if (round % 16 == 6) a[i] = 8 * test_any_float(&seed);
                }
                pare_maps2_ref[m](BLOCK, a, 1, b, 1, want);
                level(isa)->map2[m](BLOCK, a, 1, b, 1, got);
                expect_same(pare_map2_name((pare_map2)m), isa, BLOCK, a, none, got, want);
            }
        }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_hold_at_every_size),
        cmocka_unit_test(maps_hold_for_all_numbers),
        cmocka_unit_test(pairs_hold_at_every_size),
        cmocka_unit_test(pairs_hold_for_all_numbers),
    };
    if (argc > 1 && strcmp(argv[1], "all") == 0) step = 1;
    return test_run(tests);
}
