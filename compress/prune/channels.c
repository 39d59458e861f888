#include "prune/channels.h"

#include "ir/graph.h"

#include "prune/allocate.h"
#include "prune/mask.h"
#include "prune/prepare.h"
#include "prune/repair.h"
#include "prune/second_order.h"
#include "prune/shrink.h"

#include <string.h>

enum { SWEEPS = 2, LEAST_PART = 10 }; /* of a width, that stays in any case */

typedef struct pruner {
    pare_ctx *ctx;
    pare_model *model;
    const pare_prune_opts *opts;
    pare_prune_report *report;
    pare_linalg *linalg;
    pare_axes_found *axes;
    pare_consumers consumers;
    pare_removal *removals;   /* [axes->n_groups] */
    uint32_t *least;          /* [axes->n_groups] classes that stay */
    pare_surgeon **surgeons;  /* [consumers.n] of the group at hand */
    bool *gone;               /* [axes->n_classes] */
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
    p->removals = pare_alloc_zero(p->ctx, (p->axes->n_groups + 1) * sizeof(*p->removals));
    p->surgeons = pare_alloc_zero(p->ctx, (p->consumers.n + 1) * sizeof(pare_surgeon *));
    p->gone = pare_alloc_zero(p->ctx, p->axes->n_classes + 1);
    p->least = pare_alloc_zero(p->ctx, (p->axes->n_groups + 1) * sizeof(*p->least));
    if (!p->removals || !p->surgeons || !p->gone || !p->least)
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

/* Which consumer each item of a run of the Gram service is. */
typedef struct gathering {
    pruner *p;
    const size_t *consumer;   /* [n_items] */
} gathering;

static pare_status take_gram(void *user, pare_ctx *ctx, size_t item, const pare_gram *gram)
{
    const gathering *g = user;
    const size_t i = g->consumer[item];
    if (!gram->n_rows) return PARE_OK;
    return pare_surgeon_new(ctx, &g->p->surgeons[i], g->p->linalg, g->p->model,
                            &g->p->consumers.items[i], gram);
}

/* Moments of all consumers of a group, in one run over the data. *n: how many there are. */
static pare_status gather(pruner *p, uint32_t group, size_t *n)
{
    pare_gram_item *items = pare_alloc(p->ctx, (p->consumers.n + 1) * sizeof(*items));
    size_t *consumer = pare_alloc(p->ctx, (p->consumers.n + 1) * sizeof(*consumer));
    pare_status st = PARE_OK;
    *n = 0;
    if (!items || !consumer) st = pare_fail_memory(p->ctx, p->consumers.n * sizeof(*items));
    for (size_t i = 0; !st && i < p->consumers.n; i++) {
        if (!pare_consumer_reads(&p->consumers.items[i], p->axes, group)) continue;
        consumer[*n] = i;
        items[(*n)++] = (pare_gram_item){ p->consumers.items[i].linear, PARE_NONE, PARE_NONE };
    }
    gathering g = { p, consumer };
    const pare_gram_opts opts = { .items = items, .n_items = *n, .data = p->opts->data,
                                  .n_samples = p->opts->n_samples, .phase = "measure",
                                  .use = take_gram, .user = &g };
    if (!st && *n) st = pare_gram_run(p->ctx, p->model, p->opts->pool, &opts);
    pare_free(p->ctx, items);
    pare_free(p->ctx, consumer);
    return st;
}

static pare_status order_group(pruner *p, uint32_t group)
{
    size_t n = 0;
    p->least[group] = least_of(p, group);
    if (p->least[group] >= p->axes->groups[group].n_classes) return PARE_OK;
    pare_status st = gather(p, group, &n);
    if (!st && n)
        st = pare_removal_order(p->ctx, &p->removals[group], p->axes, group, p->surgeons,
                                p->consumers.n);
    for (size_t i = 0; i < p->consumers.n; i++) {
        pare_surgeon_free(p->ctx, p->surgeons[i]);
        p->surgeons[i] = NULL;
    }
    return st;
}

/* --- choosing --------------------------------------------------------------------------------- */

static pare_status check(const pruner *p)
{
    if (p->opts->criterion && p->opts->criterion != PARE_PRUNE_SECOND_ORDER)
        return pare_fail(p->ctx, PARE_EUSAGE, "criterion: expected auto or second-order");
    if (!p->opts->data)
        return pare_fail(p->ctx, PARE_EUSAGE, "second order: expected data, found none");
    return PARE_OK;
}

static pare_status choose(pruner *p)
{
    const pare_allocate_opts how = { .removals = p->removals, .least = p->least,
                                     .limit = p->opts->limit, .cost = p->opts->cost,
                                     .cost_user = p->opts->cost_user, .shapes = p->opts->shapes,
                                     .round_to = p->opts->round_to > 1 ? p->opts->round_to : 1 };
    for (uint32_t g = 0; g < p->axes->n_groups; g++) {
        PARE_TRY(order_group(p, g));
        pare_report_count(p->ctx, "measure", "widths", g + 1, p->axes->n_groups);
    }
    return pare_allocate(p->ctx, p->model, p->axes, &how, p->gone, &p->report->left);
}

static pare_status tell(pruner *p)
{
    pare_prune_report *r = p->report;
    r->widths = pare_alloc_zero(p->ctx, (p->axes->n_groups + 1) * sizeof(*r->widths));
    if (!r->widths) return pare_fail_memory(p->ctx, p->axes->n_groups * sizeof(*r->widths));
    for (uint32_t g = 0; g < p->axes->n_groups; g++) {
        const pare_removal *removal = &p->removals[g];
        const char *name = pare_axes_group_name(p->model, p->axes, g);
        const size_t n_bytes = strlen(name) + 1;
        pare_pruned_width *w = &r->widths[r->n_widths];
        if (!removal->n) continue;
        w->name = pare_alloc(p->ctx, n_bytes);
        if (!w->name) return pare_fail_memory(p->ctx, n_bytes);
        memcpy(w->name, name, n_bytes);
        w->before = w->after = removal->n;
        for (uint32_t i = 0; i < removal->n; i++) w->after -= p->gone[removal->classes[i]];
        w->error = removal->cost[w->before - w->after];
        w->bare = removal->bare ? removal->bare[w->before - w->after] : -1;
        r->n_classes += w->before;
        r->n_gone += w->before - w->after;
        r->n_widths++;
    }
    return PARE_OK;
}

/* --- removing --------------------------------------------------------------------------------- */

static pare_status repair(pruner *p)
{
    pare_model *reference = NULL;
    pare_repair_report done;
    const pare_repair_opts how = { .data = p->opts->data, .n_samples = p->opts->n_samples,
                                   .pool = p->opts->pool, .linalg = p->linalg, .sweeps = SWEEPS };
    PARE_TRY(pare_model_clone(p->ctx, &reference, p->model));
    pare_status st = pare_prune_mask(p->ctx, p->model, p->axes, p->gone);
    if (!st && p->opts->repair != PARE_PRUNE_REPAIR_NONE) {
        st = pare_repair(p->ctx, p->model, reference, p->axes, p->gone, &how, &done);
        p->report->n_repaired = done.n_repaired;
        p->report->n_left = done.n_left;
        p->report->n_forwards = (double)done.n_passes;
    }
    pare_model_free(p->ctx, reference);
    return st;
}

static pare_status prune(pruner *p)
{
    double before = 0, after = 0;
    void *shapes = (void *)(uintptr_t)p->opts->shapes;
    PARE_TRY(check(p));
    PARE_TRY(prepare(p));
    PARE_TRY(pare_prune_macs(shapes, p->ctx, p->model, &before));
    PARE_TRY(choose(p));
    PARE_TRY(tell(p));
    if (!p->report->n_gone)
        return pare_fail(p->ctx, PARE_EUNSUPPORTED,
                         "no channel can go: expected widths that convolutions or matrix products "
                         "read, and that are tied to no input or output");
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
    *report = (pare_prune_report){ .criterion = PARE_PRUNE_SECOND_ORDER, .left = 1, .macs_left = 1 };
    const pare_status st = prune(&p);
    for (size_t g = 0; p.removals && g < p.axes->n_groups; g++)
        pare_removal_free(ctx, &p.removals[g]);
    pare_free(ctx, p.removals);
    pare_free(ctx, p.surgeons);
    pare_free(ctx, p.gone);
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
