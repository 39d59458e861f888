#include "prune/listing.h"

#include "ir/order.h"
#include "op/cost.h"
#include "op/linear.h"
#include "prune/channels.h"
#include "prune/heads.h"
#include "prune/prepare.h"
#include "prune/shrink.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct lister {
    pare_ctx *ctx;
    pare_prune_listing *out;
    const pare_prune_meter *meter;
    pare_model *model;        /* a clone, folded as for pruning */
    pare_axes_found *axes;
    pare_shapes *shapes;
    pare_node_id *order;
    uint32_t n_nodes;
    uint32_t *width_of;       /* [axes->n_groups] index into widths; PARE_NONE: nothing can go */
    bool *gone;               /* [axes->n_classes] */
    bool *is_heads;           /* [axes->n_groups] */
} lister;

/* --- preparing -------------------------------------------------------------------------------- */

static pare_status prepare(lister *l, const pare_model *model)
{
    pare_shapes *declared = NULL;
    PARE_TRY(pare_model_clone(l->ctx, &l->model, model));
    PARE_TRY(pare_prune_prepare(l->ctx, l->model));
    PARE_TRY(pare_infer(l->ctx, &declared, l->model, NULL));
    pare_status st = pare_axes_find(l->ctx, &l->axes, l->model, declared, NULL);
    pare_shapes_free(l->ctx, declared);
    if (!st) st = pare_axes_settle(l->ctx, l->axes, l->model);
    if (!st) st = pare_infer(l->ctx, &l->shapes, l->model, l->meter->shapes);
    if (!st) st = pare_graph_order(l->ctx, &l->order, l->model->graph);
    if (st) return st;
    l->n_nodes = l->model->graph->n_nodes;
    l->width_of = pare_alloc(l->ctx, (l->axes->n_groups + 1) * sizeof(*l->width_of));
    l->gone = pare_alloc_zero(l->ctx, l->axes->n_classes + 1);
    l->is_heads = pare_alloc_zero(l->ctx, l->axes->n_groups + 1);
    if (!l->width_of || !l->gone || !l->is_heads)
        return pare_fail_memory(l->ctx, l->axes->n_classes);
    pare_heads_find(l->model, l->axes, l->is_heads);
    return PARE_OK;
}

/* --- names ------------------------------------------------------------------------------------ */

static const char *node_name(lister *l, pare_node_id id)
{
    const pare_node *n = &l->model->nodes[id];
    const char *name = n->name && *n->name ? n->name : NULL;
    for (uint32_t i = 0; !name && i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE) name = l->model->values[n->outputs[i]].name;
    return pare_arena_str(&l->out->arena, pare_str_or_empty(name));
}

/* "Conv", "com.microsoft.Gelu". */
static const char *op_name(lister *l, pare_node_id id)
{
    const pare_node *n = &l->model->nodes[id];
    const char *const domain = pare_node_domain(n), *const op = pare_str_or_empty(n->op_type);
    const size_t n_domain = strlen(domain), n_op = strlen(op);
    char *const text = pare_arena_alloc(&l->out->arena, n_domain + n_op + 2);
    if (!text) return NULL;
    memcpy(text, domain, n_domain);
    if (n_domain) text[n_domain] = '.';
    memcpy(text + n_domain + (n_domain > 0), op, n_op + 1);
    return text;
}

/* --- members ---------------------------------------------------------------------------------- */

static bool axis_has(const lister *l, const pare_axis_info *axis, uint32_t g)
{
    for (uint32_t i = 0; axis && i < axis->n_factors; i++)
        if (l->axes->factors[axis->first_factor + i].group == g) return true;
    return false;
}

static bool value_has(const lister *l, pare_value_id v, uint32_t g)
{
    if (v == PARE_NONE || v >= l->axes->n_values) return false;
    for (uint32_t k = l->axes->first_axis[v]; k < l->axes->first_axis[v + 1]; k++)
        if (axis_has(l, &l->axes->axes[k], g)) return true;
    return false;
}

/* The axis of a value along which a product's channels lie; at < 0 is the last. */
static const pare_axis_info *channel_axis(const lister *l, pare_value_id v, int32_t at)
{
    if (v == PARE_NONE || v >= l->axes->n_values) return NULL;
    const uint32_t rank = l->axes->first_axis[v + 1] - l->axes->first_axis[v];
    if (!rank) return NULL;
    return pare_axes_of(l->axes, v, at < 0 ? rank - 1 : (uint32_t)at);
}

/* Whether a node is a member of a group, and as what. */
static bool role_of(const lister *l, pare_node_id id, uint32_t g, pare_prune_role *out)
{
    const pare_node *n = &l->model->nodes[id];
    pare_linear lin;
    bool has_in = false, has_out = false;
    for (uint32_t i = 0; i < n->n_inputs && !has_in; i++)
        has_in = value_has(l, n->inputs[i].value, g);
    for (uint32_t i = 0; i < n->n_outputs && !has_out; i++)
        has_out = value_has(l, n->outputs[i], g);
    if (!has_in && !has_out) return false;
    *out = has_out ? PARE_PRUNE_FOLLOWS : PARE_PRUNE_READS;
    if (!pare_linear_of(l->ctx, &lin, l->model, id)) return true;
    const bool makes = axis_has(l, channel_axis(l, n->outputs[0], lin.output_axis), g);
    const bool reads = axis_has(l, channel_axis(l, n->inputs[0].value, lin.input_axis), g);
    if (makes && reads) *out = lin.in == 1 && lin.group > 1 ? PARE_PRUNE_FOLLOWS : PARE_PRUNE_BOTH;
    else if (makes) *out = PARE_PRUNE_MAKES;
    else if (reads) *out = PARE_PRUNE_READS;
    return true;
}

static pare_status list_members(lister *l, uint32_t g, pare_prune_width *w)
{
    pare_arena *const arena = &l->out->arena;
    pare_prune_member *items = NULL;
    size_t cap = 0;
    for (uint32_t i = 0; i < l->n_nodes; i++) {
        pare_prune_role role;
        if (!role_of(l, l->order[i], g, &role)) continue;
        if (!pare_arena_grow(arena, &items, &cap, w->n_members + 1, sizeof(*items)))
            return pare_arena_fail(l->ctx, arena);
        const pare_prune_member m = { node_name(l, l->order[i]), op_name(l, l->order[i]), role };
        if (!m.node || !m.op) return pare_arena_fail(l->ctx, arena);
        items[w->n_members++] = m;
    }
    w->members = items;
    return PARE_OK;
}

/* --- what a channel costs --------------------------------------------------------------------- */

/* Marks the first class of a group whose going leaves something of every factor. */
static bool choose_one(lister *l, uint32_t g)
{
    const pare_axes_found *a = l->axes;
    memset(l->gone, 0, a->n_classes * sizeof(*l->gone));
    for (size_t c = 0; c < a->n_classes; c++) {
        bool leaves = true;
        if (a->classes[c].group != g) continue;
        l->gone[c] = true;
        for (size_t k = 0; leaves && k < a->n_axes; k++)
            if (axis_has(l, &a->axes[k], g)) leaves = pare_axis_left(a, &a->axes[k], l->gone) > 0;
        if (leaves) return true;
        l->gone[c] = false;
    }
    return false;
}

/* What the model, folded as it is pruned, comes to less what it comes to without one channel. */
static pare_status price(lister *l, uint32_t g, const pare_prune_figures *whole,
                         pare_prune_width *w)
{
    pare_model *clone = NULL;
    pare_prune_figures less;
    for (int k = 0; k < PARE_N_PRUNE_FIGURES; k++) w->per_channel[k] = NAN;
    if (!choose_one(l, g)) return PARE_OK;
    PARE_TRY(pare_model_clone(l->ctx, &clone, l->model));
    pare_status st = pare_shrink(l->ctx, clone, l->axes, l->gone);
    if (!st) st = pare_prune_measure(l->ctx, &less, l->meter, clone);
    pare_model_free(l->ctx, clone);
    for (int k = 0; !st && k < PARE_N_PRUNE_FIGURES; k++)
        w->per_channel[k] = whole->values[k] - less.values[k];
    return st == PARE_EUNSUPPORTED ? PARE_OK : st;
}

static const char *lossy_reason(const lister *l, uint32_t g)
{
    if (!l->axes->groups[g].is_lossy) return NULL;
    for (size_t c = 0; c < l->axes->n_classes; c++) {
        const pare_class *class = &l->axes->classes[c];
        if (class->group == g && class->is_lossy)
            return class->why ? class->why : "what stays would be computed otherwise";
    }
    return "what stays would be computed otherwise";
}

static pare_status list_widths(lister *l)
{
    pare_prune_listing *const out = l->out;
    pare_prune_figures whole;
    PARE_TRY(pare_prune_measure(l->ctx, &whole, l->meter, l->model));
    out->widths = pare_arena_array(&out->arena, l->axes->n_groups + 1, sizeof(*out->widths));
    if (!out->widths) return pare_arena_fail(l->ctx, &out->arena);
    for (uint32_t g = 0; g < l->axes->n_groups; g++) {
        l->width_of[g] = PARE_NONE;
        if (l->axes->groups[g].n_classes < 2) continue;
        pare_prune_width *w = &out->widths[out->n_widths];
        w->name = pare_arena_str(&out->arena, pare_axes_group_name(l->model, l->axes, g));
        w->lossy = pare_arena_str(&out->arena, lossy_reason(l, g));
        w->is_heads = l->is_heads[g];
        w->n_channels = l->axes->groups[g].n_classes;
        if (!w->name) return pare_arena_fail(l->ctx, &out->arena);
        PARE_TRY(list_members(l, g, w));
        PARE_TRY(price(l, g, &whole, w));
        l->width_of[g] = (uint32_t)out->n_widths++;
        pare_report_count(l->ctx, "look", "widths", g + 1, l->axes->n_groups);
    }
    return PARE_OK;
}

/* --- what stays ------------------------------------------------------------------------------- */

static bool is_prunable(const lister *l, const pare_axis_info *axis)
{
    for (uint32_t i = 0; axis && i < axis->n_factors; i++) {
        const uint32_t g = l->axes->factors[axis->first_factor + i].group;
        if (g != PARE_NONE && l->width_of[g] != PARE_NONE && !l->axes->groups[g].is_lossy)
            return true;
    }
    return false;
}

static bool shrinks(const lister *l, pare_value_id v)
{
    if (v == PARE_NONE || v >= l->axes->n_values) return false;
    for (uint32_t k = l->axes->first_axis[v]; k < l->axes->first_axis[v + 1]; k++)
        if (is_prunable(l, &l->axes->axes[k])) return true;
    return false;
}

/* The class that keeps an axis as it is. */
static const pare_class *keeper_of(const lister *l, const pare_axis_info *axis)
{
    for (uint32_t i = 0; axis && i < axis->n_factors; i++) {
        const pare_factor *f = &l->axes->factors[axis->first_factor + i];
        for (int64_t k = 0; k < f->size; k++) {
            const pare_class *c = &l->axes->classes[l->axes->class_of[f->first + (uint32_t)k]];
            if (c->is_frozen || c->is_lossy) return c;
        }
    }
    return NULL;
}

static pare_status count_blocker(lister *l, const pare_prune_stuck *s)
{
    pare_prune_listing *const out = l->out;
    size_t i = 0;
    while (i < out->n_blockers && (strcmp(out->blockers[i].why, s->why) != 0 ||
                                   strcmp(pare_str_or_empty(out->blockers[i].op),
                                          pare_str_or_empty(s->by_op)) != 0))
        i++;
    if (i == out->n_blockers) {
        if (!pare_arena_grow(&out->arena, &out->blockers, &out->blockers_cap, i + 1,
                             sizeof(*out->blockers)))
            return pare_arena_fail(l->ctx, &out->arena);
        out->blockers[out->n_blockers++] = (pare_prune_blocker){ .op = s->by_op, .why = s->why };
    }
    out->blockers[i].n_products++;
    out->blockers[i].macs += s->macs;
    return PARE_OK;
}

static pare_status add_stuck(lister *l, pare_node_id id, const pare_linear *lin,
                             const pare_class *class, uint64_t macs)
{
    pare_prune_listing *const out = l->out;
    if (!pare_arena_grow(&out->arena, &out->stuck, &out->stuck_cap, out->n_stuck + 1,
                         sizeof(*out->stuck)))
        return pare_arena_fail(l->ctx, &out->arena);
    const bool by_node = class && class->by != PARE_NONE;
    const char *const why = class && class->why ? class->why : "it is one channel, or not constant";
    const pare_prune_stuck s = {
        .node = node_name(l, id), .op = op_name(l, id),
        .by = by_node ? node_name(l, class->by) : NULL,
        .by_op = by_node ? op_name(l, class->by) : NULL,
        .why = pare_arena_str(&out->arena, why), .n_outputs = lin->out, .macs = macs,
    };
    if (!s.node || !s.op || !s.why || (by_node && (!s.by || !s.by_op)))
        return pare_arena_fail(l->ctx, &out->arena);
    out->stuck[out->n_stuck++] = s;
    return count_blocker(l, &s);
}

static pare_status look_at_node(lister *l, pare_node_id id)
{
    const pare_node *n = &l->model->nodes[id];
    pare_cost cost;
    pare_linear lin;
    bool modelled, can_shrink = false;
    PARE_TRY(pare_cost_of(l->ctx, &cost, &modelled, l->model, id, l->shapes));
    l->out->n_unmodelled += !modelled;
    if (!modelled || !cost.macs) return PARE_OK;
    l->out->macs += (double)cost.macs;
    for (uint32_t i = 0; i < n->n_inputs; i++) can_shrink |= shrinks(l, n->inputs[i].value);
    for (uint32_t i = 0; i < n->n_outputs; i++) can_shrink |= shrinks(l, n->outputs[i]);
    if (can_shrink) l->out->prunable_macs += (double)cost.macs;
    if (!pare_linear_of(l->ctx, &lin, l->model, id)) return PARE_OK;
    const pare_axis_info *axis = channel_axis(l, n->outputs[0], lin.output_axis);
    if (is_prunable(l, axis)) return PARE_OK;
    return add_stuck(l, id, &lin, keeper_of(l, axis), cost.macs);
}

static int by_macs(const void *a, const void *b)
{
    const pare_prune_blocker *x = a, *y = b;
    if (x->macs != y->macs) return x->macs < y->macs ? 1 : -1;
    const int why = strcmp(x->why, y->why);
    return why ? why : strcmp(pare_str_or_empty(x->op), pare_str_or_empty(y->op));
}

static pare_status list(lister *l, const pare_model *model)
{
    PARE_TRY(pare_prune_measure(l->ctx, &l->out->figures, l->meter, model));
    PARE_TRY(prepare(l, model));
    PARE_TRY(list_widths(l));
    for (uint32_t i = 0; i < l->n_nodes; i++) PARE_TRY(look_at_node(l, l->order[i]));
    if (l->out->n_blockers)
        qsort(l->out->blockers, l->out->n_blockers, sizeof(*l->out->blockers), by_macs);
    return PARE_OK;
}

pare_status pare_prune_list(pare_ctx *ctx, pare_prune_listing *out, const pare_model *model,
                            const pare_prune_meter *meter)
{
    lister l = { .ctx = ctx, .out = out, .meter = meter };
    *out = (pare_prune_listing){ 0 };
    pare_arena_init(ctx, &out->arena, 0);
    const pare_status st = list(&l, model);
    pare_free(ctx, l.gone);
    pare_free(ctx, l.is_heads);
    pare_free(ctx, l.width_of);
    pare_free(ctx, l.order);
    pare_shapes_free(ctx, l.shapes);
    pare_axes_free(ctx, l.axes);
    pare_model_free(ctx, l.model);
    return st;
}

void pare_prune_listing_free(pare_prune_listing *listing)
{
    pare_arena_free(&listing->arena);
    *listing = (pare_prune_listing){ 0 };
}
