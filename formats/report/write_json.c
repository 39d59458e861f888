#include "formats/report/write_json.h"

#include "formats/report/join.h"
#include "formats/report/verdict.h"
#include "formats/report/writer.h"

#include "base/bytes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Six digits say more than an estimate knows; more would only be noise between versions. */
static void add_real(pare_json *json, const char *key, double value)
{
    char text[40];
    snprintf(text, sizeof(text), "%.6g", value);
    pare_json_real(json, key, isfinite(value) ? strtod(text, NULL) : value);
}

/* Sums may exceed what JSON's integers hold in most readers. */
static void add_count(pare_json *json, const char *key, uint64_t value)
{
    pare_json_uint(json, key, value > INT64_MAX ? INT64_MAX : value);
}

static void add_texts(pare_json *json, const char *key, const char *const *texts, size_t n)
{
    pare_json_open_array(json, key);
    for (size_t i = 0; i < n; i++) pare_json_text(json, NULL, texts[i]);
    pare_json_close(json);
}

static void add_accuracy(pare_json *json, const pare_report_accuracy *a)
{
    if (!a->metric) {
        pare_json_null(json, "accuracy");
        return;
    }
    pare_json_open_object(json, "accuracy");
    pare_json_text(json, "metric", a->metric);
    add_real(json, "value", a->value);
    add_real(json, "low", a->low);
    add_real(json, "high", a->high);
    add_count(json, "samples", a->samples);
    pare_json_close(json);
}

void pare_report_json_figures(pare_json *json, const pare_report_figures *f)
{
    static const char *const terms[] = { "compute", "memory", "static", "overhead" };
    const double none = (double)NAN;
    add_count(json, "params", f->params);
    add_count(json, "file_bytes", f->file_bytes);
    add_count(json, "macs", f->macs);
    add_count(json, "other_ops", f->other_ops);
    add_count(json, "flops", f->flops);
    pare_json_open_object(json, "traffic_bytes");
    add_count(json, "weights", f->weight_traffic_bytes);
    add_count(json, "activations", f->activation_traffic_bytes);
    add_count(json, "dram", f->dram_traffic_bytes);
    pare_json_close(json);
    add_real(json, "energy_mj", f->priced ? f->energy_mj.value : none);
    add_real(json, "energy_mj_low", f->priced ? f->energy_mj.low : none);
    add_real(json, "energy_mj_high", f->priced ? f->energy_mj.high : none);
    pare_json_open_object(json, "energy_terms_mj");
    for (size_t i = 0; i < PARE_REPORT_TERMS; i++)
        add_real(json, terms[i], f->priced ? f->energy_terms_mj[i] : none);
    pare_json_close(json);
    add_real(json, "latency_ms", f->priced ? f->latency_ms.value : none);
    add_real(json, "latency_ms_low", f->priced ? f->latency_ms.low : none);
    add_real(json, "latency_ms_high", f->priced ? f->latency_ms.high : none);
    add_count(json, "ram_peak_bytes", f->ram_peak_bytes);
    add_count(json, "flash_bytes", f->flash_bytes);
    add_real(json, "sparsity", f->sparsity);
    add_accuracy(json, &f->accuracy);
}

static void add_figures(pare_json *json, const char *key, const pare_report_figures *f)
{
    pare_json_open_object(json, key);
    pare_report_json_figures(json, f);
    pare_json_close(json);
}

static void add_band(pare_json *json, const char *key, pare_band band)
{
    pare_json_open_object(json, key);
    add_real(json, "value", band.value);
    add_real(json, "low", band.low);
    add_real(json, "high", band.high);
    pare_json_close(json);
}

static void add_identity(pare_json *json, const char *key, const pare_report_model *model)
{
    if (!model) {
        pare_json_null(json, key);
        return;
    }
    pare_json_open_object(json, key);
    pare_json_text(json, "file", model->name);
    pare_json_text(json, "sha256", *model->sha256 ? model->sha256 : NULL);
    add_count(json, "bytes", model->figures[0].file_bytes);
    pare_json_close(json);
}

static void add_tool(pare_json *json, const pare_report *r)
{
    pare_json_open_object(json, "tool");
    pare_json_text(json, "version", r->tool_version);
    pare_json_text(json, "verb", r->verb);
    pare_json_text(json, "recipe", r->recipe);
    pare_json_text(json, "recipe_text", r->recipe_text);
    pare_json_open_array(json, "seeds");
    add_count(json, NULL, r->seed);
    pare_json_close(json);
    pare_json_text(json, "kernel_level", r->kernel_level);
    pare_json_close(json);
}

static void add_targets(pare_json *json, const pare_report *r)
{
    pare_json_open_array(json, "targets");
    for (size_t i = 0; i < r->n_targets; i++) {
        pare_json_open_object(json, NULL);
        pare_json_text(json, "name", r->targets[i].name);
        pare_json_int(json, "version", r->targets[i].version);
        pare_json_text(json, "kind", r->targets[i].kind);
        pare_json_text(json, "boundary", r->targets[i].boundary);
        pare_json_close(json);
    }
    pare_json_close(json);
}

/* Every model on every target. */
void pare_report_json_on(pare_json *json, const pare_report *r, const pare_report_model *model)
{
    pare_json_open_array(json, "on");
    for (size_t i = 0; i < r->n_targets; i++) {
        pare_json_open_object(json, NULL);
        pare_json_text(json, "target", r->targets[i].name);
        pare_report_json_figures(json, &model->figures[i]);
        if (model->ratios && model->figures[i].priced) {
            add_band(json, "energy_ratio", model->ratios[i].energy);
            pare_json_bool(json, "energy_ordered", model->ratios[i].energy_ordered);
            add_band(json, "latency_ratio", model->ratios[i].latency);
            pare_json_bool(json, "latency_ordered", model->ratios[i].latency_ordered);
        }
        pare_json_close(json);
    }
    pare_json_close(json);
}

void pare_report_json_peak(pare_json *json, const pare_report_model *model)
{
    pare_json_open_array(json, "peak");
    for (size_t i = 0; i < model->n_peak; i++) {
        pare_json_open_object(json, NULL);
        pare_json_text(json, "name", model->peak[i].name);
        add_count(json, "bytes", model->peak[i].bytes);
        pare_json_close(json);
    }
    pare_json_close(json);
    add_texts(json, "unmodelled", model->unmodelled, model->n_unmodelled);
}

static void add_model(pare_json *json, const pare_report *r, const pare_report_model *model)
{
    pare_json_open_object(json, NULL);
    pare_json_text(json, "file", model->name);
    pare_json_text(json, "sha256", *model->sha256 ? model->sha256 : NULL);
    pare_report_json_on(json, r, model);
    pare_report_json_peak(json, model);
    pare_json_close(json);
}

static void add_ties(pare_json *json, const pare_report *r)
{
    pare_json_open_array(json, "ties");
    for (size_t i = 0; i < r->n_ties; i++) {
        const pare_report_tie *const tie = &r->ties[i];
        pare_json_open_object(json, NULL);
        pare_json_text(json, "figure", tie->figure);
        pare_json_text(json, "target", r->targets[tie->target].name);
        pare_json_text(json, "a", r->models[tie->a].name);
        pare_json_text(json, "b", r->models[tie->b].name);
        add_band(json, "ratio", tie->ratio);
        pare_json_close(json);
    }
    pare_json_close(json);
}

static void add_change(pare_json *json, const pare_report *r)
{
    if (!r->has_change) {
        pare_json_null(json, "accuracy_change");
        return;
    }
    pare_json_open_object(json, "accuracy_change");
    add_count(json, "broken", r->change.broken);
    add_count(json, "repaired", r->change.repaired);
    add_real(json, "drop", r->change.drop);
    add_real(json, "drop_upper95", r->change.drop_upper95);
    add_count(json, "samples_needed", r->change.samples_needed);
    add_real(json, "agreement", r->change.agreement);
    pare_json_bool(json, "bounded_by_agreement", r->change.bounded_by_agreement);
    pare_json_close(json);
}

/* What was taken out: only of steps that take things out. */
static void add_removed(pare_json *json, const pare_report_step *step)
{
    if (!step->n_removed) return;
    pare_json_open_array(json, "removed");
    for (size_t i = 0; i < step->n_removed; i++) {
        const pare_report_removed *const removed = &step->removed[i];
        pare_json_open_object(json, NULL);
        pare_json_text(json, "name", removed->name);
        pare_json_text(json, "what", removed->what);
        add_count(json, "before", removed->before);
        add_count(json, "after", removed->after);
        add_real(json, "error_before", removed->error_before);
        add_real(json, "error_after", removed->error_after);
        pare_json_text(json, "why", removed->why);
        pare_json_close(json);
    }
    pare_json_close(json);
}

static void add_steps(pare_json *json, const pare_report *r)
{
    pare_json_open_array(json, "steps");
    for (size_t i = 0; i < r->n_steps; i++) {
        pare_json_open_object(json, NULL);
        pare_json_text(json, "name", r->steps[i].name);
        pare_json_text(json, "options", r->steps[i].options);
        add_real(json, "seconds", r->steps[i].seconds);
        add_figures(json, "before", &r->steps[i].before);
        add_figures(json, "after", &r->steps[i].after);
        add_texts(json, "skipped", r->steps[i].skipped, r->steps[i].n_skipped);
        add_removed(json, &r->steps[i]);
        pare_json_close(json);
    }
    pare_json_close(json);
}

static void add_layer(pare_json *json, const pare_layer_pair *pair, bool compared)
{
    const pare_report_layer *const layer = pair->after ? pair->after : pair->before;
    pare_json_open_object(json, NULL);
    pare_json_text(json, "name", layer->name);
    pare_json_text(json, "op", layer->op);
    if (compared && !pair->after) pare_json_bool(json, "gone", true);
    add_count(json, "macs", layer->macs);
    add_count(json, "traffic_bytes", layer->traffic_bytes);
    add_real(json, "energy_uj", compared && !pair->after ? 0 : layer->energy_uj);
    if (compared && pair->before) add_real(json, "energy_before_uj", pair->before->energy_uj);
    add_real(json, "latency_us", layer->latency_us);
    pare_json_text(json, "bound", layer->bound);
    add_count(json, "ram_bytes", layer->ram_bytes);
    pare_json_text(json, "weight_type", layer->weight_type);
    pare_json_text(json, "activation_type", layer->activation_type);
    add_real(json, "sparsity", layer->sparsity);
    add_real(json, "sqnr_db", layer->sqnr_db);
    pare_json_bool(json, "modelled", layer->modelled);
    pare_json_close(json);
}

void pare_report_json_layers(pare_json *json, const char *key, const pare_report *r)
{
    const pare_report_model *const after = pare_report_after(r);
    pare_layer_pair *pairs = NULL;
    size_t n = 0;
    const pare_status st = pare_layers_join(json->doc.ctx, &pairs, &n, &r->models[0], after);
    if (st && !json->doc.status) json->doc.status = st;
    pare_json_open_array(json, key);
    for (size_t i = 0; i < n; i++) add_layer(json, &pairs[i], after != NULL);
    pare_json_close(json);
    pare_free(json->doc.ctx, pairs);
}

static void add_gates(pare_json *json, const pare_report *r)
{
    pare_json_open_array(json, "gates");
    for (size_t i = 0; i < r->n_gates; i++) {
        pare_json_open_object(json, NULL);
        pare_json_text(json, "name", r->gates[i].name);
        pare_json_text(json, "model", r->gates[i].model);
        pare_json_text(json, "limit", r->gates[i].limit);
        pare_json_text(json, "value", r->gates[i].value);
        pare_json_bool(json, "passed", r->gates[i].passed);
        pare_json_bool(json, "comparable", r->gates[i].comparable);
        pare_json_text(json, "reason", r->gates[i].reason);
        pare_json_text(json, "remedy", r->gates[i].remedy);
        pare_json_close(json);
    }
    pare_json_close(json);
}

void pare_report_json_use(pare_json *json, const pare_report *r)
{
    if (!r->use.sentence) {
        pare_json_null(json, "use");
        return;
    }
    pare_json_open_object(json, "use");
    pare_json_text(json, "sentence", r->use.sentence);
    add_real(json, "kwh_per_month", r->use.kwh);
    add_real(json, "gco2e_per_month", r->use.gco2e);
    add_real(json, "cost_per_month", r->use.cost);
    pare_json_text(json, "currency", r->use.currency);
    pare_json_close(json);
}

static void add_comparable(pare_json *json, const pare_report *r)
{
    pare_json_open_object(json, "comparable");
    pare_json_text(json, "data_sha256", r->data_sha256);
    pare_json_text(json, "metric", r->metric);
    pare_json_text(json, "target", r->targets[0].name);
    pare_json_int(json, "target_version", r->targets[0].version);
    pare_json_text(json, "shapes", r->shapes);
    pare_json_close(json);
}

static void add_data(pare_json *json, const pare_report *r)
{
    pare_json_open_array(json, "data");
    for (size_t i = 0; i < r->n_data; i++) {
        pare_json_open_object(json, NULL);
        pare_json_text(json, "role", r->data[i].role);
        pare_json_text(json, "file", r->data[i].name);
        pare_json_text(json, "sha256", r->data[i].sha256);
        add_count(json, "samples", r->data[i].samples);
        pare_json_close(json);
    }
    pare_json_close(json);
}

static void add_since(pare_json *json, const pare_report *r)
{
    const pare_report_since *const since = &r->since;
    if (!since->n) {
        pare_json_null(json, "since_baseline");
        return;
    }
    pare_json_open_object(json, "since_baseline");
    pare_json_text(json, "file", since->model);
    pare_json_text(json, "version", since->tool_version);
    pare_json_open_array(json, "figures");
    for (size_t i = 0; i < since->n; i++) {
        pare_json_open_object(json, NULL);
        pare_json_text(json, "figure", since->rows[i].figure);
        add_real(json, "was", since->rows[i].was);
        add_real(json, "is", since->rows[i].is);
        add_real(json, "may_be_worse_by", since->rows[i].most);
        pare_json_text(json, "differs", since->rows[i].differs);
        pare_json_close(json);
    }
    pare_json_close(json);
    pare_json_close(json);
}

static void write_json(pare_doc *doc, const pare_report *r)
{
    const pare_report_model *const after = pare_report_after(r);
    const char *text = NULL;
    size_t n = 0;
    pare_json json;
    pare_json_init(&json, doc->ctx);
    pare_json_text(&json, "schema", "pare.report/1");
    add_tool(&json, r);
    add_identity(&json, "input", &r->models[0]);
    add_identity(&json, "output", after);
    add_targets(&json, r);
    add_figures(&json, "before", &r->models[0].figures[0]);
    if (after) add_figures(&json, "after", &after->figures[0]);
    else pare_json_null(&json, "after");
    add_change(&json, r);
    add_gates(&json, r);
    pare_report_json_use(&json, r);
    add_comparable(&json, r);
    add_data(&json, r);
    add_since(&json, r);
    pare_json_open_array(&json, "models");
    for (size_t i = 0; i < r->n_models; i++) add_model(&json, r, &r->models[i]);
    pare_json_close(&json);
    add_ties(&json, r);
    add_steps(&json, r);
    pare_report_json_layers(&json, "layers", r);
    add_texts(&json, "warnings", r->warnings, r->n_warnings);
    pare_json_text(&json, "reproduce", r->reproduce);
    add_texts(&json, "arguments", r->arguments, r->n_arguments);
    if (pare_json_end(&json, &text, &n)) doc->status = json.doc.status;
    else pare_doc_bytes(doc, text, n);
    pare_json_free(&json);
}

const pare_report_writer pare_report_writer_json = {
    "json", "report.json", "everything, for programs and as a baseline", write_json
};
