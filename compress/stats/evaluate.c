#include "stats/evaluating.h"

#include "base/nearest.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* How far workers may be ahead of the sample whose turn it is, per worker. */
enum { PLACES_PER_WORKER = 16 };

pare_status pare_output_find(pare_ctx *ctx, size_t *out, const pare_model *model, const char *name)
{
    const pare_decls *outputs = &model->graph->outputs;
    pare_nearest nearest = { .word = name };
    for (size_t i = 0; i < outputs->n; i++) {
        const char *const found = model->values[outputs->items[i].value].name;
        if (!name || strcmp(found, name) == 0) {
            *out = i;
            return PARE_OK;
        }
        pare_nearest_try(&nearest, found);
    }
    if (!outputs->n) return pare_fail(ctx, PARE_EFORMAT, "the model has no output to be scored");
    const char *const first = model->values[outputs->items[0].value].name;
    return pare_fail(ctx, PARE_EFORMAT, "the model has no output '%s'; %s '%s'", name,
                     nearest.name ? "did you mean" : "its first one is",
                     nearest.name ? nearest.name : first);
}

/* --- sides ------------------------------------------------------------------------------------ */

static pare_status start_network(pare_evaluating *e, pare_eval_side *side, const pare_model *model)
{
    pare_replicas_opts opts = { .n_workers = e->n_workers, .kernels = e->opts->kernels,
                                .sums = e->opts->sums,
                                .max_memory_bytes = e->opts->max_memory_bytes };
    if (e->watch) pare_noise_watch_opts(e->watch, (int)(side - e->sides), &opts);
    const char *const wanted = e->opts->output ? e->opts->output : e->data->output;
    pare_status st = pare_output_find(e->ctx, &side->output, model, wanted);
    /* The reference's output may be called otherwise where it has no other. */
    if (st && side == &e->sides[PARE_SIDE_REFERENCE] && model->graph->outputs.n == 1) {
        side->output = 0;
        st = PARE_OK;
    }
    if (st) return st;
    side->output_name = model->values[model->graph->outputs.items[side->output].value].name;
    side->is_present = true;
    PARE_TRY(pare_feed_begin(e->ctx, &side->feed, e->data, model));
    return pare_replicas_new(e->ctx, &side->replicas, model, &opts);
}

static pare_status start_sides(pare_evaluating *e, const pare_model *model)
{
    pare_eval_side *own = &e->sides[PARE_SIDE_MODEL], *reference = &e->sides[PARE_SIDE_REFERENCE];
    const char *const name = e->opts->output ? e->opts->output : e->data->output;
    *own = (pare_eval_side){ .is_present = true, .output_name = name ? name : "predictions" };
    if (model && e->opts->reference && e->opts->layers)
        PARE_TRY(pare_noise_watch_new(e->ctx, &e->watch, e->opts->layers, e->n_workers, model,
                                      e->opts->reference));
    if (model) PARE_TRY(start_network(e, own, model));
    if (e->opts->reference) {
        PARE_TRY(start_network(e, reference, e->opts->reference));
    } else if (e->data->expected) {
        reference->is_present = e->out->is_expected = true;
        reference->output_name = own->output_name;
    }
    e->out->has_reference = reference->is_present;
    const size_t n_bytes = pare_noise_watch_rows(e->watch) * sizeof(pare_noise);
    for (uint32_t i = 0; n_bytes && i < e->n_places; i++) {
        e->places[i].noise = pare_alloc_zero(e->ctx, n_bytes);
        if (!e->places[i].noise) return pare_fail_memory(e->ctx, n_bytes);
    }
    return PARE_OK;
}

/* --- workers ---------------------------------------------------------------------------------- */

static pare_status start_worker(pare_evaluating *e, pare_eval_worker *w)
{
    const size_t n = e->data->n_inputs + 1;
    pare_ctx_opts opts = e->ctx->opts;
    opts.progress = NULL;
    opts.warn = NULL; /* the caller's listener is for the caller's thread */
    pare_ctx_init(&w->ctx, &opts);
    w->tensors = pare_alloc_zero(e->ctx, n * sizeof(*w->tensors));
    w->inputs = pare_alloc_zero(e->ctx, n * sizeof(*w->inputs));
    return w->tensors && w->inputs ? PARE_OK : pare_fail_memory(e->ctx, n * sizeof(*w->inputs));
}

static pare_status start_workers(pare_evaluating *e)
{
    const size_t n = e->data->n_inputs + 1;
    e->n_workers = pare_pool_size(e->opts->pool);
    e->n_places = e->n_workers == 1 ? 1 : e->n_workers * PLACES_PER_WORKER;
    e->workers = pare_alloc_zero(e->ctx, e->n_workers * sizeof(*e->workers));
    e->places = pare_alloc_zero(e->ctx, e->n_places * sizeof(*e->places));
    if (!e->workers || !e->places)
        return pare_fail_memory(e->ctx, e->n_places * sizeof(*e->places));
    for (uint32_t i = 0; i < e->n_workers; i++) PARE_TRY(start_worker(e, &e->workers[i]));
    for (uint32_t i = 0; e->opts->keep_inputs && i < e->n_places; i++) {
        e->places[i].tensors = pare_alloc_zero(e->ctx, n * sizeof(pare_tensor *));
        if (!e->places[i].tensors) return pare_fail_memory(e->ctx, n * sizeof(pare_tensor *));
    }
    return PARE_OK;
}

static void drop_place(const pare_evaluating *e, pare_eval_place *p)
{
    for (int i = 0; i < PARE_N_SIDES; i++) pare_tensor_unref(p->outputs[i]);
    for (size_t i = 0; p->tensors && i < e->data->n_inputs; i++) {
        pare_tensor_unref(p->tensors[i]);
        p->tensors[i] = NULL;
    }
    *p = (pare_eval_place){ .tensors = p->tensors, .noise = p->noise };
}

static void finish_all(pare_evaluating *e)
{
    for (uint32_t i = 0; e->places && i < e->n_places; i++) {
        drop_place(e, &e->places[i]);
        pare_free(e->ctx, e->places[i].tensors);
        pare_free(e->ctx, e->places[i].noise);
    }
    for (int i = 0; i < PARE_N_SIDES; i++) {
        pare_replicas_free(e->ctx, e->sides[i].replicas); /* before the contexts of its sessions */
        pare_feed_end(e->ctx, &e->sides[i].feed);
    }
    pare_noise_watch_free(e->ctx, e->watch);
    for (uint32_t i = 0; e->workers && i < e->n_workers; i++) {
        pare_eval_worker *w = &e->workers[i];
        for (int k = 0; k < PARE_N_SIDES; k++) pare_free(e->ctx, w->room[k]);
        pare_free(e->ctx, w->labels);
        pare_free(e->ctx, w->tensors);
        pare_free(e->ctx, w->inputs);
    }
    pare_free(e->ctx, e->workers);
    pare_free(e->ctx, e->places);
    pthread_cond_destroy(&e->taken);
    pthread_mutex_destroy(&e->lock);
}

/* --- samples ---------------------------------------------------------------------------------- */

/* Ends the work with the failure of the sample whose turn it is. */
static void fail_here(pare_evaluating *e, pare_status status, const char *message)
{
    e->status = status;
    memcpy(e->message, message, sizeof(e->message));
    atomic_store(&e->is_over, true);
}

/* Adds what is done and has its turn. Called with the lock. */
static void take_turns(pare_evaluating *e, pare_ctx *ctx)
{
    for (;;) {
        pare_eval_place *p = &e->places[e->n_taken % e->n_places];
        if (!p->is_done || e->status) break;
        if (p->status) {
            fail_here(e, p->status, p->message);
        } else {
            pare_evaluate_add(e, e->n_taken, p);
            if (!p->is_skipped) pare_noise_watch_add(e->watch, p->noise);
            if (e->opts->seen && !p->is_skipped) {
                const pare_evaluated seen = {
                    .sample = e->n_taken,
                    .inputs = (const pare_tensor *const *)p->tensors,
                    .output = p->outputs[PARE_SIDE_MODEL],
                    .reference = p->outputs[PARE_SIDE_REFERENCE],
                };
                const pare_status st = e->opts->seen(e->opts->user, ctx, &seen);
                if (st) fail_here(e, st, ctx->message);
            }
        }
        drop_place(e, p);
        e->n_taken++;
    }
    pthread_cond_broadcast(&e->taken);
}

static void run_task(void *user, uint32_t sample, uint32_t worker)
{
    pare_evaluating *e = user;
    pare_ctx *const ctx = &e->workers[worker].ctx;
    pthread_mutex_lock(&e->lock);
    while (!atomic_load(&e->is_over) && sample >= e->n_taken + e->n_places)
        pthread_cond_wait(&e->taken, &e->lock);
    pthread_mutex_unlock(&e->lock);
    if (atomic_load(&e->is_over)) return;
    pare_eval_place *p = &e->places[sample % e->n_places];
    const pare_status st = pare_evaluate_sample(e, worker, sample, p);
    if (st) memcpy(p->message, ctx->message, sizeof(p->message));
    pthread_mutex_lock(&e->lock);
    p->status = st;
    p->is_done = true;
    take_turns(e, ctx);
    const uint64_t n_taken = e->n_taken;
    pthread_mutex_unlock(&e->lock);
    /* Worker 0 is the caller's thread. */
    if (worker == 0) pare_report_count(e->ctx, "evaluate", "samples", n_taken, e->data->n);
}

static pare_status run_all(pare_evaluating *e)
{
    if (e->data->n > UINT32_MAX)
        return pare_fail(e->ctx, PARE_EUNSUPPORTED,
                         "%" PRIu64 " samples are more than can be evaluated at once; take fewer "
                         "with --limit", e->data->n);
    pare_pool_run(e->opts->pool, (uint32_t)e->data->n, run_task, e);
    if (e->status) return pare_fail(e->ctx, e->status, "%s", e->message);
    if (!e->out->n)
        return pare_fail(e->ctx, PARE_EFORMAT,
                         "none of %" PRIu64 " samples could be read: nothing was evaluated",
                         e->data->n);
    return PARE_OK;
}

pare_status pare_evaluate(pare_ctx *ctx, pare_evaluation *out, const pare_model *model,
                          const pare_evaluate_opts *opts)
{
    /* Lists of the worst samples need these whether or not they were asked for. */
    const uint32_t always = PARE_SCORE_BIT(PARE_SCORE_SQNR) | PARE_SCORE_BIT(PARE_SCORE_TOP1) |
                            PARE_SCORE_BIT(PARE_SCORE_PERPLEXITY);
    pare_evaluating e = { .ctx = ctx, .opts = opts, .data = opts->data, .out = out,
                          .wanted = opts->metrics | always };
    *out = (pare_evaluation){ .has_labels = opts->data->has_labels };
    if (!opts->data->n)
        return pare_fail(ctx, PARE_EFORMAT,
                         "the data have no samples to evaluate: look at `split:` and --limit");
    pthread_mutex_init(&e.lock, NULL);
    pthread_cond_init(&e.taken, NULL);
    atomic_init(&e.is_over, false);
    pare_status st = start_workers(&e);
    if (!st) st = start_sides(&e, model);
    if (!st) st = pare_evaluate_golden(&e);
    if (!st) st = pare_evaluate_peek(&e);
    if (!st) st = run_all(&e);
    if (!st) pare_evaluate_finish(&e);
    finish_all(&e);
    return st;
}
