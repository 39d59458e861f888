#include "op/norm.h"

#include "kernels/norm.h"
#include "kernels/reduce.h"
#include "op/elementwise.h"
#include "op/reals.h"
#include "op/rows.h"
#include "op/shape.h"

#include <inttypes.h>
#include <math.h>

/* Normalizations of kernels/norm.h but those of layers and batches. */

static double mean_of(pare_wide wide, const void *x, int64_t n)
{
    if (wide == PARE_WIDE_F64) return pare_reduce_mean_f64_ref(n, x);
    return (double)pare_reduce_mean_f32_ref(n, x);
}

static double variance_of(pare_wide wide, const void *x, int64_t n, double mean)
{
    if (wide == PARE_WIDE_F64) return pare_variance_f64_ref(n, x, mean);
    return (double)pare_variance_f32_ref(n, x, (float)mean);
}

static double at(const pare_reals *r, int64_t i)
{
    return r->wide == PARE_WIDE_F64 ? ((const double *)r->data)[i]
                                    : (double)((const float *)r->data)[i];
}

static void affine(pare_wide wide, const void *x, int64_t n, double factor, double shift, void *y)
{
    if (wide == PARE_WIDE_F64) pare_norm_affine_f64_ref(n, x, factor, shift, y);
    else pare_norm_affine_f32_ref(n, x, (float)factor, (float)shift, y);
}

/* --- instance and group ----------------------------------------------------------------------- */

/* Normalizes each of x's [n_groups] runs of `run` elements; scale and bias are per `per` elements.
 * */
static pare_status normalize_runs(pare_ctx *ctx, pare_eval_io *io, int64_t n_runs, int64_t run,
                                  int64_t channels_per_run, int64_t channels, bool per_run)
{
    const pare_norm_params *p = io->params;
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_wide wide = pare_reals_wide(x->dtype);
    pare_reals in[3] = { 0 };
    pare_reals y = { 0 };
    pare_status st = PARE_OK;
    for (uint32_t i = 0; !st && i < 3; i++)
        st = pare_reals_load(ctx, &in[i], pare_eval_tensor(io, i), wide);
    if (!st) st = pare_reals_new(ctx, &y, wide, x->n_elements);
    const int64_t plane = channels_per_run ? run / channels_per_run : 0;
    for (int64_t r = 0; !st && r < n_runs; r++) {
        const void *from = pare_at(in[0].data, r * run, y.width);
        const double mean = mean_of(wide, from, run);
        const double variance = variance_of(wide, from, run, mean);
        const double inverse = 1 / sqrt(variance + (double)p->epsilon);
        for (int64_t c = 0; c < channels_per_run; c++) {
            const int64_t channel = (r * channels_per_run + c) % channels;
            const int64_t s = per_run ? channel / channels_per_run : channel;
            const double factor = at(&in[1], s) * inverse;
            affine(wide, pare_at(from, c * plane, y.width), plane, factor,
                   at(&in[2], s) - mean * factor,
                   pare_at_mut(y.owned, r * run + c * plane, y.width));
        }
    }
    if (!st) st = pare_reals_out(ctx, io, 0, &y);
    for (uint32_t i = 0; i < 3; i++) pare_reals_free(ctx, &in[i]);
    pare_reals_free(ctx, &y);
    return st;
}

pare_status pare_channel_norm_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_norm_params *p = io->params;
    const pare_tensor *x = pare_eval_tensor(io, 0);
    if (!pare_reals_wide(x->dtype)) return pare_eval_no_type(ctx, io, x->dtype);
    const int64_t channels = x->dims[1];
    const int64_t groups = p->n_groups ? p->n_groups : channels;
    const int64_t n_runs = x->dims[0] * groups;
    const int64_t run = n_runs ? x->n_elements / n_runs : 0;
    const int64_t per_run = groups ? channels / groups : 0;
    return normalize_runs(ctx, io, n_runs, run, per_run, channels, p->scale_per_group);
}

/* --- along axes ------------------------------------------------------------------------------- */

static void lp_row(const void *params, pare_wide wide, int64_t n, void *x)
{
    const pare_norm_params *p = params;
    if (wide == PARE_WIDE_F64) pare_lp_norm_f64_ref(n, x, (int32_t)p->p, x);
    else pare_lp_norm_f32_ref(n, x, (int32_t)p->p, x);
}

static void mean_variance_row(const void *params, pare_wide wide, int64_t n, void *x)
{
    const pare_norm_params *p = params;
    if (wide == PARE_WIDE_F64) pare_mean_variance_norm_f64_ref(n, x, (double)p->epsilon, x);
    else pare_mean_variance_norm_f32_ref(n, x, p->epsilon, x);
}

static pare_status map(pare_ctx *ctx, pare_eval_io *io, const bool *marks, pare_row_fn *fn)
{
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_wide wide = pare_reals_wide(x->dtype);
    pare_rows r;
    if (!wide) return pare_eval_no_type(ctx, io, x->dtype);
    pare_rows_start(&r, x->rank, x->dims, marks);
    return pare_rows_map(ctx, io, wide, &r, fn);
}

pare_status pare_lp_norm_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_norm_params *p = io->params;
    const pare_tensor *x = NULL;
    bool marks[PARE_MAX_DIMS] = { false };
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    marks[p->axis < 0 ? p->axis + x->rank : p->axis] = true;
    return map(ctx, io, marks, lp_row);
}

pare_status pare_mean_variance_norm_eval(pare_ctx *ctx, pare_eval_io *io)
{
    static const int64_t usual[] = { 0, 2, 3 };
    const pare_norm_params *p = io->params;
    const pare_ints axes = p->axes.found ? p->axes : (pare_ints){ .v = usual, .n = 3 };
    const pare_infer_io infer = { .call = io->call };
    const pare_tensor *x = NULL;
    bool marks[PARE_MAX_DIMS];
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    PARE_TRY(pare_axes(ctx, &infer, "attribute 'axes'", axes.v, axes.n, x->rank, marks));
    return map(ctx, io, marks, mean_variance_row);
}

/* --- across channels -------------------------------------------------------------------------- */

static int64_t channels_of(const pare_tensor *x)
{
    return x->n_elements ? x->dims[1] : 1;
}

pare_status pare_lrn_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_lrn_params *p = io->params;
    const pare_lrn_rule rule = { p->alpha, p->beta, p->bias, p->size };
    const pare_tensor *x = NULL;
    pare_reals in = { 0 };
    pare_reals y = { 0 };
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    const pare_wide wide = pare_reals_wide(x->dtype);
    if (!wide) return pare_eval_no_type(ctx, io, x->dtype);
    if (x->rank < 2)
        return pare_call_fail(ctx, io->call, "input 0: expected 2 axes or more, found %" PRIu32,
                              x->rank);
    pare_status st = pare_reals_load(ctx, &in, x, wide);
    if (!st) st = pare_reals_new(ctx, &y, wide, x->n_elements);
    const int64_t image = x->n_elements ? x->n_elements / x->dims[0] : 1;
    const int64_t plane = x->n_elements ? image / channels_of(x) : 1;
    for (int64_t column = 0; !st && column < x->n_elements / channels_of(x); column++) {
        const int64_t i = column / plane * image + column % plane;
        if (wide == PARE_WIDE_F64)
            pare_lrn_f64_ref(&rule, x->dims[1], plane, (const double *)in.data + i,
                             (double *)y.owned + i);
        else
            pare_lrn_f32_ref(&rule, x->dims[1], plane, (const float *)in.data + i,
                             (float *)y.owned + i);
    }
    if (!st) st = pare_reals_out(ctx, io, 0, &y);
    pare_reals_free(ctx, &in);
    pare_reals_free(ctx, &y);
    return st;
}
