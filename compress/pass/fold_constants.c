#include "pass/pass.h"

#include "base/budget.h"
#include "base/checked.h"
#include "ir/graph.h"
#include "ir/order.h"
#include "op/eval.h"
#include "op/infer.h"

/* Replaces nodes whose outputs are always the same by those outputs: nodes with constant inputs,
 * which are computed as they are defined, and nodes that compute with shapes that are known. In the
 * main graph the outputs become initializers; in nested graphs and functions, where they are
 * outputs of the graph, and below IR version 4, Constant nodes.
 *
 * A fold shall not make the model bigger: outputs may take SPARE_BYTES more than the constants that
 * nothing else uses, and which go with the node. So ConstantOfShape, Expand, Range or Tile of
 * something large stay, and so does Transpose of a weight that others use as it is. Quantized
 * constants stay quantized: DequantizeLinear is not folded. */

enum { SPARE_BYTES = 512, MAX_NODE_INPUTS = 4096 }; /* 64 integers: what shapes are made of */

typedef struct folder {
    pare_ctx *ctx;
    pare_model *model;
    const pare_pass_opts *opts;
    pare_pass_stats *stats;
    pare_budget budget;
    pare_ctx eval_ctx;        /* whose allocator is the budget's */
    pare_tensor **known;      /* by value handle: what Constant nodes give; one reference each */
    size_t n_known;
    pare_shapes *shapes;      /* of the model as it was */
} folder;

/* Operators that give something else each time, and those that are to stay. */
static bool is_kept(const pare_node *n)
{
    if (pare_node_is_random(n) ||
        pare_str_eq(pare_str_or_empty(n->op_type), "DequantizeLinear"))
        return true;
    for (uint32_t i = 0; i < n->n_attrs; i++) {
        const pare_attr_type type = n->attrs[i]->type;
        if (type == PARE_ATTR_GRAPH || type == PARE_ATTR_GRAPHS || n->attrs[i]->ref_name)
            return true;
    }
    return false;
}

static bool is_constant_node(const pare_node *n)
{
    return !*pare_node_domain(n) && pare_str_eq(pare_str_or_empty(n->op_type), "Constant");
}

/* --- what is constant ------------------------------------------------------------------------- */

/* The tensor that a value always is, or NULL. Before IR version 4 initializers are inputs as well,
 * and yet not meant to be overridden. */
static pare_tensor *constant_of(const folder *f, pare_value_id id)
{
    const pare_value *v = &f->model->values[id];
    if (v->tensor && v->is_input && f->model->ir_version >= 4) return NULL;
    for (size_t i = 0; i < f->opts->n_variable; i++)
        if (f->opts->variable[i] == id) return NULL;
    return v->tensor ? v->tensor : f->known[id];
}

/* Bytes of the constant inputs that only this node uses. */
static uint64_t bytes_that_go(const folder *f, pare_node_id id)
{
    const pare_node *n = &f->model->nodes[id];
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_value_id value = n->inputs[i].value;
        if (value == PARE_NONE || !constant_of(f, value)) continue;
        const pare_value *v = &f->model->values[value];
        bool goes = !v->is_input;
        for (const pare_use *u = v->first_use; u; u = u->next)
            if (u->user != id || u->slot < i) goes = false; /* others', or counted before */
        if (goes) sum += pare_tensor_size_bytes(constant_of(f, value));
    }
    return sum;
}

/* Bytes that the outputs of a node may take. */
static uint64_t bytes_allowed(const folder *f, pare_node_id id)
{
    const pare_node *n = &f->model->nodes[id];
    uint64_t sum = 0;
    if (!f->opts->may_grow) return bytes_that_go(f, id) + SPARE_BYTES;
    for (uint32_t i = 0; i < n->n_inputs; i++)
        if (n->inputs[i].value != PARE_NONE)
            sum += pare_tensor_size_bytes(constant_of(f, n->inputs[i].value));
    return sum < PARE_PASS_GROWTH_BYTES ? PARE_PASS_GROWTH_BYTES : sum;
}

/* Bytes that a value is known to take; 0 when that is not known. */
static uint64_t bytes_of(const folder *f, pare_value_id id)
{
    const pare_info *info = pare_shapes_of(f->shapes, id);
    int64_t n = 1;
    uint64_t n_bytes = 0;
    if (!pare_info_has_rank(info)) return 0;
    for (uint32_t i = 0; i < info->rank; i++) {
        if (info->dims[i].kind != PARE_NUM_INT) return 0;
        if (!pare_mul_i64(n, info->dims[i].i, &n)) return UINT64_MAX;
    }
    return pare_dtype_size_bytes(info->dtype, n, &n_bytes) ? n_bytes : 0;
}

/* --- putting constants into place ------------------------------------------------------------- */

static bool is_graph_output(const pare_model *model, pare_value_id id)
{
    for (const pare_use *u = model->values[id].first_use; u; u = u->next)
        if (u->user == PARE_NONE) return true;
    return false;
}

static bool becomes_initializer(const folder *f, pare_value_id id)
{
    return f->model->values[id].graph == f->model->graph && f->model->ir_version >= 4 &&
           !is_graph_output(f->model, id);
}

/* Whether a Constant node can hold the tensor: before opset 9 it knew floats alone. */
static bool fits_node(const pare_graph *graph, const pare_tensor *t)
{
    const int64_t version = pare_opset_version(pare_graph_opsets(graph), "");
    const bool was_first = t->dtype == PARE_FLOAT || t->dtype == PARE_FLOAT16 ||
                           t->dtype == PARE_DOUBLE;
    return version >= 9 || (version >= 1 && was_first);
}

static pare_status make_node(folder *f, pare_value_id id, pare_node_id before, pare_tensor *tensor)
{
    pare_graph *graph = f->model->values[id].graph;
    const pare_node_spec spec = { .op_type = "Constant", .n_outputs = 1, .before = before };
    pare_node_id node = PARE_NONE;
    PARE_TRY(pare_node_new(f->ctx, &node, graph, &spec));
    PARE_TRY(pare_node_derive_name(f->ctx, f->model, node, f->model->values[id].name));
    const pare_attr *attr = pare_attr_tensor(f->model, "value", tensor);
    if (!attr) return pare_arena_fail(f->ctx, &f->model->arena);
    PARE_TRY(pare_node_set_attr(f->ctx, f->model, node, attr));
    return pare_node_set_output(f->ctx, f->model, node, 0, id);
}

/* Makes each used output of the node its constant and removes the node. */
static pare_status replace(folder *f, pare_node_id id, pare_tensor *const *tensors)
{
    const uint32_t n_outputs = f->model->nodes[id].n_outputs;
    for (uint32_t i = 0; i < n_outputs; i++) {
        const pare_value_id value = f->model->nodes[id].outputs[i];
        if (value == PARE_NONE || !f->model->values[value].n_uses) continue;
        pare_value_detach(f->model, value);
        if (becomes_initializer(f, value)) {
            PARE_TRY(pare_value_set_tensor(f->ctx, f->model, value, tensors[i]));
            continue;
        }
        PARE_TRY(make_node(f, value, id, tensors[i]));
        f->known[value] = pare_tensor_ref(tensors[i]);
    }
    PARE_TRY(pare_node_remove(f->ctx, f->model, id));
    f->stats->n_folded++;
    f->stats->n_nodes++;
    return PARE_OK;
}

/* --- computing -------------------------------------------------------------------------------- */

/* A copy that does not need the budget to live on. */
static pare_status keep(folder *f, pare_tensor **out, const pare_tensor *t)
{
    if (t->dtype != PARE_STRING)
        return pare_tensor_from(f->ctx, out, t->dtype, t->rank, t->dims, t->payload.data);
    const size_t head = (size_t)t->n_elements * sizeof(pare_bytes);
    pare_buf *buf = NULL;
    PARE_TRY(pare_buf_new(f->ctx, &buf, head + pare_tensor_size_bytes(t)));
    pare_bytes *strings = (void *)buf->data;
    uint8_t *text = buf->data + head;
    for (int64_t i = 0; i < t->n_elements; i++) {
        strings[i] = (pare_bytes){ text, t->strings[i].n };
        if (t->strings[i].n) memcpy(text, t->strings[i].data, t->strings[i].n);
        text += t->strings[i].n;
    }
    const pare_status st =
        pare_tensor_wrap_strings(f->ctx, out, t->rank, t->dims, strings, buf);
    pare_buf_unref(buf);
    return st;
}

/* Datums for the inputs, in the budget's context. *in has pointers, behind it the datums. */
static pare_status set_inputs(folder *f, pare_node_id id, const pare_datum **in, pare_datum *datums)
{
    const pare_node *n = &f->model->nodes[id];
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        if (n->inputs[i].value == PARE_NONE) continue;
        PARE_TRY(pare_tensor_densify(&f->eval_ctx, &datums[i].tensor,
                                     constant_of(f, n->inputs[i].value)));
        datums[i].kind = PARE_TYPE_TENSOR;
        in[i] = &datums[i];
    }
    return PARE_OK;
}

/* Bytes of the outputs that are used; UINT64_MAX when one cannot be kept. */
static uint64_t computed_bytes(const folder *f, pare_node_id id, const pare_datum *out)
{
    const pare_node *n = &f->model->nodes[id];
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        const pare_value_id value = n->outputs[i];
        if (value == PARE_NONE || !f->model->values[value].n_uses) continue;
        if (out[i].kind != PARE_TYPE_TENSOR) return UINT64_MAX;
        if (!becomes_initializer(f, value) && !fits_node(n->graph, out[i].tensor))
            return UINT64_MAX;
        sum += pare_tensor_size_bytes(out[i].tensor);
    }
    return sum;
}

static pare_status replace_by(folder *f, pare_node_id id, const pare_datum *out)
{
    const uint32_t n = f->model->nodes[id].n_outputs;
    pare_tensor **tensors = pare_alloc_zero(f->ctx, n * sizeof(*tensors));
    if (!tensors) return pare_fail_memory(f->ctx, n * sizeof(*tensors));
    pare_status st = PARE_OK;
    for (uint32_t i = 0; !st && i < n; i++)
        if (out[i].kind == PARE_TYPE_TENSOR) st = keep(f, &tensors[i], out[i].tensor);
    if (!st) st = replace(f, id, tensors);
    for (uint32_t i = 0; i < n; i++) pare_tensor_unref(tensors[i]);
    pare_free(f->ctx, tensors);
    return st;
}

/* A node that cannot be computed (an operator without eval, data that it refuses, too much memory)
 * stays as it is: the model says what it says. */
static bool is_final(const folder *f, pare_status st)
{
    if (st == PARE_ECANCELED) return true;
    return st == PARE_ENOMEM && !f->budget.refused_bytes;
}

static pare_status fold_node(folder *f, pare_node_id id, uint64_t max_bytes)
{
    const pare_node *n = &f->model->nodes[id];
    const uint32_t n_in = n->n_inputs, n_out = n->n_outputs;
    const size_t n_bytes = n_in * (sizeof(pare_datum) + sizeof(pare_datum *)) +
                           n_out * sizeof(pare_datum) + 1;
    pare_datum *out = pare_alloc_zero(f->ctx, n_bytes);
    if (!out) return pare_fail_memory(f->ctx, n_bytes);
    pare_datum *datums = out + n_out;
    const pare_datum **in = (void *)(datums + n_in);
    f->budget.refused_bytes = 0;
    pare_status st = set_inputs(f, id, in, datums);
    if (!st) st = pare_eval_node(&f->eval_ctx, f->model, id, in, out);
    if (!st && computed_bytes(f, id, out) <= max_bytes) st = replace_by(f, id, out);
    else if (st && !is_final(f, st)) st = PARE_OK;
    else if (st) pare_fail(f->ctx, st, "%s", f->eval_ctx.message);
    for (uint32_t i = 0; i < n_in; i++) pare_datum_drop(&f->eval_ctx, &datums[i]);
    for (uint32_t i = 0; i < n_out; i++) pare_datum_drop(&f->eval_ctx, &out[i]);
    pare_free(f->ctx, out);
    return st;
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* A Constant: noted, and in the main graph made an initializer, without a copy. */
static pare_status take_constant(folder *f, pare_node_id id)
{
    const pare_node *n = &f->model->nodes[id];
    const pare_attr *a = pare_node_attr(n, "value");
    if (n->n_outputs != 1 || n->outputs[0] == PARE_NONE || n->n_attrs != 1) return PARE_OK;
    const pare_value_id value = n->outputs[0];
    if (!a || a->type != PARE_ATTR_TENSOR || a->ref_name) /* value_ints, value_float, ... */
        return is_kept(n) || !becomes_initializer(f, value) ? PARE_OK
                                                            : fold_node(f, id, UINT64_MAX);
    pare_tensor *tensor = pare_tensor_ref(a->tensors[0]);
    pare_status st = PARE_OK;
    if (becomes_initializer(f, value)) st = replace(f, id, &tensor);
    else f->known[value] = pare_tensor_ref(tensor);
    pare_tensor_unref(tensor);
    return st;
}

/* Integers that follow from shapes alone, as in Shape of an input whose dims are declared. */
static pare_status fold_content(folder *f, pare_node_id id, bool *done)
{
    const pare_node *n = &f->model->nodes[id];
    int64_t wide[PARE_MAX_CONTENT], dims[PARE_MAX_DIMS];
    int32_t narrow[PARE_MAX_CONTENT];
    *done = false;
    if (n->graph != f->model->graph || n->n_outputs != 1) return PARE_OK;
    const pare_info *info = pare_shapes_of(f->shapes, n->outputs[0]);
    if (!pare_info_has_rank(info) || !info->content || !pare_info_ints(info, wide) ||
        info->rank > PARE_MAX_DIMS || (info->dtype != PARE_INT64 && info->dtype != PARE_INT32))
        return PARE_OK;
    for (uint32_t i = 0; i < info->rank; i++) dims[i] = info->dims[i].i; /* content: all known */
    for (uint32_t i = 0; i < info->n_content; i++) {
        narrow[i] = (int32_t)wide[i];
        if (info->dtype == PARE_INT32 && narrow[i] != wide[i]) return PARE_OK;
    }
    pare_tensor *tensor = NULL;
    PARE_TRY(pare_tensor_from(f->ctx, &tensor, info->dtype, info->rank, dims,
                              info->dtype == PARE_INT64 ? (void *)wide : (void *)narrow));
    pare_status st = PARE_OK;
    if (becomes_initializer(f, n->outputs[0]) || fits_node(n->graph, tensor)) {
        st = replace(f, id, &tensor);
        *done = !st;
    }
    pare_tensor_unref(tensor);
    return st;
}

static bool has_constant_inputs(const folder *f, const pare_node *n)
{
    for (uint32_t i = 0; i < n->n_inputs; i++)
        if (n->inputs[i].value != PARE_NONE && !constant_of(f, n->inputs[i].value)) return false;
    return n->n_inputs > 0;
}

static pare_status visit(folder *f, pare_node_id id)
{
    const pare_node *n = &f->model->nodes[id];
    const pare_op *op = pare_op_find(pare_node_domain(n), pare_str_or_empty(n->op_type));
    uint64_t n_used = 0;
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE) n_used += f->model->values[n->outputs[i]].n_uses;
    if (!op || !n_used || n->n_inputs > MAX_NODE_INPUTS ||
        pare_model_function(f->model, n->domain, n->op_type, n->overload)) return PARE_OK;
    if (is_constant_node(n)) return take_constant(f, id);
    if (is_kept(n)) return PARE_OK;
    bool done = false;
    PARE_TRY(fold_content(f, id, &done));
    if (done || !has_constant_inputs(f, n)) return PARE_OK;
    const uint64_t max_bytes = bytes_allowed(f, id);
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE && bytes_of(f, n->outputs[i]) > max_bytes) return PARE_OK;
    return fold_node(f, id, max_bytes);
}

static pare_status fold_graph(folder *f, pare_graph *graph)
{
    pare_node_id *order = NULL;
    const uint32_t n = graph->n_nodes;
    PARE_TRY(pare_graph_order(f->ctx, &order, graph));
    pare_status st = PARE_OK;
    for (uint32_t i = 0; !st && i < n; i++) {
        st = visit(f, order[i]);
        if (!st) st = pare_check_canceled(f->ctx);
    }
    pare_free(f->ctx, order);
    return st;
}

static pare_status start(folder *f, const pare_pass_opts *opts)
{
    const pare_infer_opts believe_inputs = { .ignore_declared = true };
    const uint64_t limit = opts->max_memory_bytes ? opts->max_memory_bytes : PARE_PASS_MEMORY_BYTES;
    pare_budget_init(&f->budget, f->ctx, limit);
    pare_ctx_opts ctx_opts = f->ctx->opts;
    ctx_opts.allocator = pare_budget_allocator(&f->budget);
    pare_ctx_init(&f->eval_ctx, &ctx_opts);
    f->n_known = f->model->n_values;
    f->known = pare_alloc_zero(f->ctx, (f->n_known + 1) * sizeof(*f->known));
    if (!f->known) return pare_fail_memory(f->ctx, (f->n_known + 1) * sizeof(*f->known));
    return pare_infer(f->ctx, &f->shapes, f->model, &believe_inputs);
}

static pare_status fold_run(pare_ctx *ctx, pare_model *model, const pare_pass_opts *opts,
                            pare_pass_stats *stats)
{
    folder f = { .ctx = ctx, .model = model, .opts = opts, .stats = stats };
    pare_status st = start(&f, opts);
    /* Graphs stand behind the graphs that they are in, whose constants they may use. */
    for (size_t i = 0; !st && i < model->n_graphs; i++) st = fold_graph(&f, model->graphs[i]);
    for (size_t i = 0; f.known && i < f.n_known; i++) pare_tensor_unref(f.known[i]);
    pare_free(ctx, f.known);
    pare_shapes_free(ctx, f.shapes);
    return st;
}

const pare_pass pare_pass_fold_constants = {
    .name = "fold-constants",
    .summary = "Compute what is always the same once, unless that makes the model bigger",
    .run = fold_run,
};
