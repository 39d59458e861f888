#include "formats/report/html.h"

#include "base/bytes.h"

#include <math.h>

enum { MAX_BARS = 20, NAME_COLUMNS = 44 };

static void put_key(pare_doc *doc, const char *css_class, const char *text)
{
    pare_doc_format(doc, "<span><i class=\"%s\"></i>", css_class);
    pare_doc_html(doc, text);
    pare_doc_put(doc, "</span>");
}

void pare_html_key(pare_doc *doc, const pare_report *r)
{
    const pare_report_model *const after = pare_report_after(r);
    if (!after) return;
    pare_doc_put(doc, "<p class=\"key\"><span><i class=\"before\"></i>before: ");
    pare_html_name(doc, r->models[0].name, NAME_COLUMNS);
    pare_doc_put(doc, "</span><span><i class=\"after\"></i>after: ");
    pare_html_name(doc, after->name, NAME_COLUMNS);
    pare_doc_put(doc, "</span></p>\n");
}

static void put_label(pare_doc *doc, const pare_report_layer *layer)
{
    pare_doc_put(doc, "<div class=\"l\">");
    pare_html_name(doc, layer->name, NAME_COLUMNS);
    pare_doc_put(doc, " <small>");
    pare_html_name(doc, layer->op, NAME_COLUMNS);
    pare_doc_put(doc, "</small></div>");
}

/* --- energy by layer -------------------------------------------------------------------------- */

static void put_energy_bar(pare_doc *doc, const pare_layer_pair *pair, double most, bool compared)
{
    char text[2][PARE_UNIT_BYTES];
    const double before = pare_layer_energy(pair->before), after = pare_layer_energy(pair->after);
    pare_unit_energy(text[0], before / 1000);
    pare_unit_energy(text[1], after / 1000);
    put_label(doc, pair->after ? pair->after : pair->before);
    pare_doc_put(doc, "<svg aria-hidden=\"true\">");
    if (compared && pair->before)
        pare_doc_format(doc, "<rect class=\"before\" y=\"0\" width=\"%.2f%%\" height=\"16\"/>",
                        100 * before / most);
    if (pair->after || !compared)
        pare_doc_format(doc, "<rect class=\"after\" y=\"4\" width=\"%.2f%%\" height=\"8\"/>",
                        100 * (compared ? after : before) / most);
    pare_doc_put(doc, "</svg><div class=\"v\">");
    if (!compared) pare_doc_put(doc, text[0]);
    else pare_doc_format(doc, "%s \xe2\x86\x92 %s", pair->before ? text[0] : "new",
                         pair->after ? text[1] : "gone");
    pare_doc_put(doc, "</div>\n");
}

void pare_html_energy(pare_doc *doc, const pare_report *r, const pare_layer_pair *pairs, size_t n)
{
    const bool compared = pare_report_after(r) != NULL;
    double most = 0, sum = 0, shown = 0;
    size_t n_shared = 0;
    for (size_t i = 0; i < n; i++) {
        n_shared += pairs[i].before && pairs[i].after;
        const double before = pare_layer_energy(pairs[i].before);
        const double after = pare_layer_energy(pairs[i].after);
        most = fmax(most, fmax(before, after));
        sum += fmax(before, after);
        if (i < MAX_BARS) shown += fmax(before, after);
    }
    if (!(most > 0)) return;
    pare_doc_put(doc, "<section><h2>Energy by layer</h2><p class=\"hint\">");
    if (n > MAX_BARS)
        pare_doc_format(doc, "The %d of %zu layers with most energy, %.0f %% of all of it.",
                        MAX_BARS, n, 100 * shown / sum);
    else pare_doc_put(doc, "All layers, the one with most energy first.");
    pare_doc_put(doc, "</p>");
    if (compared && n_shared < n / 10)
        pare_doc_put(doc, "<p class=\"hint\">The two models share few names of layers, so that "
                          "most of them stand alone.</p>");
    pare_html_key(doc, r);
    pare_doc_put(doc, "<div class=\"bars\">\n");
    for (size_t i = 0; i < n && i < MAX_BARS; i++) put_energy_bar(doc, &pairs[i], most, compared);
    pare_doc_put(doc, "</div></section>\n");
}

/* --- where the energy goes -------------------------------------------------------------------- */

static void put_terms(pare_doc *doc, const pare_report_model *model, double most)
{
    char text[PARE_UNIT_BYTES];
    double x = 0;
    pare_doc_put(doc, "<div class=\"l\">");
    pare_html_name(doc, model->name, NAME_COLUMNS);
    pare_doc_put(doc, "</div><svg aria-hidden=\"true\">");
    for (size_t i = 0; i < PARE_REPORT_TERMS; i++) {
        const double width = 100 * model->figures[0].energy_terms_mj[i] / most;
        pare_doc_format(doc, "<rect class=\"t%zu\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"16\"/>",
                        i, x, width);
        x += width;
    }
    pare_unit_energy(text, model->figures[0].energy_mj.value);
    pare_doc_format(doc, "</svg><div class=\"v\">%s</div>\n", text);
}

/* What the colours are, with the share of each in the last model. */
static void put_terms_key(pare_doc *doc, const pare_report_model *model)
{
    static const char *const names[] = { "arithmetic", "moving data", "static power", "overhead" };
    static const char *const classes[] = { "t0", "t1", "t2", "t3" };
    char text[PARE_UNIT_BYTES];
    pare_doc_put(doc, "<p class=\"key\">");
    for (size_t i = 0; i < PARE_REPORT_TERMS; i++) {
        pare_doc line = { .ctx = doc->ctx };
        pare_unit_percent(text,
                          model->figures[0].energy_terms_mj[i] / model->figures[0].energy_mj.value);
        pare_doc_format(&line, "%s %s", names[i], text);
        put_key(doc, classes[i], pare_doc_text(&line));
        if (line.status && !doc->status) doc->status = line.status;
        pare_doc_free(&line);
    }
    pare_doc_put(doc, "</p>");
}

void pare_html_terms(pare_doc *doc, const pare_report *r)
{
    const pare_report_model *const last = &r->models[r->n_models - 1];
    double most = 0;
    for (size_t i = 0; i < r->n_models; i++)
        if (r->models[i].figures[0].priced)
            most = fmax(most, r->models[i].figures[0].energy_mj.value);
    if (!(most > 0) || !last->figures[0].priced) return;
    pare_doc_put(doc, "<section><h2>What the energy is for</h2><p class=\"hint\">");
    if (r->n_models > 1) {
        pare_doc_put(doc, "Shares are those of ");
        pare_html_name(doc, last->name, NAME_COLUMNS);
        pare_doc_put(doc, ".");
    } else {
        pare_doc_put(doc, "Four terms, whose sum is the energy of one inference.");
    }
    pare_doc_put(doc, "</p>");
    put_terms_key(doc, last);
    pare_doc_put(doc, "<div class=\"bars\">\n");
    for (size_t i = 0; i < r->n_models && i < MAX_BARS; i++)
        if (r->models[i].figures[0].priced) put_terms(doc, &r->models[i], most);
    pare_doc_put(doc, "</div></section>\n");
}

/* --- error by layer --------------------------------------------------------------------------- */

enum { FULL_DB = 60 };

/* Index of the layer with the lowest SQNR above (sqnr, index) of the last one; n_layers: none. */
static size_t next_worst(const pare_report_model *model, double above, size_t last)
{
    size_t best = model->n_layers;
    double least = (double)INFINITY;
    for (size_t i = 0; i < model->n_layers; i++) {
        const double db = model->layers[i].sqnr_db;
        if (!isfinite(db) || db < above || (db == above && i <= last) || !(db < least)) continue;
        least = db;
        best = i;
    }
    return best;
}

void pare_html_errors(pare_doc *doc, const pare_report *r)
{
    const pare_report_model *const model = &r->models[r->n_models - 1];
    double above = -(double)INFINITY;
    size_t at = next_worst(model, above, 0);
    if (at == model->n_layers) return;
    pare_doc_format(doc, "<section><h2>Error by layer</h2><p class=\"hint\">Signal to quantization "
                         "noise in dB, the worst %d first: 10 dB is poor, 40 dB hardly "
                         "noticeable.</p><div class=\"bars\">\n", MAX_BARS);
    for (int i = 0; i < MAX_BARS && at != model->n_layers; i++) {
        above = model->layers[at].sqnr_db;
        put_label(doc, &model->layers[at]);
        pare_doc_format(doc, "<svg aria-hidden=\"true\"><rect class=\"%s\" y=\"4\" "
                             "width=\"%.2f%%\" height=\"8\"/></svg><div class=\"v\">%.1f dB</div>"
                             "\n", above < 15 ? "tone-bad" : "after",
                        100 * fmin(1, fmax(0.5, above) / FULL_DB), above);
        at = next_worst(model, above, at);
    }
    pare_doc_put(doc, "</div></section>\n");
}
