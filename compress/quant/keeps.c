#include "quant/driver.h"

#include "base/bytes.h"
#include "ir/order.h"
#include "ir/pattern.h"
#include "op/linear.h"

#include <string.h>

typedef struct keeper {
    pare_quantizing *q;
    pare_node_id first, last; /* products by constant weights; PARE_NONE: there are none */
} keeper;

/* The products that layer:first and layer:last mean. */
static pare_status find_ends(keeper *k)
{
    pare_quantizing *const q = k->q;
    pare_node_id *order = NULL;
    k->first = k->last = PARE_NONE;
    PARE_TRY(pare_graph_order(q->ctx, &order, q->model->graph));
    for (uint32_t i = 0; i < q->model->graph->n_nodes; i++) {
        pare_linear l;
        if (!pare_linear_of(q->ctx, &l, q->model, order[i])) continue;
        if (k->first == PARE_NONE) k->first = order[i];
        k->last = order[i];
    }
    pare_free(q->ctx, order);
    return PARE_OK;
}

/* Marks what a pattern matches. */
static pare_status mark(keeper *k, const char *option, const char *pattern, pare_keep keep)
{
    pare_quantizing *const q = k->q;
    char op[256];
    bool any = false;
    const pare_status st = pare_pattern_check(q->ctx, pattern);
    if (st) return pare_fail_in(q->ctx, st, "%s: ", option);
    for (pare_node_id id = 0; id < q->n_keeps; id++) {
        if (!q->model->nodes[id].graph) continue;
        pare_pattern_node node = pare_pattern_node_of(q->model, id, op, sizeof(op));
        node.is_first = id == k->first;
        node.is_last = id == k->last;
        if (!pare_pattern_matches(pattern, &node)) continue;
        q->keeps[id] = (uint8_t)keep;
        any = true;
    }
    if (!any) pare_warn(q->ctx, "%s: no node matches '%s'", option, pattern);
    return PARE_OK;
}

/* "pattern=type": the last = counts, since names may have some. */
static pare_status override(keeper *k, const char *text)
{
    static const struct { const char *name; pare_keep keep; } types[] = {
        { "float", PARE_KEEP_FLOAT }, { "int8", PARE_KEEP_INT8 }, { "int4", PARE_KEEP_INT4 },
        { "int2", PARE_KEEP_INT2 }, { "int8-weights", PARE_KEEP_INT8_WEIGHTS },
        { "int16", PARE_KEEP_INT16 },
    };
    pare_ctx *const ctx = k->q->ctx;
    const char *const sign = strrchr(text, '=');
    for (size_t i = 0; sign && i < sizeof(types) / sizeof(types[0]); i++) {
        if (!pare_str_eq(types[i].name, sign + 1)) continue;
        const size_t n = (size_t)(sign - text);
        char *pattern = pare_alloc(ctx, n + 1);
        if (!pattern) return pare_fail_memory(ctx, n + 1);
        memcpy(pattern, text, n);
        pattern[n] = '\0';
        const pare_status st = mark(k, "override", pattern, types[i].keep);
        pare_free(ctx, pattern);
        return st;
    }
    return pare_fail(ctx, PARE_EUSAGE,
                     "override '%s': expected PATTERN=TYPE with one of float, int16, int8, "
                     "int8-weights, int4, int2", text);
}

pare_status pare_quantizing_keeps(pare_quantizing *q)
{
    const pare_quantize_settings *s = q->s;
    keeper k = { .q = q };
    q->n_keeps = q->model->n_nodes;
    q->keeps = pare_alloc_zero(q->ctx, q->n_keeps + 1);
    if (!q->keeps) return pare_fail_memory(q->ctx, q->n_keeps + 1);
    PARE_TRY(find_ends(&k));
    for (size_t i = 0; i < s->overrides.n; i++) PARE_TRY(override(&k, s->overrides.items[i]));
    for (size_t i = 0; i < s->exclude.n; i++)
        PARE_TRY(mark(&k, "exclude", s->exclude.items[i], PARE_KEEP_FLOAT));
    for (size_t id = 0; q->opts->keeps && id < q->opts->n_keeps && id < q->n_keeps; id++)
        if (q->keeps[id] == PARE_KEEP_ASKED) q->keeps[id] = q->opts->keeps[id];
    return PARE_OK;
}

bool pare_quantizing_keeps_any(const pare_quantizing *q, pare_keep keep)
{
    for (size_t id = 0; id < q->n_keeps; id++)
        if (q->keeps[id] == (uint8_t)keep) return true;
    return false;
}

pare_keep pare_quantizing_keep(const pare_quantizing *q, pare_node_id node)
{
    return node < q->n_keeps ? (pare_keep)q->keeps[node] : PARE_KEEP_ASKED;
}
