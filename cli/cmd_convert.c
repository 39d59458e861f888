#include "cli/history.h"
#include "cli/model_file.h"
#include "cli/number.h"
#include "cli/run_inputs.h"
#include "cli/same_outputs.h"
#include "cli/signals.h"

#include "formats/onnx/verify.h"

#include <inttypes.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct convert_options {
    pare_shape_options shapes; /* first: PARE_SHAPE_OPTION_ROWS says so */
    const char *output;
    uint64_t external_bytes; /* payloads of this size or more go beside the model */
    bool embed;
    bool optimize;
} convert_options;

/* Wrong uses that would only be noticed after the model has been read. */
static bool check_usage(const char *input, const convert_options *opts, pare_line *message)
{
    struct stat in, out;
    if (pare_str_eq(opts->output, "-"))
        pare_line_add(message, "-: a model is not written to standard output; name a file");
    else if (opts->embed && opts->external_bytes != PARE_NOT_GIVEN)
        pare_line_add(message, "options '--embed' and '--external-data' contradict each other");
    else if (!opts->optimize && (opts->shapes.shapes.n || opts->shapes.dims.n))
        pare_line_add(message, "--shape and --dim have an effect with --optimize only");
    else if (stat(opts->output, &out) != 0)
        return true;
    else if (S_ISDIR(out.st_mode))
        pare_line_add(message, "%s: is a folder; name a file to write", opts->output);
    else if (!S_ISREG(out.st_mode))
        pare_line_add(message, "%s: is not a regular file", opts->output);
    else if (stat(input, &in) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
        pare_line_add(message, "%s: OUT is MODEL itself, which is never written to; name another",
                      opts->output);
    return message->n == 0;
}

/* What the check of the written file needs, and finds. */
typedef struct conversion {
    pare_app *app;
    pare_model *model;
    pare_model *before;      /* what it was, where a pass changed it; else NULL */
    const char *path;        /* OUT */
    pare_shapes_given shapes; /* of the inputs that both are run on */
    pare_model_files in, out;
    pare_pass_stats stats;
    uint64_t nodes_before;
    bool compared;           /* outputs before and after, on random inputs */
} conversion;

/* Makes the model smaller; it stays the very same where there is nothing to do. */
static pare_status optimize(conversion *job)
{
    pare_ctx *const ctx = &job->app->ctx;
    const pare_pass_opts opts = { .max_memory_bytes = job->app->shared.max_memory_bytes };
    const double begun = pare_app_seconds();
    job->nodes_before = pare_count_nodes(job->model);
    PARE_TRY(pare_model_clone(ctx, &job->before, job->model));
    PARE_TRY(pare_optimize(ctx, job->model, &opts, &job->stats));
    pare_app_note(job->app, "folded %" PRIu64 " nodes, removed %" PRIu64 " in %.3f s",
                  job->stats.n_folded, job->stats.n_nodes, pare_app_seconds() - begun);
    if (pare_pass_changed(&job->stats))
        return pare_history_add(ctx, job->model, "convert --optimize");
    pare_model_free(ctx, job->before);
    job->before = NULL;
    return PARE_OK;
}

static pare_status check_written(pare_ctx *ctx, const char *path, void *user)
{
    conversion *const job = user;
    const pare_onnx_open_opts opts = pare_model_open_opts(job->app);
    pare_model *written = NULL;
    const double begun = pare_app_seconds();
    const pare_status st = pare_onnx_verify(ctx, &written, path, job->model, &opts);
    if (st == PARE_ECANCELED) return st;
    if (st) return pare_fail_in(ctx, st == PARE_EFORMAT ? PARE_EIO : st,
                                "%s: reading back what was written: ", job->path);
    pare_model_files_of(&job->out, written);
    pare_app_note(job->app, "read %s back in %.3f s: it holds the same model", job->path,
                  pare_app_seconds() - begun);
    const pare_status same =
        job->before ? pare_same_outputs(job->app, &job->compared, job->before, written,
                                        &job->shapes.opts)
                    : PARE_OK;
    pare_model_free(ctx, written);
    return same;
}

static pare_status save(conversion *job, const convert_options *opts)
{
    pare_onnx_save_opts how = { .check = check_written, .user = job };
    if (opts->embed) how.storage = PARE_STORE_EMBED;
    if (opts->external_bytes != PARE_NOT_GIVEN) {
        how.storage = PARE_STORE_EXTERNAL;
        how.external_min_bytes = opts->external_bytes;
    }
    pare_signals_defer(true);
    const pare_status st = pare_onnx_save(&job->app->ctx, job->model, job->path, &how);
    pare_signals_defer(false);
    return st;
}

static int report_failure(const conversion *job, pare_status st)
{
    if (st != PARE_ECANCELED) return pare_app_fail(job->app, pare_exit_for_output(st), NULL);
    pare_line message = { 0 };
    pare_line_add(&message, "stopped by %s; %s is as it was before",
                  strsignal(pare_signals_caught), job->path);
    return pare_app_error(job->app, pare_exit_for_output(st), message.text, NULL);
}

static int report_json(const conversion *job, const char *input)
{
    pare_json j;
    pare_app_begin_json(job->app, &j, "pare.convert/1");
    pare_json_add_files(&j, "input", input, &job->in);
    pare_json_add_files(&j, "output", job->path, &job->out);
    if (job->nodes_before) {
        pare_json_open_object(&j, "optimize");
        pare_json_uint(&j, "nodes_before", job->nodes_before);
        pare_json_uint(&j, "nodes_after", pare_count_nodes(job->model));
        pare_json_uint(&j, "folded", job->stats.n_folded);
        pare_json_uint(&j, "initializers_removed", job->stats.n_initializers);
        pare_json_uint(&j, "functions_removed", job->stats.n_functions);
        pare_json_bool(&j, "outputs_compared", job->compared);
        pare_json_close(&j);
    }
    pare_app_json_warnings(job->app, &j);
    return pare_app_print_json(job->app, &j);
}

/* "nodes 212 -> 118, of which 71 folded; 3 initializers, 1 function removed; 5.39 MB -> 5.36 MB" */
static void print_optimized(const conversion *job)
{
    const pare_pass_stats *const s = &job->stats;
    pare_line line = { 0 };
    if (!pare_pass_changed(s)) {
        pare_app_print(job->app, "nothing to fold and nothing unused");
        return;
    }
    pare_line_add(&line, "nodes %" PRIu64 " -> %" PRIu64 " (%" PRIu64 " folded, %" PRIu64
                  " unused)", job->nodes_before, pare_count_nodes(job->model), s->n_folded,
                  s->n_nodes - s->n_folded);
    if (s->n_initializers)
        pare_line_add(&line, ", %" PRIu64 " initializers removed", s->n_initializers);
    if (s->n_functions) pare_line_add(&line, ", %" PRIu64 " functions removed", s->n_functions);
    pare_line_add(&line, ", ");
    pare_line_add_bytes(&line, job->in.file_bytes + job->in.external_bytes);
    pare_line_add(&line, " -> ");
    pare_line_add_bytes(&line, job->out.file_bytes + job->out.external_bytes);
    if (job->compared) pare_line_add(&line, ", the same outputs on random inputs");
    pare_app_print(job->app, line.text);
}

static int report(const conversion *job, const char *input)
{
    if (job->app->shared.json) return report_json(job, input);
    if (job->app->shared.quiet) return PARE_EXIT_DONE;
    pare_line line = { 0 };
    pare_line_add(&line, "wrote %s: ", job->path);
    pare_line_add_files(&line, &job->out);
    pare_app_print(job->app, line.text);
    if (job->nodes_before) print_optimized(job);
    return PARE_EXIT_DONE;
}

static int convert(conversion *job, const char *input, const convert_options *opts)
{
    pare_model_files_of(&job->in, job->model);
    pare_status st = opts->optimize ? optimize(job) : PARE_OK;
    if (!st) st = save(job, opts);
    return st ? report_failure(job, st) : report(job, input);
}

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    const convert_options *const opts = options;
    const char *const input = args->operands[0];
    const pare_run_inputs none = { 0 };
    pare_line message = { 0 };
    if (!check_usage(input, opts, &message))
        return pare_app_error(app, PARE_EXIT_USAGE, message.text, NULL);
    conversion job = { .app = app, .path = opts->output };
    int status = pare_shapes_read(app, &job.shapes, &opts->shapes);
    if (!status) status = pare_model_open(app, &job.model, input);
    if (!status) status = pare_run_shapes_check(app, job.model, &job.shapes, &none);
    if (!status) status = convert(&job, input, opts);
    pare_model_free(&app->ctx, job.before);
    pare_model_free(&app->ctx, job.model);
    pare_shapes_given_free(app, &job.shapes);
    return status;
}

static const convert_options defaults = { .external_bytes = PARE_NOT_GIVEN };

static const char *const operands[] = { "MODEL" };

static const pare_option rows[] = {
    { .name = "output", .short_name = 'o', .kind = PARE_OPT_STRING, .required = true,
      .placeholder = "OUT", .offset = offsetof(convert_options, output),
      .help = "The model file to write; never MODEL itself" },
    { .name = "external-data", .kind = PARE_OPT_SIZE, .placeholder = "SIZE", .implied = "1KiB",
      .offset = offsetof(convert_options, external_bytes),
      .help = "Put weights of SIZE bytes or more into one data file beside OUT" },
    { .name = "embed", .kind = PARE_OPT_FLAG, .offset = offsetof(convert_options, embed),
      .help = "Put all weights into OUT itself, which can hold 2 GiB" },
    { .name = "optimize", .kind = PARE_OPT_FLAG, .offset = offsetof(convert_options, optimize),
      .help = "Compute what is constant, remove what no output depends on; outputs stay the same, "
              "which is checked" },
    PARE_SHAPE_OPTION_ROWS,
};

static const pare_example examples[] = {
    { "pare convert model.onnx -o copy.onnx",
      "a copy, checked by reading it back; weights stay inside or beside as they were" },
    { "pare convert big.onnx -o small.onnx --external-data=1MiB",
      "weights of 1 MiB or more in small.onnx-HASH.data, HASH being made from their bytes" },
    { "pare convert model.onnx -o simple.onnx --optimize",
      "fewer nodes, the same outputs bit by bit" },
};

const pare_cmd pare_cmd_convert = {
    .name = "convert",
    .description =
        "Reads MODEL, checks it, and writes it to OUT. Without --optimize nothing changes: a file "
        "in "
        "the order that protobuf gives it comes out byte for byte, with unknown fields and "
        "metadata. Weights stay where they were, inside of the model file or in data files beside "
        "it, unless an option says otherwise or the model file would exceed 1.9 GiB.\n"
        "With --optimize, nodes whose outputs are always the same become constants, unless that "
        "made the model bigger, and nodes, weights and functions that no output depends on go. "
        "The model before and the file are then run on random inputs and must give the same; "
        "--shape and --dim say of which sizes (default 1), and change nothing in the file.\n"
        "OUT appears when it is complete and has been read back; until then, and after any "
        "failure, an older OUT stays as it was.",
    .operands = operands,
    .n_operands = PARE_COUNT_OF(operands),
    .options = rows,
    .n_options = PARE_COUNT_OF(rows),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL,
    .examples = examples,
    .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults,
    .options_bytes = sizeof(defaults),
    .run = run,
};
