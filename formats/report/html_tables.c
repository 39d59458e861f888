#include "formats/report/html.h"

#include "base/bytes.h"

#include <math.h>

enum { MAX_ROWS = 500, NAME_COLUMNS = 60, MAX_NOTES = 100 };

static void put_cell(pare_doc *doc, void (*unit)(char out[PARE_UNIT_BYTES], double), double value)
{
    char text[PARE_UNIT_BYTES];
    if (!isfinite(value)) {
        pare_doc_put(doc, "<td class=\"n\" data-v=\"-1\"></td>");
        return;
    }
    unit(text, value);
    pare_doc_format(doc, "<td class=\"n\" data-v=\"%.6g\">%s</td>", value, text);
}

static void put_name_cell(pare_doc *doc, const char *name)
{
    pare_doc_put(doc, "<td class=\"name\">");
    pare_html_name(doc, name, NAME_COLUMNS);
    pare_doc_put(doc, "</td>");
}

static void put_heads(pare_doc *doc, const char *const *heads, size_t n, size_t n_left)
{
    pare_doc_put(doc, "<thead><tr>");
    for (size_t i = 0; i < n; i++)
        pare_doc_format(doc, "<th scope=\"col\"%s><button type=\"button\">%s</button></th>",
                        i < n_left ? "" : " class=\"n\"", heads[i]);
    pare_doc_put(doc, "</tr></thead>\n<tbody>\n");
}

/* A table that scrolls by itself on narrow screens. */
static void begin_table(pare_doc *doc, const char *label)
{
    pare_doc_format(doc, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s\">"
                         "<table>", label);
}

static void end_table(pare_doc *doc)
{
    pare_doc_put(doc, "</tbody></table></div>\n");
}

/* --- limits ----------------------------------------------------------------------------------- */

static void put_gate(pare_doc *doc, const pare_report_gate *gate)
{
    pare_doc_put(doc, "<tr><td>");
    pare_doc_html(doc, gate->name);
    pare_doc_put(doc, "</td>");
    put_name_cell(doc, gate->model);
    pare_doc_put(doc, "<td class=\"n\">");
    pare_doc_html(doc, gate->limit);
    pare_doc_put(doc, "</td><td class=\"n\">");
    pare_doc_html(doc, gate->value);
    pare_doc_put(doc, gate->passed ? "</td><td class=\"why good\">\xe2\x9c\x93 holds"
                                   : "</td><td class=\"why bad\">\xe2\x9c\x97 fails");
    if (gate->reason) {
        pare_doc_put(doc, "<div class=\"hint\">");
        pare_doc_html(doc, gate->reason);
        if (gate->remedy) {
            pare_doc_put(doc, "<br>Try first: ");
            pare_doc_html(doc, gate->remedy);
        }
        pare_doc_put(doc, "</div>");
    }
    pare_doc_put(doc, "</td></tr>\n");
}

void pare_html_gates(pare_doc *doc, const pare_report *r)
{
    static const char *const heads[] = { "limit", "model", "may remain", "is", "" };
    if (!r->n_gates) return;
    pare_doc_put(doc, "<section><h2>Limits</h2>");
    begin_table(doc, "Limits");
    pare_doc_put(doc, "<thead><tr>");
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
        pare_doc_format(doc, "<th scope=\"col\"%s>%s</th>", i == 2 || i == 3 ? " class=\"n\"" : "",
                        heads[i]);
    pare_doc_put(doc, "</tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < r->n_gates; i++) put_gate(doc, &r->gates[i]);
    end_table(doc);
    pare_doc_put(doc, "</section>\n");
}

/* --- models ----------------------------------------------------------------------------------- */

static void put_ratio_cell(pare_doc *doc, const pare_metric *metric, pare_band ratio)
{
    if (!isfinite(ratio.value)) {
        pare_doc_put(doc, "<td data-v=\"9e9\"></td>");
        return;
    }
    pare_doc_format(doc, "<td data-v=\"%.6g\"><span class=\"%s\">", ratio.value,
                    pare_html_tone(pare_tone_of(ratio)));
    pare_metric_words(doc, metric, ratio.value);
    pare_doc_put(doc, "</span>");
    if (ratio.low != ratio.high) {
        pare_doc_put(doc, "<div class=\"hint\">");
        pare_band_words(doc, ratio);
        pare_doc_put(doc, "</div>");
    }
    pare_doc_put(doc, "</td>");
}

static bool is_evaluated(const pare_report *r)
{
    for (size_t i = 0; i < r->n_models; i++)
        if (r->models[i].figures[0].accuracy.metric) return true;
    return false;
}

static void put_model_rows(pare_doc *doc, const pare_report *r, size_t t)
{
    const size_t n_hidden = is_evaluated(r) ? 0 : 1; /* the last column */
    static const char *const heads[] = { "no.", "model", "against the first", "energy",
                                         "latency", "size", "peak RAM", "MACs", "parameters",
                                         "accuracy" };
    static const int columns[] = { PARE_METRIC_ENERGY, PARE_METRIC_LATENCY, PARE_METRIC_SIZE,
                                   PARE_METRIC_RAM, PARE_METRIC_MACS, PARE_METRIC_PARAMS,
                                   PARE_METRIC_ACCURACY };
    pare_doc_put(doc, "<h3>On ");
    pare_doc_html(doc, r->targets[t].name);
    pare_doc_put(doc, "</h3>");
    begin_table(doc, "Models");
    put_heads(doc, heads, sizeof(heads) / sizeof(heads[0]) - n_hidden, 3);
    for (size_t i = 0; i < r->n_models && i < MAX_ROWS; i++) {
        const pare_report_model *const model = &r->models[i];
        const pare_metric *const energy = &pare_metrics[PARE_METRIC_ENERGY];
        pare_doc_format(doc, "<tr><td data-v=\"%zu\">%zu</td>", i + 1, i + 1);
        put_name_cell(doc, model->name);
        if (i) put_ratio_cell(doc, energy, pare_metric_ratio(energy, &r->models[0], model, t));
        else pare_doc_put(doc, "<td data-v=\"1\" class=\"hint\">the first</td>");
        for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]) - n_hidden; c++)
            put_cell(doc, pare_metrics[columns[c]].unit,
                     pare_metrics[columns[c]].value(&model->figures[t]).value);
        pare_doc_put(doc, "</tr>\n");
    }
    end_table(doc);
    if (r->n_models > MAX_ROWS)
        pare_doc_format(doc, "<p class=\"hint\">and %zu more in results.csv</p>\n",
                        r->n_models - MAX_ROWS);
}

void pare_html_models(pare_doc *doc, const pare_report *r)
{
    const size_t first = r->n_models > 2 ? 0 : 1; /* of two, the first target has tiles */
    if (first >= r->n_targets) return;
    pare_doc_format(doc, "<section><h2>%s</h2>",
                    first ? "On the other targets" : "The models side by side");
    for (size_t t = first; t < r->n_targets; t++) put_model_rows(doc, r, t);
    pare_doc_put(doc, "</section>\n");
}

/* --- all figures ------------------------------------------------------------------------------ */

static void put_band_of(pare_doc *doc, const pare_metric *metric, pare_band band)
{
    char low[PARE_UNIT_BYTES], high[PARE_UNIT_BYTES];
    if (!(isfinite(band.low) && isfinite(band.high)) || band.low == band.high) return;
    metric->unit(low, band.low);
    metric->unit(high, band.high);
    pare_doc_format(doc, "<div class=\"hint\">%s to %s</div>", low, high);
}

static void put_figure(pare_doc *doc, const pare_metric *metric, pare_band value)
{
    char text[PARE_UNIT_BYTES];
    pare_doc_put(doc, "<td class=\"n\">");
    if (isfinite(value.value)) {
        metric->unit(text, value.value);
        pare_doc_put(doc, text);
        put_band_of(doc, metric, value);
    }
    pare_doc_put(doc, "</td>");
}

void pare_html_figures(pare_doc *doc, const pare_report *r)
{
    const pare_report_model *const after = pare_report_after(r);
    if (r->n_models > 2) return;
    pare_doc_put(doc, "<section><h2>All figures</h2>");
    begin_table(doc, "All figures");
    pare_doc_put(doc, "<thead><tr><th scope=\"col\">per inference</th><th scope=\"col\" "
                      "class=\"n\">");
    pare_html_name(doc, r->models[0].name, 30);
    if (after) {
        pare_doc_put(doc, "</th><th scope=\"col\" class=\"n\">");
        pare_html_name(doc, after->name, 30);
        pare_doc_put(doc, "</th><th scope=\"col\">change");
    }
    pare_doc_put(doc, "</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < PARE_N_METRICS; i++) {
        const pare_metric *const metric = &pare_metrics[i];
        const pare_band value = metric->value(r->models[0].figures);
        if (!isfinite(value.value)) continue;
        pare_doc_format(doc, "<tr><td>%s<div class=\"hint\">%s</div></td>", metric->title,
                        metric->about);
        put_figure(doc, metric, value);
        if (after) put_figure(doc, metric, metric->value(after->figures));
        if (after && !metric->higher_is_better)
            put_ratio_cell(doc, metric, pare_metric_ratio(metric, &r->models[0], after, 0));
        else if (after) pare_doc_put(doc, "<td></td>");
        pare_doc_put(doc, "</tr>\n");
    }
    end_table(doc);
    pare_doc_put(doc, "</section>\n");
}

/* --- layers ----------------------------------------------------------------------------------- */

static void put_text_cell(pare_doc *doc, const char *text)
{
    pare_doc_put(doc, "<td>");
    pare_html_name(doc, text, 24);
    pare_doc_put(doc, "</td>");
}

static void put_layer_row(pare_doc *doc, const pare_layer_pair *pair, bool compared)
{
    const pare_report_layer *const layer = pair->after ? pair->after : pair->before;
    pare_doc_put(doc, "<tr>");
    put_name_cell(doc, layer->name);
    put_text_cell(doc, layer->op);
    if (compared)
        put_cell(doc, pare_unit_energy,
                 pair->before ? pair->before->energy_uj / 1000 : (double)NAN);
    put_cell(doc, pare_unit_energy,
             compared && !pair->after ? (double)NAN : layer->energy_uj / 1000);
    put_cell(doc, pare_unit_time, layer->latency_us / 1000);
    put_cell(doc, pare_unit_count, (double)layer->macs);
    put_cell(doc, pare_unit_bytes, (double)layer->traffic_bytes);
    put_cell(doc, pare_unit_bytes, (double)layer->ram_bytes);
    put_text_cell(doc, layer->modelled ? layer->bound : "not modelled");
    put_text_cell(doc, layer->weight_type);
    put_text_cell(doc, layer->activation_type);
    put_cell(doc, pare_unit_percent, layer->sparsity);
    pare_doc_put(doc, "</tr>\n");
}

void pare_html_layers(pare_doc *doc, const pare_report *r, const pare_layer_pair *pairs, size_t n)
{
    static const char *const heads[] = { "layer", "operator", "energy before", "energy", "time",
                                         "MACs", "traffic", "RAM", "bound by", "weights",
                                         "activations", "zeros" };
    static const char *const alone[] = { "layer", "operator", "energy", "time", "MACs", "traffic",
                                         "RAM", "bound by", "weights", "activations", "zeros" };
    const bool compared = pare_report_after(r) != NULL;
    if (!n) return;
    pare_doc_put(doc, "<section><h2>Layers</h2><p class=\"hint\">");
    if (n > MAX_ROWS)
        pare_doc_format(doc, "The %d of %zu layers with most energy; report.json has all of them. ",
                        MAX_ROWS, n);
    pare_doc_put(doc, "A click on a heading sorts.</p>");
    begin_table(doc, "Layers");
    if (compared) put_heads(doc, heads, sizeof(heads) / sizeof(heads[0]), 2);
    else put_heads(doc, alone, sizeof(alone) / sizeof(alone[0]), 2);
    for (size_t i = 0; i < n && i < MAX_ROWS; i++) put_layer_row(doc, &pairs[i], compared);
    end_table(doc);
    pare_doc_put(doc, "</section>\n");
}

/* --- what else is to be known ----------------------------------------------------------------- */

static void put_ties(pare_doc *doc, const pare_report *r)
{
    for (size_t i = 0; i < r->n_ties && i < MAX_NOTES; i++) {
        const pare_report_tie *const tie = &r->ties[i];
        pare_doc_put(doc, "<li>");
        pare_html_name(doc, r->models[tie->a].name, NAME_COLUMNS);
        pare_doc_put(doc, " and ");
        pare_html_name(doc, r->models[tie->b].name, NAME_COLUMNS);
        pare_doc_format(doc, ": the estimate cannot tell which takes %s on ",
                        pare_metric_find(tie->figure)->less);
        pare_doc_html(doc, r->targets[tie->target].name);
        pare_doc_put(doc, " (");
        pare_band_words(doc, tie->ratio);
        pare_doc_put(doc, ").</li>\n");
    }
}

static void put_unmodelled(pare_doc *doc, const pare_report_model *model)
{
    if (!model->n_unmodelled) return;
    pare_doc_put(doc, "<li>The figures of ");
    pare_html_name(doc, model->name, NAME_COLUMNS);
    pare_doc_format(doc, " leave out the operations of %zu node%s: ", model->n_unmodelled,
                    model->n_unmodelled == 1 ? "" : "s");
    for (size_t i = 0; i < model->n_unmodelled && i < MAX_NOTES; i++) {
        if (i) pare_doc_put(doc, ", ");
        pare_html_name(doc, model->unmodelled[i], NAME_COLUMNS);
    }
    pare_doc_put(doc, model->n_unmodelled > MAX_NOTES ? ", and more in report.json.</li>\n"
                                                      : ".</li>\n");
}

void pare_html_notes(pare_doc *doc, const pare_report *r)
{
    size_t n = r->n_ties + r->n_warnings;
    for (size_t i = 0; i < r->n_models; i++) n += r->models[i].n_unmodelled;
    if (!n) return;
    pare_doc_put(doc, "<section><h2>What to know about these figures</h2><ul>\n");
    put_ties(doc, r);
    for (size_t i = 0; i < r->n_models; i++) put_unmodelled(doc, &r->models[i]);
    for (size_t i = 0; i < r->n_warnings && i < MAX_NOTES; i++) {
        pare_doc_put(doc, "<li>");
        pare_doc_html(doc, r->warnings[i]);
        pare_doc_put(doc, "</li>\n");
    }
    if (r->n_warnings > MAX_NOTES)
        pare_doc_format(doc, "<li>and %zu more in report.json</li>\n", r->n_warnings - MAX_NOTES);
    pare_doc_put(doc, "</ul></section>\n");
}
