#include "cli/quantize_job.h"

#include "cli/figures_text.h"
#include "cli/number.h"

#include "formats/report/writer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N_SHOWN = 5 };

/* --- text ------------------------------------------------------------------------------------- */

/* "weights int8, activations uint8, 256 samples, ranges mixed, 20 biases corrected". */
static void print_chosen(const pare_quantize_job *job)
{
    const pare_quantize_report *r = &job->report;
    const pare_quantize_settings *s = &r->chosen;
    pare_line line = { 0 };
    pare_line_add(&line, "weights %s", pare_quantize_weights_names[s->weights]);
    if (s->weights == PARE_QUANTIZE_INT4 || s->weights == PARE_QUANTIZE_INT2)
        pare_line_add(&line, " (%s)", pare_quantize_algorithm_names[s->algorithm]);
    pare_line_add(&line, ", activations %s",
                  s->activations == PARE_QUANTIZE_ACTIVATIONS_NONE
                      ? "as they were"
                      : pare_quantize_activations_names[s->activations]);
    if (s->format) pare_line_add(&line, ", %s", pare_quantize_format_names[s->format]);
    if (r->n_samples) {
        pare_line_add(&line, ", ");
        pare_line_add_count(&line, r->n_samples);
        pare_line_add(&line, " samples");
    }
    if (r->corrected.n_corrected) {
        pare_line_add(&line, ", ");
        pare_line_add_count(&line, r->corrected.n_corrected);
        pare_line_add(&line, " biases corrected");
    }
    pare_app_print(job->app, line.text);
    if (r->why) pare_app_print(job->app, r->why);
}

/* What a limit on accuracy took to hold, or why it does not. */
static void print_within(const pare_quantize_job *job)
{
    const pare_within_report *w = &job->within;
    pare_line line = { 0 };
    if (!w->n_groups || !w->n_float) return;
    pare_line_add(&line, "%u of %u groups of products stay in floats for --max-drop: %u models "
                         "were judged, and %u looked at with one group in integers",
                  (unsigned)w->n_float, (unsigned)w->n_groups, w->n_trials, w->n_measured);
    pare_app_print(job->app, line.text);
    if (w->reason[0]) pare_app_print(job->app, w->reason);
}

/* The price of weights that are right on processors without dot products of bytes, too. */
static void print_safety(const pare_quantize_job *job)
{
    const pare_quantize_report *r = &job->report;
    pare_line line = { 0 };
    if (!(r->plain_error > 0) || !(r->safe_error > r->plain_error)) return;
    pare_line_add(&line, "weights cannot saturate on any processor, for %.2f times the squared "
                         "error: a target with exact sums (ort-x64-vnni) would gain %.1f dB",
                  r->safe_error / r->plain_error, 10 * log10(r->safe_error / r->plain_error));
    pare_app_print(job->app, line.text);
}

static void print_left(const pare_quantize_job *job)
{
    const pare_quantize_report *r = &job->report;
    const size_t shown = job->app->shared.verbose || r->n_left <= N_SHOWN ? r->n_left : N_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        pare_line line = { 0 };
        pare_line_add(&line, "left in floats: %.200s (%.60s): %.200s", r->left[i].node,
                      r->left[i].op, r->left[i].reason);
        pare_app_print(job->app, line.text);
    }
    if (shown < r->n_left) {
        pare_line line = { 0 };
        pare_line_add(&line, "and %zu more; --verbose names all", r->n_left - shown);
        pare_app_print(job->app, line.text);
    }
}

static pare_status print_oracle(const pare_quantize_job *job)
{
    const char *text = NULL;
    if (!job->oracle) return PARE_OK;
    PARE_TRY(pare_oracle_text(&job->app->ctx, &text, job->oracle));
    while (*text) {
        pare_line line = { 0 };
        const size_t n = strcspn(text, "\n");
        pare_line_add(&line, "%.*s", (int)n, text);
        pare_app_print(job->app, line.text);
        text += n + (text[n] == '\n');
    }
    return PARE_OK;
}

static void print_metric(const pare_quantize_job *job, pare_score_id id, const char *name)
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

static void print_evaluation(const pare_quantize_job *job)
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
static void print_worst(const pare_quantize_job *job)
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

static void print_written(const pare_quantize_job *job)
{
    pare_line line = { 0 };
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

static pare_status print_text(pare_quantize_job *job)
{
    pare_app *const app = job->app;
    if (app->shared.quiet) return PARE_OK;
    print_chosen(job);
    print_within(job);
    print_left(job);
    PARE_TRY(print_oracle(job));
    print_safety(job);
    print_evaluation(job);
    print_worst(job);
    if (app->shared.verbose && job->has_figures)
        PARE_TRY(pare_figures_print_comparison(app, &job->figures.report));
    (void)pare_gates_print(app, job->gates.items, job->gates.n);
    print_written(job);
    return PARE_OK;
}

/* --- JSON ------------------------------------------------------------------------------------- */

/* The one object of --json is the report itself. */
static pare_status print_json(pare_quantize_job *job)
{
    pare_doc doc = { .ctx = &job->app->ctx };
    pare_report_writer_json.write(&doc, &job->figures.report);
    if (!doc.status) fputs(pare_doc_text(&doc), stdout);
    const pare_status st = doc.status;
    pare_doc_free(&doc);
    return st;
}

/* Without estimates there is no report: what is known then. */
static int print_plain_json(pare_quantize_job *job)
{
    pare_json j;
    pare_app_begin_json(job->app, &j, "pare.quantize/1");
    pare_json_add_files(&j, "input", job->path, &job->in);
    pare_json_add_files(&j, "output", job->options->output, &job->out);
    pare_json_uint(&j, "products", job->report.n_products);
    pare_json_uint(&j, "float_products", job->report.n_float_products);
    pare_app_json_warnings(job->app, &j);
    return pare_app_print_json(job->app, &j);
}

/* --- the step, for reports -------------------------------------------------------------------- */

static pare_status add_step(pare_quantize_job *job)
{
    pare_figures *const f = &job->figures;
    pare_report *const r = &f->report;
    pare_report_step *step = pare_arena_zero(&f->arena, sizeof(*step));
    const char **skipped = pare_arena_array(&f->arena, job->report.n_left + 1, sizeof(*skipped));
    char text[1024];
    if (!step || !skipped) return pare_arena_fail(&job->app->ctx, &f->arena);
    pare_step_show(text, sizeof(text), &pare_step_quantize, &job->report.chosen);
    *step = (pare_report_step){
        .name = "quantize", .options = pare_arena_str(&f->arena, text), .seconds = job->seconds,
        .before = r->models[0].figures[0], .after = r->models[1].figures[0], .skipped = skipped,
        .n_skipped = job->report.n_left,
    };
    for (size_t i = 0; i < job->report.n_left; i++) {
        const pare_quantize_left *left = &job->report.left[i];
        snprintf(text, sizeof(text), "%.300s (%.100s): %.400s", left->node, left->op,
                 left->reason);
        skipped[i] = pare_arena_str(&f->arena, text);
        if (!skipped[i]) return pare_arena_fail(&job->app->ctx, &f->arena);
    }
    r->steps = step;
    r->n_steps = 1;
    return step->options ? PARE_OK : pare_arena_fail(&job->app->ctx, &f->arena);
}

int pare_quantize_show(pare_quantize_job *job)
{
    pare_app *const app = job->app;
    pare_report *const r = &job->figures.report;
    int status = PARE_EXIT_DONE;
    pare_status st = PARE_OK;
    r->warnings = (const char *const *)app->warnings;
    r->n_warnings = app->n_warnings;
    if (job->has_figures) st = add_step(job);
    if (!st && app->shared.json && !job->has_figures) status = print_plain_json(job);
    else if (!st) st = app->shared.json ? print_json(job) : print_text(job);
    if (st) return pare_app_fail(app, pare_exit_for_output(st), NULL);
    if (!status && job->has_figures) status = pare_figures_deliver(&job->figures);
    return status ? status : job->failed_gate ? PARE_EXIT_GATE : PARE_EXIT_DONE;
}
