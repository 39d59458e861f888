#include "formats/report/verdict.h"

#include "formats/report/metric.h"

#include "base/bytes.h"

#include <math.h>

enum { NAME_COLUMNS = 60 };

size_t pare_report_failed_gates(const pare_report *report)
{
    size_t n = 0;
    for (size_t i = 0; i < report->n_gates; i++) n += !report->gates[i].passed;
    return n;
}

const pare_report_model *pare_report_after(const pare_report *report)
{
    return report->n_models > 1 ? &report->models[report->n_models - 1] : NULL;
}

void pare_report_name(pare_doc *doc, const char *name)
{
    char *const cut = pare_doc_cut(doc, name, NAME_COLUMNS);
    if (cut) pare_doc_plain(doc, cut);
    pare_free(doc->ctx, cut);
}

pare_tone pare_tone_of(pare_band ratio)
{
    if (!isfinite(ratio.value) || !pare_band_decides(ratio)) return PARE_TONE_PLAIN;
    if (fabs(1 - ratio.value) < 0.0005) return PARE_TONE_PLAIN;
    return ratio.value < 1 ? PARE_TONE_GOOD : PARE_TONE_BAD;
}

static const pare_report_target *first_target(const pare_report *report)
{
    return report->n_targets ? &report->targets[0] : NULL;
}

static void on_target(pare_doc *doc, const pare_report *report)
{
    const pare_report_target *const target = first_target(report);
    if (!target) return;
    pare_doc_put(doc, " on ");
    pare_doc_plain(doc, target->name);
}

/* ", top1 76.1 % instead of 76.3 %" */
static void put_accuracy(pare_doc *doc, const pare_report *report)
{
    const pare_report_accuracy *const before = &report->models[0].figures[0].accuracy;
    const pare_report_accuracy *const after = &pare_report_after(report)->figures[0].accuracy;
    if (!before->metric || !after->metric) return;
    pare_doc_put(doc, ", ");
    pare_doc_plain(doc, after->metric);
    pare_doc_format(doc, " %.2f %% instead of %.2f %%", 100 * after->value, 100 * before->value);
}

/* "; 74 % smaller, 61 % less time" */
static void other_figures(pare_doc *doc, const pare_report *report, bool with_energy)
{
    static const int others[] = { PARE_METRIC_LATENCY, PARE_METRIC_SIZE, PARE_METRIC_RAM };
    const pare_report_model *const after = pare_report_after(report);
    size_t n = 0;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const pare_metric *const metric = &pare_metrics[others[i]];
        const pare_band ratio = pare_metric_ratio(metric, &report->models[0], after, 0);
        if (!isfinite(ratio.value) || pare_tone_of(ratio) == PARE_TONE_PLAIN) continue;
        pare_doc_put(doc, n++ ? ", " : with_energy ? "; " : " ");
        pare_metric_words(doc, metric, ratio.value);
    }
    if (!n && !with_energy) pare_doc_put(doc, " no different in size");
    put_accuracy(doc, report);
}

static pare_tone compare_two(pare_doc *doc, const pare_report *report)
{
    const pare_metric *const energy = &pare_metrics[PARE_METRIC_ENERGY];
    const pare_report_model *const after = pare_report_after(report);
    const pare_band ratio = pare_metric_ratio(energy, &report->models[0], after, 0);
    const bool priced = isfinite(ratio.value);
    pare_tone tone = pare_tone_of(ratio);
    pare_report_name(doc, after->name);
    if (!priced) {
        pare_doc_put(doc, " is, against ");
        pare_report_name(doc, report->models[0].name);
        pare_doc_put(doc, ",");
        other_figures(doc, report, false);
        tone = pare_tone_of(pare_metric_ratio(&pare_metrics[PARE_METRIC_SIZE], &report->models[0],
                                              after, 0));
    } else if (tone == PARE_TONE_PLAIN) {
        pare_doc_put(doc, " and ");
        pare_report_name(doc, report->models[0].name);
        pare_doc_put(doc, pare_band_decides(ratio) || ratio.low == ratio.high
                              ? " need the same energy"
                              : " cannot be told apart by their energy");
        on_target(doc, report);
        if (ratio.low != ratio.high) {
            pare_doc_put(doc, " (");
            pare_band_words(doc, ratio);
            pare_doc_put(doc, ")");
        }
        other_figures(doc, report, true);
    } else {
        pare_doc_put(doc, " needs ");
        pare_metric_words(doc, energy, ratio.value);
        pare_doc_put(doc, ratio.value >= 2 ? " of " : " than ");
        pare_report_name(doc, report->models[0].name);
        on_target(doc, report);
        if (ratio.low != ratio.high) {
            pare_doc_put(doc, " (");
            pare_band_words(doc, ratio);
            pare_doc_put(doc, ")");
        }
        other_figures(doc, report, true);
    }
    pare_doc_put(doc, ".");
    return tone;
}

/* Index of the model with the least of a metric on the first target; n_models: none is known. */
static size_t least(const pare_report *report, const pare_metric *metric)
{
    size_t best = report->n_models;
    double least = INFINITY;
    for (size_t i = 0; i < report->n_models; i++) {
        const double value = metric->value(&report->models[i].figures[0]).value;
        if (!(value < least)) continue;
        least = value;
        best = i;
    }
    return best;
}

static pare_tone compare_many(pare_doc *doc, const pare_report *report)
{
    const pare_metric *metric = &pare_metrics[PARE_METRIC_ENERGY];
    size_t best = least(report, metric);
    if (best == report->n_models) {
        metric = &pare_metrics[PARE_METRIC_SIZE];
        best = least(report, metric);
    }
    const bool energy = metric == &pare_metrics[PARE_METRIC_ENERGY];
    pare_doc_format(doc, "Of %zu models, ", report->n_models);
    const pare_band ratio =
        pare_metric_ratio(metric, &report->models[0], &report->models[best], 0);
    if (best && pare_tone_of(ratio) == PARE_TONE_PLAIN) {
        pare_doc_format(doc, "none %s than ", energy ? "clearly needs less energy" : "is smaller");
        pare_report_name(doc, report->models[0].name);
        if (energy) on_target(doc, report);
        pare_doc_put(doc, ".");
        return PARE_TONE_PLAIN;
    }
    pare_report_name(doc, report->models[best].name);
    pare_doc_put(doc, energy ? " needs the least energy" : " is the smallest");
    if (energy) on_target(doc, report);
    if (best == 0) {
        pare_doc_put(doc, "; it is the one that the others are compared with.");
        return PARE_TONE_PLAIN;
    }
    pare_doc_put(doc, ": ");
    pare_metric_words(doc, metric, ratio.value);
    pare_doc_put(doc, " than ");
    pare_report_name(doc, report->models[0].name);
    pare_doc_put(doc, ".");
    return pare_tone_of(ratio);
}

static pare_tone describe_one(pare_doc *doc, const pare_report *report)
{
    const pare_report_model *const model = &report->models[0];
    const pare_report_figures *const f = &model->figures[0];
    char text[3][PARE_UNIT_BYTES];
    pare_report_name(doc, model->name);
    if (f->priced && isfinite(f->energy_mj.value)) {
        pare_unit_energy(text[0], f->energy_mj.value);
        pare_unit_energy(text[1], f->energy_mj.low);
        pare_unit_energy(text[2], f->energy_mj.high);
        pare_doc_format(doc, " needs %s per inference", text[0]);
        on_target(doc, report);
        pare_doc_format(doc, " (%s; %s to %s)", pare_str_or_empty(first_target(report)->kind),
                        text[1], text[2]);
    } else {
        pare_unit_count(text[0], (double)f->macs);
        pare_doc_format(doc, " takes %s MACs per inference", text[0]);
    }
    pare_unit_bytes(text[0], (double)f->file_bytes);
    pare_doc_format(doc, "; %s.", text[0]);
    return PARE_TONE_PLAIN;
}

static pare_tone judge_gates(pare_doc *doc, const pare_report *report)
{
    const size_t n_failed = pare_report_failed_gates(report);
    if (!n_failed) {
        if (report->n_gates == 1) pare_doc_put(doc, " The limit holds.");
        else pare_doc_format(doc, " All %zu limits hold.", report->n_gates);
        return PARE_TONE_GOOD;
    }
    if (report->n_gates == 1) pare_doc_put(doc, " The limit does not hold.");
    else pare_doc_format(doc, " %zu of %zu limits do%s not hold.", n_failed, report->n_gates,
                         n_failed == 1 ? "es" : "");
    return PARE_TONE_BAD;
}

/* --- a model that was made -------------------------------------------------------------------- */

bool pare_report_is_made(const pare_report *report)
{
    return report->n_models == 2 && report->n_steps > 0;
}

const pare_report_gate *pare_report_accuracy_gate(const pare_report *report)
{
    for (size_t i = 0; i < report->n_gates; i++)
        if (pare_str_eq(report->gates[i].name, "max-drop") ||
            pare_str_eq(report->gates[i].name, "min-agreement")) return &report->gates[i];
    return NULL;
}

static void put_points(pare_doc *doc, double drop)
{
    if (fabs(drop) < 0.005) pare_doc_put(doc, "loses nothing");
    else pare_doc_format(doc, "%s %.2f points", drop > 0 ? "loses" : "gains", fabs(drop));
}

void pare_accuracy_words(pare_doc *doc, const pare_report *report)
{
    const pare_report_change *const c = &report->change;
    const pare_report_accuracy *const a = &report->models[report->n_models - 1].figures->accuracy;
    if (!report->has_change) {
        pare_doc_put(doc, "was not judged: there are no samples to judge it by");
    } else if (isfinite(c->drop)) {
        put_points(doc, c->drop);
        if (a->metric) {
            pare_doc_put(doc, " of ");
            pare_doc_plain(doc, a->metric);
            pare_doc_format(doc, " on %llu samples", (unsigned long long)a->samples);
        }
        if (isfinite(c->drop_upper95))
            pare_doc_format(doc, ", in general at most %.2f lost (95 %%)", c->drop_upper95);
        if (c->bounded_by_agreement)
            pare_doc_put(doc, ", bounded by agreement: there are no labels");
    } else if (isfinite(c->agreement)) {
        pare_doc_format(doc, "gives the same answer in %.2f %% of samples; there are no labels",
                        100 * c->agreement);
    } else {
        pare_doc_put(doc, "cannot be told: the output is no classification");
    }
}

/* "72 % smaller, 25 % less energy (20 to 31 % less)", as far as a figure changed. */
static void made_figures(pare_doc *doc, const pare_report *report)
{
    static const int order[] = { PARE_METRIC_SIZE, PARE_METRIC_ENERGY, PARE_METRIC_LATENCY,
                                 PARE_METRIC_RAM };
    const pare_report_model *const after = pare_report_after(report);
    size_t n = 0;
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        const pare_metric *const metric = &pare_metrics[order[i]];
        const pare_band ratio = pare_metric_ratio(metric, &report->models[0], after, 0);
        if (!isfinite(ratio.value) || pare_tone_of(ratio) == PARE_TONE_PLAIN) continue;
        pare_doc_put(doc, n++ ? ", " : "");
        pare_metric_words(doc, metric, ratio.value);
        if (order[i] != PARE_METRIC_ENERGY || ratio.low == ratio.high) continue;
        pare_doc_put(doc, " (");
        pare_band_words(doc, ratio);
        pare_doc_put(doc, ")");
    }
    if (!n) pare_doc_put(doc, "no figure clearly differs");
}

/* Clearly more of what the model is to take less of, whatever its size. */
static bool is_dearer(const pare_report *report, int metric)
{
    const pare_band ratio = pare_metric_ratio(&pare_metrics[metric], &report->models[0],
                                              pare_report_after(report), 0);
    return pare_tone_of(ratio) == PARE_TONE_BAD;
}

static pare_tone describe_made(pare_doc *doc, const pare_report *report)
{
    const pare_report_gate *const gate = pare_report_accuracy_gate(report);
    pare_report_name(doc, pare_report_after(report)->name);
    pare_doc_put(doc, " against ");
    pare_report_name(doc, report->models[0].name);
    on_target(doc, report);
    pare_doc_put(doc, ": ");
    made_figures(doc, report);
    put_accuracy(doc, report);
    pare_doc_put(doc, ".");
    if (is_dearer(report, PARE_METRIC_ENERGY) || is_dearer(report, PARE_METRIC_LATENCY))
        return PARE_TONE_CAUTION;
    return gate && gate->passed ? PARE_TONE_GOOD : PARE_TONE_CAUTION;
}

const char *pare_verdict_heading(const pare_report *r, pare_tone tone)
{
    if (pare_report_is_made(r))
        return tone == PARE_TONE_BAD    ? "Do not ship"
               : tone == PARE_TONE_GOOD ? "Ship it"
                                        : "Look before you ship";
    if (r->n_gates) return tone == PARE_TONE_BAD ? "A limit fails" : "Limits hold";
    if (r->n_models < 2) return "Estimate";
    return tone == PARE_TONE_GOOD ? "Better" : tone == PARE_TONE_BAD ? "Worse" : "No clear winner";
}

/* ---------------------------------------------------------------------------------------------- */

pare_tone pare_verdict(pare_doc *doc, const pare_report *report)
{
    if (pare_report_is_made(report)) {
        const pare_tone made = describe_made(doc, report);
        if (!report->n_gates) return made;
        return judge_gates(doc, report) == PARE_TONE_BAD ? PARE_TONE_BAD : made;
    }
    const pare_tone tone = report->n_models < 2    ? describe_one(doc, report)
                           : report->n_models == 2 ? compare_two(doc, report)
                                                   : compare_many(doc, report);
    return report->n_gates ? judge_gates(doc, report) : tone;
}
