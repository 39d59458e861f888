#include "cli/history.h"
#include "cli/oracle_text.h"
#include "cli/unset_dims.h"

#include "formats/onnx/mapping.h"
#include "formats/output.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct options {
    pare_rewrite_options rewrite; /* first: PARE_REWRITE_ROWS say so */
    pare_quantize_settings settings;
    const char *stats;
    uint64_t max_ms;          /* PARE_NOT_GIVEN: as long as it takes */
} options;

typedef struct job_state {
    pare_rewrite rewrite;
    const options *options;
    pare_buf *stats;          /* that --stats names; NULL: it is not there yet */
    pare_quantize_report report;
    pare_within_report within; /* what limits on accuracy took to hold */
    pare_step_outcome outcome;
    pare_oracle *oracle;      /* NULL: the target says nothing about integers */
} job_state;

/* --- the work --------------------------------------------------------------------------------- */

static pare_status add_history(const job_state *job)
{
    char what[1024];
    snprintf(what, sizeof(what), "quantize %s", job->outcome.chosen);
    return pare_history_add(&job->rewrite.app->ctx, job->rewrite.result, what);
}

/* Limits on figures, as shares of those of the model. */
static void add_goals(const pare_rewrite *w, pare_within_opts *within)
{
    static const pare_limit_kind kinds[PARE_N_WITHIN] = {
        [PARE_WITHIN_ENERGY] = PARE_LIMIT_ENERGY, [PARE_WITHIN_LATENCY] = PARE_LIMIT_LATENCY,
        [PARE_WITHIN_SIZE] = PARE_LIMIT_SIZE, [PARE_WITHIN_FLASH] = PARE_LIMIT_FLASH,
        [PARE_WITHIN_RAM] = PARE_LIMIT_RAM,
    };
    if (!w->figures.n) return; /* it could not be estimated, which was told */
    const pare_costed *const is = &w->figures.models[0];
    const pare_estimate *const e = is->estimates[0];
    const double before[PARE_N_WITHIN] = {
        [PARE_WITHIN_ENERGY] = e->energy_uj.value / 1e3,
        [PARE_WITHIN_LATENCY] = e->latency_us.value / 1e3,
        [PARE_WITHIN_SIZE] = (double)(is->files.file_bytes + is->files.external_bytes),
        [PARE_WITHIN_FLASH] = (double)e->flash_bytes,
        [PARE_WITHIN_RAM] = (double)e->ram_peak_bytes,
    };
    for (int i = 0; i < PARE_N_WITHIN; i++) {
        const pare_limit *const limit = &w->limits.items[kinds[i]];
        if (limit->given && (limit->relative || before[i] > 0))
            within->goals[i] = limit->relative ? limit->value : limit->value / before[i];
    }
    within->file_bytes = (uint64_t)before[PARE_WITHIN_SIZE];
}

/* What limits and targets say, and sizes that figures are estimated for. */
static pare_status quantize_within(job_state *job, const pare_quantize_opts *opts)
{
    pare_rewrite *const w = &job->rewrite;
    pare_ctx *const ctx = &w->bounded.ctx;
    const pare_limit *const drop = &w->limits.items[PARE_LIMIT_DROP];
    const pare_limit *const agreement = &w->limits.items[PARE_LIMIT_AGREEMENT];
    const pare_target *const target = w->figures.targets.items[0];
    pare_within_opts within = { .judge = w->eval_data, .target = target,
                                .max_drop = drop->given ? drop->value : INFINITY,
                                .min_agreement = agreement->given ? agreement->value : 0 };
    pare_shapes_given given;
    pare_dims_set dims;
    if (job->options->max_ms != PARE_NOT_GIVEN)
        within.max_ms = job->options->max_ms ? job->options->max_ms : 1;
    add_goals(w, &within);
    const int read = pare_shapes_read(w->app, &given, &w->options->shapes);
    pare_status st = !read ? PARE_OK : read == PARE_EXIT_RESOURCES ? PARE_ENOMEM : PARE_EUSAGE;
    if (st) (void)pare_fail(ctx, st, "%s", w->app->ctx.message);
    else
        st = pare_dims_complete(ctx, &w->figures.arena, &dims, w->model, &given.opts,
                                target->batch, false, w->path);
    within.shapes = &dims.opts;
    within.batch = dims.n_inferences;
    if (!st) st = pare_quantize_within(ctx, w->result, opts, &within, &job->report, &job->within);
    pare_shapes_given_free(w->app, &given);
    return st;
}

/* Where OUT will be: there is room for what large tensors become. NULL: the path is too long. */
static const char *folder_of(char *out, size_t n_bytes, const char *path)
{
    const char *const slash = strrchr(path, '/');
    const size_t n = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
    if (n >= n_bytes) return NULL;
    memcpy(out, path, n);
    out[n] = '\0';
    return n ? out : ".";
}

static pare_status quantize(job_state *job)
{
    pare_rewrite *const w = &job->rewrite;
    pare_ctx *const ctx = &w->bounded.ctx;
    const double begun = pare_app_seconds();
    char folder[4096];
    pare_quantize_opts opts = {
        .settings = &job->options->settings, .rules = &w->figures.targets.items[0]->rules,
        .data = w->data, .max_memory_bytes = w->bounded.budget.limit_bytes,
        .pool = w->pool, .stats = job->stats ? job->stats->data : NULL,
        .n_stats = job->stats ? (size_t)job->stats->n_bytes : 0,
        .keep_stats = job->options->stats != NULL,
    };
    if (!job->options->rewrite.dry_run)
        opts.spill_dir = folder_of(folder, sizeof(folder), job->options->rewrite.output);
    pare_status st = pare_model_clone(ctx, &w->result, w->model);
    if (!st) st = quantize_within(job, &opts);
    if (!st) st = pare_quantize_tell(ctx, &job->outcome, &job->report, &job->within);
    st = pare_bounded_fail(&w->bounded, st);
    const double seconds = pare_app_seconds() - begun;
    pare_app_note(w->app, "quantized in %.2f s; at most %.1f MB of memory at once", seconds,
                  (double)atomic_load(&w->bounded.budget.peak_bytes) / 1e6);
    if (!st) st = pare_rewrite_ask_oracle(w, &job->oracle);
    if (!st) st = add_history(job);
    return st ? st : pare_rewrite_add_step(w, "quantize", &job->outcome, seconds, NULL, NULL);
}

/* --stats FILE: read where it is there, else written. */
static pare_status read_stats(job_state *job)
{
    struct stat there;
    pare_bounded *const bounded = &job->rewrite.bounded;
    const char *const path = job->options->stats;
    if (!path || stat(path, &there) != 0) return PARE_OK;
    return pare_bounded_fail(bounded, pare_mapping_read(&bounded->ctx, &job->stats, path,
                                                        UINT64_MAX));
}

static pare_status write_stats(job_state *job)
{
    pare_ctx *const ctx = &job->rewrite.app->ctx;
    const pare_buf *const stats = job->report.stats;
    pare_output *out = NULL;
    if (!stats || job->options->rewrite.dry_run) return PARE_OK;
    PARE_TRY(pare_output_open(ctx, &out, job->options->stats));
    const pare_status st = pare_output_write(ctx, out, stats->data, (size_t)stats->n_bytes);
    if (!st) return pare_output_commit(ctx, out);
    pare_output_abort(ctx, out);
    return st;
}

/* --- telling ---------------------------------------------------------------------------------- */

static pare_status print_text(pare_rewrite *w)
{
    const job_state *const job = w->user;
    pare_rewrite_print_outcome(w->app, &pare_step_quantize, &job->outcome);
    return job->oracle ? pare_oracle_print(w->app, job->oracle) : PARE_OK;
}

static void add_json(pare_rewrite *w, pare_json *json)
{
    const job_state *const job = w->user;
    pare_json_uint(json, "products", job->report.n_products);
    pare_json_uint(json, "float_products", job->report.n_float_products);
}

/* ---------------------------------------------------------------------------------------------- */

static int work(job_state *job)
{
    pare_rewrite *const w = &job->rewrite;
    const pare_rewrite_show_opts show = { .print_text = print_text, .add_json = add_json };
    pare_status st = read_stats(job);
    if (!st) st = quantize(job);
    if (st == PARE_EUSAGE) return pare_app_fail(w->app, PARE_EXIT_USAGE, NULL);
    if (st) return pare_app_fail(w->app, pare_exit_for_input(st), NULL);
    st = write_stats(job);
    if (!st) st = pare_rewrite_save(w);
    return st ? pare_rewrite_fail(w, st) : pare_rewrite_show(w, &show);
}

static int run(pare_app *app, const pare_arguments *args, const void *opts)
{
    job_state job = { .options = opts };
    pare_rewrite *const w = &job.rewrite;
    int status = pare_rewrite_begin(w, app, "quantize", args->operands[0],
                                    &job.options->rewrite);
    w->user = &job;
    w->remedy = "--calibration auto with more --samples, or --exclude the layers that --verbose "
                "names as worst";
    pare_step_outcome_begin(&w->bounded.ctx, &job.outcome);
    if (!status) status = pare_rewrite_open(w);
    if (!status) status = work(&job);
    pare_oracle_free(&app->ctx, job.oracle);
    pare_quantize_report_free(&w->bounded.ctx, &job.report);
    pare_step_outcome_free(&job.outcome);
    pare_buf_unref(job.stats);
    pare_rewrite_end(w);
    return status;
}

/* --- the verb --------------------------------------------------------------------------------- */

static const options defaults = { .max_ms = PARE_NOT_GIVEN };

static const char *const operands[] = { "MODEL" };

static const pare_option rows[] = {
    PARE_REWRITE_ROWS_FIRST,
    PARE_QUANTIZE_ROWS(offsetof(options, settings)),
    PARE_REWRITE_SAMPLES_ROW,
    { .name = "stats", .kind = PARE_OPT_STRING, .placeholder = "FILE",
      .offset = offsetof(options, stats),
      .help = "What calibration finds is kept in FILE, and taken from there when it exists" },
    { .name = "max-time", .kind = PARE_OPT_DURATION, .placeholder = "TIME",
      .offset = offsetof(options, max_ms),
      .help = "When to end a search within limits and take what was best by then, e.g. 10m; the "
              "report says what was reached" },
    PARE_REWRITE_ROWS_LAST,
};

static const pare_example examples[] = {
    { "pare quantize model.onnx -o small.onnx --data val.yaml",
      "weights and activations in 8 bits as the target runs them, ranges from 256 samples" },
    { "pare quantize model.onnx -o small.onnx --data val.yaml --max-drop 0.5",
      "judged on samples that calibration did not use; above half a point the exit status is 1 and "
      "small.rejected.onnx is written instead" },
    { "pare quantize bert.onnx -o small.onnx", "a transformer: ranges are found while it runs" },
    { "pare quantize model.onnx -o small.onnx --data val.yaml --weights int4",
      "weights of 4 bits, chosen by what becomes of outputs" },
};

const pare_cmd pare_cmd_quantize = {
    .name = "quantize",
    .description =
        "Reads MODEL, makes its weights, and its activations where the target computes with "
        "integers, numbers of 8 bits or fewer, and writes it to OUT. Which operators that is for "
        "is a matter of the target: around others integers cost time and gain nothing. Ranges of "
        "activations come from DATA; of transformers they are found while the model runs; without "
        "data weights alone become small. What was chosen, what the target's runtime will make of "
        "the model, and what stays in floats and why is told.\n"
        "Limits name what may remain, as an amount or as a percentage of MODEL's figure, and what "
        "may be lost. When one does not hold the exit status is 1, OUT stays as it was, and the "
        "model is written as STEM.rejected.onnx.\n"
        "OUT appears when it is complete and has been read back. The same options give the same "
        "bytes at any number of threads.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .options = rows, .n_options = PARE_COUNT_OF(rows),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL | PARE_SHARED_REPORT,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
