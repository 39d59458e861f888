#include "formats/onnx/import.h"

#include <inttypes.h>

/* Which value fields an attribute message has: the kind that the last of them means, and how
 * many. */
typedef struct fields {
    pare_attr_type type;
    unsigned n;
    const char *first, *last; /* their names, for messages */
} fields;

static void note(fields *f, bool is_there, pare_attr_type type, const char *name)
{
    if (!is_there) return;
    if (!f->n++) f->first = name;
    f->last = name;
    f->type = type;
}

static fields find_fields(const Onnx__AttributeProto *a)
{
    fields f = { 0 };
    note(&f, a->has_f, PARE_ATTR_FLOAT, "f");
    note(&f, a->has_i, PARE_ATTR_INT, "i");
    note(&f, a->has_s, PARE_ATTR_STRING, "s");
    note(&f, a->t, PARE_ATTR_TENSOR, "t");
    note(&f, a->g, PARE_ATTR_GRAPH, "g");
    note(&f, a->n_floats, PARE_ATTR_FLOATS, "floats");
    note(&f, a->n_ints, PARE_ATTR_INTS, "ints");
    note(&f, a->n_strings, PARE_ATTR_STRINGS, "strings");
    note(&f, a->n_tensors, PARE_ATTR_TENSORS, "tensors");
    note(&f, a->n_graphs, PARE_ATTR_GRAPHS, "graphs");
    note(&f, a->tp, PARE_ATTR_TYPE_PROTO, "tp");
    note(&f, a->n_type_protos, PARE_ATTR_TYPE_PROTOS, "type_protos");
    note(&f, a->sparse_tensor, PARE_ATTR_SPARSE_TENSOR, "sparse_tensor");
    note(&f, a->n_sparse_tensors, PARE_ATTR_SPARSE_TENSORS, "sparse_tensors");
    return f;
}

/* Kinds whose value may be missing on the wire: writers by the proto3 rules leave out zeros and
 * empty lists. */
static bool may_be_absent(pare_attr_type type)
{
    return type != PARE_ATTR_TENSOR && type != PARE_ATTR_GRAPH && type != PARE_ATTR_SPARSE_TENSOR &&
           type != PARE_ATTR_TYPE_PROTO;
}

/* The kind of an attribute. The oldest files do not say it: then it is that of the field. */
static pare_status find_type(pare_importer *im, pare_attr_type *type, const Onnx__AttributeProto *a,
                             bool in_function)
{
    const fields f = find_fields(a);
    const int32_t declared = a->type;
    const bool is_ref = a->ref_attr_name && *a->ref_attr_name;
    if (declared < 0 || declared >= PARE_N_ATTR_TYPES)
        return pare_fail(im->ctx, PARE_EFORMAT, "type: expected 1 to %d, found %d",
                         PARE_N_ATTR_TYPES - 1, (int)declared);
    if (f.n > 1)
        return pare_fail(im->ctx, PARE_EFORMAT, "expected one value, found both %s and %s", f.first,
                         f.last);
    if (is_ref && !in_function)
        return pare_fail(im->ctx, PARE_EFORMAT,
                         "ref_attr_name: expected none outside of a function, found "
                         "'%s'",
                         a->ref_attr_name);
    if (is_ref && f.n)
        return pare_fail(im->ctx, PARE_EFORMAT, "expected no value beside ref_attr_name, found %s",
                         f.last);
    *type = declared ? (pare_attr_type)declared : f.type;
    if (is_ref) return PARE_OK;
    if (f.n ? f.type != *type : !may_be_absent(*type) || !declared)
        return pare_fail(im->ctx, PARE_EFORMAT, "expected a value of type %s, found %s",
                         pare_attr_type_name(*type), f.n ? f.last : "none");
    return PARE_OK;
}

/* --- values ----------------------------------------------------------------------------------- */

static void *new_list(pare_importer *im, size_t n, size_t item_bytes)
{
    return pare_arena_array(&im->model->arena, n, item_bytes);
}

static pare_status fail_arena(pare_importer *im)
{
    return pare_arena_fail(im->ctx, &im->model->arena);
}

static pare_status import_strings(pare_importer *im, pare_attr *attr,
                                  const ProtobufCBinaryData *items, size_t n)
{
    pare_bytes *list = new_list(im, n, sizeof(*list));
    if (!list) return fail_arena(im);
    for (size_t i = 0; i < n; i++) list[i] = (pare_bytes){ items[i].data, items[i].len };
    attr->strings = list;
    attr->n = (uint32_t)n;
    return PARE_OK;
}

/* The lists below count up attr->n as they go, so that a failure leaves what is to be let go. */
static pare_status import_tensors(pare_importer *im, pare_attr *attr,
                                  Onnx__TensorProto *const *items, size_t n)
{
    pare_tensor **list = new_list(im, n, sizeof(pare_tensor *));
    if (!list) return fail_arena(im);
    attr->tensors = list;
    while (attr->n < n) {
        PARE_TRY(pare_import_tensor(im, &list[attr->n], items[attr->n]));
        attr->n++;
    }
    return PARE_OK;
}

static pare_status import_sparses(pare_importer *im, pare_attr *attr,
                                  Onnx__SparseTensorProto *const *items, size_t n)
{
    pare_sparse_tensor **list = new_list(im, n, sizeof(pare_sparse_tensor *));
    if (!list) return fail_arena(im);
    attr->sparse = list;
    while (attr->n < n) {
        PARE_TRY(pare_import_sparse(im, &list[attr->n], items[attr->n]));
        attr->n++;
    }
    return PARE_OK;
}

static pare_status import_graphs(pare_importer *im, pare_attr *attr, Onnx__GraphProto *const *items,
                                 size_t n, pare_graph *parent)
{
    pare_graph **list = new_list(im, n, sizeof(pare_graph *));
    if (!list) return fail_arena(im);
    if (!parent) return pare_fail(im->ctx, PARE_EFORMAT, "expected no graph here, found one");
    attr->graphs = list;
    while (attr->n < n) {
        const Onnx__GraphProto *proto = items[attr->n];
        PARE_TRY(pare_graph_new(im->ctx, &list[attr->n], im->model, parent, proto->name));
        PARE_TRY(pare_import_graph(im, list[attr->n], proto));
        attr->n++;
    }
    return PARE_OK;
}

static pare_status import_types(pare_importer *im, pare_attr *attr, Onnx__TypeProto *const *items,
                                size_t n)
{
    const pare_type **list = new_list(im, n, sizeof(pare_type *));
    if (!list) return fail_arena(im);
    attr->types = list;
    attr->n = (uint32_t)n;
    for (size_t i = 0; i < n; i++) PARE_TRY(pare_import_type(im, &list[i], items[i]));
    return PARE_OK;
}

/* Numbers stay where they are in the message, which lives as long as the model. */
static pare_status import_value(pare_importer *im, pare_attr *attr, const Onnx__AttributeProto *a,
                                pare_graph *parent)
{
    switch (attr->type) {
    case PARE_ATTR_FLOAT:
        attr->floats = &a->f;
        attr->n = 1;
        return PARE_OK;
    case PARE_ATTR_INT:
        attr->ints = &a->i;
        attr->n = 1;
        return PARE_OK;
    case PARE_ATTR_FLOATS:
        attr->floats = a->floats;
        attr->n = (uint32_t)a->n_floats;
        return PARE_OK;
    case PARE_ATTR_INTS:
        attr->ints = a->ints;
        attr->n = (uint32_t)a->n_ints;
        return PARE_OK;
    case PARE_ATTR_STRING:
        return import_strings(im, attr, &a->s, 1);
    case PARE_ATTR_STRINGS:
        return import_strings(im, attr, a->strings, a->n_strings);
    case PARE_ATTR_TENSOR:
        return import_tensors(im, attr, &a->t, 1);
    case PARE_ATTR_TENSORS:
        return import_tensors(im, attr, a->tensors, a->n_tensors);
    case PARE_ATTR_GRAPH:
        return import_graphs(im, attr, &a->g, 1, parent);
    case PARE_ATTR_GRAPHS:
        return import_graphs(im, attr, a->graphs, a->n_graphs, parent);
    case PARE_ATTR_SPARSE_TENSOR:
        return import_sparses(im, attr, &a->sparse_tensor, 1);
    case PARE_ATTR_SPARSE_TENSORS:
        return import_sparses(im, attr, a->sparse_tensors, a->n_sparse_tensors);
    case PARE_ATTR_TYPE_PROTO:
        return import_types(im, attr, &a->tp, 1);
    case PARE_ATTR_TYPE_PROTOS:
        return import_types(im, attr, a->type_protos, a->n_type_protos);
    default:
        return PARE_OK;
    }
}

pare_status pare_import_attr(pare_importer *im, pare_attr **out, const Onnx__AttributeProto *proto,
                             pare_graph *parent, bool in_function)
{
    *out = NULL;
    pare_attr *attr = pare_arena_zero(&im->model->arena, sizeof(*attr));
    if (!attr) return fail_arena(im);
    attr->name = proto->name;
    attr->source = proto;
    pare_status st = find_type(im, &attr->type, proto, in_function);
    if (!st && proto->ref_attr_name && *proto->ref_attr_name) attr->ref_name = proto->ref_attr_name;
    else if (!st) st = import_value(im, attr, proto, parent);
    if (st) {
        pare_import_drop_attr(attr);
        if (pare_import_is_long(im)) return st;
        return pare_fail_in(im->ctx, st, "attribute '%.200s': ", proto->name);
    }
    *out = attr;
    return PARE_OK;
}

void pare_import_drop_attr(const pare_attr *attr)
{
    const bool dense = attr->type == PARE_ATTR_TENSOR || attr->type == PARE_ATTR_TENSORS;
    const bool sparse =
        attr->type == PARE_ATTR_SPARSE_TENSOR || attr->type == PARE_ATTR_SPARSE_TENSORS;
    for (uint32_t i = 0; dense && i < attr->n; i++) pare_tensor_unref(attr->tensors[i]);
    for (uint32_t i = 0; sparse && i < attr->n; i++) pare_import_drop_sparse(attr->sparse[i]);
}

/* Few names are compared pair by pair; many go through a map, for a file may be hostile. */
pare_status pare_import_attr_names(pare_importer *im, Onnx__AttributeProto *const *attrs, size_t n)
{
    enum { FEW = 16 };
    pare_map seen = { 0 };
    pare_status st = PARE_OK;
    const char *twice = NULL;
    for (size_t i = 0; i < n && !st && !twice; i++) {
        const char *name = attrs[i]->name;
        if (!name || !*name) {
            st = pare_fail(im->ctx, PARE_EFORMAT, "attribute %zu: expected a name, found none", i);
        } else if (n <= FEW) {
            for (size_t k = 0; k < i; k++)
                if (*attrs[k]->name == *name && pare_str_eq(attrs[k]->name, name)) twice = name;
        } else if (pare_map_get(&seen, 0, name, NULL)) {
            twice = name;
        } else {
            st = pare_map_put(im->ctx, &seen, 0, name, 0);
        }
    }
    pare_map_free(im->ctx, &seen);
    if (twice)
        st = pare_fail(im->ctx, PARE_EFORMAT, "attribute '%s': expected it once, found it twice",
                       twice);
    return st;
}
