#include "op/evaluator.h"

#include "ir/order.h"
#include "op/function_call.h"
#include "op/infer.h"
#include "op/inferer.h"

#include <inttypes.h>
#include <stdio.h>

/* The shapes of a call are made anew when they hold more than this. */
enum { SHAPES_KEEP_BYTES = 1 << 20 };

static pare_status fresh_shapes(pare_evaluator *e)
{
    if (e->shapes && e->shapes->arena.used_bytes <= SHAPES_KEEP_BYTES) return PARE_OK;
    pare_shapes_free(e->ctx, e->shapes);
    e->shapes = NULL;
    return pare_shapes_new(e->ctx, &e->shapes, 0);
}

static pare_info info_of(pare_evaluator *e, const pare_datum *datum)
{
    if (!datum) return pare_info_unknown();
    switch (datum->kind) {
    case PARE_TYPE_TENSOR: return pare_info_from_tensor(e->ctx, e->shapes, datum->tensor);
    case PARE_TYPE_SEQUENCE:
        return pare_info_sequence(e->shapes, datum->n_items ? info_of(e, &datum->items[0])
                                                            : pare_info_unknown());
    case PARE_TYPE_OPTIONAL:
        return pare_info_optional(e->shapes, datum->n_items ? info_of(e, &datum->items[0])
                                                            : pare_info_unknown());
    default: return pare_info_unknown();
    }
}

/* Everything that one call needs, in one block. */
typedef struct call_room {
    void *block;
    const pare_datum **in;
    pare_info *in_info;
    const pare_info **infer_in;
    pare_info *out_info;
    pare_datum *out;
} call_room;

static pare_status make_room(pare_ctx *ctx, uint32_t n_in, uint32_t n_out, call_room *room)
{
    const size_t sizes[] = { n_in * sizeof(*room->in_info), n_out * sizeof(*room->out_info),
                             n_out * sizeof(*room->out), n_in * sizeof(*room->in),
                             n_in * sizeof(*room->infer_in) };
    size_t n_bytes = 1;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) n_bytes += sizes[i];
    char *p = pare_alloc_zero(ctx, n_bytes);
    room->block = p;
    if (!p) return pare_fail_memory(ctx, n_bytes);
    room->in_info = (void *)p;
    room->out_info = (void *)(p += sizes[0]);
    room->out = (void *)(p += sizes[1]);
    room->in = (void *)(p += sizes[2]);
    room->infer_in = (void *)(p += sizes[3]);
    return PARE_OK;
}

/* Whether an attribute is a graph, or may be one in a call of the function around. */
static bool holds_graph(const pare_node *node)
{
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        const pare_attr *attr = node->attrs[i];
        if (attr->type == PARE_ATTR_GRAPH || attr->ref_name) return true;
    }
    return false;
}

/* Whether an attribute is a graph in this call. */
static bool owns_graph(const pare_call *call)
{
    for (uint32_t i = 0; i < call->node->n_attrs; i++) {
        const pare_attr *attr = pare_call_attr(call, call->node->attrs[i]->name);
        if (attr && attr->type == PARE_ATTR_GRAPH) return true;
    }
    return false;
}

/* Memory that shapes could not get, which their makers only note. */
static pare_status check_shapes(pare_evaluator *e)
{
    if (!e->shapes->short_of_memory && !pare_exprs_failed(e->shapes->exprs)) return PARE_OK;
    return pare_arena_fail(e->ctx, &e->shapes->arena);
}

/* Types and shapes of the outputs; operators that own graphs find theirs by running them. */
static pare_status infer_call(pare_evaluator *e, const pare_call *call, const void *params,
                              const call_room *room)
{
    const pare_node *n = call->node;
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        room->in_info[i] = info_of(e, room->in[i]);
        room->infer_in[i] = room->in[i] ? &room->in_info[i] : NULL;
    }
    if (owns_graph(call) || call->op->infer == PARE_TODO(infer)) return check_shapes(e);
    pare_inferer inferer = { .ctx = e->ctx, .model = e->model, .shapes = e->shapes };
    pare_infer_io io = { .call = call, .params = params, .shapes = e->shapes, .inferer = &inferer,
                         .n_in = n->n_inputs, .n_out = n->n_outputs, .in = room->infer_in,
                         .out = room->out_info };
    PARE_TRY(call->op->infer(e->ctx, &io));
    return check_shapes(e);
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Whether an operator has inputs that are no tensors, or that may be omitted although others that
 * must not be stand behind them; such operators look for themselves. */
static bool takes_others(const pare_call *call)
{
    const char *name = call->op->name;
    return owns_graph(call) || starts_with(name, "Sequence") || starts_with(name, "Optional") ||
           pare_str_eq(name, "Identity") || pare_str_eq(name, "ConcatFromSequence");
}

/* EFORMAT unless all inputs that are there are tensors, and all that must be there are. */
static pare_status check_tensors(pare_ctx *ctx, const pare_call *call, const call_room *room)
{
    /* those of com.microsoft may omit inputs in front of others that they need */
    const uint32_t n_needed = *call->op->domain ? 1 : call->op->n_in.min;
    if (takes_others(call)) return PARE_OK;
    for (uint32_t i = 0; i < call->node->n_inputs; i++) {
        if (room->in[i] ? room->in[i]->kind == PARE_TYPE_TENSOR : i >= n_needed) continue;
        return pare_call_fail(ctx, call, "input %" PRIu32 ": expected a tensor, found %s", i,
                              room->in[i] ? "something else" : "none");
    }
    return PARE_OK;
}

static pare_status eval_operator(pare_evaluator *e, pare_node_id id, const call_room *room)
{
    _Alignas(16) uint8_t params[PARE_MAX_PARAMS_BYTES];
    pare_call call;
    PARE_TRY(pare_call_init(e->ctx, &call, e->model, id));
    call.bindings = e->bindings;
    call.n_bindings = e->n_bindings;
    if (call.op->eval == PARE_TODO(eval)) {
        pare_call_fail(e->ctx, &call, "this operator cannot be run yet");
        return PARE_EUNSUPPORTED;
    }
    PARE_TRY(pare_call_resolve(e->ctx, &call, params));
    PARE_TRY(check_tensors(e->ctx, &call, room));
    PARE_TRY(fresh_shapes(e));
    PARE_TRY(infer_call(e, &call, params, room));
    pare_eval_io io = { .call = &call, .params = params, .evaluator = e, .shapes = e->shapes,
                        .n_in = call.node->n_inputs, .n_out = call.node->n_outputs,
                        .in = room->in, .in_info = room->in_info, .info = room->out_info,
                        .out = room->out };
    /* A nested graph makes shapes of its own, so that these stay as they are. */
    pare_shapes *mine = e->shapes;
    if (owns_graph(&call)) e->shapes = NULL;
    const pare_status st = call.op->eval(e->ctx, &io);
    if (e->shapes != mine) {
        pare_shapes_free(e->ctx, e->shapes);
        e->shapes = mine;
    }
    return st;
}

pare_status pare_evaluator_enter(pare_evaluator *e, pare_running *self, const pare_call *call,
                                 const pare_graph *graph)
{
    int depth = 1;
    bool is_running = false;
    for (const pare_running *r = e->running; r; r = r->outer, depth++)
        is_running = is_running || r->graph == graph;
    if (is_running || depth > PARE_MAX_RUNNING_GRAPHS) {
        if (is_running)
            pare_call_fail(e->ctx, call, "graph '%s' runs inside of itself",
                           pare_str_or_empty(graph->name));
        else
            pare_call_fail(e->ctx, call, "expected at most %d graphs inside of each other",
                           PARE_MAX_RUNNING_GRAPHS);
        return PARE_EUNSUPPORTED;
    }
    *self = (pare_running){ graph, e->running };
    e->running = self;
    return PARE_OK;
}

void pare_evaluator_leave(pare_evaluator *e, const pare_running *self)
{
    e->running = self->outer;
}

/* Runs a function's body. */
static pare_status eval_function(pare_evaluator *e, pare_node_id id, const pare_function *f,
                                 const call_room *room)
{
    const pare_node *n = &e->model->nodes[id];
    const pare_call outer = { .node = n, .bindings = e->bindings, .n_bindings = e->n_bindings };
    pare_running self;
    PARE_TRY(pare_evaluator_enter(e, &self, &outer, f->body));
    pare_arena arena;
    pare_arena_init(e->ctx, &arena, 0);
    pare_attr_binding *bindings = NULL;
    size_t n_bindings = 0;
    pare_status st = pare_function_bind(e->ctx, &arena, &outer, f, &bindings, &n_bindings);
    for (size_t i = 0; !st && i < f->body->inputs.n; i++)
        if (i < n->n_inputs)
            st = pare_datum_copy(e->ctx, &e->datums[f->body->inputs.items[i].value], room->in[i]);
    e->bindings = bindings;
    e->n_bindings = n_bindings;
    if (!st) st = pare_evaluate_graph(e, f->body);
    e->bindings = outer.bindings;
    e->n_bindings = outer.n_bindings;
    for (uint32_t i = 0; !st && i < n->n_outputs && i < f->body->outputs.n; i++)
        st = pare_datum_copy(e->ctx, &room->out[i], &e->datums[f->body->outputs.items[i].value]);
    pare_evaluator_forget(e, f->body);
    pare_evaluator_leave(e, &self);
    pare_arena_free(&arena);
    return st;
}

/* Drops inputs of a node that nobody will use again. */
static void drop_used(pare_evaluator *e, const pare_node *n)
{
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_value_id value = n->inputs[i].value;
        if (value == PARE_NONE || e->model->values[value].graph != n->graph) continue;
        if (e->pending[value] && --e->pending[value] == 0)
            pare_datum_drop(e->ctx, &e->datums[value]);
    }
}

/* How often a value will be used; never 0 again when a nested graph or the graph's output uses it.
 * */
static uint32_t count_pending(const pare_model *model, pare_value_id value)
{
    const pare_value *v = &model->values[value];
    for (const pare_use *u = v->first_use; u; u = u->next)
        if (u->user == PARE_NONE || u->graph != v->graph) return UINT32_MAX;
    return v->n_uses;
}

static pare_status keep_outputs(pare_evaluator *e, const pare_node *n, call_room *room)
{
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        const pare_value_id value = n->outputs[i];
        if (value == PARE_NONE) continue;
        if (e->opts->observe)
            PARE_TRY(e->opts->observe(e->opts->user, e->ctx, value, &room->out[i]));
        e->pending[value] = count_pending(e->model, value);
        if (!e->pending[value]) continue;
        e->datums[value] = room->out[i];
        room->out[i] = (pare_datum){ .kind = PARE_TYPE_NONE };
    }
    return PARE_OK;
}

/* Says which node ran out of memory; those that run graphs leave that to the nodes in them. */
static pare_status name_node(pare_evaluator *e, const pare_node *n, pare_status st)
{
    if (st != PARE_ENOMEM || holds_graph(n) || pare_called_function(e->model, n)) return st;
    const pare_call call = { .node = n };
    pare_call_fail(e->ctx, &call, "%s", e->ctx->message);
    return st;
}

pare_status pare_evaluator_run(pare_evaluator *e, pare_node_id id)
{
    const pare_node *n = &e->model->nodes[id];
    call_room room;
    PARE_TRY(make_room(e->ctx, n->n_inputs, n->n_outputs, &room));
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_value_id value = n->inputs[i].value;
        if (value == PARE_NONE || e->datums[value].kind == PARE_TYPE_NONE) continue;
        room.in[i] = &e->datums[value];
    }
    const pare_function *f = pare_called_function(e->model, n);
    pare_status st = f ? eval_function(e, id, f, &room) : eval_operator(e, id, &room);
    st = name_node(e, n, st);
    if (!st) st = keep_outputs(e, n, &room);
    for (uint32_t i = 0; i < n->n_outputs; i++) pare_datum_drop(e->ctx, &room.out[i]);
    drop_used(e, n);
    pare_free(e->ctx, room.block);
    return st;
}

static pare_status set_constants(pare_evaluator *e, const pare_graph *graph)
{
    for (size_t i = 0; i < graph->initializers.n; i++) {
        const pare_value_id id = graph->initializers.items[i];
        pare_tensor *tensor = e->model->values[id].tensor;
        pare_datum *d = &e->datums[id];
        if (!tensor || d->kind != PARE_TYPE_NONE) continue; /* overridden by an input */
        PARE_TRY(pare_tensor_densify(e->ctx, &d->tensor, tensor));
        d->kind = PARE_TYPE_TENSOR;
    }
    for (size_t i = 0; i < graph->sparse_initializers.n; i++) {
        const pare_value_id id = graph->sparse_initializers.items[i];
        const pare_sparse_tensor *sparse = e->model->values[id].sparse;
        pare_datum *d = &e->datums[id];
        if (!sparse || d->kind != PARE_TYPE_NONE) continue;
        PARE_TRY(pare_evaluator_sparse(e->ctx, &d->tensor, sparse));
        d->kind = PARE_TYPE_TENSOR;
    }
    return PARE_OK;
}

pare_status pare_evaluate_graph(pare_evaluator *e, const pare_graph *graph)
{
    PARE_TRY(set_constants(e, graph));
    bool ordered = false;
    PARE_TRY(pare_graph_is_ordered(e->ctx, &ordered, graph));
    if (ordered) {
        for (pare_node_id id = graph->first_node; id != PARE_NONE; id = e->model->nodes[id].next)
            PARE_TRY(pare_evaluator_run(e, id));
        return PARE_OK;
    }
    pare_node_id *order = NULL;
    pare_status st = pare_graph_order(e->ctx, &order, graph);
    for (uint32_t i = 0; !st && i < graph->n_nodes; i++) st = pare_evaluator_run(e, order[i]);
    pare_free(e->ctx, order);
    return st;
}

static void forget_list(pare_evaluator *e, const pare_value_list *list)
{
    for (size_t i = 0; i < list->n; i++) pare_datum_drop(e->ctx, &e->datums[list->items[i]]);
}

void pare_evaluator_forget(pare_evaluator *e, const pare_graph *graph)
{
    for (size_t i = 0; i < graph->inputs.n; i++)
        pare_datum_drop(e->ctx, &e->datums[graph->inputs.items[i].value]);
    forget_list(e, &graph->initializers);
    forget_list(e, &graph->sparse_initializers);
    for (pare_node_id id = graph->first_node; id != PARE_NONE; id = e->model->nodes[id].next) {
        const pare_node *n = &e->model->nodes[id];
        for (uint32_t i = 0; i < n->n_outputs; i++)
            if (n->outputs[i] != PARE_NONE) pare_datum_drop(e->ctx, &e->datums[n->outputs[i]]);
    }
}

pare_status pare_eval_subgraph(pare_ctx *ctx, pare_eval_io *io, const pare_graph *graph,
                               const pare_datum *const *in, uint32_t n, pare_datum *outputs)
{
    pare_evaluator *e = io->evaluator;
    const uint64_t max =
        e->opts->max_iterations ? e->opts->max_iterations : PARE_EVAL_MAX_ITERATIONS;
    for (size_t i = 0; i < graph->outputs.n; i++)
        outputs[i] = (pare_datum){ .kind = PARE_TYPE_NONE };
    if (++e->n_iterations > max) {
        pare_call_fail(ctx, io->call, "expected at most %" PRIu64 " iterations in all, found more",
                       max);
        return PARE_EBUDGET;
    }
    pare_running self;
    PARE_TRY(pare_evaluator_enter(e, &self, io->call, graph));
    pare_status st = pare_check_canceled(ctx);
    for (size_t i = 0; !st && i < graph->inputs.n && i < n; i++)
        st = pare_datum_copy(ctx, &e->datums[graph->inputs.items[i].value], in[i]);
    if (!st) st = pare_evaluate_graph(e, graph);
    for (size_t i = 0; !st && i < graph->outputs.n; i++)
        st = pare_datum_copy(ctx, &outputs[i], &e->datums[graph->outputs.items[i].value]);
    for (size_t i = 0; st && i < graph->outputs.n; i++) pare_datum_drop(ctx, &outputs[i]);
    pare_evaluator_forget(e, graph);
    pare_evaluator_leave(e, &self);
    return st;
}

/* --- starting --------------------------------------------------------------------------------- */

pare_status pare_evaluator_start(pare_evaluator *e, pare_ctx *ctx, const pare_model *model,
                                 const pare_eval_opts *opts, size_t n_values)
{
    static const pare_eval_opts none = { 0 };
    *e = (pare_evaluator){ .ctx = ctx, .model = model, .opts = opts ? opts : &none };
    const size_t n = n_values + 1;
    e->n_values = n_values;
    e->datums = pare_alloc_zero(ctx, n * sizeof(*e->datums));
    e->pending = pare_alloc_zero(ctx, n * sizeof(*e->pending));
    return e->datums && e->pending ? PARE_OK : pare_fail_memory(ctx, n * sizeof(*e->datums));
}

void pare_evaluator_finish(pare_evaluator *e)
{
    pare_datums_free(e->ctx, e->datums, e->n_values);
    pare_free(e->ctx, e->pending);
    pare_shapes_free(e->ctx, e->shapes);
}

pare_status pare_eval_node(pare_ctx *ctx, const pare_model *model, pare_node_id node,
                           const pare_datum *const *in, pare_datum *out)
{
    const pare_node *n = &model->nodes[node];
    pare_evaluator e;
    call_room room = { 0 };
    const pare_function *f = pare_called_function(model, n);
    pare_status st =
        pare_evaluator_start(&e, ctx, model, NULL, f || holds_graph(n) ? model->n_values : 0);
    if (!st) st = make_room(ctx, n->n_inputs, n->n_outputs, &room);
    for (uint32_t i = 0; !st && i < n->n_inputs; i++) room.in[i] = in[i];
    if (!st) st = f ? eval_function(&e, node, f, &room) : eval_operator(&e, node, &room);
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        if (!st) out[i] = room.out[i];
        else if (room.out) pare_datum_drop(ctx, &room.out[i]);
    }
    pare_free(ctx, room.block);
    pare_evaluator_finish(&e);
    return st;
}
