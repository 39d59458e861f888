#include "formats/onnx/import.h"

#include <inttypes.h>

/* The payload of a tensor message: at most one field has contents. */
typedef struct payload {
    const char *field; /* NULL: no field is there */
    pare_encoding encoding;
    pare_bytes bytes;
    bool has_bytes;
} payload;

/* Adds a payload field to what was found so far: contents win over an empty field. */
static pare_status note_field(pare_importer *im, payload *p, const char *field,
                              pare_encoding encoding, pare_bytes bytes, bool has_bytes)
{
    if (has_bytes && p->has_bytes)
        return pare_fail(im->ctx, PARE_EFORMAT, "expected one payload field, found %s and %s",
                         p->field, field);
    if (has_bytes || !p->field) *p = (payload){ field, encoding, bytes, has_bytes };
    return PARE_OK;
}

static pare_status note_bytes(pare_importer *im, payload *p, const char *field,
                              pare_encoding encoding, protobuf_c_boolean has,
                              ProtobufCBinaryData data)
{
    if (!has) return PARE_OK;
    return note_field(im, p, field, encoding, (pare_bytes){ data.data, data.len }, data.len > 0);
}

static pare_status find_payload(pare_importer *im, payload *p, const Onnx__TensorProto *t)
{
    *p = (payload){ 0 };
    PARE_TRY(note_bytes(im, p, "raw_data", PARE_ENC_DENSE, t->has_raw_data, t->raw_data));
    PARE_TRY(
        note_bytes(im, p, "float_data", PARE_ENC_FLOAT_DATA, t->has_float_data, t->float_data));
    PARE_TRY(
        note_bytes(im, p, "int32_data", PARE_ENC_INT32_DATA, t->has_int32_data, t->int32_data));
    PARE_TRY(
        note_bytes(im, p, "int64_data", PARE_ENC_INT64_DATA, t->has_int64_data, t->int64_data));
    PARE_TRY(
        note_bytes(im, p, "double_data", PARE_ENC_DOUBLE_DATA, t->has_double_data, t->double_data));
    PARE_TRY(
        note_bytes(im, p, "uint64_data", PARE_ENC_UINT64_DATA, t->has_uint64_data, t->uint64_data));
    if (!t->n_string_data) return PARE_OK;
    return note_field(im, p, "string_data", PARE_ENC_STRINGS, (pare_bytes){ 0 }, true);
}

static pare_status import_strings(pare_importer *im, pare_tensor **out,
                                  const Onnx__TensorProto *proto, const payload *p)
{
    if (p->has_bytes && p->encoding != PARE_ENC_STRINGS)
        return pare_fail(im->ctx, PARE_EFORMAT,
                         "expected string_data for elements of string, found %s", p->field);
    const size_t n = proto->n_string_data;
    pare_bytes *strings = pare_arena_array(&im->store->arena, n, sizeof(*strings));
    if (!strings) return pare_arena_fail(im->ctx, &im->store->arena);
    for (size_t i = 0; i < n; i++)
        strings[i] = (pare_bytes){ proto->string_data[i].data, proto->string_data[i].len };
    PARE_TRY(pare_tensor_wrap_strings(im->ctx, out, (uint32_t)proto->n_dims, proto->dims, strings,
                                      im->origin));
    const int64_t want = (*out)->n_elements;
    if ((uint64_t)want == n) return PARE_OK;
    pare_tensor_unref(*out);
    *out = NULL;
    return pare_fail(im->ctx, PARE_EFORMAT, "string_data: expected %" PRId64 " strings, found %zu",
                     want, n);
}

/* A payload in another file. */
static pare_status import_external(pare_importer *im, pare_tensor **out,
                                   const Onnx__TensorProto *proto, uint64_t want)
{
    pare_onnx_place place;
    pare_bytes bytes;
    pare_external *external = pare_arena_zero(&im->store->arena, sizeof(*external));
    if (!external) return pare_arena_fail(im->ctx, &im->store->arena);
    PARE_TRY(pare_onnx_external_place(im->ctx, &im->external, &place, proto));
    PARE_TRY(
        pare_onnx_external_bytes(im->ctx, &im->external, &bytes, &external->file, &place, want));
    PARE_TRY(pare_tensor_wrap(im->ctx, out, (pare_dtype)proto->data_type, (uint32_t)proto->n_dims,
                              proto->dims, PARE_ENC_DENSE, bytes, im->origin));
    external->location = place.location;
    external->offset = place.offset;
    (*out)->external = external;
    return PARE_OK;
}

static pare_status import_embedded(pare_importer *im, pare_tensor **out,
                                   const Onnx__TensorProto *proto, const payload *p,
                                   int64_t n_elements)
{
    const pare_dtype dtype = (pare_dtype)proto->data_type;
    if (!p->has_bytes && n_elements)
        return pare_fail(im->ctx, PARE_EFORMAT,
                         "expected a payload of %" PRId64 " elements of %s, found "
                         "none",
                         n_elements, pare_dtype_name(dtype));
    if (!pare_encoding_allows(p->encoding, dtype))
        return pare_fail(im->ctx, PARE_EFORMAT,
                         "expected a payload field for elements of %s, found %s",
                         pare_dtype_name(dtype), p->field);
    pare_status st = pare_tensor_wrap(im->ctx, out, dtype, (uint32_t)proto->n_dims, proto->dims,
                                      p->encoding, p->bytes, im->origin);
    if (!st) st = pare_tensor_check_payload(im->ctx, *out);
    if (st) {
        pare_tensor_unref(*out);
        *out = NULL;
    }
    return st == PARE_EFORMAT && p->field ? pare_fail_in(im->ctx, st, "%s: ", p->field) : st;
}

static pare_status import_fixed(pare_importer *im, pare_tensor **out,
                                const Onnx__TensorProto *proto, const payload *p, bool external)
{
    int64_t n = 0;
    uint64_t n_bytes = 0;
    PARE_TRY(pare_tensor_count(im->ctx, &n, (uint32_t)proto->n_dims, proto->dims));
    if (!external) return import_embedded(im, out, proto, p, n);
    if (p->has_bytes)
        return pare_fail(im->ctx, PARE_EFORMAT,
                         "expected no payload beside external_data, found %s", p->field);
    if (!pare_dtype_size_bytes((pare_dtype)proto->data_type, n, &n_bytes))
        return pare_fail(im->ctx, PARE_EFORMAT,
                         "external_data: expected elements of fixed size, found "
                         "%" PRId64 " of %s",
                         n, pare_dtype_name((pare_dtype)proto->data_type));
    return import_external(im, out, proto, n_bytes);
}

pare_status pare_import_tensor(pare_importer *im, pare_tensor **out, const Onnx__TensorProto *proto)
{
    payload p;
    *out = NULL;
    if (!pare_dtype_is_valid(proto->data_type))
        return pare_fail(im->ctx, PARE_EFORMAT, "data_type: expected a type from 1 to %d, found %d",
                         PARE_N_DTYPES - 1, (int)proto->data_type);
    if (proto->segment)
        return pare_fail(im->ctx, PARE_EFORMAT,
                         "segment: expected a whole tensor, found a part of one");
    const int32_t location = proto->has_data_location ? (int32_t)proto->data_location : 0;
    if (location != ONNX__TENSOR_PROTO__DATA_LOCATION__DEFAULT &&
        location != ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
        return pare_fail(im->ctx, PARE_EFORMAT, "data_location: expected 0 or 1, found %d",
                         (int)location);
    const bool external = location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    PARE_TRY(find_payload(im, &p, proto));
    if (proto->data_type == PARE_STRING && !external) return import_strings(im, out, proto, &p);
    return import_fixed(im, out, proto, &p, external);
}
