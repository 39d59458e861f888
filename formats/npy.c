#include "formats/npy.h"

#include "base/checked.h"
#include "formats/npy_header.h"
#include "formats/onnx/limits.h"
#include "formats/onnx/mapping.h"

#include <inttypes.h>

/* Element types that NumPy has too. */
static const struct {
    char kind;
    uint8_t item_bytes;
    pare_dtype dtype;
} plain[] = {
    { 'b', 1, PARE_BOOL },    { 'i', 1, PARE_INT8 },      { 'i', 2, PARE_INT16 },
    { 'i', 4, PARE_INT32 },   { 'i', 8, PARE_INT64 },     { 'u', 1, PARE_UINT8 },
    { 'u', 2, PARE_UINT16 },  { 'u', 4, PARE_UINT32 },    { 'u', 8, PARE_UINT64 },
    { 'f', 2, PARE_FLOAT16 }, { 'f', 4, PARE_FLOAT },     { 'f', 8, PARE_DOUBLE },
    { 'c', 8, PARE_COMPLEX64 }, { 'c', 16, PARE_COMPLEX128 },
};

/* What one array is read as. */
typedef struct npy_job {
    pare_ctx *ctx;
    pare_npy_header h;
    pare_buf *bytes;          /* the file, or a copy in C order */
    const uint8_t *data;      /* the elements in C order */
    int64_t n;
    pare_dtype dtype;
} npy_job;

/* The type that `as` asks for where the array is its carrier. */
static bool is_carried(const pare_npy_header *h, pare_dtype as)
{
    const pare_dtype_info *info = pare_dtype_of(as);
    const bool is_raw = h->kind == 'u' || h->kind == 'V';
    if (as == PARE_BFLOAT16) return is_raw && h->item_bytes == 2;
    if (info->bits == 8 && info->class == PARE_CLASS_FLOAT) return is_raw && h->item_bytes == 1;
    if (!info->bits || info->bits >= 8) return false;
    return h->item_bytes == 1 && h->kind == (info->class == PARE_CLASS_INT ? 'i' : 'u');
}

pare_dtype pare_npy_header_dtype(const pare_npy_header *header, pare_dtype as)
{
    if (is_carried(header, as)) return as;
    if (header->kind == 'S' || header->kind == 'U') return PARE_STRING;
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        if (plain[i].kind == header->kind && plain[i].item_bytes == header->item_bytes)
            return plain[i].dtype;
    return PARE_DTYPE_UNDEFINED;
}

static pare_status find_dtype(npy_job *job, pare_dtype as)
{
    job->dtype = pare_npy_header_dtype(&job->h, as);
    if (job->dtype) return PARE_OK;
    return pare_fail(job->ctx, PARE_EUNSUPPORTED,
                     "elements of NumPy's kind '%c' with %" PRIu32
                     " bytes: ONNX has no such type", job->h.kind, job->h.item_bytes);
}

static pare_status check_size(npy_job *job)
{
    const pare_npy_header *h = &job->h;
    uint64_t want = 0;
    PARE_TRY(pare_tensor_count(job->ctx, &job->n, h->rank, h->dims));
    const uint64_t found = job->bytes->n_bytes - h->data_at;
    if (!pare_mul_u64((uint64_t)job->n, h->item_bytes, &want) || want != found)
        return pare_fail(job->ctx, PARE_EFORMAT,
                         "expected %" PRId64 " elements of %" PRIu32
                         " bytes each as the header says, found %" PRIu64 " bytes",
                         job->n, h->item_bytes, found);
    if (!h->item_bytes && job->n > PARE_NPY_MAX_HEADER_BYTES) /* takes memory without any bytes */
        return pare_fail(job->ctx, PARE_EFORMAT,
                         "expected at most %d empty strings, found %" PRId64,
                         PARE_NPY_MAX_HEADER_BYTES, job->n);
    return PARE_OK;
}

/* Replaces elements in Fortran order by a copy in C order. */
static pare_status reorder(npy_job *job)
{
    const pare_npy_header *h = &job->h;
    int64_t at[PARE_MAX_DIMS] = { 0 };
    size_t strides[PARE_MAX_DIMS];
    pare_buf *copy = NULL;
    if (!h->fortran_order || h->rank < 2 || !job->n) return PARE_OK;
    size_t stride = h->item_bytes;
    for (uint32_t d = 0; d < h->rank; d++) {
        strides[d] = stride;
        stride *= (size_t)h->dims[d];
    }
    PARE_TRY(pare_buf_new(job->ctx, &copy, stride));
    const uint8_t *from = job->data;
    uint8_t *to = copy->data;
    for (int64_t i = 0; i < job->n; i++, to += h->item_bytes) {
        memcpy(to, from, h->item_bytes);
        for (uint32_t d = h->rank; d-- > 0;) {
            from += strides[d];
            if (++at[d] < h->dims[d]) break;
            from -= (size_t)at[d] * strides[d];
            at[d] = 0;
        }
    }
    pare_buf_unref(job->bytes);
    job->bytes = copy;
    job->data = copy->data;
    return PARE_OK;
}

/* --- elements --------------------------------------------------------------------------------- */

static pare_status check_bools(npy_job *job)
{
    for (int64_t i = 0; i < job->n; i++)
        if (job->data[i] > 1)
            return pare_fail(job->ctx, PARE_EFORMAT,
                             "element %" PRId64 ": expected 0 or 1 for a boolean, found %d", i,
                             job->data[i]);
    return PARE_OK;
}

/* One number per byte becomes several per byte. */
static pare_status pack(npy_job *job, pare_tensor **out)
{
    const uint32_t bits = pare_dtype_of(job->dtype)->bits;
    const bool is_signed = job->h.kind == 'i';
    const int top = 1 << (bits - is_signed);
    const uint32_t per_byte = 8 / bits;
    pare_tensor *tensor = NULL;
    uint8_t *packed = NULL;
    PARE_TRY(pare_tensor_new(job->ctx, &tensor, job->dtype, job->h.rank, job->h.dims));
    pare_status st = pare_tensor_own(job->ctx, &tensor, &packed);
    for (int64_t i = 0; !st && i < job->n; i++) {
        const int x = is_signed ? (int8_t)job->data[i] : job->data[i];
        if (x >= top || x < (is_signed ? -top : 0))
            st = pare_fail(job->ctx, PARE_EFORMAT,
                           "element %" PRId64 ": expected %d to %d for %s, found %d", i,
                           is_signed ? -top : 0, top - 1, pare_dtype_name(job->dtype), x);
        else packed[i / per_byte] |= (uint8_t)((unsigned)x % (1u << bits)
                                               << (i % per_byte * bits));
    }
    if (st) pare_tensor_unref(tensor);
    else *out = tensor;
    return st;
}

/* Appends the character to text, or counts only when text is NULL. Returns its bytes, 0 for none.
 * */
static size_t put_utf8(uint8_t *text, uint32_t c)
{
    uint8_t spare[4];
    uint8_t *t = text ? text : spare;
    if (c < 0x80) {
        t[0] = (uint8_t)c;
        return 1;
    }
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) return 0;
    const size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (size_t i = n - 1; i > 0; i--, c >>= 6) t[i] = (uint8_t)(0x80 | (c & 63));
    t[0] = (uint8_t)(first[n] | c);
    return n;
}

/* UTF-8 bytes of element i, without the NULs that fill it up; into text unless that is NULL. False
 * for what is no character. */
static bool put_string(const npy_job *job, int64_t i, uint8_t *text, size_t *n)
{
    const uint8_t *p = job->data + (size_t)i * job->h.item_bytes;
    size_t n_items = job->h.item_bytes;
    *n = 0;
    if (job->h.kind == 'S') {
        while (n_items && !p[n_items - 1]) n_items--;
        if (text) memcpy(text, p, n_items);
        *n = n_items;
        return true;
    }
    n_items /= 4;
    while (n_items && !(p[4 * n_items - 4] | p[4 * n_items - 3] | p[4 * n_items - 2] |
                        p[4 * n_items - 1])) n_items--;
    for (size_t k = 0; k < n_items; k++, p += 4) {
        const uint32_t c = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        const size_t used = put_utf8(text ? text + *n : NULL, c);
        if (!used) return false;
        *n += used;
    }
    return true;
}

/* A buffer with an array of runs of bytes and the bytes behind it. */
static pare_status make_strings(npy_job *job, pare_tensor **out)
{
    size_t head = 0;
    size_t total = 0;
    size_t n = 0;
    for (int64_t i = 0; i < job->n; i++) {
        if (!put_string(job, i, NULL, &n))
            return pare_fail(job->ctx, PARE_EFORMAT,
                             "element %" PRId64 ": expected Unicode characters", i);
        total += n;
    }
    pare_buf *buf = NULL;
    if (!pare_mul_size((size_t)job->n, sizeof(pare_bytes), &head) ||
        !pare_add_size(head, total, &total)) return pare_fail_memory(job->ctx, SIZE_MAX);
    PARE_TRY(pare_buf_new(job->ctx, &buf, total));
    pare_bytes *strings = (void *)buf->data;
    uint8_t *text = buf->data + head;
    for (int64_t i = 0; i < job->n; i++, text += n) {
        put_string(job, i, text, &n);
        strings[i] = (pare_bytes){ text, n };
    }
    const pare_status st =
        pare_tensor_wrap_strings(job->ctx, out, job->h.rank, job->h.dims, strings, buf);
    pare_buf_unref(buf);
    return st;
}

static pare_status make_tensor(npy_job *job, pare_tensor **out)
{
    if (job->dtype == PARE_STRING) return make_strings(job, out);
    if (pare_dtype_of(job->dtype)->bits < 8) return pack(job, out);
    if (job->dtype == PARE_BOOL) PARE_TRY(check_bools(job));
    const size_t n_bytes = (size_t)job->n * job->h.item_bytes;
    if ((uintptr_t)job->data % 16) /* headers of other writers */
        return pare_tensor_from(job->ctx, out, job->dtype, job->h.rank, job->h.dims, job->data);
    return pare_tensor_wrap(job->ctx, out, job->dtype, job->h.rank, job->h.dims, PARE_ENC_DENSE,
                            (pare_bytes){ job->data, n_bytes }, job->bytes);
}

pare_status pare_npy_parse(pare_ctx *ctx, pare_tensor **out, pare_buf *bytes, pare_dtype as)
{
    npy_job job = { .ctx = ctx };
    *out = NULL;
    PARE_TRY(pare_npy_header_read(ctx, &job.h, bytes->data, bytes->n_bytes));
    job.bytes = pare_buf_ref(bytes);
    job.data = bytes->data + job.h.data_at;
    pare_status st = find_dtype(&job, as);
    if (!st) st = check_size(&job);
    if (!st) st = reorder(&job);
    if (!st) st = make_tensor(&job, out);
    pare_buf_unref(job.bytes);
    return st;
}

pare_status pare_npy_read(pare_ctx *ctx, pare_tensor **out, const char *path, pare_dtype as)
{
    pare_buf *bytes = NULL;
    *out = NULL;
    PARE_TRY(pare_mapping_read(ctx, &bytes, path, PARE_ONNX_READ_BYTES));
    const pare_status st = pare_npy_parse(ctx, out, bytes, as);
    pare_buf_unref(bytes);
    return st ? pare_fail_in(ctx, st, "%s: ", path) : st;
}
