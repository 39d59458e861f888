#include "formats/report/metric.h"
#include "formats/report/writer.h"

#include "base/bytes.h"

#include <inttypes.h>
#include <math.h>

static const char header[] =
    "model,sha256,target,target_version,kind,params,file_bytes,macs,other_ops,flops,"
    "weight_traffic_bytes,activation_traffic_bytes,dram_traffic_bytes,"
    "energy_mj,energy_mj_low,energy_mj_high,energy_ratio,energy_ratio_low,energy_ratio_high,"
    "latency_ms,latency_ms_low,latency_ms_high,ram_peak_bytes,flash_bytes,sparsity,"
    "metric,accuracy,accuracy_low,accuracy_high,samples,unmodelled\r\n";

static void put_real(pare_doc *doc, double value)
{
    if (isfinite(value)) pare_doc_format(doc, ",%.6g", value);
    else pare_doc_put(doc, ",");
}

static void put_band(pare_doc *doc, pare_band band)
{
    put_real(doc, band.value);
    put_real(doc, band.low);
    put_real(doc, band.high);
}

static void put_text(pare_doc *doc, const char *text)
{
    pare_doc_put(doc, ",");
    if (text && *text) pare_doc_csv(doc, text);
}

static void put_figures(pare_doc *doc, const pare_report_figures *f)
{
    pare_doc_format(doc,
                    ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64
                    ",%" PRIu64 ",%" PRIu64,
                    f->params, f->file_bytes, f->macs, f->other_ops, f->flops,
                    f->weight_traffic_bytes, f->activation_traffic_bytes, f->dram_traffic_bytes);
}

static void put_row(pare_doc *doc, const pare_report *r, const pare_report_model *model, size_t t)
{
    static const pare_band unknown = { NAN, NAN, NAN };
    const pare_report_figures *const f = &model->figures[t];
    pare_doc_csv(doc, model->name);
    put_text(doc, model->sha256);
    put_text(doc, r->targets[t].name);
    pare_doc_format(doc, ",%" PRId64, r->targets[t].version);
    put_text(doc, r->targets[t].kind);
    put_figures(doc, f);
    put_band(doc, f->priced ? f->energy_mj : unknown);
    put_band(doc, f->priced && model->ratios ? model->ratios[t].energy : unknown);
    put_band(doc, f->priced ? f->latency_ms : unknown);
    pare_doc_format(doc, ",%" PRIu64 ",%" PRIu64, f->ram_peak_bytes, f->flash_bytes);
    put_real(doc, f->sparsity);
    put_text(doc, f->accuracy.metric);
    put_band(doc, pare_metrics[PARE_METRIC_ACCURACY].value(f));
    if (f->accuracy.metric) pare_doc_format(doc, ",%" PRIu64, f->accuracy.samples);
    else pare_doc_put(doc, ",");
    pare_doc_format(doc, ",%zu\r\n", model->n_unmodelled);
}

static void write_csv(pare_doc *doc, const pare_report *r)
{
    pare_doc_put(doc, header);
    for (size_t i = 0; i < r->n_models; i++)
        for (size_t t = 0; t < r->n_targets; t++) put_row(doc, r, &r->models[i], t);
}

const pare_report_writer pare_report_writer_csv = {
    "csv", "results.csv", "a row per model and target, for spreadsheets", write_csv
};
