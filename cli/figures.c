#include "cli/figures.h"

#include "cli/again.h"
#include "cli/ci.h"
#include "cli/run_inputs.h"
#include "cli/signals.h"
#include "cli/unset_dims.h"

#include "formats/hourly.h"
#include "formats/report/writer.h"

#include "base/sha256.h"

#include "version.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_TIES = 100, MAX_PAIRED = 64 };

static const char *base_name(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

int pare_figures_begin(pare_app *app, pare_figures *out, const char *targets,
                       const pare_shape_options *shapes)
{
    *out = (pare_figures){ .app = app, .shape_options = shapes,
                           .hash = app->shared.report_dir != NULL };
    pare_arena_init(&app->ctx, &out->arena, 0);
    const pare_status st = pare_targets_open(&app->ctx, &out->targets, targets);
    return st ? pare_app_fail(app, pare_exit_for_input(st), NULL) : PARE_EXIT_DONE;
}

void pare_figures_free(pare_figures *figures)
{
    pare_ctx *const ctx = &figures->app->ctx;
    for (size_t i = 0; i < figures->n; i++)
        for (size_t t = 0; t < PARE_MAX_TARGETS; t++)
            pare_estimate_free(ctx, figures->models[i].estimates[t]);
    pare_targets_close(ctx, &figures->targets);
    pare_arena_free(&figures->arena);
    *figures = (pare_figures){ 0 };
}

/* --- one model -------------------------------------------------------------------------------- */

void pare_hash_file(char hex[65], const char *path)
{
    static const size_t piece = 1 << 16;
    uint8_t bytes[1 << 16];
    pare_sha256 sha;
    hex[0] = '\0';
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    pare_sha256_begin(&sha);
    ssize_t n = 0;
    while ((n = read(fd, bytes, piece)) > 0) pare_sha256_add(&sha, bytes, (size_t)n);
    if (n == 0) pare_sha256_end(&sha, hex);
    close(fd);
}

/* "image=1x3x224x224,mask=1x128": what the estimate is for. */
static pare_status shapes_text(pare_figures *f, const char **out, const pare_model *model,
                               const pare_shapes *shapes)
{
    pare_doc doc = { .ctx = &f->app->ctx };
    const pare_decls *const inputs = &model->graph->inputs;
    for (size_t i = 0; i < inputs->n; i++) {
        if (inputs->items[i].value == PARE_NONE) continue;
        const pare_value *const v = &model->values[inputs->items[i].value];
        if (v->tensor || v->sparse) continue;
        const pare_info *const info = pare_shapes_of(shapes, inputs->items[i].value);
        pare_doc_put(&doc, doc.n ? "," : "");
        pare_doc_plain(&doc, v->name);
        for (uint32_t d = 0; pare_info_has_rank(info) && d < info->rank; d++) {
            pare_doc_put(&doc, d ? "x" : "=");
            if (info->dims[d].kind == PARE_NUM_INT)
                pare_doc_format(&doc, "%lld", (long long)info->dims[d].i);
            else pare_doc_put(&doc, "?");
        }
    }
    *out = pare_arena_str(&f->arena, pare_doc_text(&doc));
    const pare_status st = doc.status ? doc.status
                           : *out     ? PARE_OK
                                      : pare_arena_fail(&f->app->ctx, &f->arena);
    pare_doc_free(&doc);
    return st;
}

static pare_status estimate(pare_figures *f, pare_costed *costed, const pare_model *model,
                            const pare_infer_opts *given, size_t t)
{
    pare_ctx *const ctx = &f->app->ctx;
    pare_shapes *shapes = NULL;
    pare_dims_set dims;
    PARE_TRY(pare_dims_complete(ctx, &f->arena, &dims, model, given, f->targets.items[t]->batch,
                                t == 0, costed->name));
    const pare_estimate_opts opts = { .batch = dims.n_inferences };
    pare_status st = pare_infer(ctx, &shapes, model, &dims.opts);
    if (!st && t == 0) st = shapes_text(f, &costed->shapes, model, shapes);
    if (!st) st = pare_estimate_make(ctx, &costed->estimates[t], model, shapes,
                                     f->targets.items[t], &opts);
    pare_shapes_free(ctx, shapes);
    for (size_t i = 0; !st && i < costed->estimates[t]->n_warnings; i++)
        pare_warn(ctx, "%s: %s", costed->name, costed->estimates[t]->warnings[i]);
    return st;
}

static void drop_last(pare_figures *f)
{
    pare_costed *const costed = &f->models[--f->n];
    for (size_t t = 0; t < PARE_MAX_TARGETS; t++)
        pare_estimate_free(&f->app->ctx, costed->estimates[t]);
}

static int add_shaped(pare_figures *f, const pare_model *model, const char *path,
                      const char *called, const pare_shapes_given *given, bool optional)
{
    pare_ctx *const ctx = &f->app->ctx;
    pare_status st = PARE_OK;
    if (!pare_arena_grow(&f->arena, &f->models, &f->cap, f->n + 1, sizeof(f->models[0])))
        return pare_app_fail(f->app, pare_exit_for_output(pare_arena_fail(ctx, &f->arena)), NULL);
    pare_costed *const costed = &f->models[f->n++];
    *costed = (pare_costed){ .name = base_name(called) };
    if (f->sizes) costed->files = *f->sizes;
    else pare_model_files_of(&costed->files, model);
    if (f->hash && !f->sizes) pare_hash_file(costed->sha256, path);
    for (size_t t = 0; !st && t < f->targets.n; t++)
        st = estimate(f, costed, model, &given->opts, t);
    if (!st) return PARE_EXIT_DONE;
    drop_last(f);
    if (optional && (st == PARE_EFORMAT || st == PARE_EUNSUPPORTED || st == PARE_EBUDGET)) {
        pare_warn(ctx, "%s: no estimate of what it costs: %s", called, ctx->message);
        return PARE_EXIT_DONE;
    }
    st = pare_fail_in(ctx, st, "%s: ", called);
    return pare_app_fail(f->app, pare_exit_for_input(st), NULL);
}

int pare_figures_add(pare_figures *f, const pare_model *model, const char *path,
                     const char *called, bool optional)
{
    static const pare_run_inputs none = { 0 };
    pare_shapes_given given;
    int status = pare_shapes_read(f->app, &given, f->shape_options);
    if (!status) status = pare_run_shapes_check(f->app, model, &given, &none);
    if (!status) status = add_shaped(f, model, path, called, &given, optional);
    pare_shapes_given_free(f->app, &given);
    return status;
}

int pare_figures_open(pare_figures *f, const char *path)
{
    pare_model *model = NULL;
    int status = pare_model_open(f->app, &model, path);
    if (!status) status = pare_figures_add(f, model, path, path, false);
    pare_model_free(&f->app->ctx, model);
    return status;
}

/* --- use ------------------------------------------------------------------------------------- */

/* Today's year, to tell old data of grids. */
static int this_year(void)
{
    struct tm date;
    const time_t now = time(NULL);
    return gmtime_r(&now, &date) ? date.tm_year + 1900 : 0;
}

/* What the last model means in use, against the first where there are two. */
static pare_status reckon(pare_figures *f, const pare_usage *use, const pare_hourly *hourly,
                          pare_use_result *out)
{
    const pare_report *const r = &f->report;
    const pare_report_model *const last = &r->models[r->n_models - 1];
    const bool compared = r->n_models > 1;
    const double none = (double)NAN;
    const pare_use_input input = {
        .energy_mj = last->figures[0].energy_mj,
        .base_mj = compared ? r->models[0].figures[0].energy_mj : (pare_band){ none, none, none },
        .ratio = compared ? last->ratios[0].energy : (pare_band){ none, none, none },
        .kind = r->targets[0].kind, .accuracy = none, .base_accuracy = none, .compress_j = none,
        .default_pue = f->targets.items[0]->hardware.pue, .hourly = hourly, .year = this_year(),
    };
    return pare_use_reckon(&f->app->ctx, out, use, &input);
}

static pare_status keep_use(pare_figures *f, const pare_use_result *result)
{
    pare_report_use *const out = &f->report.use;
    const pare_costed *const last = &f->models[f->n - 1];
    const size_t n_bytes = strlen(last->name) + strlen(result->sentence) + 3;
    char *const sentence = pare_arena_alloc(&f->arena, n_bytes);
    if (sentence) /* of many models it is to be said which one this is about */
        snprintf(sentence, n_bytes, "%s%s%s", f->n > 2 ? last->name : "", f->n > 2 ? ": " : "",
                 result->sentence);
    out->sentence = sentence;
    out->currency = pare_arena_str(&f->arena, result->currency);
    out->kwh = result->kwh.value;
    out->gco2e = result->gco2e.value;
    out->cost = result->cost.value;
    if (!out->sentence || !out->currency) return pare_arena_fail(&f->app->ctx, &f->arena);
    for (size_t i = 0; i < result->n_warnings; i++)
        pare_warn(&f->app->ctx, "%s", result->warnings[i]);
    return PARE_OK;
}

int pare_figures_use(pare_figures *f, const char *text)
{
    pare_ctx *const ctx = &f->app->ctx;
    pare_usage use;
    pare_use_result result;
    pare_hourly *hourly = NULL;
    if (!text) return PARE_EXIT_DONE;
    if (!f->report.models[0].figures[0].priced)
        return pare_app_error(f->app, PARE_EXIT_USAGE,
                              "--use: the target says nothing about energy", NULL);
    pare_use_init(&use);
    pare_status st = pare_use_parse(ctx, &use, text);
    if (!st && *use.hourly) st = pare_hourly_read(ctx, &hourly, use.hourly);
    if (!st) st = reckon(f, &use, hourly, &result);
    if (!st) st = keep_use(f, &result);
    pare_hourly_free(ctx, hourly);
    return st ? pare_app_fail(f->app, pare_exit_for_input(st), NULL) : PARE_EXIT_DONE;
}

/* --- as a report ------------------------------------------------------------------------------ */

static const char *bound_name(pare_bound bound)
{
    switch (bound) {
    case PARE_BOUND_COMPUTE: return "compute";
    case PARE_BOUND_MEMORY: return "memory";
    case PARE_BOUND_LAUNCH: return "launch";
    default: return NULL;
    }
}

/* The roof that a layer stands under: its type's peak rate, and the bandwidth that it waits for. */
static void fill_roof(pare_report_layer *out, const pare_estimate_layer *layer,
                      const pare_target *target)
{
    const pare_hardware *const h = &target->hardware;
    out->peak_ops_per_s = out->bytes_per_s = NAN;
    if (!target->has_hardware || h->energy_only || !h->n_levels) return;
    if (layer->mac_type >= PARE_N_ARITHMETIC) return; /* it has no MACs */
    const pare_memory_level *level = &h->levels[h->n_levels - 1];
    if (layer->bound == PARE_BOUND_MEMORY)
        level = layer->bound_store == PARE_STORE_WEIGHTS ? &h->weights
                                                         : &h->levels[layer->bound_store];
    out->peak_ops_per_s = 2 * h->macs_per_s[layer->mac_type].value;
    out->bytes_per_s = level->bytes_per_s.value;
}

static void fill_layer(pare_report_layer *out, const pare_estimate_layer *layer,
                       const pare_estimate *e)
{
    double dram = 0;
    const size_t last = e->target->hardware.n_levels ? e->target->hardware.n_levels - 1 : 0;
    dram = layer->bytes[last] + layer->bytes[PARE_STORE_WEIGHTS];
    *out = (pare_report_layer){
        .name = layer->name, .op = layer->op, .macs = layer->macs,
        .traffic_bytes = e->has_energy ? (uint64_t)dram
                                       : layer->weight_bytes + layer->input_bytes +
                                             layer->output_bytes,
        .energy_uj = layer->uj, .latency_us = layer->us, .intensity = layer->intensity,
        .bound = bound_name(layer->bound), .weight_type = layer->weight_type,
        .activation_type = layer->activation_type, .sparsity = layer->sparsity, .sqnr_db = NAN,
        .ram_bytes = layer->ram_bytes, .modelled = layer->modelled,
    };
    fill_roof(out, layer, e->target);
}

/* Arrays of the report, in the arena. */
typedef struct arrays {
    pare_report_model *models;
    pare_report_target *targets;
    pare_report_tie *ties;
    size_t n_ties;
} arrays;

static pare_status fill_targets(pare_figures *f, arrays *a)
{
    a->targets = pare_arena_array(&f->arena, f->targets.n, sizeof(*a->targets));
    if (!a->targets) return pare_arena_fail(&f->app->ctx, &f->arena);
    for (size_t t = 0; t < f->targets.n; t++) {
        const pare_target *const target = f->targets.items[t];
        a->targets[t] = (pare_report_target){
            .name = target->name, .version = target->version,
            .kind = !target->has_hardware         ? NULL
                    : isfinite(target->fit_error) ? "fitted"
                                                  : "estimated",
            .boundary = target->has_hardware ? target->hardware.boundary : NULL,
        };
    }
    return PARE_OK;
}

static void fill_ratio(pare_report_ratio *out, const pare_estimate *base, const pare_estimate *e)
{
    const pare_estimate_ratio ratio = pare_estimate_compare(base, e);
    *out = (pare_report_ratio){ ratio.energy, ratio.latency, ratio.energy_order != 0,
                                ratio.latency_order != 0 };
}

static pare_status fill_lists(pare_figures *f, pare_report_model *out, const pare_estimate *e)
{
    pare_report_layer *const layers =
        pare_arena_array(&f->arena, e->n_layers + 1, sizeof(*layers));
    pare_report_holder *const peak = pare_arena_array(&f->arena, e->n_holders + 1, sizeof(*peak));
    if (!layers || !peak) return pare_arena_fail(&f->app->ctx, &f->arena);
    for (size_t i = 0; i < e->n_layers; i++) fill_layer(&layers[i], &e->layers[i], e);
    for (size_t i = 0; i < e->n_holders; i++)
        peak[i] = (pare_report_holder){ e->holders[i].name, e->holders[i].bytes };
    out->layers = layers;
    out->n_layers = e->n_layers;
    out->peak = peak;
    out->n_peak = e->n_holders;
    out->ram_steps = e->ram_steps;
    out->ram_step_names = e->ram_step_names;
    out->n_ram_steps = e->n_ram_steps;
    out->unmodelled = e->unmodelled;
    out->n_unmodelled = e->n_unmodelled;
    return PARE_OK;
}

static pare_status fill_model(pare_figures *f, pare_report_model *out, size_t m)
{
    const pare_costed *const costed = &f->models[m];
    pare_report_figures *const figures =
        pare_arena_array(&f->arena, f->targets.n, sizeof(*figures));
    pare_report_ratio *const ratios = pare_arena_array(&f->arena, f->targets.n, sizeof(*ratios));
    if (!figures || !ratios) return pare_arena_fail(&f->app->ctx, &f->arena);
    for (size_t t = 0; t < f->targets.n; t++) {
        pare_estimate_figures(&figures[t], costed->estimates[t],
                              costed->files.file_bytes + costed->files.external_bytes);
        if (m) fill_ratio(&ratios[t], f->models[0].estimates[t], costed->estimates[t]);
    }
    *out = (pare_report_model){ .name = costed->name, .figures = figures,
                                .ratios = m ? ratios : NULL };
    memcpy(out->sha256, costed->sha256, sizeof(out->sha256));
    return fill_lists(f, out, costed->estimates[0]);
}

static void add_tie(arrays *a, size_t m, size_t n, size_t t, const char *figure, pare_band ratio)
{
    const bool same = ratio.low == 1 && ratio.high == 1;
    if (same || !isfinite(ratio.value) || a->n_ties == MAX_TIES) return;
    a->ties[a->n_ties++] = (pare_report_tie){ m, n, t, figure, ratio };
}

static pare_status fill_ties(pare_figures *f, arrays *a)
{
    const size_t n = f->n < MAX_PAIRED ? f->n : MAX_PAIRED;
    a->ties = pare_arena_array(&f->arena, MAX_TIES, sizeof(*a->ties));
    if (!a->ties) return pare_arena_fail(&f->app->ctx, &f->arena);
    for (size_t t = 0; t < f->targets.n; t++) {
        for (size_t i = 0; i < n; i++) {
            for (size_t k = i + 1; k < n; k++) {
                const pare_estimate_ratio r = pare_estimate_compare(f->models[i].estimates[t],
                                                                    f->models[k].estimates[t]);
                if (!r.energy_order) add_tie(a, i, k, t, "energy", r.energy);
                if (!r.latency_order) add_tie(a, i, k, t, "latency", r.latency);
            }
        }
    }
    return PARE_OK;
}

pare_status pare_figures_report(pare_figures *f, const char *verb)
{
    arrays a = { .models = pare_arena_array(&f->arena, f->n, sizeof(*a.models)) };
    if (!a.models) return pare_arena_fail(&f->app->ctx, &f->arena);
    PARE_TRY(fill_targets(f, &a));
    for (size_t m = 0; m < f->n; m++) PARE_TRY(fill_model(f, &a.models[m], m));
    PARE_TRY(fill_ties(f, &a));
    f->report = (pare_report){
        .verb = verb, .tool_version = PARE_VERSION, .kernel_level = NULL,
        .targets = a.targets, .n_targets = f->targets.n,
        .models = a.models, .n_models = f->n, .ties = a.ties, .n_ties = a.n_ties,
        .shapes = f->models[0].shapes,
        .warnings = (const char *const *)f->app->warnings, .n_warnings = f->app->n_warnings,
    };
    return pare_again_tell(f->app, &f->arena, &f->report);
}

void pare_figures_computed(pare_figures *f, uint64_t seed)
{
    const pare_kernels *kernels = NULL;
    f->report.seed = seed;
    if (!pare_plan_kernels(&f->app->ctx, &kernels))
        f->report.kernel_level = pare_isa_name(kernels->isa);
}

pare_status pare_figures_data(pare_figures *f, const char *role, const char *path,
                              const pare_dataset *data, const char *metric)
{
    pare_report *const r = &f->report;
    pare_report_data *const all = pare_arena_array(&f->arena, r->n_data + 1, sizeof(*all));
    const char *const sha256 = pare_arena_str(&f->arena, data->sha256);
    if (!all || !sha256) return pare_arena_fail(&f->app->ctx, &f->arena);
    if (r->n_data) memcpy(all, r->data, r->n_data * sizeof(*all));
    all[r->n_data] = (pare_report_data){ role, base_name(path), sha256, data->n };
    r->data = all;
    r->n_data++;
    if (!pare_str_eq(role, "evaluation")) return PARE_OK;
    r->data_sha256 = sha256;
    r->metric = metric;
    return PARE_OK;
}

int pare_figures_deliver(pare_figures *f)
{
    pare_app *const app = f->app;
    pare_status st = PARE_OK;
    f->report.warnings = (const char *const *)app->warnings;
    f->report.n_warnings = app->n_warnings;
    pare_signals_defer(true);
    if (app->shared.report_dir)
        st = pare_report_save(&app->ctx, app->shared.report_dir, &f->report, f->formats,
                              f->n_formats);
    if (!st) st = pare_ci_tell(app, &f->report);
    pare_signals_defer(false);
    if (st) return pare_app_fail(app, pare_exit_for_output(st), NULL);
    if (app->shared.report_dir && !app->shared.quiet && !app->shared.json) {
        pare_line line = { 0 };
        if (f->n_formats) pare_line_add(&line, "wrote the report to %s", app->shared.report_dir);
        else
            pare_line_add(&line, "wrote %s/report.html, report.md, report.json, results.csv and "
                                 "junit.xml", app->shared.report_dir);
        pare_app_print(app, line.text);
    }
    return PARE_EXIT_DONE;
}
