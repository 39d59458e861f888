#include "cli/history.h"
#include "cli/prune_list.h"
#include "cli/rewrite.h"
#include "cli/unset_dims.h"

#include <math.h>
#include <stdio.h>

typedef struct options {
    pare_rewrite_options rewrite; /* first: PARE_REWRITE_ROWS say so */
    pare_prune_settings settings;
    uint64_t max_ms;          /* PARE_NOT_GIVEN: as long as it takes */
    bool list_groups;
} options;

typedef struct job_state {
    pare_rewrite rewrite;
    const options *options;
    pare_shapes_given given;
    pare_dims_set dims;       /* that costs are counted for */
    pare_prune_outcome pruned;
    pare_step_outcome outcome;
} job_state;

enum { N_SHOWN = 8 };

/* --- sizes ------------------------------------------------------------------------------------ */

/* As estimates take them: what is not said is warned about there. */
static int complete_dims(job_state *job, const pare_target *target, const pare_model *model)
{
    pare_rewrite *const w = &job->rewrite;
    const int status = pare_shapes_read(w->app, &job->given, &w->options->shapes);
    if (status) return status;
    const pare_status st = pare_dims_complete(&w->app->ctx, &w->figures.arena, &job->dims, model,
                                              &job->given.opts, target->batch, false, w->path);
    return st ? pare_app_fail(w->app, pare_exit_for_input(st), NULL) : PARE_EXIT_DONE;
}

/* --- listing ---------------------------------------------------------------------------------- */

static int list_opened(job_state *job)
{
    pare_rewrite *const w = &job->rewrite;
    const pare_target *const target = w->figures.targets.items[0];
    pare_prune_meter meter;
    pare_prune_listing listing;
    int status = complete_dims(job, target, w->model);
    if (status) return status;
    pare_model_files_of(&w->in, w->model);
    pare_prune_meter_set(&meter, target, &job->dims.opts, job->dims.n_inferences, w->model,
                         w->in.file_bytes + w->in.external_bytes);
    const pare_status st = pare_prune_list(&w->app->ctx, &listing, w->model, &meter);
    if (st) status = pare_app_fail(w->app, pare_exit_for_input(st), NULL);
    else status = pare_prune_list_show(w->app, w->path, target, &listing);
    pare_prune_listing_free(&listing);
    return status;
}

static int list(job_state *job)
{
    pare_rewrite *const w = &job->rewrite;
    const pare_rewrite_options *const o = w->options;
    int status = pare_figures_begin(w->app, &w->figures, o->targets, &o->shapes);
    if (!status) status = pare_model_open(w->app, &w->model, w->path);
    if (!status) /* for what is to be warned about */
        status = pare_figures_add(&w->figures, w->model, w->path, w->path, false);
    if (!status) status = list_opened(job);
    return status;
}

/* --- the work --------------------------------------------------------------------------------- */

static void take_limits(pare_prune_job *to, const pare_limits *limits)
{
    const pare_limit *const drop = &limits->items[PARE_LIMIT_DROP];
    const pare_limit *const agreement = &limits->items[PARE_LIMIT_AGREEMENT];
    to->max_drop = drop->given ? drop->value : INFINITY;
    to->min_agreement = agreement->given ? agreement->value : 0;
    for (int k = 0; k < PARE_N_PRUNE_FIGURES; k++) {
        const pare_limit *const limit = &limits->items[PARE_LIMIT_ENERGY + k];
        to->budgets[k] = (pare_prune_budget){ limit->given, limit->relative, limit->value };
    }
}

static pare_status add_history(const job_state *job)
{
    char what[1024];
    snprintf(what, sizeof(what), "prune %s", job->outcome.chosen);
    return pare_history_add(&job->rewrite.app->ctx, job->rewrite.result, what);
}

static pare_status prune(job_state *job)
{
    pare_rewrite *const w = &job->rewrite;
    pare_ctx *const ctx = &w->bounded.ctx;
    const pare_kernels *kernels = NULL;
    const double begun = pare_app_seconds();
    pare_prune_job how = {
        .settings = &job->options->settings, .target = w->figures.targets.items[0],
        .shapes = &job->dims.opts, .batch = job->dims.n_inferences,
        .file_bytes = w->in.file_bytes + w->in.external_bytes, .data = w->data,
        .judge = w->eval_data, .pool = w->pool,
        .max_memory_bytes = w->bounded.budget.limit_bytes,
        .max_ms = job->options->max_ms == PARE_NOT_GIVEN ? 0
                  : job->options->max_ms               ? job->options->max_ms
                                                       : 1,
    };
    take_limits(&how, &w->limits);
    pare_status st = pare_plan_kernels(ctx, &kernels);
    if (!st) how.level = pare_isa_name(kernels->isa);
    if (!st) st = pare_model_clone(ctx, &w->result, w->model);
    if (!st) st = pare_prune(ctx, w->result, &how, &job->pruned);
    if (!st) st = pare_prune_tell(ctx, &job->outcome, &job->pruned);
    st = pare_bounded_fail(&w->bounded, st);
    const double seconds = pare_app_seconds() - begun;
    pare_app_note(w->app, "pruned in %.2f s; at most %.1f MB of memory at once", seconds,
                  (double)atomic_load(&w->bounded.budget.peak_bytes) / 1e6);
    if (!st) st = add_history(job);
    return st ? st : pare_rewrite_add_step(w, "prune", &job->outcome, seconds, NULL, NULL);
}

/* --- telling ---------------------------------------------------------------------------------- */

static void print_removed(pare_app *app, const pare_report_removed *r)
{
    pare_line line = { 0 };
    pare_line_add(&line, "  %.200s: ", r->name);
    if (r->before == 1) pare_line_add(&line, "gone"); /* a block */
    else
        pare_line_add(&line, "%llu of %llu %s left", (unsigned long long)r->after,
                      (unsigned long long)r->before, r->what);
    if (isfinite(r->error_after)) pare_line_add(&line, ", error %.2g %%", 100 * r->error_after);
    if (isfinite(r->error_before))
        pare_line_add(&line, " (%.2g %% without repair)", 100 * r->error_before);
    pare_app_print(app, line.text);
}

static double share_gone(const pare_report_removed *r)
{
    return r->before ? 1 - (double)r->after / (double)r->before : 0;
}

/* Those that lost most, in the order of the network. */
static void print_most(pare_app *app, const pare_step_outcome *o)
{
    double most[N_SHOWN];
    size_t n = 0, n_less = 0;
    for (size_t i = 0; i < o->n_removed; i++) {
        const double share = share_gone(&o->removed[i]);
        size_t at = n;
        if (!(share > 0)) continue;
        n_less++;
        while (at > 0 && most[at - 1] < share) at--;
        if (at == N_SHOWN) continue;
        if (n < N_SHOWN) n++;
        for (size_t k = n - 1; k > at; k--) most[k] = most[k - 1];
        most[at] = share;
    }
    const size_t shown = app->shared.verbose ? n_less : n;
    for (size_t i = 0, left = shown; left && i < o->n_removed; i++) {
        const double share = share_gone(&o->removed[i]);
        if (!(share > 0) || (!app->shared.verbose && share < most[n - 1])) continue;
        print_removed(app, &o->removed[i]);
        left--;
    }
    pare_line line = { 0 };
    pare_line_add(&line, "  and %zu more; --verbose names all", n_less - shown);
    if (shown < n_less) pare_app_print(app, line.text);
}

static pare_status print_text(pare_rewrite *w)
{
    const job_state *const job = w->user;
    pare_rewrite_print_outcome(w->app, &pare_step_prune, &job->outcome);
    print_most(w->app, &job->outcome);
    return PARE_OK;
}

static void add_json(pare_rewrite *w, pare_json *json)
{
    const job_state *const job = w->user;
    pare_json_real(json, "macs_left", job->pruned.macs_left);
}

/* ---------------------------------------------------------------------------------------------- */

static int work(job_state *job)
{
    pare_rewrite *const w = &job->rewrite;
    const pare_rewrite_show_opts show = { .print_text = print_text, .add_json = add_json };
    const int status = complete_dims(job, w->figures.targets.items[0], w->model);
    if (status) return status;
    pare_model_files_of(&w->in, w->model);
    pare_status st = prune(job);
    if (st == PARE_EUSAGE) return pare_app_fail(w->app, PARE_EXIT_USAGE, NULL);
    if (st) return pare_app_fail(w->app, pare_exit_for_input(st), NULL);
    st = pare_rewrite_save(w);
    return st ? pare_rewrite_fail(w, st) : pare_rewrite_show(w, &show);
}

static int begin(job_state *job, pare_app *app, const char *path)
{
    pare_rewrite *const w = &job->rewrite;
    const options *const o = job->options;
    if (!o->list_groups) {
        if (!o->rewrite.output)
            return pare_app_error(app, PARE_EXIT_USAGE, "'pare prune' needs --output OUT, or "
                                                        "--list-groups", NULL);
        return pare_rewrite_begin(w, app, "prune", path, &o->rewrite);
    }
    if (o->rewrite.output)
        return pare_app_error(app, PARE_EXIT_USAGE,
                              "--list-groups writes nothing: leave --output away", NULL);
    *w = (pare_rewrite){ .app = app, .options = &o->rewrite, .verb = "prune", .path = path,
                         .figures = { .app = app } };
    pare_gates_init(app, &w->gates);
    pare_bounded_init(&w->bounded, app);
    return PARE_EXIT_DONE;
}

static int run(pare_app *app, const pare_arguments *args, const void *opts)
{
    job_state job = { .options = opts };
    pare_rewrite *const w = &job.rewrite;
    int status = begin(&job, app, args->operands[0]);
    if (!w->app) return status; /* nothing was begun */
    w->user = &job;
    w->remedy = "more --samples, --round-to 1, or a larger limit on what remains";
    pare_step_outcome_begin(&w->bounded.ctx, &job.outcome);
    if (!status && job.options->list_groups) {
        status = list(&job);
    } else {
        if (!status) status = pare_rewrite_open(w);
        if (!status) status = work(&job);
    }
    pare_prune_outcome_free(&w->bounded.ctx, &job.pruned);
    pare_step_outcome_free(&job.outcome);
    pare_shapes_given_free(app, &job.given);
    pare_rewrite_end(w);
    return status;
}

/* --- the verb --------------------------------------------------------------------------------- */

static const options defaults = { .max_ms = PARE_NOT_GIVEN };

static const char *const operands[] = { "MODEL" };

static const pare_option rows[] = {
    { .name = "output", .short_name = 'o', .kind = PARE_OPT_STRING, .placeholder = "OUT",
      .offset = offsetof(options, rewrite.output),
      .help = "The model file to write; never MODEL itself" },
    { .name = "list-groups", .kind = PARE_OPT_FLAG, .offset = offsetof(options, list_groups),
      .help = "Write nothing; list the widths that can be pruned, what makes and reads them, what "
              "one channel of each costs, and why other things cannot be pruned" },
    PARE_REWRITE_ROWS_OF_DATA,
    PARE_PRUNE_ROWS(offsetof(options, settings)),
    PARE_REWRITE_SAMPLES_ROW,
    { .name = "max-time", .kind = PARE_OPT_DURATION, .placeholder = "TIME",
      .offset = offsetof(options, max_ms),
      .help = "After so long the search for --max-drop or --min-agreement ends with the smallest "
              "model that it has" },
    PARE_REWRITE_ROWS_LAST,
};

static const pare_example examples[] = {
    { "pare prune model.onnx -o small.onnx --data val.yaml --max-macs 70%",
      "three tenths of the multiplications go, where 256 samples say that they are missed least; "
      "what stays is repaired" },
    { "pare prune model.onnx -o small.onnx --data val.yaml --max-drop 0.5",
      "the smallest model that loses half a point on samples that it was not repaired with" },
    { "pare prune model.onnx -o small.onnx --max-energy 60% --max-ram 256KiB",
      "several limits at once, without data: by the weights alone" },
    { "pare prune model.onnx -o sparse.onnx --data val.yaml --pattern 2:4",
      "two of every four weights become zero" },
    { "pare prune model.onnx --list-groups", "what could go, what it would save, what blocks" },
};

const pare_cmd pare_cmd_prune = {
    .name = "prune",
    .description =
        "Reads MODEL, takes out of it what it needs least, repairs the rest, and writes it to OUT. "
        "Channels are really removed: weights and shapes shrink, residuals, concatenations, heads "
        "and groups follow. Which go is chosen by what their absence costs after repair, measured "
        "on DATA; no labels are needed and nothing is trained. With --pattern single weights "
        "become zero instead, and all shapes stay.\n"
        "How much goes is said by limits: what may remain of multiplications, parameters, bytes, "
        "energy, time or memory, as an amount or as a percentage of MODEL's figure; several hold "
        "at once. With --max-drop or --min-agreement alone the smallest model is looked for that "
        "keeps them. When a limit does not hold the exit status is 1, OUT stays as it was, and "
        "the model is written as STEM.rejected.onnx.\n"
        "OUT appears when it is complete and has been read back. The same options give the same "
        "bytes at any number of threads.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .options = rows, .n_options = PARE_COUNT_OF(rows),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL | PARE_SHARED_REPORT,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
