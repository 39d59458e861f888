#include "prune/allocate.h"

#include "op/cost.h"

#include <math.h>

/* A node whose multiplications are proportional to its weights. */
typedef struct product {
    double macs;              /* as far as things went */
} product;

/* A class on a factor. */
typedef struct place {
    uint32_t factor;
    uint32_t product;         /* that multiplies by weights with this factor; PARE_NONE: none */
    uint32_t count;           /* elements of the class in the factor */
} place;

typedef struct allocator {
    pare_ctx *ctx;
    const pare_model *model;
    const pare_axes_found *axes;
    const pare_allocate_opts *opts;
    bool *gone;
    product *products;        /* [n_products] */
    size_t n_products;
    uint32_t *product_of;     /* by factor */
    int64_t *left;            /* by factor: elements that stay */
    place *places;            /* by class, places_of[class] .. places_of[class + 1] - 1 */
    uint32_t *places_of;
    uint32_t *next;           /* by group: how far its removal has come */
    uint32_t *n_gone;         /* by group */
    double macs, all_macs;
} allocator;

/* --- what things cost ------------------------------------------------------------------------- */

/* Products by their weights' factors; the rest of all multiplications stays. */
static pare_status count_macs(allocator *a, pare_shapes *shapes)
{
    for (pare_node_id n = a->model->graph->first_node; n != PARE_NONE;
         n = a->model->nodes[n].next) {
        pare_cost cost;
        pare_linear l;
        bool modelled;
        PARE_TRY(pare_cost_of(a->ctx, &cost, &modelled, a->model, n, shapes));
        if (!modelled || !cost.macs) continue;
        a->all_macs += (double)cost.macs;
        if (!pare_linear_of(a->ctx, &l, a->model, n)) continue;
        const uint32_t first = a->axes->first_axis[l.weight];
        for (uint32_t k = first; k < a->axes->first_axis[l.weight + 1]; k++)
            for (uint32_t i = 0; i < a->axes->axes[k].n_factors; i++)
                a->product_of[a->axes->axes[k].first_factor + i] = (uint32_t)a->n_products;
        a->products[a->n_products++].macs = (double)cost.macs;
    }
    a->macs = a->all_macs;
    return PARE_OK;
}

/* Visits every class on every factor that it can leave, elements of one class counted together as
 * far as they follow each other. */
static size_t list_places(const allocator *a, place *out)
{
    size_t n = 0;
    for (uint32_t k = 0; k < a->axes->n_factors; k++) {
        const pare_factor *f = &a->axes->factors[k];
        for (int64_t i = 0; f->group != PARE_NONE && i < f->size; i++) {
            const uint32_t c = a->axes->class_of[f->first + (uint32_t)i];
            if (a->axes->classes[c].group == PARE_NONE) continue;
            if (out) out[a->places_of[c]++] = (place){ k, a->product_of[k], 1 };
            else a->places_of[c + 1]++;
            n++;
        }
    }
    return n;
}

static pare_status make_places(allocator *a)
{
    const size_t n_classes = a->axes->n_classes;
    a->places_of = pare_alloc_zero(a->ctx, (n_classes + 2) * sizeof(*a->places_of));
    if (!a->places_of) return pare_fail_memory(a->ctx, n_classes * sizeof(*a->places_of));
    const size_t n = list_places(a, NULL);
    a->places = pare_alloc(a->ctx, (n + 1) * sizeof(*a->places));
    if (!a->places) return pare_fail_memory(a->ctx, n * sizeof(*a->places));
    for (size_t c = 0; c < n_classes; c++) a->places_of[c + 1] += a->places_of[c];
    (void)list_places(a, a->places); /* moves every start to its end */
    for (size_t c = n_classes; c > 0; c--) a->places_of[c] = a->places_of[c - 1];
    a->places_of[0] = 0;
    return PARE_OK;
}

/* --- one class -------------------------------------------------------------------------------- */

static bool may_go(const allocator *a, uint32_t c)
{
    for (uint32_t i = a->places_of[c]; i < a->places_of[c + 1]; i++)
        if (a->left[a->places[i].factor] <= (int64_t)a->places[i].count) return false;
    return true;
}

/* Multiplications that go with it. */
static double gain_of(const allocator *a, uint32_t c)
{
    double gain = 0;
    for (uint32_t i = a->places_of[c]; i < a->places_of[c + 1]; i++) {
        const place *p = &a->places[i];
        if (p->product != PARE_NONE)
            gain += a->products[p->product].macs * p->count / (double)a->left[p->factor];
    }
    return gain;
}

static void let_go(allocator *a, uint32_t c)
{
    for (uint32_t i = a->places_of[c]; i < a->places_of[c + 1]; i++) {
        const place *p = &a->places[i];
        const double part = (double)p->count / (double)a->left[p->factor];
        a->left[p->factor] -= p->count;
        if (p->product == PARE_NONE) continue;
        a->macs -= a->products[p->product].macs * part;
        a->products[p->product].macs *= 1 - part;
    }
    a->gone[c] = true;
    a->n_gone[a->axes->classes[c].group]++;
}

/* --- groups ----------------------------------------------------------------------------------- */

/* Classes to take of a group at once: to the next multiple. 0: no more may go. */
static uint32_t step_of(const allocator *a, uint32_t g)
{
    const pare_removal *r = &a->opts->removals[g];
    const int64_t stay = (int64_t)r->n - a->n_gone[g];
    const int64_t step = stay % a->opts->round_to ? stay % a->opts->round_to : a->opts->round_to;
    const double least = fmax(1, ceil(a->opts->floor * r->n));
    if (!r->n || (double)(stay - step) < least || a->next[g] + step > r->n) return 0;
    return (uint32_t)step;
}

/* Multiplications saved for what it adds to the error. */
static double worth_of(const allocator *a, uint32_t g, uint32_t step)
{
    const pare_removal *r = &a->opts->removals[g];
    double gain = 0;
    for (uint32_t i = 0; i < step; i++) gain += gain_of(a, r->classes[a->next[g] + i]);
    const double cost = r->cost[a->next[g] + step] - r->cost[a->next[g]];
    return gain / (cost + 1e-12);
}

static void take(allocator *a, uint32_t g, uint32_t step)
{
    const pare_removal *r = &a->opts->removals[g];
    for (uint32_t i = 0; i < step; i++) {
        const uint32_t c = r->classes[a->next[g]++];
        if (may_go(a, c)) let_go(a, c);
    }
}

static void choose(allocator *a)
{
    while (a->macs > a->opts->macs * a->all_macs) {
        uint32_t best = PARE_NONE, best_step = 0;
        double most = 0;
        for (uint32_t g = 0; g < a->axes->n_groups; g++) {
            const uint32_t step = step_of(a, g);
            const double worth = step ? worth_of(a, g, step) : 0;
            if (worth <= most) continue;
            most = worth;
            best = g;
            best_step = step;
        }
        if (best == PARE_NONE) return;
        take(a, best, best_step);
    }
}

pare_status pare_allocate(pare_ctx *ctx, const pare_model *model, const pare_axes_found *axes,
                          pare_shapes *shapes, const pare_allocate_opts *opts, bool *gone,
                          double *left)
{
    allocator a = { .ctx = ctx, .model = model, .axes = axes, .opts = opts, .gone = gone };
    const size_t n_factors = axes->n_factors + 1, n_groups = axes->n_groups + 1;
    a.products = pare_alloc_zero(ctx, (model->graph->n_nodes + 1) * sizeof(*a.products));
    a.product_of = pare_alloc(ctx, n_factors * sizeof(*a.product_of));
    a.left = pare_alloc(ctx, n_factors * sizeof(*a.left));
    a.next = pare_alloc_zero(ctx, 2 * n_groups * sizeof(*a.next));
    a.n_gone = a.next ? a.next + n_groups : NULL;
    pare_status st = PARE_OK;
    if (!a.products || !a.product_of || !a.left || !a.next)
        st = pare_fail_memory(ctx, n_factors * sizeof(*a.left));
    for (size_t k = 0; !st && k < axes->n_factors; k++) {
        a.product_of[k] = PARE_NONE;
        a.left[k] = axes->factors[k].size;
    }
    if (!st) st = count_macs(&a, shapes);
    if (!st) st = make_places(&a);
    if (!st) {
        choose(&a);
        *left = a.all_macs > 0 ? a.macs / a.all_macs : 1;
    }
    void *const owned[] = { a.products, a.product_of, a.left, a.next, a.places, a.places_of };
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) pare_free(ctx, owned[i]);
    return st;
}
