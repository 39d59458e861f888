#include "cli/figures_text.h"
#include "cli/fusion.h"
#include "cli/inspect_text.h"
#include "cli/layers.h"

#include "formats/report/inspect.h"
#include "formats/report/write_json.h"

typedef struct inspect_options {
    pare_shape_options shapes; /* first: PARE_SHAPE_OPTION_ROWS says so */
    const char *targets, *use;
    bool by_layer;
} inspect_options;

/* A model and all that is found out about it. */
typedef struct inspection {
    pare_app *app;
    const char *path;
    pare_model *model;
    pare_summary summary;
    pare_layer_list layers;
    pare_figures figures;
    pare_fusions fusions;     /* by layer only */
} inspection;

/* What one inference costs, as far as that could be estimated. */
static void add_cost(pare_json *json, const pare_figures *figures, bool by_layer)
{
    const pare_report *const report = &figures->report;
    if (!figures->n) {
        pare_json_null(json, "cost");
        return;
    }
    pare_json_open_object(json, "cost");
    pare_json_text(json, "shapes", report->shapes);
    pare_report_json_on(json, report, &report->models[0]);
    pare_report_json_peak(json, &report->models[0]);
    pare_report_json_use(json, report);
    if (by_layer) pare_report_json_layers(json, "layers", report);
    pare_json_close(json);
}

static int print_json(inspection *job)
{
    pare_json j;
    pare_model_files files;
    pare_model_files_of(&files, job->model);
    pare_app_begin_json(job->app, &j, "pare.inspect/1");
    pare_json_add_files(&j, "input", job->path, &files);
    pare_report_inspect(&j, job->model, &job->summary);
    if (job->layers.shapes) pare_layers_json(&j, job->model, &job->layers);
    add_cost(&j, &job->figures, job->layers.shapes != NULL);
    if (job->fusions.targets) pare_fusions_json(&j, &job->fusions);
    pare_app_json_warnings(job->app, &j);
    return pare_app_print_json(job->app, &j);
}

static void print_text(inspection *job, bool by_layer)
{
    const pare_report *const report = &job->figures.report;
    if (by_layer) pare_layers_print(job->app, job->model, &job->layers);
    else pare_inspect_print(job->app, job->path, job->model, &job->summary);
    if (by_layer && job->figures.n) pare_figures_print_layers(job->app, report, 0);
    if (job->figures.n) pare_figures_print(job->app, report, 0);
    pare_fusions_print(job->app, &job->fusions);
}

/* The costs: wanted in any case where the command line says something about them. */
static int estimate(inspection *job, const inspect_options *options)
{
    const bool wanted = options->targets || options->use || job->app->shared.report_dir;
    int status = pare_figures_begin(job->app, &job->figures, options->targets, &options->shapes);
    if (!status)
        status = pare_figures_add(&job->figures, job->model, job->path, job->path, !wanted);
    if (status || !job->figures.n) return status;
    const pare_status st = pare_figures_report(&job->figures, "inspect");
    return st ? pare_app_fail(job->app, pare_exit_for_output(st), NULL)
              : pare_figures_use(&job->figures, options->use);
}

static int show(inspection *job, const inspect_options *options)
{
    pare_app *const app = job->app;
    int status = PARE_EXIT_DONE;
    const pare_status st = pare_summary_make(&app->ctx, &job->summary, job->model);
    if (!st && !job->summary.is_ordered)
        pare_warn(&app->ctx, "%s: nodes stand before what they use; other tools may refuse it",
                  job->path);
    if (st) status = pare_app_fail(app, pare_exit_for_output(st), NULL);
    else if (options->by_layer)
        status = pare_layers_make(app, &job->layers, job->model, &options->shapes);
    if (!status) status = estimate(job, options);
    if (!status && options->by_layer)
        status = pare_fusions_make(app, &job->fusions, job->model, job->path,
                                   &job->figures.targets, &options->shapes);
    if (status) return status;
    if (app->shared.json) status = print_json(job);
    else print_text(job, options->by_layer);
    return status || !job->figures.n ? status : pare_figures_deliver(&job->figures);
}

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    inspection job = { .app = app, .path = args->operands[0], .figures = { .app = app } };
    int status = pare_model_open(app, &job.model, job.path);
    if (!status) status = show(&job, options);
    pare_fusions_free(app, &job.fusions);
    pare_figures_free(&job.figures);
    pare_layers_free(app, &job.layers);
    pare_summary_free(&app->ctx, &job.summary);
    pare_model_free(&app->ctx, job.model);
    return status;
}

static const pare_option options[] = {
    { .name = "by-layer", .kind = PARE_OPT_FLAG, .offset = offsetof(inspect_options, by_layer),
      .help = "List the layers with the types and shapes of their outputs, parameters and bytes, "
              "and what each of them costs" },
    PARE_TARGET_OPTION(inspect_options, targets),
    PARE_SHAPE_OPTION_ROWS,
    PARE_USE_OPTION(inspect_options, use),
};

static const inspect_options defaults;

static const char *const operands[] = { "MODEL" };

static const pare_example examples[] = {
    { "pare inspect model.onnx", "what goes in and out, how large it is, what it computes with" },
    { "pare inspect model.onnx --json | jq .params", "one number for a script" },
    { "pare inspect model.onnx --by-layer --dim batch=1",
      "every layer, its shape, its weights and what it costs" },
    { "pare inspect model.onnx --target raspberry-pi-5,ort-x64 --report out",
      "what an inference costs on two machines, with a page to look at" },
};

const pare_cmd pare_cmd_inspect = {
    .name = "inspect",
    .description =
        "Reads MODEL, checks it, and shows producer and versions, inputs and outputs with their "
        "types, parameters with their bytes by element type, how often each operator occurs, "
        "functions and metadata. With --by-layer it lists the layers instead, nested graphs "
        "indented, with shapes as far as they follow from the inputs; what is unknown or "
        "contradictory comes behind the list.\n"
        "Then it estimates what one inference costs on each target: operations, traffic, energy "
        "with its band and its four terms, latency by roofline, peak memory and who holds it, "
        "storage. Operators that are not counted are named. Dimensions that nobody sets are taken "
        "as 1 with a warning.\n"
        "Of a quantized model, by whatever tool, --by-layer also says for each target which nodes "
        "run as integer kernels there, which do not and why, and how many Q and DQ are left to be "
        "executed.\n"
        "Nothing is executed, and nothing is written but a report.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .options = options, .n_options = PARE_COUNT_OF(options),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL | PARE_SHARED_REPORT,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
