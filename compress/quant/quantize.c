#include "quant/quantize.h"

#include "quant/static.h"

/* What the settings leave open. */
static void choose(const pare_quantize_opts *opts, pare_quantize_report *report)
{
    pare_quantize_settings *const s = &report->chosen;
    *s = *opts->settings;
    if (s->activations == PARE_QUANTIZE_ACTIVATIONS_AUTO)
        s->activations = PARE_QUANTIZE_ACTIVATIONS_UINT8;
    if (s->format == PARE_QUANTIZE_FORMAT_AUTO) s->format = PARE_QUANTIZE_QDQ;
    if (s->algorithm == PARE_QUANTIZE_ALGORITHM_AUTO) s->algorithm = PARE_QUANTIZE_RTN;
}

static pare_range_method method_of(const pare_quantize_settings *s)
{
    switch ((pare_quantize_calibration)s->calibration) {
    case PARE_QUANTIZE_CALIBRATION_MINMAX: return PARE_RANGE_MINMAX;
    case PARE_QUANTIZE_CALIBRATION_ENTROPY: return PARE_RANGE_ENTROPY;
    case PARE_QUANTIZE_CALIBRATION_MSE: return PARE_RANGE_MSE;
    default: return PARE_RANGE_PERCENTILE;
    }
}

/* Whether a correction was asked for, or is one of those that help as a rule. */
static bool corrects(const pare_quantize_settings *s, uint32_t correction)
{
    return s->correct == 0 || (s->correct & (PARE_CORRECT_AUTO | correction));
}

static pare_status quantize_static(pare_ctx *ctx, pare_model *model,
                                   const pare_quantize_opts *opts, pare_quantize_report *report)
{
    const pare_quantize_settings *const s = &report->chosen;
    const pare_static_opts how = { .rules = opts->rules, .data = opts->data, .pool = opts->pool,
                                   .automatic =
                                       s->calibration == PARE_QUANTIZE_CALIBRATION_AUTO,
                                   .method = method_of(s), .percentile = s->percentile,
                                   .per_tensor = s->per_tensor,
                                   .correct_bias = corrects(s, PARE_CORRECT_BIAS) };
    pare_static_report done;
    if (!opts->data)
        return pare_fail(ctx, PARE_EUSAGE,
                         "activations in integers need data that ranges are learnt from");
    PARE_TRY(pare_quantize_static(ctx, model, &how, &done));
    report->n_products = done.n_products;
    report->n_float_products = done.n_float_products;
    report->n_weights = done.written.n_weights;
    report->n_biases = done.written.n_biases;
    report->n_activations = done.written.n_quantize;
    report->n_raised = done.written.n_raised;
    report->n_samples = done.n_samples;
    report->n_bad = done.ranges.n_bad;
    return PARE_OK;
}

pare_status pare_quantize(pare_ctx *ctx, pare_model *model, const pare_quantize_opts *opts,
                          pare_quantize_report *report)
{
    *report = (pare_quantize_report){ 0 };
    pare_arena_init(ctx, &report->arena, 0);
    choose(opts, report);
    return quantize_static(ctx, model, opts, report);
}

void pare_quantize_report_free(pare_quantize_report *report)
{
    pare_arena_free(&report->arena);
}
