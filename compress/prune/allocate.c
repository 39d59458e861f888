#include "prune/allocate.h"

#include "op/cost.h"
#include "op/linear.h"
#include "prune/shrink.h"

#include <math.h>
#include <string.h>

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

/* A step of the list: classes of one group that go together. */
typedef struct step {
    uint32_t group;
    size_t queue;             /* of the removals */
    uint32_t first, end;      /* classes[first] .. classes[end - 1] of the list */
    bool is_given_back;
} step;

typedef struct allocator {
    pare_ctx *ctx;
    const pare_model *model;
    const pare_axes_found *axes;
    const pare_allocate_opts *opts;
    bool *gone;
    step *steps;              /* [n_steps] in the order in which they go */
    size_t n_steps;
    uint32_t *classes;        /* of all steps */
    double whole;             /* cost of the model as it is */
    double *weight;           /* by group: figure saved per multiplication saved; 1: as many */
    product *products;        /* [n_products] */
    size_t n_products;
    uint32_t *product_of;     /* by factor */
    int64_t *left;            /* by factor: elements that stay */
    place *places;            /* by class, places_of[class] .. places_of[class + 1] - 1 */
    uint32_t *places_of;
    uint32_t *next;           /* by removal: how far it has come */
    uint32_t *n_gone;         /* by group */
} allocator;

/* --- what things cost ------------------------------------------------------------------------- */

/* Products by their weights' factors. */
static void count_product(allocator *a, pare_node_id node, const pare_cost *cost)
{
    pare_linear l;
    if (!pare_linear_of(a->ctx, &l, a->model, node)) return;
    const uint32_t first = a->axes->first_axis[l.weight];
    for (uint32_t k = first; k < a->axes->first_axis[l.weight + 1]; k++)
        for (uint32_t i = 0; i < a->axes->axes[k].n_factors; i++)
            a->product_of[a->axes->axes[k].first_factor + i] = (uint32_t)a->n_products;
    a->products[a->n_products++].macs = (double)cost->macs;
}

static pare_status count_macs(allocator *a)
{
    pare_shapes *shapes = NULL;
    pare_status st = PARE_OK;
    a->n_products = 0;
    for (size_t k = 0; k < a->axes->n_factors; k++) a->product_of[k] = PARE_NONE;
    PARE_TRY(pare_infer(a->ctx, &shapes, a->model, a->opts->shapes));
    for (pare_node_id n = 0; !st && n < a->model->n_nodes; n++) {
        pare_cost cost;
        bool modelled;
        if (!pare_axes_cover(a->model, a->model->nodes[n].graph)) continue;
        st = pare_cost_of(a->ctx, &cost, &modelled, a->model, n, shapes);
        if (!st && modelled && cost.macs) count_product(a, n, &cost);
    }
    pare_shapes_free(a->ctx, shapes);
    return st;
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
        a->products[p->product].macs *= 1 - part;
    }
    a->n_gone[a->axes->classes[c].group]++;
}

/* --- the list --------------------------------------------------------------------------------- */

/* Classes to take of a removal at once: to the next multiple of the group. 0: no more may go. */
static uint32_t step_of(const allocator *a, size_t q)
{
    const pare_removal *r = &a->opts->removals->items[q];
    const int64_t stay = (int64_t)a->axes->groups[r->group].n_classes - a->n_gone[r->group];
    const int64_t over = stay % a->opts->round_to, n = over ? over : a->opts->round_to;
    const int64_t least = a->opts->least[r->group] > 1 ? a->opts->least[r->group] : 1;
    const bool is_whole = r->n == a->axes->groups[r->group].n_classes;
    if (stay - n < least || a->next[q] + n > r->n || (is_whole && a->next[q] + n == r->n)) return 0;
    return (uint32_t)n;
}

/* What is saved for what it adds to the error. */
static double worth_of(const allocator *a, size_t q, uint32_t n)
{
    const pare_removal *r = &a->opts->removals->items[q];
    double gain = 0;
    for (uint32_t i = 0; i < n; i++) gain += gain_of(a, r->classes[a->next[q] + i]);
    const double cost = r->cost[a->next[q] + n] - r->cost[a->next[q]];
    return a->weight[r->group] * gain / (cost + 1e-12);
}

static void take(allocator *a, size_t q, uint32_t n)
{
    const pare_removal *r = &a->opts->removals->items[q];
    step *s = &a->steps[a->n_steps];
    const uint32_t first = a->n_steps ? a->steps[a->n_steps - 1].end : 0;
    *s = (step){ .group = r->group, .queue = q, .first = first, .end = first };
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t c = r->classes[a->next[q]++];
        if (!may_go(a, c)) continue;
        let_go(a, c);
        a->classes[s->end++] = c;
    }
    a->n_steps += s->end > s->first;
}

/* Takes what is worth most, of one group or (PARE_NONE) of all; false: nothing may go. */
static bool take_best(allocator *a, uint32_t group)
{
    size_t best = SIZE_MAX;
    uint32_t best_step = 0;
    double most = -1;
    for (size_t q = 0; q < a->opts->removals->n; q++) {
        if (group != PARE_NONE && a->opts->removals->items[q].group != group) continue;
        const uint32_t n = step_of(a, q);
        const double worth = n ? worth_of(a, q, n) : -1;
        if (worth <= most) continue;
        most = worth;
        best = q;
        best_step = n;
    }
    if (best == SIZE_MAX) return false;
    take(a, best, best_step);
    return true;
}

static void reset(allocator *a)
{
    for (size_t k = 0; k < a->axes->n_factors; k++) a->left[k] = a->axes->factors[k].size;
    memset(a->n_gone, 0, a->axes->n_groups * sizeof(*a->n_gone));
    for (size_t q = 0; a->opts->removals && q < a->opts->removals->n; q++) a->next[q] = 0;
    a->n_steps = 0;
}

/* --- what is left of the cost ----------------------------------------------------------------- */

pare_status pare_prune_macs(void *user, pare_ctx *ctx, const pare_model *model, double *figure)
{
    pare_shapes *shapes = NULL;
    pare_status st = PARE_OK;
    *figure = 0;
    PARE_TRY(pare_infer(ctx, &shapes, model, user));
    for (pare_node_id n = 0; !st && n < model->n_nodes; n++) {
        pare_cost cost;
        bool modelled;
        if (!pare_axes_cover(model, model->nodes[n].graph)) continue;
        st = pare_cost_of(ctx, &cost, &modelled, model, n, shapes);
        if (!st && modelled) *figure += (double)cost.macs;
    }
    pare_shapes_free(ctx, shapes);
    return st;
}

static pare_status figure_of(const allocator *a, const pare_model *model, double *figure)
{
    if (a->opts->cost) return a->opts->cost(a->opts->cost_user, a->ctx, model, figure);
    return pare_prune_macs((void *)(uintptr_t)a->opts->shapes, a->ctx, model, figure);
}

/* Part of the cost that is left without what gone marks. */
static pare_status part_left(const allocator *a, double *part)
{
    pare_model *clone = NULL;
    double figure = 0;
    PARE_TRY(pare_model_clone(a->ctx, &clone, a->model));
    pare_status st = pare_shrink(a->ctx, clone, a->axes, a->gone);
    if (!st) st = figure_of(a, clone, &figure);
    pare_model_free(a->ctx, clone);
    *part = a->whole > 0 ? figure / a->whole : 1;
    return st;
}

/* Marks what the first n steps take. */
static void mark(allocator *a, size_t n)
{
    memset(a->gone, 0, a->axes->n_classes * sizeof(*a->gone));
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = a->steps[i].first; k < a->steps[i].end; k++)
            a->gone[a->classes[k]] = !a->steps[i].is_given_back;
}

/* Another figure than multiplications falls at another rate for each group: as it does when half of
 * the group goes. */
static pare_status weigh_group(allocator *a, uint32_t g, const double *macs)
{
    double part, left;
    a->weight[g] = 1;
    while (2 * a->n_gone[g] < a->axes->groups[g].n_classes && take_best(a, g)) continue;
    a->weight[g] = 0;
    mark(a, a->n_steps);
    if (!a->n_steps) return PARE_OK;
    PARE_TRY(part_left(a, &part));
    pare_model *clone = NULL;
    PARE_TRY(pare_model_clone(a->ctx, &clone, a->model));
    pare_status st = pare_shrink(a->ctx, clone, a->axes, a->gone);
    if (!st) st = pare_prune_macs((void *)(uintptr_t)a->opts->shapes, a->ctx, clone, &left);
    pare_model_free(a->ctx, clone);
    if (!st && left < *macs && part < 1) a->weight[g] = (1 - part) / (1 - left / *macs);
    return st;
}

static pare_status weigh(allocator *a)
{
    double macs;
    for (uint32_t g = 0; g < a->axes->n_groups; g++) a->weight[g] = 1;
    if (!a->opts->cost) return PARE_OK;
    PARE_TRY(pare_prune_macs((void *)(uintptr_t)a->opts->shapes, a->ctx, a->model, &macs));
    for (uint32_t g = 0; g < a->axes->n_groups; g++) {
        PARE_TRY(weigh_group(a, g, &macs));
        reset(a);
        PARE_TRY(count_macs(a));
    }
    return PARE_OK;
}

/* --- how much of the list --------------------------------------------------------------------- */

/* The shortest part that meets the limit, or the whole list. */
static pare_status bisect(allocator *a, size_t *n, double *left)
{
    size_t low = 0, high = a->n_steps;
    mark(a, high);
    PARE_TRY(part_left(a, left));
    if (*left > a->opts->limit) {
        *n = high;
        return PARE_OK;
    }
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        double part;
        mark(a, middle);
        PARE_TRY(part_left(a, &part));
        if (part <= a->opts->limit) {
            high = middle;
            *left = part;
        } else {
            low = middle + 1;
        }
    }
    *n = high;
    return PARE_OK;
}

/* The last step of a removal among the first n that is not given back. */
static step *last_of(const allocator *a, size_t n, size_t queue)
{
    while (n-- > 0)
        if (a->steps[n].queue == queue && !a->steps[n].is_given_back) return &a->steps[n];
    return NULL;
}

/* Gives back, from the dearest on, what the limit does not ask for. */
static pare_status give_back(allocator *a, size_t n, double *left)
{
    bool *is_done = pare_alloc_zero(a->ctx, a->opts->removals->n + 1);
    pare_status st = is_done ? PARE_OK : pare_fail_memory(a->ctx, a->opts->removals->n);
    for (size_t i = n; !st && i-- > 0;) {
        const size_t q = a->steps[i].queue;
        step *s = last_of(a, n, q);
        double part;
        if (is_done[q] || s != &a->steps[i]) continue;
        s->is_given_back = true;
        mark(a, n);
        st = part_left(a, &part);
        if (!st && part <= a->opts->limit) {
            *left = part;
            continue;
        }
        s->is_given_back = false;
        is_done[q] = true;
    }
    mark(a, n);
    pare_free(a->ctx, is_done);
    return st;
}

static pare_status open_allocator(allocator *a)
{
    const size_t n_factors = a->axes->n_factors + 1, n_groups = a->axes->n_groups + 1;
    const size_t n_classes = a->axes->n_classes + 1;
    pare_ctx *ctx = a->ctx;
    a->products = pare_alloc_zero(ctx, (a->model->n_nodes + 1) * sizeof(*a->products));
    a->product_of = pare_alloc(ctx, n_factors * sizeof(*a->product_of));
    a->left = pare_alloc(ctx, n_factors * sizeof(*a->left));
    const size_t n_queues = a->opts->removals ? a->opts->removals->n + 1 : 1;
    a->next = pare_alloc_zero(ctx, n_queues * sizeof(*a->next));
    a->n_gone = pare_alloc_zero(ctx, n_groups * sizeof(*a->n_gone));
    a->weight = pare_alloc(ctx, n_groups * sizeof(*a->weight));
    a->steps = pare_alloc(ctx, n_classes * sizeof(*a->steps));
    a->classes = pare_alloc(ctx, n_classes * sizeof(*a->classes));
    if (!a->products || !a->product_of || !a->left || !a->next || !a->n_gone || !a->weight ||
        !a->steps || !a->classes)
        return pare_fail_memory(ctx, n_factors * sizeof(*a->left));
    PARE_TRY(count_macs(a));
    PARE_TRY(make_places(a));
    reset(a);
    return PARE_OK;
}

static void close_allocator(allocator *a)
{
    void *const owned[] = { a->products, a->product_of, a->left, a->next, a->n_gone, a->places,
                            a->places_of, a->weight, a->steps, a->classes };
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) pare_free(a->ctx, owned[i]);
}

static pare_status choose(allocator *a, double *left)
{
    size_t n = 0;
    PARE_TRY(open_allocator(a));
    PARE_TRY(figure_of(a, a->model, &a->whole));
    PARE_TRY(weigh(a));
    while (take_best(a, PARE_NONE)) continue;
    PARE_TRY(bisect(a, &n, left));
    return *left <= a->opts->limit ? give_back(a, n, left) : PARE_OK;
}

pare_status pare_allocate(pare_ctx *ctx, const pare_model *model, const pare_axes_found *axes,
                          const pare_allocate_opts *opts, bool *gone, double *left)
{
    allocator a = { .ctx = ctx, .model = model, .axes = axes, .opts = opts, .gone = gone };
    *left = 1;
    const pare_status st = choose(&a, left);
    close_allocator(&a);
    return st;
}

pare_status pare_prune_gains(pare_ctx *ctx, const pare_model *model, const pare_axes_found *axes,
                             const pare_infer_opts *shapes, double *gains)
{
    const pare_allocate_opts opts = { .shapes = shapes, .round_to = 1 };
    allocator a = { .ctx = ctx, .model = model, .axes = axes, .opts = &opts };
    const pare_status st = open_allocator(&a);
    for (uint32_t c = 0; !st && c < axes->n_classes; c++)
        gains[c] = axes->classes[c].group == PARE_NONE ? 0 : gain_of(&a, c);
    close_allocator(&a);
    return st;
}
