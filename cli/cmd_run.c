#include "cli/model_file.h"
#include "cli/run_inputs.h"
#include "cli/run_outputs.h"
#include "cli/signals.h"

#include <inttypes.h>
#include <string.h>

typedef struct run_options {
    pare_shape_options shapes; /* first: PARE_SHAPE_OPTION_ROWS says so */
    pare_option_list inputs;
    const char *output_dir;
    int64_t vectors;          /* 0: one run, whose outputs are shown */
    int64_t seed;
} run_options;

/* One call of the verb. */
typedef struct run_job {
    pare_app *app;
    const run_options *options;
    const char *path;
    pare_model *model;
    pare_runner runner;
    pare_shapes_given shapes;
    pare_run_inputs given;
    pare_json json;           /* with --json, open in runs[] */
} run_job;

/* What goes in: the given ones and, behind them, random ones, which belong to it. */
typedef struct run_feed {
    pare_eval_input *items;
    pare_eval_input *sampled;
    size_t n, n_sampled;
} run_feed;

static pare_status make_feed(run_job *job, run_feed *feed, uint64_t seed, bool quiet)
{
    pare_ctx *const ctx = &job->runner.ctx;
    const pare_sample_opts opts = { .seed = seed, .shapes = &job->shapes.opts,
                                    .given = job->given.items, .n_given = job->given.n,
                                    .quiet = quiet };
    *feed = (run_feed){ 0 };
    PARE_TRY(pare_sample_inputs(ctx, &feed->sampled, &feed->n_sampled, job->model, &opts));
    const size_t n_bytes = (job->given.n + feed->n_sampled + 1) * sizeof(*feed->items);
    feed->items = pare_alloc(ctx, n_bytes);
    if (!feed->items) return pare_fail_memory(ctx, n_bytes);
    for (size_t i = 0; i < job->given.n; i++) feed->items[feed->n++] = job->given.items[i];
    for (size_t i = 0; i < feed->n_sampled; i++) feed->items[feed->n++] = feed->sampled[i];
    return PARE_OK;
}

static void free_feed(run_job *job, run_feed *feed)
{
    pare_free(&job->runner.ctx, feed->items);
    pare_sample_free(&job->runner.ctx, feed->sampled, feed->n_sampled);
}

static void add_json(run_job *job, const pare_datum *outputs, uint64_t seed, double seconds)
{
    const bool writes_npy = job->options->output_dir && !job->options->vectors;
    pare_json_open_object(&job->json, NULL);
    pare_json_uint(&job->json, "seed", seed);
    pare_json_real(&job->json, "seconds", seconds);
    pare_json_open_array(&job->json, "outputs");
    pare_run_json(&job->json, job->model, outputs, writes_npy ? job->options->output_dir : NULL);
    pare_json_close(&job->json);
    pare_json_close(&job->json);
}

static pare_status write_results(run_job *job, uint64_t number, const run_feed *feed,
                                 const pare_datum *outputs)
{
    pare_ctx *const ctx = &job->app->ctx;
    const char *const dir = job->options->output_dir;
    if (!dir) return PARE_OK;
    pare_signals_defer(true);
    pare_status st = pare_run_make_dir(ctx, dir);
    if (!st && job->options->vectors)
        st = pare_run_write_set(ctx, job->model, dir, number, feed->items, feed->n, outputs);
    else if (!st) st = pare_run_write(ctx, job->model, outputs, dir);
    pare_signals_defer(false);
    return st;
}

static void show_results(run_job *job, uint64_t seed, double seconds, const pare_datum *outputs)
{
    pare_app_note(job->app, "ran in %.3f s, at most %.3f MB of values at once", seconds,
                  (double)atomic_load(&job->runner.budget.peak_bytes) / 1e6);
    if (job->app->shared.json) add_json(job, outputs, seed, seconds);
    else if (!job->app->shared.quiet && !job->options->vectors)
        pare_run_print(job->app, job->model, outputs);
}

/* Run `number`, whose random numbers come from the seed behind that of the run before. */
static int run_once(run_job *job, uint64_t number)
{
    pare_app *const app = job->app;
    const uint64_t seed = (uint64_t)job->options->seed + number;
    run_feed feed;
    pare_datum *outputs = NULL;
    const double begun = pare_app_seconds();
    pare_status st = pare_runner_fail(&job->runner, make_feed(job, &feed, seed, number > 0));
    if (!st) st = pare_runner_eval(&job->runner, &outputs, job->model, feed.items, feed.n, seed);
    int status = st ? pare_app_fail(app, pare_exit_for_input(st), NULL) : PARE_EXIT_DONE;
    if (!st) {
        show_results(job, seed, pare_app_seconds() - begun, outputs);
        st = write_results(job, number, &feed, outputs);
        if (st) status = pare_app_fail(app, pare_exit_for_output(st), NULL);
    }
    pare_runner_drop(&job->runner, outputs, job->model);
    free_feed(job, &feed);
    return status;
}

static void print_sets(run_job *job)
{
    pare_line line = { 0 };
    const int64_t n = job->options->vectors;
    if (!n || job->app->shared.json || job->app->shared.quiet) return;
    pare_line_add(&line, "wrote %s/test_data_set_0", job->options->output_dir);
    if (n > 1) pare_line_add(&line, " to test_data_set_%" PRId64, n - 1);
    pare_app_print(job->app, line.text);
}

static int run_all(run_job *job)
{
    const uint64_t n = job->options->vectors ? (uint64_t)job->options->vectors : 1;
    int status = PARE_EXIT_DONE;
    if (job->app->shared.json) {
        pare_model_files files;
        pare_model_files_of(&files, job->model);
        pare_app_begin_json(job->app, &job->json, "pare.run/1");
        pare_json_add_files(&job->json, "input", job->path, &files);
        pare_json_open_array(&job->json, "runs");
    }
    for (uint64_t i = 0; !status && i < n; i++) status = run_once(job, i);
    if (!status) print_sets(job);
    if (!job->app->shared.json) return status;
    pare_json_close(&job->json);
    pare_app_json_warnings(job->app, &job->json);
    if (!status) return pare_app_print_json(job->app, &job->json);
    pare_json_free(&job->json);
    return status;
}

static int check_usage(pare_app *app, const run_options *o)
{
    if (o->vectors && !o->output_dir)
        return pare_app_error(app, PARE_EXIT_USAGE,
                              "--vectors writes test data; --output-dir says where", NULL);
    return PARE_EXIT_DONE;
}

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    run_job job = { .app = app, .options = options, .path = args->operands[0] };
    int status = check_usage(app, options);
    pare_runner_init(&job.runner, app);
    if (!status) status = pare_shapes_read(app, &job.shapes, &job.options->shapes);
    if (!status) status = pare_model_open(app, &job.model, job.path);
    if (!status)
        status = pare_run_inputs_read(&job.runner, &job.given, job.model, &job.options->inputs);
    if (!status) status = pare_run_shapes_check(app, job.model, &job.shapes, &job.given);
    if (!status) status = run_all(&job);
    pare_run_inputs_free(&job.runner, &job.given);
    pare_model_free(&app->ctx, job.model);
    pare_shapes_given_free(app, &job.shapes);
    return status;
}

static const run_options defaults;

static const char *const operands[] = { "MODEL" };

static const pare_option rows[] = {
    { .name = "input", .kind = PARE_OPT_LIST, .placeholder = "IN=FILE",
      .offset = offsetof(run_options, inputs),
      .help = "Data of an input: a NumPy array (.npy) or ONNX test data (.pb); once per input" },
    { .name = "output-dir", .kind = PARE_OPT_STRING, .placeholder = "DIR",
      .offset = offsetof(run_options, output_dir),
      .help = "Write each output to DIR/NAME.npy" },
    { .name = "vectors", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = 1000000,
      .offset = offsetof(run_options, vectors),
      .help = "Run N times and write inputs and outputs as DIR/test_data_set_I, as ONNX's test "
              "data is laid out" },
    { .name = "seed", .kind = PARE_OPT_INT, .placeholder = "N", .min = 0, .max = INT64_MAX,
      .offset = offsetof(run_options, seed),
      .help = "Seed of random inputs and of operators that draw random numbers (default 0)" },
    PARE_SHAPE_OPTION_ROWS,
};

static const pare_example examples[] = {
    { "pare run model.onnx --dim batch=1",
      "random inputs, to see that it runs and what comes out" },
    { "pare run model.onnx --input image=cat.npy --output-dir out", "logits in out/logits.npy" },
    { "pare run model.onnx --vectors 3 --output-dir vectors",
      "three sets of inputs and right outputs, to check another runtime with" },
};

const pare_cmd pare_cmd_run = {
    .name = "run",
    .description =
        "Runs MODEL and shows its outputs: name, type and shape, smallest, largest and mean value, "
        "the first few elements. Inputs come from files; those that are not given are random: "
        "about normal for floating point, any value for 8 and 16 bits, 0 or 1 for larger integers "
        "and booleans, the same for the same seed and name on every machine. Dimensions that "
        "nothing tells are taken as 1, with a warning.\n"
        "Every operator is computed as it is defined, one after the other, which is exact and "
        "slow: a reference to check faster programs against. --max-memory bounds the values too "
        "(default: three quarters of the machine's memory).",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .options = rows, .n_options = PARE_COUNT_OF(rows),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
