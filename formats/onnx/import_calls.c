#include "formats/onnx/import.h"
#include "formats/onnx/limits.h"

/* Who calls whom: functions by index, and behind them the main graph. A node inside of a nested
 * graph counts for the function around it. */
typedef struct calls {
    const pare_model *model;
    size_t n;            /* callers: functions and the main graph */
    uint32_t *caller_of; /* [n_graphs] of a graph's nodes */
    uint32_t *first;     /* [n + 1] where a caller's calls begin in `callees` */
    uint32_t *callees;
    uint64_t *own_nodes; /* [n] */
    uint64_t *cost;      /* [n] nodes when all calls are inlined; 0: not known yet */
    uint32_t *height;    /* [n] calls inside of each other below it */
    uint32_t *next;      /* [n] walk: the call to look at next */
    uint8_t *is_open;    /* [n] walk: on the way down */
} calls;

#define NOT_A_CALL UINT32_MAX

static uint32_t callee_of(const pare_model *model, const pare_node *node)
{
    const pare_function *f =
        pare_model_function(model, node->domain, node->op_type, node->overload);
    return f ? f->index : NOT_A_CALL;
}

static pare_status allocate(pare_importer *im, pare_arena *arena, calls *c)
{
    const pare_model *model = im->model;
    c->model = model;
    c->n = model->n_functions + 1;
    c->caller_of = pare_arena_array(arena, model->n_graphs, sizeof(uint32_t));
    c->first = pare_arena_array(arena, c->n + 1, sizeof(uint32_t));
    c->callees = pare_arena_array(arena, model->n_nodes, sizeof(uint32_t));
    c->own_nodes = pare_arena_array(arena, c->n, sizeof(uint64_t));
    c->cost = pare_arena_array(arena, c->n, sizeof(uint64_t));
    c->height = pare_arena_array(arena, c->n, sizeof(uint32_t));
    c->next = pare_arena_array(arena, c->n, sizeof(uint32_t));
    c->is_open = pare_arena_array(arena, c->n, 1);
    const bool ok = c->caller_of && c->first && c->callees && c->own_nodes && c->cost &&
                    c->height && c->next && c->is_open;
    return ok ? PARE_OK : pare_arena_fail(im->ctx, arena);
}

/* Sorts the calls by caller. A graph comes behind the one around it in the model's list. */
static void collect(calls *c)
{
    const pare_model *model = c->model;
    for (size_t i = 0; i < model->n_graphs; i++) {
        const pare_graph *g = model->graphs[i];
        const uint32_t outermost = g->function ? g->function->index : (uint32_t)model->n_functions;
        c->caller_of[i] = g->parent ? c->caller_of[g->parent->scope] : outermost;
    }
    for (size_t i = 0; i < model->n_nodes; i++) {
        const uint32_t caller = c->caller_of[model->nodes[i].graph->scope];
        c->own_nodes[caller]++;
        if (callee_of(model, &model->nodes[i]) != NOT_A_CALL) c->first[caller + 1]++;
    }
    for (size_t i = 0; i < c->n; i++) {
        c->first[i + 1] += c->first[i];
        c->next[i] = c->first[i];
    }
    for (size_t i = 0; i < model->n_nodes; i++) {
        const uint32_t callee = callee_of(model, &model->nodes[i]);
        if (callee != NOT_A_CALL)
            c->callees[c->next[c->caller_of[model->nodes[i].graph->scope]]++] = callee;
    }
    for (size_t i = 0; i < c->n; i++) c->next[i] = c->first[i];
}

/* All of a caller's callees are done: adds up what it stands for. */
static pare_status finish(pare_importer *im, calls *c, uint32_t caller)
{
    uint64_t cost = c->own_nodes[caller];
    uint32_t height = 0;
    for (uint32_t i = c->first[caller]; i < c->first[caller + 1]; i++) {
        const uint32_t callee = c->callees[i];
        cost += c->cost[callee]; /* each at most the limit, and fewer than 2^32 of them: it fits */
        if (c->height[callee] >= height) height = c->height[callee] + 1;
    }
    const bool is_main = caller == c->model->n_functions;
    const char *name = is_main ? "(main graph)" : c->model->functions[caller]->name;
    if (height > PARE_ONNX_MAX_CALL_DEPTH)
        return pare_fail(im->ctx, PARE_EFORMAT,
                         "function '%.200s': expected calls nested %d deep at most, "
                         "found more",
                         name, PARE_ONNX_MAX_CALL_DEPTH);
    if (cost > PARE_ONNX_MAX_INLINED_NODES)
        return pare_fail(im->ctx, PARE_EBUDGET,
                         "function '%.200s': expected %d nodes at most when all calls "
                         "are inlined, found more",
                         name, PARE_ONNX_MAX_INLINED_NODES);
    c->cost[caller] = cost + !cost; /* 0 means open */
    c->height[caller] = height;
    c->is_open[caller] = 0;
    return PARE_OK;
}

/* Walks down from a caller without recursion: `way` holds the callers on the way. */
static pare_status walk(pare_importer *im, calls *c, uint32_t *way, uint32_t from)
{
    size_t n = 0;
    if (c->cost[from]) return PARE_OK;
    way[n++] = from;
    c->is_open[from] = 1;
    while (n) {
        const uint32_t caller = way[n - 1];
        if (c->next[caller] == c->first[caller + 1]) {
            PARE_TRY(finish(im, c, caller));
            n--;
            continue;
        }
        const uint32_t callee = c->callees[c->next[caller]++];
        if (c->is_open[callee])
            return pare_fail(im->ctx, PARE_EFORMAT,
                             "function '%.200s:%.200s': expected no recursion, found "
                             "a call that leads back to it",
                             pare_domain_normal(c->model->functions[callee]->domain),
                             c->model->functions[callee]->name);
        if (c->cost[callee]) continue;
        way[n++] = callee;
        c->is_open[callee] = 1;
    }
    return PARE_OK;
}

pare_status pare_import_check_calls(pare_importer *im)
{
    if (!im->model->n_functions) return PARE_OK;
    calls c = { 0 };
    pare_arena scratch;
    pare_arena_init(im->ctx, &scratch, 0);
    pare_status st = allocate(im, &scratch, &c);
    uint32_t *way = st ? NULL : pare_arena_array(&scratch, c.n, sizeof(*way));
    if (!st && !way) st = pare_arena_fail(im->ctx, &scratch);
    if (!st) collect(&c);
    for (uint32_t i = 0; !st && i < c.n; i++) st = walk(im, &c, way, i);
    pare_arena_free(&scratch);
    return st;
}
