#include "support/quantized.h"

#include "ir/build.h"
#include "ir/order.h"
#include "op/infer.h"

#include <string.h>

typedef struct quantizer {
    pare_builder b;
    pare_model *model;
    pare_shapes *shapes;
    pare_value_id scale;
    pare_value_id zero[PARE_N_DTYPES];
} quantizer;

static pare_value_id zero_of(quantizer *q, pare_dtype dtype)
{
    pare_tensor *tensor = NULL;
    if (q->b.status) return PARE_NONE;
    if (q->zero[dtype] == PARE_NONE) {
        q->b.status = pare_tensor_new(q->b.ctx, &tensor, dtype, 0, NULL);
        if (!q->b.status) q->zero[dtype] = pare_build_const(&q->b, "zero", tensor);
    }
    return q->zero[dtype];
}

/* Points a weight or bias at integers of its shape, all 0, that are dequantized. */
static void quantize_constant(quantizer *q, pare_node_id node, uint32_t slot, pare_dtype dtype)
{
    const pare_node *n = &q->model->nodes[node];
    if (q->b.status || slot >= n->n_inputs || n->inputs[slot].value == PARE_NONE) return;
    const pare_tensor *old = q->model->values[n->inputs[slot].value].tensor;
    pare_tensor *tensor = NULL;
    if (!old || old->dtype != PARE_FLOAT) return;
    q->b.status = pare_tensor_new(q->b.ctx, &tensor, dtype, old->rank, old->dims);
    if (q->b.status) return;
    const pare_value_id w = pare_build_const(&q->b, "weights", tensor);
    const pare_value_id d = pare_emit(&q->b, "DequantizeLinear", w, q->scale, zero_of(q, dtype));
    if (q->b.status) return;
    q->b.status = pare_node_set_input(q->b.ctx, q->model, node, slot, d);
}

/* A node that makes a value which is there already. */
static void put_node(quantizer *q, const char *op, pare_value_id from, pare_value_id zero,
                     pare_value_id to)
{
    pare_emit(&q->b, op, from, q->scale, zero);
    if (q->b.status) return;
    const pare_value_id made = pare_build_out(&q->b, 0);
    pare_value_detach(q->model, made);
    q->b.status = pare_value_remove(q->b.ctx, q->model, made);
    if (!q->b.status) q->b.status = pare_node_set_output(q->b.ctx, q->model, q->b.last, 0, to);
}

static bool is_weighted(const pare_node *n)
{
    return !strcmp(n->op_type, "Conv") || !strcmp(n->op_type, "Gemm") ||
           !strcmp(n->op_type, "MatMul");
}

/* Whether one node alone reads the value, and fuses with what makes it. */
static bool is_inside(const quantizer *q, pare_value_id value)
{
    const pare_value *v = &q->model->values[value];
    if (v->n_uses != 1 || v->first_use->user == PARE_NONE || v->producer == PARE_NONE) return false;
    const char *by = q->model->nodes[v->first_use->user].op_type;
    return !strcmp(by, "Relu") || !strcmp(by, "Clip");
}

/* Declares a value to be of another element type, where it is declared at all. */
static pare_status set_dtype(pare_ctx *ctx, pare_model *model, pare_value_id value,
                             pare_dtype dtype)
{
    const pare_type *type = model->values[value].type;
    pare_type *copy = type ? pare_arena_copy(&model->arena, type, sizeof(*type)) : NULL;
    if (type && !copy) return pare_arena_fail(ctx, &model->arena);
    if (!copy) return PARE_OK;
    copy->dtype = dtype;
    pare_value_set_type(model, value, copy);
    return PARE_OK;
}

/* The value that comes in is int8 from now on; what reads it reads what is dequantized. */
static void quantize_input(quantizer *q, pare_value_id value)
{
    pare_value_id x = PARE_NONE;
    if (q->b.status || pare_shapes_of(q->shapes, value)->dtype != PARE_FLOAT) return;
    const pare_value_id zero = zero_of(q, PARE_INT8);
    if (!q->b.status) q->b.status = pare_value_derive(q->b.ctx, &x, q->b.graph, "dequantized");
    if (!q->b.status) q->b.status = pare_value_replace_uses(q->b.ctx, q->model, value, x);
    if (q->b.status) return;
    q->b.status = set_dtype(q->b.ctx, q->model, value, PARE_INT8);
    put_node(q, "DequantizeLinear", value, zero, x);
}

static bool is_output(const quantizer *q, pare_value_id value)
{
    const pare_value *v = &q->model->values[value];
    return v->n_uses == 1 && v->first_use->user == PARE_NONE;
}

static void quantize_value(quantizer *q, pare_value_id value)
{
    pare_value_id x = PARE_NONE;
    if (q->b.status || is_inside(q, value)) return;
    if (pare_shapes_of(q->shapes, value)->dtype != PARE_FLOAT) return;
    const bool goes_out = is_output(q, value);
    const pare_value_id zero = zero_of(q, PARE_INT8);
    if (!q->b.status) q->b.status = pare_value_derive(q->b.ctx, &x, q->b.graph, "quantized");
    if (!q->b.status) q->b.status = pare_value_replace_uses(q->b.ctx, q->model, value, x);
    if (q->b.status) return;
    if (goes_out) {
        q->b.status = set_dtype(q->b.ctx, q->model, x, PARE_INT8);
        put_node(q, "QuantizeLinear", value, zero, x);
        return;
    }
    const pare_value_id y = pare_emit(&q->b, "QuantizeLinear", value, q->scale, zero);
    put_node(q, "DequantizeLinear", y, zero, x);
}

/* What is left of a batch norm once it is in the weights: nothing. */
static void drop_batch_norm(quantizer *q, pare_node_id node)
{
    const pare_node *n = &q->model->nodes[node];
    if (q->b.status || strcmp(n->op_type, "BatchNormalization")) return;
    q->b.status = pare_value_replace_uses(q->b.ctx, q->model, n->outputs[0], n->inputs[0].value);
    if (!q->b.status) q->b.status = pare_node_remove(q->b.ctx, q->model, node);
}

pare_status test_quantize(pare_ctx *ctx, pare_model *model, bool activations)
{
    quantizer q = { .model = model };
    PARE_TRY(pare_infer(ctx, &q.shapes, model, NULL));
    pare_builder_init(&q.b, ctx, model->graph);
    for (int i = 0; i < PARE_N_DTYPES; i++) q.zero[i] = PARE_NONE;
    const size_t n_nodes = model->n_nodes;
    q.scale = pare_build_scalar(&q.b, "scale", 0.1f);
    for (size_t i = 0; i < n_nodes; i++)
        if (model->nodes[i].graph) drop_batch_norm(&q, (pare_node_id)i);
    for (size_t i = 0; i < n_nodes; i++) {
        if (!model->nodes[i].graph || !is_weighted(&model->nodes[i])) continue;
        quantize_constant(&q, (pare_node_id)i, 1, PARE_INT8);
        if (activations) quantize_constant(&q, (pare_node_id)i, 2, PARE_INT32);
    }
    for (size_t i = 0; activations && i < model->graph->inputs.n; i++)
        quantize_input(&q, model->graph->inputs.items[i].value);
    for (size_t i = 0; activations && i < n_nodes; i++)
        if (model->nodes[i].graph && model->nodes[i].n_outputs == 1)
            quantize_value(&q, model->nodes[i].outputs[0]);
    if (!q.b.status) q.b.status = pare_graph_sort(ctx, model->graph);
    pare_shapes_free(ctx, q.shapes);
    return q.b.status;
}

static pare_status halve_weight(pare_ctx *ctx, pare_model *model, pare_value_id id)
{
    const pare_tensor *old = model->values[id].tensor;
    pare_tensor *half = NULL;
    if (!old || old->dtype != PARE_FLOAT) return PARE_OK;
    PARE_TRY(pare_tensor_new(ctx, &half, PARE_FLOAT16, old->rank, old->dims));
    const pare_status st = pare_value_set_tensor(ctx, model, id, half);
    pare_tensor_unref(half);
    return st;
}

static pare_status halve_decls(pare_ctx *ctx, pare_model *model, const pare_decls *decls)
{
    for (size_t i = 0; i < decls->n; i++)
        if (decls->items[i].type && decls->items[i].type->dtype == PARE_FLOAT)
            PARE_TRY(set_dtype(ctx, model, decls->items[i].value, PARE_FLOAT16));
    return PARE_OK;
}

pare_status test_halve(pare_ctx *ctx, pare_model *model)
{
    for (size_t i = 0; i < model->graph->initializers.n; i++)
        PARE_TRY(halve_weight(ctx, model, model->graph->initializers.items[i]));
    PARE_TRY(halve_decls(ctx, model, &model->graph->inputs));
    return halve_decls(ctx, model, &model->graph->outputs);
}
