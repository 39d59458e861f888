#include "ir/order.h"

#include "ir/graph.h"

#include <assert.h>

/* The work of ordering one graph. Positions count from 0 in the present order of its nodes. Edges
 * are not stored: the uses of a node's outputs are its edges, counted as often as they occur. */
typedef struct sorter {
    const pare_graph *graph;
    uint32_t *position;  /* by node handle; only those of the graph's nodes are set */
    pare_node_id *nodes; /* by position */
    uint32_t *missing;   /* by position: inputs whose producers were not put out yet */
    uint32_t *heap;      /* positions of nodes that are ready, the smallest first */
    uint32_t n_heap;
} sorter;

/* The node of this graph that a use is an input of: the user, or the one whose attribute the use
 * stands in; PARE_NONE for outputs of this graph and uses that nothing here owns. */
static pare_node_id consumer_of(const pare_graph *graph, const pare_use *use)
{
    if (use->graph == graph) return use->user;
    return pare_graph_node_holding(graph, use->graph->owner);
}

static void push(sorter *s, uint32_t position)
{
    uint32_t at = s->n_heap++;
    while (at && s->heap[(at - 1) / 2] > position) {
        s->heap[at] = s->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    s->heap[at] = position;
}

static uint32_t pop(sorter *s)
{
    const uint32_t top = s->heap[0];
    const uint32_t last = s->heap[--s->n_heap];
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= s->n_heap) break;
        if (child + 1 < s->n_heap && s->heap[child + 1] < s->heap[child]) child++;
        if (s->heap[child] >= last) break;
        s->heap[at] = s->heap[child];
        at = child;
    }
    s->heap[at] = last;
    return top;
}

/* Calls visit(s, consumer's position, value, data) for every use of every output of a node. */
typedef void visit_fn(sorter *s, uint32_t consumer, pare_value_id value, void *data);

static void visit_edges(sorter *s, pare_node_id id, visit_fn *visit, void *data)
{
    const pare_model *model = s->graph->model;
    const pare_node *n = pare_node_at(model, id);
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        if (n->outputs[i] == PARE_NONE) continue;
        for (const pare_use *u = pare_value_at(model, n->outputs[i])->first_use; u; u = u->next) {
            const pare_node_id consumer = consumer_of(s->graph, u);
            if (consumer != PARE_NONE) visit(s, s->position[consumer], n->outputs[i], data);
        }
    }
}

static void count_edge(sorter *s, uint32_t consumer, pare_value_id value, void *data)
{
    (void)value;
    (void)data;
    s->missing[consumer]++;
}

static void release_edge(sorter *s, uint32_t consumer, pare_value_id value, void *data)
{
    (void)value;
    (void)data;
    if (--s->missing[consumer] == 0) push(s, consumer);
}

/* How a node that never became ready is waited for. */
typedef struct waiting {
    uint32_t for_position; /* a producer that never became ready either */
    pare_value_id value;
} waiting;

typedef struct waiting_list {
    uint32_t producer;
    waiting *items; /* by position of the consumer */
} waiting_list;

static void note_wait(sorter *s, uint32_t consumer, pare_value_id value, void *data)
{
    const waiting_list *list = data;
    if (s->missing[consumer] && list->items[consumer].value == PARE_NONE)
        list->items[consumer] = (waiting){ list->producer, value };
}

/* Every node that is left waits for one that is left too: following that, a cycle is reached. */
static pare_status fail_cycle(pare_ctx *ctx, sorter *s)
{
    const uint32_t n = s->graph->n_nodes;
    waiting_list list = { .items = pare_alloc(ctx, n * sizeof(waiting)) };
    if (!list.items) return pare_fail_memory(ctx, n * sizeof(waiting));
    for (uint32_t i = 0; i < n; i++) list.items[i].value = PARE_NONE;
    for (uint32_t i = 0; i < n; i++) {
        list.producer = i;
        if (s->missing[i]) visit_edges(s, s->nodes[i], note_wait, &list);
    }
    uint32_t at = 0;
    while (!s->missing[at]) at++;
    for (uint32_t i = 0; i < n; i++) at = list.items[at].for_position;
    const pare_model *model = s->graph->model;
    const pare_node *node = pare_node_at(model, s->nodes[at]);
    const pare_value_id value = list.items[at].value;
    pare_free(ctx, list.items);
    /* Cut, so that names that need escapes leave room for the rest of the message. */
    return pare_fail(ctx, PARE_EFORMAT,
                     "graph '%.40s': node '%.60s' (%.40s): input '%.60s': expected a value that "
                     "does not need the node's own outputs, found a cycle",
                     pare_str_or_empty(s->graph->name), pare_str_or_empty(node->name),
                     pare_str_or_empty(node->op_type), pare_value_at(model, value)->name);
}

static void start(sorter *s)
{
    const pare_model *model = s->graph->model;
    uint32_t n = 0;
    pare_node_id id = s->graph->first_node;
    for (; id != PARE_NONE; id = pare_node_at(model, id)->next) {
        assert(n < s->graph->n_nodes);
        s->nodes[n] = id;
        s->position[id] = n;
        s->missing[n++] = 0;
    }
    assert(n == s->graph->n_nodes);
    for (uint32_t i = 0; i < n; i++) visit_edges(s, s->nodes[i], count_edge, NULL);
    for (uint32_t i = 0; i < n; i++)
        if (!s->missing[i]) push(s, i);
}

static pare_status run(pare_ctx *ctx, sorter *s, pare_node_id *out)
{
    uint32_t n = 0;
    start(s);
    while (s->n_heap) {
        const uint32_t position = pop(s);
        out[n++] = s->nodes[position];
        visit_edges(s, s->nodes[position], release_edge, NULL);
    }
    return n == s->graph->n_nodes ? PARE_OK : fail_cycle(ctx, s);
}

pare_status pare_graph_order(pare_ctx *ctx, pare_node_id **out, const pare_graph *graph)
{
    const size_t n = graph->n_nodes;
    sorter s = { .graph = graph };
    *out = NULL;
    const size_t per_node = sizeof(*s.nodes) + sizeof(*s.missing) + sizeof(*s.heap);
    const size_t n_bytes = graph->model->n_nodes * sizeof(*s.position) + n * per_node;
    pare_node_id *order = pare_alloc(ctx, n ? n * sizeof(*order) : 1);
    s.position = pare_alloc(ctx, n_bytes ? n_bytes : 1); /* mostly untouched in a nested graph */
    pare_status st = PARE_OK;
    if (!order || !s.position) {
        st = pare_fail_memory(ctx, n_bytes);
    } else {
        s.nodes = s.position + graph->model->n_nodes;
        s.missing = s.nodes + n;
        s.heap = s.missing + n;
        st = run(ctx, &s, order);
    }
    pare_free(ctx, s.position);
    if (st) pare_free(ctx, order);
    else *out = order;
    return st;
}

/* Whether every use of the outputs of a node stands behind it. seen: by node handle, of the graph's
 * nodes only. */
static bool uses_follow(const pare_graph *graph, const uint8_t *seen, const pare_node *n)
{
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        if (n->outputs[i] == PARE_NONE) continue;
        const pare_value *v = pare_value_at(graph->model, n->outputs[i]);
        for (const pare_use *u = v->first_use; u; u = u->next) {
            const pare_node_id consumer = consumer_of(graph, u);
            if (consumer != PARE_NONE && seen[consumer]) return false;
        }
    }
    return true;
}

pare_status pare_graph_is_ordered(pare_ctx *ctx, bool *out, const pare_graph *graph)
{
    const pare_model *model = graph->model;
    pare_node_id id = graph->first_node;
    *out = true;
    if (id == PARE_NONE) return PARE_OK;
    uint8_t *seen = pare_alloc(ctx, model->n_nodes);
    if (!seen) return pare_fail_memory(ctx, model->n_nodes);
    for (; id != PARE_NONE; id = pare_node_at(model, id)->next) seen[id] = false;
    for (id = graph->first_node; *out && id != PARE_NONE; id = pare_node_at(model, id)->next) {
        seen[id] = true;
        *out = uses_follow(graph, seen, pare_node_at(model, id));
    }
    pare_free(ctx, seen);
    return PARE_OK;
}

pare_status pare_graph_sort(pare_ctx *ctx, pare_graph *graph)
{
    bool ordered = false;
    pare_node_id *order = NULL;
    PARE_TRY(pare_graph_is_ordered(ctx, &ordered, graph));
    if (ordered) return PARE_OK;
    PARE_TRY(pare_graph_order(ctx, &order, graph));
    for (uint32_t i = 0, n = graph->n_nodes; i < n; i++)
        pare_node_move(graph->model, order[i], PARE_NONE);
    pare_free(ctx, order);
    return PARE_OK;
}
