#include "quant/static_job.h"

#include "base/bytes.h"
#include "op/infer.h"
#include "op/linear.h"
#include "pass/upgrade.h"
#include "quant/correct.h"
#include "quant/qoperator.h"
#include "quant/ranges.h"
#include "stats/survey_file.h"

#include <math.h>

/* Opsets in which Q and DQ have a scale per channel, and 16 bits. */
enum { PER_CHANNEL_OPSET = 13, SIXTEEN_BIT_OPSET = 21 };

/* Ranges from fewer samples than this are told to be uncertain. */
enum { FEW_SAMPLES = 16 };

/* --- what the target takes -------------------------------------------------------------------- */

static const struct { const char *name; pare_dtype dtype; int32_t low, high; } types[] = {
    [PARE_QUANTIZE_ACTIVATIONS_UINT8] = { "uint8", PARE_UINT8, 0, UINT8_MAX },
    [PARE_QUANTIZE_ACTIVATIONS_INT8] = { "int8", PARE_INT8, INT8_MIN, INT8_MAX },
    [PARE_QUANTIZE_ACTIVATIONS_UINT16] = { "uint16", PARE_UINT16, 0, UINT16_MAX },
    [PARE_QUANTIZE_ACTIVATIONS_INT16] = { "int16", PARE_INT16, INT16_MIN, INT16_MAX },
};

static bool is_16_bit(const pare_quantize_settings *s)
{
    return s->activations == PARE_QUANTIZE_ACTIVATIONS_UINT16 ||
           s->activations == PARE_QUANTIZE_ACTIVATIONS_INT16;
}

static void choose_activation(pare_static_job *job)
{
    const pare_target_quant *rules = &job->q->opts->rules->quant;
    const int type = job->q->s->activations;
    bool found = false;
    job->in.activation = types[type].dtype;
    job->form = (pare_grid_form){ types[type].low, types[type].high, false };
    for (size_t i = 0; i < rules->n_activations && !found; i++) {
        if (!pare_str_eq(rules->activations[i].type, types[type].name)) continue;
        found = true;
        job->form.symmetric = !rules->activations[i].zero_point;
    }
    if (!found)
        pare_warn(job->q->ctx,
                  "the target has no kernels with %s activations: it will compute with floats "
                  "around Q and DQ, which is slower than the model was", types[type].name);
}

static pare_status choose_forms(pare_static_job *job)
{
    const pare_target_quant *rules = &job->q->opts->rules->quant;
    const pare_quant_form *weight = NULL;
    for (size_t i = 0; i < rules->n_weights && !weight; i++)
        if (pare_str_eq(rules->weights[i].type, "int8") && rules->weights[i].per != PARE_PER_BLOCK)
            weight = &rules->weights[i];
    if (!job->q->opts->rules->has_quant || !weight)
        return pare_fail(job->q->ctx, PARE_EUNSUPPORTED,
                         "the target's rules have no signed weights of 8 bits");
    choose_activation(job);
    job->in.weight = (pare_weight_form){
        .low = -127, .high = 127, .symmetric = true,
        .pair_safe = rules->saturation == PARE_SATURATES16 && !is_16_bit(job->q->s),
    };
    job->in.per_channel = weight->per == PARE_PER_CHANNEL && !job->q->s->per_tensor;
    job->in.pool = job->q->opts->pool;
    return PARE_OK;
}

static pare_status equalize(pare_static_job *job)
{
    pare_quantizing *const q = job->q;
    const pare_equalize_opts opts = {
        .form = &job->in.weight, .per_tensor = !job->in.per_channel,
        .always = (q->s->correct & PARE_CORRECT_EQUALIZE) != 0, .data = q->opts->data,
        .pool = q->opts->pool,
    };
    if (!pare_quantizing_corrects(q, PARE_CORRECT_EQUALIZE)) return PARE_OK;
    return pare_equalize(q->ctx, q->model, &opts, &q->report->equalized);
}

static pare_status smooth(pare_static_job *job)
{
    pare_quantizing *const q = job->q;
    const bool asked = (q->s->correct & PARE_CORRECT_SMOOTH) != 0;
    const pare_smooth_opts opts = {
        .form = &job->in.weight, .grid = &job->form, .per_tensor = !job->in.per_channel,
        .always = asked, .may_insert = asked, .data = q->opts->data, .pool = q->opts->pool,
    };
    if (!pare_quantizing_corrects(q, PARE_CORRECT_SMOOTH) || !q->opts->data) return PARE_OK;
    return pare_smooth(q->ctx, q->model, &opts, &q->report->smoothed);
}

/* --- placement -------------------------------------------------------------------------------- */

static bool keeps_float(void *user, pare_node_id node)
{
    const pare_keep keep = pare_quantizing_keep(user, node);
    return keep != PARE_KEEP_ASKED && keep != PARE_KEEP_INT8 && keep != PARE_KEEP_INT16;
}

/* Why a product was not placed. */
static const char *reason_of(const pare_quantizing *q, const pare_shapes *shapes, pare_node_id id)
{
    const pare_node *n = &q->model->nodes[id];
    const pare_info *x = n->n_inputs && n->inputs[0].value != PARE_NONE
                             ? &shapes->infos[n->inputs[0].value]
                             : NULL;
    pare_linear l;
    switch (pare_quantizing_keep(q, id)) {
    case PARE_KEEP_FLOAT:
        return q->opts->keeps && id < q->opts->n_keeps && q->opts->keeps[id] == PARE_KEEP_FLOAT
                   ? "left for the limits"
                   : "left by a pattern";
    case PARE_KEEP_INT8_WEIGHTS: return "its weights alone become integers";
    case PARE_KEEP_INT4:
    case PARE_KEEP_INT2: return "its weights alone get fewer bits";
    case PARE_KEEP_NO_RANGE: return "without data nothing tells the range of its input or output";
    default: break;
    }
    if (x && pare_info_is_tensor(x) && x->dtype != PARE_FLOAT) return "its input is no float32";
    if (!pare_linear_of(q->ctx, &l, q->model, id)) return "its weights are not constant";
    if (l.factor != 1 || l.bias_factor != 1) return "it has a factor (alpha or beta) other than 1";
    if (l.input_axis == 0) return "its input is transposed";
    return "the target has no integer operator for it, or what reads it";
}

static bool is_product(const pare_node *n)
{
    return !*pare_node_domain(n) &&
           (pare_str_eq(n->op_type, "Conv") || pare_str_eq(n->op_type, "Gemm") ||
            pare_str_eq(n->op_type, "MatMul") || pare_str_eq(n->op_type, "ConvTranspose"));
}

static pare_status tell_left(pare_static_job *job, const pare_shapes *shapes)
{
    const pare_placement *p = job->placement;
    pare_quantizing *const q = job->q;
    for (pare_node_id id = 0; id < p->n_nodes; id++) {
        const pare_node *n = &q->model->nodes[id];
        if (n->graph != q->model->graph || p->roles[id] == PARE_PLACE_PRODUCT || !is_product(n))
            continue;
        PARE_TRY(pare_quantizing_left(q, id, reason_of(q, shapes, id)));
    }
    return PARE_OK;
}

pare_status pare_static_place(pare_static_job *job)
{
    pare_quantizing *const q = job->q;
    const pare_place_opts opts = { keeps_float, q };
    pare_shapes *shapes = NULL;
    pare_placement_free(q->ctx, job->placement);
    pare_free(q->ctx, job->grids);
    job->placement = NULL;
    job->grids = NULL;
    q->report->n_left = 0;
    pare_status st = pare_infer(q->ctx, &shapes, q->model, NULL);
    if (!st)
        st = pare_place(q->ctx, &job->placement, q->model, shapes, q->opts->rules, &opts);
    if (!st) st = tell_left(job, shapes);
    pare_shapes_free(q->ctx, shapes);
    if (st) return st;
    q->report->n_products = job->placement->n_products;
    q->report->n_float_products = job->placement->n_float_products;
    const size_t n_bytes = (job->placement->n_values + 1) * sizeof(*job->grids);
    job->grids = pare_alloc_zero(q->ctx, n_bytes);
    return job->grids ? PARE_OK : pare_fail_memory(q->ctx, n_bytes);
}

/* --- ranges ----------------------------------------------------------------------------------- */

static bool is_automatic(const pare_static_job *job)
{
    return job->q->s->calibration == PARE_QUANTIZE_CALIBRATION_AUTO && job->q->opts->data;
}

/* Histograms of all quantized values; apart, those of samples that ranges are judged by. */
static pare_status run_samples(pare_static_job *job)
{
    pare_quantizing *const q = job->q;
    const pare_placement *p = job->placement;
    const size_t n_bytes = (p->n_values + 1) * sizeof(pare_survey_item);
    pare_survey_item *items = pare_alloc(q->ctx, n_bytes);
    size_t n = 0;
    if (!items) return pare_fail_memory(q->ctx, n_bytes);
    for (pare_value_id v = 0; v < p->n_values; v++)
        if (p->quantized[v]) items[n++] = (pare_survey_item){ v, PARE_NO_AXIS };
    pare_survey_opts how = { .items = items, .n_items = n,
                             .n_samples = q->opts->data->n - job->held_out };
    pare_status st =
        pare_survey_run(q->ctx, &job->survey, q->model, q->opts->data, q->opts->pool, &how);
    how.first = how.n_samples;
    how.n_samples = job->held_out;
    if (!st && job->held_out)
        st = pare_survey_run(q->ctx, &job->rest, q->model, q->opts->data, q->opts->pool, &how);
    pare_free(q->ctx, items);
    return st;
}

static bool is_looked_at(const pare_survey *s, pare_value_id v)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->values[i].item.value == v) return true;
    return false;
}

/* What an earlier calibration found of these very values. */
static pare_status read_stats(pare_static_job *job, const pare_survey_origin *origin)
{
    pare_quantizing *const q = job->q;
    const pare_placement *p = job->placement;
    pare_survey *both[2];
    PARE_TRY(pare_survey_decode(q->ctx, both, 2, q->opts->stats, q->opts->n_stats, q->model,
                                origin));
    job->survey = both[0];
    job->rest = both[1];
    job->held_out = job->rest ? job->rest->n_samples : 0;
    for (pare_value_id v = 0; v < p->n_values; v++) {
        if (!p->quantized[v] ||
            (is_looked_at(job->survey, v) && (!job->rest || is_looked_at(job->rest, v))))
            continue;
        return pare_fail(q->ctx, PARE_EFORMAT,
                         "the statistics do not have value '%s': they were made with other options",
                         q->model->values[v].name);
    }
    if (q->opts->data && job->survey->n_samples + job->held_out != q->opts->data->n)
        return pare_fail(q->ctx, PARE_EFORMAT, "the statistics are of %llu samples, the data of "
                                               "%llu",
                         (unsigned long long)(job->survey->n_samples + job->held_out),
                         (unsigned long long)q->opts->data->n);
    return PARE_OK;
}

static pare_status look(pare_static_job *job)
{
    pare_quantizing *const q = job->q;
    pare_survey_origin origin = { 0 };
    if (q->opts->n_stats || q->opts->keep_stats) {
        PARE_TRY(pare_survey_model_hash(q->ctx, &origin.model, q->model));
        if (q->opts->data) PARE_TRY(pare_survey_data_hash(q->ctx, &origin.data, q->opts->data));
    }
    if (is_automatic(job)) job->held_out = pare_ranges_held_out(q->opts->data->n);
    PARE_TRY(q->opts->n_stats ? read_stats(job, &origin) : run_samples(job));
    q->report->n_samples = job->survey->n_samples + (job->rest ? job->rest->n_samples : 0);
    if (!q->opts->keep_stats || q->opts->n_stats) return PARE_OK;
    const pare_survey *const both[] = { job->survey, job->rest };
    return pare_survey_encode(q->ctx, &q->report->stats, q->model, both, job->rest ? 2 : 1,
                              &origin);
}

/* Refuses what cannot give a range; tells what makes one doubtful. */
static pare_status doubt(pare_static_job *job)
{
    pare_quantizing *const q = job->q;
    const pare_survey *s = job->survey;
    const char *worst = NULL;
    q->report->n_bad = 0;
    for (size_t i = 0; i < s->n; i++) {
        const pare_survey_value *v = &s->values[i];
        const pare_value *value = &q->model->values[v->item.value];
        if (!v->histogram.n_bad) continue;
        if (value->producer == PARE_NONE || !v->histogram.n)
            return pare_fail(q->ctx, PARE_EFORMAT,
                             "%s '%s': %llu of %llu numbers are NaN or infinite in the calibration "
                             "data; 'pare data check' shows which samples",
                             value->producer == PARE_NONE ? "input" : "value", value->name,
                             (unsigned long long)v->histogram.n_bad,
                             (unsigned long long)(v->histogram.n + v->histogram.n_bad));
        if (!worst) worst = value->name;
        q->report->n_bad += v->histogram.n_bad;
    }
    if (worst)
        pare_warn(q->ctx,
                  "%llu numbers of activations were NaN or infinite and count for no range, first "
                  "in '%s'", (unsigned long long)q->report->n_bad, worst);
    const uint64_t n = q->report->n_samples;
    if (n < FEW_SAMPLES)
        pare_warn(q->ctx, "ranges come from %llu sample%s only: others may well exceed them",
                  (unsigned long long)n, n == 1 ? "" : "s");
    return PARE_OK;
}

static pare_range_method method_of(const pare_quantize_settings *s)
{
    switch ((pare_quantize_calibration)s->calibration) {
    case PARE_QUANTIZE_CALIBRATION_MINMAX: return PARE_RANGE_MINMAX;
    case PARE_QUANTIZE_CALIBRATION_ENTROPY: return PARE_RANGE_ENTROPY;
    case PARE_QUANTIZE_CALIBRATION_PERCENTILE: return PARE_RANGE_PERCENTILE;
    default: return PARE_RANGE_MSE;
    }
}

static pare_status choose_grids(pare_static_job *job)
{
    pare_quantizing *const q = job->q;
    const pare_ranges_opts opts = {
        .placement = job->placement, .form = &job->form, .automatic = is_automatic(job),
        .method = method_of(q->s), .percentile = q->s->percentile, .data = q->opts->data,
        .pool = q->opts->pool, .n_samples = job->held_out,
        .first = job->held_out && q->opts->data ? q->opts->data->n - job->held_out : 0,
    };
    return pare_ranges_choose(q->ctx, job->grids, q->model, job->survey, job->rest, &opts,
                              &q->report->ranges);
}

/* What single products are to read in 16 bits: all that was seen of it, which there is room for. */
static void widen(pare_static_job *job)
{
    const pare_quantizing *q = job->q;
    const pare_placement *p = job->placement;
    const bool is_signed = job->form.low < 0;
    const pare_grid_form wide = { is_signed ? INT16_MIN : 0, is_signed ? INT16_MAX : UINT16_MAX,
                                  job->form.symmetric };
    for (pare_node_id id = 0; job->survey && id < p->n_nodes; id++) {
        if (p->roles[id] != PARE_PLACE_PRODUCT ||
            pare_quantizing_keep(q, id) != PARE_KEEP_INT16) continue;
        const pare_value_id x = p->grid[q->model->nodes[id].inputs[0].value];
        double low = 0, high = 0;
        for (size_t i = 0; i < job->survey->n; i++) {
            const pare_survey_value *seen = &job->survey->values[i];
            if (p->grid[seen->item.value] != x || !seen->histogram.n) continue;
            low = fmin(low, (double)seen->histogram.min);
            high = fmax(high, (double)seen->histogram.max);
        }
        job->grids[x] = pare_grid_of(&wide, low, high);
    }
}

/* ---------------------------------------------------------------------------------------------- */

static pare_status insert(pare_static_job *job)
{
    pare_quantizing *const q = job->q;
    pare_insert_counts counts;
    if (pare_quantizing_corrects(q, PARE_CORRECT_BIAS) && q->opts->data)
        PARE_TRY(pare_model_clone(q->ctx, &job->reference, q->model));
    job->in.placement = job->placement;
    job->in.grids = job->grids;
    if (pare_static_solves(q)) {
        PARE_TRY(pare_static_solution_find(job, &job->solution));
        job->in.solve = pare_static_solution_give;
        job->in.user = &job->solution;
    }
    PARE_TRY(pare_insert_quantization(q->ctx, q->model, &job->in, &counts));
    q->report->n_weights += counts.n_weights;
    q->report->n_biases += counts.n_biases;
    q->report->n_activations += counts.n_quantize;
    q->report->n_raised += counts.n_raised;
    q->report->safe_error += counts.safe_error;
    q->report->plain_error += counts.plain_error;
    return PARE_OK;
}

static pare_status correct_biases(pare_static_job *job)
{
    pare_quantizing *const q = job->q;
    const pare_correct_opts opts = { .data = q->opts->data, .pool = q->opts->pool };
    return pare_correct_biases(q->ctx, q->model, job->reference, &opts, &q->report->corrected);
}

static pare_status write_qoperator(pare_static_job *job)
{
    pare_quantizing *const q = job->q;
    pare_qoperator_counts counts;
    PARE_TRY(pare_write_qoperator(q->ctx, q->model, job->placement, q->opts->rules, &counts));
    if (counts.n_kept)
        pare_warn(q->ctx, "%llu operators stay between DequantizeLinear and QuantizeLinear: the "
                          "target has no single operator for them",
                  (unsigned long long)counts.n_kept);
    return PARE_OK;
}

static bool has_samples(const pare_static_job *job)
{
    return job->q->opts->data || job->q->opts->n_stats;
}

static pare_status learn_ranges(pare_static_job *job)
{
    PARE_TRY(equalize(job));
    PARE_TRY(smooth(job));
    PARE_TRY(pare_static_place(job));
    PARE_TRY(look(job));
    PARE_TRY(doubt(job));
    return choose_grids(job);
}

static pare_status run(pare_static_job *job)
{
    PARE_TRY(choose_forms(job));
    if (!has_samples(job)) {
        job->n_norms = job->q->model->n_values;
        PARE_TRY(pare_norm_ranges_begin(job->q->ctx, &job->norms, job->q->model));
    }
    PARE_TRY(pare_quantizing_prepare(job->q, is_16_bit(job->q->s) ? SIXTEEN_BIT_OPSET
                                                                  : PER_CHANNEL_OPSET));
    if (pare_quantizing_keeps_any(job->q, PARE_KEEP_INT16))
        PARE_TRY(pare_upgrade_opset(job->q->ctx, job->q->model, SIXTEEN_BIT_OPSET));
    PARE_TRY(has_samples(job) ? learn_ranges(job)
                              : pare_static_norm_ranges(job, &job->norms, job->n_norms));
    widen(job);
    PARE_TRY(insert(job));
    if (job->reference) PARE_TRY(correct_biases(job));
    if (job->q->s->format == PARE_QUANTIZE_QOPERATOR) PARE_TRY(write_qoperator(job));
    return PARE_OK;
}

pare_status pare_quantizing_static(pare_quantizing *q)
{
    pare_static_job job = { .q = q };
    const pare_status st = run(&job);
    pare_static_solution_free(q->ctx, &job.solution);
    pare_model_free(q->ctx, job.reference);
    pare_survey_free(q->ctx, job.survey);
    pare_survey_free(q->ctx, job.rest);
    pare_free(q->ctx, job.norms);
    pare_free(q->ctx, job.grids);
    pare_placement_free(q->ctx, job.placement);
    return st;
}
