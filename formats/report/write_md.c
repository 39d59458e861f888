#include "formats/report/join.h"
#include "formats/report/metric.h"
#include "formats/report/verdict.h"
#include "formats/report/writer.h"

#include "base/bytes.h"

#include <math.h>

enum { NAME_COLUMNS = 60, MAX_LAYERS = 15, MAX_MODELS = 40, MAX_NOTES = 20 };

static void put_name(pare_doc *doc, const char *name)
{
    char *const cut = pare_doc_cut(doc, name, NAME_COLUMNS);
    if (cut) pare_doc_code(doc, cut);
    pare_free(doc->ctx, cut);
}

static void put_value(pare_doc *doc, const pare_metric *metric, const pare_report_figures *f)
{
    char text[PARE_UNIT_BYTES];
    const double value = metric->value(f).value;
    if (isfinite(value)) metric->unit(text, value);
    pare_doc_put(doc, isfinite(value) ? text : "");
}

/* "64 to 73 % less" or, of one model, "5.1 mJ to 16 mJ". */
static void put_range(pare_doc *doc, const pare_metric *metric, pare_band band)
{
    char low[PARE_UNIT_BYTES], high[PARE_UNIT_BYTES];
    if (!(isfinite(band.low) && isfinite(band.high)) || band.low == band.high) return;
    metric->unit(low, band.low);
    metric->unit(high, band.high);
    pare_doc_format(doc, "%s to %s", low, high);
}

static void put_change(pare_doc *doc, const pare_report *r, const pare_metric *metric,
                       const pare_report_model *after)
{
    const pare_band ratio = pare_metric_ratio(metric, &r->models[0], after, 0);
    if (!isfinite(ratio.value)) return;
    if (metric->higher_is_better) {
        const pare_report_figures *const f = after->figures;
        pare_doc_format(doc, "%+.2f points",
                        100 * (metric->value(f).value -
                               metric->value(r->models[0].figures).value));
        return;
    }
    const bool matters = pare_tone_of(ratio) != PARE_TONE_PLAIN;
    pare_doc_put(doc, matters ? "**" : "");
    pare_metric_words(doc, metric, ratio.value);
    pare_doc_put(doc, matters ? "**" : "");
    if (ratio.low == ratio.high) return;
    pare_doc_put(doc, " (");
    pare_band_words(doc, ratio);
    pare_doc_put(doc, ")");
}

/* A row per figure: of one model with its range, of two with the change. */
static void put_figures(pare_doc *doc, const pare_report *r)
{
    const pare_report_model *const after = pare_report_after(r);
    pare_doc_put(doc, "| per inference, on ");
    put_name(doc, r->targets[0].name);
    pare_doc_put(doc, " | ");
    put_name(doc, r->models[0].name);
    pare_doc_put(doc, " | ");
    if (after) put_name(doc, after->name);
    pare_doc_put(doc, after ? " | change |\n|---|--:|--:|---|\n" : "range |\n|---|--:|---|\n");
    for (size_t i = 0; i < PARE_N_METRICS; i++) {
        const pare_metric *const metric = &pare_metrics[i];
        const pare_band value = metric->value(r->models[0].figures);
        if (!isfinite(value.value) && !(after && isfinite(metric->value(after->figures).value)))
            continue;
        pare_doc_format(doc, "| %s | ", metric->title);
        put_value(doc, metric, r->models[0].figures);
        pare_doc_put(doc, " | ");
        if (after) put_value(doc, metric, after->figures);
        else put_range(doc, metric, value);
        pare_doc_put(doc, " | ");
        if (after) put_change(doc, r, metric, after);
        pare_doc_put(doc, after ? " |\n" : "\n");
    }
}

/* A row per model. */
static void put_models(pare_doc *doc, const pare_report *r, size_t t)
{
    static const int columns[] = { PARE_METRIC_ENERGY, PARE_METRIC_LATENCY, PARE_METRIC_SIZE,
                                   PARE_METRIC_RAM, PARE_METRIC_ACCURACY };
    pare_doc_put(doc, "| on ");
    put_name(doc, r->targets[t].name);
    pare_doc_put(doc, " | energy | against the first | latency | size | peak RAM | accuracy |\n"
                      "|---|--:|---|--:|--:|--:|--:|\n");
    for (size_t i = 0; i < r->n_models && i < MAX_MODELS; i++) {
        const pare_report_model *const model = &r->models[i];
        pare_doc_put(doc, "| ");
        put_name(doc, model->name);
        for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++) {
            pare_doc_put(doc, " | ");
            put_value(doc, &pare_metrics[columns[c]], &model->figures[t]);
            if (columns[c] != PARE_METRIC_ENERGY) continue;
            const pare_band ratio =
                pare_metric_ratio(&pare_metrics[PARE_METRIC_ENERGY], &r->models[0], model, t);
            pare_doc_put(doc, " | ");
            if (i && isfinite(ratio.value))
                pare_doc_format(doc, "%.3g\xc3\x97 (%.3g to %.3g)", ratio.value, ratio.low,
                                ratio.high);
        }
        pare_doc_put(doc, " |\n");
    }
    if (r->n_models > MAX_MODELS)
        pare_doc_format(doc, "\nand %zu more models in results.csv.\n", r->n_models - MAX_MODELS);
}

static void put_gates(pare_doc *doc, const pare_report *r)
{
    if (!r->n_gates) return;
    pare_doc_put(doc, "\n| | limit | model | may remain | is | |\n|---|---|---|--:|--:|---|\n");
    for (size_t i = 0; i < r->n_gates && i < MAX_MODELS; i++) {
        const pare_report_gate *const gate = &r->gates[i];
        pare_doc_put(doc, gate->passed ? "| holds | " : "| **FAILS** | ");
        pare_doc_markdown(doc, gate->name);
        pare_doc_put(doc, " | ");
        put_name(doc, gate->model);
        pare_doc_put(doc, " | ");
        pare_doc_markdown(doc, gate->limit);
        pare_doc_put(doc, " | ");
        pare_doc_markdown(doc, gate->value);
        pare_doc_put(doc, " | ");
        pare_doc_markdown(doc, gate->reason);
        if (gate->remedy) {
            pare_doc_put(doc, "; ");
            pare_doc_markdown(doc, gate->remedy);
        }
        pare_doc_put(doc, " |\n");
    }
}

static void put_since(pare_doc *doc, const pare_report *r)
{
    char text[2][PARE_UNIT_BYTES];
    if (!r->since.n) return;
    pare_doc_put(doc, "\n| since ");
    put_name(doc, r->since.model ? r->since.model : "the baseline");
    pare_doc_put(doc, " | was | is | change |\n|---|--:|--:|---|\n");
    for (size_t i = 0; i < r->since.n; i++) {
        const pare_report_since_row *const row = &r->since.rows[i];
        const pare_metric *const metric = pare_metric_find(row->figure);
        const bool known = isfinite(row->was) && isfinite(row->is);
        if (!metric) continue;
        metric->unit(text[0], row->was);
        metric->unit(text[1], row->is);
        pare_doc_format(doc, "| %s | %s | %s | ", metric->title, text[0], text[1]);
        if (row->differs) pare_doc_markdown(doc, row->differs);
        else if (known && metric->higher_is_better)
            pare_doc_format(doc, "%+.2f points",
                            fabs(row->is - row->was) < 5e-5 ? 0 : 100 * (row->is - row->was));
        else if (known && row->was > 0) pare_metric_words(doc, metric, row->is / row->was);
        pare_doc_put(doc, " |\n");
    }
}

static void put_steps(pare_doc *doc, const pare_report *r)
{
    static const int columns[] = { PARE_METRIC_SIZE, PARE_METRIC_ENERGY, PARE_METRIC_ACCURACY };
    char text[2][PARE_UNIT_BYTES];
    if (!r->n_steps) return;
    pare_doc_put(doc, "\n| step | options | size | energy | accuracy |\n|---|---|--:|--:|--:|\n");
    for (size_t i = 0; i < r->n_steps && i < MAX_MODELS; i++) {
        const pare_report_step *const step = &r->steps[i];
        pare_doc_put(doc, "| ");
        put_name(doc, step->name);
        pare_doc_put(doc, " | ");
        if (step->options && *step->options) pare_doc_code(doc, step->options);
        for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++) {
            const pare_metric *const metric = &pare_metrics[columns[c]];
            const double was = metric->value(&step->before).value;
            const double is = metric->value(&step->after).value;
            pare_doc_put(doc, " | ");
            if (!isfinite(was) || !isfinite(is)) continue;
            metric->unit(text[0], was);
            metric->unit(text[1], is);
            pare_doc_format(doc, "%s \xe2\x86\x92 %s", text[0], text[1]);
        }
        pare_doc_put(doc, " |\n");
    }
}

/* What was taken out, where it was most. */
static void put_removed(pare_doc *doc, const pare_report *r)
{
    size_t n = 0, n_shown = 0;
    for (size_t i = 0; i < r->n_steps; i++)
        for (size_t k = 0; k < r->steps[i].n_removed; k++)
            n += r->steps[i].removed[k].after != r->steps[i].removed[k].before;
    if (!n) return;
    pare_doc_format(doc, "\n<details><summary>What was taken out (%zu)</summary>\n\n"
                         "| where | what | before | after | error | after repair |\n"
                         "|---|---|--:|--:|--:|--:|\n", n);
    for (size_t i = 0; i < r->n_steps; i++) {
        for (size_t k = 0; k < r->steps[i].n_removed && n_shown < MAX_MODELS; k++) {
            const pare_report_removed *const it = &r->steps[i].removed[k];
            if (it->after == it->before) continue;
            n_shown++;
            pare_doc_put(doc, "| ");
            put_name(doc, it->name);
            pare_doc_format(doc, " | %s | %llu | %llu | ", it->what,
                            (unsigned long long)it->before, (unsigned long long)it->after);
            if (isfinite(it->error_before))
                pare_doc_format(doc, "%.3g %%", 100 * it->error_before);
            pare_doc_put(doc, " | ");
            if (isfinite(it->error_after)) pare_doc_format(doc, "%.3g %%", 100 * it->error_after);
            pare_doc_put(doc, " |\n");
        }
    }
    pare_doc_put(doc, "\n</details>\n");
    if (n_shown < n) pare_doc_format(doc, "\nand %zu more in report.json\n", n - n_shown);
}

static void put_layers(pare_doc *doc, const pare_report *r)
{
    const pare_report_model *const after = pare_report_after(r);
    char text[2][PARE_UNIT_BYTES];
    pare_layer_pair *pairs = NULL;
    size_t n = 0;
    if (!r->models[0].n_layers && !(after && after->n_layers)) return;
    pare_status st = pare_layers_join(doc->ctx, &pairs, &n, &r->models[0], after);
    if (!st) st = pare_layers_by_energy(doc->ctx, pairs, n);
    if (st && !doc->status) doc->status = st;
    pare_doc_format(doc, "\n<details><summary>The layers that need most energy</summary>\n\n"
                         "| layer | operator | %senergy |\n|---|---|%s--:|\n",
                    after ? "before | " : "", after ? "--:|" : "");
    for (size_t i = 0; !st && i < n && i < MAX_LAYERS; i++) {
        const pare_report_layer *const layer = pairs[i].after ? pairs[i].after : pairs[i].before;
        pare_unit_energy(text[0], pare_layer_energy(pairs[i].before) / 1000);
        pare_unit_energy(text[1], pare_layer_energy(pairs[i].after) / 1000);
        pare_doc_put(doc, "| ");
        put_name(doc, layer->name);
        pare_doc_put(doc, " | ");
        put_name(doc, layer->op);
        if (after)
            pare_doc_format(doc, " | %s | %s |\n", pairs[i].before ? text[0] : "",
                            pairs[i].after ? text[1] : "gone");
        else pare_doc_format(doc, " | %s |\n", text[0]);
    }
    if (n > MAX_LAYERS) pare_doc_format(doc, "\nand %zu more in report.json.\n", n - MAX_LAYERS);
    pare_doc_put(doc, "\n</details>\n");
    pare_free(doc->ctx, pairs);
}

static void put_notes(pare_doc *doc, const pare_report *r)
{
    for (size_t i = 0; i < r->n_ties && i < MAX_NOTES; i++) {
        const pare_report_tie *const tie = &r->ties[i];
        pare_doc_put(doc, "\n- ");
        put_name(doc, r->models[tie->a].name);
        pare_doc_put(doc, " and ");
        put_name(doc, r->models[tie->b].name);
        pare_doc_put(doc, ": the estimate cannot tell which takes ");
        pare_doc_put(doc, pare_metric_find(tie->figure)->less);
        pare_doc_put(doc, " on ");
        put_name(doc, r->targets[tie->target].name);
    }
    for (size_t i = 0; i < r->n_models && i < MAX_NOTES; i++) {
        const pare_report_model *const model = &r->models[i];
        if (!model->n_unmodelled) continue;
        pare_doc_put(doc, "\n- the figures of ");
        put_name(doc, model->name);
        pare_doc_format(doc, " leave out %zu node%s, the first being ", model->n_unmodelled,
                        model->n_unmodelled == 1 ? "" : "s");
        put_name(doc, model->unmodelled[0]);
    }
    for (size_t i = 0; i < r->n_warnings && i < MAX_NOTES; i++) {
        pare_doc_put(doc, "\n- ");
        pare_doc_markdown(doc, r->warnings[i]);
    }
    if (r->n_warnings > MAX_NOTES)
        pare_doc_format(doc, "\n- and %zu more in report.json", r->n_warnings - MAX_NOTES);
    pare_doc_put(doc, "\n");
}

static void write_md(pare_doc *doc, const pare_report *r)
{
    pare_doc verdict = { .ctx = doc->ctx };
    const pare_tone tone = pare_verdict(&verdict, r);
    const char *const sign = tone == PARE_TONE_GOOD  ? "\xe2\x9c\x85 "
                             : tone == PARE_TONE_BAD ? "\xe2\x9d\x8c "
                                                     : "";
    pare_doc_format(doc, "### %s", sign);
    if (pare_report_is_made(r)) pare_doc_format(doc, "%s: ", pare_verdict_heading(r, tone));
    pare_doc_markdown(doc, pare_doc_text(&verdict));
    pare_doc_put(doc, "\n\n");
    if (verdict.status && !doc->status) doc->status = verdict.status;
    pare_doc_free(&verdict);
    if (r->use.sentence) {
        pare_doc_markdown(doc, r->use.sentence);
        pare_doc_put(doc, "\n\n");
    }
    if (r->n_models <= 2) put_figures(doc, r);
    for (size_t t = r->n_models <= 2 ? 1 : 0; t < r->n_targets; t++) {
        if (t) pare_doc_put(doc, "\n");
        put_models(doc, r, t);
    }
    put_gates(doc, r);
    put_since(doc, r);
    put_steps(doc, r);
    put_removed(doc, r);
    put_notes(doc, r);
    put_layers(doc, r);
    pare_doc_put(doc, "\nFigures of ");
    pare_doc_markdown(doc, pare_str_or_empty(r->targets[0].kind));
    pare_doc_put(doc, " kind; ranges are 10th to 90th percentile. Written by pare ");
    pare_doc_markdown(doc, r->tool_version);
    pare_doc_put(doc, ".");
    if (r->reproduce) {
        pare_doc_put(doc, " Again: ");
        pare_doc_code(doc, r->reproduce);
    }
    pare_doc_put(doc, "\n");
}

const pare_report_writer pare_report_writer_md = {
    "md", "report.md", "for a pull request", write_md
};
