#include "prune/channels.h"

#include "ir/graph.h"

#include "prune/allocate.h"
#include "prune/answers.h"
#include "prune/mask.h"
#include "prune/order.h"
#include "prune/prepare.h"
#include "prune/repair.h"
#include "prune/shrink.h"

#include <string.h>

enum { SWEEPS = 3,
       LEAST_PART = 10,   /* of a width, that stays in any case */
       ASKED = 128 };     /* samples that answers are compared on */

typedef struct pruner {
    pare_ctx *ctx;
    pare_model *model;
    const pare_prune_opts *opts;
    pare_prune_report *report;
    pare_linalg *linalg;
    pare_axes_found *axes;
    pare_consumers consumers;
    pare_removals removals;
    uint32_t *least;          /* [axes->n_groups] classes that stay */
    bool *gone;               /* [axes->n_classes] */
    pare_model *reference;    /* the model as it was */
    const pare_criterion *criterion;
    pare_bn_scales scales;
    pare_answers *answers;    /* of the model as it is */
    double answers_part;      /* samples of these, of all */
} pruner;

static pare_status prepare(pruner *p)
{
    pare_shapes *shapes = NULL;
    PARE_TRY(pare_prune_prepare(p->ctx, p->model));
    PARE_TRY(pare_infer(p->ctx, &shapes, p->model, NULL));
    pare_status st = pare_axes_find(p->ctx, &p->axes, p->model, shapes, NULL);
    pare_shapes_free(p->ctx, shapes);
    if (!st) st = pare_axes_settle(p->ctx, p->axes, p->model);
    if (!st) st = pare_consumers_find(p->ctx, &p->consumers, p->model, p->axes);
    if (st) return st;
    p->gone = pare_alloc_zero(p->ctx, p->axes->n_classes + 1);
    p->least = pare_alloc_zero(p->ctx, (p->axes->n_groups + 1) * sizeof(*p->least));
    if (!p->gone || !p->least)
        return pare_fail_memory(p->ctx, p->axes->n_classes);
    const pare_linalg_opts how = { .level = p->opts->level };
    return pare_linalg_open(p->ctx, &p->linalg, &how);
}

/* --- what removal costs ----------------------------------------------------------------------- */

const char *pare_axes_group_name(const pare_model *model, const pare_axes_found *axes,
                                 uint32_t group)
{
    const pare_factor *f = &axes->factors[axes->groups[group].factor];
    return model->values[axes->axes[f->axis].value].name;
}

/* How many classes of a group stay at least. */
static uint32_t least_of(const pruner *p, uint32_t group)
{
    const uint32_t n = p->axes->groups[group].n_classes;
    uint32_t least = 0;
    if (p->axes->groups[group].is_lossy) return n;
    if (p->opts->least) least = p->opts->least(p->opts->least_user, p->model, p->axes, group);
    if (least) return least < n ? least : n;
    return (n + LEAST_PART - 1) / LEAST_PART;
}

/* --- choosing --------------------------------------------------------------------------------- */

static pare_status check(pruner *p)
{
    const bool has_data = p->opts->data;
    p->criterion = pare_criterion_find(p->opts->criterion, has_data);
    if (!p->criterion)
        return pare_fail(p->ctx, PARE_EUSAGE, "criterion: expected one of channels: auto, l1, l2, "
                                              "bn-scale, fpgm, activation or second-order");
    if (p->criterion->needs_data && !has_data)
        return pare_fail(p->ctx, PARE_EUSAGE, "criterion %s: expected data, found none",
                         p->criterion->name);
    if (p->report->repair != PARE_PRUNE_REPAIR_NONE && !has_data)
        return pare_fail(p->ctx, PARE_EUSAGE, "repair: expected data, found none");
    p->report->criterion = p->criterion->id;
    return PARE_OK;
}

/* The answers that everything is held against. */
static pare_status ask(pruner *p)
{
    const uint64_t there = p->opts->data->n - p->opts->first;
    const uint64_t all = p->opts->n_samples && p->opts->n_samples < there ? p->opts->n_samples
                                                                         : there;
    const pare_answers_opts opts = { .data = p->opts->data, .first = p->opts->first,
                                     .n_all = all, .n = all < ASKED ? all : ASKED,
                                     .pool = p->opts->pool };
    p->answers_part = (double)opts.n / (double)all;
    p->report->n_forwards += p->answers_part;
    return pare_answers_new(p->ctx, &p->answers, p->model, &opts);
}

static pare_status choose(pruner *p)
{
    const pare_order_opts how = { .criterion = p->criterion, .scales = &p->scales,
                                  .consumers = &p->consumers, .answers = p->answers,
                                  .answers_part = p->answers_part, .least = p->least,
                                  .data = p->opts->data, .first = p->opts->first,
                                  .n_samples = p->opts->n_samples, .pool = p->opts->pool,
                                  .linalg = p->linalg, .shapes = p->opts->shapes };
    const pare_allocate_opts most = { .removals = &p->removals, .least = p->least,
                                      .limit = p->opts->limit, .cost = p->opts->cost,
                                      .cost_user = p->opts->cost_user, .shapes = p->opts->shapes,
                                      .round_to = p->opts->round_to > 1 ? p->opts->round_to : 1 };
    PARE_TRY(pare_order_groups(p->ctx, &p->removals, p->model, p->axes, &how,
                               &p->report->n_forwards));
    return pare_allocate(p->ctx, p->model, p->axes, &most, p->gone, &p->report->left);
}

/* Classes of a removal that go. */
static uint32_t count_gone(const pruner *p, const pare_removal *r)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < r->n; i++) n += p->gone[r->classes[i]];
    return n;
}

static pare_status tell_width(pruner *p, uint32_t group, pare_pruned_width *w)
{
    const char *name = pare_axes_group_name(p->model, p->axes, group);
    const size_t n_bytes = strlen(name) + 1;
    w->name = pare_alloc(p->ctx, n_bytes);
    if (!w->name) return pare_fail_memory(p->ctx, n_bytes);
    memcpy(w->name, name, n_bytes);
    w->before = w->after = p->axes->groups[group].n_classes;
    for (size_t i = 0; i < p->removals.n; i++) {
        const pare_removal *r = &p->removals.items[i];
        const uint32_t n = r->group == group ? count_gone(p, r) : 0;
        if (!n) continue;
        w->after -= n;
        w->error = r->error[n] < 0 ? -1 : w->error + r->error[n];
        w->bare = r->bare[n] < 0 ? -1 : w->bare + r->bare[n];
    }
    p->report->n_classes += w->before;
    p->report->n_gone += w->before - w->after;
    return PARE_OK;
}

static pare_status tell(pruner *p)
{
    pare_prune_report *r = p->report;
    r->widths = pare_alloc_zero(p->ctx, (p->axes->n_groups + 1) * sizeof(*r->widths));
    if (!r->widths) return pare_fail_memory(p->ctx, p->axes->n_groups * sizeof(*r->widths));
    for (size_t i = 0; i < p->removals.n; i++) {
        const uint32_t group = p->removals.items[i].group;
        if (i && p->removals.items[i - 1].group == group) continue;
        PARE_TRY(tell_width(p, group, &r->widths[r->n_widths++]));
    }
    return PARE_OK;
}

/* --- removing --------------------------------------------------------------------------------- */

static pare_status repair(pruner *p)
{
    pare_repair_report done;
    const pare_repair_opts how = { .data = p->opts->data, .first = p->opts->first,
                                   .n_samples = p->opts->n_samples, .pool = p->opts->pool,
                                   .linalg = p->linalg, .shapes = p->opts->shapes,
                                   .statistics = p->report->repair ==
                                                 PARE_PRUNE_REPAIR_STATS,
                                   .sweeps = SWEEPS };
    if (p->report->repair == PARE_PRUNE_REPAIR_NONE) return PARE_OK;
    PARE_TRY(pare_repair(p->ctx, p->model, p->reference, p->axes, p->gone, &how, &done));
    p->report->n_repaired = done.n_repaired;
    p->report->n_left = done.n_left;
    p->report->n_forwards += done.n_forwards;
    return PARE_OK;
}

static pare_status prune(pruner *p)
{
    double before = 0, after = 0;
    void *shapes = (void *)(uintptr_t)p->opts->shapes;
    PARE_TRY(check(p));
    PARE_TRY(pare_bn_scales_find(p->ctx, &p->scales, p->model));
    PARE_TRY(prepare(p));
    PARE_TRY(pare_prune_macs(shapes, p->ctx, p->model, &before));
    if (!p->criterion->score) PARE_TRY(ask(p));
    PARE_TRY(pare_model_clone(p->ctx, &p->reference, p->model));
    for (uint32_t g = 0; g < p->axes->n_groups; g++) p->least[g] = least_of(p, g);
    PARE_TRY(choose(p));
    PARE_TRY(tell(p));
    if (!p->report->n_gone)
        return pare_fail(p->ctx, PARE_EUNSUPPORTED,
                         "no channel can go: expected widths that convolutions or matrix products "
                         "read, and that are tied to no input or output");
    PARE_TRY(pare_prune_mask(p->ctx, p->model, p->axes, p->gone));
    PARE_TRY(repair(p));
    PARE_TRY(pare_shrink(p->ctx, p->model, p->axes, p->gone));
    PARE_TRY(pare_prune_macs(shapes, p->ctx, p->model, &after));
    p->report->macs_left = before > 0 ? after / before : 1;
    return PARE_OK;
}

pare_status pare_prune_channels(pare_ctx *ctx, pare_model *model, const pare_prune_opts *opts,
                                pare_prune_report *report)
{
    pruner p = { .ctx = ctx, .model = model, .opts = opts, .report = report };
    *report = (pare_prune_report){ .criterion = PARE_PRUNE_SECOND_ORDER, .left = 1, .macs_left = 1,
                                   .repair = opts->repair };
    if (!opts->repair)
        report->repair = opts->data ? PARE_PRUNE_REPAIR_LEAST_SQUARES : PARE_PRUNE_REPAIR_NONE;
    const pare_status st = prune(&p);
    pare_removals_free(ctx, &p.removals);
    pare_model_free(ctx, p.reference);
    pare_free(ctx, p.gone);
    pare_answers_free(ctx, p.answers);
    pare_bn_scales_free(ctx, &p.scales);
    pare_free(ctx, p.least);
    pare_consumers_free(ctx, &p.consumers);
    pare_axes_free(ctx, p.axes);
    pare_linalg_close(ctx, p.linalg);
    return st;
}

void pare_prune_report_free(pare_ctx *ctx, pare_prune_report *report)
{
    for (size_t i = 0; i < report->n_widths; i++) pare_free(ctx, report->widths[i].name);
    pare_free(ctx, report->widths);
    *report = (pare_prune_report){ 0 };
}
