#include "ir/tensor.h"

#include "base/checked.h"
#include "ir/varint.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

bool pare_encoding_allows(pare_encoding encoding, pare_dtype dtype)
{
    const pare_dtype_info *info = pare_dtype_of(dtype);
    switch (encoding) {
    case PARE_ENC_DENSE: return info->bits != 0;
    case PARE_ENC_FLOAT_DATA: return dtype == PARE_FLOAT || dtype == PARE_COMPLEX64;
    case PARE_ENC_DOUBLE_DATA: return dtype == PARE_DOUBLE || dtype == PARE_COMPLEX128;
    case PARE_ENC_INT64_DATA: return dtype == PARE_INT64;
    case PARE_ENC_UINT64_DATA: return dtype == PARE_UINT64 || dtype == PARE_UINT32;
    case PARE_ENC_INT32_DATA:
        return dtype == PARE_INT32 || (info->bits != 0 && info->bits <= 16);
    case PARE_ENC_STRINGS: return dtype == PARE_STRING;
    }
    return false;
}

pare_status pare_tensor_count(pare_ctx *ctx, int64_t *out, uint32_t rank, const int64_t *dims)
{
    if (rank > PARE_MAX_DIMS)
        return pare_fail(ctx, PARE_EFORMAT, "dims: expected at most %d, found %" PRIu32,
                         PARE_MAX_DIMS, rank);
    int64_t n = 1;
    bool fits = true;
    bool has_zero = false;
    for (uint32_t i = 0; i < rank; i++) {
        if (dims[i] < 0)
            return pare_fail(ctx, PARE_EFORMAT,
                             "dims[%" PRIu32 "]: expected 0 or more, found %" PRId64, i, dims[i]);
        has_zero = has_zero || dims[i] == 0;
        fits = fits && pare_mul_i64(n, dims[i], &n);
    }
    if (!fits && !has_zero)
        return pare_fail(ctx, PARE_EFORMAT,
                         "dims: expected a product below 2^63, found a larger one");
    *out = has_zero ? 0 : n;
    return PARE_OK;
}

/* A tensor without payload, its dims behind it. */
static pare_status new_header(pare_ctx *ctx, pare_tensor **out, pare_dtype dtype, uint32_t rank,
                              const int64_t *dims)
{
    int64_t n_elements = 0;
    PARE_TRY(pare_tensor_count(ctx, &n_elements, rank, dims));
    const size_t n_bytes = sizeof(pare_tensor) + rank * sizeof(*dims);
    pare_tensor *t = pare_alloc_zero(ctx, n_bytes);
    if (!t) return pare_fail_memory(ctx, n_bytes);
    int64_t *own_dims = (int64_t *)(t + 1);
    if (rank) memcpy(own_dims, dims, rank * sizeof(*dims));
    atomic_init(&t->refs, 1);
    t->allocator = ctx->opts.allocator;
    t->dtype = dtype;
    t->rank = rank;
    t->dims = own_dims;
    t->n_elements = n_elements;
    *out = t;
    return PARE_OK;
}

static pare_status dense_size(pare_ctx *ctx, pare_dtype dtype, int64_t n, uint64_t *out)
{
    if (pare_dtype_size_bytes(dtype, n, out)) return PARE_OK;
    return pare_fail(ctx, PARE_EFORMAT,
                     "payload: expected a size below 2^63 bytes, found %" PRId64 " elements of %s",
                     n, pare_dtype_name(dtype));
}

pare_status pare_tensor_wrap(pare_ctx *ctx, pare_tensor **out, pare_dtype dtype, uint32_t rank,
                             const int64_t *dims, pare_encoding encoding, pare_bytes payload,
                             pare_buf *owner)
{
    assert(encoding != PARE_ENC_STRINGS);
    *out = NULL;
    pare_tensor *t = NULL;
    uint64_t want = 0;
    PARE_TRY(new_header(ctx, &t, dtype, rank, dims));
    pare_status st = PARE_OK;
    if (!pare_encoding_allows(encoding, dtype))
        st = pare_fail(ctx, PARE_EFORMAT, "payload: this field cannot hold elements of type %s",
                       pare_dtype_name(dtype));
    if (!st) st = dense_size(ctx, dtype, t->n_elements, &want);
    if (!st && encoding == PARE_ENC_DENSE && payload.n != want)
        st = pare_fail(ctx, PARE_EFORMAT,
                       "payload: expected %" PRIu64 " bytes (%" PRId64 " elements of %s), "
                       "found %zu", want, t->n_elements, pare_dtype_name(dtype), payload.n);
    if (st) {
        pare_tensor_unref(t);
        return st;
    }
    t->encoding = encoding;
    t->payload = payload;
    t->owner = pare_buf_ref(owner);
    *out = t;
    return PARE_OK;
}

pare_status pare_tensor_wrap_strings(pare_ctx *ctx, pare_tensor **out, uint32_t rank,
                                     const int64_t *dims, const pare_bytes *strings,
                                     pare_buf *owner)
{
    *out = NULL;
    pare_tensor *t = NULL;
    PARE_TRY(new_header(ctx, &t, PARE_STRING, rank, dims));
    t->encoding = PARE_ENC_STRINGS;
    t->strings = strings;
    t->owner = pare_buf_ref(owner);
    *out = t;
    return PARE_OK;
}

pare_status pare_tensor_new(pare_ctx *ctx, pare_tensor **out, pare_dtype dtype, uint32_t rank,
                            const int64_t *dims)
{
    *out = NULL;
    pare_tensor *t = NULL;
    uint64_t n_bytes = 0;
    PARE_TRY(new_header(ctx, &t, dtype, rank, dims));
    pare_status st = dense_size(ctx, dtype, t->n_elements, &n_bytes);
    if (!st) st = pare_buf_new(ctx, &t->owner, n_bytes);
    if (st) {
        pare_tensor_unref(t);
        return st;
    }
    t->payload = (pare_bytes){ t->owner->data, (size_t)n_bytes };
    *out = t;
    return PARE_OK;
}

pare_status pare_tensor_from(pare_ctx *ctx, pare_tensor **out, pare_dtype dtype, uint32_t rank,
                             const int64_t *dims, const void *data)
{
    PARE_TRY(pare_tensor_new(ctx, out, dtype, rank, dims));
    if ((*out)->payload.n) memcpy((*out)->owner->data, data, (*out)->payload.n);
    return PARE_OK;
}

pare_tensor *pare_tensor_ref(pare_tensor *tensor)
{
    if (tensor) atomic_fetch_add_explicit(&tensor->refs, 1, memory_order_relaxed);
    return tensor;
}

void pare_tensor_unref(pare_tensor *tensor)
{
    if (!tensor || atomic_fetch_sub_explicit(&tensor->refs, 1, memory_order_acq_rel) != 1) return;
    const pare_allocator a = tensor->allocator;
    pare_buf_unref(tensor->owner);
    a.release(a.user, tensor);
}

uint64_t pare_tensor_size_bytes(const pare_tensor *tensor)
{
    uint64_t n_bytes = 0;
    if (tensor->encoding != PARE_ENC_STRINGS) {
        /* it fits: checked at birth */
        (void)pare_dtype_size_bytes(tensor->dtype, tensor->n_elements, &n_bytes);
        return n_bytes;
    }
    for (int64_t i = 0; i < tensor->n_elements; i++) n_bytes += tensor->strings[i].n;
    return n_bytes;
}

/* Entries that a typed payload field must have: complex numbers take two, sub-byte types share one
 * entry per byte of packing. */
static uint64_t expected_entries(const pare_tensor *t)
{
    const pare_dtype_info *info = pare_dtype_of(t->dtype);
    if (info->class == PARE_CLASS_COMPLEX) return (uint64_t)t->n_elements * 2;
    if (info->bits < 8) return pare_tensor_size_bytes(t);
    return (uint64_t)t->n_elements;
}

static pare_status fail_entries(pare_ctx *ctx, const pare_tensor *t, uint64_t found)
{
    return pare_fail(ctx, PARE_EFORMAT,
                     "payload: expected %" PRIu64 " entries for %" PRId64
                     " elements of %s, found %" PRIu64,
                     expected_entries(t), t->n_elements, pare_dtype_name(t->dtype), found);
}

/* float_data and double_data are little-endian already: only their length can be wrong. */
static pare_status check_fixed(pare_ctx *ctx, const pare_tensor *t)
{
    const size_t width = t->encoding == PARE_ENC_FLOAT_DATA ? 4 : 8;
    if (t->payload.n % width == 0 && t->payload.n / width == expected_entries(t)) return PARE_OK;
    return fail_entries(ctx, t, t->payload.n / width);
}

/* Bits of one entry as stored little-endian, and whether the type has such a value. */
static bool entry_fits(const pare_tensor *t, uint64_t entry)
{
    const pare_dtype_info *info = pare_dtype_of(t->dtype);
    if (t->encoding == PARE_ENC_INT64_DATA || info->bits == 64) return true;
    if (t->dtype == PARE_UINT32) return entry <= UINT32_MAX;
    /* int32_data is sign-extended on the wire */
    const int64_t value = (int32_t)(uint32_t)entry;
    if ((int64_t)entry != value && entry > UINT32_MAX) return false;
    if (t->dtype == PARE_INT32) return true;
    const unsigned bits = info->bits < 8 ? 8 : info->bits;
    const int64_t unsigned_end = INT64_C(1) << bits;
    if (t->dtype == PARE_BOOL) return value == 0 || value == 1;
    if (info->class == PARE_CLASS_INT && info->bits >= 8)
        return value >= -unsigned_end / 2 && value < unsigned_end / 2;
    if (info->class == PARE_CLASS_UINT && info->bits >= 8)
        return value >= 0 && value < unsigned_end;
    return value >= -unsigned_end / 2 && value < unsigned_end; /* bit patterns, signed or not */
}

/* Walks a varint payload; out, when not NULL, receives each entry in `width` little-endian
 * bytes. */
static pare_status walk_varints(pare_ctx *ctx, const pare_tensor *t, uint8_t *out, size_t width)
{
    static const uint8_t nothing[1];
    const uint8_t *p = t->payload.n ? t->payload.data : nothing;
    const uint8_t *end = p + t->payload.n;
    const uint64_t want = expected_entries(t);
    /* A varint takes 1 to 10 bytes: refuse what cannot match before walking gigabytes. */
    if (t->payload.n < want) return fail_entries(ctx, t, t->payload.n);
    if (t->payload.n / 10 > want) return fail_entries(ctx, t, t->payload.n / 10);
    uint64_t n = 0;
    while (p != end) {
        uint64_t entry = 0;
        p = pare_varint_read(p, end, &entry);
        if (!p)
            return pare_fail(ctx, PARE_EFORMAT, "payload: entry %" PRIu64 ": malformed varint", n);
        if (!entry_fits(t, entry))
            return pare_fail(ctx, PARE_EFORMAT,
                             "payload: entry %" PRIu64 ": expected a value of type %s, "
                             "found %" PRId64, n, pare_dtype_name(t->dtype), (int64_t)entry);
        if (out && n < want) memcpy(out + n * width, &entry, width); /* little-endian, see below */
        n++;
    }
    return n == want ? PARE_OK : fail_entries(ctx, t, n);
}
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "payloads are used as they stand in files");

pare_status pare_tensor_check_payload(pare_ctx *ctx, const pare_tensor *tensor)
{
    switch (tensor->encoding) {
    case PARE_ENC_DENSE:
    case PARE_ENC_STRINGS: return PARE_OK; /* checked at birth */
    case PARE_ENC_FLOAT_DATA:
    case PARE_ENC_DOUBLE_DATA: return check_fixed(ctx, tensor);
    case PARE_ENC_INT32_DATA:
    case PARE_ENC_INT64_DATA:
    case PARE_ENC_UINT64_DATA: return walk_varints(ctx, tensor, NULL, 0);
    }
    return PARE_OK;
}

static bool is_dense_view(pare_encoding encoding)
{
    return encoding == PARE_ENC_DENSE || encoding == PARE_ENC_FLOAT_DATA ||
           encoding == PARE_ENC_DOUBLE_DATA;
}

static pare_status decode_varints(pare_ctx *ctx, pare_buf **out, const pare_tensor *t)
{
    pare_buf *buf = NULL;
    const unsigned bits = pare_dtype_of(t->dtype)->bits;
    PARE_TRY(pare_buf_new(ctx, &buf, pare_tensor_size_bytes(t)));
    const pare_status st = walk_varints(ctx, t, buf->data, bits < 8 ? 1 : bits / 8);
    if (st) pare_buf_unref(buf);
    else *out = buf;
    return st;
}

pare_status pare_tensor_dense(pare_ctx *ctx, pare_buf **out, const uint8_t **data,
                              const pare_tensor *tensor)
{
    *out = NULL;
    if (tensor->encoding == PARE_ENC_STRINGS)
        return pare_fail(ctx, PARE_EUNSUPPORTED, "a tensor of strings has no dense form");
    if (is_dense_view(tensor->encoding)) {
        PARE_TRY(pare_tensor_check_payload(ctx, tensor));
        *out = pare_buf_ref(tensor->owner);
        *data = tensor->payload.data;
        return PARE_OK;
    }
    PARE_TRY(decode_varints(ctx, out, tensor));
    *data = (*out)->data;
    return PARE_OK;
}

/* Payloads in files begin anywhere; code that reads elements through pointers needs more. */
static bool is_aligned(const pare_tensor *tensor)
{
    const uint32_t width = pare_dtype_of(tensor->dtype)->bits / 8u;
    return width <= 1 || (uintptr_t)tensor->payload.data % (width < 8 ? width : 8) == 0;
}

pare_status pare_tensor_densify(pare_ctx *ctx, pare_tensor **out, pare_tensor *tensor)
{
    const bool is_dense = tensor->encoding == PARE_ENC_DENSE;
    if ((is_dense && is_aligned(tensor)) || tensor->encoding == PARE_ENC_STRINGS) {
        *out = pare_tensor_ref(tensor);
        return PARE_OK;
    }
    if (is_dense)
        return pare_tensor_from(ctx, out, tensor->dtype, tensor->rank, tensor->dims,
                                tensor->payload.data);
    pare_buf *buf = NULL;
    const uint8_t *data = NULL;
    PARE_TRY(pare_tensor_dense(ctx, &buf, &data, tensor));
    const pare_bytes payload = { data, (size_t)pare_tensor_size_bytes(tensor) };
    const pare_status st = pare_tensor_wrap(ctx, out, tensor->dtype, tensor->rank, tensor->dims,
                                            PARE_ENC_DENSE, payload, buf);
    pare_buf_unref(buf);
    return st;
}

pare_status pare_tensor_own(pare_ctx *ctx, pare_tensor **tensor, uint8_t **data)
{
    pare_tensor *t = *tensor;
    if (atomic_load_explicit(&t->refs, memory_order_acquire) == 1 && !t->external &&
        t->encoding == PARE_ENC_DENSE && pare_buf_is_exclusive(t->owner)) {
        *data = t->owner->data;
        return PARE_OK;
    }
    pare_buf *view = NULL;
    const uint8_t *bytes = NULL;
    pare_tensor *copy = NULL;
    PARE_TRY(pare_tensor_dense(ctx, &view, &bytes, t));
    const pare_status st = pare_tensor_from(ctx, &copy, t->dtype, t->rank, t->dims, bytes);
    pare_buf_unref(view);
    if (st) return st;
    *tensor = copy;
    *data = copy->owner->data;
    pare_tensor_unref(t);
    return PARE_OK;
}
