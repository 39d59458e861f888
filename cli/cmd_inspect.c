#include "cli/inspect_text.h"

#include "formats/report/inspect.h"

static int print_json(pare_app *app, const char *path, const pare_model *model,
                      const pare_summary *summary)
{
    pare_json j;
    pare_model_files files;
    pare_model_files_of(&files, model);
    pare_app_begin_json(app, &j, "pare.inspect/1");
    pare_json_add_files(&j, "input", path, &files);
    pare_report_inspect(&j, model, summary);
    pare_app_json_warnings(app, &j);
    return pare_app_print_json(app, &j);
}

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    (void)options;
    const char *const path = args->operands[0];
    pare_model *model = NULL;
    pare_summary summary = { 0 };
    int status = pare_model_open(app, &model, path);
    if (status) return status;
    const pare_status st = pare_summary_make(&app->ctx, &summary, model);
    if (!st && !summary.is_ordered)
        pare_warn(&app->ctx, "%s: nodes stand before what they use; other tools may refuse it",
                  path);
    if (st) status = pare_app_fail(app, pare_exit_for_output(st), NULL);
    else if (app->shared.json) status = print_json(app, path, model, &summary);
    else pare_inspect_print(app, path, model, &summary);
    pare_summary_free(&app->ctx, &summary);
    pare_model_free(&app->ctx, model);
    return status;
}

static const char *const operands[] = { "MODEL" };

static const pare_example examples[] = {
    { "pare inspect model.onnx", "what goes in and out, how large it is, what it computes with" },
    { "pare inspect model.onnx --json | jq .params", "one number for a script" },
};

const pare_cmd pare_cmd_inspect = {
    .name = "inspect",
    .description =
        "Reads MODEL, checks it, and shows producer and versions, inputs and outputs with their "
        "types, parameters with their bytes by element type, how often each operator occurs, "
        "functions and metadata. Nothing is executed and nothing is written.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .run = run,
};
