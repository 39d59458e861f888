#include "op/linear.h"

#include "prune/axes_work.h"

static uint32_t find(uint32_t *parent, uint32_t i)
{
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
}

/* Classes in the order of their first elements. */
static pare_status make_classes(pare_axes_work *w)
{
    pare_axes_found *f = w->found;
    f->class_of = pare_arena_array(&f->arena, f->n_elements + 1, sizeof(*f->class_of));
    if (!f->class_of) return pare_arena_fail(w->ctx, &f->arena);
    for (uint32_t e = 0; e < f->n_elements; e++) {
        const uint32_t root = pare_axes_root(w, e); /* the first of its elements */
        f->class_of[e] = root == e ? (uint32_t)f->n_classes++ : f->class_of[root];
    }
    f->classes = pare_arena_array(&f->arena, f->n_classes + 1, sizeof(*f->classes));
    if (!f->classes) return pare_arena_fail(w->ctx, &f->arena);
    for (uint32_t e = 0; e < f->n_elements; e++)
        if (w->parent[e] == e) {
            f->classes[f->class_of[e]] = w->marks[e];
            f->classes[f->class_of[e]].group = PARE_NONE;
        }
    return PARE_OK;
}

static bool can_go(const pare_axes_found *f, const pare_factor *factor, int64_t i)
{
    return !f->classes[f->class_of[factor->first + (uint32_t)i]].is_frozen;
}

/* Factors that share a class that can go become one. first_of: by class, scratch. */
static void join_factors(const pare_axes_found *f, uint32_t *parent, uint32_t *first_of)
{
    for (size_t c = 0; c < f->n_classes; c++) first_of[c] = PARE_NONE;
    for (uint32_t k = 0; k < f->n_factors; k++) parent[k] = k;
    for (uint32_t k = 0; k < f->n_factors; k++)
        for (int64_t i = 0; i < f->factors[k].size; i++) {
            const uint32_t class = f->class_of[f->factors[k].first + (uint32_t)i];
            if (f->classes[class].is_frozen) continue;
            if (first_of[class] == PARE_NONE) first_of[class] = k;
            const uint32_t a = find(parent, first_of[class]), b = find(parent, k);
            if (a < b) parent[b] = a;
            else parent[a] = b;
        }
}

static bool has_any(const pare_axes_found *f, const pare_factor *factor)
{
    for (int64_t i = 0; i < factor->size; i++)
        if (can_go(f, factor, i)) return true;
    return false;
}

static void count_members(pare_axes_found *f)
{
    for (uint32_t k = 0; k < f->n_factors; k++) {
        const pare_factor *factor = &f->factors[k];
        if (factor->group == PARE_NONE) continue;
        pare_axis_group *g = &f->groups[factor->group];
        g->n_factors++;
        for (int64_t i = 0; i < factor->size; i++) {
            pare_class *c = &f->classes[f->class_of[factor->first + (uint32_t)i]];
            if (c->is_frozen || c->group != PARE_NONE) continue;
            c->group = factor->group;
            g->n_classes++;
            g->is_lossy |= c->is_lossy;
        }
    }
}

/* Whether an axis is that of the outputs of a product: what people know a width by. */
static bool is_product_width(const pare_axes_work *w, const pare_axis_info *axis)
{
    const pare_node_id node = w->model->values[axis->value].producer;
    pare_linear l;
    if (node == PARE_NONE || !pare_linear_of(w->ctx, &l, w->model, node)) return false;
    const uint32_t rank = w->found->first_axis[axis->value + 1] - w->found->first_axis[axis->value];
    return axis->axis == (l.output_axis < 0 ? rank - 1 : (uint32_t)l.output_axis);
}

static void name_groups(const pare_axes_work *w)
{
    pare_axes_found *f = w->found;
    for (uint32_t k = 0; k < f->n_factors; k++) {
        const pare_factor *factor = &f->factors[k];
        if (factor->group == PARE_NONE) continue;
        pare_axis_group *g = &f->groups[factor->group];
        if (g->factor == PARE_NONE && is_product_width(w, &f->axes[factor->axis])) g->factor = k;
    }
    for (size_t i = 0; i < f->n_groups; i++)
        if (f->groups[i].factor == PARE_NONE) f->groups[i].factor = f->groups[i].first_factor;
}

static void make_groups(pare_axes_work *w, uint32_t *parent)
{
    pare_axes_found *f = w->found;
    for (uint32_t k = 0; k < f->n_factors; k++) {
        if (!has_any(f, &f->factors[k])) continue;
        const uint32_t root = find(parent, k); /* the first of its factors */
        if (root == k) {
            f->groups[f->n_groups] = (pare_axis_group){ .first_factor = k, .factor = PARE_NONE };
            f->factors[k].group = (uint32_t)f->n_groups++;
        } else {
            f->factors[k].group = f->factors[root].group;
        }
    }
    count_members(f);
    name_groups(w);
}

pare_status pare_axes_group_up(pare_axes_work *w)
{
    pare_axes_found *f = w->found;
    PARE_TRY(make_classes(w));
    uint32_t *parent = pare_alloc(w->ctx, (f->n_factors + f->n_classes + 1) * sizeof(*parent));
    f->groups = pare_arena_array(&f->arena, f->n_factors + 1, sizeof(*f->groups));
    pare_status st = PARE_OK;
    if (!parent) st = pare_fail_memory(w->ctx, f->n_factors * sizeof(*parent));
    else if (!f->groups) st = pare_arena_fail(w->ctx, &f->arena);
    if (!st) {
        join_factors(f, parent, parent + f->n_factors);
        make_groups(w, parent);
    }
    pare_free(w->ctx, parent);
    return st;
}
