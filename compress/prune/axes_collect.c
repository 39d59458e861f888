#include "base/bytes.h"
#include "ir/order.h"
#include "op/infer.h"

#include "prune/axes_work.h"
#include "prune/follow.h"

/* --- axes ------------------------------------------------------------------------------------- */

bool pare_axes_cover(const pare_model *model, const pare_graph *graph)
{
    while (graph && graph != model->graph) {
        if (graph->owner == PARE_NONE) return false;
        const pare_node *owner = &model->nodes[graph->owner];
        if (*pare_node_domain(owner) || !pare_str_eq(owner->op_type, "If")) return false;
        graph = graph->parent;
    }
    return graph != NULL;
}

static uint32_t rank_of(const pare_axes_work *w, pare_value_id v)
{
    const pare_value *value = &w->model->values[v];
    if (!pare_axes_cover(w->model, value->graph)) return 0;
    if (value->tensor) return value->tensor->rank;
    const pare_info *info = pare_shapes_of(w->shapes, v);
    return pare_info_has_rank(info) ? info->rank : 0;
}

static int64_t extent_of(const pare_axes_work *w, pare_value_id v, uint32_t axis)
{
    const pare_tensor *tensor = w->model->values[v].tensor;
    const pare_num dim = tensor ? pare_num_int(tensor->dims[axis])
                                : pare_shapes_of(w->shapes, v)->dims[axis];
    return dim.kind == PARE_NUM_INT && dim.i > 1 && dim.i < INT32_MAX ? dim.i : 0;
}

static pare_status make_axes(pare_axes_work *w)
{
    pare_axes_found *f = w->found;
    f->n_values = w->model->n_values;
    f->first_axis = pare_arena_array(&f->arena, f->n_values + 1, sizeof(*f->first_axis));
    if (!f->first_axis) return pare_arena_fail(w->ctx, &f->arena);
    for (pare_value_id v = 0; v < f->n_values; v++) {
        f->first_axis[v] = (uint32_t)f->n_axes;
        f->n_axes += rank_of(w, v);
    }
    f->first_axis[f->n_values] = (uint32_t)f->n_axes;
    f->axes = pare_arena_array(&f->arena, f->n_axes + 1, sizeof(*f->axes));
    if (!f->axes) return pare_arena_fail(w->ctx, &f->arena);
    for (pare_value_id v = 0; v < f->n_values; v++)
        for (uint32_t k = f->first_axis[v]; k < f->first_axis[v + 1]; k++) {
            const uint32_t axis = k - f->first_axis[v];
            f->axes[k] = (pare_axis_info){ v, axis, extent_of(w, v, axis), 0, 0 };
        }
    return PARE_OK;
}

/* --- what nodes say --------------------------------------------------------------------------- */

typedef struct taker {
    pare_axes_work *w;
    pare_node_id node;
} taker;

static pare_value_id operand(const taker *t, pare_axis_ref ref)
{
    const pare_node *n = &t->w->model->nodes[t->node];
    return ref.is_output ? n->outputs[ref.operand] : n->inputs[ref.operand].value;
}

static uint32_t axis_of(const taker *t, pare_axis_ref ref)
{
    return t->w->found->first_axis[operand(t, ref)] + ref.axis;
}

static pare_status add_tie(pare_axes_work *w, const pare_axis_tie *tie)
{
    PARE_TRY(pare_grow(w->ctx, &w->ties, &w->ties_cap, w->n_ties + 1, sizeof(*w->ties)));
    w->ties[w->n_ties++] = *tie;
    return PARE_OK;
}

/* --- regrouped axes --------------------------------------------------------------------------- */

/* Axes [begin, end) of either side of a Reshape that are left to be matched. */
typedef struct regroup {
    const pare_info *in, *out;
    uint32_t in_begin, in_end, out_begin, out_end;
    uint32_t first_in, first_out; /* axis 0 of each among all axes */
} regroup;

static bool is_known(const pare_info *info, uint32_t k, int64_t *extent)
{
    *extent = info->dims[k].i;
    return info->dims[k].kind == PARE_NUM_INT && *extent > 0;
}

/* The fewest axes from the last (or first) ones on that have as many elements on both sides. False:
 * there are none of known sizes. */
static bool match(const regroup *r, bool from_end, uint32_t *n_in, uint32_t *n_out)
{
    const uint32_t in = r->in_end - r->in_begin, out = r->out_end - r->out_begin;
    int64_t a = 1, b = 1, dim;
    *n_in = *n_out = 0;
    if (!in && !out) return false;
    do {
        const bool grow_in = (a <= b && *n_in < in) || *n_out == out;
        if (grow_in) {
            if (*n_in == in) return false;
            const uint32_t k = from_end ? r->in_end - 1 - *n_in : r->in_begin + *n_in;
            if (!is_known(r->in, k, &dim) || a > INT32_MAX / dim) return false;
            a *= dim;
            ++*n_in;
        } else {
            const uint32_t k = from_end ? r->out_end - 1 - *n_out : r->out_begin + *n_out;
            if (!is_known(r->out, k, &dim) || b > INT32_MAX / dim) return false;
            b *= dim;
            ++*n_out;
        }
    } while (a != b || !*n_in || !*n_out);
    return true;
}

static pare_status tie_matched(pare_axes_work *w, regroup *r, bool from_end)
{
    uint32_t n_in, n_out;
    while (match(r, from_end, &n_in, &n_out)) {
        const uint32_t a = from_end ? r->in_end - n_in : r->in_begin;
        const uint32_t b = from_end ? r->out_end - n_out : r->out_begin;
        const pare_axis_tie tie = { .kind = PARE_LINK_RESHAPE, .a = r->first_in + a,
                                    .b = r->first_out + b, .n_a = n_in, .n_b = n_out };
        PARE_TRY(add_tie(w, &tie));
        if (from_end) {
            r->in_end -= n_in;
            r->out_end -= n_out;
        } else {
            r->in_begin += n_in;
            r->out_begin += n_out;
        }
    }
    return PARE_OK;
}

static pare_status take_regroup(const taker *t, const pare_links *links, const pare_link *link)
{
    pare_axes_work *w = t->w;
    regroup r = { .in = links->in[link->a.operand], .out = links->out[link->b.operand] };
    r.in_end = r.in->rank;
    r.out_end = r.out->rank;
    r.first_in = axis_of(t, link->a);
    r.first_out = axis_of(t, link->b);
    PARE_TRY(tie_matched(w, &r, true));
    return tie_matched(w, &r, false);
}

/* ---------------------------------------------------------------------------------------------- */

/* Whether a sum over what goes adds zeros. */
static bool is_exact(const taker *t, const pare_link *link)
{
    const bool *is_zero = t->w->is_zero;
    return link->kind == PARE_LINK_LOSSY && link->adds &&
           (is_zero[operand(t, link->a)] || is_zero[operand(t, link->b)]);
}

static pare_status take_link(const taker *t, const pare_links *links, const pare_link *link)
{
    pare_axes_work *w = t->w;
    if (link->kind == PARE_LINK_RESHAPE) return take_regroup(t, links, link);
    const uint32_t a = axis_of(t, link->a);
    if (link->kind == PARE_LINK_FREE || is_exact(t, link)) {
        PARE_TRY(pare_grow(w->ctx, &w->free, &w->free_cap, w->n_free + 1, sizeof(*w->free)));
        w->free[w->n_free++] = a;
        return PARE_OK;
    }
    const bool has_b = link->kind == PARE_LINK_TIE || link->kind == PARE_LINK_INNER ||
                       link->kind == PARE_LINK_OUTER;
    const pare_axis_tie tie = { .kind = link->kind, .a = a, .b = has_b ? axis_of(t, link->b) : 0,
                                .start = link->start, .a_block = link->a_block,
                                .b_block = link->b_block, .why = link->why };
    return add_tie(w, &tie);
}

static pare_status touch(pare_axes_work *w, pare_value_id v)
{
    const pare_axes_found *f = w->found;
    if (v == PARE_NONE) return PARE_OK;
    const uint32_t n = f->first_axis[v + 1] - f->first_axis[v];
    PARE_TRY(pare_grow(w->ctx, &w->touched, &w->touched_cap, w->n_touched + n,
                       sizeof(*w->touched)));
    for (uint32_t k = 0; k < n; k++) w->touched[w->n_touched++] = f->first_axis[v] + k;
    return PARE_OK;
}

static pare_status take_follows(const taker *t, const pare_links *links)
{
    pare_axes_found *f = t->w->found;
    for (size_t i = 0; i < links->n_follows; i++) {
        const pare_follow *follow = &links->follows[i];
        if (!pare_arena_grow(&f->arena, &f->follows, &t->w->follows_cap, f->n_follows + 1,
                             sizeof(*f->follows)))
            return pare_arena_fail(t->w->ctx, &f->arena);
        const pare_axis_follow follows = { t->node, *follow, axis_of(t, follow->of) };
        f->follows[f->n_follows++] = follows;
        if (follow->kind == PARE_FOLLOW_COUNT ||
            pare_follow_is_constant(t->w->model, f, &follows))
            continue; /* counts that are computed follow by themselves, or pare_axes_settle finds
                         out */
        const pare_axis_tie freeze = { .kind = PARE_LINK_FREEZE, .a = follows.axis,
                                       .why = "its bounds are computed" };
        PARE_TRY(add_tie(t->w, &freeze));
    }
    return PARE_OK;
}

static pare_axis_node begin(const pare_axes_work *w, pare_node_id node, const char *why)
{
    return (pare_axis_node){ .node = node, .first_tie = (uint32_t)w->n_ties,
                             .first_touched = (uint32_t)w->n_touched,
                             .first_free = (uint32_t)w->n_free, .why = why };
}

static pare_status end(pare_axes_work *w, pare_axis_node *said)
{
    const pare_node *n = &w->model->nodes[said->node];
    for (uint32_t i = 0; i < n->n_inputs; i++) PARE_TRY(touch(w, n->inputs[i].value));
    for (uint32_t i = 0; i < n->n_outputs; i++) PARE_TRY(touch(w, n->outputs[i]));
    said->end_tie = (uint32_t)w->n_ties;
    said->end_touched = (uint32_t)w->n_touched;
    said->end_free = (uint32_t)w->n_free;
    PARE_TRY(pare_grow(w->ctx, &w->nodes, &w->nodes_cap, w->n_nodes + 1, sizeof(*w->nodes)));
    w->nodes[w->n_nodes++] = *said;
    return PARE_OK;
}

static pare_status take(void *user, const pare_links *links, const char *why)
{
    const taker *t = user;
    pare_axes_work *w = t->w;
    pare_axis_node said = begin(w, t->node, why);
    bool is_computed_with = false;
    if (!why && !*links->call->op->domain && pare_str_eq(links->call->op->name, "Shape"))
        PARE_TRY(pare_axes_size_matters(w, t->node, &is_computed_with));
    if (is_computed_with) said.why = "its size is computed with";
    for (size_t i = 0; i < links->n && !is_computed_with; i++)
        PARE_TRY(take_link(t, links, &links->items[i]));
    PARE_TRY(take_follows(t, links));
    pare_axes_note_zeros(w, t->node);
    return end(w, &said);
}

/* --- branches --------------------------------------------------------------------------------- */

/* An output of If and what a branch gives for it are one. */
static pare_status tie_result(pare_axes_work *w, pare_value_id given, pare_value_id result)
{
    const pare_axes_found *f = w->found;
    if (given == PARE_NONE || result == PARE_NONE) return PARE_OK;
    const uint32_t a = f->first_axis[given], b = f->first_axis[result];
    const uint32_t rank = f->first_axis[given + 1] - a;
    PARE_TRY(touch(w, given));
    for (uint32_t k = 0; k < rank && rank == f->first_axis[result + 1] - b; k++) {
        const pare_axis_tie tie = { .kind = PARE_LINK_TIE, .a = a + k, .b = b + k };
        const int64_t n = pare_axis_extent(w, a + k);
        if (n && n == pare_axis_extent(w, b + k)) PARE_TRY(add_tie(w, &tie));
    }
    return PARE_OK;
}

static pare_status collect_graph(pare_axes_work *w, const pare_graph *graph);

static pare_status collect_branches(pare_axes_work *w, pare_node_id node)
{
    const pare_node *n = &w->model->nodes[node];
    const pare_graph *bodies[2];
    uint32_t n_bodies = 0;
    for (uint32_t i = 0; i < n->n_attrs; i++)
        if (n->attrs[i]->type == PARE_ATTR_GRAPH && n_bodies < 2)
            bodies[n_bodies++] = n->attrs[i]->graphs[0];
    for (uint32_t i = 0; i < n_bodies; i++) PARE_TRY(collect_graph(w, bodies[i]));
    pare_axis_node said = begin(w, node, "its branches give other sizes");
    for (uint32_t i = 0; i < n_bodies; i++)
        for (uint32_t o = 0; o < n->n_outputs && o < bodies[i]->outputs.n; o++)
            PARE_TRY(tie_result(w, bodies[i]->outputs.items[o].value, n->outputs[o]));
    return end(w, &said);
}

static pare_status collect_graph(pare_axes_work *w, const pare_graph *graph)
{
    pare_node_id *order = NULL;
    pare_status st = pare_graph_order(w->ctx, &order, graph);
    for (uint32_t i = 0; !st && i < graph->n_nodes; i++) {
        taker t = { w, order[i] };
        const pare_node *n = &w->model->nodes[order[i]];
        if (!*pare_node_domain(n) && pare_str_eq(n->op_type, "If"))
            st = collect_branches(w, order[i]);
        else
            st = pare_links_of(w->ctx, w->model, order[i], w->shapes, take, &t);
    }
    pare_free(w->ctx, order);
    return st;
}

pare_status pare_axes_collect(pare_axes_work *w)
{
    PARE_TRY(make_axes(w));
    PARE_TRY(pare_axes_begin_zeros(w));
    return collect_graph(w, w->model->graph);
}
