#include "cli/sweep.h"

#include <math.h>
#include <string.h>

static const char never_written[] = ".pare-sweep.onnx"; /* sizes are those of such a file */

/* --- what is varied --------------------------------------------------------------------------- */

static int fail_vary(pare_sweep *s, const char *text, const char *why)
{
    pare_line message = { 0 };
    pare_line_add(&message, "option '--vary': %s, found '%.200s'", why, text);
    return pare_app_error(s->app, PARE_EXIT_USAGE, message.text, NULL);
}

static int no_memory(pare_sweep *s)
{
    const pare_status st = pare_arena_fail(&s->app->ctx, &s->arena);
    return pare_app_fail(s->app, pare_exit_for_output(st), NULL);
}

static int read_vary(pare_sweep *s, pare_varied *out, const char *text)
{
    char *const copy = pare_arena_str(&s->arena, text);
    if (!copy) return no_memory(s);
    char *const equals = strchr(copy, '=');
    if (!equals || equals == copy)
        return fail_vary(s, text, "expected KEY=A,B,..., such as quantize.weights=int8,int4");
    *equals = '\0';
    out->key = copy;
    for (char *p = equals + 1; p;) {
        char *const comma = strchr(p, ',');
        if (comma) *comma = '\0';
        if (!*p) return fail_vary(s, text, "expected a value between commas");
        if (out->n == PARE_MAX_VALUES) return fail_vary(s, text, "expected at most 64 values");
        out->values[out->n++] = p;
        p = comma ? comma + 1 : NULL;
    }
    return PARE_EXIT_DONE;
}

static int read_options(pare_sweep *s)
{
    const pare_option_list *const vary = &s->options->vary;
    int status = PARE_EXIT_DONE;
    s->n_combinations = 1;
    s->n_repeats = s->options->repeat ? (size_t)s->options->repeat : 1;
    if (vary->n > PARE_MAX_VARIED)
        return pare_app_error(s->app, PARE_EXIT_USAGE, "at most 8 --vary can be given", NULL);
    for (size_t i = 0; !status && i < vary->n; i++) {
        status = read_vary(s, &s->varied[s->n_varied], vary->items[i]);
        s->n_combinations *= s->varied[s->n_varied++].n;
        if (!status && s->n_combinations * s->n_repeats > PARE_MAX_RUNS)
            return pare_app_error(s->app, PARE_EXIT_USAGE, "these are more than 1000 runs", NULL);
    }
    return status;
}

const char *pare_sweep_value(const pare_sweep *s, size_t combination, size_t varied)
{
    for (size_t i = s->n_varied; i-- > varied + 1;) combination /= s->varied[i].n;
    return s->varied[varied].values[combination % s->varied[varied].n];
}

static int make_labels(pare_sweep *s)
{
    s->labels = pare_arena_array(&s->arena, s->n_combinations, sizeof(*s->labels));
    s->points = pare_arena_array(&s->arena, s->n_combinations + 1, sizeof(*s->points));
    s->runs = pare_arena_array(&s->arena, s->n_combinations * s->n_repeats, sizeof(*s->runs));
    if (!s->labels || !s->points || !s->runs) return no_memory(s);
    for (size_t c = 0; c < s->n_combinations; c++) {
        pare_line line = { 0 };
        for (size_t i = 0; i < s->n_varied; i++)
            pare_line_add(&line, "%s%s=%s", i ? " " : "", s->varied[i].key,
                          pare_sweep_value(s, c, i));
        s->labels[c] = pare_arena_str(&s->arena, line.text);
        if (!s->labels[c]) return no_memory(s);
    }
    return PARE_EXIT_DONE;
}

/* --- one recipe ------------------------------------------------------------------------------- */

/* The options of a combination: presets are named, all else is set. */
static int choose(pare_sweep *s, size_t c)
{
    const pare_compress_options *const given = &s->options->compress;
    const size_t n = given->set.n + s->n_varied;
    const char **const set = pare_arena_array(&s->arena, n + 1, sizeof(*set));
    if (!set) return no_memory(s);
    s->now = *given;
    s->now.rewrite.output = never_written;
    s->now.set = (pare_option_list){ .items = set, .cap = n + 1 };
    for (size_t i = 0; i < given->set.n; i++) set[s->now.set.n++] = given->set.items[i];
    for (size_t i = 0; i < s->n_varied; i++) {
        pare_line line = { 0 };
        const char *const value = pare_sweep_value(s, c, i);
        if (pare_str_eq(s->varied[i].key, "preset")) {
            s->now.preset = value;
            continue;
        }
        pare_line_add(&line, "%s=%s", s->varied[i].key, value);
        if (!(set[s->now.set.n++] = pare_arena_str(&s->arena, line.text))) return no_memory(s);
    }
    pare_recipe_free(&s->app->ctx, &s->job.chosen);
    pare_recipe_free(&s->app->ctx, &s->job.asked);
    s->job.choice = NULL;
    return pare_compress_read_recipe(&s->job, s->app);
}

/* Samples of another seed. */
static pare_status choose_samples(pare_sweep *s, uint64_t seed)
{
    pare_rewrite *const w = &s->job.rewrite;
    pare_ctx *const ctx = &w->bounded.ctx;
    const bool has_split = pare_data_has_split(s->data, PARE_DATA_EVAL) ||
                           pare_data_has_split(s->data, PARE_DATA_CALIBRATE);
    const pare_data_choice learn = { .split = PARE_DATA_CALIBRATE, .take = s->data->n,
                                     .seed = seed };
    const pare_data_choice rest = { .split = PARE_DATA_EVAL, .seed = seed,
                                    .skip = has_split ? 0 : s->data->n, .take = s->n_eval };
    pare_data_close(ctx, w->data);
    w->data = NULL;
    PARE_TRY(pare_data_choose(ctx, &w->data, s->data, &learn));
    if (w->options->eval_data) return PARE_OK;
    pare_data_close(ctx, w->eval_data);
    w->eval_data = NULL;
    return pare_data_choose(ctx, &w->eval_data, s->data, &rest);
}

static pare_status evaluate(pare_sweep *s, pare_sweep_run *run)
{
    pare_rewrite *const w = &s->job.rewrite;
    pare_evaluation *const e = &w->evaluation;
    const pare_evaluate_opts opts = {
        .data = w->eval_data, .reference = w->model,
        .metrics = w->metrics.bits | PARE_SCORE_BIT(PARE_SCORE_AGREEMENT) |
                   PARE_SCORE_BIT(PARE_SCORE_SQNR),
        .judged = pare_eval_metrics_judged(&w->metrics), .pool = w->pool,
        .max_memory_bytes = w->bounded.budget.limit_bytes,
    };
    PARE_TRY(pare_evaluate(&w->bounded.ctx, e, w->result, &opts));
    s->metric = opts.judged;
    if (s->metric == PARE_N_SCORES || !e->model.values[s->metric].n)
        s->metric = e->n_answers ? PARE_SCORE_AGREEMENT : PARE_SCORE_SQNR;
    run->value = e->model.values[s->metric].n ? e->model.values[s->metric].value : (double)NAN;
    if (!pare_score_infos[s->metric].needs_reference && e->reference.values[s->metric].n)
        run->base_value = e->reference.values[s->metric].value;
    run->drop = e->drop.drop;
    if (e->n_answers) run->agreement = 1 - (double)e->n_changed / (double)e->n_answers;
    return PARE_OK;
}

/* The model of the first seed is the one that pages tell of. */
static int add_figures(pare_sweep *s, const pare_sweep_run *run)
{
    pare_rewrite *const w = &s->job.rewrite;
    const pare_model_files files = { .file_bytes = run->figures.file_bytes };
    w->figures.sizes = &files;
    const size_t n = w->figures.n;
    const int status = pare_figures_add(&w->figures, w->result, "", s->labels[run->combination],
                                        false);
    w->figures.sizes = NULL;
    if (!status && w->figures.n > n)
        w->figures.models[n].name = s->labels[run->combination];
    return status;
}

static int run_one(pare_sweep *s, size_t c, size_t repeat)
{
    pare_compress_job *const job = &s->job;
    pare_rewrite *const w = &job->rewrite;
    pare_sweep_run *const run = &s->runs[s->n_runs++];
    const uint64_t seed = (uint64_t)s->options->compress.rewrite.seed + repeat;
    *run = (pare_sweep_run){ .combination = c, .seed = seed, .value = (double)NAN,
                             .base_value = (double)NAN, .drop = (double)NAN,
                             .agreement = (double)NAN };
    job->merged.seed = (int64_t)seed;
    pare_status st = repeat ? choose_samples(s, seed) : PARE_OK;
    if (!st) st = pare_compress_run(job);
    if (!st && job->result.failed && w->is_unchanged)
        run->failure = pare_arena_str(&s->arena, job->result.failure);
    else if (!st && w->is_unchanged) run->failure = "nothing becomes less";
    run->figures = job->result.output;
    if (!st) st = evaluate(s, run);
    st = pare_bounded_fail(&w->bounded, st);
    int status = st ? pare_app_fail(s->app, pare_exit_for_input(st), NULL) : PARE_EXIT_DONE;
    if (!status && !repeat) status = add_figures(s, run);
    pare_recipe_result_free(&w->bounded.ctx, &job->result);
    pare_model_free(&w->bounded.ctx, w->result);
    w->result = NULL;
    return status;
}

/* --- all of them ------------------------------------------------------------------------------ */

/* A sweep is to show what is lost: nothing is rolled back for a limit that nobody gave. */
static int begin(pare_sweep *s)
{
    pare_rewrite *const w = &s->job.rewrite;
    int status = PARE_EXIT_DONE;
    w->user = &s->job;
    w->has_default_limit = true;
    pare_step_cache_init(&w->bounded.ctx, &s->cache);
    s->job.cache = &s->cache;
    if (!s->job.merged.data)
        return pare_app_error(s->app, PARE_EXIT_USAGE,
                              "sweep needs samples to learn from and to judge by: give --data",
                              NULL);
    status = pare_rewrite_open(w);
    if (!status && !w->eval_data)
        return pare_app_error(s->app, PARE_EXIT_INPUT, "no samples are left to judge by: give a "
                                                       "`split:`, fewer --samples or --eval-data",
                              NULL);
    if (status) return status;
    const pare_data_choice same = { .split = PARE_DATA_CALIBRATE, .take = w->data->n,
                                    .seed = (uint64_t)w->options->seed };
    const pare_status st = pare_bounded_fail(
        &w->bounded, pare_data_choose(&w->bounded.ctx, &s->data, w->data, &same));
    if (st) return pare_app_fail(s->app, pare_exit_for_input(st), NULL);
    s->n_eval = w->eval_data->n;
    return pare_compress_dims(&s->job);
}

static int run_all(pare_sweep *s)
{
    pare_rewrite *const w = &s->job.rewrite;
    int status = PARE_EXIT_DONE;
    for (size_t c = 0; !status && c < s->n_combinations; c++) {
        if (c) status = choose(s, c);
        if (!status) status = pare_limits_read(s->app, &w->limits, &s->job.merged.limits);
        if (!status) status = pare_compress_choose(&s->job);
        for (size_t r = 0; !status && r < s->n_repeats; r++) {
            status = run_one(s, c, r);
            pare_report_count(&s->app->ctx, "sweep", "runs", s->n_runs,
                              s->n_combinations * s->n_repeats);
        }
        if (!status && s->n_repeats > 1) {
            const pare_status st = pare_bounded_fail(
                &w->bounded, choose_samples(s, (uint64_t)s->options->compress.rewrite.seed));
            if (st) status = pare_app_fail(s->app, pare_exit_for_input(st), NULL);
        }
    }
    return status;
}

static int run(pare_app *app, const pare_arguments *args, const void *opts)
{
    pare_sweep s = { .app = app, .options = opts, .path = args->operands[0],
                     .metric = PARE_N_SCORES };
    pare_rewrite *const w = &s.job.rewrite;
    s.job.options = &s.now;
    s.job.begun = pare_app_seconds();
    s.job.merged.output = never_written;
    pare_arena_init(&app->ctx, &s.arena, 0);
    int status = read_options(&s);
    if (!status) status = make_labels(&s);
    if (!status) status = choose(&s, 0);
    const int begun = pare_rewrite_begin(w, app, "sweep", s.path, &s.job.merged);
    if (!status) status = begun;
    if (!status) status = begin(&s);
    if (!status) status = run_all(&s);
    if (!status) status = pare_sweep_show(&s);
    pare_step_cache_free(&w->bounded.ctx, &s.cache);
    pare_data_close(&w->bounded.ctx, s.data);
    pare_shapes_given_free(app, &s.job.given);
    pare_recipe_free(&app->ctx, &s.job.chosen);
    pare_recipe_free(&app->ctx, &s.job.asked);
    pare_rewrite_end(w);
    pare_arena_free(&s.arena);
    return status;
}

/* --- the verb --------------------------------------------------------------------------------- */

static const pare_sweep_options defaults = { .compress = { .max_ms = PARE_NOT_GIVEN } };

static const char *const operands[] = { "MODEL" };

#define FIELD(name) offsetof(pare_rewrite_options, name)

static const pare_option rows[] = {
    { .name = "data", .kind = PARE_OPT_STRING, .placeholder = "DATA", .offset = FIELD(data),
      .help = "Samples to learn from and to judge by: a DATA.yaml, or a folder, tar, zip, .npz or "
              "IDX file" },
    { .name = "eval-data", .kind = PARE_OPT_STRING, .placeholder = "DATA",
      .offset = FIELD(eval_data),
      .help = "Samples to judge by (default: those of --data that are not learnt from)" },
    { .name = "vary", .kind = PARE_OPT_LIST, .placeholder = "KEY=A,B,...", .required = true,
      .offset = offsetof(pare_sweep_options, vary),
      .help = "Try these values of a key of the recipe, e.g. quantize.weights=int8,int4, or "
              "preset=int8,fp16; of several --vary all combinations" },
    { .name = "repeat", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = 100,
      .offset = offsetof(pare_sweep_options, repeat),
      .help = "Make each with N seeds, which choose other samples (default 1)" },
    PARE_TARGET_OPTION(pare_rewrite_options, targets),
    { .name = "preset", .kind = PARE_OPT_STRING, .placeholder = "NAME",
      .offset = offsetof(pare_compress_options, preset),
      .help = "The recipe that is varied (default auto); 'pare recipes' lists them" },
    { .name = "recipe", .kind = PARE_OPT_STRING, .placeholder = "FILE",
      .offset = offsetof(pare_compress_options, recipe),
      .help = "The recipe that is varied, as a YAML file" },
    { .name = "set", .kind = PARE_OPT_LIST, .placeholder = "KEY=VALUE",
      .offset = offsetof(pare_compress_options, set),
      .help = "Change the recipe for all, e.g. quantize.correct=none; may be given many times" },
    PARE_REWRITE_SAMPLES_ROW,
    PARE_LIMIT_ROWS_OF_DATA(pare_rewrite_options, limits),
    PARE_LIMIT_ROWS(pare_rewrite_options, limits),
    PARE_SHAPE_OPTION_ROWS,
    { .name = "seed", .kind = PARE_OPT_INT, .placeholder = "N", .min = 0, .max = INT32_MAX,
      .offset = FIELD(seed), .help = "The first seed of the choice of samples (default 0)" },
    { .name = "threads", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = 1024,
      .offset = FIELD(threads),
      .help = "Threads to work with (default: as many as there are processors)" },
};

#undef FIELD

static const pare_example examples[] = {
    { "pare sweep m.onnx --data val.yaml --vary preset=int8,int4-weights,fp16",
      "what each preset saves, and what it loses" },
    { "pare sweep m.onnx --data val.yaml --preset prune --vary max-macs=90%,75%,60%",
      "accuracy over energy; with --repeat 3 --report out three seeds of each, the picture "
      "out/pareto.svg and out/results.csv" },
};

const pare_cmd pare_cmd_sweep = {
    .name = "sweep",
    .description =
        "Runs a recipe with different values of some of its keys, evaluates every model that comes "
        "out, and shows which of them are worth having: those that no other is at least as good as "
        "in accuracy and energy (or size, where the target knows no energy). No model is written; "
        "'pare compress' with --set makes the one that is chosen.\n"
        "Steps that recipes have in common are done once. Unless limits are given, none are kept "
        "to: a sweep is to show what is lost.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .options = rows, .n_options = PARE_COUNT_OF(rows),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL | PARE_SHARED_REPORT,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
