#include "cli/figures_text.h"

#include "formats/report/metric.h"
#include "formats/report/verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 96, NARROW = 78, MARGIN = 25, NAME_COLUMNS = 34, MAX_NAMES = 5, WORDS_BYTES = 160 };

/* Where character number n of plain text begins, or its end. */
static size_t begin_of(const char *text, size_t n)
{
    size_t at = 0;
    while (n-- && text[at]) at += pare_utf8_printable(text + at);
    return at;
}

/* A name, escaped, and without its middle where it is long: names of layers differ least there. */
static void add_name(pare_line *line, const char *name, size_t columns)
{
    char plain[PARE_LINE_BYTES];
    pare_escape(plain, sizeof(plain), pare_str_or_empty(name));
    const size_t n = pare_text_columns(plain);
    if (n <= columns) {
        pare_line_add(line, "%s", plain);
        return;
    }
    const size_t head = begin_of(plain, columns / 3);
    const size_t tail = begin_of(plain, n - (columns - columns / 3 - 2));
    pare_line_add(line, "%.*s..%s", (int)head, plain, plain + tail);
}

static void print(pare_app *app, pare_line *line)
{
    while (line->n && line->text[line->n - 1] == ' ') line->text[--line->n] = '\0';
    pare_app_print(app, line->text);
    pare_line_clear(line);
}

static void add_right(pare_line *line, const char *text, size_t width)
{
    const size_t columns = pare_text_columns(text);
    pare_line_add(line, "%*s%s", columns < width ? (int)(width - columns) : 0, "", text);
}

/* Prints text in lines of at most `width` columns, broken between words. */
static void print_wrapped(pare_app *app, const char *text, size_t width)
{
    pare_line line = { 0 };
    while (*text) {
        const size_t n = strcspn(text, " ");
        if (line.n && line.n + 1 + n > width) print(app, &line);
        pare_line_add(&line, "%s%.*s", line.n ? " " : "", (int)n, text);
        text += n + strspn(text + n, " ");
    }
    if (line.n) print(app, &line);
}

/* --- one model -------------------------------------------------------------------------------- */

/* "  energy      412 mJ   196 mJ to 865 mJ" */
static void add_metric(pare_line *line, const char *title, const pare_metric *metric,
                       const pare_report_figures *f)
{
    const pare_band value = metric->value(f);
    char text[PARE_UNIT_BYTES], low[PARE_UNIT_BYTES], high[PARE_UNIT_BYTES];
    pare_line_add(line, "  %-11s", title);
    metric->unit(text, value.value);
    add_right(line, text, 9);
    if (!isfinite(value.low) || !isfinite(value.high) || value.low == value.high) return;
    metric->unit(low, value.low);
    metric->unit(high, value.high);
    pare_line_add(line, "   %s to %s", low, high);
}

/* "compute 61 %, memory 22 %, static 15 %, overhead 2 %" */
static void add_terms(pare_line *line, const pare_report_figures *f)
{
    static const char *const names[] = { "compute", "memory", "static", "overhead" };
    pare_line_pad(line, MARGIN);
    for (size_t i = 0; i < PARE_REPORT_TERMS; i++)
        pare_line_add(line, "%s%s %.0f %%", i ? ", " : "", names[i],
                      100 * f->energy_terms_mj[i] / f->energy_mj.value);
}

static void print_priced(pare_app *app, const pare_report_figures *f)
{
    pare_line line = { 0 };
    if (!f->priced) return;
    add_metric(&line, "energy", &pare_metrics[PARE_METRIC_ENERGY], f);
    print(app, &line);
    if (f->energy_mj.value > 0) {
        add_terms(&line, f);
        print(app, &line);
    }
    if (!isfinite(f->latency_ms.value)) return;
    add_metric(&line, "latency", &pare_metrics[PARE_METRIC_LATENCY], f);
    print(app, &line);
}

static void print_operations(pare_app *app, const pare_report_figures *f)
{
    char macs[PARE_UNIT_BYTES], other[PARE_UNIT_BYTES], flops[PARE_UNIT_BYTES];
    pare_line line = { 0 };
    pare_unit_count(macs, (double)f->macs);
    pare_unit_count(other, (double)f->other_ops);
    pare_unit_count(flops, (double)f->flops);
    pare_line_add(&line, "  %-11s", "MACs");
    add_right(&line, macs, 9);
    pare_line_add(&line, "   and %s other operations: %s FLOPs", other, flops);
    print(app, &line);
}

static void print_traffic(pare_app *app, const pare_report_figures *f)
{
    char all[PARE_UNIT_BYTES], weights[PARE_UNIT_BYTES], activations[PARE_UNIT_BYTES];
    pare_line line = { 0 };
    pare_unit_bytes(all, (double)f->dram_traffic_bytes);
    pare_unit_bytes(weights, (double)f->weight_traffic_bytes);
    pare_unit_bytes(activations, (double)f->activation_traffic_bytes);
    pare_line_add(&line, "  %-11s", "traffic");
    add_right(&line, all, 9);
    pare_line_add(&line, "   weights %s, activations %s", weights, activations);
    print(app, &line);
}

/* Which layer runs at the peak, and what is alive then. */
static void print_ram(pare_app *app, const pare_report_model *model, const pare_report_figures *f,
                      bool first_target)
{
    pare_line line = { 0 };
    size_t peak = 0;
    for (size_t i = 0; i < model->n_ram_steps; i++)
        if (model->ram_steps[i] > model->ram_steps[peak]) peak = i;
    add_metric(&line, "peak RAM", &pare_metrics[PARE_METRIC_RAM], f);
    if (first_target && model->n_ram_steps && model->ram_step_names) {
        pare_line_add(&line, "   while ");
        add_name(&line, model->ram_step_names[peak], NAME_COLUMNS);
        pare_line_add(&line, " runs");
    }
    print(app, &line);
    for (size_t i = 0; first_target && i < model->n_peak && i < MAX_NAMES; i++) {
        char bytes[PARE_UNIT_BYTES];
        pare_unit_bytes(bytes, (double)model->peak[i].bytes);
        pare_line_pad(&line, MARGIN);
        add_right(&line, bytes, 8);
        pare_line_add(&line, "  ");
        add_name(&line, model->peak[i].name, NAME_COLUMNS + 10);
        print(app, &line);
    }
    if (first_target && model->n_peak > MAX_NAMES) {
        pare_line_pad(&line, MARGIN);
        pare_line_add(&line, "and %zu smaller", model->n_peak - MAX_NAMES);
        print(app, &line);
    }
}

static void print_unmodelled(pare_app *app, const pare_report_model *model)
{
    pare_line line = { 0 };
    if (!model->n_unmodelled) return;
    pare_line_add(&line, "  not counted, since what %s cost%s is not known:",
                  model->n_unmodelled == 1 ? "it" : "they", model->n_unmodelled == 1 ? "s" : "");
    print(app, &line);
    const size_t n = app->shared.verbose || model->n_unmodelled < MAX_NAMES ? model->n_unmodelled
                                                                            : MAX_NAMES;
    for (size_t i = 0; i < n; i++) {
        pare_line_add(&line, "    ");
        add_name(&line, model->unmodelled[i], 70);
        print(app, &line);
    }
    if (n < model->n_unmodelled) {
        pare_line_add(&line, "    and %zu more; --verbose lists all", model->n_unmodelled - n);
        print(app, &line);
    }
}

void pare_figures_print(pare_app *app, const pare_report *r, size_t m)
{
    const pare_report_model *const model = &r->models[m];
    for (size_t t = 0; t < r->n_targets; t++) {
        const pare_report_figures *const f = &model->figures[t];
        pare_line line = { 0 };
        putchar('\n');
        pare_line_add(&line, "One inference on %s", r->targets[t].name);
        if (r->targets[t].kind) pare_line_add(&line, " (%s", r->targets[t].kind);
        if (r->targets[t].kind && r->targets[t].boundary)
            pare_line_add(&line, ", energy of the %s", r->targets[t].boundary);
        if (r->targets[t].kind) pare_line_add(&line, ")");
        print(app, &line);
        print_priced(app, f);
        print_operations(app, f);
        print_traffic(app, f);
        print_ram(app, model, f, t == 0);
        add_metric(&line, "flash", &pare_metrics[PARE_METRIC_FLASH], f);
        print(app, &line);
        if (t == 0) print_unmodelled(app, model);
    }
    if (!r->use.sentence) return;
    putchar('\n');
    print_wrapped(app, r->use.sentence, NARROW);
}

/* --- layers ----------------------------------------------------------------------------------- */

static void add_unit(pare_line *line, void (*unit)(char out[PARE_UNIT_BYTES], double),
                     double value, size_t width)
{
    char text[PARE_UNIT_BYTES] = "";
    if (isfinite(value)) unit(text, value);
    add_right(line, text, width);
}

void pare_figures_print_layers(pare_app *app, const pare_report *r, size_t m)
{
    const pare_report_model *const model = &r->models[m];
    const double all = model->figures[0].energy_mj.value * 1000;
    pare_line line = { 0 };
    putchar('\n');
    pare_line_add(&line, "By layer on %s, what is done as one together:", r->targets[0].name);
    print(app, &line);
    pare_line_add(&line, "   energy  share      time      MACs   traffic  bound    layer");
    print(app, &line);
    for (size_t i = 0; i < model->n_layers; i++) {
        const pare_report_layer *const layer = &model->layers[i];
        add_unit(&line, pare_unit_energy, layer->energy_uj / 1000, 9);
        if (isfinite(layer->energy_uj) && all > 0)
            pare_line_add(&line, "%6.1f%%", 100 * layer->energy_uj / all);
        pare_line_pad(&line, 16);
        add_unit(&line, pare_unit_time, layer->latency_us / 1000, 10);
        add_unit(&line, pare_unit_count, (double)layer->macs, 10);
        add_unit(&line, pare_unit_bytes, (double)layer->traffic_bytes, 10);
        pare_line_add(&line, "  %-8s ", layer->modelled ? pare_str_or_empty(layer->bound) : "?");
        add_name(&line, layer->name, 2 * NAME_COLUMNS);
        pare_line_add(&line, " (");
        add_name(&line, layer->op, NAME_COLUMNS);
        pare_line_add(&line, ")");
        print(app, &line);
    }
}

/* --- many models ------------------------------------------------------------------------------ */

static const int columns[] = { PARE_METRIC_ENERGY, PARE_METRIC_LATENCY, PARE_METRIC_SIZE,
                               PARE_METRIC_RAM, PARE_METRIC_MACS, PARE_METRIC_PARAMS };

/* "0.31x 0.28-0.35" */
static void ratio_text(char out[WORDS_BYTES], pare_band ratio)
{
    out[0] = '\0';
    if (!isfinite(ratio.value)) return;
    if (ratio.low == ratio.high || !isfinite(ratio.low))
        snprintf(out, WORDS_BYTES, "%.3gx", ratio.value);
    else snprintf(out, WORDS_BYTES, "%.2fx %.2f-%.2f", ratio.value, ratio.low, ratio.high);
}

static void print_row(pare_app *app, const pare_report *r, size_t m, size_t t)
{
    static const size_t widths[] = { 10, 10, 10, 10, 9, 9 };
    const pare_report_model *const model = &r->models[m];
    pare_line line = { 0 };
    add_name(&line, model->name, NAME_COLUMNS);
    pare_line_pad(&line, NAME_COLUMNS);
    for (size_t c = 0; c < PARE_COUNT_OF(columns); c++) {
        const pare_metric *const metric = &pare_metrics[columns[c]];
        add_unit(&line, metric->unit, metric->value(&model->figures[t]).value, widths[c]);
    }
    print(app, &line);
}

/* The changes against the first model, in words, with bands. */
static pare_status print_changes(pare_app *app, const pare_report *r, size_t m, size_t t)
{
    static const int changes[] = { PARE_METRIC_ENERGY, PARE_METRIC_LATENCY, PARE_METRIC_SIZE,
                                   PARE_METRIC_RAM };
    pare_status st = PARE_OK;
    for (size_t c = 0; !st && c < PARE_COUNT_OF(changes); c++) {
        const pare_metric *const metric = &pare_metrics[changes[c]];
        const pare_band ratio = pare_metric_ratio(metric, &r->models[0], &r->models[m], t);
        pare_doc words = { .ctx = &app->ctx };
        char text[WORDS_BYTES];
        pare_line line = { 0 };
        if (!isfinite(ratio.value)) continue;
        ratio_text(text, ratio);
        pare_metric_words(&words, metric, ratio.value);
        if (ratio.low != ratio.high) {
            pare_doc_put(&words, " (");
            pare_band_words(&words, ratio);
            pare_doc_put(&words, ")");
        }
        pare_line_add(&line, "    %-9s %-16s %s", metric->short_title, text,
                      pare_doc_text(&words));
        print(app, &line);
        st = words.status;
        pare_doc_free(&words);
    }
    return st;
}

static pare_status print_table(pare_app *app, const pare_report *r, size_t t)
{
    pare_line line = { 0 };
    if (t) putchar('\n');
    pare_line_add(&line, "on %s", r->targets[t].name);
    pare_line_pad(&line, NAME_COLUMNS);
    pare_line_add(&line, "    energy   latency      size  peak RAM     MACs   params");
    print(app, &line);
    for (size_t m = 0; m < r->n_models; m++) {
        print_row(app, r, m, t);
        if (m) PARE_TRY(print_changes(app, r, m, t));
    }
    return PARE_OK;
}

static void print_ties(pare_app *app, const pare_report *r)
{
    if (r->n_ties) putchar('\n');
    for (size_t i = 0; i < r->n_ties; i++) {
        const pare_report_tie *const tie = &r->ties[i];
        pare_line line = { 0 };
        pare_line_add(&line, "The estimate cannot tell whether ");
        add_name(&line, r->models[tie->a].name, NAME_COLUMNS);
        pare_line_add(&line, " or ");
        add_name(&line, r->models[tie->b].name, NAME_COLUMNS);
        pare_line_add(&line, " takes %s on %s.",
                      pare_metric_find(tie->figure)->less, r->targets[tie->target].name);
        print_wrapped(app, line.text, WIDTH);
    }
}

pare_status pare_figures_print_comparison(pare_app *app, const pare_report *r)
{
    pare_doc verdict = { .ctx = &app->ctx };
    pare_line line = { 0 };
    for (size_t t = 0; t < r->n_targets; t++) PARE_TRY(print_table(app, r, t));
    print_ties(app, r);
    for (size_t m = 0; m < r->n_models; m++) {
        if (!r->models[m].n_unmodelled) continue;
        add_name(&line, r->models[m].name, NAME_COLUMNS);
        print(app, &line);
        print_unmodelled(app, &r->models[m]);
    }
    putchar('\n');
    (void)pare_verdict(&verdict, r);
    print_wrapped(app, pare_doc_text(&verdict), WIDTH);
    if (r->use.sentence) print_wrapped(app, r->use.sentence, WIDTH);
    const pare_status st = verdict.status;
    pare_doc_free(&verdict);
    return st;
}
