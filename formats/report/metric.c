#include "formats/report/metric.h"

#include "base/bytes.h"

#include <math.h>
#include <stdio.h>

/* --- units ------------------------------------------------------------------------------------ */

static int decimals_of(double value)
{
    const double size = fabs(value);
    return size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
}

/* "1.23 UNIT" by the largest unit in which it is 1 or more; each is `step` times the one before. */
static void scaled(char out[PARE_UNIT_BYTES], double value, const char *const *units, size_t n,
                   double step)
{
    size_t u = 0;
    if (!isfinite(value)) {
        snprintf(out, PARE_UNIT_BYTES, "unknown");
        return;
    }
    if (value == 0) {
        snprintf(out, PARE_UNIT_BYTES, "0");
        return;
    }
    while (fabs(value) >= 999.5 && u + 1 < n) {
        value /= step;
        u++;
    }
    snprintf(out, PARE_UNIT_BYTES, "%.*f%s%s", decimals_of(value), value, *units[u] ? " " : "",
             units[u]);
}

void pare_unit_energy(char out[PARE_UNIT_BYTES], double mj)
{
    static const char *const units[] = { "pJ", "nJ", "\xc2\xb5J", "mJ", "J", "kJ", "MJ" };
    scaled(out, mj * 1e9, units, sizeof(units) / sizeof(units[0]), 1000);
}

void pare_unit_time(char out[PARE_UNIT_BYTES], double ms)
{
    static const char *const units[] = { "ns", "\xc2\xb5s", "ms", "s", "ks" };
    scaled(out, ms * 1e6, units, sizeof(units) / sizeof(units[0]), 1000);
}

void pare_unit_bytes(char out[PARE_UNIT_BYTES], double n_bytes)
{
    static const char *const units[] = { "B", "KB", "MB", "GB", "TB", "PB", "EB" };
    if (fabs(n_bytes) < 1000) snprintf(out, PARE_UNIT_BYTES, "%.0f B", n_bytes);
    else scaled(out, n_bytes, units, sizeof(units) / sizeof(units[0]), 1000);
}

void pare_unit_count(char out[PARE_UNIT_BYTES], double n)
{
    static const char *const units[] = { "", "k", "M", "G", "T", "P", "E" };
    if (fabs(n) < 1000) snprintf(out, PARE_UNIT_BYTES, "%.0f", n);
    else scaled(out, n, units, sizeof(units) / sizeof(units[0]), 1000);
}

void pare_unit_percent(char out[PARE_UNIT_BYTES], double share)
{
    const double percent = 100 * share;
    if (!isfinite(percent)) snprintf(out, PARE_UNIT_BYTES, "unknown");
    else snprintf(out, PARE_UNIT_BYTES, "%.*f %%", decimals_of(percent), percent);
}

void pare_unit_number(char out[PARE_UNIT_BYTES], double value)
{
    if (!isfinite(value)) snprintf(out, PARE_UNIT_BYTES, "unknown");
    else snprintf(out, PARE_UNIT_BYTES, "%.3g", value);
}

/* --- metrics ---------------------------------------------------------------------------------- */

static pare_band exactly(double value)
{
    return (pare_band){ value, value, value };
}

static const pare_band unknown = { NAN, NAN, NAN };

static pare_band energy_of(const pare_report_figures *f)
{
    return f->priced ? f->energy_mj : unknown;
}

static pare_band latency_of(const pare_report_figures *f)
{
    return f->priced ? f->latency_ms : unknown;
}

static pare_band accuracy_of(const pare_report_figures *f)
{
    if (!f->accuracy.metric) return unknown;
    return (pare_band){ f->accuracy.value, f->accuracy.low, f->accuracy.high };
}

static pare_band size_of(const pare_report_figures *f)
{
    return exactly((double)f->file_bytes);
}

static pare_band ram_of(const pare_report_figures *f)
{
    return exactly((double)f->ram_peak_bytes);
}

static pare_band flash_of(const pare_report_figures *f)
{
    return exactly((double)f->flash_bytes);
}

static pare_band params_of(const pare_report_figures *f)
{
    return exactly((double)f->params);
}

static pare_band macs_of(const pare_report_figures *f)
{
    return exactly((double)f->macs);
}

static pare_band other_ops_of(const pare_report_figures *f)
{
    return exactly((double)f->other_ops);
}

static pare_band traffic_of(const pare_report_figures *f)
{
    return exactly((double)f->dram_traffic_bytes);
}

#define TARGET PARE_NEEDS_TARGET
#define SHAPES PARE_NEEDS_SHAPES
#define DATA PARE_NEEDS_DATA

const pare_metric pare_metrics[PARE_N_METRICS] = {
    [PARE_METRIC_ENERGY] = {
        "energy", "Energy per inference", "Energy", "energy_mj",
        "less energy", "more energy", "the energy",
        "Energy of one inference, with static power and overhead.", TARGET | SHAPES, false,
        energy_of, pare_unit_energy },
    [PARE_METRIC_LATENCY] = {
        "latency", "Time per inference", "Latency", "latency_ms",
        "less time", "more time", "the time",
        "Time of one inference by the roofline of the target.", TARGET | SHAPES, false,
        latency_of, pare_unit_time },
    [PARE_METRIC_SIZE] = {
        "size", "Size of the model", "Size", "file_bytes",
        "smaller", "bigger", "the size",
        "The model file with its data files.", 0, false,
        size_of, pare_unit_bytes },
    [PARE_METRIC_RAM] = {
        "ram", "Peak memory", "Peak RAM", "ram_peak_bytes",
        "less RAM", "more RAM", "the RAM",
        "Activations and scratch when memory is fullest.", TARGET | SHAPES, false,
        ram_of, pare_unit_bytes },
    [PARE_METRIC_ACCURACY] = {
        "accuracy", "Accuracy", "Accuracy", "accuracy",
        "less accurate", "more accurate", "the accuracy",
        "Share of right answers on the evaluation data.", DATA, true,
        accuracy_of, pare_unit_percent },
    [PARE_METRIC_FLASH] = {
        "flash", "Storage on the target", "Flash", "flash_bytes",
        "less flash", "more flash", "the flash",
        "Weights and graph as they lie on the target.", TARGET, false,
        flash_of, pare_unit_bytes },
    [PARE_METRIC_PARAMS] = {
        "params", "Parameters", "Parameters", "params",
        "fewer parameters", "more parameters", "the parameters",
        "Elements of all weights.", 0, false,
        params_of, pare_unit_count },
    [PARE_METRIC_MACS] = {
        "macs", "Multiply-accumulates", "MACs", "macs",
        "fewer MACs", "more MACs", "the MACs",
        "Multiplications with an addition each; 1 MAC is 2 FLOPs.", SHAPES, false,
        macs_of, pare_unit_count },
    [PARE_METRIC_OTHER_OPS] = {
        "other-ops", "Other operations", "Other operations", "other_ops",
        "fewer other operations", "more other operations", "the other operations",
        "All that is no MAC, weighted by what it costs.", SHAPES, false,
        other_ops_of, pare_unit_count },
    [PARE_METRIC_TRAFFIC] = {
        "traffic", "Traffic to main memory", "DRAM traffic", "traffic_bytes",
        "less traffic", "more traffic", "the traffic",
        "Bytes read from and written to main memory.", TARGET | SHAPES, false,
        traffic_of, pare_unit_bytes },
};

#undef TARGET
#undef SHAPES
#undef DATA

const pare_metric *pare_metric_find(const char *key)
{
    for (size_t i = 0; i < PARE_N_METRICS; i++)
        if (pare_str_eq(pare_metrics[i].key, key)) return &pare_metrics[i];
    return NULL;
}

pare_band pare_metric_ratio(const pare_metric *metric, const pare_report_model *base,
                            const pare_report_model *model, size_t target)
{
    const double before = metric->value(&base->figures[target]).value;
    const double after = metric->value(&model->figures[target]).value;
    if (!(isfinite(before) && isfinite(after)) || before == 0) return unknown;
    if (model->ratios && metric == &pare_metrics[PARE_METRIC_ENERGY])
        return model->ratios[target].energy;
    if (model->ratios && metric == &pare_metrics[PARE_METRIC_LATENCY])
        return model->ratios[target].latency;
    return exactly(after / before);
}

bool pare_band_decides(pare_band ratio)
{
    const bool is_estimate = ratio.low != ratio.high;
    if (is_estimate && fabs(1 - ratio.value) < PARE_LEAST_DIFFERENCE) return false;
    return ratio.high < 1 || ratio.low > 1;
}

/* --- words ------------------------------------------------------------------------------------ */

/* 0.31 as "69 %", with a digit behind the point where that is little. */
static void put_share(pare_doc *doc, double ratio)
{
    const double percent = fabs(1 - ratio) * 100;
    pare_doc_format(doc, "%.*f", percent < 9.95 || (ratio < 1 && percent > 99) ? 1 : 0, percent);
}

/* Whether a ratio prints as no change. */
static bool is_same(double ratio)
{
    return fabs(1 - ratio) < 0.0005;
}

void pare_metric_words(pare_doc *doc, const pare_metric *metric, double ratio)
{
    if (!isfinite(ratio)) {
        pare_doc_put(doc, "not known");
    } else if (is_same(ratio)) {
        pare_doc_put(doc, "no change");
    } else if (ratio >= 2) {
        pare_doc_format(doc, "%.*f times %s", ratio < 9.95 ? 1 : 0, ratio, metric->same);
    } else {
        put_share(doc, ratio);
        pare_doc_format(doc, " %% %s", ratio < 1 ? metric->less : metric->more);
    }
}

void pare_band_words(pare_doc *doc, pare_band ratio)
{
    if (!(isfinite(ratio.low) && isfinite(ratio.high)) || ratio.low == ratio.high) return;
    if (ratio.high > 2) {
        pare_doc_format(doc, "%.3g to %.3g times", ratio.low, ratio.high);
        return;
    }
    const bool less = ratio.high < 1;
    const bool one_side = less || ratio.low > 1;
    put_share(doc, less ? ratio.high : ratio.low);
    if (!one_side) pare_doc_put(doc, " % less");
    pare_doc_put(doc, " to ");
    put_share(doc, less ? ratio.low : ratio.high);
    pare_doc_format(doc, " %% %s", less ? "less" : "more");
}
