#include "ir/text_writer.h"

#include "base/utf8.h"
#include "ir/lex.h"
#include "ir/number.h"

#include <inttypes.h>

enum { MAX_ELEMENTS = 16 };

static void put_n(text_out *o, const char *text, size_t n)
{
    if (o->status || fwrite(text, 1, n, o->to) == n) return;
    o->status = pare_fail(o->ctx, PARE_EIO, "writing text failed");
}

void pare_put(text_out *o, const char *text)
{
    put_n(o, text, strlen(text));
}

void pare_put_i64(text_out *o, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, value);
    pare_put(o, text);
}

static void put_u64(text_out *o, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    pare_put(o, text);
}

void pare_put_f32(text_out *o, float value)
{
    char text[PARE_NUMBER_BYTES];
    pare_put(o, pare_number_f32(text, value));
}

static void put_f64(text_out *o, double value)
{
    char text[PARE_NUMBER_BYTES];
    pare_put(o, pare_number_f64(text, value));
}

void pare_put_line(text_out *o)
{
    pare_put(o, "\n");
    for (unsigned i = 0; i < o->indent; i++) pare_put(o, "  ");
}

/* Bytes of the printable character at p, or 0 when it needs an escape. */
static size_t printable(const char *p, const char *end)
{
    char copy[5] = "";
    const size_t n = pare_utf8_sequence(p, end);
    if (n == 1 && (*p == '"' || *p == '\\')) return 0;
    memcpy(copy, p, n);
    return n && copy[0] && pare_utf8_printable(copy) == n ? n : 0;
}

void pare_put_bytes(text_out *o, pare_bytes bytes)
{
    const char *p = (const char *)bytes.data;
    const char *end = bytes.n ? p + bytes.n : p;
    pare_put(o, "\"");
    while (p < end) {
        size_t n = 0;
        for (size_t step; p + n < end && (step = printable(p + n, end)) > 0;) n += step;
        put_n(o, p, n);
        p += n;
        if (p == end) break;
        char escape[8];
        if (*p == '"' || *p == '\\') snprintf(escape, sizeof(escape), "\\%c", *p);
        else snprintf(escape, sizeof(escape), "\\x%02x", (unsigned char)*p);
        pare_put(o, escape);
        p++;
    }
    pare_put(o, "\"");
}

void pare_put_string(text_out *o, const char *text)
{
    const char *present = pare_str_or_empty(text);
    pare_put_bytes(o, (pare_bytes){ (const uint8_t *)present, strlen(present) });
}

void pare_put_name(text_out *o, const char *name)
{
    if (name && pare_lex_is_plain(name)) pare_put(o, name);
    else pare_put_string(o, name);
}

/* --- types ------------------------------------------------------------------------------------ */

static void put_denotation(text_out *o, const char *denotation)
{
    if (!denotation) return;
    pare_put(o, "@");
    pare_put_string(o, denotation);
}

static void put_dim(text_out *o, const pare_dim *dim)
{
    if (dim->kind == PARE_DIM_VALUE) pare_put_i64(o, dim->value);
    else if (dim->kind == PARE_DIM_PARAM) pare_put_name(o, dim->param);
    else pare_put(o, "?");
    put_denotation(o, dim->denotation);
}

static void put_tensor_type(text_out *o, const pare_type *type)
{
    pare_put(o, pare_dtype_name(type->dtype));
    if (!type->has_shape) pare_put(o, "[]");
    if (!type->has_shape || !type->rank) return;
    for (uint32_t i = 0; i < type->rank; i++) {
        pare_put(o, i ? "," : "[");
        put_dim(o, &type->dims[i]);
    }
    pare_put(o, "]");
}

static void put_type(text_out *o, const pare_type *type, int depth)
{
    static const char *const openings[] = {
        [PARE_TYPE_NONE] = "notype",
        [PARE_TYPE_TENSOR] = "",
        [PARE_TYPE_SPARSE_TENSOR] = "sparse_tensor(",
        [PARE_TYPE_SEQUENCE] = "seq(",
        [PARE_TYPE_OPTIONAL] = "optional(",
        [PARE_TYPE_MAP] = "map(",
        [PARE_TYPE_OPAQUE] = "opaque(",
    };
    pare_put(o, openings[type->kind]);
    if (type->kind == PARE_TYPE_TENSOR || type->kind == PARE_TYPE_SPARSE_TENSOR)
        put_tensor_type(o, type);
    if (type->kind == PARE_TYPE_MAP) {
        pare_put(o, pare_dtype_name(type->dtype));
        if (type->elem) pare_put(o, ", ");
    }
    if (type->elem && depth >= PARE_MAX_TYPE_DEPTH && !o->status)
        o->status = pare_fail(o->ctx, PARE_EFORMAT, "expected at most %d nested types, found more",
                              PARE_MAX_TYPE_DEPTH);
    else if (type->elem) put_type(o, type->elem, depth + 1);
    if (type->kind != PARE_TYPE_NONE && type->kind != PARE_TYPE_TENSOR) pare_put(o, ")");
    put_denotation(o, type->denotation);
}

void pare_put_type(text_out *o, const pare_type *type)
{
    put_type(o, type, 0);
}

/* --- tensors ---------------------------------------------------------------------------------- */

static void put_dims(text_out *o, uint32_t rank, const int64_t *dims)
{
    if (!rank) return;
    for (uint32_t i = 0; i < rank; i++) {
        pare_put(o, i ? "," : "[");
        pare_put_i64(o, dims[i]);
    }
    pare_put(o, "]");
}

void pare_put_tensor_type(text_out *o, const pare_tensor *tensor)
{
    pare_put(o, pare_dtype_name(tensor->dtype));
    put_dims(o, tensor->rank, tensor->dims);
}

/* Element i of a dense payload as its bits, lowest first. */
static uint64_t element_bits(const uint8_t *data, unsigned bits, int64_t i)
{
    uint64_t v = 0;
    if (bits < 8) {
        const int64_t per_byte = 8 / bits;
        return data[i / per_byte] >> ((unsigned)(i % per_byte) * bits) & ((1u << bits) - 1);
    }
    memcpy(&v, data + (uint64_t)i * (bits / 8), bits / 8);
    return v;
}

static void put_float_bits(text_out *o, bool is_double, uint64_t v)
{
    const uint32_t low = (uint32_t)v;
    float f = 0;
    double d = 0;
    memcpy(&f, &low, sizeof(f));
    memcpy(&d, &v, sizeof(d));
    if (is_double) put_f64(o, d);
    else pare_put_f32(o, f);
}

/* Floats narrower than 32 bits are written as bit patterns, as ONNX does. */
static void put_element(text_out *o, const pare_tensor *t, const uint8_t *data, int64_t i)
{
    const pare_dtype_info *info = pare_dtype_of(t->dtype);
    if (info->class == PARE_CLASS_COMPLEX) {
        const unsigned half = info->bits / 2u;
        put_float_bits(o, half == 64, element_bits(data, half, 2 * i));
        pare_put(o, ", ");
        put_float_bits(o, half == 64, element_bits(data, half, 2 * i + 1));
        return;
    }
    const uint64_t v = element_bits(data, info->bits, i);
    const unsigned unused = 64u - info->bits;
    if (info->class == PARE_CLASS_FLOAT && info->bits >= 32) put_float_bits(o, info->bits == 64, v);
    else if (info->class == PARE_CLASS_INT) pare_put_i64(o, (int64_t)(v << unused) >> unused);
    else put_u64(o, v);
}

/* Instead of many elements: how many there are, and a hash that tells them from others. */
static void put_hash(text_out *o, const pare_tensor *t, const uint8_t *data)
{
    uint64_t key[2] = { 0, 0 };
    const uint64_t n_bytes = pare_tensor_size_bytes(t);
    char text[96];
    if (data) key[0] = pare_siphash13(key, data, (size_t)n_bytes);
    for (int64_t i = 0; !data && i < t->n_elements; i++) {
        key[1] = t->strings[i].n;
        key[0] = pare_siphash13(key, t->strings[i].data, t->strings[i].n);
    }
    snprintf(text, sizeof(text), "{%" PRId64 " elements, %" PRIu64 " bytes, hash %016" PRIx64 "}",
             t->n_elements, n_bytes, key[0]);
    pare_put(o, text);
}

static void put_payload(text_out *o, const pare_tensor *t, const uint8_t *data)
{
    if (t->n_elements > MAX_ELEMENTS) {
        put_hash(o, t, data);
        return;
    }
    pare_put(o, "{");
    for (int64_t i = 0; i < t->n_elements; i++) {
        if (i) pare_put(o, ", ");
        if (t->encoding == PARE_ENC_STRINGS) pare_put_bytes(o, t->strings[i]);
        else put_element(o, t, data, i);
    }
    pare_put(o, "}");
}

void pare_put_elements(text_out *o, const pare_tensor *tensor)
{
    pare_buf *buf = NULL;
    const uint8_t *data = NULL;
    if (o->status) return;
    if (tensor->encoding != PARE_ENC_STRINGS)
        o->status = pare_tensor_dense(o->ctx, &buf, &data, tensor);
    if (!o->status) put_payload(o, tensor, data);
    pare_buf_unref(buf);
}

void pare_put_sparse_type(text_out *o, const pare_sparse_tensor *sparse)
{
    pare_put(o, "sparse_tensor(");
    pare_put(o, pare_dtype_name(sparse->values ? sparse->values->dtype : PARE_DTYPE_UNDEFINED));
    put_dims(o, sparse->rank, sparse->dims);
    pare_put(o, ")");
}

static void put_part(text_out *o, const pare_tensor *part)
{
    if (!part) {
        pare_put(o, "absent");
        return;
    }
    pare_put_tensor_type(o, part);
    pare_put(o, " ");
    pare_put_elements(o, part);
}

void pare_put_sparse(text_out *o, const pare_sparse_tensor *sparse)
{
    pare_put(o, "{");
    put_part(o, sparse->values);
    pare_put(o, ", ");
    put_part(o, sparse->indices);
    pare_put(o, "}");
}
