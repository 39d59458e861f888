#include "op/norm.h"

#include "kernels/sum.h"
#include "op/reals.h"

#include <math.h>

/* Normalizations. Statistics are sums in the order of kernels/sum.h, in the type of the elements.
 * */

static double mean_of(pare_wide wide, const void *x, int64_t n)
{
    if (wide == PARE_WIDE_F64) return pare_sum_f64_ref(n, x) / (double)n;
    return (double)(pare_sum_f32_ref(n, x) / (float)n);
}

static double variance_of(pare_wide wide, const void *x, int64_t n, double mean)
{
    if (wide == PARE_WIDE_F64) return pare_sum_squares_f64_ref(n, x, mean) / (double)n;
    return (double)(pare_sum_squares_f32_ref(n, x, (float)mean) / (float)n);
}

static double at(const pare_reals *r, int64_t i)
{
    return r->wide == PARE_WIDE_F64 ? ((const double *)r->data)[i]
                                    : (double)((const float *)r->data)[i];
}

/* y[i] = x[i] * factor + shift, fused. */
static void affine(pare_wide wide, const void *x, int64_t n, double factor, double shift, void *y)
{
    for (int64_t i = 0; i < n; i++) {
        if (wide == PARE_WIDE_F64)
            ((double *)y)[i] = fma(((const double *)x)[i], factor, shift);
        else
            ((float *)y)[i] = fmaf(((const float *)x)[i], (float)factor, (float)shift);
    }
}

/* --- batch -------------------------------------------------------------------------------------
 * */

enum { SCALE = 1, BIAS, MEAN, VARIANCE, N_BATCH_INPUTS };

/* Inference: per channel, factor = scale / sqrt(variance + epsilon), shift = bias - mean * factor.
 * */
pare_status pare_batch_norm_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_batch_norm_params *p = io->params;
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_wide wide = pare_reals_wide(x->dtype);
    pare_reals in[N_BATCH_INPUTS] = { 0 };
    pare_reals y = { 0 };
    if (!wide) return pare_eval_no_type(ctx, io, x->dtype);
    if (p->training || p->per_element) {
        pare_call_fail(ctx, io->call,
                       "statistics of the batch or of each element are not supported");
        return PARE_EUNSUPPORTED;
    }
    pare_status st = PARE_OK;
    for (uint32_t i = 0; !st && i < N_BATCH_INPUTS; i++)
        st = pare_reals_load(ctx, &in[i], pare_eval_tensor(io, i), wide);
    if (!st) st = pare_reals_new(ctx, &y, wide, x->n_elements);
    const int64_t n_channels = x->rank > 1 ? x->dims[1] : 1;
    const int64_t n_planes = x->rank > 1 ? x->dims[0] * n_channels : 1;
    const int64_t plane = n_planes ? x->n_elements / n_planes : 0;
    for (int64_t i = 0; !st && i < n_planes; i++) {
        const int64_t c = i % n_channels;
        const double factor = at(&in[SCALE], c) / sqrt(at(&in[VARIANCE], c) + (double)p->epsilon);
        const double shift = at(&in[BIAS], c) - at(&in[MEAN], c) * factor;
        affine(wide, pare_at(in[0].data, i * plane, y.width), plane, factor, shift,
               pare_at_mut(y.owned, i * plane, y.width));
    }
    if (!st) st = pare_reals_out(ctx, io, 0, &y);
    for (uint32_t i = 0; i < N_BATCH_INPUTS; i++) pare_reals_free(ctx, &in[i]);
    pare_reals_free(ctx, &y);
    return st;
}

/* --- instance and group ------------------------------------------------------------------------
 * */

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
