#include "kernels/norm.h"
#include "op/elementwise.h"
#include "op/norm.h"
#include "op/reals.h"
#include "op/spread.h"

#include <inttypes.h>

/* LayerNormalization and its relatives: rows are the axes from `axis` on. The skip forms normalize
 * the sum of their input, a skip connection and a bias, which is rounded only where it is put out.
 * Whatever the stash type, statistics are computed in the type of X, float at least. */

static const pare_layer_form forms[] = {
    /*                                rms    scale bias skip skip_bias mean inverse sum */
    { "LayerNormalization",           false, 1,    2,   0,   0,        1,   2,      0 },
    { "RMSNormalization",             true,  1,    0,   0,   0,        0,   0,      0 },
    { "SimplifiedLayerNormalization", true,  1,    0,   0,   0,        0,   1,      0 },
    { "SkipLayerNormalization",       false, 2,    3,   1,   4,        1,   2,      3 },
    { "SkipSimplifiedLayerNormalization",
                                      true,  2,    0,   1,   3,        1,   2,      3 },
};

const pare_layer_form *pare_layer_form_of(const char *name)
{
    const pare_layer_form *form = forms;
    while (!pare_str_eq(form->name, name)) form++;
    return form;
}

typedef struct layer_job {
    const pare_layer_form *form;
    pare_wide wide;
    size_t width;
    int64_t n, n_rows;
    double epsilon;
    pare_reals x, scale, bias;
    int64_t scale_step, bias_step; /* from row to row: n, or 0 where all rows share one */
    pare_reals row;
    void *y, *mean, *inverse; /* outputs; the latter two NULL when nobody wants them */
    pare_dtype stats_dtype;
} layer_job;

/* Input i as a tensor of reals; NULL when it is omitted. */
static pare_status get_reals(pare_ctx *ctx, const pare_eval_io *io, uint32_t i,
                             const pare_tensor **out)
{
    *out = pare_eval_tensor(io, i);
    if (*out && !pare_reals_wide((*out)->dtype)) return pare_eval_no_type(ctx, io, (*out)->dtype);
    return PARE_OK;
}

/* An input as it is spread over output 0, which has the shape of X. */
static pare_status load_spread(pare_ctx *ctx, pare_eval_io *io, const layer_job *job,
                               const pare_tensor *t, pare_reals *out)
{
    pare_spread s;
    PARE_TRY(pare_element_spread(ctx, io, 1, &t, &s));
    PARE_TRY(pare_reals_new(ctx, out, job->wide, io->out[0].tensor->n_elements));
    while (pare_spread_next(&s))
        pare_wide_load_as(job->wide, t->dtype, pare_eval_data(t), s.in[0], s.step[0], s.n,
                          pare_at_mut(out->owned, s.out, job->width));
    return PARE_OK;
}

/* Scale or bias: usually of the shape of a row, else spread over all of X. */
static pare_status load_weights(pare_ctx *ctx, pare_eval_io *io, const layer_job *job, uint32_t i,
                                pare_reals *out, int64_t *step)
{
    const pare_tensor *t = NULL;
    const pare_tensor *y = io->out[0].tensor;
    *step = 0;
    PARE_TRY(get_reals(ctx, io, i, &t));
    if (!i || !t) return PARE_OK;
    bool is_row = t->rank <= y->rank && t->n_elements == job->n;
    for (uint32_t d = 0; is_row && d < t->rank; d++)
        is_row = t->dims[d] == y->dims[y->rank - t->rank + d];
    if (is_row) return pare_reals_load(ctx, out, t, job->wide);
    *step = job->n;
    return load_spread(ctx, io, job, t, out);
}

/* x += the input, spread. */
static pare_status add_input(pare_ctx *ctx, pare_eval_io *io, layer_job *job, uint32_t i)
{
    const pare_tensor *t = NULL;
    pare_reals other = { 0 };
    PARE_TRY(get_reals(ctx, io, i, &t));
    if (!i || !t) return PARE_OK;
    const pare_status st = load_spread(ctx, io, job, t, &other);
    const int64_t n = io->out[0].tensor->n_elements;
    for (int64_t k = 0; !st && k < n; k++) {
        if (job->wide == PARE_WIDE_F64)
            ((double *)job->x.owned)[k] += ((const double *)other.data)[k];
        else
            ((float *)job->x.owned)[k] += ((const float *)other.data)[k];
    }
    pare_reals_free(ctx, &other);
    return st;
}

static pare_status load_x(pare_ctx *ctx, pare_eval_io *io, layer_job *job, const pare_tensor *x)
{
    void *sum = NULL;
    if (!job->form->skip) return pare_reals_load(ctx, &job->x, x, job->wide);
    PARE_TRY(load_spread(ctx, io, job, x, &job->x)); /* a copy, to be added to */
    PARE_TRY(add_input(ctx, io, job, job->form->skip));
    PARE_TRY(add_input(ctx, io, job, job->form->skip_bias));
    if (!pare_eval_wants(io, job->form->sum)) return PARE_OK;
    PARE_TRY(pare_eval_out(ctx, io, job->form->sum, &sum));
    pare_wide_store_as(job->wide, PARE_STORE_DEFAULT, io->out[job->form->sum].tensor->dtype, sum, 0,
                       x->n_elements, job->x.data);
    return PARE_OK;
}

static void run_f32(const layer_job *job, int64_t r)
{
    const float *x = (const float *)job->x.data + r * job->n;
    const float *scale = (const float *)job->scale.data + r * job->scale_step;
    const float *bias = job->bias.data;
    float mean = 0;
    float inverse = 0;
    if (bias) bias += r * job->bias_step;
    if (job->form->is_rms)
        pare_rms_norm_f32_ref(job->n, x, scale, job->epsilon, job->row.owned, &inverse);
    else
        pare_layer_norm_f32_ref(job->n, x, scale, bias, job->epsilon, job->row.owned, &mean,
                                &inverse);
    const pare_store_rules rules = PARE_STORE_DEFAULT;
    if (job->mean)
        pare_wide_store_as(job->wide, rules, job->stats_dtype, job->mean, r, 1, &mean);
    if (job->inverse)
        pare_wide_store_as(job->wide, rules, job->stats_dtype, job->inverse, r, 1, &inverse);
}

static void run_f64(const layer_job *job, int64_t r)
{
    const double *x = (const double *)job->x.data + r * job->n;
    const double *scale = (const double *)job->scale.data + r * job->scale_step;
    const double *bias = job->bias.data;
    double mean = 0;
    double inverse = 0;
    if (bias) bias += r * job->bias_step;
    if (job->form->is_rms)
        pare_rms_norm_f64_ref(job->n, x, scale, job->epsilon, job->row.owned, &inverse);
    else
        pare_layer_norm_f64_ref(job->n, x, scale, bias, job->epsilon, job->row.owned, &mean,
                                &inverse);
    const pare_store_rules rules = PARE_STORE_DEFAULT;
    if (job->mean)
        pare_wide_store_as(job->wide, rules, job->stats_dtype, job->mean, r, 1, &mean);
    if (job->inverse)
        pare_wide_store_as(job->wide, rules, job->stats_dtype, job->inverse, r, 1, &inverse);
}

static pare_status make_job(pare_ctx *ctx, pare_eval_io *io, layer_job *job, const pare_tensor *x)
{
    const pare_norm_params *p = io->params;
    const uint32_t axis = (uint32_t)(p->axis < 0 ? p->axis + x->rank : p->axis);
    PARE_TRY(pare_eval_out(ctx, io, 0, &job->y));
    job->n = 1;
    for (uint32_t d = axis; d < x->rank && x->n_elements; d++) job->n *= x->dims[d];
    job->n_rows = x->n_elements / job->n;
    if (job->form->mean && pare_eval_wants(io, job->form->mean))
        PARE_TRY(pare_eval_out(ctx, io, job->form->mean, &job->mean));
    if (job->form->inverse && pare_eval_wants(io, job->form->inverse))
        PARE_TRY(pare_eval_out(ctx, io, job->form->inverse, &job->inverse));
    PARE_TRY(load_x(ctx, io, job, x));
    PARE_TRY(load_weights(ctx, io, job, job->form->scale, &job->scale, &job->scale_step));
    PARE_TRY(load_weights(ctx, io, job, job->form->bias, &job->bias, &job->bias_step));
    if (!job->scale.data)
        return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected a scale, found none",
                              job->form->scale);
    return pare_reals_new(ctx, &job->row, job->wide, job->n);
}

pare_status pare_layer_norm_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_norm_params *p = io->params;
    const pare_tensor *x = NULL;
    layer_job job = { .form = pare_layer_form_of(io->call->op->name),
                      .epsilon = (double)p->epsilon, .stats_dtype = p->stash };
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    if (!pare_reals_wide(x->dtype)) return pare_eval_no_type(ctx, io, x->dtype);
    if (!pare_reals_wide(p->stash)) return pare_eval_no_type(ctx, io, p->stash);
    const bool is_double = x->dtype == PARE_DOUBLE || p->stash == PARE_DOUBLE;
    job.wide = is_double ? PARE_WIDE_F64 : PARE_WIDE_F32;
    job.width = pare_wide_bytes(job.wide);
    pare_status st = make_job(ctx, io, &job, x);
    for (int64_t r = 0; !st && r < job.n_rows; r++) {
        if (is_double) run_f64(&job, r);
        else run_f32(&job, r);
        pare_wide_store_as(job.wide, PARE_STORE_DEFAULT, io->out[0].tensor->dtype, job.y,
                           r * job.n, job.n, job.row.data);
    }
    pare_reals_free(ctx, &job.x);
    pare_reals_free(ctx, &job.scale);
    pare_reals_free(ctx, &job.bias);
    pare_reals_free(ctx, &job.row);
    return st;
}
