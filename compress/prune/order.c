#include "prune/order.h"

#include "prune/allocate.h"
#include "prune/second_order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Percent of what is left of a width that are taken out to see what that does to the answers. */
static const uint32_t parts[] = { 12, 30, 55, 80 };

/* Moments that are held at a time. */
static const double most_bytes = 1e9;

enum { LEVELS = sizeof(parts) / sizeof(parts[0]) };

typedef struct orderer {
    pare_ctx *ctx;
    const pare_model *model;
    const pare_axes_found *axes;
    const pare_order_opts *opts;
    pare_removals *removals;
    double *n_forwards;
    pare_surgeon **surgeons;  /* [consumers->n] of the group at hand */
    pare_gram *grams;         /* [consumers->n] of those at hand; moments NULL: of no other */
    double *gains;            /* [axes->n_classes] multiplications that go with a class */
} orderer;

/* --- moments ---------------------------------------------------------------------------------- */

/* Which consumer each item of a run of the Gram service is. */
typedef struct gathering {
    orderer *p;
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

static bool is_read(const orderer *p, size_t consumer, uint32_t first, uint32_t end)
{
    for (uint32_t g = first; g < end; g++)
        if (p->opts->least[g] < p->axes->groups[g].n_classes &&
            pare_consumer_reads(&p->opts->consumers->items[consumer], p->axes, g))
            return true;
    return false;
}

/* Moments of all consumers of groups [first, end), in one run over the data. */
static pare_status gather(orderer *p, uint32_t first, uint32_t end)
{
    size_t n = 0;
    if (!p->opts->criterion->needs_data) return PARE_OK;
    pare_gram_item *items = pare_alloc(p->ctx, (p->opts->consumers->n + 1) * sizeof(*items));
    size_t *consumer = pare_alloc(p->ctx, (p->opts->consumers->n + 1) * sizeof(*consumer));
    pare_status st = PARE_OK;
    if (!items || !consumer) st = pare_fail_memory(p->ctx, p->opts->consumers->n * sizeof(*items));
    for (size_t i = 0; !st && i < p->opts->consumers->n; i++) {
        if (!is_read(p, i, first, end)) continue;
        consumer[n] = i;
        items[n++] = (pare_gram_item){ .linear = p->opts->consumers->items[i].linear,
                                       .plus = PARE_NONE, .minus = PARE_NONE };
    }
    gathering g = { p, consumer };
    const pare_gram_opts opts = { .items = items, .n_items = n, .data = p->opts->data,
                                  .first = p->opts->first, .n_samples = p->opts->n_samples,
                                  .phase = "measure", .use = take_gram, .user = &g };
    if (!st && n) st = pare_gram_run(p->ctx, p->model, p->opts->pool, &opts);
    if (!st && n) ++*p->n_forwards;
    pare_free(p->ctx, items);
    pare_free(p->ctx, consumer);
    return st;
}

static void drop_grams(orderer *p)
{
    for (size_t i = 0; p->grams && i < p->opts->consumers->n; i++) {
        pare_free(p->ctx, (void *)(uintptr_t)p->grams[i].moments);
        p->grams[i] = (pare_gram){ 0 };
    }
}

/* How many groups from `first` on have moments that fit into memory together; at least one. */
static uint32_t end_of_batch(const orderer *p, uint32_t first)
{
    double n_bytes = 0;
    for (uint32_t g = first; g < p->axes->n_groups; g++) {
        for (size_t i = 0; i < p->opts->consumers->n; i++) {
            const pare_linear *l = &p->opts->consumers->items[i].linear;
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
    orderer *p;
    double distance[LEVELS];
    size_t n;
} trial;

static pare_status try_level(void *user, uint32_t n_gone)
{
    trial *t = user;
    orderer *p = t->p;
    pare_model *clone = NULL;
    (void)n_gone;
    PARE_TRY(pare_model_clone(p->ctx, &clone, p->model));
    pare_status st = PARE_OK;
    for (size_t i = 0; !st && i < p->opts->consumers->n; i++)
        if (p->surgeons[i]) st = pare_surgeon_write(p->ctx, p->surgeons[i], clone);
    if (!st) st = pare_answers_distance(p->ctx, p->opts->answers, clone, &t->distance[t->n++]);
    *p->n_forwards += p->opts->answers_part;
    pare_model_free(p->ctx, clone);
    return st;
}

/* Costs in the unit of what answers lose: by the factors at the levels, and what is between. */
static void scale_costs(pare_removal *r, const uint32_t *levels, const double *factors, size_t n)
{
    for (uint32_t k = 1, i = 0; k <= r->n; k++) {
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

/* Orders a removal whose surgeons are there. */
static pare_status try_removal(orderer *p, pare_removal *r)
{
    trial t = { .p = p };
    uint32_t levels[LEVELS];
    size_t n_levels = 0;
    for (size_t i = 0; i < LEVELS; i++) {
        const uint32_t k = (r->n * parts[i] + 99) / 100;
        if (k && k < r->n && (!n_levels || levels[n_levels - 1] < k)) levels[n_levels++] = k;
    }
    if (!n_levels) levels[n_levels++] = r->n;
    const pare_removal_opts opts = { .levels = levels, .n_levels = n_levels, .seen = try_level,
                                     .user = &t };
    PARE_TRY(pare_removal_order(p->ctx, r, p->axes, p->surgeons, p->opts->consumers->n, &opts));
    for (size_t i = 0; i < t.n; i++)
        t.distance[i] = r->error[levels[i]] > 0 ? t.distance[i] / r->error[levels[i]] : 0;
    if (t.n) scale_costs(r, levels, t.distance, t.n);
    return PARE_OK;
}

static void drop_surgeons(orderer *p)
{
    for (size_t i = 0; i < p->opts->consumers->n; i++) {
        pare_surgeon_free(p->ctx, p->surgeons[i]);
        p->surgeons[i] = NULL;
    }
}

static pare_status start_surgeons(orderer *p, uint32_t group, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < p->opts->consumers->n; i++) {
        const pare_consumer *c = &p->opts->consumers->items[i];
        if (!p->grams[i].moments || !pare_consumer_reads(c, p->axes, group)) continue;
        PARE_TRY(pare_surgeon_new(p->ctx, &p->surgeons[i], p->opts->linalg, p->model, c,
                                  &p->grams[i]));
        ++*n;
    }
    return PARE_OK;
}

/* --- by scores -------------------------------------------------------------------------------- */

typedef struct scored {
    uint32_t class_id;
    double score;
} scored;

static int compare_scored(const void *a, const void *b)
{
    const scored *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? -1 : 1;
    return x->class_id < y->class_id ? -1 : x->class_id > y->class_id;
}

/* Costs are scores, of which all classes of a removal have 1 on average. */
static pare_status score_removal(orderer *p, pare_removal *r)
{
    const pare_scoring s = { .model = p->model, .axes = p->axes, .scales = p->opts->scales,
                             .consumers = p->opts->consumers, .grams = p->grams };
    size_t n = 0;
    double *scores = pare_alloc_zero(p->ctx, (p->axes->n_classes + 1) * sizeof(*scores));
    scored *list = pare_alloc(p->ctx, (r->n + 1) * sizeof(*list));
    pare_status st = scores && list ? PARE_OK : pare_fail_memory(p->ctx, r->n * sizeof(*list));
    if (!st) st = p->opts->criterion->score(p->ctx, &s, r->group, scores, &n);
    for (uint32_t i = 0; !st && i < r->n; i++)
        list[i] = (scored){ r->classes[i], n ? scores[r->classes[i]] / (double)n : 1 };
    for (uint32_t i = 0; !st && i < r->n; i++)
        if (!isfinite(list[i].score)) list[i].score = 1e9;
    if (!st) qsort(list, r->n, sizeof(*list), compare_scored);
    for (uint32_t i = 0; !st && i < r->n; i++) {
        r->classes[i] = list[i].class_id;
        r->cost[i + 1] = r->cost[i] + list[i].score / r->n;
    }
    pare_free(p->ctx, list);
    pare_free(p->ctx, scores);
    return st;
}

/* --- groups ----------------------------------------------------------------------------------- */

static bool is_worth(const orderer *p, uint32_t c, double gain)
{
    return fabs(p->gains[c] - gain) <= 1e-6 * gain;
}

/* A removal of the classes of a group that are worth as much as class number `first`. */
static pare_status order_alike(orderer *p, uint32_t group, uint32_t first)
{
    uint32_t n = 0;
    size_t n_surgeons = 1; /* scores need none */
    pare_removal *r;
    const double gain = p->gains[first];
    for (uint32_t c = first; c < p->axes->n_classes; c++)
        n += p->axes->classes[c].group == group && is_worth(p, c, gain);
    pare_status st = PARE_OK;
    if (p->opts->criterion->score && gain <= 0) return PARE_OK;
    if (!p->opts->criterion->score) st = start_surgeons(p, group, &n_surgeons);
    if (!st && n_surgeons) st = pare_removals_add(p->ctx, p->removals, &r, group, n);
    if (!st && n_surgeons) {
        for (uint32_t c = first; c < p->axes->n_classes; c++)
            if (p->axes->classes[c].group == group && is_worth(p, c, gain)) r->classes[r->n++] = c;
        st = p->opts->criterion->score ? score_removal(p, r) : try_removal(p, r);
    }
    drop_surgeons(p);
    return st;
}

/* Classes that are worth more would go before those that answers miss less, or the other way round:
 * each kind is ordered by itself. */
static pare_status order_group(orderer *p, uint32_t group)
{
    if (p->opts->least[group] >= p->axes->groups[group].n_classes) return PARE_OK;
    for (uint32_t c = 0; c < p->axes->n_classes; c++) {
        uint32_t before = 0;
        if (p->axes->classes[c].group != group) continue;
        while (before < c && (p->axes->classes[before].group != group ||
                              !is_worth(p, before, p->gains[c])))
            before++;
        if (before == c) PARE_TRY(order_alike(p, group, c));
    }
    return PARE_OK;
}

static pare_status order(orderer *p)
{
    const size_t n = p->opts->consumers->n + 1;
    p->surgeons = pare_alloc_zero(p->ctx, n * sizeof(pare_surgeon *));
    p->grams = pare_alloc_zero(p->ctx, n * sizeof(*p->grams));
    p->gains = pare_alloc_zero(p->ctx, (p->axes->n_classes + 1) * sizeof(*p->gains));
    if (!p->surgeons || !p->grams || !p->gains)
        return pare_fail_memory(p->ctx, p->axes->n_classes * sizeof(*p->gains));
    PARE_TRY(pare_prune_gains(p->ctx, p->model, p->axes, p->opts->shapes, p->gains));
    for (uint32_t g = 0, end = 0; g < p->axes->n_groups; g++) {
        if (g == end) {
            drop_grams(p);
            end = end_of_batch(p, g);
            PARE_TRY(gather(p, g, end));
        }
        PARE_TRY(order_group(p, g));
        pare_report_count(p->ctx, "measure", "widths", g + 1, p->axes->n_groups);
    }
    return PARE_OK;
}

pare_status pare_order_groups(pare_ctx *ctx, pare_removals *removals, const pare_model *model,
                              const pare_axes_found *axes, const pare_order_opts *opts,
                              double *n_forwards)
{
    orderer p = { .ctx = ctx, .model = model, .axes = axes, .opts = opts, .removals = removals,
                  .n_forwards = n_forwards };
    const pare_status st = order(&p);
    drop_grams(&p);
    pare_free(ctx, p.surgeons);
    pare_free(ctx, p.grams);
    pare_free(ctx, p.gains);
    return st;
}
