#include "prune/prepare.h"

#include "base/bytes.h"
#include "ir/graph.h"
#include "pass/pass.h"

/* A Constant node that holds a tensor becomes an initializer. */
static pare_status hoist(pare_ctx *ctx, pare_model *m, pare_node_id node)
{
    const pare_node *n = &m->nodes[node];
    if (!n->graph || *pare_node_domain(n) || !n->op_type || !pare_str_eq(n->op_type, "Constant") ||
        n->n_outputs != 1 || n->outputs[0] == PARE_NONE || pare_graph_root(n->graph)->function)
        return PARE_OK;
    const pare_attr *a = pare_node_attr(n, "value");
    if (!a || a->type != PARE_ATTR_TENSOR || a->ref_name) return PARE_OK;
    const pare_value_id y = n->outputs[0];
    for (const pare_use *u = m->values[y].first_use; u; u = u->next)
        if (u->user == PARE_NONE) return PARE_OK;
    pare_tensor *t = pare_tensor_ref(a->tensors[0]);
    pare_value_detach(m, y);
    pare_status st = pare_node_remove(ctx, m, node);
    if (!st) st = pare_value_set_tensor(ctx, m, y, t);
    pare_tensor_unref(t);
    return st;
}

pare_status pare_prune_prepare(pare_ctx *ctx, pare_model *model)
{
    static const char *const passes[] = { "fold-constants", "fold-affine", "dead-code" };
    pare_pass_stats stats = { 0 };
    pare_graph_drop_default_inputs(model->graph);
    for (pare_node_id n = 0; n < model->n_nodes; n++) PARE_TRY(hoist(ctx, model, n));
    for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
        PARE_TRY(pare_pass_run(ctx, model, pare_pass_find(passes[i]), NULL, &stats));
    for (pare_node_id n = 0; n < model->n_nodes; n++) PARE_TRY(hoist(ctx, model, n));
    pare_graph_drop_default_inputs(model->graph); /* what folding made in files of IR version 3 */
    return PARE_OK;
}
