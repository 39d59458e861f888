#include "cli/rewrite.h"

#include <math.h>
#include <string.h>

/* Samples whose values are compared layer by layer. */
enum { NOISE_SAMPLES = 16, REPORT_SAMPLES = 500 };

static const char *output_name(const pare_rewrite *job)
{
    const char *const slash = strrchr(job->options->output, '/');
    return slash ? slash + 1 : job->options->output;
}

/* --- samples ---------------------------------------------------------------------------------- */

static bool has_data_limits(const pare_rewrite *job)
{
    return job->limits.items[PARE_LIMIT_DROP].given ||
           job->limits.items[PARE_LIMIT_AGREEMENT].given;
}

static bool is_wanted(const pare_rewrite *job)
{
    const pare_rewrite_options *o = job->options;
    return has_data_limits(job) || o->eval_data ||
           (o->data && (job->app->shared.report_dir || job->against.given ||
                        job->has_default_limit));
}

static bool has_split(const pare_rewrite *job)
{
    return pare_data_has_split(job->data, PARE_DATA_EVAL) ||
           pare_data_has_split(job->data, PARE_DATA_CALIBRATE);
}

/* Where calibration would take all samples, and nobody said how many: half of them. */
static pare_status leave_some(pare_rewrite *job)
{
    pare_dataset *half = NULL;
    const pare_data_choice choice = { .split = PARE_DATA_CALIBRATE, .take = (job->data->n + 1) / 2,
                                      .seed = (uint64_t)job->options->seed };
    const bool is_all = job->data->n >= job->data->counts.rows - job->data->counts.duplicates;
    if (!job->has_default_limit || job->options->samples || has_split(job) || !is_all ||
        job->data->n < 2)
        return PARE_OK;
    PARE_TRY(pare_data_choose(&job->bounded.ctx, &half, job->data, &choice));
    pare_data_close(&job->bounded.ctx, job->data);
    job->data = half;
    return PARE_OK;
}

/* Those that the calibration does not use, of the same data. */
static pare_status choose_rest(pare_rewrite *job)
{
    PARE_TRY(leave_some(job));
    const pare_data_choice choice = {
        .split = PARE_DATA_EVAL, .skip = has_split(job) ? 0 : job->data->n,
        .take = has_data_limits(job) || job->has_default_limit ? 0 : REPORT_SAMPLES,
        .seed = (uint64_t)job->options->seed,
    };
    return pare_data_choose(&job->bounded.ctx, &job->eval_data, job->data, &choice);
}

/* Where nothing was asked for: a limit that models as a rule keep. */
static void take_default_limit(pare_rewrite *job)
{
    pare_limit *const drop = &job->limits.items[PARE_LIMIT_DROP];
    pare_limit *const share = &job->limits.items[PARE_LIMIT_AGREEMENT];
    if (!job->has_default_limit || drop->given || share->given) return;
    if (job->eval_data->has_labels)
        *drop = (pare_limit){ .given = true, .value = PARE_DEFAULT_DROP, .text = "1 point" };
    else *share = (pare_limit){ .given = true, .value = PARE_DEFAULT_AGREEMENT, .text = "97 %" };
    job->is_default_limit = true;
}

int pare_rewrite_open_eval(pare_rewrite *job)
{
    pare_app *const app = job->app;
    const pare_rewrite_options *o = job->options;
    const pare_data_choice choice = { .split = PARE_DATA_EVAL, .seed = (uint64_t)o->seed };
    pare_status st = PARE_OK;
    if (!is_wanted(job)) return PARE_EXIT_DONE;
    if (o->eval_data) {
        st = pare_data_open_for(&job->bounded, &job->eval_data, o->eval_data, job->model, &choice);
    } else if (job->data) {
        st = choose_rest(job);
        if (st == PARE_EFORMAT && !has_data_limits(job)) {
            pare_warn(&app->ctx, "the data have no samples left to judge the result by; give a "
                                 "`split:`, fewer --samples or --eval-data");
            return PARE_EXIT_DONE;
        }
        st = pare_bounded_fail(&job->bounded, st);
        if (st)
            st = pare_fail_in(&app->ctx, st, "no samples to judge --max-drop or --min-agreement "
                                             "by: ");
    } else {
        return pare_app_error(app, PARE_EXIT_USAGE,
                              "--max-drop and --min-agreement need samples to be judged by: give "
                              "--data or --eval-data", NULL);
    }
    if (st) return pare_app_fail(app, pare_exit_for_input(st), NULL);
    take_default_limit(job);
    return pare_eval_metrics_choose(app, &job->metrics, job->metrics_asked, job->eval_data, true);
}

/* --- accuracy --------------------------------------------------------------------------------- */

static pare_evaluate_opts opts_of(const pare_rewrite *job)
{
    return (pare_evaluate_opts){
        .data = job->eval_data, .reference = job->model, .metrics = job->metrics.bits,
        .judged = pare_eval_metrics_judged(&job->metrics), .pool = job->pool,
        .max_memory_bytes = job->bounded.budget.limit_bytes,
    };
}

static pare_status measure_noise(pare_rewrite *job, const pare_model *written)
{
    pare_ctx *const ctx = &job->bounded.ctx;
    const pare_dataset *const from = job->eval_data ? job->eval_data : job->data;
    const pare_data_choice choice = {
        .split = job->eval_data ? PARE_DATA_EVAL : PARE_DATA_CALIBRATE, .take = NOISE_SAMPLES,
        .seed = (uint64_t)job->options->seed,
    };
    pare_dataset *some = NULL;
    pare_evaluation unused;
    if (!from) return PARE_OK;
    PARE_TRY(pare_data_choose(ctx, &some, from, &choice));
    pare_evaluate_opts opts = opts_of(job);
    opts.data = some;
    opts.metrics = UINT32_C(1) << PARE_SCORE_SQNR;
    opts.layers = &job->noise;
    const pare_status st = pare_evaluate(ctx, &unused, written, &opts);
    pare_data_close(ctx, some);
    return st;
}

static pare_status evaluate(pare_rewrite *job, const pare_model *written)
{
    pare_status st = PARE_OK;
    if (job->eval_data) {
        const pare_evaluate_opts opts = opts_of(job);
        st = pare_evaluate(&job->bounded.ctx, &job->evaluation, written, &opts);
        job->evaluated = !st;
    }
    if (!st && (job->app->shared.report_dir || job->app->shared.verbose))
        st = measure_noise(job, written);
    return pare_bounded_fail(&job->bounded, st);
}

/* --- the report ------------------------------------------------------------------------------- */

static void fill_accuracy(const pare_rewrite *job, size_t m, const pare_evaluated_side *side)
{
    const pare_report_model *const model = &job->figures.report.models[m];
    const pare_score_id id = pare_eval_metrics_judged(&job->metrics);
    if (id == PARE_N_SCORES || !side->values[id].n) return;
    const pare_report_accuracy accuracy = {
        .metric = pare_score_infos[id].name, .value = side->values[id].value,
        .low = side->values[id].low, .high = side->values[id].high,
        .samples = job->evaluation.n,
    };
    /* The arrays are in the arena of the figures, for verbs to complete. */
    for (size_t t = 0; t < job->figures.report.n_targets; t++)
        ((pare_report_figures *)(uintptr_t)model->figures)[t].accuracy = accuracy;
}

static void fill_change(pare_rewrite *job)
{
    const pare_evaluation *e = &job->evaluation;
    const pare_pairs changed = { e->n_answers, e->n_changed, 0 };
    const pare_limit *limit = &job->limits.items[PARE_LIMIT_DROP];
    job->figures.report.has_change = true;
    job->figures.report.change = (pare_report_change){
        .broken = e->pairs.broken, .repaired = e->pairs.repaired, .drop = e->drop.drop,
        .drop_upper95 = e->drop.upper95,
        .agreement = e->n_answers ? 1 - (double)e->n_changed / (double)e->n_answers : NAN,
        .bounded_by_agreement = e->bounded_by_agreement,
        .samples_needed = pare_pairs_needed(e->bounded_by_agreement ? &changed : &e->pairs,
                                            limit->given ? limit->value : 0.5),
    };
}

/* The value that a node's layer gives: past what belongs to it, as far as noise is known. */
static double noise_of(const pare_rewrite *job, const pare_model *m, const char *layer)
{
    double db = NAN;
    for (pare_node_id id = 0; id < m->n_nodes; id++) {
        const pare_node *n = &m->nodes[id];
        if (n->graph != m->graph || !n->name || !pare_str_eq(n->name, layer) || !n->n_outputs ||
            n->outputs[0] == PARE_NONE)
            continue;
        const char *const name = m->values[n->outputs[0]].name;
        for (size_t i = 0; i < job->noise.n_rows; i++)
            if (pare_str_eq(job->noise.rows[i].name, name))
                db = pare_layer_noise_db(&job->noise.rows[i]);
    }
    return db;
}

/* What decided, and what judged. */
static pare_status tell_data(pare_rewrite *job)
{
    pare_figures *const f = &job->figures;
    const pare_rewrite_options *const o = job->options;
    const pare_score_id judged = pare_eval_metrics_judged(&job->metrics);
    pare_figures_computed(f, (uint64_t)o->seed);
    if (job->data) PARE_TRY(pare_figures_data(f, "calibration", o->data, job->data, NULL));
    if (!job->evaluated) return PARE_OK;
    return pare_figures_data(f, "evaluation", o->eval_data ? o->eval_data : o->data,
                             job->eval_data,
                             judged == PARE_N_SCORES ? NULL : pare_score_infos[judged].name);
}

static pare_status fill_report(pare_rewrite *job)
{
    pare_report *const r = &job->figures.report;
    PARE_TRY(pare_figures_report(&job->figures, job->verb));
    if (job->evaluated) {
        fill_accuracy(job, 0, &job->evaluation.reference);
        fill_accuracy(job, 1, &job->evaluation.model);
        fill_change(job);
    }
    PARE_TRY(tell_data(job));
    pare_report_layer *const layers = (pare_report_layer *)(uintptr_t)r->models[1].layers;
    for (size_t i = 0; job->noise.n_rows && i < r->models[1].n_layers; i++)
        if (layers[i].name) layers[i].sqnr_db = noise_of(job, job->model, layers[i].name);
    return PARE_OK;
}

/* --- gates ------------------------------------------------------------------------------------ */

/* A default limit is no gate for what it does not suit. */
static pare_status tell_unknown(pare_rewrite *job)
{
    const pare_score_value *sqnr = &job->evaluation.model.values[PARE_SCORE_SQNR];
    if (sqnr->n)
        pare_warn(&job->app->ctx, "the output is no classification: nothing judges the result but "
                                  "its distance from the input model's output, %.1f dB",
                  sqnr->value);
    else
        pare_warn(&job->app->ctx, "the output is no classification: nothing judges the result");
    return PARE_OK;
}

static pare_status judge_drop(pare_rewrite *job)
{
    const pare_limit *limit = &job->limits.items[PARE_LIMIT_DROP];
    const pare_evaluation *e = &job->evaluation;
    pare_line value = { 0 }, reason = { 0 };
    if (!limit->given) return PARE_OK;
    const bool known = !isnan(e->drop.drop);
    if (!known && job->is_default_limit) return tell_unknown(job);
    const bool passed = known && e->drop.drop <= limit->value;
    if (known) pare_line_add(&value, "%.2f points", fabs(e->drop.drop) < 0.005 ? 0 : e->drop.drop);
    else pare_line_add(&value, "unknown");
    if (known)
        pare_line_add(&reason, "on %llu samples, at most %.2f in general (95 %%)%s",
                      (unsigned long long)e->n, e->drop.upper95,
                      e->bounded_by_agreement ? ", bounded by agreement" : "");
    else pare_line_add(&reason, "the output is no classification, and there are no labels");
    const pare_report_gate gate = {
        .name = pare_limit_name(PARE_LIMIT_DROP), .model = output_name(job),
        .limit = limit->text, .value = value.text, .passed = passed, .comparable = known,
        .reason = reason.text,
        .remedy = passed ? NULL : job->remedy,
    };
    return pare_gates_add(&job->app->ctx, &job->gates, &gate);
}

static pare_status judge_agreement(pare_rewrite *job)
{
    const pare_limit *limit = &job->limits.items[PARE_LIMIT_AGREEMENT];
    const pare_evaluation *e = &job->evaluation;
    pare_line value = { 0 };
    if (!limit->given) return PARE_OK;
    if (!e->n_answers && job->is_default_limit) return tell_unknown(job);
    const double share =
        e->n_answers ? 1 - (double)e->n_changed / (double)e->n_answers : (double)NAN;
    const bool passed = share >= limit->value;
    if (e->n_answers) pare_line_add(&value, "%.2f %%", 100 * share);
    else pare_line_add(&value, "unknown");
    const pare_report_gate gate = {
        .name = pare_limit_name(PARE_LIMIT_AGREEMENT), .model = output_name(job),
        .limit = limit->text, .value = value.text, .passed = passed,
        .comparable = e->n_answers != 0,
        .remedy = passed ? NULL : job->remedy,
    };
    return pare_gates_add(&job->app->ctx, &job->gates, &gate);
}

static pare_status judge_gates(pare_rewrite *job)
{
    pare_report *const r = &job->figures.report;
    PARE_TRY(judge_drop(job));
    PARE_TRY(judge_agreement(job));
    if (job->has_figures)
        PARE_TRY(pare_limits_judge(&job->app->ctx, &job->gates, &job->limits, r));
    if (job->has_figures)
        PARE_TRY(pare_against_judge(&job->app->ctx, &job->gates, &job->figures.arena,
                                    &job->against, r));
    if (job->has_figures && job->judge_more) PARE_TRY(job->judge_more(job));
    r->gates = job->gates.items;
    r->n_gates = job->gates.n;
    for (size_t i = 0; i < job->gates.n; i++) job->failed_gate |= !job->gates.items[i].passed;
    return PARE_OK;
}

/* ---------------------------------------------------------------------------------------------- */

static pare_status told(pare_rewrite *job, int status)
{
    job->reported = status;
    return status ? PARE_ECANCELED : PARE_OK;
}

pare_status pare_rewrite_judge(pare_rewrite *job, const pare_model *written,
                                const char *path)
{
    pare_figures *const f = &job->figures;
    const bool has_limits = pare_limits_any(&job->limits) || job->against.given;
    if (f->n)
        PARE_TRY(told(job, pare_figures_add(f, written, path, job->options->output, !has_limits)));
    job->has_figures = f->n == 2;
    PARE_TRY(evaluate(job, written));
    if (job->has_figures) PARE_TRY(fill_report(job));
    return judge_gates(job);
}
