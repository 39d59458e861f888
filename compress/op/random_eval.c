#include "kernels/convert.h"
#include "kernels/math.h"
#include "kernels/random.h"
#include "op/create.h"
#include "op/elementwise.h"
#include "op/reals.h"

#include <inttypes.h>
#include <math.h>

/* Random numbers: kernels/random.h from a seed of 32 bits, the node's own (a float, truncated) or
 * one made of the run's seed and the node's place (pare_eval_seed), so that runs repeat. Elements
 * are drawn in row-major order and rounded once. */

static void start(const pare_eval_io *io, pare_mt19937 *state)
{
    const pare_random_params *p = io->params;
    const bool has_seed = p->has_seed && !isnan(p->seed);
    const uint64_t seed = has_seed ? (uint64_t)pare_f64_to_i64_ref((double)p->seed)
                                   : pare_eval_seed(io, false, 0);
    pare_mt19937_start(state, (uint32_t)seed);
}

typedef void draw_fn(pare_mt19937 *state, int64_t n, double a, double b, double *x);

static pare_status fill(pare_ctx *ctx, pare_eval_io *io, draw_fn *draw)
{
    const pare_random_params *p = io->params;
    pare_mt19937 state;
    double block[PARE_WIDE_BLOCK];
    void *y = NULL;
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    const pare_tensor *out = io->out[0].tensor;
    if (!pare_reals_wide(out->dtype)) return pare_eval_no_type(ctx, io, out->dtype);
    start(io, &state);
    for (int64_t i = 0; i < out->n_elements; i += PARE_WIDE_BLOCK) {
        const int64_t rest = out->n_elements - i;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        draw(&state, n, (double)p->a, (double)p->b, block);
        pare_wide_store_as(PARE_WIDE_F64, PARE_STORE_DEFAULT, out->dtype, y, i, n, block);
    }
    return PARE_OK;
}

pare_status pare_random_normal_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return fill(ctx, io, pare_random_normal_ref);
}

pare_status pare_random_uniform_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return fill(ctx, io, pare_random_uniform_ref);
}

/* Probabilities outside of [0, 1] count as the nearer end; NaN gives 0. */
pare_status pare_bernoulli_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = NULL;
    pare_mt19937 state;
    void *y = NULL;
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    if (!pare_reals_wide(x->dtype)) return pare_eval_no_type(ctx, io, x->dtype);
    if (!pare_wide_of(io->info[0].dtype)) return pare_eval_no_type(ctx, io, io->info[0].dtype);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    start(io, &state);
    for (int64_t i = 0; i < x->n_elements; i++) {
        const double p = pare_wide_f64_at(x->dtype, pare_eval_data(x), i);
        const double drawn = pare_random_bernoulli_ref(&state, p);
        pare_wide_store_as(PARE_WIDE_F64, PARE_STORE_DEFAULT, io->out[0].tensor->dtype, y, i, 1,
                           &drawn);
    }
    return PARE_OK;
}

/* x [n] of logarithms becomes sums of the probabilities, up to a factor; false: they are none. */
static bool accumulate(int64_t n, double *x)
{
    double high = -(double)INFINITY;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(x[i]) || x[i] == (double)INFINITY) return false;
        high = x[i] > high ? x[i] : high;
    }
    if (isinf(high)) return false;
    for (int64_t i = 0; i < n; i++) {
        sum += pare_plain_exp_f64_ref(x[i] - high);
        x[i] = sum;
    }
    return true;
}

static pare_status sample(pare_ctx *ctx, pare_eval_io *io, const pare_tensor *x, double *row,
                          void *y)
{
    const pare_tensor *out = io->out[0].tensor;
    const int64_t n_classes = x->dims[1];
    const int64_t n_samples = out->dims[1];
    pare_mt19937 state;
    start(io, &state);
    for (int64_t b = 0; b < x->dims[0]; b++) {
        pare_wide_load_as(PARE_WIDE_F64, x->dtype, pare_eval_data(x), b * n_classes, 1, n_classes,
                          row);
        if (!accumulate(n_classes, row))
            return pare_call_fail(ctx, io->call,
                                  "input 0: expected a logarithm of a probability in each row, "
                                  "found none in row %" PRId64, b);
        for (int64_t i = 0; i < n_samples; i++) {
            const int64_t drawn = pare_random_class_ref(&state, n_classes, row);
            pare_wide_store_as(PARE_WIDE_I64, PARE_STORE_DEFAULT, out->dtype, y, b * n_samples + i,
                               1, &drawn);
        }
    }
    return PARE_OK;
}

pare_status pare_multinomial_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = NULL;
    void *y = NULL;
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    if (!pare_reals_wide(x->dtype)) return pare_eval_no_type(ctx, io, x->dtype);
    if (!pare_wide_of(io->info[0].dtype)) return pare_eval_no_type(ctx, io, io->info[0].dtype);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    if (!x->dims[0]) return PARE_OK;
    const size_t n_bytes = (size_t)x->n_elements / (size_t)x->dims[0] * sizeof(double);
    double *row = pare_alloc(ctx, n_bytes ? n_bytes : 1);
    if (!row) return pare_fail_memory(ctx, n_bytes);
    const pare_status st = sample(ctx, io, x, row, y);
    pare_free(ctx, row);
    return st;
}
