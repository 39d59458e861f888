#include "cli/baseline.h"
#include "cli/figures_text.h"
#include "cli/limits.h"

#include "formats/report/writer.h"

#include <stdio.h>

typedef struct compare_options {
    pare_shape_options shapes; /* first: PARE_SHAPE_OPTION_ROWS says so */
    const char *targets, *use;
    pare_limit_options limits;
    pare_baseline_options baseline;
} compare_options;

/* What the command line asks for, read before any model is. */
typedef struct comparison {
    pare_app *app;
    pare_figures figures;
    pare_limits limits;
    pare_against against;
    pare_gates gates;
} comparison;

static int read_options(comparison *job, const compare_options *o)
{
    const int status = pare_limits_read(job->app, &job->limits, &o->limits);
    return status ? status : pare_against_read(job->app, &job->against, &o->baseline);
}

static pare_status judge(comparison *job)
{
    pare_ctx *const ctx = &job->app->ctx;
    pare_report *const report = &job->figures.report;
    PARE_TRY(pare_limits_judge(ctx, &job->gates, &job->limits, report));
    PARE_TRY(pare_against_judge(ctx, &job->gates, &job->figures.arena, &job->against, report));
    report->gates = job->gates.items;
    report->n_gates = job->gates.n;
    return PARE_OK;
}

/* The one object of --json is the report itself. */
static int print_json(comparison *job)
{
    pare_doc doc = { .ctx = &job->app->ctx };
    pare_report_writer_json.write(&doc, &job->figures.report);
    int status = PARE_EXIT_DONE;
    if (doc.status) status = pare_app_fail(job->app, pare_exit_for_output(doc.status), NULL);
    else fputs(pare_doc_text(&doc), stdout);
    pare_doc_free(&doc);
    return status;
}

static int show(comparison *job)
{
    const pare_report *const report = &job->figures.report;
    int status = PARE_EXIT_DONE;
    if (job->app->shared.json) {
        status = print_json(job);
    } else {
        const pare_status st = pare_figures_print_comparison(job->app, report);
        if (st) return pare_app_fail(job->app, pare_exit_for_output(st), NULL);
        if (report->n_gates) putchar('\n');
        (void)pare_gates_print(job->app, report->gates, report->n_gates);
    }
    if (!status) status = pare_figures_deliver(&job->figures);
    for (size_t i = 0; !status && i < report->n_gates; i++)
        if (!report->gates[i].passed) status = PARE_EXIT_GATE;
    return status;
}

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    const compare_options *const o = options;
    comparison job = { .app = app };
    pare_gates_init(app, &job.gates);
    int status = read_options(&job, o);
    if (!status) status = pare_figures_begin(app, &job.figures, o->targets, &o->shapes);
    else job.figures.app = app;
    for (size_t i = 0; !status && i < args->n_operands; i++)
        status = pare_figures_open(&job.figures, args->operands[i]);
    for (size_t i = 0; !status && i < args->more.n; i++)
        status = pare_figures_open(&job.figures, args->more.items[i]);
    if (!status) {
        pare_status st = pare_figures_report(&job.figures, "compare");
        if (!st) st = judge(&job);
        if (st) status = pare_app_fail(app, pare_exit_for_output(st), NULL);
        if (!status) status = pare_figures_use(&job.figures, o->use);
        if (!status) status = show(&job);
    }
    pare_figures_free(&job.figures);
    pare_against_free(&job.against);
    pare_gates_free(&job.gates);
    return status;
}

static const pare_option rows[] = {
    PARE_TARGET_OPTION(compare_options, targets),
    PARE_SHAPE_OPTION_ROWS,
    PARE_USE_OPTION(compare_options, use),
    PARE_LIMIT_ROWS(compare_options, limits),
    PARE_BASELINE_ROWS(compare_options, baseline),
};

static const compare_options defaults;

static const char *const operands[] = { "BASE", "MODEL..." };

static const pare_example examples[] = {
    { "pare compare model.onnx small.onnx",
      "energy, latency, size and memory of both, and what changed" },
    { "pare compare model.onnx small.onnx --max-energy 45% --max-size 30MB",
      "exit status 1 unless small.onnx keeps to both limits" },
    { "pare compare model.onnx small.onnx --report out --baseline main/report.json",
      "a report for a pull request; fails when figures became worse than on main" },
};

const pare_cmd pare_cmd_compare = {
    .name = "compare",
    .description =
        "Estimates what one inference of BASE and of each MODEL costs on a target, and shows the "
        "ratios with their bands: what both have wrong cancels, so that a ratio is known better "
        "than the figures themselves. Where the estimate cannot tell two models apart, it says "
        "so. Files may come from any tool.\n"
        "Limits name what may remain, as an amount or as a percentage of BASE's figure; every "
        "MODEL has to keep to all of them. With --baseline, figures may not have become worse "
        "than in an earlier report; a report of another target, target version or shape does not "
        "pass. When a limit fails the exit status is 1, and value, limit, reason and what to try "
        "first are shown.\n"
        "Nothing is executed, and no model is written.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .options = rows, .n_options = PARE_COUNT_OF(rows),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL | PARE_SHARED_EXACT | PARE_SHARED_REPORT,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
