/* Parts of report.html, in the order in which they stand in it. Each appends to doc and fails
 * there. Charts are inline SVG; every text goes through pare_doc_html. */
#ifndef FORMATS_REPORT_HTML_H
#define FORMATS_REPORT_HTML_H

#include "formats/report/join.h"
#include "formats/report/metric.h"
#include "formats/report/verdict.h"
#include "formats/report/writer.h"

void pare_html_head(pare_doc *doc, const pare_report *report);
void pare_html_verdict(pare_doc *doc, const pare_report *report);
void pare_html_tiles(pare_doc *doc, const pare_report *report);
void pare_html_gates(pare_doc *doc, const pare_report *report);
void pare_html_steps(pare_doc *doc, const pare_report *report);
void pare_html_since(pare_doc *doc, const pare_report *report);
void pare_html_models(pare_doc *doc, const pare_report *report);
void pare_html_pareto(pare_doc *doc, const pare_report *report);
void pare_html_terms(pare_doc *doc, const pare_report *report);
void pare_html_energy(pare_doc *doc, const pare_report *report, const pare_layer_pair *pairs,
                      size_t n);
void pare_html_errors(pare_doc *doc, const pare_report *report);
void pare_html_roofline(pare_doc *doc, const pare_report *report);
void pare_html_ram(pare_doc *doc, const pare_report *report);
void pare_html_figures(pare_doc *doc, const pare_report *report);
void pare_html_layers(pare_doc *doc, const pare_report *report, const pare_layer_pair *pairs,
                      size_t n);
void pare_html_notes(pare_doc *doc, const pare_report *report);
void pare_html_foot(pare_doc *doc, const pare_report *report);

/* A name as text, without its middle where it has more than `columns` characters; the whole of it
 * is then its title. */
void pare_html_name(pare_doc *doc, const char *name, size_t columns);

/* A line that tells the colours of the first and the last model apart, where there are two. */
void pare_html_key(pare_doc *doc, const pare_report *report);

/* "good", "bad", "caution", "plain". */
const char *pare_html_tone(pare_tone tone);

/* A chart with axes. Positions are shares of the plot: 0 is left or bottom, 1 right or top. Lines
 * and text keep their size on any screen, since only positions are relative. */
typedef struct pare_axis {
    double low, high;
    bool logarithmic;
    void (*unit)(char out[PARE_UNIT_BYTES], double value);
    const char *title;
} pare_axis;

void pare_plot_begin(pare_doc *doc, const char *title, const pare_axis *x, const pare_axis *y);
void pare_plot_end(pare_doc *doc);
double pare_axis_at(const pare_axis *axis, double value);
void pare_plot_line(pare_doc *doc, const char *css_class, double x1, double y1, double x2,
                    double y2);

#endif
