#include "prune/prune.h"

#include "prune/driver.h"
#include "prune/prepare.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* --- budgets ---------------------------------------------------------------------------------- */

static pare_status set_allowed(pare_prune_driver *d)
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
static double worst_of(const pare_prune_driver *d, const pare_prune_figures *f)
{
    double worst = 0;
    for (int k = 0; k < PARE_N_PRUNE_FIGURES; k++) {
        const double least = 1e-6 * d->before.values[k]; /* of a limit of nothing */
        const double allowed = fmax(fmax(d->allowed[k], least), 1e-300);
        if (isfinite(d->allowed[k])) worst = fmax(worst, f->values[k] / allowed);
    }
    return worst;
}

pare_status pare_prune_over(void *driver, pare_ctx *ctx, const pare_model *model, double *figure)
{
    const pare_prune_driver *const d = driver;
    pare_prune_figures f;
    PARE_TRY(pare_prune_measure(ctx, &f, &d->meter, model));
    *figure = worst_of(d, &f);
    return PARE_OK;
}

/* --- afterwards ------------------------------------------------------------------------------- */

static pare_status tell_missed(pare_prune_driver *d, int k)
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

static pare_status tell_met(pare_prune_driver *d, const pare_model *model)
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

/* Whether the target makes use of zeros, in words. */
static pare_status tell_zeros(pare_prune_driver *d)
{
    const pare_hardware *const h = &d->job->target->hardware;
    const char *const name = d->job->target->name;
    char text[512];
    if (!d->asked.has_pattern) return PARE_OK;
    size_t n = (size_t)snprintf(text, sizeof(text), "target %.60s %s", name,
                                h->n_credits ? "makes use of zeros in patterns "
                                             : "makes no use of zeros: energy and time stay as "
                                               "they are, what is stored or sent can be packed");
    for (size_t i = 0; i < h->n_credits && n < sizeof(text); i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.40s (from %.3g %% on)",
                              i ? ", " : "", h->credits[i].pattern,
                              100 * h->credits[i].min_sparsity);
    d->outcome->use_of_zeros = pare_arena_str(&d->outcome->arena, text);
    return d->outcome->use_of_zeros ? PARE_OK : pare_arena_fail(d->ctx, &d->outcome->arena);
}

/* A budget as a limit is written, to make the model again. */
static pare_status tell_limit(pare_prune_driver *d, int k)
{
    const pare_prune_budget *const b = &d->job->budgets[k];
    const bool is_found = d->asked.has_goal && k == PARE_PRUNE_MACS && !d->asked.has_pattern;
    char text[64];
    if (!b->given && !is_found) return PARE_OK;
    if (is_found)
        snprintf(text, sizeof(text), "%.6g%%", 100 * d->allowed[k] / d->before.values[k]);
    else if (b->relative) snprintf(text, sizeof(text), "%.6g%%", 100 * b->value);
    else
        snprintf(text, sizeof(text), "%.*f%s", k > PARE_PRUNE_LATENCY ? 0 : 6, b->value,
                 k == PARE_PRUNE_ENERGY    ? "mJ"
                 : k == PARE_PRUNE_LATENCY ? "ms"
                                           : "");
    d->outcome->chosen.limits[k] = pare_arena_str(&d->outcome->arena, text);
    return d->outcome->chosen.limits[k] ? PARE_OK : pare_arena_fail(d->ctx, &d->outcome->arena);
}

static void tell_chosen(pare_prune_driver *d)
{
    pare_prune_outcome *const o = d->outcome;
    o->chosen = *d->job->settings;
    if (d->asked.has_pattern) return;
    o->chosen.what = d->asked.what;
    if (d->asked.what == PARE_PRUNE_BLOCKS) return;
    snprintf(o->round_to, sizeof(o->round_to), "%" PRId64, d->asked.round_to);
    o->chosen.round_to = o->round_to;
}

static pare_status run(pare_prune_driver *d, pare_model *model)
{
    PARE_TRY(pare_prune_ask(d->ctx, &d->asked, d->job));
    PARE_TRY(pare_prune_choice_make(d->ctx, &d->choice, d->job->settings, model));
    pare_prune_meter_set(&d->meter, d->job->target, d->job->shapes, d->job->batch, model,
                         d->job->file_bytes);
    PARE_TRY(pare_prune_measure(d->ctx, &d->before, &d->meter, model));
    PARE_TRY(set_allowed(d));
    tell_chosen(d);
    PARE_TRY(tell_zeros(d));
    PARE_TRY(pare_prune_prepare(d->ctx, model));
    PARE_TRY(d->asked.has_goal ? pare_prune_search(d, model) : pare_prune_once(d, model));
    for (int k = 0; k < PARE_N_PRUNE_FIGURES; k++) PARE_TRY(tell_limit(d, k));
    PARE_TRY(tell_met(d, model));
    if (!d->asked.has_pattern) return PARE_OK;
    return pare_prune_store_sparse(d->ctx, model, !d->job->settings->sparse_storage,
                                   &d->outcome->stored);
}

pare_status pare_prune(pare_ctx *ctx, pare_model *model, const pare_prune_job *job,
                       pare_prune_outcome *outcome)
{
    pare_prune_driver d = { .ctx = ctx, .job = job, .outcome = outcome };
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
    pare_rank_report_free(ctx, &outcome->ranks);
    pare_sparse_report_free(ctx, &outcome->sparse);
    pare_arena_free(&outcome->arena);
    *outcome = (pare_prune_outcome){ 0 };
}
