#include "quant/driver.h"

#include "base/bytes.h"
#include "op/infer.h"
#include "quant/layerwise.h"
#include "quant/shift.h"
#include "stats/survey.h"

#include <math.h>

/* Weights in few bits. Which tensors, and in what form, is pare_quantize_weights' to say; so it
 * runs twice where codes come from more than the weights: on a copy, to be asked for codes and note
 * what for, and then on the model, to be given them. */

typedef struct weights_job {
    pare_quantizing *q;
    pare_layerwise_item *items; /* [n_items] what was asked for */
    size_t n_items, cap;
    pare_layerwise *found;
    size_t n_weights, n_shifts; /* solutions used */
} weights_job;

/* --- which bits ------------------------------------------------------------------------------- */

/* Bits that the settings ask for. */
static int bits_asked(const pare_quantize_settings *s)
{
    return s->weights == PARE_QUANTIZE_INT2 ? 2 : s->weights == PARE_QUANTIZE_INT4 ? 4 : 8;
}

static int bits_of(void *user, pare_node_id node)
{
    const weights_job *job = user;
    switch (pare_quantizing_keep(job->q, node)) {
    case PARE_KEEP_FLOAT:
    case PARE_KEEP_NO_RANGE: return 0;
    case PARE_KEEP_INT8:
    case PARE_KEEP_INT8_WEIGHTS: return 8;
    case PARE_KEEP_INT4: return 4;
    case PARE_KEEP_INT2: return 2;
    case PARE_KEEP_INT16:
    case PARE_KEEP_ASKED: break;
    }
    return -1;
}

/* Beside activations in integers: what overrides ask for, and tables of embeddings. */
static int bits_beside(void *user, pare_node_id node)
{
    const weights_job *job = user;
    const pare_node *n = &job->q->model->nodes[node];
    const int bits = bits_of(user, node);
    if (bits >= 0 && bits < 8) return bits;
    if (pare_quantizing_keep(job->q, node) == PARE_KEEP_INT8_WEIGHTS) return 8;
    return job->q->s->activations == PARE_QUANTIZE_ACTIVATIONS_DYNAMIC &&
                   pare_str_eq(n->op_type, "Gather")
               ? 8
               : 0;
}

static pare_weight_only_opts opts_of(weights_job *job)
{
    const pare_quantize_settings *s = job->q->s;
    return (pare_weight_only_opts){
        .rules = job->q->opts->rules, .pool = job->q->opts->pool, .bits = bits_asked(s),
        .block = s->block_size, .bits_of = bits_of, .user = job, .accuracy_level = -1,
        .spill_dir = job->q->opts->spill_dir,
        .round = s->algorithm == PARE_QUANTIZE_RTN,
        .storage = s->format == PARE_QUANTIZE_QDQ         ? PARE_STORED_DEQUANTIZE
                   : s->format == PARE_QUANTIZE_QOPERATOR ? PARE_STORED_NBITS
                                                          : PARE_STORED_FLOAT,
    };
}

/* --- codes from more than the weights --------------------------------------------------------- */

static pare_status note(pare_ctx *ctx, pare_weight_codes **out, const pare_model *model,
                        const pare_linear *linear, pare_pool *pool, const pare_weight_opts *opts,
                        void *user)
{
    weights_job *job = user;
    pare_weight_opts plain = *opts;
    plain.fit = false;
    if (linear->node < job->q->model->n_nodes &&
        model->nodes[linear->node].graph == model->graph) {
        PARE_TRY(pare_grow(ctx, &job->items, &job->cap, job->n_items + 1, sizeof(*job->items)));
        job->items[job->n_items++] = (pare_layerwise_item){ *linear, *opts };
    }
    return pare_weights_quantize(ctx, out, model, linear, pool, &plain);
}

/* The codes that were found for the weights; each is asked for once. */
static pare_status give(pare_ctx *ctx, pare_weight_codes **out, const pare_model *model,
                        const pare_linear *linear, pare_pool *pool, const pare_weight_opts *opts,
                        void *user)
{
    weights_job *job = user;
    for (size_t i = 0; i < job->n_items; i++) {
        pare_solution *const s = &job->found->solutions[i];
        if (job->items[i].linear.weight != linear->weight || !s->codes) continue;
        *out = s->codes;
        s->codes = NULL;
        job->n_weights++;
        return PARE_OK;
    }
    return pare_weights_quantize(ctx, out, model, linear, pool, opts);
}

static pare_status shift_outputs(weights_job *job)
{
    pare_quantizing *const q = job->q;
    for (size_t i = 0; i < job->n_items; i++) {
        const float *shift = job->found->solutions[i].shift;
        pare_linear l;
        if (!shift || !pare_linear_of(q->ctx, &l, q->model, job->items[i].linear.node)) continue;
        if (!pare_can_shift(q->model, &l)) continue;
        PARE_TRY(pare_shift_outputs(q->ctx, q->model, &l, shift));
        job->n_shifts++;
    }
    return PARE_OK;
}

static pare_status ask(weights_job *job, pare_weight_only_opts opts)
{
    pare_quantizing *const q = job->q;
    pare_model *copy = NULL;
    opts.solve = note;
    pare_status st = pare_model_clone(q->ctx, &copy, q->model);
    if (!st) st = pare_quantize_weights(q->ctx, copy, &opts, NULL);
    pare_model_free(q->ctx, copy);
    return st;
}

/* Solves for the weights that *how asks codes for, and has it take them from there. */
static pare_status solve(weights_job *job, pare_weight_only_opts *how, pare_algorithm algorithm)
{
    pare_quantizing *const q = job->q;
    PARE_TRY(ask(job, *how));
    const pare_layerwise_opts opts = {
        .items = job->items, .n_items = job->n_items, .data = q->opts->data,
        .algorithm = algorithm,
    };
    PARE_TRY(pare_layerwise_solve(q->ctx, &job->found, q->model, q->opts->pool, &opts));
    q->report->n_samples = q->opts->data ? q->opts->data->n : 0;
    how->solve = give;
    return shift_outputs(job);
}

static bool needs_solving(const pare_quantizing *q)
{
    const int a = q->s->algorithm;
    return !q->opts->rough &&
           (a == PARE_QUANTIZE_GPTQ || a == PARE_QUANTIZE_AWQ || a == PARE_QUANTIZE_HQQ ||
            (a == PARE_QUANTIZE_SCALE_FIT && q->opts->data)); /* weighted by what is read */
}

/* AWQ: channels of which products read much get more of the codes, what makes them less. */
static pare_status scale_inputs(pare_quantizing *q)
{
    const int bits = bits_asked(q->s);
    const pare_weight_form form = { .low = -(1 << (bits - 1)), .high = (1 << (bits - 1)) - 1,
                                    .symmetric = bits == 8,
                                    .block = q->s->block_size ? q->s->block_size
                                             : bits == 8      ? 128
                                                              : 32 };
    const bool asked = (q->s->correct & PARE_CORRECT_SMOOTH) != 0;
    const pare_smooth_opts opts = { .form = &form, .always = true, .may_insert = asked,
                                    .data = q->opts->data, .pool = q->opts->pool };
    if (!q->opts->data) return PARE_OK;
    return pare_smooth(q->ctx, q->model, &opts, &q->report->smoothed);
}

static pare_status write_weights(weights_job *job, const pare_weight_only_opts *opts)
{
    pare_quantize_report *const r = job->q->report;
    PARE_TRY(pare_quantize_weights(job->q->ctx, job->q->model, opts, &r->weights));
    r->n_weights += r->weights.n_quantized;
    return PARE_OK;
}

pare_status pare_quantizing_weights(pare_quantizing *q)
{
    weights_job job = { .q = q };
    pare_status st = pare_quantizing_prepare(q, 0);
    pare_weight_only_opts opts = opts_of(&job);
    if (!st && q->s->algorithm == PARE_QUANTIZE_AWQ) st = scale_inputs(q);
    if (!st && needs_solving(q)) /* the enums have the same order */
        st = solve(&job, &opts, (pare_algorithm)q->s->algorithm);
    if (!st) st = write_weights(&job, &opts);
    pare_layerwise_free(q->ctx, job.found);
    pare_free(q->ctx, job.items);
    return st;
}

pare_status pare_quantizing_beside(pare_quantizing *q)
{
    weights_job job = { .q = q };
    pare_weight_only_opts opts = opts_of(&job);
    const int asked = q->opts->settings->algorithm;
    const bool few = pare_quantizing_keeps_any(q, PARE_KEEP_INT4) ||
                     pare_quantizing_keeps_any(q, PARE_KEEP_INT2);
    pare_status st = PARE_OK;
    opts.bits_of = bits_beside;
    opts.storage = PARE_STORED_FLOAT;
    opts.round = asked == PARE_QUANTIZE_RTN;
    if (!few && !pare_quantizing_keeps_any(q, PARE_KEEP_INT8_WEIGHTS) &&
        q->s->activations != PARE_QUANTIZE_ACTIVATIONS_DYNAMIC)
        return PARE_OK;
    if (few && q->opts->data && !q->opts->rough &&
        (asked == PARE_QUANTIZE_ALGORITHM_AUTO || asked == PARE_QUANTIZE_GPTQ ||
         asked == PARE_QUANTIZE_AWQ))
        st = solve(&job, &opts, PARE_ALGORITHM_GPTQ);
    if (!st) st = write_weights(&job, &opts);
    pare_layerwise_free(q->ctx, job.found);
    pare_free(q->ctx, job.items);
    return st;
}

/* --- floats of 16 bits ------------------------------------------------------------------------ */

typedef struct half_job {
    pare_quantizing *q;
    pare_survey *survey;
    double *largest;          /* [n_values] by value; negative: never seen */
    size_t n_values;
} half_job;

static double largest_of(void *user, pare_value_id value)
{
    const half_job *job = user;
    return value < job->n_values ? job->largest[value] : -1;
}

static bool keeps_float(void *user, pare_node_id node)
{
    const half_job *job = user;
    return pare_quantizing_keep(job->q, node) == PARE_KEEP_FLOAT;
}

/* The largest magnitudes that values of the main graph take over the data. */
static pare_status look(half_job *job, const pare_shapes *shapes)
{
    pare_quantizing *const q = job->q;
    const pare_model *m = q->model;
    const size_t n = job->n_values = m->n_values;
    pare_survey_item *items = pare_alloc(q->ctx, (n + 1) * sizeof(*items));
    job->largest = pare_alloc(q->ctx, (n + 1) * sizeof(*job->largest));
    pare_survey_opts how = { .items = items };
    pare_status st = items && job->largest ? PARE_OK : pare_fail_memory(q->ctx, n * sizeof(*items));
    for (pare_value_id v = 0; !st && v < n; v++) {
        const pare_info *info = &shapes->infos[v];
        job->largest[v] = -1;
        if (m->values[v].graph == m->graph && !m->values[v].tensor && m->values[v].n_uses &&
            pare_info_is_tensor(info) && info->dtype == PARE_FLOAT)
            items[how.n_items++] = (pare_survey_item){ v, PARE_NO_AXIS };
    }
    if (!st) st = pare_survey_run(q->ctx, &job->survey, m, q->opts->data, q->opts->pool, &how);
    for (size_t i = 0; !st && i < job->survey->n; i++) {
        const pare_histogram *h = &job->survey->values[i].histogram;
        if (h->n)
            job->largest[job->survey->values[i].item.value] =
                fmax(fabs((double)h->min), fabs((double)h->max));
    }
    if (!st) q->report->n_samples = job->survey->n_samples;
    pare_free(q->ctx, items);
    return st;
}

pare_status pare_quantizing_half(pare_quantizing *q)
{
    half_job job = { .q = q };
    pare_shapes *shapes = NULL;
    pare_half_opts opts = {
        .type = q->s->weights == PARE_QUANTIZE_FLOAT16 ? PARE_FLOAT16 : PARE_BFLOAT16,
        .rules = q->opts->rules, .pool = q->opts->pool, .keep_float = keeps_float, .user = &job,
    };
    pare_status st = pare_quantizing_prepare(q, 0);
    if (!st && q->opts->data) {
        st = pare_infer(q->ctx, &shapes, q->model, NULL);
        if (!st) st = look(&job, shapes);
        opts.largest = largest_of;
    }
    if (!st) st = pare_quantize_half(q->ctx, q->model, &opts, &q->report->half);
    if (!st) q->report->n_weights = q->report->half.n_tensors;
    pare_shapes_free(q->ctx, shapes);
    pare_survey_free(q->ctx, job.survey);
    pare_free(q->ctx, job.largest);
    return st;
}
