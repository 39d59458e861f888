#include "formats/onnx/value.h"

#include "formats/onnx/import.h"
#include "formats/onnx/limits.h"
#include "formats/onnx/mapping.h"
#include "formats/onnx/parse.h"


/* A tensor whose elements lie dense, as values at run time do. */
static pare_status import_dense(pare_importer *im, pare_datum *out, const Onnx__TensorProto *proto)
{
    pare_tensor *tensor = NULL;
    PARE_TRY(pare_import_tensor(im, &tensor, proto));
    out->kind = PARE_TYPE_TENSOR;
    const pare_status st = pare_tensor_densify(im->ctx, &out->tensor, tensor);
    pare_tensor_unref(tensor);
    return st;
}

/* Room for n items that *n_items counts up to, so that a failure leaves nothing undropped. */
static pare_status make_items(pare_importer *im, pare_datum *out, pare_type_kind kind, size_t n)
{
    out->kind = kind;
    if (!n) return PARE_OK;
    out->items = pare_alloc_zero(im->ctx, n * sizeof(*out->items));
    return out->items ? PARE_OK : pare_fail_memory(im->ctx, n * sizeof(*out->items));
}

static pare_status import_optional(pare_importer *im, pare_datum *out,
                                   const Onnx__OptionalProto *proto);

/* The scanner bounds how deep messages lie in each other, and so this recursion. */
static pare_status import_sequence(pare_importer *im, pare_datum *out,
                                   const Onnx__SequenceProto *proto)
{
    const size_t n = proto->n_tensor_values + proto->n_sequence_values + proto->n_optional_values;
    if (proto->n_sparse_tensor_values || proto->n_map_values)
        return pare_fail(im->ctx, PARE_EUNSUPPORTED,
                         "sequences of maps and of sparse tensors cannot be read");
    PARE_TRY(make_items(im, out, PARE_TYPE_SEQUENCE, n));
    for (size_t i = 0; i < proto->n_tensor_values; i++)
        PARE_TRY(import_dense(im, &out->items[out->n_items++], proto->tensor_values[i]));
    for (size_t i = 0; i < proto->n_sequence_values; i++)
        PARE_TRY(import_sequence(im, &out->items[out->n_items++], proto->sequence_values[i]));
    for (size_t i = 0; i < proto->n_optional_values; i++)
        PARE_TRY(import_optional(im, &out->items[out->n_items++], proto->optional_values[i]));
    return PARE_OK;
}

static pare_status import_optional(pare_importer *im, pare_datum *out,
                                   const Onnx__OptionalProto *proto)
{
    const bool has_value = proto->tensor_value || proto->sequence_value || proto->optional_value;
    if (proto->map_value || proto->sparse_tensor_value)
        return pare_fail(im->ctx, PARE_EUNSUPPORTED,
                         "optional maps and sparse tensors cannot be read");
    PARE_TRY(make_items(im, out, PARE_TYPE_OPTIONAL, has_value));
    if (!has_value) return PARE_OK;
    pare_datum *item = &out->items[out->n_items++];
    if (proto->tensor_value) return import_dense(im, item, proto->tensor_value);
    if (proto->sequence_value) return import_sequence(im, item, proto->sequence_value);
    return import_optional(im, item, proto->optional_value);
}

static pare_status import_tree(pare_importer *im, pare_datum *out, pare_type_kind kind)
{
    ProtobufCMessage *tree = NULL;
    if (kind == PARE_TYPE_SEQUENCE) {
        PARE_TRY(pare_onnx_parse(im->ctx, im->store, &onnx__sequence_proto__descriptor,
                                 "a sequence", &tree));
        return import_sequence(im, out, (const Onnx__SequenceProto *)(const void *)tree);
    }
    if (kind == PARE_TYPE_OPTIONAL) {
        out->kind = PARE_TYPE_OPTIONAL;
        if (!im->store->bytes->n_bytes) return PARE_OK; /* a message without fields: no value */
        PARE_TRY(pare_onnx_parse(im->ctx, im->store, &onnx__optional_proto__descriptor,
                                 "an optional value", &tree));
        return import_optional(im, out, (const Onnx__OptionalProto *)(const void *)tree);
    }
    PARE_TRY(pare_onnx_parse(im->ctx, im->store, &onnx__tensor_proto__descriptor, "a tensor",
                                 &tree));
    return import_dense(im, out, (const Onnx__TensorProto *)(const void *)tree);
}

static pare_status import_bytes(pare_ctx *ctx, pare_datum *out, pare_buf *bytes,
                                pare_type_kind kind)
{
    pare_importer im = { .ctx = ctx };
    PARE_TRY(pare_onnx_store_new(ctx, &im.store, &im.origin, bytes));
    pare_status st = pare_onnx_external_init(ctx, &im.external, im.store, NULL, false, 0);
    if (!st) st = import_tree(&im, out, kind);
    pare_onnx_external_free(ctx, &im.external);
    pare_buf_unref(im.origin);
    if (st) pare_datum_drop(ctx, out);
    return st;
}

pare_status pare_onnx_parse_value(pare_ctx *ctx, pare_datum *out, pare_buf *bytes,
                                  const pare_type *type)
{
    *out = (pare_datum){ .kind = PARE_TYPE_NONE };
    return import_bytes(ctx, out, bytes, type ? type->kind : PARE_TYPE_TENSOR);
}

pare_status pare_onnx_read_value(pare_ctx *ctx, pare_datum *out, const char *path,
                                 const pare_type *type)
{
    pare_buf *bytes = NULL;
    *out = (pare_datum){ .kind = PARE_TYPE_NONE };
    PARE_TRY(pare_mapping_read(ctx, &bytes, path, PARE_ONNX_READ_BYTES));
    const pare_status st = pare_onnx_parse_value(ctx, out, bytes, type);
    pare_buf_unref(bytes);
    return st ? pare_fail_in(ctx, st, "%s: ", path) : st;
}
