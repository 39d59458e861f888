#include "recipe/quantize.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

const char *const pare_quantize_weights_names[] = {
    "auto", "int8", "int4", "int2", "float16", "bfloat16", NULL,
};

const char *const pare_quantize_activations_names[] = {
    "auto", "uint8", "int8", "uint16", "int16", "dynamic", "none", NULL,
};

const char *const pare_quantize_scheme_names[] = {
    "auto", "w8a8", "w8a8-dynamic", "w8a16", "w4a16", "w16a16", NULL,
};

const char *const pare_quantize_algorithm_names[] = {
    "auto", "rtn", "scale-fit", "gptq", "awq", "hqq", NULL,
};

const char *const pare_quantize_calibration_names[] = {
    "auto", "minmax", "percentile", "entropy", "mse", NULL,
};

const char *const pare_quantize_format_names[] = { "auto", "qdq", "qoperator", NULL };

const char *const pare_quantize_correct_names[] = {
    "auto", "equalize", "smooth", "bias", "none", NULL,
};

static const pare_option rows[] = { PARE_QUANTIZE_ROWS(0) };

/* --- telling ---------------------------------------------------------------------------------- */

/* "weights int8, activations uint8, qdq, 256 samples, 20 biases corrected". */
static pare_status tell_chosen(pare_ctx *ctx, pare_step_outcome *outcome,
                               const pare_quantize_report *r)
{
    const pare_quantize_settings *const s = &r->chosen;
    const bool has_few_bits = s->weights == PARE_QUANTIZE_INT4 || s->weights == PARE_QUANTIZE_INT2;
    const bool is_kept = s->activations == PARE_QUANTIZE_ACTIVATIONS_NONE;
    char samples[64] = "", biases[64] = "";
    if (r->n_samples)
        snprintf(samples, sizeof(samples), ", %" PRIu64 " samples", r->n_samples);
    if (r->corrected.n_corrected)
        snprintf(biases, sizeof(biases), ", %" PRIu64 " biases corrected",
                 (uint64_t)r->corrected.n_corrected);
    PARE_TRY(pare_step_say(ctx, outcome, "weights %s%s%s%s, activations %s%s%s%s%s",
                           pare_quantize_weights_names[s->weights], has_few_bits ? " (" : "",
                           has_few_bits ? pare_quantize_algorithm_names[s->algorithm] : "",
                           has_few_bits ? ")" : "",
                           is_kept ? "as they were"
                                   : pare_quantize_activations_names[s->activations],
                           s->format ? ", " : "",
                           s->format ? pare_quantize_format_names[s->format] : "", samples,
                           biases));
    return r->why ? pare_step_say(ctx, outcome, "%s", r->why) : PARE_OK;
}

#define CUT "--max-time ended the search: what was best by then is kept, as overrides"

/* What limits took to hold, or why they do not. */
static pare_status tell_within(pare_ctx *ctx, pare_step_outcome *outcome,
                               const pare_within_report *w)
{
    static const struct { pare_keep keep; const char *form; } others[] = {
        { PARE_KEEP_FLOAT, "stay in floats" },
        { PARE_KEEP_INT16, "read 16 bits" },
        { PARE_KEEP_INT8_WEIGHTS, "have weights alone in 8 bits" },
        { PARE_KEEP_INT8, "have weights in 8 bits" },
        { PARE_KEEP_INT4, "have weights alone in 4 bits" },
    };
    char forms[320] = "";
    size_t at = 0;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (w->n_by_keep[others[i].keep] && at < sizeof(forms))
            at += (size_t)snprintf(forms + at, sizeof(forms) - at, "%s%" PRIu64 " %s",
                                   at ? ", " : "", w->n_by_keep[others[i].keep], others[i].form);
    if (!w->n_groups || !at) return w->cut ? pare_step_say(ctx, outcome, CUT) : PARE_OK;
    PARE_TRY(pare_step_say(ctx, outcome, "of %" PRIu64 " groups of products %s, for the limits: %u "
                           "models were judged, and %u looked at with one group in another form",
                           w->n_groups, forms, w->n_trials, w->n_measured));
    if (w->cut) PARE_TRY(pare_step_say(ctx, outcome, CUT));
    return w->reason[0] ? pare_step_say(ctx, outcome, "%s", w->reason) : PARE_OK;
}

/* The price of weights that are right on processors without dot products of bytes, too. */
static pare_status tell_safety(pare_ctx *ctx, pare_step_outcome *outcome,
                               const pare_quantize_report *r)
{
    if (!(r->plain_error > 0) || !(r->safe_error > r->plain_error)) return PARE_OK;
    return pare_step_say(ctx, outcome, "weights cannot saturate on any processor, for %.2f times "
                         "the squared error of rounding: a target with exact sums (ort-x64-vnni) "
                         "would gain %.1f dB", r->safe_error / r->plain_error,
                         10 * log10(r->safe_error / r->plain_error));
}

pare_status pare_quantize_tell(pare_ctx *ctx, pare_step_outcome *outcome,
                               const pare_quantize_report *report,
                               const pare_within_report *within)
{
    PARE_TRY(pare_step_choose(ctx, outcome, &pare_step_quantize, &report->chosen));
    PARE_TRY(tell_chosen(ctx, outcome, report));
    PARE_TRY(tell_within(ctx, outcome, within));
    PARE_TRY(tell_safety(ctx, outcome, report));
    for (size_t i = 0; i < report->n_left; i++)
        PARE_TRY(pare_step_skip(ctx, outcome, report->left[i].node, report->left[i].op,
                                report->left[i].reason));
    outcome->cut = within->cut;
    outcome->drop = within->drop;
    if (!within->reason[0]) return PARE_OK;
    outcome->missed = pare_arena_str(&outcome->arena, within->reason);
    return outcome->missed ? PARE_OK : pare_arena_fail(ctx, &outcome->arena);
}

/* --- the step --------------------------------------------------------------------------------- */

static pare_status run(pare_ctx *ctx, pare_model *model, const void *settings,
                       const pare_step_env *env, pare_step_outcome *outcome)
{
    const pare_quantize_opts opts = {
        .settings = settings, .rules = &env->target->rules, .data = env->data, .pool = env->pool,
        .max_memory_bytes = env->max_memory_bytes, .stats = env->stats, .n_stats = env->n_stats,
    };
    const pare_within_opts limits = {
        .judge = env->judge, .max_drop = env->max_drop, .target = env->target,
        .min_agreement = env->min_agreement, .shapes = env->shapes, .batch = env->batch,
        .file_bytes = env->file_bytes, .max_ms = env->max_ms,
        .goals = { [PARE_WITHIN_ENERGY] = env->goals[PARE_LIMIT_ENERGY],
                   [PARE_WITHIN_LATENCY] = env->goals[PARE_LIMIT_LATENCY],
                   [PARE_WITHIN_SIZE] = env->goals[PARE_LIMIT_SIZE],
                   [PARE_WITHIN_FLASH] = env->goals[PARE_LIMIT_FLASH],
                   [PARE_WITHIN_RAM] = env->goals[PARE_LIMIT_RAM] },
    };
    pare_quantize_report report;
    pare_within_report within;
    pare_status st = pare_quantize_within(ctx, model, &opts, &limits, &report, &within);
    if (!st) st = pare_quantize_tell(ctx, outcome, &report, &within);
    pare_quantize_report_free(ctx, &report);
    return st;
}

const pare_step pare_step_quantize = {
    .name = "quantize",
    .summary = "Weights and activations in integers of 8 bits or fewer",
    .options = rows,
    .n_options = sizeof(rows) / sizeof(rows[0]),
    .settings_bytes = sizeof(pare_quantize_settings),
    .left = "left in floats",
    .run = run,
};
