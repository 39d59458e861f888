#include "op/infer.h"

#include "ir/order.h"
#include "op/attrs.h"
#include "op/function_call.h"
#include "op/inferer.h"

#include <inttypes.h>
#include <string.h>

/* Notes the message in ctx, which an infer or resolve left, as an issue. */
static pare_status add_issue(pare_inferer *inf, pare_node_id node, bool is_contradiction)
{
    pare_shapes *s = inf->shapes;
    if (s->n_issues >= PARE_MAX_SHAPE_ISSUES) return PARE_OK;
    const char *text = pare_arena_str(&s->arena, inf->ctx->message);
    if (!text || !pare_arena_grow(&s->arena, &s->issues, &s->issues_cap, s->n_issues + 1,
                                  sizeof(*s->issues)))
        return pare_arena_fail(inf->ctx, &s->arena);
    s->issues[s->n_issues++] =
        (pare_shape_issue){ .node = node, .is_contradiction = is_contradiction, .text = text };
    return PARE_OK;
}

/* What a call gives for a failure that is about the model: an issue. Others go up. */
static pare_status absorb(pare_inferer *inf, pare_node_id node, pare_status st)
{
    if (st == PARE_EFORMAT) {
        const size_t before = inf->shapes->n_issues;
        inf->n_failures++;
        PARE_TRY(add_issue(inf, node, !inf->n_branches));
        if (inf->shapes->n_issues > before) inf->shapes->issues[before].cannot_run = true;
        return PARE_OK;
    }
    if (st == PARE_EUNSUPPORTED) return add_issue(inf, node, false);
    return st;
}

/* Adds what the file declares about a value to what was inferred. */
static pare_status merge_declared(pare_inferer *inf, pare_node_id node, pare_value_id value)
{
    const pare_value *v = &inf->model->values[value];
    pare_info *info = &inf->shapes->infos[value];
    if (!v->type || inf->opts->ignore_declared) return PARE_OK;
    const pare_info declared = pare_info_from_type(inf->shapes, v->type);
    const pare_info inferred = *info;
    if (pare_info_merge(inf->shapes, info, &declared)) return PARE_OK;
    char expected[256];
    char found[256];
    pare_info_text(expected, sizeof(expected), inf->shapes, &inferred);
    pare_info_text(found, sizeof(found), inf->shapes, &declared);
    pare_fail(inf->ctx, PARE_EFORMAT, "value '%s': expected %s from its inputs, found %s declared",
              v->name, expected, found);
    return add_issue(inf, node, !inf->n_branches);
}

/* Inputs and outputs of one call, in one block. */
typedef struct call_room {
    const pare_info **in;
    pare_info *out;
} call_room;

static pare_status make_room(pare_inferer *inf, const pare_node *n, call_room *room)
{
    const size_t out_bytes = (n->n_outputs + 1) * sizeof(*room->out);
    const size_t n_bytes = out_bytes + (n->n_inputs + 1) * sizeof(*room->in);
    char *block = pare_alloc_zero(inf->ctx, n_bytes);
    if (!block) return pare_fail_memory(inf->ctx, n_bytes);
    room->out = (pare_info *)(void *)block;
    room->in = (const pare_info **)(void *)(block + out_bytes);
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_value_id value = n->inputs[i].value;
        if (value != PARE_NONE) room->in[i] = &inf->shapes->infos[value];
    }
    return PARE_OK;
}

/* Extreme attributes and contents can make dims that no tensor has, whatever the operator. */
static pare_status check_dims(pare_ctx *ctx, const pare_infer_io *io, uint32_t i)
{
    const pare_info *out = &io->out[i];
    for (uint32_t k = 0; out->has_rank && k < out->rank; k++) {
        const pare_num d = out->dims[k];
        if (d.kind == PARE_NUM_UNKNOWN || d.kind == PARE_NUM_EXPR) continue;
        if (d.kind == PARE_NUM_INT && d.i >= 0) continue;
        char found[64];
        return pare_call_fail(ctx, io->call,
                              "output %" PRIu32 ": expected 0 or more in dimension %" PRIu32
                              ", found %s",
                              i, k, pare_num_text(found, sizeof(found), io->shapes->exprs, d));
    }
    return PARE_OK;
}

pare_status pare_infer_call(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_op *op = io->call->op;
    if (op->infer == PARE_TODO(infer) || op->infer == PARE_NA(infer)) return PARE_OK;
    pare_status st = op->infer(ctx, io);
    for (uint32_t i = 0; !st && i < io->n_out; i++) st = check_dims(ctx, io, i);
    for (uint32_t i = 0; st && i < io->n_out; i++) io->out[i] = pare_info_unknown();
    return st;
}

static pare_status infer_operator(pare_inferer *inf, pare_node_id id, const call_room *room)
{
    _Alignas(16) uint8_t params[PARE_MAX_PARAMS_BYTES];
    pare_call call;
    PARE_TRY(pare_call_init(inf->ctx, &call, inf->model, id));
    call.bindings = inf->bindings;
    call.n_bindings = inf->n_bindings;
    PARE_TRY(pare_call_resolve(inf->ctx, &call, params));
    pare_infer_io io = { .call = &call, .params = params, .shapes = inf->shapes, .inferer = inf,
                         .n_in = call.node->n_inputs, .n_out = call.node->n_outputs,
                         .in = room->in, .out = room->out };
    return pare_infer_call(inf->ctx, &io);
}

static pare_status infer_node(pare_inferer *inf, pare_node_id id)
{
    const pare_node *n = &inf->model->nodes[id];
    call_room room = { 0 };
    PARE_TRY(make_room(inf, n, &room));
    const pare_function *function = pare_called_function(inf->model, n);
    pare_status st = function ? pare_infer_function(inf, id, function, room.in, room.out)
                              : infer_operator(inf, id, &room);
    if (st) st = absorb(inf, id, st);
    for (uint32_t i = 0; !st && i < n->n_outputs; i++) {
        if (n->outputs[i] == PARE_NONE) continue;
        inf->shapes->infos[n->outputs[i]] = room.out[i];
        st = merge_declared(inf, id, n->outputs[i]);
    }
    pare_free(inf->ctx, room.out);
    if (!st && (inf->shapes->short_of_memory || pare_exprs_failed(inf->shapes->exprs)))
        st = pare_arena_fail(inf->ctx, &inf->shapes->arena);
    return st;
}

static pare_status infer_in_order(pare_inferer *inf, const pare_graph *graph)
{
    pare_node_id *order = NULL;
    pare_status st = pare_graph_order(inf->ctx, &order, graph);
    for (uint32_t i = 0; !st && i < graph->n_nodes; i++) st = infer_node(inf, order[i]);
    pare_free(inf->ctx, order);
    return st;
}

pare_status pare_infer_nodes(pare_inferer *inf, const pare_graph *graph)
{
    bool ordered = false;
    PARE_TRY(pare_graph_is_ordered(inf->ctx, &ordered, graph));
    if (!ordered) return infer_in_order(inf, graph);
    for (pare_node_id id = graph->first_node; id != PARE_NONE; id = inf->model->nodes[id].next)
        PARE_TRY(infer_node(inf, id));
    return PARE_OK;
}

void pare_infer_constants(pare_inferer *inf, const pare_graph *graph)
{
    for (size_t i = 0; i < graph->initializers.n; i++) {
        const pare_value_id id = graph->initializers.items[i];
        const pare_tensor *tensor = inf->model->values[id].tensor;
        if (!tensor) continue;
        inf->shapes->infos[id] = pare_info_from_tensor(inf->ctx, inf->shapes, tensor);
        if (inf->opts->is_variable && inf->opts->is_variable[id]) {
            inf->shapes->infos[id].content = NULL;
            inf->shapes->infos[id].n_content = 0;
        }
    }
    for (size_t i = 0; i < graph->sparse_initializers.n; i++) {
        const pare_value_id id = graph->sparse_initializers.items[i];
        const pare_sparse_tensor *sparse = inf->model->values[id].sparse;
        if (!sparse) continue;
        pare_num *dims = NULL;
        const pare_dtype dtype = sparse->values ? sparse->values->dtype : PARE_DTYPE_UNDEFINED;
        pare_info info = pare_info_ranked(inf->shapes, dtype, sparse->rank, &dims);
        for (uint32_t k = 0; k < sparse->rank; k++) dims[k] = pare_num_int(sparse->dims[k]);
        inf->shapes->infos[id] = info; /* operators see the dense tensor that it stands for */
    }
}

const pare_info *pare_shapes_of(const pare_shapes *shapes, pare_value_id value)
{
    static const pare_info unknown = { .kind = PARE_TYPE_NONE };
    return value < shapes->n_infos ? &shapes->infos[value] : &unknown;
}

static pare_status make_bodies(pare_inferer *inf)
{
    pare_arena *arena = &inf->shapes->arena;
    if (!inf->model->n_functions) return PARE_OK;
    inf->bodies = pare_arena_array(arena, inf->shapes->n_infos, sizeof(*inf->bodies));
    inf->is_inferred = pare_arena_array(arena, inf->shapes->n_infos, sizeof(*inf->is_inferred));
    return inf->bodies && inf->is_inferred ? PARE_OK : pare_arena_fail(inf->ctx, arena);
}

/* Gives the values of function bodies what holds of them in every call. */
static void settle_bodies(pare_inferer *inf)
{
    for (size_t i = 0; inf->bodies && i < inf->shapes->n_infos; i++)
        if (inf->is_inferred[i]) inf->shapes->infos[i] = inf->bodies[i];
}

pare_status pare_operands_of(pare_ctx *ctx, const pare_shapes *shapes, const pare_node *node,
                             const pare_info *const **in, const pare_info *const **out)
{
    const size_t n_bytes = ((size_t)node->n_inputs + node->n_outputs + 1) *
                           sizeof(const pare_info *);
    const pare_info **at = pare_alloc_zero(ctx, n_bytes);
    if (!at) return pare_fail_memory(ctx, n_bytes);
    for (uint32_t i = 0; i < node->n_inputs; i++)
        if (node->inputs[i].value != PARE_NONE)
            at[i] = pare_shapes_of(shapes, node->inputs[i].value);
    for (uint32_t i = 0; i < node->n_outputs; i++)
        if (node->outputs[i] != PARE_NONE)
            at[node->n_inputs + i] = pare_shapes_of(shapes, node->outputs[i]);
    *in = at;
    *out = at + node->n_inputs;
    return PARE_OK;
}

void pare_operands_free(pare_ctx *ctx, const pare_info *const *in)
{
    pare_free(ctx, (void *)(uintptr_t)in);
}

pare_status pare_infer(pare_ctx *ctx, pare_shapes **out, const pare_model *model,
                       const pare_infer_opts *opts)
{
    static const pare_infer_opts none = { 0 };
    pare_inferer inf = { .ctx = ctx, .model = model, .opts = opts ? opts : &none };
    *out = NULL;
    pare_status st = pare_shapes_new(ctx, &inf.shapes, model->n_values);
    if (!st) st = make_bodies(&inf);
    if (!st) st = pare_infer_inputs(&inf);
    if (!st) pare_infer_constants(&inf, model->graph);
    if (!st) st = pare_infer_asked(&inf);
    if (!st) st = pare_infer_nodes(&inf, model->graph);
    if (!st) settle_bodies(&inf);
    if (!st && (inf.shapes->short_of_memory || pare_exprs_failed(inf.shapes->exprs)))
        st = pare_arena_fail(ctx, &inf.shapes->arena);
    if (inf.shapes) inf.shapes->bindings = NULL; /* the caller's; not needed any more */
    if (st) pare_shapes_free(ctx, inf.shapes);
    else *out = inf.shapes;
    return st;
}
