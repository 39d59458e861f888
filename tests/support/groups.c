#include "support/groups.h"

#include "support/test.h"

#include <stdlib.h>
#include <string.h>

static bool is_in(const uint32_t *list, uint32_t n, uint32_t item)
{
    for (uint32_t i = 0; i < n; i++)
        if (list[i] == item) return true;
    return false;
}

/* Group of the node of our graph that a use belongs to; PARE_NONE: an output of the graph. */
static uint32_t group_of_use(const pare_groups *groups, const pare_use *use)
{
    const pare_graph *graph = groups->graph;
    pare_node_id node = use->user;
    if (use->graph != graph) node = pare_graph_node_holding(graph, use->graph->owner);
    return node == PARE_NONE ? PARE_NONE : groups->of_node[node];
}

static void check_group(const pare_groups *groups, uint32_t at)
{
    const pare_model *model = groups->graph->model;
    const pare_group *g = &groups->items[at];
    assert_true(g->n_nodes > 0 && is_in(g->nodes, g->n_nodes, g->anchor));
    if (g->n_nodes > 1) assert_int_equal(g->n_outputs, 1);
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        const pare_node *n = pare_node_at(model, g->nodes[i]);
        assert_int_equal(groups->of_node[g->nodes[i]], at);
        for (uint32_t k = 0; k < n->n_inputs; k++) {
            const pare_value_id v = n->inputs[k].value;
            if (v == PARE_NONE) continue;
            const pare_node_id producer = pare_value_at(model, v)->producer;
            const bool inside = is_in(g->nodes, i, producer); /* and before it */
            assert_true(inside || is_in(g->inputs, g->n_inputs, v));
        }
        for (uint32_t k = 0; k < n->n_outputs; k++) {
            if (n->outputs[k] == PARE_NONE) continue;
            if (is_in(g->outputs, g->n_outputs, n->outputs[k])) continue;
            for (const pare_use *u = pare_value_at(model, n->outputs[k])->first_use; u; u = u->next)
                assert_true(u->graph == groups->graph && group_of_use(groups, u) == at);
        }
    }
    for (uint32_t i = 0; i < g->n_inputs; i++) {
        const pare_value *v = pare_value_at(model, g->inputs[i]);
        assert_false(is_in(g->inputs, i, g->inputs[i]));
        assert_false(v->graph == groups->graph && v->producer != PARE_NONE &&
                     groups->of_node[v->producer] == at);
    }
}

void groups_check(const pare_groups *groups, const uint32_t *order)
{
    const pare_model *model = groups->graph->model;
    uint32_t *step = malloc((groups->n + (size_t)1) * sizeof(*step)), n_nodes = 0;
    assert_non_null(step);
    for (uint32_t i = 0; i < groups->n; i++) step[i] = PARE_NONE;
    for (uint32_t i = 0; i < groups->n; i++) step[order ? order[i] : i] = i;
    for (uint32_t i = 0; i < groups->n; i++) {
        const pare_group *g = &groups->items[i];
        assert_true(step[i] != PARE_NONE);
        check_group(groups, i);
        n_nodes += g->n_nodes;
        for (uint32_t k = 0; k < g->n_outputs; k++) {
            for (const pare_use *u = pare_value_at(model, g->outputs[k])->first_use; u;
                 u = u->next) {
                const uint32_t user = group_of_use(groups, u);
                assert_true(user == PARE_NONE || step[user] > step[i]);
            }
        }
    }
    assert_int_equal(n_nodes, groups->graph->n_nodes);
    free(step);
}

static int by_first(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (x[0] > y[0]) - (x[0] < y[0]);
}

pare_arena_plan *groups_lay_out(pare_ctx *ctx, const pare_liveness *live, uint64_t align)
{
    const uint32_t n = live->n_buffers;
    pare_arena_plan *plan = NULL;
    pare_interval *items = calloc(n + (size_t)1, sizeof(*items));
    uint64_t(*here)[2] = calloc(n + (size_t)1, sizeof(*here));
    assert_true(items && here);
    for (uint32_t i = 0; i < n; i++)
        items[i] = (pare_interval){ live->buffers[i].first, live->buffers[i].last,
                                    live->buffers[i].bytes, align };
    if (pare_arena_plan_make(ctx, &plan, items, n)) fail_msg("%s", ctx->message);
    assert_true(plan->total_bytes >= plan->bound_bytes);
    assert_true(live->n_unknown || plan->total_bytes >= live->peak_bytes);
    /* at the steps where something begins, those that live lie one behind the other */
    for (uint32_t i = 0; n <= 4096 && i < n; i++) {
        uint32_t n_here = 0;
        for (uint32_t k = 0; k < n; k++) {
            if (items[k].first > items[i].first || items[k].last < items[i].first) continue;
            if (!items[k].bytes) continue;
            here[n_here][0] = plan->offsets[k];
            here[n_here++][1] = plan->offsets[k] + items[k].bytes;
        }
        qsort(here, n_here, sizeof(*here), by_first);
        for (uint32_t k = 1; k < n_here; k++) assert_true(here[k - 1][1] <= here[k][0]);
        if (n_here) assert_true(here[n_here - 1][1] <= plan->total_bytes);
    }
    free(items);
    free(here);
    return plan;
}
