#include "formats/report/pareto.h"

#include <math.h>

enum { WIDTH = 900, HEIGHT = 560, LEFT = 84, RIGHT = 210, TOP = 48, BOTTOM = 56, N_TICKS = 5,
       MAX_LABEL = 60 };

typedef struct range {
    double low, high;
} range;

static bool is_known(const pare_pareto_point *p)
{
    return isfinite(p->x) && isfinite(p->y);
}

void pare_pareto_mark(pare_pareto_point *points, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        points[i].on_front = is_known(&points[i]);
        for (size_t k = 0; points[i].on_front && k < n; k++) {
            const double dx = points[k].x - points[i].x, dy = points[k].y - points[i].y;
            if (is_known(&points[k]) && dx <= 0 && dy >= 0 && (dx < 0 || dy > 0))
                points[i].on_front = false;
        }
    }
}

static void widen(range *r, double value)
{
    if (!isfinite(value)) return;
    if (!(value >= r->low)) r->low = value;
    if (!(value <= r->high)) r->high = value;
}

static double at_x(const range *r, double value)
{
    return LEFT + (WIDTH - LEFT - RIGHT) * (value - r->low) / (r->high - r->low);
}

static double at_y(const range *r, double value)
{
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - r->low) / (r->high - r->low);
}

static void put_text(pare_doc *doc, double x, double y, const char *anchor, const char *css_class,
                     const char *text)
{
    char *const cut = pare_doc_cut(doc, text, MAX_LABEL);
    pare_doc_format(doc, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", css_class,
                    x, y, anchor);
    if (cut) pare_doc_html(doc, cut);
    pare_doc_put(doc, "</text>\n");
    pare_free(doc->ctx, cut);
}

static void put_grid(pare_doc *doc, const pare_pareto_axis *x, const pare_pareto_axis *y,
                     const range *rx, const range *ry)
{
    char text[PARE_UNIT_BYTES];
    for (int i = 0; i <= N_TICKS; i++) {
        const double share = (double)i / N_TICKS;
        const double vx = rx->low + share * (rx->high - rx->low);
        const double vy = ry->low + share * (ry->high - ry->low);
        pare_doc_format(doc, "<path class=\"grid\" d=\"M%.1f %dV%d M%d %.1fH%d\"/>\n",
                        at_x(rx, vx), TOP, HEIGHT - BOTTOM, LEFT, at_y(ry, vy), WIDTH - RIGHT);
        x->unit(text, vx);
        put_text(doc, at_x(rx, vx), HEIGHT - BOTTOM + 18, "middle", "dim", text);
        y->unit(text, vy);
        put_text(doc, LEFT - 8, at_y(ry, vy) + 4, "end", "dim", text);
    }
    put_text(doc, WIDTH - RIGHT, HEIGHT - BOTTOM + 40, "end", "dim", x->title);
    put_text(doc, LEFT, TOP - 12, "start", "dim", y->title);
}

/* From the left to the right: the next point of the front behind `after`; n: none. */
static size_t next_of_front(const pare_pareto_point *points, size_t n, size_t after)
{
    size_t best = n;
    for (size_t i = 0; i < n; i++) {
        const bool is_behind = after == n || points[i].x > points[after].x ||
                               (points[i].x == points[after].x && i > after);
        if (!points[i].on_front || !is_behind) continue;
        if (best == n || points[i].x < points[best].x) best = i;
    }
    return best;
}

static void put_front(pare_doc *doc, const pare_pareto_point *points, size_t n, const range *rx,
                      const range *ry)
{
    size_t i = next_of_front(points, n, n);
    if (i == n) return;
    pare_doc_format(doc, "<path class=\"front\" d=\"M%.1f %.1f", at_x(rx, points[i].x),
                    at_y(ry, points[i].y));
    for (i = next_of_front(points, n, i); i != n; i = next_of_front(points, n, i))
        pare_doc_format(doc, "H%.1fV%.1f", at_x(rx, points[i].x), at_y(ry, points[i].y));
    pare_doc_put(doc, "\"/>\n");
}

static void put_point(pare_doc *doc, const pare_pareto_point *p, const pare_pareto_axis *x,
                      const pare_pareto_axis *y, const range *rx, const range *ry)
{
    char text[2][PARE_UNIT_BYTES];
    const double cx = at_x(rx, p->x), cy = at_y(ry, p->y);
    if (p->y_low < p->y_high)
        pare_doc_format(doc, "<path class=\"err\" d=\"M%.1f %.1fV%.1f\"/>\n", cx,
                        at_y(ry, p->y_low), at_y(ry, p->y_high));
    x->unit(text[0], p->x);
    y->unit(text[1], p->y);
    pare_doc_format(doc, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"><title>",
                    p->is_base ? "base" : p->on_front ? "good" : "other", cx, cy,
                    p->on_front ? 6 : 4);
    pare_doc_html(doc, p->label);
    pare_doc_format(doc, ": %s, %s</title></circle>\n", text[0], text[1]);
    if (p->on_front || p->is_base) put_text(doc, cx + 9, cy + 14, "start", "label", p->label);
}

void pare_pareto_svg(pare_doc *doc, const char *title, const pare_pareto_axis *x,
                     const pare_pareto_axis *y, const pare_pareto_point *points, size_t n)
{
    range rx = { NAN, NAN }, ry = { NAN, NAN };
    for (size_t i = 0; i < n; i++) {
        if (!is_known(&points[i])) continue;
        widen(&rx, points[i].x);
        widen(&ry, points[i].y);
        widen(&ry, points[i].y_low);
        widen(&ry, points[i].y_high);
    }
    if (!isfinite(rx.low) || !isfinite(ry.low)) rx = ry = (range){ 0, 1 };
    const double more_x = 0.06 * (rx.high - rx.low) + 1e-6 * fabs(rx.high) + 1e-12;
    const double more_y = 0.08 * (ry.high - ry.low) + 1e-4 * fabs(ry.high) + 1e-12;
    rx = (range){ rx.low - more_x, rx.high + more_x };
    ry = (range){ ry.low - more_y, ry.high + more_y };
    pare_doc_format(doc,
                    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\">"
                    "\n<style>svg{background:#fff;font:13px system-ui,sans-serif}.grid{stroke:"
                    "#d8dee4}text{fill:#1c2127}.dim{fill:#59636e}.label{font-size:12px}.front{"
                    "fill:none;stroke:#2464ad;stroke-dasharray:4 3}.err{stroke:#59636e}.good{fill:"
                    "#2464ad}.other{fill:#aab4bf}.base{fill:#c27a12}.title{font-size:15px;"
                    "font-weight:600}</style>\n", WIDTH, HEIGHT);
    put_text(doc, LEFT, 20, "start", "title", title);
    put_grid(doc, x, y, &rx, &ry);
    put_front(doc, points, n, &rx, &ry);
    for (size_t i = 0; i < n; i++)
        if (is_known(&points[i])) put_point(doc, &points[i], x, y, &rx, &ry);
    pare_doc_put(doc, "</svg>\n");
}
