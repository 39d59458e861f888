#include "ir/checks.h"

#include "base/checked.h"

#include <stdio.h>

static pare_status decl_fail(const checker *c, const pare_graph *g, const char *list, size_t i,
                             const char *what)
{
    char text[160];
    snprintf(text, sizeof(text), "%s %zu: %s", list, i, what);
    return pare_check_graph_fail(c, g, text);
}

static const pare_value *value_of(const checker *c, const pare_decl *d)
{
    return d->value < c->model->n_values ? &c->model->values[d->value] : NULL;
}

static pare_status check_inputs(const checker *c, const pare_graph *g)
{
    for (size_t i = 0; i < g->inputs.n; i++) {
        const pare_value *v = value_of(c, &g->inputs.items[i]);
        if (!v || v->graph != g) return decl_fail(c, g, "input", i, "is no value of this graph");
        if (!v->is_input) return decl_fail(c, g, "input", i, "does not know that it is an input");
    }
    return PARE_OK;
}

static pare_status check_outputs(const checker *c, const pare_graph *g)
{
    for (size_t i = 0; i < g->outputs.n; i++) {
        const pare_decl *d = &g->outputs.items[i];
        const pare_value *v = value_of(c, d);
        if (!v || !v->graph) return decl_fail(c, g, "output", i, "is no value");
        if (!d->use || d->use->value != d->value || d->use->user != PARE_NONE ||
            d->use->slot != i || d->use->graph != g)
            return decl_fail(c, g, "output", i, "its use does not know where it stands");
    }
    return PARE_OK;
}

static pare_status check_infos(const checker *c, const pare_graph *g)
{
    for (size_t i = 0; i < g->value_infos.n; i++) {
        const pare_decl *d = &g->value_infos.items[i];
        if (d->value == PARE_NONE) {
            if (!d->name) return decl_fail(c, g, "value_info", i, "has neither value nor name");
            continue;
        }
        const pare_value *v = value_of(c, d);
        if (!v || (v->graph && v->graph != g))
            return decl_fail(c, g, "value_info", i, "is no value of this graph");
    }
    return PARE_OK;
}

/* What a value is listed as, gathered from all graphs. */
enum { LISTED_INPUT = 1, LISTED_TENSOR = 2, LISTED_SPARSE = 4 };

static pare_status mark(const checker *c, uint8_t *marks, const pare_graph *g, pare_value_id value,
                        unsigned as)
{
    if (value >= c->model->n_values) return pare_check_graph_fail(c, g, "lists what is no value");
    const pare_value *v = &c->model->values[value];
    const bool counts =
        v->graph && (as == LISTED_INPUT || (as == LISTED_TENSOR ? !!v->tensor : !!v->sparse));
    if (!counts) return PARE_OK; /* an entry that was left behind */
    if (v->graph != g) return pare_check_value_fail(c, value, "is listed by another graph");
    if (marks[value] & as) return pare_check_value_fail(c, value, "is listed twice");
    marks[value] = (uint8_t)(marks[value] | as);
    return PARE_OK;
}

static pare_status mark_lists(const checker *c, uint8_t *marks, const pare_graph *g)
{
    for (size_t i = 0; i < g->inputs.n; i++)
        PARE_TRY(mark(c, marks, g, g->inputs.items[i].value, LISTED_INPUT));
    for (size_t i = 0; i < g->initializers.n; i++)
        PARE_TRY(mark(c, marks, g, g->initializers.items[i], LISTED_TENSOR));
    for (size_t i = 0; i < g->sparse_initializers.n; i++)
        PARE_TRY(mark(c, marks, g, g->sparse_initializers.items[i], LISTED_SPARSE));
    return PARE_OK;
}

static pare_status check_marks(const checker *c, const uint8_t *marks)
{
    for (size_t i = 0; i < c->model->n_values; i++) {
        const pare_value *v = &c->model->values[i];
        const pare_value_id id = (pare_value_id)i;
        if (!v->graph) continue;
        if (v->is_input != !!(marks[i] & LISTED_INPUT))
            return pare_check_value_fail(c, id, "is an input that its graph does not list");
        if (!v->tensor != !(marks[i] & LISTED_TENSOR) || !v->sparse != !(marks[i] & LISTED_SPARSE))
            return pare_check_value_fail(c, id, "is an initializer that its graph does not list");
    }
    return PARE_OK;
}

pare_status pare_check_decls(const checker *c)
{
    const pare_model *m = c->model;
    for (size_t i = 0; i < m->n_graphs; i++) {
        PARE_TRY(check_inputs(c, m->graphs[i]));
        PARE_TRY(check_outputs(c, m->graphs[i]));
        PARE_TRY(check_infos(c, m->graphs[i]));
    }
    const size_t n_bytes = m->n_values ? m->n_values : 1;
    uint8_t *marks = pare_alloc_zero(c->ctx, n_bytes);
    if (!marks) return pare_fail_memory(c->ctx, n_bytes);
    pare_status st = PARE_OK;
    for (size_t i = 0; !st && i < m->n_graphs; i++) st = mark_lists(c, marks, m->graphs[i]);
    if (!st) st = check_marks(c, marks);
    pare_free(c->ctx, marks);
    return st;
}

/* --- tensors and attributes ------------------------------------------------------------------- */

/* What is wrong with a tensor; NULL when nothing is. */
static const char *tensor_fault(const pare_tensor *t)
{
    int64_t n = 1;
    bool fits = true;
    bool has_zero = false;
    uint64_t n_bytes = 0;
    if (!atomic_load_explicit(&t->refs, memory_order_relaxed)) return "was freed";
    if (!pare_dtype_is_valid(t->dtype)) return "has no element type";
    if (!pare_encoding_allows(t->encoding, t->dtype))
        return "has elements that its form cannot hold";
    for (uint32_t i = 0; i < t->rank; i++) {
        if (t->dims[i] < 0) return "has a negative dimension";
        has_zero = has_zero || !t->dims[i];
        fits = fits && pare_mul_i64(n, t->dims[i], &n);
    }
    if (has_zero ? t->n_elements != 0 : !fits || t->n_elements != n)
        return "counts other elements than its dims say";
    if (t->encoding == PARE_ENC_STRINGS)
        return n && !has_zero && !t->strings ? "has no strings" : NULL;
    if (!pare_dtype_size_bytes(t->dtype, t->n_elements, &n_bytes)) return "is too large";
    if (t->encoding == PARE_ENC_DENSE && t->payload.n != n_bytes)
        return "has a payload of another length than its dims say";
    return t->payload.n && !t->payload.data ? "has no payload" : NULL;
}

static const char *sparse_fault(const pare_sparse_tensor *s)
{
    const char *fault = s->values ? tensor_fault(s->values) : NULL;
    if (!fault && s->indices) fault = tensor_fault(s->indices);
    if (!fault && s->rank && !s->dims) fault = "has no dims";
    return fault;
}

static bool is_single(pare_attr_type type)
{
    return (type >= PARE_ATTR_FLOAT && type <= PARE_ATTR_GRAPH) ||
           type == PARE_ATTR_SPARSE_TENSOR || type == PARE_ATTR_TYPE_PROTO;
}

static const char *attr_fault(const checker *c, pare_node_id node, const pare_attr *a)
{
    const char *fault = NULL;
    if (!a || !a->name) return "an attribute has no name";
    if ((unsigned)a->type >= PARE_N_ATTR_TYPES) return "an attribute has no known type";
    if (a->ref_name) return a->n ? "an attribute has a value besides a reference" : NULL;
    if (is_single(a->type) && a->n != 1) return "an attribute has not the one value of its type";
    if (a->n && !a->floats) return "an attribute has no values";
    for (uint32_t i = 0; i < a->n && !fault; i++) {
        switch (a->type) {
        case PARE_ATTR_TENSOR:
        case PARE_ATTR_TENSORS:
            fault = a->tensors[i] ? tensor_fault(a->tensors[i]) : "is NULL";
            break;
        case PARE_ATTR_SPARSE_TENSOR:
        case PARE_ATTR_SPARSE_TENSORS:
            fault = a->sparse[i] ? sparse_fault(a->sparse[i]) : "is NULL";
            break;
        case PARE_ATTR_TYPE_PROTO:
        case PARE_ATTR_TYPE_PROTOS: fault = a->types[i] ? NULL : "is NULL"; break;
        case PARE_ATTR_GRAPH:
        case PARE_ATTR_GRAPHS:
            if (!a->graphs[i]) fault = "is NULL";
            else if (a->graphs[i]->owner != node ||
                     a->graphs[i]->parent != c->model->nodes[node].graph)
                fault = "is a graph that does not know its owner";
            break;
        default: return NULL;
        }
    }
    return fault;
}

pare_status pare_check_tensors(const checker *c)
{
    const pare_model *m = c->model;
    const char *fault = NULL;
    char text[160];
    for (size_t i = 0; i < m->n_values; i++) {
        const pare_value *v = &m->values[i];
        if (!v->graph) continue;
        if (v->tensor) fault = tensor_fault(v->tensor);
        else if (v->sparse) fault = sparse_fault(v->sparse);
        if (fault) return pare_check_value_fail(c, (pare_value_id)i, fault);
    }
    for (size_t i = 0; i < m->n_nodes; i++) {
        if (!m->nodes[i].graph) continue;
        for (uint32_t k = 0; k < m->nodes[i].n_attrs; k++) {
            const pare_attr *a = m->nodes[i].attrs[k];
            fault = attr_fault(c, (pare_node_id)i, a);
            if (!fault) continue;
            snprintf(text, sizeof(text), "attribute '%.60s': %s",
                     a ? pare_str_or_empty(a->name) : "", fault);
            return pare_check_node_fail(c, (pare_node_id)i, text);
        }
    }
    return PARE_OK;
}
