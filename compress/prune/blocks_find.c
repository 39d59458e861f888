#include "prune/blocks_find.h"

#include "base/bytes.h"
#include "ir/graph.h"
#include "ir/order.h"
#include "op/linear.h"
#include "op/wide.h"

#include <math.h>
#include <string.h>

/* --- what only a branch needs ----------------------------------------------------------------- */

/* Nodes that go when one input of a sum does. */
typedef struct cone {
    pare_ctx *ctx;
    const pare_model *model;
    const pare_node_id *order; /* [n] */
    const uint32_t *place;    /* by node: where it stands in the order */
    bool *is_in;              /* by node */
    uint32_t n_nodes, n_products;
    double square;            /* of weights */
    pare_linear last;         /* product, in the order of execution */
} cone;

static pare_status add_square(pare_ctx *ctx, pare_tensor *t, double *sum)
{
    pare_tensor *dense = NULL;
    pare_wide_block x;
    if (!pare_wide_of(t->dtype)) return PARE_OK;
    PARE_TRY(pare_tensor_densify(ctx, &dense, t));
    for (int64_t i = 0; i < dense->n_elements; i += PARE_WIDE_BLOCK) {
        const int64_t rest = dense->n_elements - i;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        pare_wide_load_as(PARE_WIDE_F64, dense->dtype, dense->payload.data, i, 1, n, x.f64);
        for (int64_t k = 0; k < n; k++) *sum += x.f64[k] * x.f64[k];
    }
    pare_tensor_unref(dense);
    return PARE_OK;
}

/* Whether all that uses the node's outputs goes, too. */
static bool is_only_for(const cone *c, const pare_node *n, pare_node_id sum, uint32_t slot)
{
    bool is_used = false;
    for (uint32_t o = 0; o < n->n_outputs; o++) {
        if (n->outputs[o] == PARE_NONE) continue;
        for (const pare_use *u = c->model->values[n->outputs[o]].first_use; u; u = u->next) {
            const bool is_branch = u->user == sum && u->slot == slot;
            is_used = true;
            if (u->user == PARE_NONE || u->graph != c->model->graph) return false;
            if (!is_branch && !c->is_in[u->user]) return false;
        }
    }
    return is_used;
}

/* Back from the sum, against the order: each node after all that it is needed for. */
static pare_status grow(cone *c, pare_node_id sum, uint32_t slot)
{
    memset(c->is_in, 0, c->model->n_nodes * sizeof(*c->is_in));
    c->n_nodes = c->n_products = 0;
    c->square = 0;
    for (uint32_t i = c->place[sum]; i-- > 0;) {
        const pare_node_id id = c->order[i];
        pare_linear l;
        if (!is_only_for(c, &c->model->nodes[id], sum, slot)) continue;
        c->is_in[id] = true;
        c->n_nodes++;
        if (!pare_linear_of(c->ctx, &l, c->model, id)) continue;
        if (!c->n_products++) c->last = l;
        PARE_TRY(add_square(c->ctx, c->model->values[l.weight].tensor, &c->square));
    }
    return PARE_OK;
}

/* --- sums ------------------------------------------------------------------------------------- */

static bool is_float(const pare_info *x)
{
    return x->dtype == PARE_FLOAT || x->dtype == PARE_FLOAT16 || x->dtype == PARE_DOUBLE;
}

static bool alike(const pare_info *a, const pare_info *b)
{
    if (!pare_info_has_rank(a) || !pare_info_has_rank(b) || a->rank != b->rank || !is_float(a))
        return false;
    for (uint32_t k = 0; k < a->rank; k++)
        if (!pare_num_equal(a->dims[k], b->dims[k])) return false;
    return a->dtype == b->dtype;
}

static bool is_sum(const pare_model *m, const pare_shapes *shapes, const pare_node *n)
{
    const bool is_named = n->op_type && !*pare_node_domain(n) &&
                          (pare_str_eq(n->op_type, "Add") || pare_str_eq(n->op_type, "Sum"));
    if (!is_named || n->n_inputs != 2 || n->n_outputs != 1 || n->outputs[0] == PARE_NONE)
        return false;
    for (uint32_t i = 0; i < 2; i++) {
        const pare_value_id x = n->inputs[i].value;
        if (x == PARE_NONE || m->values[x].tensor ||
            !alike(pare_shapes_of(shapes, x), pare_shapes_of(shapes, n->outputs[0])))
            return false;
    }
    return n->inputs[0].value != n->inputs[1].value;
}

static void describe(const cone *c, const pare_info *y, pare_residual *block)
{
    block->n_nodes = c->n_nodes;
    block->norm = sqrt(c->square);
    block->dtype = y->dtype;
    block->rank = y->rank;
    block->channel_axis = c->last.output_axis < 0 ? y->rank - 1 : (uint32_t)c->last.output_axis;
    const pare_num n = y->dims[block->channel_axis];
    block->n_channels = n.kind == PARE_NUM_INT ? n.i : 0;
}

/* *found: whether there is one. */
static pare_status find_branch(cone *c, const pare_shapes *shapes, pare_node_id sum,
                               pare_residual *out, bool *found)
{
    const pare_node *n = &c->model->nodes[sum];
    uint32_t most = 0;
    *found = false;
    if (!is_sum(c->model, shapes, n)) return PARE_OK;
    for (uint32_t slot = 0; slot < 2; slot++) {
        PARE_TRY(grow(c, sum, slot));
        if (c->n_products <= most) continue;
        most = c->n_products;
        *found = true;
        *out = (pare_residual){ .sum = sum, .branch_slot = slot };
        describe(c, pare_shapes_of(shapes, n->outputs[0]), out);
    }
    return PARE_OK;
}

pare_status pare_residuals_find(pare_ctx *ctx, pare_residual **out, size_t *n,
                                const pare_model *model, const pare_shapes *shapes)
{
    const uint32_t n_nodes = model->graph->n_nodes;
    pare_node_id *order = NULL;
    *out = NULL;
    *n = 0;
    PARE_TRY(pare_graph_order(ctx, &order, model->graph));
    uint32_t *place = pare_alloc_zero(ctx, (model->n_nodes + 1) * sizeof(*place));
    cone c = { .ctx = ctx, .model = model, .order = order, .place = place,
               .is_in = pare_alloc_zero(ctx, model->n_nodes + 1) };
    *out = pare_alloc(ctx, (n_nodes + 1) * sizeof(**out));
    pare_status st = PARE_OK;
    if (!place || !c.is_in || !*out) st = pare_fail_memory(ctx, n_nodes * sizeof(**out));
    for (uint32_t i = 0; !st && i < n_nodes; i++) place[order[i]] = i;
    for (uint32_t i = 0; !st && i < n_nodes; i++) {
        bool found = false;
        st = find_branch(&c, shapes, order[i], &(*out)[*n], &found);
        *n += found;
    }
    if (st) pare_free(ctx, *out);
    if (st) *out = NULL;
    pare_free(ctx, order);
    pare_free(ctx, place);
    pare_free(ctx, c.is_in);
    return st;
}

/* --- leaving away ----------------------------------------------------------------------------- */

static pare_status set_mean(pare_ctx *ctx, pare_model *model, const pare_residual *block,
                            pare_tensor **t, const double *mean)
{
    uint8_t *data = NULL;
    pare_value_id v = PARE_NONE;
    PARE_TRY(pare_tensor_own(ctx, t, &data));
    pare_wide_store_as(PARE_WIDE_F64, PARE_STORE_DEFAULT, block->dtype, data, 0, block->n_channels,
                       mean);
    PARE_TRY(pare_value_derive(ctx, &v, model->graph, "block_mean"));
    PARE_TRY(pare_value_set_tensor(ctx, model, v, *t));
    return pare_node_set_input(ctx, model, block->sum, block->branch_slot, v);
}

pare_status pare_residual_drop(pare_ctx *ctx, pare_model *model, const pare_residual *block,
                               const double *mean)
{
    const pare_node *n = &model->nodes[block->sum];
    const uint32_t rank = block->rank - block->channel_axis; /* from the axis of channels on */
    int64_t dims[PARE_MAX_DIMS];
    pare_tensor *t = NULL;
    if (!mean)
        return pare_value_replace_uses(ctx, model, n->outputs[0],
                                       n->inputs[!block->branch_slot].value);
    for (uint32_t k = 0; k < rank; k++) dims[k] = k ? 1 : block->n_channels;
    PARE_TRY(pare_tensor_new(ctx, &t, block->dtype, rank, dims));
    const pare_status st = set_mean(ctx, model, block, &t, mean);
    pare_tensor_unref(t);
    return st;
}
