#include "prune/prune.h"

#include "ir/pattern.h"
#include "prune/meter.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct driver {
    pare_ctx *ctx;
    pare_model *model;
    const pare_prune_job *job;
    pare_prune_outcome *outcome;
    pare_prune_meter meter;
    int64_t round_to;
} driver;

/* --- what is asked ---------------------------------------------------------------------------- */

static pare_status check_patterns(pare_ctx *ctx, const char *option, const pare_option_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const pare_status st = pare_pattern_check(ctx, list->items[i]);
        if (st) return pare_fail_in(ctx, st, "%s '%s': ", option, list->items[i]);
    }
    return PARE_OK;
}

static pare_status read_round_to(driver *d)
{
    const char *const text = d->job->settings->round_to;
    char *end = NULL;
    d->round_to = d->job->target ? d->job->target->rules.round_channels : 1;
    if (d->round_to < 1) d->round_to = 1;
    if (!text || pare_str_eq(text, "auto")) return PARE_OK;
    errno = 0;
    const long long n = strtoll(text, &end, 10);
    if (errno || *end || end == text || n < 1 || n > 65536)
        return pare_fail(d->ctx, PARE_EUSAGE,
                         "round-to: expected auto or an integer from 1 to 65536, found '%s'", text);
    d->round_to = n;
    return PARE_OK;
}

static bool has_budget(const pare_prune_job *job)
{
    for (int k = 0; k < PARE_N_PRUNE_FIGURES; k++)
        if (job->budgets[k].given) return true;
    return job->max_drop < INFINITY || job->min_agreement > 0;
}

static pare_status check(driver *d)
{
    const pare_prune_settings *s = d->job->settings;
    PARE_TRY(check_patterns(d->ctx, "include", &s->include));
    PARE_TRY(check_patterns(d->ctx, "exclude", &s->exclude));
    PARE_TRY(read_round_to(d));
    if (!s->pattern && !has_budget(d->job))
        return pare_fail(d->ctx, PARE_EUSAGE,
                         "how small the model is to become is not said: give a limit, such as "
                         "max-macs 70%% or max-energy 50%%, or max-drop and data to judge by");
    return PARE_OK;
}

/* --- channels --------------------------------------------------------------------------------- */

static pare_status prune_channels(driver *d)
{
    const pare_prune_job *job = d->job;
    const pare_prune_budget *macs = &job->budgets[PARE_PRUNE_MACS];
    pare_prune_opts opts = {
        .limit = macs->given && macs->relative ? macs->value : 0.7, .data = job->data,
        .pool = job->pool, .level = job->level, .shapes = job->shapes, .round_to = d->round_to,
        .repair = (pare_prune_repair)job->settings->repair,
    };
    return pare_prune_channels(d->ctx, d->model, &opts, &d->outcome->channels);
}

/* ---------------------------------------------------------------------------------------------- */

static pare_status tell_met(driver *d, const pare_prune_figures *before)
{
    pare_prune_figures after;
    PARE_TRY(pare_prune_measure(d->ctx, &after, &d->meter, d->model));
    for (int k = 0; k < PARE_N_PRUNE_FIGURES; k++) {
        const pare_prune_budget *b = &d->job->budgets[k];
        pare_prune_met *met = &d->outcome->met[k];
        if (!b->given) continue;
        met->before = before->values[k];
        met->after = after.values[k];
        met->allowed = b->relative ? b->value * met->before : b->value;
        met->holds = met->after <= met->allowed * (1 + 1e-9);
    }
    return PARE_OK;
}

static pare_status run(driver *d)
{
    pare_prune_figures before;
    PARE_TRY(check(d));
    pare_prune_meter_set(&d->meter, d->job->target, d->job->shapes, d->job->batch, d->model,
                         d->job->file_bytes);
    PARE_TRY(pare_prune_measure(d->ctx, &before, &d->meter, d->model));
    d->outcome->chosen = *d->job->settings;
    PARE_TRY(prune_channels(d));
    return tell_met(d, &before);
}

pare_status pare_prune(pare_ctx *ctx, pare_model *model, const pare_prune_job *job,
                       pare_prune_outcome *outcome)
{
    driver d = { .ctx = ctx, .model = model, .job = job, .outcome = outcome };
    *outcome = (pare_prune_outcome){ 0 };
    pare_arena_init(ctx, &outcome->arena, 0);
    return run(&d);
}

void pare_prune_outcome_free(pare_ctx *ctx, pare_prune_outcome *outcome)
{
    pare_prune_report_free(ctx, &outcome->channels);
    pare_arena_free(&outcome->arena);
    *outcome = (pare_prune_outcome){ 0 };
}
