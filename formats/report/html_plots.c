#include "formats/report/html.h"

#include "base/bytes.h"

#include <math.h>
#include <stdio.h>

enum { MAX_DOTS = 400, MAX_ROOFS = 6, MAX_STEPS = 400, MAX_HOLDERS = 8, NAME_COLUMNS = 44 };

static void unit_ops(char out[PARE_UNIT_BYTES], double ops_per_s)
{
    pare_unit_count(out, ops_per_s);
}

static void unit_ratio(char out[PARE_UNIT_BYTES], double ratio)
{
    if (ratio < 1000) pare_unit_number(out, ratio);
    else pare_unit_count(out, ratio);
}

static void put_dot(pare_doc *doc, const char *css_class, double x, double y, double radius,
                    const char *title, const char *about)
{
    pare_doc_format(doc, "<circle class=\"dot %s\" cx=\"%.2f%%\" cy=\"%.2f%%\" r=\"%.1f\"><title>",
                    css_class, 100 * x, 100 - 100 * y, radius);
    pare_html_name(doc, title, NAME_COLUMNS);
    pare_doc_format(doc, ": %s</title></circle>\n", about);
}

/* --- roofline --------------------------------------------------------------------------------- */

typedef struct roof {
    double peak, bandwidth;
} roof;

typedef struct roofline {
    pare_axis x, y;
    roof roofs[MAX_ROOFS];
    size_t n_roofs;
    double most_uj;
} roofline;

/* Operations per second that a layer reaches; NaN: it has none, or no time. */
static double reached(const pare_report_layer *layer)
{
    if (!layer->macs || !(layer->latency_us > 0) || !(layer->intensity > 0)) return NAN;
    return 2e6 * (double)layer->macs / layer->latency_us;
}

static void widen(pare_axis *axis, double value)
{
    if (!(value > 0) || !isfinite(value)) return;
    if (!(axis->low > 0) || value < axis->low) axis->low = value;
    if (value > axis->high) axis->high = value;
}

static void add_roof(roofline *plot, const pare_report_layer *layer)
{
    const roof new = { layer->peak_ops_per_s, layer->bytes_per_s };
    if (!(new.peak > 0) || !(new.bandwidth > 0)) return;
    for (size_t i = 0; i < plot->n_roofs; i++)
        if (plot->roofs[i].peak == new.peak && plot->roofs[i].bandwidth == new.bandwidth) return;
    if (plot->n_roofs < MAX_ROOFS) plot->roofs[plot->n_roofs++] = new;
}

static void measure(roofline *plot, const pare_report_model *model)
{
    for (size_t i = 0; i < model->n_layers; i++) {
        const pare_report_layer *const layer = &model->layers[i];
        const double ops = reached(layer);
        if (!isfinite(ops)) continue;
        widen(&plot->x, layer->intensity);
        widen(&plot->y, ops);
        add_roof(plot, layer);
        plot->most_uj = fmax(plot->most_uj, pare_layer_energy(layer));
    }
}

static void put_roofs(pare_doc *doc, const roofline *plot)
{
    for (size_t i = 0; i < plot->n_roofs; i++) {
        const roof *const r = &plot->roofs[i];
        const double ridge = r->peak / r->bandwidth;
        const double left = fmax(plot->x.low, plot->y.low / r->bandwidth);
        const double bend = fmin(fmax(ridge, left), plot->x.high);
        if (left < bend)
            pare_plot_line(doc, "roof", pare_axis_at(&plot->x, left),
                           pare_axis_at(&plot->y, left * r->bandwidth),
                           pare_axis_at(&plot->x, bend),
                           pare_axis_at(&plot->y, fmin(bend * r->bandwidth, r->peak)));
        if (ridge < plot->x.high)
            pare_plot_line(doc, "roof", pare_axis_at(&plot->x, bend),
                           pare_axis_at(&plot->y, r->peak), 1, pare_axis_at(&plot->y, r->peak));
    }
}

static void put_dots(pare_doc *doc, const roofline *plot, const pare_report_model *model,
                     const char *css_class)
{
    char ops[PARE_UNIT_BYTES], per_byte[PARE_UNIT_BYTES], about[3 * PARE_UNIT_BYTES];
    size_t n = 0;
    for (size_t i = 0; i < model->n_layers && n < MAX_DOTS; i++) {
        const pare_report_layer *const layer = &model->layers[i];
        const double y = reached(layer);
        const double share = plot->most_uj > 0 ? pare_layer_energy(layer) / plot->most_uj : 0;
        /* of many layers those that matter are shown */
        if (!isfinite(y) || (model->n_layers > MAX_DOTS && share < 0.01)) continue;
        unit_ops(ops, y);
        pare_unit_number(per_byte, layer->intensity);
        snprintf(about, sizeof(about), "%s operations per second, %s per byte", ops, per_byte);
        put_dot(doc, css_class, pare_axis_at(&plot->x, layer->intensity), pare_axis_at(&plot->y, y),
                3 + 7 * sqrt(share), layer->name, about);
        n++;
    }
}

void pare_html_roofline(pare_doc *doc, const pare_report *r)
{
    const pare_report_model *const after = pare_report_after(r);
    roofline plot = {
        .x = { .logarithmic = true, .unit = unit_ratio, .title = "operations per byte" },
        .y = { .logarithmic = true, .unit = unit_ops, .title = "operations per second" },
    };
    measure(&plot, &r->models[0]);
    if (after) measure(&plot, after);
    if (!(plot.x.low > 0) || !(plot.y.low > 0)) return;
    for (size_t i = 0; i < plot.n_roofs; i++) widen(&plot.y, plot.roofs[i].peak);
    plot.x.low /= 2;
    plot.x.high *= 2;
    plot.y.low /= 2;
    plot.y.high *= 1.5;
    pare_doc_put(doc, "<section><h2>What bounds the layers</h2><p class=\"hint\">A dot is a layer "
                      "with multiplications, the larger the more energy it takes. Under a slope it "
                      "waits for memory, under a flat roof for arithmetic; the gap to the roof is "
                      "what the target's kernels do not reach.</p>");
    pare_html_key(doc, r);
    pare_plot_begin(doc, "Roofline: operations per second over operations per byte, by layer",
                    &plot.x, &plot.y);
    put_roofs(doc, &plot);
    put_dots(doc, &plot, &r->models[0], after ? "before" : "after");
    if (after) put_dots(doc, &plot, after, "after");
    pare_plot_end(doc);
    pare_doc_put(doc, "</section>\n");
}

/* --- memory over the schedule ----------------------------------------------------------------- */

static size_t step_of_peak(const pare_report_model *model)
{
    size_t peak = 0;
    for (size_t i = 0; i < model->n_ram_steps; i++)
        if (model->ram_steps[i] > model->ram_steps[peak]) peak = i;
    return peak;
}

/* The curve as an area of at most MAX_STEPS steps, each as high as the highest that it stands for.
 * It is drawn in a box of 1000 x 1000 that is stretched over the plot. */
static void put_curve(pare_doc *doc, const pare_report_model *model, const char *css_class,
                      double most)
{
    const size_t n = model->n_ram_steps < MAX_STEPS ? model->n_ram_steps : MAX_STEPS;
    if (!n) return;
    pare_doc_format(doc, "<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\"><path "
                         "class=\"%s\" fill-opacity=\".75\" d=\"M0 1000", css_class);
    for (size_t i = 0; i < n; i++) {
        const size_t begin = i * model->n_ram_steps / n, end = (i + 1) * model->n_ram_steps / n;
        uint64_t high = 0;
        for (size_t k = begin; k < end; k++)
            if (model->ram_steps[k] > high) high = model->ram_steps[k];
        pare_doc_format(doc, "V%.1fH%.1f", 1000 - 1000 * (double)high / most,
                        1000 * (double)(i + 1) / (double)n);
    }
    pare_doc_put(doc, "V1000Z\"/></svg>\n");
}

static void put_holders(pare_doc *doc, const pare_report_model *model)
{
    char text[PARE_UNIT_BYTES];
    if (!model->n_peak) return;
    const size_t peak = step_of_peak(model);
    pare_unit_bytes(text, (double)model->figures[0].ram_peak_bytes);
    pare_doc_put(doc, "<p class=\"hint\">");
    pare_html_name(doc, model->name, NAME_COLUMNS);
    pare_doc_format(doc, " needs most, %s, ", text);
    if (model->ram_step_names && model->n_ram_steps) {
        pare_doc_put(doc, "while ");
        pare_html_name(doc, model->ram_step_names[peak], NAME_COLUMNS);
        pare_doc_put(doc, " runs");
    } else {
        pare_doc_format(doc, "at step %zu", peak + 1);
    }
    pare_doc_put(doc, "; then these are alive:</p><div class=\"bars\">\n");
    for (size_t i = 0; i < model->n_peak && i < MAX_HOLDERS; i++) {
        pare_unit_bytes(text, (double)model->peak[i].bytes);
        pare_doc_put(doc, "<div class=\"l\">");
        pare_html_name(doc, model->peak[i].name, NAME_COLUMNS);
        pare_doc_format(doc, "</div><svg aria-hidden=\"true\"><rect class=\"after\" y=\"4\" "
                             "width=\"%.2f%%\" height=\"8\"/></svg><div class=\"v\">%s</div>\n",
                        100 * (double)model->peak[i].bytes / (double)model->peak[0].bytes, text);
    }
    pare_doc_put(doc, "</div>\n");
    if (model->n_peak > MAX_HOLDERS)
        pare_doc_format(doc, "<p class=\"hint\">and %zu smaller ones</p>\n",
                        model->n_peak - MAX_HOLDERS);
}

void pare_html_ram(pare_doc *doc, const pare_report *r)
{
    const pare_report_model *const after = pare_report_after(r);
    const pare_report_model *const models[] = { &r->models[0], after };
    uint64_t most = 0;
    for (size_t m = 0; m < 2 && models[m]; m++) {
        const size_t peak = step_of_peak(models[m]);
        if (models[m]->n_ram_steps && models[m]->ram_steps[peak] > most)
            most = models[m]->ram_steps[peak];
    }
    if (!most) return;
    const pare_axis x = { 0, 100, false, unit_ratio, "% of the schedule" };
    const pare_axis y = { 0, 1.08 * (double)most, false, pare_unit_bytes, "bytes alive" };
    pare_doc_put(doc, "<section><h2>Memory over the schedule</h2><p class=\"hint\">Activations "
                      "that are alive while each layer runs; weights come on top of it.</p>");
    pare_html_key(doc, r);
    pare_plot_begin(doc, "Bytes alive over the schedule", &x, &y);
    put_curve(doc, models[0], after ? "before" : "after", y.high);
    if (after) put_curve(doc, after, "after", y.high);
    pare_plot_end(doc);
    put_holders(doc, after ? after : &r->models[0]);
    pare_doc_put(doc, "</section>\n");
}

/* --- many models ------------------------------------------------------------------------------ */

/* Whether another model is at least as good in both and better in one. */
static bool is_beaten(const pare_report *r, const pare_metric *x, const pare_metric *y, size_t i)
{
    const pare_report_figures *const mine = r->models[i].figures;
    const double sign = y->higher_is_better ? -1 : 1;
    for (size_t k = 0; k < r->n_models; k++) {
        const pare_report_figures *const other = r->models[k].figures;
        const double dx = x->value(other).value - x->value(mine).value;
        const double dy = sign * (y->value(other).value - y->value(mine).value);
        if (dx <= 0 && dy <= 0 && (dx < 0 || dy < 0)) return true;
    }
    return false;
}

/* A range that has all values, and 0 at its low end unless they are percentages. */
static void put_range(pare_axis *axis, const pare_report *r, const pare_metric *metric)
{
    double low = INFINITY, high = 0;
    for (size_t i = 0; i < r->n_models; i++) {
        const double value = metric->value(r->models[i].figures).value;
        if (value < low) low = value;
        if (value > high) high = value;
    }
    axis->low = metric->higher_is_better ? fmax(0, low - 0.1 * (high - low) - 0.01) : 0;
    axis->high = metric->higher_is_better ? high + 0.1 * (high - low) + 0.01 : 1.1 * high;
}

static void put_model_dot(pare_doc *doc, const pare_report *r, size_t i, const pare_metric *mx,
                          const pare_metric *my, const pare_axis *x, const pare_axis *y)
{
    const pare_report_model *const model = &r->models[i];
    char text[2][PARE_UNIT_BYTES], about[3 * PARE_UNIT_BYTES];
    const double vx = mx->value(model->figures).value, vy = my->value(model->figures).value;
    if (!isfinite(vx) || !isfinite(vy)) return;
    const double at_x = pare_axis_at(x, vx), at_y = pare_axis_at(y, vy);
    const bool beaten = is_beaten(r, mx, my, i);
    if (i && model->ratios && mx == &pare_metrics[PARE_METRIC_ENERGY]) {
        const double base = mx->value(r->models[0].figures).value;
        pare_plot_line(doc, "err", pare_axis_at(x, base * model->ratios[0].energy.low), at_y,
                       pare_axis_at(x, base * model->ratios[0].energy.high), at_y);
    }
    mx->unit(text[0], vx);
    my->unit(text[1], vy);
    snprintf(about, sizeof(about), "%s, %s", text[0], text[1]);
    put_dot(doc, beaten ? "before" : "after", at_x, at_y, 7, model->name, about);
    pare_doc_format(doc, "<text x=\"%.2f%%\" y=\"%.2f%%\" dx=\"9\" dy=\"-5\">%zu</text>\n",
                    100 * at_x, 100 - 100 * at_y, i + 1);
}

void pare_html_pareto(pare_doc *doc, const pare_report *r)
{
    const pare_metric *const accuracy = &pare_metrics[PARE_METRIC_ACCURACY];
    const bool evaluated = isfinite(accuracy->value(r->models[0].figures).value);
    const bool priced = r->models[0].figures[0].priced;
    const pare_metric *const mx = &pare_metrics[priced ? PARE_METRIC_ENERGY : PARE_METRIC_MACS];
    const pare_metric *const my = evaluated ? accuracy : &pare_metrics[PARE_METRIC_SIZE];
    if (r->n_models < 3) return;
    pare_axis x = { .unit = mx->unit, .title = mx->title };
    pare_axis y = { .unit = my->unit, .title = my->title };
    put_range(&x, r, mx);
    put_range(&y, r, my);
    if (!(x.high > x.low) || !(y.high > y.low)) return;
    pare_doc_format(doc, "<section><h2>Which models are worth having</h2><p class=\"hint\">Numbers "
                         "are those of the table. Blue: no other model is better in both; %s is "
                         "better.%s</p>", evaluated ? "left and up" : "left and down",
                    priced ? " Lines are the band of the ratio to the first model." : "");
    pare_plot_begin(doc, "Models by two figures", &x, &y);
    for (size_t i = 0; i < r->n_models && i < MAX_DOTS; i++)
        put_model_dot(doc, r, i, mx, my, &x, &y);
    pare_plot_end(doc);
    pare_doc_put(doc, "</section>\n");
}
