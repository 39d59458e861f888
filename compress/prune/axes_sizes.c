#include "base/bytes.h"

#include "prune/axes_work.h"

#include <string.h>

/* Operators that make sizes of sizes; and inputs that sizes may end in. */
static const char *const arithmetic[] = { "Abs", "Add", "Concat", "Div", "Gather", "Identity",
                                          "Max", "Min", "Mod", "Mul", "Neg", "ReduceProd",
                                          "Reshape", "Slice", "Split", "Squeeze", "Sub",
                                          "Unsqueeze" };
static const struct { const char *op; uint32_t first_slot; } ends[] = {
    { "ConstantOfShape", 0 }, { "Expand", 1 }, { "Pad", 1 }, { "Reshape", 1 }, { "Resize", 1 },
    { "Slice", 1 }, { "Split", 1 }, { "Tile", 1 }, { "Upsample", 1 },
};

static bool is_end(const pare_node *n, uint32_t slot)
{
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (pare_str_eq(n->op_type, ends[i].op)) return slot >= ends[i].first_slot;
    return false;
}

static bool is_arithmetic(const pare_axes_work *w, const pare_node *n)
{
    bool is_listed = pare_str_eq(n->op_type, "Cast");
    for (size_t i = 0; i < sizeof(arithmetic) / sizeof(arithmetic[0]); i++)
        is_listed |= pare_str_eq(n->op_type, arithmetic[i]);
    if (!is_listed || n->n_outputs == 0 || n->outputs[0] == PARE_NONE) return false;
    const pare_dtype dtype = w->shapes->infos[n->outputs[0]].dtype;
    return dtype == PARE_INT64 || dtype == PARE_INT32;
}

/* Values yet to be looked at, each once. */
typedef struct trail {
    bool *seen;               /* [n_values] */
    pare_value_id *open;      /* [n_values] */
    size_t n;
} trail;

static void follow(trail *t, const pare_node *n)
{
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE && !t->seen[n->outputs[i]]) {
            t->seen[n->outputs[i]] = true;
            t->open[t->n++] = n->outputs[i];
        }
}

static bool matters(const pare_axes_work *w, trail *t)
{
    while (t->n) {
        const pare_value *v = &w->model->values[t->open[--t->n]];
        for (const pare_use *use = v->first_use; use; use = use->next) {
            if (use->user == PARE_NONE || !pare_axes_cover(w->model, use->graph))
                return true;
            const pare_node *n = &w->model->nodes[use->user];
            if (*pare_node_domain(n)) return true;
            if (is_end(n, use->slot)) continue;
            if (!is_arithmetic(w, n)) return true;
            follow(t, n);
        }
    }
    return false;
}

pare_status pare_axes_size_matters(const pare_axes_work *w, pare_node_id shape, bool *out)
{
    const size_t n = w->model->n_values;
    trail t = { .seen = pare_alloc_zero(w->ctx, n + 1),
                .open = pare_alloc(w->ctx, (n + 1) * sizeof(*t.open)) };
    pare_status st = PARE_OK;
    if (!t.seen || !t.open) st = pare_fail_memory(w->ctx, n * sizeof(*t.open));
    else follow(&t, &w->model->nodes[shape]);
    if (!st) *out = matters(w, &t);
    pare_free(w->ctx, t.seen);
    pare_free(w->ctx, t.open);
    return st;
}
