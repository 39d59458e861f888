#include "prune/prune.h"

#include "prune/asked.h"
#include "prune/choice.h"
#include "prune/listing.h"
#include "prune/meter.h"
#include "prune/prepare.h"
#include "stats/evaluate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* Models that are made in search of the smallest one: to 1/64 of the multiplications. */
enum { MOST_TRIALS = 6 };

typedef struct driver {
    pare_ctx *ctx;
    const pare_prune_job *job;
    pare_prune_outcome *outcome;
    pare_prune_asked asked;
    pare_prune_choice choice;
    pare_prune_meter meter;
    pare_prune_figures before;
    double allowed[PARE_N_PRUNE_FIGURES]; /* of each figure; INFINITY: any */
} driver;

/* --- budgets ---------------------------------------------------------------------------------- */

static pare_status set_allowed(driver *d)
{
    for (int k = 0; k < PARE_N_PRUNE_FIGURES; k++) {
        const pare_prune_budget *b = &d->job->budgets[k];
        d->allowed[k] = INFINITY;
        if (!b->given) continue;
        if (!isfinite(d->before.values[k]))
            return pare_fail(d->ctx, PARE_EUSAGE, "a limit on %s: target '%s' does not tell it",
                             pare_prune_figure_name((pare_prune_figure)k), d->job->target->name);
        if (b->relative && !(d->before.values[k] > 0))
            return pare_fail(d->ctx, PARE_EUNSUPPORTED,
                             "a limit on %s: the model has none that are known, so that there is "
                             "nothing to take a part of; are its shapes known?",
                             pare_prune_figure_name((pare_prune_figure)k));
        d->allowed[k] = b->relative ? b->value * d->before.values[k] : b->value;
        if (!(d->allowed[k] >= 0))
            return pare_fail(d->ctx, PARE_EUSAGE, "a limit on %s: expected 0 or more, found %g",
                             pare_prune_figure_name((pare_prune_figure)k), d->allowed[k]);
    }
    return PARE_OK;
}

/* The figure that is furthest above what is allowed, as a multiple of that. */
static double worst_of(const driver *d, const pare_prune_figures *f)
{
    double worst = 0;
    for (int k = 0; k < PARE_N_PRUNE_FIGURES; k++) {
        const double least = 1e-6 * d->before.values[k]; /* of a limit of nothing */
        const double allowed = fmax(fmax(d->allowed[k], least), 1e-300);
        if (isfinite(d->allowed[k])) worst = fmax(worst, f->values[k] / allowed);
    }
    return worst;
}

/* A pare_prune_cost_fn: at most 1 where all budgets hold. */
static pare_status cost(void *user, pare_ctx *ctx, const pare_model *model, double *figure)
{
    const driver *const d = user;
    pare_prune_figures f;
    PARE_TRY(pare_prune_measure(ctx, &f, &d->meter, model));
    *figure = worst_of(d, &f);
    return PARE_OK;
}

/* --- one model -------------------------------------------------------------------------------- */

/* What is in the way, those with most multiplications first: "Split: it needs all of it (52.6 % of
 * the multiply-accumulates)". */
static pare_status list_blockers(driver *d, const pare_model *model, char *out, size_t n_bytes)
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
static pare_status fail_with_reason(driver *d, const pare_model *model)
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

static pare_status prune_channels(driver *d, pare_model *model, double limit)
{
    const pare_prune_job *const job = d->job;
    const pare_prune_opts opts = {
        .limit = limit, .cost = cost, .cost_user = d,
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

static pare_status prune_blocks(driver *d, pare_model *model, double limit)
{
    const pare_prune_job *const job = d->job;
    const pare_block_opts opts = {
        .cost = cost, .cost_user = d, .limit = limit, .data = job->data, .pool = job->pool,
        .shapes = job->shapes, .without_repair = job->settings->repair == PARE_PRUNE_REPAIR_NONE,
    };
    pare_block_report_free(d->ctx, &d->outcome->blocks);
    return pare_prune_blocks(d->ctx, model, &opts, &d->outcome->blocks);
}

/* What the budgets allow, done to a prepared model. */
static pare_status prune_one(driver *d, pare_model *model)
{
    double whole;
    PARE_TRY(cost(d, d->ctx, model, &whole));
    if (whole <= 1) return PARE_OK; /* it is small enough as it is */
    switch (d->asked.what) {
    case PARE_PRUNE_BLOCKS: return prune_blocks(d, model, 1 / whole);
    case PARE_PRUNE_RANK:
        return pare_fail(d->ctx, PARE_EUNSUPPORTED, "what: rank is not there yet");
    default: return prune_channels(d, model, 1 / whole);
    }
}

/* --- the smallest that keeps its answers ------------------------------------------------------ */

static pare_status judge(driver *d, const pare_model *model, const pare_model *reference,
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

static pare_status try_share(driver *d, const pare_model *model, double share, bool *holds)
{
    pare_model *trial = NULL;
    pare_ctx *const ctx = d->ctx;
    pare_ctx quiet = *ctx; /* what is to be warned about is told once, by the last */
    quiet.opts.warn = NULL;
    d->ctx = &quiet;
    d->allowed[PARE_PRUNE_MACS] = share * d->before.values[PARE_PRUNE_MACS];
    pare_status st = pare_model_clone(&quiet, &trial, model);
    if (!st) st = prune_one(d, trial);
    if (!st) st = judge(d, trial, model, holds);
    pare_model_free(&quiet, trial);
    d->outcome->n_trials++;
    d->ctx = ctx;
    return st ? pare_fail(ctx, st, "%s", quiet.message) : PARE_OK;
}

/* Half of what is left to choose from goes with each trial. */
static pare_status search(driver *d, pare_model *model)
{
    double low = 0, high = 1, drop = NAN, agreement = NAN;
    for (uint32_t i = 0; i < MOST_TRIALS; i++) {
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
    }
    d->allowed[PARE_PRUNE_MACS] = d->before.values[PARE_PRUNE_MACS] * (high < 1 ? high : low);
    if (high < 1) {
        d->outcome->drop = drop;
        d->outcome->agreement = agreement;
    }
    return prune_one(d, model);
}

/* --- afterwards ------------------------------------------------------------------------------- */

static pare_status tell_missed(driver *d, int k)
{
    const pare_prune_settings *const s = d->job->settings;
    const pare_prune_met *met = &d->outcome->met[k];
    char text[512];
    snprintf(text, sizeof(text),
             "%s: %.4g %% of the model's are left, %.4g %% were asked for; less cannot be had with "
             "these settings: %s%s%s%s", pare_prune_figure_name((pare_prune_figure)k),
             100 * met->after / met->before, 100 * met->allowed / met->before,
             d->asked.round_to > 1 ? "try round-to 1, " : "",
             s->exclude.n || s->include.n ? "let more go, " : "",
             s->floors.n ? "" : "give a floor below 10%, ",
             "see with list-groups what cannot go");
    d->outcome->missed = pare_arena_str(&d->outcome->arena, text);
    return d->outcome->missed ? PARE_OK : pare_arena_fail(d->ctx, &d->outcome->arena);
}

static pare_status tell_met(driver *d, const pare_model *model)
{
    pare_prune_figures after;
    PARE_TRY(pare_prune_measure(d->ctx, &after, &d->meter, model));
    const double macs = d->before.values[PARE_PRUNE_MACS];
    d->outcome->macs_left = macs > 0 ? after.values[PARE_PRUNE_MACS] / macs : 1;
    for (int k = 0; k < PARE_N_PRUNE_FIGURES; k++) {
        pare_prune_met *met = &d->outcome->met[k];
        if (!d->job->budgets[k].given) continue;
        *met = (pare_prune_met){ d->before.values[k], d->allowed[k], after.values[k], false };
        met->holds = met->after <= met->allowed * (1 + 1e-9);
        if (!met->holds && !d->outcome->missed) PARE_TRY(tell_missed(d, k));
    }
    return PARE_OK;
}

static void tell_chosen(driver *d)
{
    pare_prune_outcome *const o = d->outcome;
    o->chosen = *d->job->settings;
    o->chosen.include = o->chosen.exclude = o->chosen.floors = (pare_option_list){ 0 };
    if (d->asked.has_pattern) return;
    o->chosen.what = d->asked.what;
    if (d->asked.what != PARE_PRUNE_CHANNELS && d->asked.what != PARE_PRUNE_HEADS) return;
    snprintf(o->round_to, sizeof(o->round_to), "%" PRId64, d->asked.round_to);
    o->chosen.round_to = o->round_to;
}

static pare_status run(driver *d, pare_model *model)
{
    PARE_TRY(pare_prune_ask(d->ctx, &d->asked, d->job));
    PARE_TRY(pare_prune_choice_make(d->ctx, &d->choice, d->job->settings, model));
    pare_prune_meter_set(&d->meter, d->job->target, d->job->shapes, d->job->batch, model,
                         d->job->file_bytes);
    PARE_TRY(pare_prune_measure(d->ctx, &d->before, &d->meter, model));
    PARE_TRY(set_allowed(d));
    tell_chosen(d);
    PARE_TRY(pare_prune_prepare(d->ctx, model));
    PARE_TRY(d->asked.has_goal ? search(d, model) : prune_one(d, model));
    return tell_met(d, model);
}

pare_status pare_prune(pare_ctx *ctx, pare_model *model, const pare_prune_job *job,
                       pare_prune_outcome *outcome)
{
    driver d = { .ctx = ctx, .job = job, .outcome = outcome };
    *outcome = (pare_prune_outcome){ .drop = NAN, .agreement = NAN, .macs_left = 1 };
    pare_arena_init(ctx, &outcome->arena, 0);
    const pare_status st = run(&d, model);
    pare_prune_choice_free(&d.choice);
    return st;
}

void pare_prune_outcome_free(pare_ctx *ctx, pare_prune_outcome *outcome)
{
    pare_prune_report_free(ctx, &outcome->channels);
    pare_block_report_free(ctx, &outcome->blocks);
    pare_arena_free(&outcome->arena);
    *outcome = (pare_prune_outcome){ 0 };
}
