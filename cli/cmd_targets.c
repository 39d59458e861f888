#include "cli/target_fit.h"
#include "cli/target_rows.h"
#include "cli/target_text.h"

#include "base/bytes.h"
#include "formats/onnx/mapping.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct targets_options {
    bool yaml, bibtex, fit;
    const char *output;
    uint64_t fit_time_ms;
} targets_options;

/* --- the list --------------------------------------------------------------------------------- */

static void list_text(pare_app *app, const pare_target *t)
{
    pare_line line = { 0 };
    const pare_figure_kind basis = pare_target_basis(t);
    pare_line_add(&line, "%-18s %7lld  %-10s %-8s %s", t->name, (long long)t->version,
                  basis ? pare_figure_kind_name(basis) : "-",
                  t->has_hardware ? t->hardware.boundary : "-", t->title);
    pare_app_print(app, line.text);
}

static void list_json(pare_json *j, const pare_target *t)
{
    const pare_figure_kind basis = pare_target_basis(t);
    pare_json_open_object(j, NULL);
    pare_json_text(j, "name", t->name);
    pare_json_text(j, "title", t->title);
    pare_json_int(j, "version", t->version);
    pare_json_text(j, "basis", basis ? pare_figure_kind_name(basis) : NULL);
    pare_json_text(j, "boundary", t->has_hardware ? t->hardware.boundary : NULL);
    pare_json_bool(j, "is_default", pare_str_eq(t->name, PARE_DEFAULT_TARGET));
    pare_json_close(j);
}

static int list(pare_app *app)
{
    size_t n = 0;
    const pare_target_file *files = pare_target_files(&n);
    pare_json j;
    pare_status st = PARE_OK;
    pare_app_begin_json(app, &j, "pare.targets/1");
    pare_json_open_array(&j, "targets");
    if (!app->shared.json) pare_app_print(app, "name               version  numbers    joules of");
    for (size_t i = 0; !st && i < n; i++) {
        pare_target *t = NULL;
        st = pare_target_find(&app->ctx, &t, files[i].name);
        if (st) break;
        if (app->shared.json) list_json(&j, t);
        else list_text(app, t);
        pare_target_free(&app->ctx, t);
    }
    pare_json_close(&j);
    if (!st && app->shared.json) return pare_app_print_json(app, &j);
    pare_json_free(&j);
    return st ? pare_app_fail(app, pare_exit_for_output(st), NULL) : PARE_EXIT_DONE;
}

/* --- one target ------------------------------------------------------------------------------- */

/* The file as it is, to start one's own with. */
static int print_file(pare_app *app, const char *name)
{
    const pare_target_file *file = pare_target_file_of(name);
    pare_buf *bytes = NULL;
    if (file) {
        fwrite(file->text, 1, file->n_bytes, stdout); /* failures show when it is closed */
        return PARE_EXIT_DONE;
    }
    const pare_status st = pare_mapping_read(&app->ctx, &bytes, name, UINT64_C(64) << 20);
    if (st) return pare_app_fail(app, pare_exit_for_input(st), NULL);
    fwrite(bytes->data, 1, bytes->n_bytes, stdout);
    pare_buf_unref(bytes);
    return PARE_EXIT_DONE;
}

static int show(pare_app *app, const char *name, const targets_options *o)
{
    pare_target *target = NULL;
    int status = PARE_EXIT_DONE;
    const pare_status st = pare_target_find(&app->ctx, &target, name);
    if (st) return pare_app_fail(app, pare_exit_for_input(st), NULL);
    if (o->yaml) status = print_file(app, name);
    else if (o->bibtex) pare_target_print_bibtex(app, target);
    else if (app->shared.json) {
        pare_json j;
        pare_app_begin_json(app, &j, "pare.target/1");
        pare_target_json(&j, target);
        status = pare_app_print_json(app, &j);
    } else pare_target_print(app, target);
    pare_target_free(&app->ctx, target);
    return status;
}

static int fit(pare_app *app, const pare_arguments *args, const targets_options *o)
{
    if (o->yaml || o->bibtex || app->shared.json)
        return pare_app_error(app, PARE_EXIT_USAGE,
                              "--fit writes YAML: --yaml, --bibtex and --json do not go with it",
                              NULL);
    if (!args->n_operands)
        return pare_app_error(app, PARE_EXIT_USAGE, "--fit needs the name of a target",
                              "pare targets " PARE_DEFAULT_TARGET " --fit measured.csv");
    const pare_fit_request request = {
        .target = args->operands[0],
        .measured = args->n_operands > 1 ? args->operands[1] : NULL,
        .output = o->output,
        .seconds = (double)o->fit_time_ms * 1e-3,
    };
    return pare_target_fit(app, &request);
}

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    const targets_options *const o = options;
    if (o->yaml + o->bibtex + app->shared.json > 1)
        return pare_app_error(app, PARE_EXIT_USAGE,
                              "--yaml, --bibtex and --json exclude each other", NULL);
    if (args->n_operands > 1 && !o->fit)
        return pare_app_error(app, PARE_EXIT_USAGE, "measurements are for --fit", NULL);
    if (o->output && !o->fit)
        return pare_app_error(app, PARE_EXIT_USAGE, "--output has an effect with --fit only", NULL);
    if (o->fit_time_ms < 14 || o->fit_time_ms > 86400000)
        return pare_app_error(app, PARE_EXIT_USAGE, "--fit-time: expected 14ms to 24h", NULL);
    if (o->fit) return fit(app, args, o);
    if (args->n_operands) return show(app, args->operands[0], o);
    if (o->yaml || o->bibtex)
        return pare_app_error(app, PARE_EXIT_USAGE, "--yaml and --bibtex need the name of a target",
                              "pare targets " PARE_DEFAULT_TARGET " --yaml");
    return list(app);
}

static const pare_option options[] = {
    { .name = "yaml", .kind = PARE_OPT_FLAG, .offset = offsetof(targets_options, yaml),
      .help = "Print the target's file, to start one's own with" },
    { .name = "bibtex", .kind = PARE_OPT_FLAG, .offset = offsetof(targets_options, bibtex),
      .help = "Print the sources of the target's numbers as BibTeX" },
    { .name = "fit", .kind = PARE_OPT_FLAG, .offset = offsetof(targets_options, fit),
      .help = "Fit the target's numbers to energies and times of models in a CSV file (columns "
              "model, mJ, ms), else to what this machine's own counters tell; write a target" },
    { .name = "fit-time", .kind = PARE_OPT_DURATION, .placeholder = "TIME",
      .offset = offsetof(targets_options, fit_time_ms),
      .help = "How long to measure where no file is given (default 140s, ten for each model)" },
    { .name = "output", .short_name = 'o', .kind = PARE_OPT_STRING, .placeholder = "FILE",
      .offset = offsetof(targets_options, output),
      .help = "Write the fitted target to a file instead of standard output" },
};

static const targets_options defaults = { .fit_time_ms = 140000 };

static const char *const operands[] = { "[NAME|FILE]", "[MEASURED.csv]" };

static const pare_example examples[] = {
    { "pare targets", "which targets there are" },
    { "pare targets ort-x64", "every number, where it comes from, and how far it may be off" },
    { "pare targets raspberry-pi-5 --yaml > mine.yaml", "a file to start one's own with" },
    { "pare targets ort-x64 --fit measured.csv -o mine.yaml", "one fitted to a meter's table" },
};

const pare_cmd pare_cmd_targets = {
    .name = "targets",
    .description = "Lists the targets that models can be estimated, quantized and pruned for, or "
                   "explains one: what its runtime takes and runs as one, what operations and "
                   "bytes cost there, and for every number its unit, how far it may be off, how it "
                   "came to be and where it stands. docs/targets.md tells how to write one.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .options = options, .n_options = PARE_COUNT_OF(options),
    .shared = PARE_SHARED_OUTPUT,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
