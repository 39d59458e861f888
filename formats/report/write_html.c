#include "formats/report/html.h"

static void write_html(pare_doc *doc, const pare_report *r)
{
    pare_layer_pair *pairs = NULL;
    size_t n = 0;
    pare_status st = pare_layers_join(doc->ctx, &pairs, &n, &r->models[0], pare_report_after(r));
    if (!st) st = pare_layers_by_energy(doc->ctx, pairs, n);
    if (st && !doc->status) doc->status = st;
    pare_html_head(doc, r);
    pare_html_verdict(doc, r);
    pare_html_tiles(doc, r);
    pare_html_gates(doc, r);
    pare_html_since(doc, r);
    pare_html_steps(doc, r);
    pare_html_models(doc, r);
    pare_html_pareto(doc, r);
    pare_html_terms(doc, r);
    if (!st) pare_html_energy(doc, r, pairs, n);
    pare_html_errors(doc, r);
    pare_doc_put(doc, "<div class=\"two\">\n");
    pare_html_roofline(doc, r);
    pare_html_ram(doc, r);
    pare_doc_put(doc, "</div>\n");
    pare_html_figures(doc, r);
    pare_html_notes(doc, r);
    if (!st) pare_html_layers(doc, r, pairs, n);
    pare_html_foot(doc, r);
    pare_free(doc->ctx, pairs);
}

const pare_report_writer pare_report_writer_html = {
    "html", "report.html", "one page that works offline", write_html
};
