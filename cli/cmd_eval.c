#include "cli/eval_collect.h"
#include "cli/eval_show.h"
#include "cli/model_file.h"
#include "cli/signals.h"
#include "cli/targets_option.h"

#include <stdlib.h>
#include <string.h>

typedef struct eval_options {
    const char *data, *reference, *predictions, *output, *metrics, *max_drop;
    const char *save_predictions, *save_inputs, *target;
    uint64_t metric_ms;       /* 0: the default */
    int64_t limit;            /* 0: all samples */
    int64_t seed;
    int64_t threads;          /* 0: as many as there are processors */
    int split;
    bool by_layer, allow_commands;
} eval_options;

static const char *const splits[] = { "eval", "calibrate", "all", NULL };
static const pare_data_split split_of[] = { PARE_DATA_EVAL, PARE_DATA_CALIBRATE, PARE_DATA_ALL };

/* Samples whose values are compared layer by layer. */
enum { LAYER_SAMPLES = 32 };

typedef struct eval_job {
    pare_app *app;
    const eval_options *options;
    const char *path;         /* of the model; NULL: --predictions */
    pare_model *model, *reference;
    pare_dataset *data;
    pare_bounded bounded;
    pare_pool *pool;
    pare_eval_metrics metrics;
    pare_evaluation result;
    pare_layer_noise layers;
    pare_eval_collect collect;
    pare_tensor *predictions; /* with --predictions */
    pare_tensor *rows;        /* of the data that they are of; NULL: all */
    double limit;             /* points; NaN: not given */
    pare_sums sums;           /* as the target has them */
} eval_job;

static const char *without_folders(const char *path)
{
    const char *const slash = path ? strrchr(path, '/') : NULL;
    return slash && slash[1] ? slash + 1 : path;
}

/* --- what is asked ---------------------------------------------------------------------------- */

static int read_limit(eval_job *job)
{
    const char *const text = job->options->max_drop;
    char *end = NULL;
    pare_line message = { 0 };
    job->limit = NAN;
    if (!text) return PARE_EXIT_DONE;
    job->limit = strtod(text, &end);
    if (end != text && (!*end || pare_str_eq(end, "%")) && job->limit >= 0 && job->limit <= 100)
        return PARE_EXIT_DONE;
    pare_line_add(&message, "--max-drop: expected points from 0 to 100, such as 0.5, found '%s'",
                  text);
    return pare_app_error(job->app, PARE_EXIT_USAGE, message.text, NULL);
}

static int check_usage(eval_job *job)
{
    const eval_options *o = job->options;
    pare_app *const app = job->app;
    if (!job->path == !o->predictions)
        return pare_app_error(app, PARE_EXIT_USAGE,
                              job->path ? "a model is given, and --predictions as well: one of "
                                          "them is to be scored"
                                        : "nothing to evaluate: give a MODEL or --predictions",
                              NULL);
    if (o->by_layer && !(job->path && o->reference))
        return pare_app_error(app, PARE_EXIT_USAGE,
                              "--by-layer compares two models: it needs MODEL and --reference",
                              NULL);
    if (o->max_drop && !o->reference)
        return pare_app_error(app, PARE_EXIT_USAGE,
                              "--max-drop needs --reference, the model before the change", NULL);
    if (o->save_inputs && !job->path)
        return pare_app_error(app, PARE_EXIT_USAGE, "--save-inputs needs a MODEL", NULL);
    return read_limit(job);
}

/* Predictions that were made elsewhere, and which rows of the data they are of. */
static pare_status read_predictions(eval_job *job)
{
    pare_ctx *const ctx = &job->bounded.ctx;
    const char *const path = job->options->predictions;
    if (!path) return PARE_OK;
    PARE_TRY(pare_npz_read(ctx, &job->predictions, path, job->options->output, false));
    PARE_TRY(pare_npz_read(ctx, &job->rows, path, "rows", true));
    const pare_tensor *rows = job->rows, *all = job->predictions;
    if (!all->rank || !all->dims[0])
        return pare_fail(ctx, PARE_EFORMAT, "%s: expected an array with a row for every sample",
                         path);
    if (!rows) return PARE_OK;
    bool fits = rows->dtype == PARE_INT64 && rows->n_elements == all->dims[0];
    const int64_t *const n = (const int64_t *)(const void *)rows->payload.data;
    for (int64_t i = 1; fits && i < rows->n_elements; i++) fits = n[i - 1] < n[i];
    if (fits) return PARE_OK;
    return pare_fail(ctx, PARE_EFORMAT,
                     "%s: rows: expected ascending 64-bit integers, one for each prediction", path);
}

/* What is to be kept of every sample. */
static pare_status prepare_collect(eval_job *job)
{
    pare_ctx *const ctx = &job->bounded.ctx;
    const eval_options *o = job->options;
    pare_eval_collect *c = &job->collect;
    const bool any_program = o->allow_commands && job->metrics.n_programs;
    const pare_decls *outputs = job->model ? &job->model->graph->outputs : NULL;
    c->data = job->data;
    c->output = o->output ? o->output : job->data->output;
    if (!c->output && outputs && outputs->n)
        c->output = job->model->values[outputs->items[0].value].name;
    if (!c->output) c->output = "output";
    if (o->save_predictions) PARE_TRY(pare_npz_new(ctx, &c->predictions));
    if (o->save_inputs) PARE_TRY(pare_npz_new(ctx, &c->inputs));
    if (any_program) PARE_TRY(pare_npz_new(ctx, &c->for_model));
    if (any_program && o->reference) PARE_TRY(pare_npz_new(ctx, &c->for_reference));
    if (job->metrics.n_programs && !any_program)
        pare_warn(&job->app->ctx,
                  "the data ask for metrics that programs compute, which --allow-commands runs");
    return PARE_OK;
}

static int open_all(eval_job *job)
{
    const eval_options *o = job->options;
    const pare_data_choice choice = { .split = split_of[o->split], .take = (uint64_t)o->limit,
                                      .seed = (uint64_t)o->seed };
    int status = PARE_EXIT_DONE;
    if (job->path) status = pare_model_open(job->app, &job->model, job->path);
    if (!status && o->reference)
        status = pare_model_open(job->app, &job->reference, o->reference);
    if (status) return status;
    const pare_model *const shape = job->model ? job->model : job->reference;
    const pare_status st = pare_data_open_for(&job->bounded, &job->data, o->data, shape, &choice);
    if (st) return pare_app_fail(job->app, pare_exit_for_input(st), NULL);
    status = pare_eval_metrics_choose(job->app, &job->metrics, o->metrics, job->data,
                                      o->reference != NULL);
    if (status) return status;
    pare_status made = read_predictions(job);
    if (!made) made = prepare_collect(job);
    made = pare_bounded_fail(&job->bounded, made);
    return made ? pare_app_fail(job->app, pare_exit_for_input(made), NULL) : PARE_EXIT_DONE;
}

/* --- the work --------------------------------------------------------------------------------- */

static pare_evaluate_opts opts_of(const eval_job *job)
{
    const pare_score_id judged = pare_eval_metrics_judged(&job->metrics);
    return (pare_evaluate_opts){
        .data = job->data, .reference = job->reference, .output = job->options->output,
        .metrics = job->metrics.bits, .judged = judged, .pool = job->pool,
        .max_memory_bytes = job->bounded.budget.limit_bytes, .sums = job->sums,
        .predictions = job->predictions,
        .prediction_rows =
            job->rows ? (const int64_t *)(const void *)job->rows->payload.data : NULL,
    };
}

static pare_status evaluate(eval_job *job)
{
    pare_ctx *const ctx = &job->bounded.ctx;
    PARE_TRY(pare_pool_new(ctx, &job->pool, (uint32_t)job->options->threads));
    pare_evaluate_opts opts = opts_of(job);
    const pare_eval_collect *c = &job->collect;
    opts.keep_inputs = c->inputs != NULL;
    if (c->predictions || c->inputs || c->for_model) opts.seen = pare_eval_collect_sample;
    opts.user = &job->collect;
    return pare_evaluate(ctx, &job->result, job->model, &opts);
}

/* The same for some samples with all values kept. */
static pare_status compare_layers(eval_job *job)
{
    pare_ctx *const ctx = &job->bounded.ctx;
    const eval_options *o = job->options;
    const uint64_t n = o->limit && o->limit < LAYER_SAMPLES ? (uint64_t)o->limit : LAYER_SAMPLES;
    const pare_data_choice choice = { .split = split_of[o->split], .take = n,
                                      .seed = (uint64_t)o->seed };
    pare_dataset *some = NULL;
    pare_evaluation unused;
    if (!o->by_layer) return PARE_OK;
    PARE_TRY(pare_data_choose(ctx, &some, job->data, &choice));
    pare_evaluate_opts opts = opts_of(job);
    opts.data = some;
    opts.layers = &job->layers;
    const pare_status st = pare_evaluate(ctx, &unused, job->model, &opts);
    pare_data_close(ctx, some);
    return st;
}

/* The folder that a description stands in; out is where it is written. NULL: the current one. */
static const char *folder_of(char *out, size_t out_bytes, const char *path)
{
    const char *const slash = strrchr(path, '/');
    const size_t n = slash ? (size_t)(slash - path) : 0;
    if (!n || n >= out_bytes) return slash == path ? "/" : NULL;
    memcpy(out, path, n);
    out[n] = '\0';
    return out;
}

static pare_status run_programs(eval_job *job)
{
    char folder[4096];
    return pare_eval_collect_score(&job->bounded.ctx, &job->collect, &job->metrics,
                                   folder_of(folder, sizeof(folder), job->options->data),
                                   job->options->metric_ms);
}

static pare_status save(eval_job *job)
{
    pare_ctx *const ctx = &job->bounded.ctx;
    const pare_eval_collect *c = &job->collect;
    pare_status st = PARE_OK;
    pare_signals_defer(true);
    if (c->predictions) st = pare_npz_write(ctx, c->predictions, job->options->save_predictions);
    if (!st && c->inputs) st = pare_npz_write(ctx, c->inputs, job->options->save_inputs);
    pare_signals_defer(false);
    return pare_bounded_fail(&job->bounded, st);
}

/* --- the verdict ------------------------------------------------------------------------------ */

static void warn_nan(eval_job *job, const pare_evaluated_side *side, const char *whose)
{
    const pare_dataset *data = job->data;
    char name[256];
    pare_line line = { 0 };
    if (!side->n_nan) return;
    pare_line_add(&line, "%s gives NaN for %llu of %llu samples: ", whose,
                  (unsigned long long)side->n_nan, (unsigned long long)job->result.n);
    for (uint64_t i = 0; i < side->n_nan && i < 3; i++)
        pare_line_add(&line, "%s%s", i ? ", " : "",
                      data->name(data->self, side->nan[i], name, sizeof(name)));
    if (side->n_nan > 3) pare_line_add(&line, ", ...");
    pare_warn(&job->app->ctx, "%s; they count as wrong, and not in means", line.text);
}

static void warn(eval_job *job)
{
    const pare_evaluation *r = &job->result;
    warn_nan(job, &r->model, "the model");
    warn_nan(job, &r->reference, "the reference");
    if (r->n_skipped)
        pare_warn(&job->app->ctx, "%llu samples could not be read and were left out",
                  (unsigned long long)r->n_skipped);
    if (r->n_unlabelled)
        pare_warn(&job->app->ctx, "%llu of %llu samples have no label",
                  (unsigned long long)r->n_unlabelled, (unsigned long long)r->n);
}

static void judge(const eval_job *job, pare_eval_shown *s)
{
    const pare_evaluation *r = &job->result;
    const pare_pairs changed = { r->n_answers, r->n_changed, 0 };
    s->drop = r->drop;
    if (isnan(s->drop.drop)) return;
    if (pare_drop_judge(&s->drop, pare_eval_limit(s)) != PARE_DROP_OPEN) return;
    s->n_needed = pare_pairs_needed(r->bounded_by_agreement ? &changed : &r->pairs,
                                    pare_eval_limit(s));
}

static int show(eval_job *job, const pare_eval_shown *s)
{
    pare_app *const app = job->app;
    if (app->shared.json) {
        pare_json json;
        pare_model_files files;
        pare_app_begin_json(app, &json, "pare.eval/1");
        if (job->model) {
            pare_model_files_of(&files, job->model);
            pare_json_add_files(&json, "input", job->path, &files);
        }
        if (job->reference) {
            pare_model_files_of(&files, job->reference);
            pare_json_add_files(&json, "reference", job->options->reference, &files);
        }
        pare_eval_json(&json, s);
        pare_app_json_warnings(app, &json);
        const int status = pare_app_print_json(app, &json);
        if (status) return status;
    } else if (!app->shared.quiet) {
        pare_eval_print(app, s);
    }
    if (isnan(s->limit) || !(s->drop.drop > s->limit)) return PARE_EXIT_DONE;
    return PARE_EXIT_GATE;
}

static int work(eval_job *job)
{
    const double begun = pare_app_seconds();
    pare_status st = evaluate(job);
    if (!st) st = compare_layers(job);
    if (!st) st = run_programs(job);
    st = pare_bounded_fail(&job->bounded, st);
    if (st) return pare_app_fail(job->app, pare_exit_for_input(st), NULL);
    st = save(job);
    if (st) return pare_app_fail(job->app, pare_exit_for_output(st), NULL);
    warn(job);
    pare_eval_shown shown = {
        .model = without_folders(job->path), .reference = without_folders(job->options->reference),
        .data = without_folders(job->options->data), .dataset = job->data,
        .result = &job->result, .metrics = &job->metrics, .limit = job->limit,
        .layers = job->options->by_layer ? &job->layers : NULL,
        .seconds = pare_app_seconds() - begun, .n_threads = pare_pool_size(job->pool),
    };
    pare_app_note(job->app, "%u threads: %.2f s reading, %.2f s running, %.2f s scoring; at most "
                            "%.1f MB of memory at once",
                  shown.n_threads, job->result.load_s, job->result.run_s, job->result.score_s,
                  (double)atomic_load(&job->bounded.budget.peak_bytes) / 1e6);
    judge(job, &shown);
    return show(job, &shown);
}

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    eval_job job = { .app = app, .options = options,
                     .path = args->n_operands ? args->operands[0] : NULL };
    pare_bounded_init(&job.bounded, app);
    int status = check_usage(&job);
    if (!status) {
        const pare_status st = pare_target_sums(&app->ctx, job.options->target, &job.sums);
        if (st) status = pare_app_fail(app, pare_exit_for_input(st), NULL);
    }
    if (!status) status = open_all(&job);
    if (!status) status = work(&job);
    pare_layer_noise_free(&job.bounded.ctx, &job.layers);
    pare_eval_collect_free(&job.bounded.ctx, &job.collect);
    pare_tensor_unref(job.predictions);
    pare_tensor_unref(job.rows);
    pare_pool_free(&job.bounded.ctx, job.pool);
    pare_data_close(&job.bounded.ctx, job.data);
    pare_model_free(&app->ctx, job.model);
    pare_model_free(&app->ctx, job.reference);
    return status;
}

static const eval_options defaults;

static const char *const operands[] = { "[MODEL]" };

static const pare_option rows[] = {
    { .name = "data", .kind = PARE_OPT_STRING, .required = true, .placeholder = "DATA",
      .offset = offsetof(eval_options, data),
      .help = "Samples and labels: a DATA.yaml, or a folder, tar, zip, .npz or IDX file" },
    { .name = "reference", .kind = PARE_OPT_STRING, .placeholder = "MODEL",
      .offset = offsetof(eval_options, reference),
      .help = "Compare with this model on the same samples, pair by pair" },
    { .name = "predictions", .kind = PARE_OPT_STRING, .placeholder = "FILE",
      .offset = offsetof(eval_options, predictions),
      .help = "Score outputs that were made elsewhere, an .npz or .npy with a row for each of the "
              "data's, instead of a model" },
    { .name = "limit", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = INT64_MAX,
      .offset = offsetof(eval_options, limit),
      .help = "Evaluate N samples, chosen by their content and spread over the classes" },
    { .name = "metrics", .kind = PARE_OPT_STRING, .placeholder = "A,B,...",
      .offset = offsetof(eval_options, metrics),
      .help = "What to report, the first of which decides: top1, top5, token-accuracy, agreement, "
              "kl, perplexity, mse, sqnr, cosine (default: what the data ask for)" },
    { .name = "max-drop", .kind = PARE_OPT_STRING, .placeholder = "POINTS",
      .offset = offsetof(eval_options, max_drop),
      .help = "Exit with 1 when the accuracy drops by more than this against the reference" },
    { .name = "by-layer", .kind = PARE_OPT_FLAG, .offset = offsetof(eval_options, by_layer),
      .help = "Compare the values inside of both models, too, matched by name" },
    { .name = "output", .kind = PARE_OPT_STRING, .placeholder = "NAME",
      .offset = offsetof(eval_options, output),
      .help = "Output that is scored (default: what the data say, else the first)" },
    { .name = "save-predictions", .kind = PARE_OPT_STRING, .placeholder = "FILE",
      .offset = offsetof(eval_options, save_predictions),
      .help = "Write outputs, labels and numbers of rows to FILE (.npz)" },
    { .name = "save-inputs", .kind = PARE_OPT_STRING, .placeholder = "FILE",
      .offset = offsetof(eval_options, save_inputs),
      .help = "Write what the model was given to FILE (.npz), to try it elsewhere" },
    { .name = "allow-commands", .kind = PARE_OPT_FLAG,
      .offset = offsetof(eval_options, allow_commands),
      .help = "Run the programs that the data name as metrics" },
    { .name = "metric-time", .kind = PARE_OPT_DURATION, .placeholder = "TIME",
      .offset = offsetof(eval_options, metric_ms),
      .help = "How long such a program may run (default 10m)" },
    PARE_ARITHMETIC_OPTION(eval_options, target),
    { .name = "split", .kind = PARE_OPT_CHOICE, .placeholder = "NAME", .choices = splits,
      .offset = offsetof(eval_options, split),
      .help = "Part of the data, as their `split:` has it: eval, calibrate or all (default eval)" },
    { .name = "seed", .kind = PARE_OPT_INT, .placeholder = "N", .min = 0, .max = INT64_MAX,
      .offset = offsetof(eval_options, seed),
      .help = "Seed of the choice that --limit makes (default 0)" },
    { .name = "threads", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = 1024,
      .offset = offsetof(eval_options, threads),
      .help = "Samples to work on at a time (default: as many as there are processors); results "
              "do not depend on it" },
};

static const pare_example examples[] = {
    { "pare eval model.onnx --data val.yaml", "how often it is right, and how sure that is" },
    { "pare eval small.onnx --data val.yaml --reference model.onnx --max-drop 0.5",
      "what compressing it has cost, in pairs; exit status 1 above half a point" },
    { "pare eval small.onnx --data photos/ --reference model.onnx",
      "without labels: changed answers bound the drop" },
    { "pare eval small.onnx --data val.yaml --reference model.onnx --by-layer",
      "where the two models part" },
    { "pare eval --predictions device.npz --data val.yaml", "outputs of another runtime" },
};

const pare_cmd pare_cmd_eval = {
    .name = "eval",
    .description =
        "Runs MODEL on every sample of DATA and tells how it scores, each figure with its 95 % "
        "interval, and which samples went worst. With --reference both run on the same samples "
        "and are compared in pairs: how many answers were broken, how many repaired, the drop, "
        "its exact 95 % bound, and how many samples would settle whether a limit holds. Without "
        "labels the share of changed answers bounds the drop.\n"
        "Samples are worked on side by side; results are the same for any number of threads, and "
        "memory does not depend on the number of samples.\n"
        "With --target quantized networks compute as its processors do: on x86-64 without VNNI "
        "(ort-x64) pairs of products are added in 16 bits, which saturate, so that the accuracy "
        "measured here is that of where the model runs.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .options = rows, .n_options = PARE_COUNT_OF(rows),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL | PARE_SHARED_EXACT,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
