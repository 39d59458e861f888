#include "prune/driver.h"

#include "prune/listing.h"

#include <inttypes.h>
#include <stdio.h>

/* --- one model -------------------------------------------------------------------------------- */

/* What is in the way, those with most multiplications first: "Split: it needs all of it (52.6 % of
 * the multiply-accumulates)". */
static pare_status list_blockers(pare_prune_driver *d, const pare_model *model, char *out,
                                 size_t n_bytes)
{
    enum { MOST = 3 };
    pare_prune_listing l;
    const pare_status st = pare_prune_list(d->ctx, &l, model, &d->meter);
    size_t n = 0;
    for (size_t i = 0; !st && i < l.n_blockers && i < MOST && n < n_bytes; i++) {
        const pare_prune_blocker *const b = &l.blockers[i];
        const double share = l.macs > 0 ? 100 * (double)b->macs / l.macs : 0;
        n += (size_t)snprintf(out + n, n_bytes - n, "%s%.60s%s%.100s (%.3g %%%s)", n ? "; " : ": ",
                              b->op ? b->op : "", b->op ? ": " : "", b->why, share,
                              n ? "" : " of the multiply-accumulates");
    }
    pare_prune_listing_free(&l);
    return st;
}

/* Why nothing went. */
static pare_status fail_with_reason(pare_prune_driver *d, const pare_model *model)
{
    const pare_prune_settings *const s = d->job->settings;
    char text[PARE_MESSAGE_BYTES] = "";
    if (s->include.n || s->exclude.n || s->floors.n)
        return pare_fail(d->ctx, PARE_EUNSUPPORTED,
                         "nothing can go that include, exclude, floor and round-to %" PRId64
                         " let go: list-groups shows the widths", d->asked.round_to);
    if (d->asked.what == PARE_PRUNE_HEADS)
        return pare_fail(d->ctx, PARE_EUNSUPPORTED, "no heads of attention are found that can go: "
                                                    "list-groups shows what can");
    PARE_TRY(list_blockers(d, model, text, sizeof(text)));
    return pare_fail(d->ctx, PARE_EUNSUPPORTED, "nothing can go in multiples of %" PRId64 "%s",
                     d->asked.round_to, text);
}

static pare_status prune_channels(pare_prune_driver *d, pare_model *model, double limit)
{
    const pare_prune_job *const job = d->job;
    const pare_prune_opts opts = {
        .limit = limit, .cost = pare_prune_over, .cost_user = d,
        .criterion = (pare_prune_criterion)job->settings->criterion,
        .repair = (pare_prune_repair)job->settings->repair, .data = job->data, .pool = job->pool,
        .level = job->level, .shapes = job->shapes, .round_to = d->asked.round_to,
        .least = pare_prune_choice_least, .least_user = &d->choice,
    };
    pare_prune_report *const r = &d->outcome->channels;
    pare_prune_report_free(d->ctx, r);
    d->choice.model = NULL; /* what it found of another model is of no use */
    d->choice.axes = NULL;
    const pare_status st = pare_prune_channels(d->ctx, model, &opts, r);
    if (st == PARE_EUNSUPPORTED && !r->n_gone && !d->choice.status)
        return fail_with_reason(d, model);
    if (st) return st;
    d->outcome->chosen.criterion = r->criterion;
    d->outcome->chosen.repair = r->repair;
    return d->choice.status;
}

/* Blocks in a model whose settings are asked. */
typedef struct block_choice {
    pare_prune_choice *choice;
    const pare_model *model;
} block_choice;

/* A block is known by the sum at its end. */
static bool keeps_block(void *user, const char *name)
{
    const block_choice *const b = user;
    for (pare_value_id v = 0; v < b->model->n_values; v++) {
        const pare_value *value = &b->model->values[v];
        if (value->graph == b->model->graph && value->producer != PARE_NONE &&
            pare_str_eq(value->name, name))
            return pare_prune_choice_keeps(b->choice, b->model, value->producer);
    }
    return false;
}

static pare_status prune_blocks(pare_prune_driver *d, pare_model *model, double limit)
{
    const pare_prune_job *const job = d->job;
    block_choice blocks = { &d->choice, model };
    const pare_block_opts opts = {
        .cost = pare_prune_over, .cost_user = d, .limit = limit, .data = job->data,
        .pool = job->pool, .shapes = job->shapes,
        .without_repair = job->settings->repair == PARE_PRUNE_REPAIR_NONE,
        .keep = keeps_block, .user = &blocks,
    };
    d->choice.model = NULL;
    pare_block_report_free(d->ctx, &d->outcome->blocks);
    return pare_prune_blocks(d->ctx, model, &opts, &d->outcome->blocks);
}

static pare_status prune_rank(pare_prune_driver *d, pare_model *model, double limit)
{
    const pare_prune_job *const job = d->job;
    const pare_rank_opts opts = {
        .limit = limit, .cost = pare_prune_over, .cost_user = d, .data = job->data,
        .max_memory_bytes = job->max_memory_bytes, .pool = job->pool, .shapes = job->shapes,
        .round_to = d->asked.round_to, .keep = pare_prune_choice_keeps, .user = &d->choice,
    };
    pare_rank_report_free(d->ctx, &d->outcome->ranks);
    d->choice.model = NULL;
    return pare_prune_rank(d->ctx, model, &opts, &d->outcome->ranks);
}

/* --- single weights --------------------------------------------------------------------------- */

static pare_sparse_criterion sparse_criterion(int criterion)
{
    switch (criterion) {
    case PARE_PRUNE_CRITERION_AUTO: return PARE_SPARSE_AUTO;
    case PARE_PRUNE_WANDA: return PARE_SPARSE_WANDA;
    case PARE_PRUNE_SPARSEGPT:
    case PARE_PRUNE_SECOND_ORDER: return PARE_SPARSE_SECOND_ORDER;
    default: return PARE_SPARSE_MAGNITUDE;
    }
}

static const int criteria[PARE_N_SPARSE_CRITERIA] = {
    [PARE_SPARSE_MAGNITUDE] = PARE_PRUNE_MAGNITUDE,
    [PARE_SPARSE_WANDA] = PARE_PRUNE_WANDA,
    [PARE_SPARSE_SECOND_ORDER] = PARE_PRUNE_SPARSEGPT,
};

/* rough: by magnitude alone, which costs as much as what is done in earnest. */
static pare_status zero_weights(pare_prune_driver *d, pare_model *model, double sparsity,
                                bool rough)
{
    const pare_prune_job *const job = d->job;
    const bool repairs = job->data && job->settings->repair != PARE_PRUNE_REPAIR_NONE;
    pare_sparse_report *const r = &d->outcome->sparse;
    const pare_sparse_opts opts = {
        .pattern = d->asked.pattern, .sparsity = sparsity,
        .criterion = rough ? PARE_SPARSE_MAGNITUDE : sparse_criterion(job->settings->criterion),
        .data = rough ? NULL : job->data, .max_memory_bytes = job->max_memory_bytes,
        .pool = job->pool, .without_repair = rough || !repairs,
        .keep = pare_prune_choice_keeps, .user = &d->choice,
    };
    pare_sparse_report_free(d->ctx, r);
    d->choice.model = NULL;
    PARE_TRY(pare_prune_sparse(d->ctx, model, &opts, r));
    d->outcome->chosen.criterion = criteria[r->criterion];
    d->outcome->chosen.repair = repairs ? PARE_PRUNE_REPAIR_LEAST_SQUARES : PARE_PRUNE_REPAIR_NONE;
    return PARE_OK;
}

/* The fewest zeros, to a hundredth or so, with which the budgets hold; or the most there may be. */
static pare_status find_sparsity(pare_prune_driver *d, const pare_model *model, double *out)
{
    enum { MOST_STEPS = 7 };
    double low = 0, high = 0.99;
    for (int i = 0; i < MOST_STEPS; i++) {
        pare_model *trial = NULL;
        double figure = 0;
        const double sparsity = (low + high) / 2;
        PARE_TRY(pare_model_clone(d->ctx, &trial, model));
        pare_status st = zero_weights(d, trial, sparsity, true);
        if (!st) st = pare_prune_over(d, d->ctx, trial, &figure);
        pare_model_free(d->ctx, trial);
        if (st) return st;
        if (figure <= 1) high = sparsity;
        else low = sparsity;
    }
    *out = high;
    return PARE_OK;
}

static pare_status prune_weights(pare_prune_driver *d, pare_model *model)
{
    double sparsity = d->asked.sparsity;
    if (!(sparsity > 0)) PARE_TRY(find_sparsity(d, model, &sparsity));
    pare_prune_outcome *const o = d->outcome;
    snprintf(o->sparsity, sizeof(o->sparsity), "%.4g%%", 100 * sparsity);
    o->chosen.sparsity = o->sparsity;
    return zero_weights(d, model, sparsity, false);
}

/* What the budgets allow, done to a prepared model. */
pare_status pare_prune_once(pare_prune_driver *d, pare_model *model)
{
    double whole;
    if (d->asked.has_pattern) return prune_weights(d, model);
    PARE_TRY(pare_prune_over(d, d->ctx, model, &whole));
    if (whole <= 1) return PARE_OK; /* it is small enough as it is */
    switch (d->asked.what) {
    case PARE_PRUNE_BLOCKS: return prune_blocks(d, model, 1 / whole);
    case PARE_PRUNE_RANK: return prune_rank(d, model, 1 / whole);
    default: return prune_channels(d, model, 1 / whole);
    }
}
