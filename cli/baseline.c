#include "cli/baseline.h"

#include "base/nearest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char defaults[] = "accuracy=0.2,energy=2%,size=1%";

static int fail_word(pare_app *app, const char *word, size_t n, const char *name)
{
    pare_line message = { 0 }, hint = { 0 };
    pare_nearest nearest = { .word = name };
    pare_line_add(&message, "option '--max-regress': expected a figure and how much worse it may "
                            "be, such as energy=2%%, found '%.*s'", (int)n, word);
    for (size_t i = 0; i < PARE_N_METRICS; i++) pare_nearest_try(&nearest, pare_metrics[i].key);
    if (nearest.name && !pare_metric_find(name)) {
        pare_line_add(&hint, "did you mean '%s'?", nearest.name);
    } else if (!pare_metric_find(name)) {
        pare_line_add(&hint, "figures are");
        for (size_t i = 0; i < PARE_N_METRICS; i++)
            pare_line_add(&hint, "%s %s", i ? "," : "", pare_metrics[i].key);
    }
    return pare_app_error(app, PARE_EXIT_USAGE, message.text, hint.text);
}

/* "2%" as 0.02; of accuracy "0.2" as points. */
static bool read_amount(double *out, const pare_metric *metric, const char *text)
{
    pare_limit limit;
    if (!pare_limit_read(&limit, metric->higher_is_better ? PARE_LIMIT_DROP : PARE_LIMIT_SIZE,
                         text)) return false;
    if (!metric->higher_is_better && !limit.relative) return false;
    *out = limit.value;
    return true;
}

int pare_regress_read(pare_app *app, pare_regress *out, const char *text)
{
    for (size_t i = 0; i < PARE_N_METRICS; i++) out->most[i] = (double)NAN;
    out->by_default = !text;
    for (const char *p = text ? text : defaults; p;) {
        char name[32], amount[32];
        const size_t n = strcspn(p, ","), n_name = strcspn(p, "=,");
        const bool fits = n_name < sizeof(name) && n_name < n && n - n_name - 1 < sizeof(amount);
        snprintf(name, sizeof(name), "%.*s", (int)n_name, p);
        const pare_metric *const metric = pare_metric_find(name);
        if (!fits || !metric) return fail_word(app, p, n, name);
        snprintf(amount, sizeof(amount), "%.*s", (int)(n - n_name - 1), p + n_name + 1);
        if (!read_amount(&out->most[metric - pare_metrics], metric, amount))
            return fail_word(app, p, n, name);
        p = p[n] ? p + n + 1 : NULL;
    }
    return PARE_EXIT_DONE;
}

/* --- judging ---------------------------------------------------------------------------------- */

static pare_status refuse(pare_ctx *ctx, pare_gates *gates, pare_report_gate *gate,
                          const char *reason)
{
    gate->value = "no comparison";
    gate->reason = reason;
    gate->remedy = "make the baseline anew: the same command with --report DIR";
    return pare_gates_add(ctx, gates, gate);
}

static pare_status judge_points(pare_ctx *ctx, pare_gates *gates, pare_report_gate *gate,
                                double before, double after, double most)
{
    pare_line limit = { 0 }, value = { 0 }, reason = { 0 };
    const double drop = 100 * (before - after);
    pare_line_add(&limit, "%.3g points less", most);
    if (fabs(drop) < 0.005) pare_line_add(&value, "the same"); /* a report has six digits */
    else pare_line_add(&value, "%.2f points %s", fabs(drop), drop > 0 ? "less" : "more");
    gate->limit = limit.text;
    gate->value = value.text;
    gate->comparable = true;
    gate->passed = drop <= most + 1e-3;
    pare_line_add(&reason, "accuracy fell from %.2f %% to %.2f %%", 100 * before, 100 * after);
    if (!gate->passed) {
        gate->reason = reason.text;
        gate->remedy = "see which samples broke, then undo the last change";
    }
    return pare_gates_add(ctx, gates, gate);
}

static pare_status judge_ratio(pare_ctx *ctx, pare_gates *gates, pare_report_gate *gate,
                               const pare_metric *metric, double before, double after, double most)
{
    pare_line limit = { 0 }, value = { 0 }, reason = { 0 };
    char was[PARE_UNIT_BYTES], is[PARE_UNIT_BYTES];
    const double ratio = before > 0 ? after / before : after > 0 ? (double)INFINITY : 1;
    pare_line_add(&limit, "+%.3g %%", 100 * most);
    const double change = 100 * (ratio - 1); /* a report has six digits */
    if (isfinite(ratio)) pare_line_add(&value, "%+.3g %%", fabs(change) < 1e-3 ? 0.0 : change);
    else pare_line_add(&value, "was 0");
    gate->limit = limit.text;
    gate->value = value.text;
    gate->comparable = true;
    gate->passed = ratio <= (1 + most) * (1 + 1e-5);
    metric->unit(was, before);
    metric->unit(is, after);
    pare_line_add(&reason, "%s grew from %s to %s", metric->short_title, was, is);
    if (!gate->passed) {
        gate->reason = reason.text;
        gate->remedy = "pare compare OLD NEW --report DIR shows which layers grew";
    }
    return pare_gates_add(ctx, gates, gate);
}

static pare_status judge(pare_ctx *ctx, pare_gates *gates, const pare_baseline *baseline,
                         size_t i, double most, const pare_report *report,
                         const pare_report_model *model)
{
    const pare_metric *const metric = &pare_metrics[i];
    const double before = baseline->values[i], after = metric->value(&model->figures[0]).value;
    char name[64];
    pare_doc why = { .ctx = ctx };
    pare_line limit = { 0 };
    snprintf(name, sizeof(name), "max-regress %s", metric->key);
    pare_line_add(&limit, metric->higher_is_better ? "%.3g points less" : "+%.3g %%",
                  metric->higher_is_better ? most : 100 * most);
    pare_report_gate gate = { .name = name, .model = model->name, .limit = limit.text };
    pare_baseline_differs(&why, baseline, metric, report);
    pare_status st = why.status;
    if (!st && why.n) st = refuse(ctx, gates, &gate, pare_doc_text(&why));
    else if (!st && !isfinite(before)) st = refuse(ctx, gates, &gate, "the baseline has no such "
                                                                       "figure");
    else if (!st && !isfinite(after)) st = refuse(ctx, gates, &gate, "this run has no such figure");
    else if (!st && metric->higher_is_better)
        st = judge_points(ctx, gates, &gate, before, after, most);
    else if (!st) st = judge_ratio(ctx, gates, &gate, metric, before, after, most);
    pare_doc_free(&why);
    return st;
}

pare_status pare_baseline_judge(pare_ctx *ctx, pare_gates *gates, const pare_baseline *baseline,
                                const pare_regress *regress, const pare_report *report)
{
    for (size_t m = report->n_models > 1; m < report->n_models; m++) {
        for (size_t i = 0; i < PARE_N_METRICS; i++) {
            const bool without_data = regress->by_default &&
                                      (pare_metrics[i].needs & PARE_NEEDS_DATA) &&
                                      !report->data_sha256 && !baseline->data_sha256;
            if (!isfinite(regress->most[i]) || without_data) continue;
            PARE_TRY(judge(ctx, gates, baseline, i, regress->most[i], report, &report->models[m]));
        }
    }
    return PARE_OK;
}

/* --- for verbs -------------------------------------------------------------------------------- */

int pare_against_read(pare_app *app, pare_against *out, const pare_baseline_options *options)
{
    *out = (pare_against){ 0 };
    if (options->max_regress && !options->path)
        return pare_app_error(app, PARE_EXIT_USAGE,
                              "--max-regress has an effect with --baseline only", NULL);
    const int status = pare_regress_read(app, &out->regress, options->max_regress);
    if (status || !options->path) return status;
    out->given = true;
    const pare_status st = pare_baseline_read(&app->ctx, &out->baseline, options->path);
    return st ? pare_app_fail(app, pare_exit_for_input(st), NULL) : PARE_EXIT_DONE;
}

void pare_against_free(pare_against *against)
{
    if (against->given) pare_baseline_free(&against->baseline);
    *against = (pare_against){ 0 };
}

/* Why the two cannot be compared, if so. */
static pare_status explain(pare_ctx *ctx, pare_arena *arena, pare_report_since_row *row,
                           const pare_against *against, size_t i, const pare_report *report)
{
    pare_doc why = { .ctx = ctx };
    pare_baseline_differs(&why, &against->baseline, &pare_metrics[i], report);
    pare_status st = why.status;
    if (!st && why.n && !(row->differs = pare_arena_str(arena, pare_doc_text(&why))))
        st = pare_arena_fail(ctx, arena);
    pare_doc_free(&why);
    return st;
}

static pare_status tell_since(pare_ctx *ctx, pare_arena *arena, const pare_against *against,
                              pare_report *report)
{
    const pare_report_model *const last = &report->models[report->n_models - 1];
    pare_report_since_row *const rows = pare_arena_array(arena, PARE_N_METRICS, sizeof(*rows));
    const char *const model = pare_arena_str(arena, pare_str_or_empty(against->baseline.model));
    size_t n = 0;
    if (!rows || !model) return pare_arena_fail(ctx, arena);
    for (size_t i = 0; i < PARE_N_METRICS; i++) {
        const double is = pare_metrics[i].value(&last->figures[0]).value;
        const double was = against->baseline.values[i];
        if (!isfinite(is) && !isfinite(was)) continue;
        rows[n] = (pare_report_since_row){ .figure = pare_metrics[i].key, .was = was, .is = is,
                                           .most = against->regress.most[i] };
        PARE_TRY(explain(ctx, arena, &rows[n++], against, i, report));
    }
    report->since = (pare_report_since){ *model ? model : NULL, against->baseline.tool_version,
                                         rows, n };
    return PARE_OK;
}

pare_status pare_against_judge(pare_ctx *ctx, pare_gates *gates, pare_arena *arena,
                               const pare_against *against, pare_report *report)
{
    if (!against->given) return PARE_OK;
    PARE_TRY(tell_since(ctx, arena, against, report));
    return pare_baseline_judge(ctx, gates, &against->baseline, &against->regress, report);
}
