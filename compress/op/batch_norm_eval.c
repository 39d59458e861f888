#include "kernels/norm.h"
#include "kernels/reduce.h"
#include "op/elementwise.h"
#include "op/norm.h"
#include "op/reals.h"
#include "op/rows.h"

#include <inttypes.h>
#include <math.h>

/* Batch normalization: each channel (or, before opset 9 without `spatial`, each element of an
 * image) becomes x * factor + shift, with factor = scale / sqrt(variance + epsilon) and shift =
 * bias - mean * factor. Statistics are given, or in training those of the batch. */

enum { X, SCALE, BIAS, MEAN, VARIANCE, N_INPUTS };

typedef struct batch_job {
    pare_wide wide;
    int64_t n_stats;          /* channels, or elements of an image */
    int64_t plane;            /* elements in a row that share one */
    pare_rows rows;           /* one per statistic: all that it is of */
    pare_reals in[N_INPUTS], y;
    pare_reals mean, variance; /* of the batch; empty unless training */
} batch_job;

static double at(const pare_reals *r, int64_t i)
{
    return r->wide == PARE_WIDE_F64 ? ((const double *)r->data)[i]
                                    : (double)((const float *)r->data)[i];
}

static void put(pare_reals *r, int64_t i, double value)
{
    if (r->wide == PARE_WIDE_F64) ((double *)r->owned)[i] = value;
    else ((float *)r->owned)[i] = (float)value;
}

static void set_shape(batch_job *job, const pare_tensor *x, bool per_element)
{
    bool marks[PARE_MAX_DIMS];
    for (uint32_t d = 0; d < x->rank; d++) marks[d] = d == 0 || (d > 1 && !per_element);
    pare_rows_start(&job->rows, x->rank, x->dims, marks);
    job->n_stats = x->rank > 1 ? job->rows.n_rows : 1;
    if (x->rank > 1 && !per_element) job->n_stats = x->dims[1];
    const int64_t n_images = x->rank && x->n_elements ? x->dims[0] : 1;
    job->plane = x->n_elements ? x->n_elements / n_images / job->n_stats : 1;
}

static pare_status load_inputs(pare_ctx *ctx, pare_eval_io *io, batch_job *job)
{
    const pare_tensor *in[N_INPUTS] = { NULL };
    PARE_TRY(pare_element_inputs(ctx, io, N_INPUTS, in));
    for (uint32_t i = 0; i < N_INPUTS; i++) {
        if (!pare_reals_wide(in[i]->dtype)) return pare_eval_no_type(ctx, io, in[i]->dtype);
        if (i && in[i]->n_elements != job->n_stats)
            return pare_call_fail(ctx, io->call,
                                  "input %" PRIu32 ": expected %" PRId64 " numbers, found %" PRId64,
                                  i, job->n_stats, in[i]->n_elements);
        PARE_TRY(pare_reals_load(ctx, &job->in[i], in[i], job->wide));
    }
    return pare_reals_new(ctx, &job->y, job->wide, in[X]->n_elements);
}

static pare_status take_statistics(pare_ctx *ctx, batch_job *job, const pare_tensor *x)
{
    void *row = NULL;
    PARE_TRY(pare_reals_new(ctx, &job->mean, job->wide, job->n_stats));
    PARE_TRY(pare_reals_new(ctx, &job->variance, job->wide, job->n_stats));
    PARE_TRY(pare_rows_room(ctx, &job->rows, job->wide, &row));
    for (int64_t i = 0; i < job->rows.n_rows; i++) {
        const int64_t n = job->rows.n;
        pare_rows_go(&job->rows, i);
        pare_rows_load(&job->rows, job->wide, x, row);
        if (job->wide == PARE_WIDE_F64) {
            const double mean = pare_reduce_mean_f64_ref(n, row);
            put(&job->mean, i, mean);
            put(&job->variance, i, pare_variance_f64_ref(n, row, mean));
        } else {
            const float mean = pare_reduce_mean_f32_ref(n, row);
            put(&job->mean, i, (double)mean);
            put(&job->variance, i, (double)pare_variance_f32_ref(n, row, mean));
        }
    }
    pare_free(ctx, row);
    return PARE_OK;
}

static void normalize(batch_job *job, double epsilon, bool training, int64_t n_planes)
{
    const pare_reals *means = training ? &job->mean : &job->in[MEAN];
    const pare_reals *variances = training ? &job->variance : &job->in[VARIANCE];
    for (int64_t i = 0; i < n_planes; i++) {
        const int64_t c = i % job->n_stats;
        const double factor = at(&job->in[SCALE], c) / sqrt(at(variances, c) + epsilon);
        const double shift = at(&job->in[BIAS], c) - at(means, c) * factor;
        const void *from = pare_at(job->in[X].data, i * job->plane, job->y.width);
        void *to = pare_at_mut(job->y.owned, i * job->plane, job->y.width);
        if (job->wide == PARE_WIDE_F64)
            pare_norm_affine_f64_ref(job->plane, from, factor, shift, to);
        else pare_norm_affine_f32_ref(job->plane, from, (float)factor, (float)shift, to);
    }
}

/* Output i: given * momentum + of the batch * (1 - momentum), with momentum 0 for what is saved. */
static pare_status put_statistic(pare_ctx *ctx, pare_eval_io *io, uint32_t i, uint32_t given,
                                 const batch_job *job, const pare_reals *of_batch, double momentum)
{
    const pare_tensor *like = pare_eval_tensor(io, given);
    void *data = NULL;
    if (!pare_eval_wants(io, i)) return PARE_OK;
    PARE_TRY(pare_eval_out_as(ctx, io, i, like->dtype, like->rank, like->dims, &data));
    for (int64_t k = 0; k < job->n_stats; k++) {
        double value = at(&job->in[given], k);
        if (of_batch->data && momentum == 0) value = at(of_batch, k);
        else if (of_batch->data) value = value * momentum + at(of_batch, k) * (1 - momentum);
        pare_wide_store_as(PARE_WIDE_F64, PARE_STORE_DEFAULT, like->dtype, data, k, 1, &value);
    }
    return PARE_OK;
}

static pare_status run(pare_ctx *ctx, pare_eval_io *io, batch_job *job, const pare_tensor *x)
{
    const pare_batch_norm_params *p = io->params;
    const double momentum = (double)p->momentum;
    PARE_TRY(load_inputs(ctx, io, job));
    if (p->training) PARE_TRY(take_statistics(ctx, job, x));
    const int64_t n_planes = x->n_elements / job->plane;
    normalize(job, (double)p->epsilon, p->training, n_planes);
    PARE_TRY(pare_reals_out(ctx, io, 0, &job->y));
    PARE_TRY(put_statistic(ctx, io, 1, MEAN, job, &job->mean, momentum));
    PARE_TRY(put_statistic(ctx, io, 2, VARIANCE, job, &job->variance, momentum));
    PARE_TRY(put_statistic(ctx, io, 3, MEAN, job, &job->mean, 0));
    return put_statistic(ctx, io, 4, VARIANCE, job, &job->variance, 0);
}

pare_status pare_batch_norm_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_batch_norm_params *p = io->params;
    const pare_tensor *x = NULL;
    batch_job job = { 0 };
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    job.wide = pare_reals_wide(x->dtype);
    if (!job.wide) return pare_eval_no_type(ctx, io, x->dtype);
    set_shape(&job, x, p->per_element);
    const pare_status st = run(ctx, io, &job, x);
    for (uint32_t i = 0; i < N_INPUTS; i++) pare_reals_free(ctx, &job.in[i]);
    pare_reals_free(ctx, &job.y);
    pare_reals_free(ctx, &job.mean);
    pare_reals_free(ctx, &job.variance);
    return st;
}
