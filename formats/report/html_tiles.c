#include "formats/report/html.h"

#include "base/bytes.h"

#include <math.h>

/* A ratio on a line from 0 to somewhat behind 1: the base is a mark at 1, the band a bar. */
static void put_ratio_band(pare_doc *doc, pare_band ratio)
{
    const double end = fmax(1.25, fmin(ratio.high, 4) * 1.1);
    const double low = 100 * fmin(ratio.low, end) / end, high = 100 * fmin(ratio.high, end) / end;
    const double at = 100 * fmin(ratio.value, end) / end, one = 100 / end;
    const char *const tone = pare_html_tone(pare_tone_of(ratio));
    pare_doc_format(doc,
                    "<svg class=\"band\" aria-hidden=\"true\"><rect class=\"before\" x=\"0\" "
                    "y=\"7\" width=\"%.2f%%\" height=\"3\"/><rect class=\"tone-%s\" "
                    "fill-opacity=\".3\" x=\"%.2f%%\" y=\"3\" width=\"%.2f%%\" height=\"11\"/>"
                    "<rect class=\"tone-%s\" x=\"%.2f%%\" y=\"1\" width=\"3\" height=\"15\"/>"
                    "<rect class=\"before\" x=\"%.2f%%\" y=\"1\" width=\"2\" height=\"15\"/>"
                    "<text x=\"%.2f%%\" y=\"26\" text-anchor=\"middle\">before</text>"
                    "<text x=\"0\" y=\"26\">0</text></svg>",
                    one, tone, low, fmax(high - low, 0.4), tone, at, one, one);
}

/* What stands in place of a band. */
static const char *without_band(const pare_metric *metric)
{
    return metric->needs ? "computed" : "exact";
}

static void put_change_tile(pare_doc *doc, const pare_report *r, const pare_metric *metric,
                            const pare_report_model *after)
{
    const pare_report_figures *const f[2] = { r->models[0].figures, after->figures };
    const pare_band ratio = pare_metric_ratio(metric, &r->models[0], after, 0);
    char text[2][PARE_UNIT_BYTES];
    for (int i = 0; i < 2; i++) metric->unit(text[i], metric->value(f[i]).value);
    if (metric->higher_is_better) {
        const double points = 100 * (metric->value(f[1]).value - metric->value(f[0]).value);
        pare_doc_format(doc, "<p class=\"big\">%+.2f points</p><p class=\"sub\">%s \xe2\x86\x92 %s "
                             "</p>", points, text[0], text[1]);
        pare_doc_put(doc, "<p class=\"hint\">");
        pare_doc_html(doc, f[1]->accuracy.metric);
        pare_doc_format(doc, " on %llu samples", (unsigned long long)f[1]->accuracy.samples);
        if (r->has_change && isfinite(r->change.drop_upper95))
            pare_doc_format(doc, "; in general at most %.2f points less (95 %%)",
                            fmax(0, r->change.drop_upper95));
        pare_doc_put(doc, "</p>");
        return;
    }
    pare_doc_format(doc, "<p class=\"big %s\">", pare_html_tone(pare_tone_of(ratio)));
    pare_metric_words(doc, metric, ratio.value);
    pare_doc_format(doc, "</p><p class=\"sub\">%s \xe2\x86\x92 %s</p>", text[0], text[1]);
    if (!isfinite(ratio.value)) return;
    put_ratio_band(doc, ratio);
    pare_doc_put(doc, "<p class=\"hint\">");
    if (ratio.low == ratio.high) {
        pare_doc_put(doc, without_band(metric));
    } else {
        if (!pare_band_decides(ratio)) pare_doc_put(doc, "too close to tell: ");
        pare_band_words(doc, ratio);
    }
    pare_doc_put(doc, "</p>");
}

/* One model: the figure and its band on a line from 0. */
static void put_value_tile(pare_doc *doc, const pare_metric *metric, pare_band value)
{
    char text[3][PARE_UNIT_BYTES];
    metric->unit(text[0], value.value);
    metric->unit(text[1], value.low);
    metric->unit(text[2], value.high);
    pare_doc_format(doc, "<p class=\"big\">%s</p>", text[0]);
    if (!(isfinite(value.low) && isfinite(value.high)) || value.low == value.high) {
        pare_doc_format(doc, "<p class=\"hint\">%s</p>", without_band(metric));
        return;
    }
    const double end = value.high * 1.1;
    pare_doc_format(doc,
                    "<svg class=\"band\" aria-hidden=\"true\"><rect class=\"before\" x=\"0\" "
                    "y=\"7\" width=\"100%%\" height=\"3\"/><rect class=\"after\" "
                    "fill-opacity=\".35\" x=\"%.2f%%\" y=\"3\" width=\"%.2f%%\" height=\"11\"/>"
                    "<rect class=\"after\" x=\"%.2f%%\" y=\"1\" width=\"3\" height=\"15\"/>"
                    "<text x=\"0\" y=\"26\">0</text></svg><p class=\"hint\">%s to %s</p>",
                    100 * value.low / end, 100 * (value.high - value.low) / end,
                    100 * value.value / end, text[1], text[2]);
}

static void put_tile(pare_doc *doc, const pare_report *r, const pare_metric *metric)
{
    const pare_report_model *const after = pare_report_after(r);
    const pare_band value = metric->value(r->models[0].figures);
    const char *const what = metric->title;
    pare_doc_format(doc, "<section class=\"tile\"><h2>%s</h2>", what);
    if (!isfinite(value.value)) pare_doc_put(doc, "<p class=\"big\">not known</p>");
    else if (after) put_change_tile(doc, r, metric, after);
    else put_value_tile(doc, metric, value);
    pare_doc_put(doc, "</section>\n");
}

void pare_html_tiles(pare_doc *doc, const pare_report *r)
{
    const pare_metric *const accuracy = &pare_metrics[PARE_METRIC_ACCURACY];
    const bool evaluated = isfinite(accuracy->value(r->models[0].figures).value);
    if (r->n_models > 2) return; /* the table and the plot say it of each */
    pare_doc_put(doc, "<div class=\"tiles\">\n");
    put_tile(doc, r, &pare_metrics[PARE_METRIC_ENERGY]);
    put_tile(doc, r, &pare_metrics[PARE_METRIC_LATENCY]);
    put_tile(doc, r, &pare_metrics[PARE_METRIC_SIZE]);
    put_tile(doc, r, evaluated ? accuracy : &pare_metrics[PARE_METRIC_RAM]);
    pare_doc_put(doc, "</div>\n");
}
