#include "cli/model_file.h"
#include "cli/run_inputs.h"
#include "cli/run_layers.h"
#include "cli/run_outputs.h"
#include "cli/signals.h"
#include "cli/targets_option.h"

#include <inttypes.h>
#include <string.h>

typedef struct run_options {
    pare_shape_options shapes; /* first: PARE_SHAPE_OPTION_ROWS says so */
    pare_option_list inputs;
    const char *output_dir, *target;
    int64_t vectors;          /* 0: one run, whose outputs are shown */
    int64_t seed;
    int64_t threads;          /* 0: as many as there are processors */
    bool time_layers, reference;
} run_options;

/* One call of the verb. */
typedef struct run_job {
    pare_app *app;
    const run_options *options;
    const char *path;
    pare_model *model;
    pare_bounded bounded;
    pare_sums sums;           /* as the target has them */
    pare_pool *pool;
    pare_runner *runner;      /* NULL: by definition */
    pare_step_times times;
    pare_shapes_given shapes;
    pare_run_inputs given;
    pare_json json;           /* with --json, open in runs[] */
} run_job;

/* Threads and plans, which the bounded context owns. */
static pare_status make_runner(run_job *job)
{
    pare_ctx *const ctx = &job->bounded.ctx;
    const pare_runner_opts opts = { .max_memory_bytes = job->bounded.budget.limit_bytes,
                                    .fast = !job->app->shared.exact, .sums = job->sums };
    if (job->options->reference) return PARE_OK;
    PARE_TRY(pare_pool_new(ctx, &job->pool, (uint32_t)job->options->threads));
    return pare_runner_new(ctx, &job->runner, job->model, &opts);
}

static void free_runner(run_job *job)
{
    pare_ctx *const ctx = &job->bounded.ctx;
    pare_step_times_free(ctx, &job->times);
    pare_runner_free(ctx, job->runner);
    pare_pool_free(ctx, job->pool);
}

/* Failures are the app's already. */
static pare_status compute(run_job *job, pare_datum **out, const pare_eval_input *inputs, size_t n,
                           uint64_t seed)
{
    pare_ctx *const ctx = &job->bounded.ctx;
    if (!job->runner) return pare_bounded_eval(&job->bounded, out, job->model, inputs, n, seed);
    pare_runner_set_seed(job->runner, seed);
    pare_status st = pare_runner_run(ctx, out, job->runner, job->pool, inputs, n);
    if (!st && job->options->time_layers)
        st = pare_step_times_take(ctx, &job->times, job->runner, job->pool, inputs, n);
    return pare_bounded_fail(&job->bounded, st);
}

/* What goes in: the given ones and, behind them, random ones, which belong to it. */
typedef struct run_feed {
    pare_eval_input *items;
    pare_eval_input *sampled;
    size_t n, n_sampled;
} run_feed;

static pare_status make_feed(run_job *job, run_feed *feed, uint64_t seed, bool quiet)
{
    pare_ctx *const ctx = &job->bounded.ctx;
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
    pare_free(&job->bounded.ctx, feed->items);
    pare_sample_free(&job->bounded.ctx, feed->sampled, feed->n_sampled);
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
    pare_app_note(job->app, "ran in %.3f s, at most %.3f MB of memory at once", seconds,
                  (double)atomic_load(&job->bounded.budget.peak_bytes) / 1e6);
    if (job->app->shared.json) add_json(job, outputs, seed, seconds);
    else if (!job->app->shared.quiet && !job->options->vectors)
        pare_run_print(job->app, job->model, outputs);
    if (!job->app->shared.json && !job->app->shared.quiet && job->options->time_layers) {
        pare_app_print(job->app, "");
        pare_step_times_print(job->app, &job->times, job->runner);
    }
}

/* Run `number`, whose random numbers come from the seed behind that of the run before. */
static int run_once(run_job *job, uint64_t number)
{
    pare_app *const app = job->app;
    const uint64_t seed = (uint64_t)job->options->seed + number;
    run_feed feed;
    pare_datum *outputs = NULL;
    const double begun = pare_app_seconds();
    pare_status st = pare_bounded_fail(&job->bounded, make_feed(job, &feed, seed, number > 0));
    if (!st) st = compute(job, &outputs, feed.items, feed.n, seed);
    int status = st ? pare_app_fail(app, pare_exit_for_input(st), NULL) : PARE_EXIT_DONE;
    if (!st) {
        show_results(job, seed, pare_app_seconds() - begun, outputs);
        st = write_results(job, number, &feed, outputs);
        if (st) status = pare_app_fail(app, pare_exit_for_output(st), NULL);
    }
    pare_bounded_drop(&job->bounded, outputs, job->model);
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
    if (job->times.ms) pare_step_times_json(&job->json, &job->times, job->runner);
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
    if (o->time_layers && (o->vectors || o->reference))
        return pare_app_error(app, PARE_EXIT_USAGE,
                              "--time-layers measures one run by plan: without --vectors and "
                              "--reference", NULL);
    return PARE_EXIT_DONE;
}

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    run_job job = { .app = app, .options = options, .path = args->operands[0] };
    int status = check_usage(app, options);
    pare_bounded_init(&job.bounded, app);
    if (!status) {
        const pare_status st = pare_target_sums(&app->ctx, job.options->target, &job.sums);
        if (st) status = pare_app_fail(app, pare_exit_for_input(st), NULL);
    }
    if (!status) status = pare_shapes_read(app, &job.shapes, &job.options->shapes);
    if (!status) status = pare_model_open(app, &job.model, job.path);
    if (!status)
        status = pare_run_inputs_read(&job.bounded, &job.given, job.model, &job.options->inputs);
    if (!status) status = pare_run_shapes_check(app, job.model, &job.shapes, &job.given);
    if (!status) {
        const pare_status st = pare_bounded_fail(&job.bounded, make_runner(&job));
        if (st) status = pare_app_fail(app, pare_exit_for_input(st), NULL);
    }
    if (!status) status = run_all(&job);
    free_runner(&job);
    pare_run_inputs_free(&job.bounded, &job.given);
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
    { .name = "threads", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = 1024,
      .offset = offsetof(run_options, threads),
      .help = "Threads to compute with (default: as many as there are processors); results do not "
              "depend on it" },
    { .name = "time-layers", .kind = PARE_OPT_FLAG, .offset = offsetof(run_options, time_layers),
      .help = "Run several times and show how long each step takes" },
    { .name = "reference", .kind = PARE_OPT_FLAG, .offset = offsetof(run_options, reference),
      .help = "Compute every operator by its definition, one after the other: slow, to compare "
              "with" },
    PARE_ARITHMETIC_OPTION(run_options, target),
    PARE_SHAPE_OPTION_ROWS,
};

static const pare_example examples[] = {
    { "pare run model.onnx --dim batch=1",
      "random inputs, to see that it runs and what comes out" },
    { "pare run model.onnx --input image=cat.npy --output-dir out", "logits in out/logits.npy" },
    { "pare run model.onnx --vectors 3 --output-dir vectors",
      "three sets of inputs and right outputs, to check another runtime with" },
    { "pare run model.onnx --time-layers", "where the time goes" },
};

const pare_cmd pare_cmd_run = {
    .name = "run",
    .description =
        "Runs MODEL and shows its outputs: name, type and shape, smallest, largest and mean value, "
        "the first few elements. Inputs come from files; those that are not given are random: "
        "about normal for floating point, any value for 8 and 16 bits, 0 or 1 for larger integers "
        "and booleans, the same for the same seed and name on every machine. Dimensions that "
        "nothing tells are taken as 1, with a warning.\n"
        "Constants are folded, weights brought into the form that kernels read, and a plan made "
        "for the shapes of the inputs, whose memory is known, and refused where it is more than "
        "--max-memory (default: three quarters of the machine's memory), before anything is "
        "computed. Results are the same bits on every machine and with any number of threads. "
        "Convolutions by 3x3 filters take fewer products where the layer's shape makes that pay "
        "(Winograd), and differ from those of --reference in the sixth digit; --exact has the "
        "same bits.\n"
        "Quantized networks compute in integers. With --target, sums of products are those of its "
        "processors: x86-64 without VNNI (ort-x64, portable) adds pairs of them in 16 bits, which "
        "saturate.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .options = rows, .n_options = PARE_COUNT_OF(rows),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL | PARE_SHARED_EXACT,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
