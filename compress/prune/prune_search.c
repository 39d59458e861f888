#include "prune/driver.h"

#include "stats/evaluate.h"

#include <math.h>
#include <time.h>

/* Models that are made in search of the smallest one: to 1/64 of the multiplications. */
enum { MOST_TRIALS = 6 };

static pare_status judge(pare_prune_driver *d, const pare_model *model, const pare_model *reference,
                         bool *holds)
{
    const pare_prune_job *const job = d->job;
    pare_evaluation e;
    const pare_evaluate_opts opts = {
        .data = job->judge ? job->judge : job->data, .reference = reference, .pool = job->pool,
        .max_memory_bytes = job->max_memory_bytes,
        .metrics = PARE_SCORE_BIT(PARE_SCORE_TOP1) | PARE_SCORE_BIT(PARE_SCORE_AGREEMENT),
        .judged = PARE_SCORE_TOP1,
    };
    PARE_TRY(pare_evaluate(d->ctx, &e, model, &opts));
    d->outcome->drop = e.drop.drop;
    d->outcome->agreement =
        e.n_answers ? 1 - (double)e.n_changed / (double)e.n_answers : (double)NAN;
    *holds = (job->max_drop == INFINITY || d->outcome->drop <= job->max_drop) &&
             (!(job->min_agreement > 0) || d->outcome->agreement >= job->min_agreement);
    return PARE_OK;
}

/* What may stay of multiplications, or of weights. */
static void set_share(pare_prune_driver *d, double share)
{
    if (d->asked.has_pattern) d->asked.sparsity = 1 - share;
    else d->allowed[PARE_PRUNE_MACS] = share * d->before.values[PARE_PRUNE_MACS];
}

static pare_status try_share(pare_prune_driver *d, const pare_model *model, double share,
                             bool *holds)
{
    pare_model *trial = NULL;
    pare_ctx *const ctx = d->ctx;
    pare_ctx quiet = *ctx; /* what is to be warned about is told once, by the last */
    quiet.opts.warn = NULL;
    d->ctx = &quiet;
    set_share(d, share);
    pare_status st = pare_model_clone(&quiet, &trial, model);
    if (!st) st = pare_prune_once(d, trial);
    if (!st) st = judge(d, trial, model, holds);
    pare_model_free(&quiet, trial);
    d->outcome->n_trials++;
    d->ctx = ctx;
    return st ? pare_fail(ctx, st, "%s", quiet.message) : PARE_OK;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Half of what is left to choose from goes with each trial. */
pare_status pare_prune_search(pare_prune_driver *d, pare_model *model)
{
    const double end_ms = d->job->max_ms ? now_ms() + (double)d->job->max_ms : INFINITY;
    double low = 0, high = 1, drop = NAN, agreement = NAN;
    for (uint32_t i = 0; i < MOST_TRIALS && !d->outcome->cut; i++) {
        const double share = (low + high) / 2;
        bool holds = false;
        PARE_TRY(try_share(d, model, share, &holds));
        if (holds) {
            high = share;
            drop = d->outcome->drop;
            agreement = d->outcome->agreement;
        } else {
            low = share;
        }
        d->outcome->cut = i + 1 < MOST_TRIALS && now_ms() >= end_ms;
    }
    set_share(d, high < 1 ? high : low);
    if (high < 1) {
        d->outcome->drop = drop;
        d->outcome->agreement = agreement;
    }
    return pare_prune_once(d, model);
}
