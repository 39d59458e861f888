#include "cli/compress_job.h"
#include "cli/history.h"
#include "cli/oracle_text.h"

#include <math.h>
#include <string.h>

typedef pare_compress_options options;
typedef pare_compress_job job_state;

enum { CHECK_SAMPLES = 256 };

/* --- data ------------------------------------------------------------------------------------- */

static void tell_findings(job_state *job)
{
    for (size_t i = 0; i < job->check.n_findings; i++) {
        const pare_finding *const f = &job->check.findings[i];
        pare_warn(&job->rewrite.app->ctx, "data check: %s%s%s", f->text,
                  *f->suggestion ? "; try in DATA.yaml: " : "", f->suggestion);
    }
}

/* Whether the model is fed as it was trained: else all that follows is about something else. */
static pare_status check_data(job_state *job)
{
    pare_rewrite *const w = &job->rewrite;
    pare_ctx *const ctx = &w->bounded.ctx;
    const pare_dataset *const from = w->eval_data ? w->eval_data : w->data;
    const pare_data_choice choice = { .split = w->eval_data ? PARE_DATA_EVAL : PARE_DATA_CALIBRATE,
                                      .take = CHECK_SAMPLES, .seed = (uint64_t)w->options->seed };
    pare_dataset *some = NULL;
    if (!from) return PARE_OK;
    pare_status st = pare_data_choose(ctx, &some, from, &choice);
    if (!st) {
        const pare_data_check_opts opts = { .input = pare_data_check_input(some),
                                            .output = some->output, .pool = w->pool,
                                            .seed = choice.seed };
        st = pare_data_check_run(ctx, &job->check, w->model, some, &opts);
        job->has_check = !st;
    }
    pare_data_close(ctx, some);
    if (!st) tell_findings(job);
    return pare_bounded_fail(&w->bounded, st);
}

/* --- the work --------------------------------------------------------------------------------- */

static pare_status measure(void *user, pare_ctx *ctx, const pare_model *model, uint64_t *bytes)
{
    const job_state *const job = user;
    pare_onnx_sizes sizes;
    PARE_TRY(pare_onnx_measure(ctx, &sizes, model, job->merged.output));
    *bytes = sizes.file_bytes + sizes.external_bytes;
    return PARE_OK;
}

static pare_status note(void *user, pare_ctx *ctx, pare_model *model, const char *what)
{
    (void)user;
    return pare_history_add(ctx, model, what);
}

static void tell(void *user, const pare_driver_step *step)
{
    const job_state *const job = user;
    pare_app_note(job->rewrite.app, "step %s: %.2f s, %s", step->from->step->name, step->seconds,
                  step->kept ? "kept" : "rolled back");
}

int pare_compress_dims(job_state *job)
{
    pare_rewrite *const w = &job->rewrite;
    const pare_target *const target = w->figures.targets.items[0];
    const int status = pare_shapes_read(w->app, &job->given, &job->merged.shapes);
    if (status) return status;
    const pare_status st = pare_dims_complete(&w->app->ctx, &w->figures.arena, &job->dims,
                                              w->model, &job->given.opts, target->batch, false,
                                              w->path);
    return st ? pare_app_fail(w->app, pare_exit_for_input(st), NULL) : PARE_EXIT_DONE;
}

/* Half the size is what floats of 16 bits promise, and pruning promises none. */
static bool asks_for_floats(const job_state *job)
{
    for (size_t i = 0; i < job->result.n_steps; i++) {
        const pare_driver_step *const s = &job->result.steps[i];
        if (!s->kept || s->from->step != &pare_step_quantize) continue;
        const pare_quantize_settings *const set = s->from->settings;
        return set->weights == PARE_QUANTIZE_FLOAT16 || set->weights == PARE_QUANTIZE_BFLOAT16;
    }
    return true;
}

pare_status pare_compress_run(job_state *job)
{
    pare_rewrite *const w = &job->rewrite;
    const uint64_t ms = job->options->max_ms;
    const double spent_ms = 1000 * (pare_app_seconds() - job->begun);
    const pare_driver_env env = {
        .step = { .target = w->figures.targets.items[0], .shapes = &job->dims.opts,
                  .batch = job->dims.n_inferences, .data = w->data, .judge = w->eval_data,
                  .pool = w->pool, .max_memory_bytes = w->bounded.budget.limit_bytes,
                  .max_ms = ms == PARE_NOT_GIVEN          ? 0
                            : (double)ms <= spent_ms + 1 ? 1
                                                          : ms - (uint64_t)spent_ms,
                  .seed = (uint64_t)w->options->seed, .max_drop = INFINITY },
        .limits = w->limits.items, .metrics = w->metrics.bits,
        .judged = w->eval_data ? pare_eval_metrics_judged(&w->metrics) : PARE_SCORE_TOP1,
        .size = measure, .note = note, .tell = tell, .user = job, .cache = job->cache,
    };
    pare_status st = pare_recipe_run(&w->bounded.ctx, &job->result, w->model,
                                     pare_compress_recipe(job), &env);
    if (st) return pare_bounded_fail(&w->bounded, st);
    w->result = job->result.model;
    job->result.model = NULL;
    w->is_unchanged = !job->result.n_kept;
    if (job->result.cut)
        pare_warn(&w->app->ctx, "--max-time ended the search before all was tried; the steps of "
                                "the report say what was reached");
    return PARE_OK;
}

/* Why nothing was gained: the first step that had promised something. */
static const char *why_unchanged(const job_state *job)
{
    for (size_t i = 0; i < job->result.n_steps; i++)
        if (job->result.steps[i].reason) return job->result.steps[i].reason;
    return "the recipe has no step that makes a model smaller";
}

/* A model that did not become smaller is told like a limit that does not hold. */
static pare_status judge_gain(pare_rewrite *w)
{
    const job_state *const job = w->user;
    const pare_report_gate gate = {
        .name = "gain", .model = w->figures.report.models[1].name,
        .limit = "less of something", .value = "nothing less", .comparable = true,
        .reason = why_unchanged(job),
        .remedy = "another recipe ('pare recipes' lists them), or looser limits on accuracy",
    };
    return w->is_unchanged ? pare_gates_add(&w->app->ctx, &w->gates, &gate) : PARE_OK;
}

/* A recipe of which nothing could be done is an error like that of its step. */
static int fail_recipe(const job_state *job)
{
    pare_app *const app = job->rewrite.app;
    return pare_app_error(app, pare_exit_for_input(job->result.failed), job->result.failure,
                          "'pare recipes' lists other recipes");
}

static int work(job_state *job)
{
    pare_rewrite *const w = &job->rewrite;
    pare_status st = check_data(job);
    if (st) return pare_app_fail(w->app, pare_exit_for_input(st), NULL);
    int status = pare_compress_choose(job);
    if (!status) status = pare_compress_dims(job);
    if (status) return status;
    st = pare_compress_run(job);
    if (!st && !asks_for_floats(job)) pare_compress_explain_size(job);
    if (!st) st = pare_rewrite_ask_oracle(w, &job->oracle);
    if (st == PARE_EUSAGE) return pare_app_fail(w->app, PARE_EXIT_USAGE, NULL);
    if (st == PARE_ECANCELED) return pare_rewrite_fail(w, st);
    if (st) return pare_app_fail(w->app, pare_exit_for_input(st), NULL);
    if (w->is_unchanged && job->result.failed) return fail_recipe(job);
    st = pare_rewrite_save(w);
    return st ? pare_rewrite_fail(w, st) : pare_compress_show(job);
}

static int run(pare_app *app, const pare_arguments *args, const void *opts)
{
    job_state job = { .options = opts, .begun = pare_app_seconds() };
    pare_rewrite *const w = &job.rewrite;
    int status = pare_compress_read_recipe(&job, app);
    const int begun = pare_rewrite_begin(w, app, "compress", args->operands[0], &job.merged);
    if (!status) status = begun;
    w->user = &job;
    w->has_default_limit = true;
    w->metrics_asked = job.asked.metrics;
    if (!app->shared.report_dir) app->shared.report_dir = job.asked.report_dir;
    w->judge_more = judge_gain;
    w->remedy = "--preset int8-weights, which keeps activations in floats; or what 'pare quantize "
                "--verbose' names as worst, with --set exclude=PATTERN";
    if (!status) status = pare_rewrite_open(w);
    if (!status) status = work(&job);
    pare_data_check_free(&w->bounded.ctx, &job.check);
    pare_oracle_free(&app->ctx, job.oracle);
    pare_recipe_result_free(&w->bounded.ctx, &job.result);
    pare_shapes_given_free(app, &job.given);
    pare_recipe_free(&app->ctx, &job.chosen);
    pare_recipe_free(&app->ctx, &job.asked);
    pare_rewrite_end(w);
    return status;
}

/* --- the verb --------------------------------------------------------------------------------- */

static const options defaults = { .max_ms = PARE_NOT_GIVEN };

static const char *const operands[] = { "MODEL" };

static const pare_option rows[] = {
    PARE_REWRITE_ROWS_FIRST,
    { .name = "preset", .kind = PARE_OPT_STRING, .placeholder = "NAME",
      .offset = offsetof(options, preset),
      .help = "What to do, in a word (default auto); 'pare recipes' lists them" },
    { .name = "recipe", .kind = PARE_OPT_STRING, .placeholder = "FILE",
      .offset = offsetof(options, recipe),
      .help = "What to do, as a YAML file; 'pare recipes NAME' prints one to begin with" },
    { .name = "set", .kind = PARE_OPT_LIST, .placeholder = "KEY=VALUE",
      .offset = offsetof(options, set),
      .help = "Change the recipe, e.g. quantize.weights=int4; may be given many times" },
    PARE_REWRITE_SAMPLES_ROW,
    { .name = "max-time", .kind = PARE_OPT_DURATION, .placeholder = "TIME",
      .offset = offsetof(options, max_ms),
      .help = "Take what was found after this time, e.g. 10m; what was reached is recorded" },
    PARE_REWRITE_ROWS_LAST,
    PARE_USE_OPTION(options, use),
};

static const pare_example examples[] = {
    { "pare compress model.onnx -o small.onnx --data val.yaml",
      "chooses what suits model and data, says why, and judges the result" },
    { "pare compress m.onnx -o s.onnx --data val.yaml --max-energy 45% --report out",
      "exit status 1 unless the limit holds; what became of the model is told in out" },
    { "pare compress m.onnx -o small.onnx --preset int4-weights --set block-size=64",
      "a preset with an option of its own" },
    { "pare compress model.onnx -o small.onnx --recipe recipe.yaml --dry-run",
      "exact size and predicted energy; nothing is written" },
};

const pare_cmd pare_cmd_compress = {
    .name = "compress",
    .description =
        "Makes MODEL smaller by a recipe and says whether to ship what came out. Without a recipe "
        "pare chooses: weights and activations in 8 bits where there are DATA, ranges found while "
        "the model runs for transformers, weights alone in 8 bits without data; it says what and "
        "why. First the data are checked: whether the model is fed as it was trained.\n"
        "Each step is looked at before and after. One that fails, that makes nothing less, or "
        "after which a limit on accuracy does not hold while what was there before is of use, is "
        "rolled back. Limits are what searches aim at, and then gates: when one does not hold the "
        "exit status is 1, OUT stays as it was, and the best model is written as "
        "STEM.rejected.onnx. "
        "Where there are samples and no limit on accuracy is given, --max-drop 1 counts, without "
        "labels --min-agreement 97%.\n"
        "OUT appears when it is complete and has been read back and judged. The same options give "
        "the same bytes at any number of threads.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .options = rows, .n_options = PARE_COUNT_OF(rows),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL | PARE_SHARED_REPORT,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
