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
