#include "cli/rewrite.h"

#include "cli/figures_text.h"
#include "cli/number.h"

#include "formats/report/writer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N_SHOWN = 5 };

/* --- text ------------------------------------------------------------------------------------- */

void pare_rewrite_print_outcome(pare_app *app, const pare_step *step,
                                const pare_step_outcome *outcome)
{
    const size_t n = outcome->n_skipped;
    const size_t shown = app->shared.verbose || n <= N_SHOWN ? n : N_SHOWN;
    for (size_t i = 0; i < outcome->n_lines; i++) pare_app_print(app, outcome->lines[i]);
    for (size_t i = 0; i < shown; i++) {
        pare_line line = { 0 };
        pare_line_add(&line, "%s: %.300s: %.400s", step->left ? step->left : "left as it was",
                      outcome->skipped[i].node, outcome->skipped[i].reason);
        pare_app_print(app, line.text);
    }
    if (shown < n) {
        pare_line line = { 0 };
        pare_line_add(&line, "and %zu more; --verbose names all", n - shown);
        pare_app_print(app, line.text);
    }
}

static void print_metric(const pare_rewrite *job, pare_score_id id, const char *name)
{
    const pare_score_value *now = &job->evaluation.model.values[id];
    const pare_score_value *was = &job->evaluation.reference.values[id];
    const pare_score_info *info = &pare_score_infos[id];
    const bool is_share = pare_str_eq(info->unit, "%");
    pare_line line = { 0 };
    if (!now->n) return;
    pare_line_add(&line, "%s %.*f%s%s", name, is_share ? 2 : 4,
                  is_share ? 100 * now->value : now->value, *info->unit ? " " : "", info->unit);
    if (was->n && !info->needs_reference)
        pare_line_add(&line, ", was %.*f", is_share ? 2 : 4,
                      is_share ? 100 * was->value : was->value);
    pare_app_print(job->app, line.text);
}

static void print_evaluation(const pare_rewrite *job)
{
    pare_line line = { 0 };
    if (!job->evaluated) return;
    pare_line_add(&line, "judged on ");
    pare_line_add_count(&line, job->evaluation.n);
    pare_line_add(&line, " other samples:");
    pare_app_print(job->app, line.text);
    for (size_t i = 0; i < job->metrics.n; i++)
        if (job->metrics.items[i].id != PARE_N_SCORES)
            print_metric(job, job->metrics.items[i].id, job->metrics.items[i].name);
}

/* The values that lost most, in the order of the network; those below the fifth worst. */
static void print_worst(const pare_rewrite *job)
{
    const pare_layer_noise *noise = &job->noise;
    double worst[N_SHOWN];
    size_t n = 0;
    for (size_t i = 0; i < noise->n_rows; i++) {
        const double db = pare_layer_noise_db(&noise->rows[i]);
        size_t at = n;
        if (!isfinite(db)) continue;
        while (at > 0 && worst[at - 1] > db) at--;
        if (at == N_SHOWN) continue;
        if (n < N_SHOWN) n++;
        memmove(&worst[at + 1], &worst[at], (n - 1 - at) * sizeof(worst[0]));
        worst[at] = db;
    }
    for (size_t i = 0, left = n; left && i < noise->n_rows; i++) {
        const double db = pare_layer_noise_db(&noise->rows[i]);
        pare_line line = { 0 };
        if (!isfinite(db) || db > worst[n - 1]) continue;
        left--;
        pare_line_add(&line, "largest errors: %.200s (%.60s) %.1f dB", noise->rows[i].name,
                      pare_str_or_empty(noise->rows[i].op), db);
        pare_app_print(job->app, line.text);
    }
}

static void print_written(const pare_rewrite *job)
{
    pare_line line = { 0 };
    if (job->is_unchanged) {
        pare_app_print(job->app, "nothing was written");
        return;
    }
    if (job->options->dry_run) pare_line_add(&line, "would write %s: ", job->options->output);
    else
        pare_line_add(&line, "wrote %s: ", job->failed_gate ? job->rejected
                                                            : job->options->output);
    pare_line_add_files(&line, &job->out);
    pare_line_add(&line, ", was ");
    pare_line_add_files(&line, &job->in);
    pare_app_print(job->app, line.text);
    if (!job->failed_gate || job->options->dry_run) return;
    pare_line_clear(&line);
    pare_line_add(&line, "%s is as it was: a limit does not hold", job->options->output);
    pare_app_print(job->app, line.text);
}

static pare_status print_text(pare_rewrite *job, const pare_rewrite_show_opts *opts)
{
    pare_app *const app = job->app;
    if (app->shared.quiet) return PARE_OK;
    PARE_TRY(opts->print_text(job));
    print_evaluation(job);
    print_worst(job);
    if (app->shared.verbose && job->has_figures)
        PARE_TRY(pare_figures_print_comparison(app, &job->figures.report));
    (void)pare_gates_print(app, job->gates.items, job->gates.n);
    print_written(job);
    return opts->print_end ? opts->print_end(job) : PARE_OK;
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* The one object of --json is the report itself. */
static pare_status print_json(pare_rewrite *job)
{
    pare_doc doc = { .ctx = &job->app->ctx };
    pare_report_writer_json.write(&doc, &job->figures.report);
    if (!doc.status) fputs(pare_doc_text(&doc), stdout);
    const pare_status st = doc.status;
    pare_doc_free(&doc);
    return st;
}

/* Without estimates there is no report: what is known then. */
static int print_plain_json(pare_rewrite *job, const pare_rewrite_show_opts *opts)
{
    pare_json j;
    char schema[64];
    snprintf(schema, sizeof(schema), "pare.%s/1", job->verb);
    pare_app_begin_json(job->app, &j, schema);
    pare_json_add_files(&j, "input", job->path, &job->in);
    pare_json_add_files(&j, "output", job->options->output, &job->out);
    if (opts->add_json) opts->add_json(job, &j);
    pare_app_json_warnings(job->app, &j);
    return pare_app_print_json(job->app, &j);
}

/* --- steps, for reports ----------------------------------------------------------------------- */

static pare_status keep_skipped(pare_rewrite *job, pare_report_step *step,
                                const pare_step_outcome *outcome)
{
    pare_arena *const arena = &job->figures.arena;
    const char **skipped = pare_arena_array(arena, outcome->n_skipped + 1, sizeof(*skipped));
    if (!skipped) return pare_arena_fail(&job->app->ctx, arena);
    for (size_t i = 0; i < outcome->n_skipped; i++) {
        char text[1024];
        snprintf(text, sizeof(text), "%.402s: %.400s", outcome->skipped[i].node,
                 outcome->skipped[i].reason);
        skipped[i] = pare_arena_str(arena, text);
        if (!skipped[i]) return pare_arena_fail(&job->app->ctx, arena);
    }
    step->skipped = skipped;
    step->n_skipped = outcome->n_skipped;
    return PARE_OK;
}

static pare_status keep_removed(pare_rewrite *job, pare_report_step *step,
                                const pare_step_outcome *outcome)
{
    pare_arena *const arena = &job->figures.arena;
    const size_t n = outcome->n_removed;
    pare_report_removed *const removed = pare_arena_array(arena, n + 1, sizeof(*removed));
    if (!removed) return pare_arena_fail(&job->app->ctx, arena);
    for (size_t i = 0; i < n; i++) {
        removed[i] = outcome->removed[i];
        removed[i].name = pare_arena_str(arena, removed[i].name);
        removed[i].what = pare_arena_str(arena, removed[i].what);
        removed[i].why = pare_arena_str(arena, pare_str_or_empty(removed[i].why));
        if (!removed[i].name || !removed[i].what || !removed[i].why)
            return pare_arena_fail(&job->app->ctx, arena);
    }
    step->removed = removed;
    step->n_removed = n;
    return PARE_OK;
}

pare_status pare_rewrite_add_step(pare_rewrite *job, const char *name,
                                  const pare_step_outcome *outcome, double seconds,
                                  const pare_report_figures *before,
                                  const pare_report_figures *after)
{
    static const pare_report_figures none = { 0 };
    pare_arena *const arena = &job->figures.arena;
    if (!pare_arena_grow(arena, &job->steps, &job->steps_cap, job->n_steps + 1,
                         sizeof(job->steps[0])))
        return pare_arena_fail(&job->app->ctx, arena);
    pare_report_step *const step = &job->steps[job->n_steps];
    *step = (pare_report_step){
        .name = name, .options = pare_arena_str(arena, pare_str_or_empty(outcome->chosen)),
        .seconds = seconds, .before = before ? *before : none, .after = after ? *after : none,
    };
    if (!step->options) return pare_arena_fail(&job->app->ctx, arena);
    PARE_TRY(keep_skipped(job, step, outcome));
    PARE_TRY(keep_removed(job, step, outcome));
    job->n_steps++;
    return PARE_OK;
}

/* Figures that nobody gave are those of the whole. */
static void complete_steps(pare_rewrite *job)
{
    pare_report *const r = &job->figures.report;
    for (size_t i = 0; i < job->n_steps; i++) {
        if (!job->steps[i].before.file_bytes) job->steps[i].before = r->models[0].figures[0];
        if (!job->steps[i].after.file_bytes) job->steps[i].after = r->models[1].figures[0];
    }
    r->steps = job->steps;
    r->n_steps = job->n_steps;
}

/* ---------------------------------------------------------------------------------------------- */

int pare_rewrite_show(pare_rewrite *job, const pare_rewrite_show_opts *opts)
{
    pare_app *const app = job->app;
    pare_report *const r = &job->figures.report;
    int status = PARE_EXIT_DONE;
    pare_status st = PARE_OK;
    r->warnings = (const char *const *)app->warnings;
    r->n_warnings = app->n_warnings;
    if (job->has_figures) complete_steps(job);
    if (app->shared.json && !job->has_figures) status = print_plain_json(job, opts);
    else st = app->shared.json ? print_json(job) : print_text(job, opts);
    if (st) return pare_app_fail(app, pare_exit_for_output(st), NULL);
    if (!status && job->has_figures) status = pare_figures_deliver(&job->figures);
    return status ? status : job->failed_gate ? PARE_EXIT_GATE : PARE_EXIT_DONE;
}
