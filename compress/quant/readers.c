#include "quant/readers.h"

#include "base/bytes.h"
#include "ir/order.h"

static bool is_standard(const pare_node *n, const char *op)
{
    return !*pare_node_domain(n) && pare_str_eq(pare_str_or_empty(n->op_type), op);
}

/* --- one tensor ------------------------------------------------------------------------------- */

/* A matrix whose rows are what is summed, or looked up. */
static pare_linear rows_of(pare_linear_kind kind, pare_node_id node, pare_value_id weight,
                           const pare_tensor *w)
{
    return (pare_linear){
        .kind = kind, .node = node, .weight = weight, .bias = PARE_NONE, .factor = 1,
        .bias_factor = 1, .out = w->dims[0], .in = w->dims[1], .group = 1, .taps = 1,
        .at_group = w->n_elements, .at_out = w->dims[1], .at_in = 1, .at_tap = 1,
        .weight_axis = 0, .input_axis = -1, .output_axis = -1,
    };
}

static bool is_table(const pare_node *n, uint32_t slot, const pare_tensor *w)
{
    if (!is_standard(n, "Gather") || slot != 0 || w->rank != 2) return false;
    const pare_attr *axis = pare_node_attr(n, "axis");
    return !axis || (axis->type == PARE_ATTR_INT && !axis->ref_name &&
                     (axis->ints[0] == 0 || axis->ints[0] == -2));
}

static bool swaps_axes(const pare_node *n, const pare_tensor *w)
{
    if (!is_standard(n, "Transpose") || w->rank != 2) return false;
    const pare_attr *perm = pare_node_attr(n, "perm");
    return !perm || (perm->type == PARE_ATTR_INTS && !perm->ref_name && perm->n == 2 &&
                     perm->ints[0] == 1);
}

static pare_status add(pare_ctx *ctx, pare_weight_readers *out, const pare_weight_reader *reader)
{
    PARE_TRY(pare_grow(ctx, &out->items, &out->cap, out->n + 1, sizeof(*out->items)));
    out->items[out->n++] = *reader;
    return PARE_OK;
}

/* The readers behind a Transpose, if all of them are matrix products with it; else the Transpose
 * itself. */
static pare_status add_transposed(pare_ctx *ctx, pare_weight_readers *out, const pare_model *model,
                                  pare_value_id weight, pare_node_id transpose)
{
    const pare_tensor *w = model->values[weight].tensor;
    const pare_value *y = &model->values[model->nodes[transpose].outputs[0]];
    bool all = y->n_uses > 0;
    for (const pare_use *u = y->first_use; u; u = u->next)
        all &=
            u->user != PARE_NONE && u->slot == 1 && is_standard(&model->nodes[u->user], "MatMul");
    if (!all) {
        const pare_weight_reader other = { PARE_READER_OTHER, transpose, PARE_NONE, { 0 } };
        return add(ctx, out, &other);
    }
    for (const pare_use *u = y->first_use; u; u = u->next) {
        const pare_weight_reader r = { PARE_READER_PRODUCT, u->user, transpose,
                                       rows_of(PARE_LINEAR_MATMUL, u->user, weight, w) };
        PARE_TRY(add(ctx, out, &r));
    }
    return PARE_OK;
}

static pare_status add_reader(pare_ctx *ctx, pare_weight_readers *out, const pare_model *model,
                              pare_value_id weight, const pare_use *use)
{
    const pare_tensor *w = model->values[weight].tensor;
    pare_weight_reader r = { PARE_READER_OTHER, use->user, PARE_NONE, { 0 } };
    if (use->user == PARE_NONE) return add(ctx, out, &r);
    const pare_node *n = &model->nodes[use->user];
    if (swaps_axes(n, w)) return add_transposed(ctx, out, model, weight, use->user);
    if (is_table(n, use->slot, w)) {
        r.kind = PARE_READER_TABLE;
        r.linear = rows_of(PARE_LINEAR_GEMM, use->user, weight, w);
    } else if (use->slot == 1 && pare_linear_of(ctx, &r.linear, model, use->user) &&
               n->inputs[0].value != weight) {
        r.kind = PARE_READER_PRODUCT;
    }
    return add(ctx, out, &r);
}

pare_status pare_find_readers(pare_ctx *ctx, pare_weight_readers *out, const pare_model *model,
                              pare_value_id weight)
{
    out->n = 0;
    for (const pare_use *u = model->values[weight].first_use; u; u = u->next)
        PARE_TRY(add_reader(ctx, out, model, weight, u));
    return PARE_OK;
}

/* --- first and last products ------------------------------------------------------------------ */

/* Whether a node multiplies by weights; tables count where `tables`. */
static bool has_weights(pare_ctx *ctx, const pare_model *model, pare_node_id node, bool tables)
{
    const pare_node *n = &model->nodes[node];
    pare_linear l;
    if (pare_linear_of(ctx, &l, model, node) || is_standard(n, "LSTM") || is_standard(n, "GRU") ||
        is_standard(n, "RNN"))
        return true;
    const pare_value_id table = n->n_inputs ? n->inputs[0].value : PARE_NONE;
    if (tables && table != PARE_NONE && model->values[table].tensor &&
        is_table(n, 0, model->values[table].tensor))
        return true;
    if (!is_standard(n, "MatMul") || n->n_inputs < 2 || n->inputs[1].value == PARE_NONE)
        return false;
    const pare_node_id maker = model->values[n->inputs[1].value].producer;
    if (maker == PARE_NONE || !model->nodes[maker].n_inputs) return false;
    const pare_value_id w = model->nodes[maker].inputs[0].value;
    return w != PARE_NONE && model->values[w].tensor &&
           swaps_axes(&model->nodes[maker], model->values[w].tensor);
}

/* Graphs inside of a node may hold products. */
static bool has_graphs(const pare_node *n)
{
    for (uint32_t i = 0; i < n->n_attrs; i++)
        if (n->attrs[i]->type == PARE_ATTR_GRAPH || n->attrs[i]->type == PARE_ATTR_GRAPHS)
            return true;
    return false;
}

typedef struct ends {
    pare_ctx *ctx;
    const pare_model *model;
    bool *seen;               /* by value: has a product before (behind) it */
    bool *is_end;
} ends;

static void mark_first(const ends *e, pare_node_id node)
{
    const pare_node *n = &e->model->nodes[node];
    bool behind = false;
    for (uint32_t i = 0; i < n->n_inputs; i++)
        if (n->inputs[i].value != PARE_NONE) behind |= e->seen[n->inputs[i].value];
    pare_linear l;
    if (!behind && pare_linear_of(e->ctx, &l, e->model, node)) e->is_end[node] = true;
    behind |= has_weights(e->ctx, e->model, node, true) || has_graphs(n);
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE) e->seen[n->outputs[i]] = behind;
}

static void mark_last(const ends *e, pare_node_id node)
{
    const pare_node *n = &e->model->nodes[node];
    bool before = false;
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE) before |= e->seen[n->outputs[i]];
    const bool has = has_weights(e->ctx, e->model, node, false);
    if (!before && has) e->is_end[node] = true;
    before |= has || has_graphs(n);
    for (uint32_t i = 0; before && i < n->n_inputs; i++)
        if (n->inputs[i].value != PARE_NONE) e->seen[n->inputs[i].value] = true;
}

pare_status pare_find_ends(pare_ctx *ctx, bool *is_end, const pare_model *model)
{
    pare_node_id *order = NULL;
    const size_t n = model->graph->n_nodes;
    for (size_t i = 0; i < model->n_nodes; i++) is_end[i] = false;
    PARE_TRY(pare_graph_order(ctx, &order, model->graph));
    ends e = { ctx, model, pare_alloc_zero(ctx, model->n_values + 1), is_end };
    for (size_t i = 0; e.seen && i < n; i++) mark_first(&e, order[i]);
    for (size_t v = 0; e.seen && v < model->n_values; v++) e.seen[v] = false;
    for (size_t i = n; e.seen && i-- > 0;) mark_last(&e, order[i]);
    const pare_status st = e.seen ? PARE_OK : pare_fail_memory(ctx, model->n_values + 1);
    pare_free(ctx, e.seen);
    pare_free(ctx, order);
    return st;
}
