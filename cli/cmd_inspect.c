#include "cli/inspect_text.h"
#include "cli/layers.h"

#include "formats/report/inspect.h"

typedef struct inspect_options {
    pare_shape_options shapes; /* first: PARE_SHAPE_OPTION_ROWS says so */
    bool by_layer;
} inspect_options;

static int print_json(pare_app *app, const char *path, const pare_model *model,
                      const pare_summary *summary, const pare_layer_list *layers)
{
    pare_json j;
    pare_model_files files;
    pare_model_files_of(&files, model);
    pare_app_begin_json(app, &j, "pare.inspect/1");
    pare_json_add_files(&j, "input", path, &files);
    pare_report_inspect(&j, model, summary);
    if (layers->shapes) pare_layers_json(&j, model, layers);
    pare_app_json_warnings(app, &j);
    return pare_app_print_json(app, &j);
}

static int show(pare_app *app, const char *path, const pare_model *model,
                const inspect_options *options)
{
    pare_summary summary = { 0 };
    pare_layer_list layers = { 0 };
    int status = PARE_EXIT_DONE;
    const pare_status st = pare_summary_make(&app->ctx, &summary, model);
    if (!st && !summary.is_ordered)
        pare_warn(&app->ctx, "%s: nodes stand before what they use; other tools may refuse it",
                  path);
    if (st) status = pare_app_fail(app, pare_exit_for_output(st), NULL);
    else if (options->by_layer) status = pare_layers_make(app, &layers, model, &options->shapes);
    if (!status && app->shared.json) {
        status = print_json(app, path, model, &summary, &layers);
    } else if (!status) {
        if (options->by_layer) pare_layers_print(app, model, &layers);
        else pare_inspect_print(app, path, model, &summary);
    }
    pare_layers_free(app, &layers);
    pare_summary_free(&app->ctx, &summary);
    return status;
}

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    const inspect_options *const o = options;
    pare_model *model = NULL;
    if (!o->by_layer && (o->shapes.shapes.n || o->shapes.dims.n))
        return pare_app_error(app, PARE_EXIT_USAGE,
                              "--shape and --dim have an effect with --by-layer only", NULL);
    int status = pare_model_open(app, &model, args->operands[0]);
    if (!status) status = show(app, args->operands[0], model, o);
    pare_model_free(&app->ctx, model);
    return status;
}

static const pare_option options[] = {
    { .name = "by-layer", .kind = PARE_OPT_FLAG, .offset = offsetof(inspect_options, by_layer),
      .help = "List the layers with the types and shapes of their outputs, parameters and bytes" },
    PARE_SHAPE_OPTION_ROWS,
};

static const inspect_options defaults;

static const char *const operands[] = { "MODEL" };

static const pare_example examples[] = {
    { "pare inspect model.onnx", "what goes in and out, how large it is, what it computes with" },
    { "pare inspect model.onnx --json | jq .params", "one number for a script" },
    { "pare inspect model.onnx --by-layer --dim batch=1",
      "every layer, its shape and its weights" },
};

const pare_cmd pare_cmd_inspect = {
    .name = "inspect",
    .description =
        "Reads MODEL, checks it, and shows producer and versions, inputs and outputs with their "
        "types, parameters with their bytes by element type, how often each operator occurs, "
        "functions and metadata. With --by-layer it lists the layers instead, nested graphs "
        "indented, with shapes as far as they follow from the inputs; what is unknown or "
        "contradictory comes behind the list. Nothing is executed and nothing is written.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .options = options, .n_options = PARE_COUNT_OF(options),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
