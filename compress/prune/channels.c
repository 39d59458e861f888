#include "prune/channels.h"

#include "ir/graph.h"

#include "prune/allocate.h"
#include "prune/answers.h"
#include "prune/mask.h"
#include "prune/prepare.h"
#include "prune/repair.h"
#include "prune/second_order.h"
#include "prune/shrink.h"

#include <math.h>
#include <string.h>

/* Percent of a width that are taken out to see what that does to the answers. */
static const uint32_t parts[] = { 10, 25, 40, 60, 80 };

/* Moments that are held at a time. */
static const double most_bytes = 1e9;

enum { LEVELS = sizeof(parts) / sizeof(parts[0]), SWEEPS = 3,
       LEAST_PART = 10, /* of a width, that stays in any case */
       ASKED = 128 }; /* samples that answers are compared on */

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
    pare_gram *grams;         /* [consumers.n] of those at hand; moments NULL: of no other */
    double *gains;            /* [axes->n_classes] multiplications that go with a class */
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
    p->removals = pare_alloc_zero(p->ctx, (p->axes->n_groups + 1) * sizeof(*p->removals));
    p->surgeons = pare_alloc_zero(p->ctx, (p->consumers.n + 1) * sizeof(pare_surgeon *));
    p->gone = pare_alloc_zero(p->ctx, p->axes->n_classes + 1);
    p->grams = pare_alloc_zero(p->ctx, (p->consumers.n + 1) * sizeof(*p->grams));
    p->gains = pare_alloc_zero(p->ctx, (p->axes->n_classes + 1) * sizeof(*p->gains));
    p->least = pare_alloc_zero(p->ctx, (p->axes->n_groups + 1) * sizeof(*p->least));
    if (!p->removals || !p->surgeons || !p->gone || !p->least || !p->grams || !p->gains)
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

/* --- moments ---------------------------------------------------------------------------------- */

/* Which consumer each item of a run of the Gram service is. */
typedef struct gathering {
    pruner *p;
    const size_t *consumer;   /* [n_items] */
} gathering;

static pare_status take_gram(void *user, pare_ctx *ctx, size_t item, const pare_gram *gram)
{
    const gathering *g = user;
    pare_gram *own = &g->p->grams[g->consumer[item]];
    const size_t n = (size_t)gram->n, n_bytes = n * (n + 1) * sizeof(double);
    if (!gram->n_rows) return PARE_OK;
    double *moments = pare_alloc(ctx, n_bytes);
    if (!moments) return pare_fail_memory(ctx, n_bytes);
    *own = *gram;
    memcpy(moments, gram->moments, n * n * sizeof(double));
    memcpy(moments + n * n, gram->sums, n * sizeof(double));
    own->moments = moments;
    own->sums = moments + n * n;
    return PARE_OK;
}

static bool is_read(const pruner *p, size_t consumer, uint32_t first, uint32_t end)
{
    for (uint32_t g = first; g < end; g++)
        if (p->least[g] < p->axes->groups[g].n_classes &&
            pare_consumer_reads(&p->consumers.items[consumer], p->axes, g))
            return true;
    return false;
}

/* Moments of all consumers of groups [first, end), in one run over the data. */
static pare_status gather(pruner *p, uint32_t first, uint32_t end)
{
    size_t n = 0;
    pare_gram_item *items = pare_alloc(p->ctx, (p->consumers.n + 1) * sizeof(*items));
    size_t *consumer = pare_alloc(p->ctx, (p->consumers.n + 1) * sizeof(*consumer));
    pare_status st = PARE_OK;
    if (!items || !consumer) st = pare_fail_memory(p->ctx, p->consumers.n * sizeof(*items));
    for (size_t i = 0; !st && i < p->consumers.n; i++) {
        if (!is_read(p, i, first, end)) continue;
        consumer[n] = i;
        items[n++] = (pare_gram_item){ .linear = p->consumers.items[i].linear,
                                       .plus = PARE_NONE, .minus = PARE_NONE };
    }
    gathering g = { p, consumer };
    const pare_gram_opts opts = { .items = items, .n_items = n, .data = p->opts->data,
                                  .first = p->opts->first, .n_samples = p->opts->n_samples,
                                  .phase = "measure", .use = take_gram, .user = &g };
    if (!st && n) st = pare_gram_run(p->ctx, p->model, p->opts->pool, &opts);
    if (!st && n) p->report->n_forwards++;
    pare_free(p->ctx, items);
    pare_free(p->ctx, consumer);
    return st;
}

static void drop_grams(pruner *p)
{
    for (size_t i = 0; p->grams && i < p->consumers.n; i++) {
        pare_free(p->ctx, (void *)(uintptr_t)p->grams[i].moments);
        p->grams[i] = (pare_gram){ 0 };
    }
}

/* How many groups from `first` on have moments that fit into memory together; at least one. */
static uint32_t end_of_batch(const pruner *p, uint32_t first)
{
    double n_bytes = 0;
    for (uint32_t g = first; g < p->axes->n_groups; g++) {
        for (size_t i = 0; i < p->consumers.n; i++) {
            const pare_linear *l = &p->consumers.items[i].linear;
            const double n = (double)(l->in * l->taps);
            if (is_read(p, i, g, g + 1) && (g == first || !is_read(p, i, first, g)))
                n_bytes += n * n * (double)sizeof(double);
        }
        if (n_bytes > most_bytes && g > first) return g;
    }
    return (uint32_t)p->axes->n_groups;
}

/* --- sensitivity ------------------------------------------------------------------------------ */

/* What the answers lose at some points of a removal. */
typedef struct trial {
    pruner *p;
    double distance[LEVELS];
    size_t n;
} trial;

static pare_status try_level(void *user, uint32_t n_gone)
{
    trial *t = user;
    pruner *p = t->p;
    pare_model *clone = NULL;
    (void)n_gone;
    PARE_TRY(pare_model_clone(p->ctx, &clone, p->model));
    pare_status st = PARE_OK;
    for (size_t i = 0; !st && i < p->consumers.n; i++)
        if (p->surgeons[i]) st = pare_surgeon_write(p->ctx, p->surgeons[i], clone);
    if (!st) st = pare_answers_distance(p->ctx, p->answers, clone, &t->distance[t->n++]);
    p->report->n_forwards += p->answers_part;
    pare_model_free(p->ctx, clone);
    return st;
}

/* Costs in the unit of what answers lose: by the factors at the levels, and what is between. */
static void scale_costs(pare_removal *r, const uint32_t *levels, const double *factors, size_t n)
{
    for (uint32_t k = 1, i = 0; k < r->n; k++) {
        while (i + 1 < n && levels[i] < k) i++;
        double factor = factors[i];
        if (i && levels[i] > k) {
            const double part =
                (double)(k - levels[i - 1]) / (double)(levels[i] - levels[i - 1]);
            factor = factors[i - 1] + part * (factors[i] - factors[i - 1]);
        }
        r->cost[k] = fmax(r->cost[k - 1], r->error[k] * factor);
    }
}

/* Orders a group whose surgeons are there. */
static pare_status try_group(pruner *p, uint32_t group)
{
    const uint32_t n = p->axes->groups[group].n_classes;
    trial t = { .p = p };
    uint32_t levels[LEVELS];
    size_t n_levels = 0;
    for (uint32_t i = 1; i <= LEVELS; i++) {
        const uint32_t k = (n * parts[i - 1] + 99) / 100;
        if (k && k < n && (!n_levels || levels[n_levels - 1] < k)) levels[n_levels++] = k;
    }
    const pare_removal_opts opts = { .gains = p->gains, .levels = levels, .n_levels = n_levels, .seen = try_level,
                                     .user = &t };
    pare_removal *r = &p->removals[group];
    PARE_TRY(pare_removal_order(p->ctx, r, p->axes, group, p->surgeons, p->consumers.n, &opts));
    for (size_t i = 0; i < t.n; i++) {
        t.distance[i] /= r->error[levels[i]] > 0 ? r->error[levels[i]] : INFINITY;
    }
    if (t.n) scale_costs(r, levels, t.distance, t.n);
    return PARE_OK;
}

static void drop_surgeons(pruner *p)
{
    for (size_t i = 0; i < p->consumers.n; i++) {
        pare_surgeon_free(p->ctx, p->surgeons[i]);
        p->surgeons[i] = NULL;
    }
}

static pare_status order_group(pruner *p, uint32_t group)
{
    size_t n = 0;
    pare_status st = PARE_OK;
    if (p->least[group] >= p->axes->groups[group].n_classes) return PARE_OK;
    for (size_t i = 0; !st && i < p->consumers.n; i++) {
        if (!p->grams[i].moments ||
            !pare_consumer_reads(&p->consumers.items[i], p->axes, group))
            continue;
        st = pare_surgeon_new(p->ctx, &p->surgeons[i], p->linalg, p->model,
                              &p->consumers.items[i], &p->grams[i]);
        n++;
    }
    if (!st && n) st = try_group(p, group);
    drop_surgeons(p);
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
    const pare_allocate_opts how = { .removals = p->removals, .least = p->least,
                                     .limit = p->opts->limit, .cost = p->opts->cost,
                                     .cost_user = p->opts->cost_user, .shapes = p->opts->shapes,
                                     .round_to = p->opts->round_to > 1 ? p->opts->round_to : 1 };
    PARE_TRY(ask(p));
    PARE_TRY(pare_prune_gains(p->ctx, p->model, p->axes, p->opts->shapes, p->gains));
    for (uint32_t g = 0; g < p->axes->n_groups; g++) p->least[g] = least_of(p, g);
    for (uint32_t g = 0, end = 0; g < p->axes->n_groups; g++) {
        if (g == end) {
            drop_grams(p);
            end = end_of_batch(p, g);
            PARE_TRY(gather(p, g, end));
        }
        PARE_TRY(order_group(p, g));
        pare_report_count(p->ctx, "measure", "widths", g + 1, p->axes->n_groups);
    }
    drop_grams(p);
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
        w->error = removal->error[w->before - w->after];
        w->bare = removal->bare[w->before - w->after];
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
    const pare_repair_opts how = { .data = p->opts->data, .first = p->opts->first,
                                   .n_samples = p->opts->n_samples, .pool = p->opts->pool,
                                   .linalg = p->linalg, .shapes = p->opts->shapes,
                                   .sweeps = SWEEPS };
    PARE_TRY(pare_model_clone(p->ctx, &reference, p->model));
    pare_status st = pare_prune_mask(p->ctx, p->model, p->axes, p->gone);
    if (!st && p->opts->repair != PARE_PRUNE_REPAIR_NONE) {
        st = pare_repair(p->ctx, p->model, reference, p->axes, p->gone, &how, &done);
        p->report->n_repaired = done.n_repaired;
        p->report->n_left = done.n_left;
        p->report->n_forwards += done.n_forwards;
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
    drop_grams(&p);
    pare_free(ctx, p.grams);
    pare_free(ctx, p.gains);
    pare_free(ctx, p.gone);
    pare_answers_free(ctx, p.answers);
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
