#include "formats/report/html.h"

#include <math.h>

enum { MAX_TICKS = 6 };

double pare_axis_at(const pare_axis *axis, double value)
{
    double at = axis->logarithmic ? log(value / axis->low) / log(axis->high / axis->low)
                                  : (value - axis->low) / (axis->high - axis->low);
    if (!(at > -0.02)) at = -0.02; /* also NaN */
    return at > 1.02 ? 1.02 : at;
}

/* A step of 1, 2 or 5 times a power of ten that leaves MAX_TICKS ticks at most. */
static double step_of(const pare_axis *axis)
{
    static const double steps[] = { 1, 2, 5, 10 };
    const double rough = (axis->high - axis->low) / MAX_TICKS;
    const double power = pow(10, floor(log10(rough)));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (steps[i] * power >= rough) return steps[i] * power;
    return 10 * power;
}

static void put_tick(pare_doc *doc, const pare_axis *axis, double value, bool is_x)
{
    char text[PARE_UNIT_BYTES];
    const double at = 100 * pare_axis_at(axis, value);
    axis->unit(text, value);
    if (is_x) {
        pare_doc_format(doc, "<line class=\"grid\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" "
                             "y2=\"100%%\"/><text class=\"tick\" x=\"%.2f%%\" y=\"100%%\" "
                             "dy=\"16\" text-anchor=\"middle\">%s</text>\n", at, at, at, text);
        return;
    }
    pare_doc_format(doc, "<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%.2f%%\" "
                         "y2=\"%.2f%%\"/><text class=\"tick\" x=\"0\" y=\"%.2f%%\" dx=\"-6\" "
                         "dy=\"4\" text-anchor=\"end\">%s</text>\n", 100 - at, 100 - at, 100 - at,
                    text);
}

static void put_ticks(pare_doc *doc, const pare_axis *axis, bool is_x)
{
    if (!axis->logarithmic) {
        const double step = step_of(axis);
        for (double v = ceil(axis->low / step) * step; v <= axis->high * 1.0001; v += step)
            put_tick(doc, axis, fabs(v) < step / 1000 ? 0 : v, is_x);
        return;
    }
    const double first = ceil(log10(axis->low) - 1e-9);
    const double last = floor(log10(axis->high) + 1e-9);
    const double every = fmax(1, ceil((last - first) / MAX_TICKS));
    for (double e = first; e <= last; e += every) put_tick(doc, axis, pow(10, e), is_x);
    if (last - first >= 1) return;
    for (double e = first - 1; e <= last; e++) { /* hardly a decade: parts of it, too */
        if (2 * pow(10, e) >= axis->low && 2 * pow(10, e) <= axis->high)
            put_tick(doc, axis, 2 * pow(10, e), is_x);
        if (5 * pow(10, e) >= axis->low && 5 * pow(10, e) <= axis->high)
            put_tick(doc, axis, 5 * pow(10, e), is_x);
    }
}

void pare_plot_begin(pare_doc *doc, const char *title, const pare_axis *x, const pare_axis *y)
{
    pare_doc_put(doc, "<p class=\"axis\">");
    pare_doc_html(doc, y->title);
    pare_doc_put(doc, "</p>\n<div class=\"plot\"><svg role=\"img\" aria-label=\"");
    pare_doc_html(doc, title);
    pare_doc_put(doc, "\">\n");
    put_ticks(doc, x, true);
    put_ticks(doc, y, false);
    pare_doc_put(doc, "<text class=\"axis\" x=\"100%\" y=\"100%\" dy=\"34\" text-anchor=\"end\">");
    pare_doc_html(doc, x->title);
    pare_doc_put(doc, "</text>\n");
}

void pare_plot_end(pare_doc *doc)
{
    pare_doc_put(doc, "</svg></div>\n");
}

void pare_plot_line(pare_doc *doc, const char *css_class, double x1, double y1, double x2,
                    double y2)
{
    pare_doc_format(doc, "<line class=\"%s\" x1=\"%.2f%%\" y1=\"%.2f%%\" x2=\"%.2f%%\" "
                         "y2=\"%.2f%%\"/>\n", css_class, 100 * x1, 100 - 100 * y1, 100 * x2,
                    100 - 100 * y2);
}
