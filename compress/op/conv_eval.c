#include "op/conv_job.h"

#include "op/reals.h"

typedef struct real_filters {
    pare_wide wide;
    const void *bias; /* NULL: none */
} real_filters;

static void multiply_reals(const pare_conv_job *job, const void *user, int64_t g, int64_t rows,
                           void *results)
{
    const real_filters *f = user;
    const void *w = pare_at(job->w, g * job->filters * job->k, job->width);
    const void *bias = f->bias ? pare_at(f->bias, g * job->filters, job->width) : NULL;
    pare_reals_gemm(f->wide, rows, job->filters, job->k, job->rows, job->k, w, job->k, bias,
                    results, job->filters);
}

static pare_status conv_reals(pare_ctx *ctx, pare_eval_io *io, pare_conv_job *job,
                              const pare_reals *w, const pare_reals *bias)
{
    pare_reals results = { 0 };
    pare_reals y = { 0 };
    const real_filters filters = { w->wide, bias->data };
    pare_conv_job_filters(job, w->data);
    pare_status st = pare_reals_new(ctx, &results, w->wide, job->filters * PARE_CONV_ROWS);
    if (!st)
        st = pare_reals_new(ctx, &y, w->wide,
                            job->batch * job->groups * job->filters * job->n_out);
    if (!st) {
        pare_conv_job_run(job, multiply_reals, &filters, results.owned, y.owned, y.width);
        st = pare_reals_out(ctx, io, 0, &y);
    }
    pare_reals_free(ctx, &results);
    pare_reals_free(ctx, &y);
    return st;
}

pare_status pare_conv_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_tensor *w = pare_eval_tensor(io, 1);
    const pare_wide wide = pare_reals_wide(x->dtype);
    if (!wide) return pare_eval_no_type(ctx, io, x->dtype);
    pare_conv_job job = { 0 };
    pare_reals xs = { 0 };
    pare_reals ws = { 0 };
    pare_reals bias = { 0 };
    pare_status st = pare_reals_load(ctx, &xs, x, wide);
    if (!st) st = pare_reals_load(ctx, &ws, w, wide);
    if (!st) st = pare_reals_load(ctx, &bias, pare_eval_tensor(io, 2), wide);
    if (!st) st = pare_conv_job_make(ctx, &job, io, x, w, xs.width);
    job.x = xs.data;
    if (!st) st = conv_reals(ctx, io, &job, &ws, &bias);
    pare_conv_job_free(ctx, &job);
    pare_reals_free(ctx, &xs);
    pare_reals_free(ctx, &ws);
    pare_reals_free(ctx, &bias);
    return st;
}
