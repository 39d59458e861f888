#include "cli/compress_job.h"
#include "cli/number.h"
#include "cli/oracle_text.h"

#include "formats/onnx/mapping.h"
#include "formats/report/verdict.h"

#include <math.h>
#include <string.h>

enum { MAX_RECIPE_BYTES = 1 << 20 };

/* --- what was done ---------------------------------------------------------------------------- */

static void print_recipe(const pare_compress_job *job)
{
    pare_line line = { 0 };
    const pare_recipe *const asked = &job->asked;
    pare_line_add(&line, "recipe %.100s", asked->name);
    if (job->choice) pare_line_add(&line, " chose %s", job->choice->preset);
    if (job->choice && job->choice->why) pare_line_add(&line, ": %.400s", job->choice->why);
    pare_app_print(job->rewrite.app, line.text);
}

static void print_data(const pare_compress_job *job)
{
    const pare_rewrite *const w = &job->rewrite;
    pare_line line = { 0 };
    if (!w->data && !w->eval_data) {
        pare_app_print(w->app, "data: none, so nothing tells what the answers lose; --data DATA "
                               "lets ranges be learnt and the result be judged");
        return;
    }
    pare_line_add(&line, "data: ");
    if (w->data) {
        pare_line_add_count(&line, w->data->n);
        pare_line_add(&line, " samples to learn from%s", w->eval_data ? ", " : "");
    }
    if (w->eval_data) {
        pare_line_add_count(&line, w->eval_data->n);
        pare_line_add(&line, "%s to judge by, %s labels", w->data ? " others" : " samples",
                      w->eval_data->has_labels ? "with" : "without");
    }
    pare_app_print(w->app, line.text);
    if (job->has_check && !job->check.n_findings && job->check.is_compared)
        pare_app_print(w->app, "data check: the model is fed as it was trained, as far as these "
                               "samples tell");
}

static void add_ratio(pare_line *line, const char *what, double before, double after)
{
    if (before > 0 && isfinite(after)) pare_line_add(line, ", %s %.1f %%", what,
                                                     100 * after / before);
}

static void print_step(const pare_compress_job *job, const pare_driver_step *step)
{
    pare_app *const app = job->rewrite.app;
    pare_line line = { 0 };
    if (step->way) pare_line_add(&line, "way %zu, ", step->way);
    pare_line_add(&line, "step %s", step->from->step->name);
    if (step->outcome.chosen && *step->outcome.chosen)
        pare_line_add(&line, " %.300s", step->outcome.chosen);
    if (step->has_figures || step->after.file_bytes != step->before.file_bytes) {
        pare_line_add(&line, ": ");
        pare_line_add_bytes(&line, step->before.file_bytes);
        pare_line_add(&line, " to ");
        pare_line_add_bytes(&line, step->after.file_bytes);
        add_ratio(&line, "energy", step->before.energy_mj.value, step->after.energy_mj.value);
        add_ratio(&line, "latency", step->before.latency_ms.value, step->after.latency_ms.value);
        if (!step->from->step->is_neutral && !isnan(step->drop))
            pare_line_add(&line, ", drop %.2f", step->drop);
    }
    if (!step->kept) pare_line_add(&line, "; rolled back");
    pare_app_print(app, line.text);
    if (step->reason) {
        pare_line_clear(&line);
        pare_line_add(&line, "  %s: %.400s", step->kept ? "kept, though" : "since", step->reason);
        pare_app_print(app, line.text);
    }
    if (step->kept && !step->from->step->is_neutral)
        pare_rewrite_print_outcome(app, step->from->step, &step->outcome);
}

static pare_status print_text(pare_rewrite *w)
{
    const pare_compress_job *const job = w->user;
    print_recipe(job);
    print_data(job);
    for (size_t i = 0; i < job->result.n_steps; i++) {
        const pare_driver_step *const step = &job->result.steps[i];
        if (step->kept || !step->from->step->is_neutral) print_step(job, step);
    }
    if (job->result.way) {
        pare_line line = { 0 };
        pare_line_add(&line, "way %zu of %zu is the best that was tried", job->result.way,
                      pare_compress_recipe(job)->n_ways);
        pare_app_print(w->app, line.text);
    }
    return job->oracle && job->oracle->is_quantized ? pare_oracle_print(w->app, job->oracle)
                                                    : PARE_OK;
}

/* --- the verdict ------------------------------------------------------------------------------ */

static pare_status print_end(pare_rewrite *w)
{
    pare_doc doc = { .ctx = &w->app->ctx }, line = { .ctx = &w->app->ctx };
    if (!w->has_figures) return PARE_OK;
    const pare_tone tone = pare_verdict(&doc, &w->figures.report);
    pare_doc_format(&line, "%s: ", pare_verdict_heading(&w->figures.report, tone));
    pare_doc_put(&line, pare_doc_text(&doc));
    const pare_status st = doc.status ? doc.status : line.status;
    if (!st) pare_app_print(w->app, "");
    if (!st) pare_app_print(w->app, pare_doc_text(&line));
    if (!st && w->figures.report.use.sentence)
        pare_app_print(w->app, w->figures.report.use.sentence);
    pare_doc_free(&doc);
    pare_doc_free(&line);
    return st;
}

static pare_status add_steps(pare_compress_job *job)
{
    size_t last = 0;
    for (size_t i = 0; i < job->result.n_steps; i++)
        if (job->result.steps[i].kept) last = i;
    for (size_t i = 0; i < job->result.n_steps; i++) {
        const pare_driver_step *const s = &job->result.steps[i];
        if (!s->kept) continue;
        /* The last one's figures are those of what was written. */
        PARE_TRY(pare_rewrite_add_step(&job->rewrite, s->from->step->name, &s->outcome, s->seconds,
                                       &s->before, i == last ? NULL : &s->after));
    }
    return PARE_OK;
}

/* The recipe in full, for whoever wants to do it again. */
static pare_status keep_recipe(pare_compress_job *job)
{
    pare_figures *const f = &job->rewrite.figures;
    const pare_preset *const preset = pare_preset_find(pare_compress_recipe(job)->name);
    pare_buf *file = NULL;
    f->report.recipe = pare_compress_recipe(job)->name;
    f->report.recipe_text = preset ? preset->text : NULL;
    if (!job->options->recipe) return PARE_OK;
    PARE_TRY(pare_mapping_read(&f->app->ctx, &file, job->options->recipe, MAX_RECIPE_BYTES));
    char *const text = pare_arena_alloc(&f->arena, (size_t)file->n_bytes + 1);
    if (text) {
        memcpy(text, file->data, (size_t)file->n_bytes);
        text[file->n_bytes] = '\0';
    }
    f->report.recipe_text = text;
    pare_buf_unref(file);
    return text ? PARE_OK : pare_arena_fail(&f->app->ctx, &f->arena);
}

int pare_compress_show(pare_compress_job *job)
{
    pare_rewrite *const w = &job->rewrite;
    const pare_rewrite_show_opts how = { .print_text = print_text, .print_end = print_end };
    const pare_status st = add_steps(job);
    if (st) return pare_app_fail(w->app, pare_exit_for_output(st), NULL);
    w->figures.formats = job->asked.report_formats;
    w->figures.n_formats = job->asked.n_report_formats;
    if (w->has_figures) {
        const pare_status kept = keep_recipe(job);
        if (kept) return pare_app_fail(w->app, pare_exit_for_input(kept), NULL);
        const int status = pare_figures_use(&w->figures, job->options->use ? job->options->use
                                                                           : job->asked.use);
        if (status) return status;
    }
    return pare_rewrite_show(w, &how);
}
