#include "formats/onnx/verify.h"

#include "base/pages.h"
#include "formats/onnx/origin.h"

#include <inttypes.h>

enum {
    COMPARE_BYTES = 8 << 20,  /* between looks at progress and cancel */
    LARGE_BYTES = 256 << 20,  /* in all: what was compared is to leave memory at once */
};

/* One comparison: what was meant, and what is there. */
typedef struct comparison {
    pare_ctx *ctx;
    const pare_model *want, *got;
    const char *place;      /* the node or value that is being compared */
    uint64_t done, total;   /* payload bytes */
} comparison;

static pare_status differ(const comparison *c, const char *what)
{
    return pare_fail(c->ctx, PARE_EFORMAT, "%s '%s' differs from what was to be written", what,
                     c->place);
}

/* Absent and empty are the same to ONNX. */
static bool same_text(const char *a, const char *b)
{
    return pare_str_eq(pare_str_or_empty(a), pare_str_or_empty(b));
}

static bool same_bytes(pare_bytes a, pare_bytes b)
{
    return a.n == b.n && (!a.n || memcmp(a.data, b.data, a.n) == 0);
}

/* --- types ------------------------------------------------------------------------------------ */

static bool same_dim(const pare_dim *a, const pare_dim *b)
{
    if (a->kind != b->kind || !same_text(a->denotation, b->denotation)) return false;
    if (a->kind == PARE_DIM_VALUE) return a->value == b->value;
    return a->kind != PARE_DIM_PARAM || same_text(a->param, b->param);
}

static bool same_type(const pare_type *a, const pare_type *b)
{
    for (; a && b; a = a->elem, b = b->elem) {
        if (a->kind != b->kind || a->dtype != b->dtype || a->has_shape != b->has_shape ||
            a->rank != b->rank || !same_text(a->denotation, b->denotation))
            return false;
        for (uint32_t i = 0; i < a->rank; i++) {
            if (!same_dim(&a->dims[i], &b->dims[i])) return false;
        }
    }
    return a == b;
}

/* --- payloads --------------------------------------------------------------------------------- */

static const pare_onnx_origin_file *file_of(const pare_model *model, const pare_tensor *tensor)
{
    const pare_onnx_origin *const origin = pare_onnx_origin_of(model);
    for (size_t i = 0; origin && tensor->external && i < origin->n_files; i++) {
        if (origin->files[i].bytes == tensor->external->file) return &origin->files[i];
    }
    return NULL;
}

/* Whether both are the same range of the same file, which need not be read then. */
static bool is_shared(const comparison *c, const pare_tensor *a, const pare_tensor *b)
{
    const pare_onnx_origin_file *const file_a = file_of(c->want, a);
    const pare_onnx_origin_file *const file_b = file_of(c->got, b);
    return file_a && file_b && file_a->device == file_b->device && file_a->inode == file_b->inode &&
           a->external->offset == b->external->offset;
}

static pare_status compare_runs(comparison *c, const uint8_t *a, const uint8_t *b, uint64_t n_bytes)
{
    for (uint64_t at = 0; at < n_bytes; at += COMPARE_BYTES) {
        const uint64_t n = n_bytes - at < COMPARE_BYTES ? n_bytes - at : COMPARE_BYTES;
        PARE_TRY(pare_check_canceled(c->ctx));
        if (memcmp(a + at, b + at, (size_t)n) != 0) return differ(c, "payload of");
        c->done += n;
        if (c->total >= LARGE_BYTES) { /* as a whole they may not fit into memory */
            pare_pages_release(a + at, (size_t)n);
            pare_pages_release(b + at, (size_t)n);
        }
        pare_report_progress(c->ctx, "check", c->done, c->total);
    }
    return PARE_OK;
}

/* Payloads in different forms, by their elements. */
static pare_status compare_dense(comparison *c, const pare_tensor *a, const pare_tensor *b)
{
    pare_buf *buf_a = NULL, *buf_b = NULL;
    const uint8_t *data_a = NULL, *data_b = NULL;
    pare_status st = pare_tensor_dense(c->ctx, &buf_a, &data_a, a);
    if (!st) st = pare_tensor_dense(c->ctx, &buf_b, &data_b, b);
    if (!st) st = compare_runs(c, data_a, data_b, pare_tensor_size_bytes(a));
    pare_buf_unref(buf_a);
    pare_buf_unref(buf_b);
    return st;
}

static pare_status compare_tensor(comparison *c, const pare_tensor *a, const pare_tensor *b)
{
    if (a == b) return PARE_OK;
    if (!a || !b || a->dtype != b->dtype || a->rank != b->rank) return differ(c, "tensor");
    for (uint32_t i = 0; i < a->rank; i++) {
        if (a->dims[i] != b->dims[i]) return differ(c, "tensor");
    }
    if (a->encoding == PARE_ENC_STRINGS || b->encoding == PARE_ENC_STRINGS) {
        if (a->encoding != b->encoding) return differ(c, "tensor");
        for (int64_t i = 0; i < a->n_elements; i++) {
            if (!same_bytes(a->strings[i], b->strings[i])) return differ(c, "payload of");
        }
        return PARE_OK;
    }
    if (is_shared(c, a, b)) return PARE_OK;
    if (a->encoding != b->encoding || a->payload.n != b->payload.n) return compare_dense(c, a, b);
    return compare_runs(c, a->payload.data, b->payload.data, a->payload.n);
}

static pare_status compare_sparse(comparison *c, const pare_sparse_tensor *a,
                                  const pare_sparse_tensor *b)
{
    if (!a && !b) return PARE_OK;
    if (!a || !b || a->rank != b->rank ||
        (a->rank && memcmp(a->dims, b->dims, a->rank * sizeof(a->dims[0])) != 0))
        return differ(c, "sparse tensor");
    PARE_TRY(compare_tensor(c, a->values, b->values));
    return compare_tensor(c, a->indices, b->indices);
}

/* --- attributes and nodes --------------------------------------------------------------------- */

static pare_status compare_graph(comparison *c, const pare_graph *a, const pare_graph *b);

/* Items of the kinds that are compared one by one. */
static pare_status compare_item(comparison *c, const pare_attr *a, const pare_attr *b, uint32_t i)
{
    switch (a->type) {
    case PARE_ATTR_STRING:
    case PARE_ATTR_STRINGS:
        return same_bytes(a->strings[i], b->strings[i]) ? PARE_OK : differ(c, "an attribute of");
    case PARE_ATTR_TENSOR:
    case PARE_ATTR_TENSORS: return compare_tensor(c, a->tensors[i], b->tensors[i]);
    case PARE_ATTR_SPARSE_TENSOR:
    case PARE_ATTR_SPARSE_TENSORS: return compare_sparse(c, a->sparse[i], b->sparse[i]);
    case PARE_ATTR_GRAPH:
    case PARE_ATTR_GRAPHS: return compare_graph(c, a->graphs[i], b->graphs[i]);
    case PARE_ATTR_TYPE_PROTO:
    case PARE_ATTR_TYPE_PROTOS:
        return same_type(a->types[i], b->types[i]) ? PARE_OK : differ(c, "an attribute of");
    default: return PARE_OK;
    }
}

static pare_status compare_attr(comparison *c, const pare_attr *a, const pare_attr *b)
{
    const bool same_head = same_text(a->name, b->name) && same_text(a->ref_name, b->ref_name) &&
                           a->type == b->type && a->n == b->n;
    if (!same_head) return differ(c, "an attribute of");
    const bool is_float = a->type == PARE_ATTR_FLOAT || a->type == PARE_ATTR_FLOATS;
    const bool is_int = a->type == PARE_ATTR_INT || a->type == PARE_ATTR_INTS;
    if ((is_float && a->n && memcmp(a->floats, b->floats, a->n * sizeof(a->floats[0])) != 0) ||
        (is_int && a->n && memcmp(a->ints, b->ints, a->n * sizeof(a->ints[0])) != 0))
        return differ(c, "an attribute of");
    for (uint32_t i = 0; i < a->n; i++) PARE_TRY(compare_item(c, a, b, i));
    return PARE_OK;
}

static const char *value_name(const pare_model *model, pare_value_id id)
{
    return id == PARE_NONE ? "" : model->values[id].name;
}

static pare_status compare_node(comparison *c, const pare_node *a, const pare_node *b)
{
    c->place = pare_str_or_empty(a->name && *a->name ? a->name : a->op_type);
    if (!same_text(a->op_type, b->op_type) || !same_text(a->name, b->name) ||
        !pare_str_eq(pare_node_domain(a), pare_node_domain(b)) ||
        !same_text(a->overload, b->overload) || !same_text(a->doc, b->doc) ||
        a->n_inputs != b->n_inputs || a->n_outputs != b->n_outputs || a->n_attrs != b->n_attrs)
        return differ(c, "node");
    for (uint32_t i = 0; i < a->n_inputs; i++) {
        if (!pare_str_eq(value_name(c->want, a->inputs[i].value),
                         value_name(c->got, b->inputs[i].value)))
            return differ(c, "an input of node");
    }
    for (uint32_t i = 0; i < a->n_outputs; i++) {
        if (!pare_str_eq(value_name(c->want, a->outputs[i]), value_name(c->got, b->outputs[i])))
            return differ(c, "an output of node");
    }
    for (uint32_t i = 0; i < a->n_attrs; i++) PARE_TRY(compare_attr(c, a->attrs[i], b->attrs[i]));
    return PARE_OK;
}

/* --- graphs ----------------------------------------------------------------------------------- */

static const pare_decl *next_decl(const pare_model *model, const pare_decls *decls, size_t *at)
{
    while (*at < decls->n) {
        const pare_decl *const decl = &decls->items[(*at)++];
        if (!pare_decl_is_dead(model, decl)) return decl;
    }
    return NULL;
}

static const char *decl_name(const pare_model *model, const pare_decl *decl)
{
    return decl->value == PARE_NONE ? decl->name : model->values[decl->value].name;
}

static pare_status compare_decls(comparison *c, const pare_decls *a, const pare_decls *b)
{
    size_t at_a = 0, at_b = 0;
    for (;;) {
        const pare_decl *const decl_a = next_decl(c->want, a, &at_a);
        const pare_decl *const decl_b = next_decl(c->got, b, &at_b);
        if (!decl_a && !decl_b) return PARE_OK;
        c->place = decl_name(decl_a ? c->want : c->got, decl_a ? decl_a : decl_b);
        if (!decl_a || !decl_b || !same_type(decl_a->type, decl_b->type) ||
            !same_text(c->place, decl_name(c->got, decl_b)))
            return differ(c, "declaration of");
    }
}

/* The next initializer of a list that still is one of its kind, or NULL. */
static const pare_value *next_value(const pare_model *model, const pare_value_list *list,
                                    bool is_sparse, size_t *at)
{
    while (*at < list->n) {
        const pare_value *const value = &model->values[list->items[(*at)++]];
        if (value->graph && (is_sparse ? !!value->sparse : !!value->tensor)) return value;
    }
    return NULL;
}

static pare_status compare_values(comparison *c, const pare_value_list *a, const pare_value_list *b,
                                  bool is_sparse)
{
    size_t at_a = 0, at_b = 0;
    for (;;) {
        const pare_value *const value_a = next_value(c->want, a, is_sparse, &at_a);
        const pare_value *const value_b = next_value(c->got, b, is_sparse, &at_b);
        if (!value_a && !value_b) return PARE_OK;
        c->place = value_a ? value_a->name : value_b->name;
        if (!value_a || !value_b || !pare_str_eq(value_a->name, value_b->name))
            return differ(c, "initializer");
        PARE_TRY(compare_tensor(c, value_a->tensor, value_b->tensor));
        PARE_TRY(compare_sparse(c, value_a->sparse, value_b->sparse));
    }
}

static bool same_props(const pare_props *a, const pare_props *b)
{
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++) {
        if (!same_text(a->items[i].key, b->items[i].key) ||
            !same_text(a->items[i].value, b->items[i].value))
            return false;
    }
    return true;
}

/* Recursion is bounded by the depth of graphs (ir/limits.h). */
static pare_status compare_graph(comparison *c, const pare_graph *a, const pare_graph *b)
{
    c->place = pare_str_or_empty(a->name);
    if (!same_text(a->name, b->name) || !same_text(a->doc, b->doc) || a->n_nodes != b->n_nodes ||
        a->n_annotations != b->n_annotations || !same_props(&a->props, &b->props))
        return differ(c, "graph");
    PARE_TRY(compare_decls(c, &a->inputs, &b->inputs));
    PARE_TRY(compare_decls(c, &a->outputs, &b->outputs));
    PARE_TRY(compare_decls(c, &a->value_infos, &b->value_infos));
    PARE_TRY(compare_values(c, &a->initializers, &b->initializers, false));
    PARE_TRY(compare_values(c, &a->sparse_initializers, &b->sparse_initializers, true));
    pare_node_id id_b = b->first_node;
    for (pare_node_id id = a->first_node; id != PARE_NONE; id = c->want->nodes[id].next) {
        PARE_TRY(compare_node(c, &c->want->nodes[id], &c->got->nodes[id_b]));
        id_b = c->got->nodes[id_b].next;
    }
    return pare_check_canceled(c->ctx);
}

/* --- models ----------------------------------------------------------------------------------- */

static bool same_opsets(const pare_opsets *a, const pare_opsets *b)
{
    if (a->n != b->n) return false;
    for (size_t i = 0; i < a->n; i++) {
        if (a->items[i].version != b->items[i].version ||
            !same_text(a->items[i].domain, b->items[i].domain))
            return false;
    }
    return true;
}

static pare_status compare_function(comparison *c, const pare_function *a, const pare_function *b)
{
    c->place = pare_str_or_empty(a->name);
    if (!same_text(a->name, b->name) || !same_text(a->domain, b->domain) ||
        !same_text(a->overload, b->overload) || !same_text(a->doc, b->doc) ||
        a->n_attr_names != b->n_attr_names || a->n_attr_defaults != b->n_attr_defaults ||
        !same_opsets(&a->opsets, &b->opsets) || !same_props(&a->props, &b->props))
        return differ(c, "function");
    for (size_t i = 0; i < a->n_attr_names; i++) {
        if (!same_text(a->attr_names[i], b->attr_names[i])) return differ(c, "function");
    }
    for (size_t i = 0; i < a->n_attr_defaults; i++)
        PARE_TRY(compare_attr(c, a->attr_defaults[i], b->attr_defaults[i]));
    return compare_graph(c, a->body, b->body);
}

static pare_status compare_models(comparison *c)
{
    const pare_model *const a = c->want, *const b = c->got;
    c->place = "model";
    if (!same_text(a->producer_name, b->producer_name) || !same_text(a->doc, b->doc) ||
        !same_text(a->producer_version, b->producer_version) || !same_text(a->domain, b->domain) ||
        a->model_version != b->model_version || a->n_functions != b->n_functions ||
        !same_opsets(&a->opsets, &b->opsets) || !same_props(&a->props, &b->props))
        return differ(c, "head of");
    PARE_TRY(compare_graph(c, a->graph, b->graph));
    for (size_t i = 0; i < a->n_functions; i++)
        PARE_TRY(compare_function(c, a->functions[i], b->functions[i]));
    return PARE_OK;
}

static uint64_t payload_bytes(const pare_model *model)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < model->n_values; i++) {
        if (model->values[i].tensor) sum += model->values[i].tensor->payload.n;
    }
    return sum;
}

pare_status pare_onnx_verify(pare_ctx *ctx, pare_model **out, const char *path,
                             const pare_model *model, const pare_onnx_open_opts *opts)
{
    pare_ctx silent = *ctx;
    silent.opts.warn = NULL;
    pare_model *written = NULL;
    pare_status st = pare_onnx_open(&silent, &written, path, opts);
    if (st) {
        pare_fail(ctx, st, "%s", silent.message);
    } else {
        comparison c = {
            .ctx = ctx, .want = model, .got = written, .total = payload_bytes(written),
        };
        st = compare_models(&c);
    }
    if (st || !out) {
        pare_model_free(ctx, written);
        written = NULL;
    }
    if (out) *out = written;
    return st;
}
