#include "kernels/interpolate.h"
#include "op/conv_job.h"
#include "op/fused_activation.h"
#include "op/reals.h"

#include <inttypes.h>

/* Convolutions of real numbers, also with a sum and an activation at the end, and with windows
 * whose taps are moved. */

typedef struct real_conv {
    pare_conv_job job;
    pare_wide wide;
    pare_reals x, w, bias, results, y;
    pare_reals offset, mask;  /* DeformConv */
    const pare_conv_params *params;
} real_conv;

static void multiply_reals(const pare_conv_job *job, const void *user, int64_t g, int64_t rows,
                           void *results)
{
    const real_conv *c = user;
    const void *w = pare_at(job->w, g * job->filters * job->k, job->width);
    const void *bias = c->bias.data ? pare_at(c->bias.data, g * job->filters, job->width) : NULL;
    pare_reals_gemm(c->wide, rows, job->filters, job->k, job->rows, job->k, w, job->k, bias,
                    results, job->filters);
}

static void close_conv(pare_ctx *ctx, real_conv *c)
{
    pare_reals *const all[] = { &c->x, &c->w, &c->bias, &c->results, &c->y, &c->offset, &c->mask };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) pare_reals_free(ctx, all[i]);
    pare_conv_job_free(ctx, &c->job);
    pare_free(ctx, c);
}

/* X and W are the first inputs. */
static pare_status open_conv(pare_ctx *ctx, const pare_eval_io *io, uint32_t bias_index,
                             real_conv **out)
{
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_tensor *w = pare_eval_tensor(io, 1);
    const pare_tensor *bias = pare_eval_tensor(io, bias_index);
    if (!x || !w) return pare_call_fail(ctx, io->call, "expected X and W, found fewer tensors");
    const pare_wide wide = pare_reals_wide(x->dtype);
    if (!wide) return pare_eval_no_type(ctx, io, x->dtype);
    if (w->dtype != x->dtype) return pare_eval_no_type(ctx, io, w->dtype);
    if (bias && bias->dtype != x->dtype) return pare_eval_no_type(ctx, io, bias->dtype);
    if (bias && bias->n_elements != w->dims[0])
        return pare_call_fail(ctx, io->call,
                              "bias: expected %" PRId64 " numbers, found %" PRId64, w->dims[0],
                              bias->n_elements);
    real_conv *c = *out = pare_alloc_zero(ctx, sizeof(*c));
    if (!c) return pare_fail_memory(ctx, sizeof(*c));
    c->wide = wide;
    c->params = io->params;
    PARE_TRY(pare_reals_load(ctx, &c->x, x, wide));
    PARE_TRY(pare_reals_load(ctx, &c->w, w, wide));
    PARE_TRY(pare_reals_load(ctx, &c->bias, bias, wide));
    PARE_TRY(pare_conv_job_make(ctx, &c->job, io, x, w, c->x.width));
    c->job.x = c->x.data;
    pare_conv_job_filters(&c->job, c->w.data);
    return PARE_OK;
}

static pare_status run(pare_ctx *ctx, real_conv *c)
{
    const pare_conv_job *j = &c->job;
    PARE_TRY(pare_reals_new(ctx, &c->results, c->wide, j->filters * PARE_CONV_ROWS));
    PARE_TRY(
        pare_reals_new(ctx, &c->y, c->wide, j->batch * j->groups * j->filters * j->n_out));
    pare_conv_job_run(j, multiply_reals, c, c->results.owned, c->y.owned, c->y.width);
    return PARE_OK;
}

pare_status pare_conv_eval(pare_ctx *ctx, pare_eval_io *io)
{
    real_conv *c = NULL;
    pare_status st = open_conv(ctx, io, 2, &c);
    if (!st) st = run(ctx, c);
    if (!st) st = pare_reals_out(ctx, io, 0, &c->y);
    if (c) close_conv(ctx, c);
    return st;
}

/* --- FusedConv: activation(conv + Z) ---------------------------------------------------------- */

static pare_status add_z(pare_ctx *ctx, const pare_eval_io *io, real_conv *c, const pare_tensor *z)
{
    const int64_t n = c->job.batch * c->job.groups * c->job.filters * c->job.n_out;
    pare_reals zs = { 0 };
    if (z->dtype != pare_eval_tensor(io, 0)->dtype) return pare_eval_no_type(ctx, io, z->dtype);
    if (z->n_elements != n)
        return pare_call_fail(ctx, io->call,
                              "input 3: expected the %" PRId64 " elements of the output, "
                              "found %" PRId64,
                              n, z->n_elements);
    PARE_TRY(pare_reals_load(ctx, &zs, z, c->wide));
    for (int64_t i = 0; i < n; i++) {
        if (c->wide == PARE_WIDE_F64)
            ((double *)c->y.owned)[i] += ((const double *)zs.data)[i];
        else ((float *)c->y.owned)[i] += ((const float *)zs.data)[i];
    }
    pare_reals_free(ctx, &zs);
    return PARE_OK;
}

pare_status pare_fused_conv_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_conv_params *p = io->params;
    const pare_tensor *z = pare_eval_tensor(io, 3);
    pare_fused_activation activation;
    real_conv *c = NULL;
    PARE_TRY(pare_fused_activation_find(ctx, io->call, p->activation, p->activation_params.n,
                                        p->activation_params.v, &activation));
    pare_status st = open_conv(ctx, io, 2, &c);
    if (!st) st = run(ctx, c);
    if (!st && z) st = add_z(ctx, io, c, z);
    if (!st) {
        pare_fused_activation_apply(
            &activation, &c->y, c->job.batch * c->job.groups * c->job.filters * c->job.n_out);
        st = pare_reals_out(ctx, io, 0, &c->y);
    }
    if (c) close_conv(ctx, c);
    return st;
}

/* --- DeformConv: offset [N, groups of offsets * taps * axes, out...], mask without axes ------- */

static double offset_at(const real_conv *c, int64_t i)
{
    return c->wide == PARE_WIDE_F64 ? ((const double *)c->offset.data)[i]
                                    : (double)((const float *)c->offset.data)[i];
}

/* The point under tap t, moved: `group` counts over images and groups of offsets. */
static void find_point(const pare_conv_job *job, int64_t group, int64_t at, int64_t t, float *point,
                       double *point64)
{
    const pare_window_shape *s = &job->shape;
    const real_conv *c = job->gather_user;
    int64_t tap = t;
    int64_t position = at;
    for (int32_t d = s->n_axes - 1; d >= 0; d--) {
        const int64_t i = position % s->out[d] * s->stride[d] +
                          tap % s->kernel[d] * s->dilation[d] - s->begin[d];
        const int64_t channel = (group * job->n_taps + t) * s->n_axes + d;
        const double offset = offset_at(c, channel * job->n_out + at);
        point64[d] = (double)i + offset;
        point[d] = (float)i + (float)offset;
        position /= s->out[d];
        tap /= s->kernel[d];
    }
}

static void gather_moved(const pare_conv_job *job, int64_t image, int64_t at, void *row)
{
    const real_conv *c = job->gather_user;
    const pare_window_shape *s = &job->shape;
    const int64_t n_groups = c->params->offset_group;
    const int64_t n_channels = job->groups * job->channels;
    for (int64_t t = 0; t < job->n_taps; t++) {
        for (int64_t k = 0; k < job->channels; k++) {
            const int64_t channel = image % job->groups * job->channels + k;
            const int64_t group =
                image / job->groups * n_groups + channel / (n_channels / n_groups);
            const void *x = pare_at(job->x, (image * job->channels + k) * job->n_in, job->width);
            const int64_t mask = (group * job->n_taps + t) * job->n_out + at;
            const int64_t to = t * job->channels + k;
            float point[PARE_INTERPOLATE_AXES];
            double point64[PARE_INTERPOLATE_AXES];
            find_point(job, group, at, t, point, point64);
            if (c->wide == PARE_WIDE_F64) {
                ((double *)row)[to] = pare_interpolate_f64_ref(s->n_axes, s->in, x, point64);
                if (c->mask.data) ((double *)row)[to] *= ((const double *)c->mask.data)[mask];
            } else {
                ((float *)row)[to] = pare_interpolate_f32_ref(s->n_axes, s->in, x, point);
                if (c->mask.data) ((float *)row)[to] *= ((const float *)c->mask.data)[mask];
            }
        }
    }
}

/* Offsets or mask: `per_tap` numbers for each group of offsets, tap and output position. */
static pare_status load_moves(pare_ctx *ctx, const pare_eval_io *io, const real_conv *c, uint32_t i,
                              int64_t per_tap, pare_reals *out)
{
    const pare_conv_job *j = &c->job;
    const pare_tensor *t = pare_eval_tensor(io, i);
    const int64_t want = j->batch * c->params->offset_group * j->n_taps * per_tap * j->n_out;
    if (t->dtype != pare_eval_tensor(io, 0)->dtype) return pare_eval_no_type(ctx, io, t->dtype);
    if (t->n_elements != want)
        return pare_call_fail(ctx, io->call,
                              "input %" PRIu32 ": expected %" PRId64 " numbers, found %" PRId64, i,
                              want, t->n_elements);
    return pare_reals_load(ctx, out, t, c->wide);
}

static pare_status move_taps(pare_ctx *ctx, const pare_eval_io *io, real_conv *c)
{
    const int64_t n_axes = c->job.shape.n_axes;
    if (!pare_eval_tensor(io, 2))
        return pare_call_fail(ctx, io->call, "input 2: expected offsets, found none");
    if (n_axes > PARE_INTERPOLATE_AXES)
        return pare_call_fail(ctx, io->call, "expected at most %d spatial axes, found %" PRId64,
                              PARE_INTERPOLATE_AXES, n_axes);
    if (c->job.groups * c->job.channels % c->params->offset_group)
        return pare_call_fail(ctx, io->call,
                              "attribute 'offset_group': expected a divisor of %" PRId64
                              " channels, found %" PRId64,
                              c->job.groups * c->job.channels, c->params->offset_group);
    PARE_TRY(load_moves(ctx, io, c, 2, n_axes, &c->offset));
    if (pare_eval_tensor(io, 4)) PARE_TRY(load_moves(ctx, io, c, 4, 1, &c->mask));
    c->job.gather = gather_moved;
    c->job.gather_user = c;
    return PARE_OK;
}

pare_status pare_deform_conv_eval(pare_ctx *ctx, pare_eval_io *io)
{
    real_conv *c = NULL;
    pare_status st = open_conv(ctx, io, 3, &c);
    if (!st) st = move_taps(ctx, io, c);
    if (!st) st = run(ctx, c);
    if (!st) st = pare_reals_out(ctx, io, 0, &c->y);
    if (c) close_conv(ctx, c);
    return st;
}
