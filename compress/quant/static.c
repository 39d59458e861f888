#include "quant/static.h"

#include "base/bytes.h"
#include "op/infer.h"
#include "pass/pass.h"
#include "pass/upgrade.h"

/* The first in which Q and DQ have a scale per channel. */
enum { PER_CHANNEL_OPSET = 13 };

/* A grid form by the name of its element type. */
static bool form_of(const char *type, pare_dtype *dtype, pare_grid_form *form)
{
    static const struct { const char *name; pare_dtype dtype; int32_t low, high; } types[] = {
        { "uint8", PARE_UINT8, 0, UINT8_MAX }, { "int8", PARE_INT8, INT8_MIN, INT8_MAX },
        { "uint16", PARE_UINT16, 0, UINT16_MAX }, { "int16", PARE_INT16, INT16_MIN, INT16_MAX },
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (!pare_str_eq(type, types[i].name)) continue;
        *dtype = types[i].dtype;
        *form = (pare_grid_form){ types[i].low, types[i].high, false };
        return true;
    }
    return false;
}

/* The target's first form of activations, and of signed weights of 8 bits. */
static pare_status choose_forms(pare_ctx *ctx, const pare_static_opts *opts, pare_insertion *in,
                                pare_grid_form *activation)
{
    const pare_target_quant *q = &opts->rules->quant;
    bool found = false;
    for (size_t i = 0; i < q->n_activations && !found; i++) {
        found = form_of(q->activations[i].type, &in->activation, activation);
        activation->symmetric = !q->activations[i].zero_point;
    }
    const pare_quant_form *weight = NULL;
    for (size_t i = 0; i < q->n_weights && !weight; i++)
        if (pare_str_eq(q->weights[i].type, "int8") && q->weights[i].per != PARE_PER_BLOCK)
            weight = &q->weights[i];
    if (!opts->rules->has_quant || !found || !weight)
        return pare_fail(ctx, PARE_EUNSUPPORTED,
                         "the target's rules have no activations and signed weights of 8 bits");
    in->weight = (pare_weight_form){ -127, 127, true, 0, 0, q->saturation == PARE_SATURATES16 };
    in->per_channel = weight->per == PARE_PER_CHANNEL && !opts->per_tensor;
    return PARE_OK;
}

static pare_status fold(pare_ctx *ctx, pare_model *model)
{
    static const char *const names[] = { "fold-constants", "fold-affine", "dead-code" };
    pare_pass_stats stats = { 0 };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        PARE_TRY(pare_pass_run(ctx, model, pare_pass_find(names[i]), NULL, &stats));
    return PARE_OK;
}

/* Histograms of all quantized values, apart from those of samples held out, then one grid for those
 * that share it. */
static pare_status calibrate(pare_ctx *ctx, const pare_model *model, const pare_static_opts *opts,
                             const pare_placement *p, const pare_grid_form *form, pare_grid *grids,
                             pare_static_report *report)
{
    const uint64_t held_out = opts->automatic ? pare_ranges_held_out(opts->data->n) : 0;
    const uint64_t n_counted = opts->data->n - held_out;
    pare_survey_item *items = pare_alloc(ctx, (p->n_values + 1) * sizeof(*items));
    pare_survey *survey = NULL, *rest = NULL;
    size_t n = 0;
    if (!items) return pare_fail_memory(ctx, p->n_values * sizeof(*items));
    for (pare_value_id v = 0; v < p->n_values; v++)
        if (p->quantized[v]) items[n++] = (pare_survey_item){ v, PARE_NO_AXIS };
    pare_survey_opts how = { .items = items, .n_items = n, .n_samples = n_counted };
    pare_status st = pare_survey_run(ctx, &survey, model, opts->data, opts->pool, &how);
    how.first = n_counted;
    how.n_samples = held_out;
    if (!st && held_out) st = pare_survey_run(ctx, &rest, model, opts->data, opts->pool, &how);
    const pare_ranges_opts choice = {
        .placement = p, .form = form, .automatic = opts->automatic, .method = opts->method,
        .percentile = opts->percentile, .data = opts->data, .pool = opts->pool,
        .first = held_out ? n_counted : 0, .n_samples = held_out,
    };
    if (!st) st = pare_ranges_choose(ctx, grids, model, survey, rest, &choice, &report->ranges);
    if (!st) report->n_samples = survey->n_samples + (rest ? rest->n_samples : 0);
    pare_survey_free(ctx, survey);
    pare_survey_free(ctx, rest);
    pare_free(ctx, items);
    return st;
}

static pare_status quantize(pare_ctx *ctx, pare_model *model, const pare_static_opts *opts,
                            pare_insertion *in, const pare_grid_form *form,
                            pare_static_report *report)
{
    pare_shapes *shapes = NULL;
    pare_placement *placement = NULL;
    pare_grid *grids = NULL;
    pare_model *reference = NULL;
    pare_status st = pare_infer(ctx, &shapes, model, NULL);
    if (!st) st = pare_place(ctx, &placement, model, shapes, opts->rules, &opts->place);
    pare_shapes_free(ctx, shapes);
    if (!st && !(grids = pare_alloc_zero(ctx, (placement->n_values + 1) * sizeof(*grids))))
        st = pare_fail_memory(ctx, placement->n_values * sizeof(*grids));
    if (!st) st = calibrate(ctx, model, opts, placement, form, grids, report);
    in->placement = placement;
    in->grids = grids;
    if (!st && opts->correct_bias) st = pare_model_clone(ctx, &reference, model);
    if (!st) st = pare_insert_quantization(ctx, model, in, &report->written);
    const pare_correct_opts correct = { .data = opts->data, .pool = opts->pool };
    if (!st && reference)
        st = pare_correct_biases(ctx, model, reference, &correct, &report->corrected);
    pare_model_free(ctx, reference);
    if (!st) {
        report->n_products = placement->n_products;
        report->n_float_products = placement->n_float_products;
    }
    pare_free(ctx, grids);
    pare_placement_free(ctx, placement);
    return st;
}

pare_status pare_quantize_static(pare_ctx *ctx, pare_model *model, const pare_static_opts *opts,
                                 pare_static_report *report)
{
    pare_insertion in = { .pool = opts->pool };
    pare_grid_form form;
    *report = (pare_static_report){ 0 };
    PARE_TRY(choose_forms(ctx, opts, &in, &form));
    PARE_TRY(pare_upgrade_opset(ctx, model, PER_CHANNEL_OPSET));
    PARE_TRY(fold(ctx, model));
    return quantize(ctx, model, opts, &in, &form, report);
}
