#include "op/inferer.h"

#include "op/function_call.h"

#include <inttypes.h>

/* Counts a graph's nodes against the budget: expansion by calls can be exponential. */
static pare_status count_calls(pare_inferer *inf, const pare_graph *graph)
{
    inf->n_calls += graph->n_nodes;
    if (inf->n_calls <= PARE_MAX_INFERRED_CALLS) return PARE_OK;
    return pare_fail(
        inf->ctx, PARE_EBUDGET,
        "graph '%s': expected at most %d nodes, counting nested graphs and functions at each "
        "call, found more",
        pare_str_or_empty(graph->name), PARE_MAX_INFERRED_CALLS);
}

static void fold(pare_inferer *inf, pare_value_id id)
{
    pare_info *all = &inf->bodies[id];
    const pare_info *here = &inf->shapes->infos[id];
    *all = inf->is_inferred[id] ? pare_info_join(inf->shapes, all, here) : *here;
    inf->is_inferred[id] = true;
}

/* Values of function bodies differ by call: keeps what holds in all of them. */
static void fold_graph(pare_inferer *inf, const pare_graph *graph)
{
    for (pare_node_id id = graph->first_node; id != PARE_NONE; id = inf->model->nodes[id].next) {
        const pare_node *n = &inf->model->nodes[id];
        for (uint32_t i = 0; i < n->n_outputs; i++)
            if (n->outputs[i] != PARE_NONE) fold(inf, n->outputs[i]);
    }
    for (size_t i = 0; i < graph->inputs.n; i++) fold(inf, graph->inputs.items[i].value);
}

/* Runs a graph with these infos for its inputs; out receives those of its outputs. */
static pare_status run_graph(pare_inferer *inf, const pare_graph *graph, const pare_info *const *in,
                             uint32_t n_in, pare_info *out)
{
    pare_info *infos = inf->shapes->infos;
    PARE_TRY(count_calls(inf, graph));
    for (size_t i = 0; i < graph->inputs.n; i++) {
        const pare_value_id id = graph->inputs.items[i].value;
        infos[id] = i < n_in && in[i] ? *in[i] : pare_info_unknown();
        if (inf->opts->ignore_declared) continue;
        const pare_info declared = pare_info_from_type(inf->shapes, inf->model->values[id].type);
        (void)pare_info_merge(inf->shapes, &infos[id], &declared); /* what is passed in counts */
    }
    pare_infer_constants(inf, graph);
    PARE_TRY(pare_infer_nodes(inf, graph));
    for (size_t i = 0; i < graph->outputs.n; i++) {
        const pare_decl *d = &graph->outputs.items[i];
        out[i] = infos[d->value];
        if (!d->type || inf->opts->ignore_declared) continue;
        const pare_info declared = pare_info_from_type(inf->shapes, d->type);
        (void)pare_info_merge(inf->shapes, &out[i], &declared);
    }
    if (inf->call_depth && inf->bodies) fold_graph(inf, graph);
    return PARE_OK;
}

pare_status pare_infer_subgraph(pare_ctx *ctx, pare_infer_io *io, const pare_graph *graph,
                                const pare_info *inputs, uint32_t n, const pare_info **outputs)
{
    pare_arena *arena = &io->shapes->arena;
    const pare_info **in = pare_arena_array(arena, n, sizeof(*in));
    pare_info *out = pare_arena_array(arena, graph->outputs.n, sizeof(*out));
    if (!in || !out) return pare_arena_fail(ctx, arena);
    for (uint32_t i = 0; i < n; i++) in[i] = &inputs[i];
    *outputs = out;
    return run_graph(io->inferer, graph, in, n, out);
}

/* Nothing of this call is left to be taken for the next. */
static void forget_body(pare_inferer *inf, const pare_graph *body)
{
    for (pare_node_id id = body->first_node; id != PARE_NONE; id = inf->model->nodes[id].next) {
        const pare_node *n = &inf->model->nodes[id];
        for (uint32_t i = 0; i < n->n_outputs; i++)
            if (n->outputs[i] != PARE_NONE) inf->shapes->infos[n->outputs[i]] = pare_info_unknown();
    }
    for (size_t i = 0; i < body->inputs.n; i++)
        inf->shapes->infos[body->inputs.items[i].value] = pare_info_unknown();
}

pare_status pare_infer_function(pare_inferer *inf, pare_node_id node, const pare_function *function,
                                const pare_info *const *in, pare_info *out)
{
    const pare_node *n = &inf->model->nodes[node];
    const pare_call outer = { .node = n, .bindings = inf->bindings, .n_bindings = inf->n_bindings };
    if (inf->call_depth >= PARE_MAX_CALL_DEPTH)
        return pare_call_fail(inf->ctx, &outer,
                              "expected at most %d functions inside of each other",
                              PARE_MAX_CALL_DEPTH);
    pare_attr_binding *bindings = NULL;
    size_t n_bindings = 0;
    PARE_TRY(pare_function_bind(inf->ctx, &inf->shapes->arena, &outer, function, &bindings,
                                &n_bindings));
    pare_info *results =
        pare_arena_array(&inf->shapes->arena, function->body->outputs.n, sizeof(*results));
    if (!results) return pare_arena_fail(inf->ctx, &inf->shapes->arena);
    inf->bindings = bindings;
    inf->n_bindings = n_bindings;
    inf->call_depth++;
    const pare_status st = run_graph(inf, function->body, in, n->n_inputs, results);
    inf->call_depth--;
    inf->bindings = outer.bindings;
    inf->n_bindings = outer.n_bindings;
    for (uint32_t i = 0; !st && i < n->n_outputs && i < function->body->outputs.n; i++)
        out[i] = results[i];
    forget_body(inf, function->body);
    return st;
}

/* --- one call --------------------------------------------------------------------------------- */

/* A number without expressions, which are of the table of other shapes. */
static pare_num plain(pare_num n)
{
    return n.kind == PARE_NUM_EXPR ? pare_num_unknown() : n;
}

/* An info for other shapes: without pointers into those it comes from. Constants are the model's.
 * Of types that nest deeper nothing is kept. */
static pare_info carry(pare_shapes *shapes, const pare_info *from, uint32_t depth)
{
    enum { DEEPEST = 8 };
    pare_num content[PARE_MAX_CONTENT];
    pare_num *dims = NULL;
    if (depth == DEEPEST) return pare_info_unknown();
    if (from->kind == PARE_TYPE_SEQUENCE && from->elem)
        return pare_info_sequence(shapes, carry(shapes, from->elem, depth + 1));
    if (from->kind == PARE_TYPE_OPTIONAL && from->elem)
        return pare_info_optional(shapes, carry(shapes, from->elem, depth + 1));
    if (from->kind != PARE_TYPE_TENSOR) return pare_info_unknown();
    if (!from->has_rank) return pare_info_unranked(from->dtype);
    pare_info info = pare_info_ranked(shapes, from->dtype, from->rank, &dims);
    for (uint32_t i = 0; i < from->rank; i++) dims[i] = plain(from->dims[i]);
    for (uint32_t i = 0; i < from->n_content; i++) content[i] = plain(from->content[i]);
    if (from->content) pare_info_set_content(shapes, &info, content, from->n_content);
    info.constant = from->constant;
    return info;
}

static pare_status infer_called(pare_inferer *inf, const pare_call *outer,
                                const pare_function *function, const pare_shapes *from)
{
    pare_shapes *s = inf->shapes;
    const pare_node *n = outer->node;
    const size_t n_room = (size_t)n->n_inputs + 1;
    pare_attr_binding *bindings = NULL;
    const pare_info **in = pare_arena_array(&s->arena, n_room, sizeof(*in));
    pare_info *infos = pare_arena_array(&s->arena, n_room, sizeof(*infos));
    pare_info *results = pare_arena_array(&s->arena, function->body->outputs.n + 1,
                                          sizeof(*results));
    if (!in || !infos || !results) return pare_arena_fail(inf->ctx, &s->arena);
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        in[i] = n->inputs[i].value == PARE_NONE ? NULL : &infos[i];
        if (in[i]) infos[i] = carry(s, pare_shapes_of(from, n->inputs[i].value), 0);
    }
    PARE_TRY(pare_function_bind(inf->ctx, &s->arena, outer, function, &bindings,
                                &s->n_call_bindings));
    s->call_bindings = inf->bindings = bindings;
    inf->n_bindings = s->n_call_bindings;
    PARE_TRY(run_graph(inf, function->body, in, n->n_inputs, results));
    return s->short_of_memory ? pare_arena_fail(inf->ctx, &s->arena) : PARE_OK;
}

pare_status pare_infer_called(pare_ctx *ctx, pare_shapes **out, const pare_model *model,
                              pare_node_id node, const pare_shapes *outer)
{
    static const pare_infer_opts none = { 0 };
    pare_inferer inf = { .ctx = ctx, .model = model, .opts = &none };
    const pare_call call = { .node = &model->nodes[node], .bindings = outer->call_bindings,
                             .n_bindings = outer->n_call_bindings };
    const pare_function *function = pare_called_function(model, call.node);
    *out = NULL;
    if (!function) {
        pare_call_fail(ctx, &call, "expected a call of a function of the model");
        return PARE_EUSAGE;
    }
    pare_status st = pare_shapes_new(ctx, &inf.shapes, model->n_values);
    if (!st) st = infer_called(&inf, &call, function, outer);
    if (st) pare_shapes_free(ctx, inf.shapes);
    else *out = inf.shapes;
    return st;
}
