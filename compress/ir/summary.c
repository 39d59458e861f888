#include "ir/summary.h"

#include "ir/order.h"

#include <stdlib.h>

/* A tensor and whether it holds parameters. Gathered, then sorted: shared ones count once. */
typedef struct held_tensor {
    const pare_tensor *tensor;
    bool is_param;
} held_tensor;

typedef struct surveyor {
    pare_ctx *ctx;
    const pare_model *model;
    pare_summary *out;
    size_t ops_cap, symbols_cap;
    pare_map domains; /* domain to its number */
    pare_map ops;     /* (number of domain, op_type) to its place in out->ops */
    pare_map symbols;
    held_tensor *held;
    size_t n_held, held_cap;
} surveyor;

/* --- payloads --------------------------------------------------------------------------------- */

static pare_status hold(surveyor *s, const pare_tensor *tensor, bool is_param)
{
    if (!tensor) return PARE_OK;
    PARE_TRY(pare_grow(s->ctx, &s->held, &s->held_cap, s->n_held + 1, sizeof(*s->held)));
    s->held[s->n_held++] = (held_tensor){ tensor, is_param };
    return PARE_OK;
}

static pare_status hold_sparse(surveyor *s, const pare_sparse_tensor *sparse, bool is_param)
{
    if (!sparse) return PARE_OK;
    PARE_TRY(hold(s, sparse->values, is_param));
    return hold(s, sparse->indices, false);
}

static pare_status hold_attr(surveyor *s, const pare_attr *a, bool is_constant)
{
    for (uint32_t i = 0; i < a->n; i++) {
        switch (a->type) {
        case PARE_ATTR_TENSOR:
        case PARE_ATTR_TENSORS:
            PARE_TRY(hold(s, a->tensors[i], is_constant && a->tensors[i]->rank > 0));
            break;
        case PARE_ATTR_SPARSE_TENSOR:
        case PARE_ATTR_SPARSE_TENSORS: PARE_TRY(hold_sparse(s, a->sparse[i], is_constant)); break;
        case PARE_ATTR_FLOATS:
        case PARE_ATTR_INTS:
        case PARE_ATTR_STRINGS: s->out->n_params += is_constant; break;
        default: return PARE_OK;
        }
    }
    return PARE_OK;
}

static pare_status hold_initializers(surveyor *s, const pare_graph *g)
{
    for (size_t i = 0; i < g->initializers.n; i++)
        PARE_TRY(hold(s, pare_value_at(s->model, g->initializers.items[i])->tensor, true));
    for (size_t i = 0; i < g->sparse_initializers.n; i++) {
        const pare_value_id id = g->sparse_initializers.items[i];
        PARE_TRY(hold_sparse(s, pare_value_at(s->model, id)->sparse, true));
    }
    return PARE_OK;
}

/* Equal tensors next to each other, one with parameters first. */
static int by_tensor(const void *left, const void *right)
{
    const held_tensor *a = left;
    const held_tensor *b = right;
    const uintptr_t at_a = (uintptr_t)a->tensor;
    const uintptr_t at_b = (uintptr_t)b->tensor;
    if (at_a != at_b) return at_a < at_b ? -1 : 1;
    return (int)b->is_param - (int)a->is_param;
}

static int by_bytes(const void *left, const void *right)
{
    const pare_summary_dtype *a = left;
    const pare_summary_dtype *b = right;
    if (a->n_bytes != b->n_bytes) return a->n_bytes > b->n_bytes ? -1 : 1;
    return (int)a->dtype - (int)b->dtype;
}

static void count_tensors(surveyor *s)
{
    pare_summary *out = s->out;
    pare_summary_dtype all[PARE_N_DTYPES] = { 0 };
    if (s->n_held) qsort(s->held, s->n_held, sizeof(*s->held), by_tensor);
    for (size_t i = 0; i < s->n_held; i++) {
        const pare_tensor *t = s->held[i].tensor;
        if (i && s->held[i - 1].tensor == t) continue;
        const uint64_t n_bytes = pare_tensor_size_bytes(t);
        pare_summary_dtype *row = &all[pare_dtype_is_valid(t->dtype) ? t->dtype : 0];
        row->n_tensors++;
        row->n_elements += (uint64_t)t->n_elements;
        row->n_bytes += n_bytes;
        out->n_tensors++;
        if (s->held[i].is_param) out->n_params += (uint64_t)t->n_elements;
        if (t->external) out->external_bytes += n_bytes;
        else out->embedded_bytes += n_bytes;
    }
    for (int i = 0; i < PARE_N_DTYPES; i++) {
        if (!all[i].n_tensors) continue;
        all[i].dtype = (pare_dtype)i;
        out->dtypes[out->n_dtypes++] = all[i];
    }
    qsort(out->dtypes, out->n_dtypes, sizeof(*out->dtypes), by_bytes);
}

/* --- nodes ------------------------------------------------------------------------------------ */

static pare_status number_domain(surveyor *s, const char *domain, uint32_t *number)
{
    if (pare_map_get(&s->domains, 0, domain, number)) return PARE_OK;
    *number = (uint32_t)s->domains.n_used;
    return pare_map_put(s->ctx, &s->domains, 0, domain, *number);
}

static pare_status count_op(surveyor *s, const pare_node *n)
{
    pare_summary *out = s->out;
    const char *domain = pare_node_domain(n);
    const char *op_type = pare_str_or_empty(n->op_type);
    uint32_t number = 0;
    uint32_t place = 0;
    PARE_TRY(number_domain(s, domain, &number));
    if (!pare_map_get(&s->ops, number, op_type, &place)) {
        place = (uint32_t)out->n_ops;
        PARE_TRY(pare_grow(s->ctx, &out->ops, &s->ops_cap, out->n_ops + 1, sizeof(*out->ops)));
        PARE_TRY(pare_map_put(s->ctx, &s->ops, number, op_type, place));
        out->ops[out->n_ops++] = (pare_summary_op){ domain, op_type, 0 };
    }
    out->ops[place].n++;
    out->n_nodes++;
    return PARE_OK;
}

static int by_count(const void *left, const void *right)
{
    const pare_summary_op *a = left;
    const pare_summary_op *b = right;
    if (a->n != b->n) return a->n > b->n ? -1 : 1;
    const int domains = strcmp(a->domain, b->domain);
    return domains ? domains : strcmp(a->op_type, b->op_type);
}

static pare_status survey_nodes(surveyor *s, const pare_graph *g)
{
    const pare_model *m = s->model;
    for (pare_node_id id = g->first_node; id != PARE_NONE; id = pare_node_at(m, id)->next) {
        const pare_node *n = pare_node_at(m, id);
        const bool is_constant =
            n->op_type && pare_str_eq(n->op_type, "Constant") && !*pare_node_domain(n);
        PARE_TRY(count_op(s, n));
        for (uint32_t i = 0; i < n->n_attrs; i++) PARE_TRY(hold_attr(s, n->attrs[i], is_constant));
    }
    return PARE_OK;
}

/* --- graphs ----------------------------------------------------------------------------------- */

/* Whether anything can run the graph: not one that waits for its owner, or lost it. */
static bool is_reachable(const pare_graph *g)
{
    while (g->parent && g->owner != PARE_NONE) g = g->parent;
    return !g->parent;
}

static pare_status survey_graph(surveyor *s, const pare_graph *g)
{
    bool ordered = true;
    if (g->parent) s->out->n_subgraphs++;
    if (g->depth > s->out->max_depth) s->out->max_depth = g->depth;
    PARE_TRY(hold_initializers(s, g));
    PARE_TRY(survey_nodes(s, g));
    PARE_TRY(pare_graph_is_ordered(s->ctx, &ordered, g));
    s->out->is_ordered = s->out->is_ordered && ordered;
    return PARE_OK;
}

/* --- inputs and outputs ----------------------------------------------------------------------- */

static pare_status note_symbol(surveyor *s, const char *symbol)
{
    pare_summary *out = s->out;
    if (pare_map_get(&s->symbols, 0, symbol, NULL)) return PARE_OK;
    PARE_TRY(pare_grow(s->ctx, &out->symbols, &s->symbols_cap, out->n_symbols + 1,
                       sizeof(*out->symbols)));
    PARE_TRY(pare_map_put(s->ctx, &s->symbols, 0, symbol, 0));
    out->symbols[out->n_symbols++] = symbol;
    return PARE_OK;
}

static pare_status note_symbols(surveyor *s, const pare_type *type)
{
    for (; type; type = type->elem)
        for (uint32_t i = 0; i < type->rank; i++)
            if (type->dims[i].kind == PARE_DIM_PARAM && *type->dims[i].param)
                PARE_TRY(note_symbol(s, type->dims[i].param));
    return PARE_OK;
}

static pare_status list_values(surveyor *s, const pare_decls *decls, bool are_inputs,
                               pare_summary_value **list, size_t *n)
{
    const size_t n_bytes = (decls->n ? decls->n : 1) * sizeof(**list);
    *list = pare_alloc_zero(s->ctx, n_bytes);
    if (!*list) return pare_fail_memory(s->ctx, n_bytes);
    for (size_t i = 0; i < decls->n; i++) {
        const pare_decl *d = &decls->items[i];
        const pare_value *v = pare_value_at(s->model, d->value);
        if (are_inputs && (v->tensor || v->sparse)) continue;
        (*list)[(*n)++] = (pare_summary_value){ v->name, d->type };
        PARE_TRY(note_symbols(s, d->type));
    }
    return PARE_OK;
}

static pare_status survey(surveyor *s)
{
    const pare_graph *main_graph = s->model->graph;
    pare_summary *out = s->out;
    for (size_t i = 0; i < s->model->n_graphs; i++)
        if (is_reachable(s->model->graphs[i])) PARE_TRY(survey_graph(s, s->model->graphs[i]));
    if (out->n_ops) qsort(out->ops, out->n_ops, sizeof(*out->ops), by_count);
    count_tensors(s);
    PARE_TRY(list_values(s, &main_graph->inputs, true, &out->inputs, &out->n_inputs));
    return list_values(s, &main_graph->outputs, false, &out->outputs, &out->n_outputs);
}

pare_status pare_summary_make(pare_ctx *ctx, pare_summary *out, const pare_model *model)
{
    surveyor s = { .ctx = ctx, .model = model, .out = out };
    *out = (pare_summary){ .is_ordered = true };
    const pare_status st = survey(&s);
    pare_map_free(ctx, &s.domains);
    pare_map_free(ctx, &s.ops);
    pare_map_free(ctx, &s.symbols);
    pare_free(ctx, s.held);
    if (st) pare_summary_free(ctx, out);
    return st;
}

void pare_summary_free(pare_ctx *ctx, pare_summary *summary)
{
    pare_free(ctx, summary->ops);
    pare_free(ctx, summary->inputs);
    pare_free(ctx, summary->outputs);
    pare_free(ctx, summary->symbols);
    *summary = (pare_summary){ 0 };
}
