#include "stats/waves.h"

#include "ir/graph.h"
#include "ir/order.h"

/* How many of the nodes are on the longest way to each node; the nodes get theirs, counted from
 * 0. */
static pare_status find_depths(pare_ctx *ctx, uint32_t *out, const pare_model *m,
                               const pare_node_id *nodes, size_t n, uint32_t *deepest)
{
    pare_node_id *order = NULL;
    uint32_t *depth = pare_alloc_zero(ctx, (m->n_nodes + 1) * sizeof(*depth));
    bool *counts = pare_alloc_zero(ctx, (m->n_nodes + 1) * sizeof(*counts));
    pare_status st = depth && counts ? pare_graph_order(ctx, &order, m->graph)
                                     : pare_fail_memory(ctx, m->n_nodes * sizeof(*depth));
    for (size_t i = 0; !st && i < n; i++) counts[nodes[i]] = true;
    *deepest = 0;
    for (size_t k = 0; !st && k < m->graph->n_nodes; k++) {
        const pare_node *node = &m->nodes[order[k]];
        uint32_t *own = &depth[order[k]];
        for (uint32_t i = 0; i < node->n_inputs; i++) {
            const pare_value_id v = node->inputs[i].value;
            const pare_node_id from = v == PARE_NONE ? PARE_NONE : m->values[v].producer;
            if (from != PARE_NONE && depth[from] > *own) *own = depth[from];
        }
        *own += counts[order[k]]; /* counts itself */
        if (*own > *deepest) *deepest = *own;
    }
    for (size_t i = 0; !st && i < n; i++) out[i] = depth[nodes[i]] - 1;
    pare_free(ctx, order);
    pare_free(ctx, counts);
    pare_free(ctx, depth);
    return st;
}

pare_status pare_waves_make(pare_ctx *ctx, pare_waves *out, const pare_model *model,
                            const pare_node_id *nodes, size_t n, uint32_t most)
{
    uint32_t deepest = 0;
    *out = (pare_waves){ .wave = pare_alloc_zero(ctx, (n + 1) * sizeof(*out->wave)),
                         .leads = pare_alloc_zero(ctx, (n + 1) * sizeof(*out->leads)) };
    pare_status st = out->wave && out->leads ? PARE_OK
                                             : pare_fail_memory(ctx, n * sizeof(*out->wave));
    if (!st) st = find_depths(ctx, out->wave, model, nodes, n, &deepest);
    if (st) {
        pare_waves_free(ctx, out);
        return st;
    }
    out->n_waves = deepest < most ? deepest : most;
    for (size_t i = 0; i < n; i++) {
        const uint64_t depth = out->wave[i], last = depth ? depth - 1 : 0;
        if (deepest > most) out->wave[i] = (uint32_t)(depth * most / deepest);
        out->leads[i] = deepest <= most || out->wave[i] != (uint32_t)(last * most / deepest);
    }
    return PARE_OK;
}

void pare_waves_free(pare_ctx *ctx, pare_waves *waves)
{
    pare_free(ctx, waves->wave);
    pare_free(ctx, waves->leads);
    *waves = (pare_waves){ 0 };
}
