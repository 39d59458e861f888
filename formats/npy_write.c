#include "formats/npy.h"

#include "base/utf8.h"
#include "formats/npy_header.h"
#include "formats/output.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = PARE_NPY_HEADER_TEXT };

const char *pare_npy_descr(pare_dtype dtype)
{
    switch (dtype) {
    case PARE_FLOAT: return "<f4";
    case PARE_DOUBLE: return "<f8";
    case PARE_FLOAT16: return "<f2";
    case PARE_BFLOAT16: return "<u2";
    case PARE_INT8: case PARE_INT4: case PARE_INT2: return "|i1";
    case PARE_INT16: return "<i2";
    case PARE_INT32: return "<i4";
    case PARE_INT64: return "<i8";
    case PARE_UINT16: return "<u2";
    case PARE_UINT32: return "<u4";
    case PARE_UINT64: return "<u8";
    case PARE_BOOL: return "|b1";
    case PARE_COMPLEX64: return "<c8";
    case PARE_COMPLEX128: return "<c16";
    default: return "|u1";
    }
}

/* Appends to text [BLOCK], which has room for 64 dims and all else. */
#define ADD(...) n += (size_t)snprintf(text + n, BLOCK - n, __VA_ARGS__)

size_t pare_npy_header_write(char text[PARE_NPY_HEADER_TEXT], const char *descr, uint32_t rank,
                             const int64_t *dims)
{
    enum { GROWTH_DIGITS = 21, ALIGN = 64, PREFIX_BYTES = 10 };
    size_t n = PREFIX_BYTES;
    memcpy(text, "\x93NUMPY\x01\x00\x00\x00", PREFIX_BYTES);
    ADD("{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (uint32_t i = 0; i < rank; i++) ADD("%s%" PRId64, i ? ", " : "", dims[i]);
    ADD("%s), }", rank == 1 ? "," : "");
    if (rank) { /* room for the first dimension to grow in place */
        const int digits = snprintf(NULL, 0, "%" PRId64, dims[0]);
        ADD("%*s", GROWTH_DIGITS - digits, "");
    }
    ADD("%*s\n", (int)(ALIGN - (n + 1) % ALIGN), "");
    text[8] = (char)((n - PREFIX_BYTES) & 0xff);
    text[9] = (char)((n - PREFIX_BYTES) >> 8);
    return n;
}

#undef ADD

static pare_status write_header(pare_ctx *ctx, pare_output *out, const char *descr,
                                const pare_tensor *t)
{
    char text[BLOCK];
    return pare_output_write(ctx, out, text,
                             pare_npy_header_write(text, descr, t->rank, t->dims));
}

/* Elements of less than a byte, one per byte. */
static pare_status write_unpacked(pare_ctx *ctx, pare_output *out, const pare_tensor *t)
{
    const pare_dtype_info *info = pare_dtype_of(t->dtype);
    const uint32_t per_byte = 8u / info->bits;
    const unsigned mask = (1u << info->bits) - 1;
    const unsigned sign = info->class == PARE_CLASS_INT ? 1u << (info->bits - 1) : 0;
    uint8_t block[BLOCK];
    for (int64_t at = 0; at < t->n_elements; at += BLOCK) {
        const int64_t n = t->n_elements - at < BLOCK ? t->n_elements - at : BLOCK;
        for (int64_t i = 0; i < n; i++) {
            const unsigned x = (unsigned)t->payload.data[(at + i) / per_byte] >>
                               ((at + i) % per_byte * info->bits) & mask;
            block[i] = (uint8_t)((x ^ sign) - sign);
        }
        PARE_TRY(pare_output_write(ctx, out, block, (size_t)n));
    }
    return PARE_OK;
}

/* Decodes one well-formed sequence. */
static uint32_t character(const uint8_t *p, size_t n)
{
    uint32_t c = n == 1 ? *p : *p & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) c = c << 6 | (p[i] & 63);
    return c;
}

/* Characters of the longest string, at least 1. */
static pare_status measure(pare_ctx *ctx, const pare_tensor *t, size_t *width)
{
    *width = 1;
    for (int64_t i = 0; i < t->n_elements; i++) {
        const char *p = (const char *)t->strings[i].data;
        const char *const end = p + t->strings[i].n;
        size_t n = 0;
        for (; p < end; n++) {
            const size_t used = pare_utf8_sequence(p, end);
            if (!used)
                return pare_fail(ctx, PARE_EUNSUPPORTED,
                                 "string %" PRId64 ": expected UTF-8, which NumPy's text is", i);
            p += used;
        }
        if (n > *width) *width = n;
    }
    return PARE_OK;
}

static pare_status write_strings(pare_ctx *ctx, pare_output *out, const pare_tensor *t,
                                 size_t width)
{
    for (int64_t i = 0; i < t->n_elements; i++) {
        const uint8_t *p = t->strings[i].data;
        const uint8_t *const end = p + t->strings[i].n;
        for (size_t k = 0; k < width; k++) {
            uint8_t unit[4] = { 0 };
            if (p < end) {
                const size_t n = pare_utf8_sequence((const char *)p, (const char *)end);
                const uint32_t c = character(p, n);
                for (int b = 0; b < 4; b++) unit[b] = (uint8_t)(c >> (8 * b));
                p += n;
            }
            PARE_TRY(pare_output_write(ctx, out, unit, sizeof(unit)));
        }
    }
    return PARE_OK;
}

static pare_status write_all(pare_ctx *ctx, pare_output *out, const pare_tensor *t)
{
    char descr[32];
    size_t width = 0;
    if (t->dtype == PARE_STRING) {
        PARE_TRY(measure(ctx, t, &width));
        snprintf(descr, sizeof(descr), "<U%zu", width);
        PARE_TRY(write_header(ctx, out, descr, t));
        return write_strings(ctx, out, t, width);
    }
    PARE_TRY(write_header(ctx, out, pare_npy_descr(t->dtype), t));
    if (pare_dtype_of(t->dtype)->bits < 8) return write_unpacked(ctx, out, t);
    return pare_output_write(ctx, out, t->payload.data, pare_tensor_size_bytes(t));
}

pare_status pare_npy_write(pare_ctx *ctx, const char *path, const pare_tensor *tensor)
{
    pare_output *out = NULL;
    PARE_TRY(pare_output_open(ctx, &out, path));
    const pare_status st = write_all(ctx, out, tensor);
    if (!st) return pare_output_commit(ctx, out);
    pare_output_abort(ctx, out);
    return st == PARE_EUNSUPPORTED ? pare_fail_in(ctx, st, "%s: ", path) : st;
}
