#include "run/samples.h"

#include "run/planner.h"

#include <string.h>

/* Samples go in waves of some for each worker: outputs of a wave wait until all before them were
 * taken, which bounds memory and keeps the order. */
enum { SAMPLES_PER_WORKER = 4 };

typedef struct worker {
    pare_ctx ctx;
    pare_session *session;
    const pare_sample_job *job;
    uint32_t index;
    uint64_t sample;          /* that it runs now */
} worker;

/* One sample of the wave. */
typedef struct place {
    pare_datum *outputs;
    pare_status status;
    char message[PARE_MESSAGE_BYTES];
} place;

typedef struct wave {
    const pare_sample_job *job;
    worker *workers;
    place *places;
    uint64_t first;
} wave;

static void run_sample(void *user, uint32_t task, uint32_t index)
{
    const wave *w = user;
    place *p = &w->places[task];
    worker *me = &w->workers[index];
    pare_ctx *ctx = &me->ctx;
    const uint64_t sample = me->sample = w->first + task;
    const pare_eval_input *inputs = NULL;
    size_t n = 0;
    p->status = w->job->load(w->job->user, ctx, sample, &inputs, &n);
    if (!p->status) {
        p->status = pare_session_run(ctx, me->session, inputs, n, &p->outputs);
        if (w->job->drop) w->job->drop(w->job->user, ctx, sample);
    }
    if (p->status) memcpy(p->message, ctx->message, sizeof(p->message));
}

static pare_status observe(void *user, pare_ctx *ctx, const pare_observed *seen)
{
    const worker *me = user;
    return me->job->observe(me->job->user, ctx, me->index, me->sample, seen);
}

static pare_status start_worker(pare_ctx *ctx, worker *w, pare_plan *plan)
{
    pare_ctx_init(&w->ctx, &ctx->opts);
    w->ctx.opts.progress = NULL;
    const pare_session_opts opts = { .observe = w->job->observe ? observe : NULL, .user = w };
    const pare_status st = pare_session_new(&w->ctx, &w->session, plan, &opts);
    return st ? pare_fail(ctx, st, "%s", w->ctx.message) : PARE_OK;
}

static pare_status take_sample(pare_ctx *ctx, const wave *w, uint32_t i)
{
    const place *p = &w->places[i];
    if (p->status) return pare_fail(ctx, p->status, "%s", p->message);
    return w->job->take(w->job->user, ctx, w->first + i, p->outputs);
}

static void drop_outputs(pare_ctx *ctx, place *p, size_t n)
{
    pare_datums_free(ctx, p->outputs, n);
    p->outputs = NULL;
}

static pare_status run_waves(pare_ctx *ctx, const pare_plan *plan, pare_pool *pool, wave *w)
{
    const uint64_t n_samples = w->job->n_samples;
    const uint32_t size = pare_pool_size(pool) * SAMPLES_PER_WORKER;
    pare_status st = PARE_OK;
    for (w->first = 0; !st && w->first < n_samples; w->first += size) {
        const uint64_t rest = n_samples - w->first;
        const uint32_t n = rest < size ? (uint32_t)rest : size;
        pare_pool_run(pool, n, run_sample, w);
        for (uint32_t i = 0; i < n; i++) {
            if (!st) st = take_sample(ctx, w, i);
            drop_outputs(ctx, &w->places[i], plan->model->graph->outputs.n);
        }
        if (!st) st = pare_check_canceled(ctx);
        pare_report_count(ctx, "run", "samples", w->first + n, n_samples);
    }
    return st;
}

pare_status pare_samples_run(pare_ctx *ctx, pare_plan *plan, pare_pool *pool,
                             const pare_sample_job *job)
{
    const uint32_t n_workers = pare_pool_size(pool);
    const size_t n_places = (size_t)n_workers * SAMPLES_PER_WORKER;
    wave w = { .job = job };
    w.workers = pare_alloc_zero(ctx, n_workers * sizeof(*w.workers));
    w.places = pare_alloc_zero(ctx, n_places * sizeof(*w.places));
    pare_status st = w.workers && w.places ? PARE_OK
                                           : pare_fail_memory(ctx, n_places * sizeof(*w.places));
    for (uint32_t i = 0; !st && i < n_workers; i++) {
        w.workers[i].job = job;
        w.workers[i].index = i;
        st = start_worker(ctx, &w.workers[i], plan);
    }
    if (!st) st = run_waves(ctx, plan, pool, &w);
    for (uint32_t i = 0; w.workers && i < n_workers; i++)
        pare_session_free(&w.workers[i].ctx, w.workers[i].session);
    pare_free(ctx, w.workers);
    pare_free(ctx, w.places);
    return st;
}
