/* What is done to whole rows, at every level against the reference, bit for bit. */
#include "kernels/kernels.h"
#include "support/floats.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

enum { MAX_N = 101, GUARD = 77, N_KINDS = 6 };

static float x[MAX_N], scale[MAX_N], bias[MAX_N], got[MAX_N + 1], want[MAX_N + 1];
static const pare_row_kernels *ref = &pare_rows_ref;

/* Rows of ordinary numbers, with odd ones, of a few values (so that extremes repeat), zeros of both
 * signs, infinities, large ones that overflow in sums. */
static void fill(int64_t n, int kind, uint32_t *seed)
{
    static const float few[] = { 1, -1, 2, 0, -0.0f, 2 };
    for (int64_t i = 0; i < n; i++) {
        const float any = test_any_float(seed);
        const uint32_t dice = *seed >> 9;
        x[i] = any;
        if (kind == 0 && !(fabsf(any) < 1)) x[i] = 0.5f;
        if (kind == 2) x[i] = few[dice % 6];
        if (kind == 3) x[i] = dice & 1 ? 0 : -0.0f;
        if (kind == 4) x[i] = dice % 3 ? -INFINITY : dice % 5 ? 1 : INFINITY;
        if (kind == 5) x[i] = 3e38f * any;
    }
    test_fill_floats(scale, MAX_N, seed);
    test_fill_floats(bias, MAX_N, seed);
}

static void expect_one(const char *what, int64_t n, int kind, float a, float b)
{
    if (!test_same_float(a, b))
        fail_msg("%s of %d, kind %d: %a instead of %a", what, (int)n, kind, (double)a, (double)b);
}

static void expect_row(const char *what, int64_t n, int kind)
{
    for (int64_t i = 0; i < n; i++) expect_one(what, n, kind, got[i], want[i]);
    if (got[n] != GUARD) fail_msg("%s of %d: behind the end", what, (int)n);
}

static void check_numbers(const pare_row_kernels *k, int64_t n, int kind)
{
    static const float shifts[] = { 0, 0.25f, -3, INFINITY, -INFINITY, NAN };
    expect_one("sum", n, kind, k->sum(n, x), ref->sum(n, x));
    expect_one("sum_sizes", n, kind, k->sum_sizes(n, x), ref->sum_sizes(n, x));
    expect_one("product", n, kind, k->product(n, x), ref->product(n, x));
    expect_one("max", n, kind, k->max(n, x), ref->max(n, x));
    expect_one("min", n, kind, k->min(n, x), ref->min(n, x));
    for (int i = 0; i < 6; i++) {
        expect_one("sum_squares", n, kind, k->sum_squares(n, x, shifts[i]),
                   ref->sum_squares(n, x, shifts[i]));
        expect_one("sum_exp", n, kind, k->sum_exp(n, x, shifts[i]), ref->sum_exp(n, x, shifts[i]));
    }
    for (int i = 0; n && i < 4; i++)
        if (k->arg(n, x, i & 1, i & 2) != ref->arg(n, x, i & 1, i & 2))
            fail_msg("arg of %d, kind %d: %d instead of %d", (int)n, kind,
                     (int)k->arg(n, x, i & 1, i & 2), (int)ref->arg(n, x, i & 1, i & 2));
}

static void check_rows(const pare_row_kernels *k, int64_t n, int kind)
{
    float mean[2], inverse[2];
    got[n] = GUARD;
    ref->softmax(n, x, want);
    memcpy(got, x, (size_t)n * sizeof(*x));
    k->softmax(n, got, got);
    expect_row("softmax", n, kind);
    ref->log_softmax(n, x, want);
    k->log_softmax(n, x, got);
    expect_row("log_softmax", n, kind);
    for (int with_bias = 0; with_bias < 2; with_bias++) {
        const float *b = with_bias ? bias : NULL;
        ref->layer_norm(n, x, scale, b, 1e-5, want, &mean[0], &inverse[0]);
        memcpy(got, x, (size_t)n * sizeof(*x));
        k->layer_norm(n, got, scale, b, 1e-5, got, &mean[1], &inverse[1]);
        expect_row("layer_norm", n, kind);
        expect_one("mean", n, kind, mean[1], mean[0]);
        expect_one("inverse", n, kind, inverse[1], inverse[0]);
    }
    ref->rms_norm(n, x, scale, 1e-6, want, &inverse[0]);
    k->rms_norm(n, x, scale, 1e-6, got, &inverse[1]);
    expect_row("rms_norm", n, kind);
    expect_one("inverse", n, kind, inverse[1], inverse[0]);
}

static void every_level_gives_the_same(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int round = 0; round < 8; round++)
            for (int kind = 0; kind < N_KINDS; kind++)
                for (int64_t n = 0; n < MAX_N; n++) {
                    fill(n, kind, &seed);
                    check_numbers(pare_kernels_of((pare_isa)isa)->row, n, kind);
                    check_rows(pare_kernels_of((pare_isa)isa)->row, n, kind);
                }
}

/* Short rows, apart from each other; the others are what single ones are. */
static void many_rows_are_as_one(void **state)
{
    (void)state;
    enum { ROWS = 19, STEP = 21 };
    static float from[ROWS * STEP], to[ROWS * STEP], one[STEP];
    uint32_t seed = 1;
    for (int isa = 0; isa <= (int)pare_isa_best(); isa++)
        for (int round = 0; round < 40; round++)
            for (int64_t n = 0; n < STEP; n++) {
                const int64_t n_rows = round % ROWS + 1;
                const int64_t y_step = round % 3 ? n : STEP;
                test_fill_floats(from, ROWS * STEP, &seed);
                for (int i = 0; i < ROWS * STEP; i++) to[i] = round % 2 ? GUARD : from[i];
                const float *rows = round % 2 ? from : to;
                const int64_t step = round % 2 ? y_step : STEP;
                pare_kernels_of((pare_isa)isa)->row->softmax_rows(n_rows, n, rows, STEP, to, step);
                for (int64_t r = 0; r < n_rows; r++) {
                    pare_softmax_f32_ref(n, from + r * STEP, one);
                    for (int64_t i = 0; i < n; i++)
                        if (!test_same_float(to[r * step + i], one[i]))
                            fail_msg("softmax of %d rows of %d: at %d,%d", (int)n_rows, (int)n,
                                     (int)r, (int)i);
                }
                if (round % 2 && n_rows * step < ROWS * STEP)
                    assert_true(to[n_rows * step] == GUARD);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_gives_the_same),
        cmocka_unit_test(many_rows_are_as_one),
    };
    return test_run(tests);
}
