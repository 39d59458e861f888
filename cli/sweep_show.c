#include "cli/sweep.h"

#include "cli/signals.h"

#include "formats/output.h"

#include <math.h>
#include <stdio.h>

enum { MAX_SHOWN = 44 };

/* --- means ------------------------------------------------------------------------------------ */

static bool is_priced(const pare_sweep *s)
{
    return s->job.rewrite.figures.report.models[0].figures[0].priced;
}

static double cost_of(const pare_sweep *s, const pare_report_figures *f)
{
    return is_priced(s) ? f->energy_mj.value : (double)f->file_bytes;
}

/* Of the input, which other seeds judge by other samples. */
static double base_value(const pare_sweep *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n_runs; i++) sum += s->runs[i].base_value;
    return s->n_runs ? sum / (double)s->n_runs : (double)NAN;
}

/* Means over seeds; the base is point 0. */
static void make_points(pare_sweep *s)
{
    const pare_report *const r = &s->job.rewrite.figures.report;
    const double base = base_value(s);
    s->points[0] = (pare_pareto_point){ .label = r->models[0].name,
                                        .x = cost_of(s, &r->models[0].figures[0]), .y = base,
                                        .y_low = base, .y_high = base, .is_base = true };
    for (size_t c = 0; c < s->n_combinations; c++) {
        pare_pareto_point *const p = &s->points[c + 1];
        double x = 0, y = 0, low = INFINITY, high = -INFINITY;
        size_t n = 0;
        for (size_t i = 0; i < s->n_runs; i++) {
            const pare_sweep_run *const run = &s->runs[i];
            if (run->combination != c || run->failure) continue;
            x += cost_of(s, &run->figures);
            y += run->value;
            low = fmin(low, run->value);
            high = fmax(high, run->value);
            n++;
        }
        const double none = (double)NAN;
        *p = (pare_pareto_point){ .label = s->labels[c], .x = n ? x / (double)n : none,
                                  .y = n ? y / (double)n : none, .y_low = n ? low : none,
                                  .y_high = n ? high : none };
    }
    pare_pareto_mark(s->points, s->n_combinations + 1);
}

/* Accuracy of models in the report, which has one for each combination. */
static void fill_accuracy(pare_sweep *s)
{
    const pare_report *const r = &s->job.rewrite.figures.report;
    if (s->metric >= PARE_N_SCORES || !pare_str_eq(pare_score_infos[s->metric].unit, "%")) return;
    for (size_t m = 0; m < r->n_models && m <= s->n_combinations; m++) {
        const pare_report_accuracy accuracy = {
            .metric = pare_score_infos[s->metric].name, .value = s->points[m].y,
            .low = s->points[m].y_low, .high = s->points[m].y_high, .samples = s->n_eval,
        };
        if (!isfinite(accuracy.value)) continue;
        for (size_t t = 0; t < r->n_targets; t++)
            ((pare_report_figures *)(uintptr_t)r->models[m].figures)[t].accuracy = accuracy;
    }
}

/* --- text ------------------------------------------------------------------------------------- */

static void value_text(const pare_sweep *s, char out[PARE_UNIT_BYTES], double value)
{
    const pare_score_info *const info = &pare_score_infos[s->metric];
    if (!isfinite(value)) snprintf(out, PARE_UNIT_BYTES, " ");
    else if (pare_str_eq(info->unit, "%"))
        snprintf(out, PARE_UNIT_BYTES, "%.2f %%", 100 * value);
    else snprintf(out, PARE_UNIT_BYTES, "%.4g %s", value, info->unit);
}

static void add_cell(pare_line *line, size_t width, const char *text)
{
    const size_t n = pare_text_columns(text);
    for (size_t i = n; i < width; i++) pare_line_add(line, " ");
    pare_line_add(line, "%s", text);
}

static const pare_sweep_run *first_run(const pare_sweep *s, size_t c)
{
    for (size_t i = 0; i < s->n_runs; i++)
        if (s->runs[i].combination == c) return &s->runs[i];
    return NULL;
}

static void print_row(const pare_sweep *s, const pare_report_figures *f,
                      const pare_pareto_point *p, const char *failure)
{
    char text[PARE_UNIT_BYTES];
    pare_line line = { 0 };
    pare_line_add(&line, "%s %.*s", p->on_front ? "*" : " ", MAX_SHOWN, p->label);
    pare_line_pad(&line, MAX_SHOWN + 3);
    pare_unit_bytes(text, (double)f->file_bytes);
    add_cell(&line, 9, text);
    pare_unit_energy(text, f->energy_mj.value);
    add_cell(&line, 10, f->priced ? text : "");
    pare_unit_time(text, f->latency_ms.value);
    add_cell(&line, 10, f->priced ? text : "");
    value_text(s, text, p->y);
    add_cell(&line, 11, text);
    if (p->y_low < p->y_high) {
        value_text(s, text, p->y_low);
        pare_line_add(&line, "  %s to", text);
        value_text(s, text, p->y_high);
        pare_line_add(&line, " %s", text);
    }
    if (failure) pare_line_add(&line, "  %.300s", failure);
    pare_app_print(s->app, line.text);
}

static void print_text(const pare_sweep *s)
{
    pare_line line = { 0 };
    const pare_report *const r = &s->job.rewrite.figures.report;
    pare_line_add(&line, "  on %.30s, %llu samples", r->targets[0].name,
                  (unsigned long long)s->n_eval);
    pare_line_pad(&line, MAX_SHOWN + 3);
    add_cell(&line, 9, "size");
    add_cell(&line, 10, "energy");
    add_cell(&line, 10, "latency");
    add_cell(&line, 11, pare_score_infos[s->metric].name);
    pare_app_print(s->app, line.text);
    print_row(s, &r->models[0].figures[0], &s->points[0], NULL);
    for (size_t c = 0; c < s->n_combinations; c++) {
        const pare_sweep_run *const run = first_run(s, c);
        if (run) print_row(s, &run->figures, &s->points[c + 1], run->failure);
    }
    pare_line_clear(&line);
    pare_line_add(&line, "* no other model is at least as good in %s and in %s",
                  pare_score_infos[s->metric].name, is_priced(s) ? "energy" : "size");
    pare_app_print(s->app, line.text);
    if (!s->cache.n_hits) return;
    pare_line_clear(&line);
    pare_line_add(&line, "%llu step%s taken from recipes that begin alike",
                  (unsigned long long)s->cache.n_hits, s->cache.n_hits == 1 ? " was" : "s were");
    pare_app_print(s->app, line.text);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_run(const pare_sweep *s, pare_json *j, const pare_sweep_run *run)
{
    pare_json_open_object(j, NULL);
    pare_json_open_object(j, "values");
    for (size_t i = 0; i < s->n_varied; i++)
        pare_json_text(j, s->varied[i].key, pare_sweep_value(s, run->combination, i));
    pare_json_close(j);
    pare_json_uint(j, "seed", run->seed);
    pare_json_uint(j, "file_bytes", run->figures.file_bytes);
    pare_json_real(j, "energy_mj", run->figures.priced ? run->figures.energy_mj.value
                                                       : (double)NAN);
    pare_json_real(j, "latency_ms", run->figures.priced ? run->figures.latency_ms.value
                                                        : (double)NAN);
    pare_json_uint(j, "ram_peak_bytes", run->figures.ram_peak_bytes);
    pare_json_real(j, "value", run->value);
    pare_json_real(j, "drop", run->drop);
    pare_json_real(j, "agreement", run->agreement);
    pare_json_bool(j, "on_front", s->points[run->combination + 1].on_front);
    pare_json_text(j, "failure", run->failure);
    pare_json_close(j);
}

static int print_json(const pare_sweep *s)
{
    pare_json j;
    pare_app_begin_json(s->app, &j, "pare.sweep/1");
    pare_json_text(&j, "metric", pare_score_infos[s->metric].name);
    pare_json_uint(&j, "samples", s->n_eval);
    pare_json_real(&j, "base_value", base_value(s));
    pare_json_uint(&j, "steps_from_cache", s->cache.n_hits);
    pare_json_open_array(&j, "runs");
    for (size_t i = 0; i < s->n_runs; i++) json_run(s, &j, &s->runs[i]);
    pare_json_close(&j);
    pare_app_json_warnings(s->app, &j);
    return pare_app_print_json(s->app, &j);
}

/* --- files ------------------------------------------------------------------------------------ */

static void csv_real(pare_doc *doc, double value)
{
    if (isfinite(value)) pare_doc_format(doc, ",%.6g", value);
    else pare_doc_put(doc, ",");
}

static void write_csv(const pare_sweep *s, pare_doc *doc)
{
    for (size_t i = 0; i < s->n_varied; i++) {
        pare_doc_csv(doc, s->varied[i].key);
        pare_doc_put(doc, ",");
    }
    pare_doc_format(doc, "seed,target,params,file_bytes,macs,energy_mj,latency_ms,ram_peak_bytes,"
                         "metric,value,drop,agreement,on_front,failure\r\n");
    for (size_t k = 0; k < s->n_runs; k++) {
        const pare_sweep_run *const run = &s->runs[k];
        const pare_report_figures *const f = &run->figures;
        for (size_t i = 0; i < s->n_varied; i++) {
            pare_doc_csv(doc, pare_sweep_value(s, run->combination, i));
            pare_doc_put(doc, ",");
        }
        pare_doc_format(doc, "%llu,", (unsigned long long)run->seed);
        pare_doc_csv(doc, s->job.rewrite.figures.report.targets[0].name);
        pare_doc_format(doc, ",%llu,%llu,%llu", (unsigned long long)f->params,
                        (unsigned long long)f->file_bytes, (unsigned long long)f->macs);
        csv_real(doc, f->priced ? f->energy_mj.value : (double)NAN);
        csv_real(doc, f->priced ? f->latency_ms.value : (double)NAN);
        pare_doc_format(doc, ",%llu,", (unsigned long long)f->ram_peak_bytes);
        pare_doc_csv(doc, pare_score_infos[s->metric].name);
        csv_real(doc, run->value);
        csv_real(doc, run->drop);
        csv_real(doc, run->agreement);
        pare_doc_format(doc, ",%d,", s->points[run->combination + 1].on_front);
        if (run->failure) pare_doc_csv(doc, run->failure);
        pare_doc_put(doc, "\r\n");
    }
}

static void unit_value(char out[PARE_UNIT_BYTES], double value)
{
    pare_unit_number(out, value);
}

static void write_svg(const pare_sweep *s, pare_doc *doc)
{
    const pare_score_info *const info = &pare_score_infos[s->metric];
    const pare_pareto_axis x = is_priced(s)
                                   ? (pare_pareto_axis){ "energy per inference", pare_unit_energy }
                                   : (pare_pareto_axis){ "size of the model", pare_unit_bytes };
    const pare_pareto_axis y = { info->name, pare_str_eq(info->unit, "%") ? pare_unit_percent
                                                                          : unit_value };
    pare_pareto_svg(doc, s->job.rewrite.figures.report.models[0].name, &x, &y, s->points,
                    s->n_combinations + 1);
}

static pare_status write_file(pare_sweep *s, const char *name,
                              void (*write)(const pare_sweep *, pare_doc *))
{
    char path[4200];
    pare_ctx *const ctx = &s->app->ctx;
    pare_output *out = NULL;
    pare_doc doc = { .ctx = ctx };
    write(s, &doc);
    snprintf(path, sizeof(path), "%s/%s", s->app->shared.report_dir, name);
    pare_status st = doc.status;
    if (!st) st = pare_output_open(ctx, &out, path);
    if (!st) st = pare_output_write(ctx, out, doc.text, doc.n);
    if (st) pare_output_abort(ctx, out);
    else st = pare_output_commit(ctx, out);
    pare_doc_free(&doc);
    return st;
}

static int write_files(pare_sweep *s)
{
    pare_figures *const f = &s->job.rewrite.figures;
    const int status = pare_figures_deliver(f);
    if (status || !s->app->shared.report_dir) return status;
    pare_signals_defer(true);
    pare_status st = write_file(s, "results.csv", write_csv);
    if (!st) st = write_file(s, "pareto.svg", write_svg);
    pare_signals_defer(false);
    if (st) return pare_app_fail(s->app, pare_exit_for_output(st), NULL);
    if (!s->app->shared.quiet && !s->app->shared.json)
        pare_app_print(s->app, "wrote pareto.svg there, and results.csv with a row per run");
    return PARE_EXIT_DONE;
}

/* ---------------------------------------------------------------------------------------------- */

int pare_sweep_show(pare_sweep *s)
{
    pare_rewrite *const w = &s->job.rewrite;
    const pare_score_id judged = s->metric;
    pare_status st = pare_figures_report(&w->figures, "sweep");
    pare_figures_computed(&w->figures, (uint64_t)s->options->compress.rewrite.seed);
    if (!st) st = pare_figures_data(&w->figures, "calibration", w->options->data, s->data, NULL);
    if (!st)
        st = pare_figures_data(&w->figures, "evaluation",
                               w->options->eval_data ? w->options->eval_data : w->options->data,
                               w->eval_data, pare_score_infos[judged].name);
    if (st) return pare_app_fail(s->app, pare_exit_for_output(st), NULL);
    make_points(s);
    fill_accuracy(s);
    int status = PARE_EXIT_DONE;
    if (s->app->shared.json) status = print_json(s);
    else if (!s->app->shared.quiet) print_text(s);
    return status ? status : write_files(s);
}
