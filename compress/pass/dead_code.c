#include "pass/pass.h"

#include "ir/graph.h"
#include "op/op.h"

/* Removes what no output of the model depends on: nodes, initializers, functions. Inputs and
 * outputs stay, and so do nodes of operators that pare does not know, which might do more than
 * compute. */

static bool is_used(const pare_model *model, const pare_node *n)
{
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE && model->values[n->outputs[i]].n_uses) return true;
    return false;
}

static bool is_known(const pare_model *model, const pare_node *n)
{
    return pare_op_find(pare_node_domain(n), pare_str_or_empty(n->op_type)) ||
           pare_model_function(model, n->domain, n->op_type, n->overload);
}

static pare_status sweep_graph(pare_ctx *ctx, pare_model *model, const pare_graph *graph,
                               uint64_t *n_removed)
{
    for (pare_node_id id = graph->last_node; id != PARE_NONE;) {
        const pare_node *n = &model->nodes[id];
        const pare_node_id prev = n->prev;
        if (!is_used(model, n) && is_known(model, n)) {
            PARE_TRY(pare_node_remove(ctx, model, id));
            ++*n_removed;
        }
        id = prev;
    }
    return PARE_OK;
}

/* Inner graphs first: what they give up may be the last use of an outer value. More than one round
 * is needed only where nodes do not stand in order. */
static pare_status sweep_nodes(pare_ctx *ctx, pare_model *model, uint64_t *n_removed)
{
    uint64_t before;
    do {
        before = *n_removed;
        for (size_t i = model->n_graphs; i-- > 0;)
            PARE_TRY(sweep_graph(ctx, model, model->graphs[i], n_removed));
        PARE_TRY(pare_check_canceled(ctx));
    } while (*n_removed != before);
    return PARE_OK;
}

/* --- initializers ----------------------------------------------------------------------------- */

static void mark_ref(bool *marks, const pare_value_ref *ref)
{
    if (ref->value != PARE_NONE) marks[ref->value] = true;
}

/* Values that quantization annotations name. */
static void mark_annotated(const pare_model *model, bool *marks)
{
    for (size_t g = 0; g < model->n_graphs; g++) {
        const pare_graph *graph = model->graphs[g];
        for (size_t i = 0; i < graph->n_annotations; i++) {
            const pare_annotation *a = &graph->annotations[i];
            mark_ref(marks, &a->tensor);
            for (size_t k = 0; k < a->n_params; k++) mark_ref(marks, &a->params[k]);
        }
    }
}

static pare_status sweep_initializers(pare_ctx *ctx, pare_model *model, uint64_t *n_removed)
{
    bool *keep = pare_alloc_zero(ctx, model->n_values + 1);
    if (!keep) return pare_fail_memory(ctx, model->n_values + 1);
    mark_annotated(model, keep);
    pare_status st = PARE_OK;
    for (pare_value_id id = 0; !st && id < model->n_values; id++) {
        const pare_value *v = &model->values[id];
        if (!v->graph || v->n_uses || v->is_input || keep[id] || !(v->tensor || v->sparse))
            continue;
        st = pare_value_remove(ctx, model, id);
        if (!st) ++*n_removed;
    }
    pare_free(ctx, keep);
    return st;
}

/* --- functions -------------------------------------------------------------------------------- */

static bool mark_called(const pare_model *model, const pare_graph *graph, bool *called)
{
    bool found = false;
    for (pare_node_id id = graph->first_node; id != PARE_NONE; id = model->nodes[id].next) {
        const pare_node *n = &model->nodes[id];
        const pare_function *f = pare_model_function(model, n->domain, n->op_type, n->overload);
        if (!f || called[f->index]) continue;
        called[f->index] = found = true;
    }
    return found;
}

static pare_status sweep_functions(pare_ctx *ctx, pare_model *model, uint64_t *n_removed)
{
    if (!model->n_functions) return PARE_OK;
    bool *called = pare_alloc_zero(ctx, model->n_functions);
    if (!called) return pare_fail_memory(ctx, model->n_functions);
    for (bool found = true; found;) { /* as often as functions call each other deep */
        found = false;
        for (size_t i = 0; i < model->n_graphs; i++) {
            const pare_graph *root = pare_graph_root(model->graphs[i]);
            if (root == model->graph || (root->function && called[root->function->index]))
                found |= mark_called(model, model->graphs[i], called);
        }
    }
    pare_status st = PARE_OK;
    for (size_t i = model->n_functions; !st && i-- > 0;) {
        if (called[i]) continue;
        st = pare_function_remove(ctx, model, model->functions[i]);
        if (!st) ++*n_removed;
    }
    pare_free(ctx, called);
    return st;
}

static pare_status dead_code_run(pare_ctx *ctx, pare_model *model, const pare_pass_opts *opts,
                                 pare_pass_stats *stats)
{
    (void)opts;
    PARE_TRY(sweep_functions(ctx, model, &stats->n_functions));
    PARE_TRY(sweep_nodes(ctx, model, &stats->n_nodes));
    PARE_TRY(sweep_initializers(ctx, model, &stats->n_initializers));
    return sweep_functions(ctx, model, &stats->n_functions); /* whose calls have gone */
}

const pare_pass pare_pass_dead_code = {
    .name = "dead-code",
    .summary = "Remove nodes, initializers and functions that no output depends on",
    .run = dead_code_run,
};
