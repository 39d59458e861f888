#include "kernels/loss.h"
#include "kernels/softmax.h"
#include "kernels/sum.h"
#include "op/elementwise.h"
#include "op/loss.h"
#include "op/reals.h"
#include "op/rows.h"

#include <inttypes.h>
#include <math.h>

/* Losses per label, summed in the order of kernels/sum.h; their mean is that sum over the sum of
 * the weights of the labels that count. */

typedef struct loss_job {
    pare_wide wide;
    int64_t n, classes, d;    /* scores [n, classes, d], labels [n, d] */
    pare_reals scores, weight, loss, counted;
    int64_t *labels;          /* [n d] */
} loss_job;

static pare_status check_shapes(pare_ctx *ctx, const pare_eval_io *io, loss_job *job,
                                const pare_tensor *scores, const pare_tensor *labels,
                                const pare_tensor *weight)
{
    bool fits = labels->rank + 1 == scores->rank;
    if (pare_wide_of(labels->dtype) != PARE_WIDE_I64 || labels->dtype == PARE_BOOL)
        return pare_eval_no_type(ctx, io, labels->dtype);
    for (uint32_t i = 0; fits && i < labels->rank; i++)
        fits = labels->dims[i] == scores->dims[i ? i + 1 : 0];
    if (!fits)
        return pare_call_fail(ctx, io->call,
                              "input 1 (labels): expected the shape of the scores without axis 1");
    job->n = scores->dims[0];
    job->classes = scores->dims[1];
    job->d = job->n ? labels->n_elements / job->n : 0;
    if (weight && weight->n_elements != job->classes)
        return pare_call_fail(ctx, io->call,
                              "input 2 (weights): expected %" PRId64 " numbers, found %" PRId64,
                              job->classes, weight->n_elements);
    return PARE_OK;
}

static pare_status load(pare_ctx *ctx, const pare_eval_io *io, loss_job *job)
{
    const pare_tensor *in[2] = { NULL };
    const pare_tensor *weight = pare_eval_tensor(io, 2);
    PARE_TRY(pare_element_inputs(ctx, io, 2, in));
    job->wide = pare_reals_wide(in[0]->dtype);
    if (!job->wide) return pare_eval_no_type(ctx, io, in[0]->dtype);
    if (weight && !pare_reals_wide(weight->dtype))
        return pare_eval_no_type(ctx, io, weight->dtype);
    PARE_TRY(check_shapes(ctx, io, job, in[0], in[1], weight));
    const int64_t n = in[1]->n_elements;
    PARE_TRY(pare_reals_load(ctx, &job->scores, in[0], job->wide));
    PARE_TRY(pare_reals_load(ctx, &job->weight, weight, job->wide));
    PARE_TRY(pare_reals_new(ctx, &job->loss, job->wide, n + 1)); /* there is always a sum */
    PARE_TRY(pare_reals_new(ctx, &job->counted, job->wide, n));
    job->labels = pare_alloc(ctx, ((size_t)n + 1) * sizeof(*job->labels));
    if (!job->labels) return pare_fail_memory(ctx, (size_t)n * sizeof(*job->labels));
    pare_wide_load(in[1]->dtype, pare_eval_data(in[1]), 0, 1, n, job->labels);
    return PARE_OK;
}

static void free_job(pare_ctx *ctx, loss_job *job)
{
    pare_reals_free(ctx, &job->scores);
    pare_reals_free(ctx, &job->weight);
    pare_reals_free(ctx, &job->loss);
    pare_reals_free(ctx, &job->counted);
    pare_free(ctx, job->labels);
}

static pare_status take_losses(pare_ctx *ctx, const pare_eval_io *io, loss_job *job)
{
    const pare_loss_params *p = io->params;
    const int64_t *ignored = p->has_ignore_index ? &p->ignore_index : NULL;
    const int64_t bad =
        job->wide == PARE_WIDE_F64
            ? pare_nll_f64_ref(job->n, job->classes, job->d, job->scores.data, job->labels,
                               job->weight.data, ignored, job->loss.owned, job->counted.owned)
            : pare_nll_f32_ref(job->n, job->classes, job->d, job->scores.data, job->labels,
                               job->weight.data, ignored, job->loss.owned, job->counted.owned);
    if (bad < 0) return PARE_OK;
    return pare_call_fail(ctx, io->call,
                          "input 1 (labels): expected one of %" PRId64 " classes, found %" PRId64,
                          job->classes, job->labels[bad]);
}

static void reduce(loss_job *job, bool is_mean)
{
    const int64_t n = job->n * job->d;
    if (job->wide == PARE_WIDE_F64) {
        double *loss = job->loss.owned;
        const double count = pare_sum_f64_ref(n, job->counted.data);
        loss[0] = pare_sum_f64_ref(n, loss);
        if (is_mean) loss[0] = count != 0 ? loss[0] / count : (double)NAN;
    } else {
        float *loss = job->loss.owned;
        const float count = pare_sum_f32_ref(n, job->counted.data);
        loss[0] = pare_sum_f32_ref(n, loss);
        if (is_mean) loss[0] = count != 0 ? loss[0] / count : NAN;
    }
}

static pare_status run(pare_ctx *ctx, pare_eval_io *io, loss_job *job)
{
    const pare_loss_params *p = io->params;
    PARE_TRY(take_losses(ctx, io, job));
    if (p->reduction != PARE_LOSS_NONE) reduce(job, p->reduction == PARE_LOSS_MEAN);
    return pare_reals_out(ctx, io, 0, &job->loss);
}

pare_status pare_nll_loss_eval(pare_ctx *ctx, pare_eval_io *io)
{
    loss_job job = { 0 };
    pare_status st = load(ctx, io, &job);
    if (!st) st = run(ctx, io, &job);
    free_job(ctx, &job);
    return st;
}

/* The scores become the logarithms of what Softmax over axis 1 makes of them. */
static pare_status take_logarithms(pare_ctx *ctx, loss_job *job, const pare_tensor *x)
{
    const pare_dtype dtype = job->wide == PARE_WIDE_F64 ? PARE_DOUBLE : PARE_FLOAT;
    pare_reals logs = { 0 };
    pare_rows r;
    void *row = NULL;
    pare_rows_start_at(&r, x->rank, x->dims, 1, 2);
    pare_status st = pare_reals_new(ctx, &logs, job->wide, x->n_elements);
    if (!st) st = pare_rows_room(ctx, &r, job->wide, &row);
    for (int64_t i = 0; !st && r.n && i < r.n_rows; i++) {
        pare_rows_go(&r, i);
        pare_rows_load(&r, job->wide, x, row);
        if (job->wide == PARE_WIDE_F64) pare_log_softmax_f64_ref(r.n, row, row);
        else pare_log_softmax_f32_ref(r.n, row, row);
        pare_rows_store(&r, job->wide, dtype, logs.owned, row);
    }
    pare_free(ctx, row);
    pare_reals_free(ctx, &job->scores);
    job->scores = logs;
    return st;
}

pare_status pare_softmax_cross_entropy_eval(pare_ctx *ctx, pare_eval_io *io)
{
    loss_job job = { 0 };
    pare_status st = load(ctx, io, &job);
    if (!st) st = take_logarithms(ctx, &job, pare_eval_tensor(io, 0));
    if (!st) st = run(ctx, io, &job);
    if (!st && pare_eval_wants(io, 1)) st = pare_reals_out(ctx, io, 1, &job.scores);
    free_job(ctx, &job);
    return st;
}
