#include "formats/report/html.h"

#include "base/bytes.h"

#include <math.h>

enum { MAX_STEPS = 50, MAX_SKIPPED = 100, NAME_COLUMNS = 200 };

/* --- what was done ---------------------------------------------------------------------------- */

static void put_pair(pare_doc *doc, const pare_metric *metric, const pare_report_step *step)
{
    char text[2][PARE_UNIT_BYTES];
    const double was = metric->value(&step->before).value, is = metric->value(&step->after).value;
    pare_doc_put(doc, "<td class=\"n\">");
    if (isfinite(was) && isfinite(is)) {
        metric->unit(text[0], was);
        metric->unit(text[1], is);
        pare_doc_format(doc, "%s \xe2\x86\x92 %s", text[0], text[1]);
    }
    pare_doc_put(doc, "</td>");
}

static void put_skipped(pare_doc *doc, const pare_report_step *step)
{
    if (!step->n_skipped) return;
    pare_doc_format(doc, "<details><summary>%zu left as %s</summary><ul>", step->n_skipped,
                    step->n_skipped == 1 ? "it was" : "they were");
    for (size_t i = 0; i < step->n_skipped && i < MAX_SKIPPED; i++) {
        pare_doc_put(doc, "<li>");
        pare_html_name(doc, step->skipped[i], NAME_COLUMNS);
        pare_doc_put(doc, "</li>");
    }
    if (step->n_skipped > MAX_SKIPPED)
        pare_doc_format(doc, "<li>and %zu more in report.json</li>", step->n_skipped - MAX_SKIPPED);
    pare_doc_put(doc, "</ul></details>");
}

static void put_error(pare_doc *doc, double error)
{
    pare_doc_put(doc, "<td class=\"n\">");
    if (isfinite(error)) pare_doc_format(doc, "%.3g %%", 100 * error);
    pare_doc_put(doc, "</td>");
}

/* What was taken out, those that lost something. */
static void put_removed(pare_doc *doc, const pare_report_step *step)
{
    size_t n = 0;
    for (size_t i = 0; i < step->n_removed; i++)
        n += step->removed[i].after != step->removed[i].before;
    if (!n) return;
    pare_doc_format(doc, "<details><summary>%zu of %zu became less</summary><table><thead><tr>"
                         "<th scope=\"col\">where</th><th scope=\"col\">what</th>"
                         "<th scope=\"col\" class=\"n\">before \xe2\x86\x92 after</th>"
                         "<th scope=\"col\" class=\"n\">error</th>"
                         "<th scope=\"col\" class=\"n\">after repair</th></tr></thead><tbody>",
                    n, step->n_removed);
    for (size_t i = 0, shown = 0; i < step->n_removed && shown < MAX_SKIPPED; i++) {
        const pare_report_removed *const r = &step->removed[i];
        if (r->after == r->before) continue;
        shown++;
        pare_doc_put(doc, "<tr><td>");
        pare_html_name(doc, r->name, NAME_COLUMNS);
        pare_doc_put(doc, "</td><td>");
        pare_doc_html(doc, r->what);
        pare_doc_format(doc, "</td><td class=\"n\">%llu \xe2\x86\x92 %llu</td>",
                        (unsigned long long)r->before, (unsigned long long)r->after);
        put_error(doc, r->error_before);
        put_error(doc, r->error_after);
        pare_doc_put(doc, "</tr>");
    }
    pare_doc_put(doc, "</tbody></table>");
    if (n > MAX_SKIPPED)
        pare_doc_format(doc, "<p class=\"hint\">and %zu more in report.json</p>",
                        n - MAX_SKIPPED);
    pare_doc_put(doc, "</details>");
}

static bool any_accuracy(const pare_report *r)
{
    for (size_t i = 0; i < r->n_steps; i++)
        if (r->steps[i].after.accuracy.metric && r->steps[i].before.accuracy.metric) return true;
    return false;
}

void pare_html_steps(pare_doc *doc, const pare_report *r)
{
    static const int columns[] = { PARE_METRIC_SIZE, PARE_METRIC_ENERGY, PARE_METRIC_LATENCY,
                                   PARE_METRIC_ACCURACY };
    const size_t n_columns = any_accuracy(r) ? 4 : 3;
    if (!r->n_steps) return;
    pare_doc_put(doc, "<section><h2>What was done</h2><div class=\"scroll\" role=\"region\" "
                      "tabindex=\"0\" aria-label=\"What was done\"><table><thead><tr>"
                      "<th scope=\"col\">step</th>");
    for (size_t c = 0; c < n_columns; c++)
        pare_doc_format(doc, "<th scope=\"col\" class=\"n\">%s</th>",
                        pare_metrics[columns[c]].short_title);
    pare_doc_put(doc, "<th scope=\"col\" class=\"n\">took</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < r->n_steps && i < MAX_STEPS; i++) {
        const pare_report_step *const step = &r->steps[i];
        char took[PARE_UNIT_BYTES];
        pare_unit_time(took, 1000 * step->seconds);
        pare_doc_put(doc, "<tr><td class=\"why\"><strong>");
        pare_doc_html(doc, step->name);
        pare_doc_put(doc, "</strong> <code>");
        pare_html_name(doc, step->options, NAME_COLUMNS);
        pare_doc_put(doc, "</code>");
        put_removed(doc, step);
        put_skipped(doc, step);
        pare_doc_put(doc, "</td>");
        for (size_t c = 0; c < n_columns; c++) put_pair(doc, &pare_metrics[columns[c]], step);
        pare_doc_format(doc, "<td class=\"n\">%s</td></tr>\n",
                        isfinite(step->seconds) ? took : "");
    }
    pare_doc_put(doc, "</tbody></table></div>\n");
    if (r->n_steps > MAX_STEPS)
        pare_doc_format(doc, "<p class=\"hint\">and %zu more in report.json</p>\n",
                        r->n_steps - MAX_STEPS);
    pare_doc_put(doc, "</section>\n");
}

/* --- since the baseline ----------------------------------------------------------------------- */

static void put_change(pare_doc *doc, const pare_metric *metric, const pare_report_since_row *row)
{
    const double ratio = row->was > 0 ? row->is / row->was : (double)NAN;
    if (!isfinite(row->was) || !isfinite(row->is)) return;
    if (metric->higher_is_better) {
        const double points = 100 * (row->is - row->was);
        const bool worse = isfinite(row->most) && -points > row->most + 1e-3;
        if (fabs(points) < 0.005) pare_doc_put(doc, "no change");
        else
            pare_doc_format(doc, "<span class=\"%s\">%+.2f points</span>",
                            worse ? "bad" : points > 0 ? "good" : "", points);
    } else if (isfinite(ratio)) {
        pare_doc_format(doc, "<span class=\"%s\">",
                        isfinite(row->most) && ratio > 1 + row->most ? "bad"
                        : ratio < 0.9995                             ? "good"
                                                                     : "");
        pare_metric_words(doc, metric, ratio);
        pare_doc_put(doc, "</span>");
    }
}

static void put_since_row(pare_doc *doc, const pare_report_since_row *row)
{
    const pare_metric *const metric = pare_metric_find(row->figure);
    char text[PARE_UNIT_BYTES];
    if (!metric) return;
    pare_doc_format(doc, "<tr><td>%s</td><td class=\"n\">", metric->title);
    if (isfinite(row->was)) metric->unit(text, row->was);
    pare_doc_put(doc, isfinite(row->was) ? text : "");
    pare_doc_put(doc, "</td><td class=\"n\">");
    if (isfinite(row->is)) metric->unit(text, row->is);
    pare_doc_put(doc, isfinite(row->is) ? text : "");
    pare_doc_put(doc, "</td><td>");
    if (row->differs) {
        pare_doc_put(doc, "<span class=\"hint\">no comparison: ");
        pare_doc_html(doc, row->differs);
        pare_doc_put(doc, "</span>");
    } else {
        put_change(doc, metric, row);
    }
    pare_doc_put(doc, "</td><td class=\"n\">");
    if (isfinite(row->most) && metric->higher_is_better)
        pare_doc_format(doc, "%.3g points less", row->most);
    else if (isfinite(row->most)) pare_doc_format(doc, "+%.3g %%", 100 * row->most);
    pare_doc_put(doc, "</td></tr>\n");
}

void pare_html_since(pare_doc *doc, const pare_report *r)
{
    const pare_report_since *const since = &r->since;
    if (!since->n) return;
    pare_doc_put(doc, "<section><h2>Since the baseline</h2><p class=\"hint\">");
    pare_html_name(doc, since->model ? since->model : "the model", 60);
    pare_doc_put(doc, " of an earlier report");
    if (since->tool_version) {
        pare_doc_put(doc, ", written by pare ");
        pare_doc_html(doc, since->tool_version);
    }
    pare_doc_put(doc, ", against the model of this one.</p><div class=\"scroll\" role=\"region\" "
                      "tabindex=\"0\" aria-label=\"Since the baseline\"><table><thead><tr>"
                      "<th scope=\"col\">figure</th><th scope=\"col\" class=\"n\">was</th>"
                      "<th scope=\"col\" class=\"n\">is</th><th scope=\"col\">change</th>"
                      "<th scope=\"col\" class=\"n\">may change by</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < since->n; i++) put_since_row(doc, &since->rows[i]);
    pare_doc_put(doc, "</tbody></table></div></section>\n");
}
