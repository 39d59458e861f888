#include "cli/limits.h"

#include "formats/report/metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The figure that a limit is about; -1: samples tell. */
static const int metrics[PARE_N_LIMITS] = {
    [PARE_LIMIT_DROP] = -1,
    [PARE_LIMIT_AGREEMENT] = -1,
    [PARE_LIMIT_ENERGY] = PARE_METRIC_ENERGY,
    [PARE_LIMIT_LATENCY] = PARE_METRIC_LATENCY,
    [PARE_LIMIT_MACS] = PARE_METRIC_MACS,
    [PARE_LIMIT_PARAMS] = PARE_METRIC_PARAMS,
    [PARE_LIMIT_SIZE] = PARE_METRIC_SIZE,
    [PARE_LIMIT_FLASH] = PARE_METRIC_FLASH,
    [PARE_LIMIT_RAM] = PARE_METRIC_RAM,
};

int pare_limits_read(pare_app *app, pare_limits *out, const pare_limit_options *options)
{
    *out = (pare_limits){ 0 };
    for (int k = 0; k < PARE_N_LIMITS; k++) {
        if (!options->texts[k]) continue;
        if (pare_limit_read(&out->items[k], (pare_limit_kind)k, options->texts[k])) continue;
        const pare_limit_kind kind = (pare_limit_kind)k;
        pare_line message = { 0 };
        pare_line_add(&message, "option '--%s': expected %s, found '%s'", pare_limit_name(kind),
                      pare_limit_form(kind), options->texts[k]);
        return pare_app_error(app, PARE_EXIT_USAGE, message.text, NULL);
    }
    return PARE_EXIT_DONE;
}

bool pare_limits_any(const pare_limits *limits)
{
    for (int k = 0; k < PARE_N_LIMITS; k++)
        if (limits->items[k].given) return true;
    return false;
}

/* --- gates ------------------------------------------------------------------------------------ */

void pare_gates_init(pare_app *app, pare_gates *gates)
{
    *gates = (pare_gates){ 0 };
    pare_arena_init(&app->ctx, &gates->arena, 0);
}

void pare_gates_free(pare_gates *gates)
{
    pare_arena_free(&gates->arena);
    *gates = (pare_gates){ 0 };
}

/* NULL stays NULL; *ok becomes false when memory is short. */
static const char *keep(pare_gates *gates, const char *text, bool *ok)
{
    const char *const copy = pare_arena_str(&gates->arena, text);
    if (text && !copy) *ok = false;
    return copy;
}

pare_status pare_gates_add(pare_ctx *ctx, pare_gates *gates, const pare_report_gate *gate)
{
    bool ok = pare_arena_grow(&gates->arena, &gates->items, &gates->cap, gates->n + 1,
                              sizeof(gates->items[0]));
    pare_report_gate copy = { .passed = gate->passed, .comparable = gate->comparable };
    copy.name = keep(gates, gate->name, &ok);
    copy.model = keep(gates, gate->model, &ok);
    copy.limit = keep(gates, gate->limit, &ok);
    copy.value = keep(gates, gate->value, &ok);
    copy.reason = keep(gates, gate->reason, &ok);
    copy.remedy = keep(gates, gate->remedy, &ok);
    if (!ok) return pare_arena_fail(ctx, &gates->arena);
    gates->items[gates->n++] = copy;
    return PARE_OK;
}

/* --- judging ---------------------------------------------------------------------------------- */

/* The layer that has most of what a metric counts; NULL: layers do not tell. */
static const pare_report_layer *heaviest(const pare_report_model *model, int metric, double *share)
{
    const pare_report_layer *best = NULL;
    double most = 0, sum = 0;
    for (size_t i = 0; i < model->n_layers; i++) {
        const pare_report_layer *const layer = &model->layers[i];
        const double amount = metric == PARE_METRIC_ENERGY    ? layer->energy_uj
                              : metric == PARE_METRIC_LATENCY ? layer->latency_us
                              : metric == PARE_METRIC_MACS    ? (double)layer->macs
                                                              : 0;
        if (!(amount > 0)) continue;
        sum += amount;
        if (amount <= most) continue;
        most = amount;
        best = layer;
    }
    *share = sum > 0 ? most / sum : 0;
    return best;
}

/* What to try first, in words that hold whatever the model is. */
static void add_remedy(pare_line *line, const pare_report_model *model, int metric)
{
    double share = 0;
    const pare_report_layer *const layer = heaviest(model, metric, &share);
    if (layer) {
        pare_line_add(line, "look at layer '%.80s' (%.40s): it has %.0f %% of %s",
                      pare_str_or_empty(layer->name), pare_str_or_empty(layer->op), 100 * share,
                      pare_metrics[metric].same);
    } else if (metric == PARE_METRIC_RAM && model->n_peak) {
        char bytes[PARE_UNIT_BYTES];
        pare_unit_bytes(bytes, (double)model->peak[0].bytes);
        pare_line_add(line, "look at value '%.80s': it holds %s when memory is fullest",
                      pare_str_or_empty(model->peak[0].name), bytes);
    } else {
        pare_line_add(line, "store weights in fewer bits: int8 takes a quarter of float32, int4 an "
                            "eighth");
    }
}

/* A value as the limit is written: in per cent of the base, or in its unit. */
static void add_value(pare_line *line, const pare_metric *metric, bool relative, double value,
                      double base)
{
    char text[PARE_UNIT_BYTES];
    if (relative) pare_unit_percent(text, value / base);
    else metric->unit(text, value);
    pare_line_add(line, "%s", text);
}

/* With all digits, where three would hide that a limit is exceeded. */
static void add_exact(pare_line *line, const pare_metric *metric, bool relative, double value,
                      double base)
{
    if (relative) pare_line_add(line, "%.6g %%", 100 * value / base);
    else if (metric->unit == pare_unit_bytes) pare_line_add(line, "%.0f B", value);
    else if (metric->unit == pare_unit_count) pare_line_add(line, "%.0f", value);
    else pare_line_add(line, "%.6g %s", value, metric->unit == pare_unit_energy ? "mJ" : "ms");
}

typedef struct judged {
    const pare_metric *metric;
    pare_band value;
    double base, most; /* most that may remain */
    pare_band ratio;   /* to the base */
} judged;

/* Whether the band of what is compared has the limit inside. */
static bool is_close(const judged *j, bool relative)
{
    const pare_band band = relative ? j->ratio : j->value;
    const double most = relative ? j->most / j->base : j->most;
    return band.low < most && most < band.high;
}

static pare_status add_unknown(pare_ctx *ctx, pare_gates *gates, const pare_report *report,
                               const pare_report_model *model, pare_limit_kind kind,
                               const char *limit)
{
    pare_line reason = { 0 };
    pare_line_add(&reason, "%s is not known on target '%.80s'",
                  pare_metrics[metrics[kind]].short_title, report->targets[0].name);
    const pare_report_gate gate = {
        .name = pare_limit_name(kind), .model = model->name, .limit = limit, .value = "unknown",
        .reason = reason.text, .remedy = "name a target that tells it: pare targets lists them",
    };
    return pare_gates_add(ctx, gates, &gate);
}

static pare_status judge(pare_ctx *ctx, pare_gates *gates, const pare_limit *limit,
                         pare_limit_kind kind, const pare_report *report,
                         const pare_report_model *model)
{
    const pare_report_model *const base = &report->models[0];
    judged j = { .metric = &pare_metrics[metrics[kind]] };
    j.value = j.metric->value(&model->figures[0]);
    j.base = j.metric->value(&base->figures[0]).value;
    j.ratio = pare_metric_ratio(j.metric, base, model, 0);
    j.most = limit->relative ? limit->value * j.base : limit->value;
    if (!isfinite(j.value.value) || !isfinite(j.most) || (limit->relative && j.base == 0))
        return add_unknown(ctx, gates, report, model, kind, limit->text);
    pare_line text = { 0 }, most = { 0 }, reason = { 0 }, remedy = { 0 };
    const bool passed = j.value.value <= j.most * (1 + 1e-9);
    const bool close = is_close(&j, limit->relative);
    char found[PARE_UNIT_BYTES], over[PARE_UNIT_BYTES], may[PARE_UNIT_BYTES];
    add_value(&text, j.metric, limit->relative, j.value.value, j.base);
    add_value(&most, j.metric, limit->relative, j.most, j.base);
    if (!passed && pare_str_eq(text.text, most.text)) {
        pare_line_clear(&text);
        pare_line_clear(&most);
        add_exact(&text, j.metric, limit->relative, j.value.value, j.base);
        add_exact(&most, j.metric, limit->relative, j.most, j.base);
    }
    j.metric->unit(found, j.value.value);
    j.metric->unit(over, j.value.value - j.most);
    j.metric->unit(may, j.most);
    if (!passed) {
        pare_line_add(&reason, "%s: %s, %s above the %s that may remain", j.metric->short_title,
                      found, over, may);
        add_remedy(&remedy, model, metrics[kind]);
    }
    if (close)
        pare_line_add(&reason, "%sthe limit lies within the band of the estimate",
                      reason.n ? "; " : "");
    const pare_report_gate gate = {
        .name = pare_limit_name(kind), .model = model->name, .limit = most.text, .value = text.text,
        .passed = passed, .comparable = true, .reason = reason.n ? reason.text : NULL,
        .remedy = remedy.n ? remedy.text : NULL,
    };
    return pare_gates_add(ctx, gates, &gate);
}

pare_status pare_limits_judge(pare_ctx *ctx, pare_gates *gates, const pare_limits *limits,
                              const pare_report *report)
{
    for (size_t m = report->n_models > 1; m < report->n_models; m++) {
        for (int k = 0; k < PARE_N_LIMITS; k++) {
            if (!limits->items[k].given || metrics[k] < 0) continue;
            PARE_TRY(judge(ctx, gates, &limits->items[k], (pare_limit_kind)k, report,
                           &report->models[m]));
        }
    }
    return PARE_OK;
}

int pare_gates_print(pare_app *app, const pare_report_gate *gates, size_t n)
{
    int status = PARE_EXIT_DONE;
    for (size_t i = 0; i < n; i++) {
        const pare_report_gate *const gate = &gates[i];
        pare_line line = { 0 };
        pare_line_add(&line, "%s  %s: %.200s has %s, limit %s", gate->passed ? "holds" : "FAILS",
                      gate->name, pare_str_or_empty(gate->model), gate->value, gate->limit);
        pare_app_print(app, line.text);
        if (!gate->passed) status = PARE_EXIT_GATE;
        if (gate->reason) {
            pare_line_clear(&line);
            pare_line_add(&line, "       %s", gate->reason);
            pare_app_print(app, line.text);
        }
        if (gate->remedy) {
            pare_line_clear(&line);
            pare_line_add(&line, "       try first: %s", gate->remedy);
            pare_app_print(app, line.text);
        }
    }
    return status;
}
