#include "formats/dataset/fit.h"

#include "formats/dataset/preprocess.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 200 };

/* --- types ------------------------------------------------------------------------------------ */

static bool is_integer(pare_dtype dtype)
{
    const pare_dtype_info *info = pare_dtype_of(dtype);
    return info->bits >= 8 && (info->class == PARE_CLASS_INT || info->class == PARE_CLASS_UINT ||
                               info->class == PARE_CLASS_BOOL);
}

/* Whether an element is NaN, by its bits: all ones in the exponent, and not only zeros behind. */
static bool is_nan(const uint8_t *p, pare_dtype dtype)
{
    uint64_t bits = 0;
    memcpy(&bits, p, pare_dtype_of(dtype)->bits / 8);
    switch (dtype) {
    case PARE_FLOAT: return (bits & 0x7fffffff) > 0x7f800000;
    case PARE_DOUBLE: return (bits & INT64_MAX) > UINT64_C(0x7ff0000000000000);
    case PARE_FLOAT16: return (bits & 0x7fff) > 0x7c00;
    case PARE_BFLOAT16: return (bits & 0x7fff) > 0x7f80;
    default: return false;
    }
}

static pare_status refuse_nan(pare_ctx *ctx, const pare_tensor *t)
{
    const size_t n = pare_dtype_of(t->dtype)->bits / 8;
    if (t->dtype != PARE_FLOAT && t->dtype != PARE_DOUBLE && t->dtype != PARE_FLOAT16 &&
        t->dtype != PARE_BFLOAT16) return PARE_OK;
    for (int64_t i = 0; i < t->n_elements; i++)
        if (is_nan(t->payload.data + (size_t)i * n, t->dtype))
            return pare_fail(ctx, PARE_EFORMAT, "element %" PRId64 ": expected a number, found NaN",
                             i);
    return PARE_OK;
}

typedef struct range {
    int64_t low;
    uint64_t high;
} range;

static range range_of(pare_dtype dtype)
{
    const pare_dtype_info *info = pare_dtype_of(dtype);
    if (dtype == PARE_BOOL) return (range){ 0, 1 };
    if (info->class == PARE_CLASS_UINT)
        return (range){ 0, UINT64_MAX >> (64 - info->bits) };
    return (range){ INT64_MIN >> (64 - info->bits), (uint64_t)INT64_MAX >> (64 - info->bits) };
}

/* An integer element, as bits of 64 and whether it is negative. */
static uint64_t integer_at(const uint8_t *p, pare_dtype dtype, bool *negative)
{
    const pare_dtype_info *info = pare_dtype_of(dtype);
    uint64_t bits = 0;
    memcpy(&bits, p, info->bits / 8);
    const uint64_t sign =
        info->class == PARE_CLASS_INT ? UINT64_C(1) << (info->bits - 1) : 0;
    *negative = bits & sign;
    return (bits ^ sign) - sign;
}

/* A float that is a whole number, likewise. False for others. */
static bool whole_at(const uint8_t *p, pare_dtype dtype, bool *negative, uint64_t *bits)
{
    float f;
    double d;
    if (dtype == PARE_FLOAT) {
        memcpy(&f, p, sizeof(f));
        d = (double)f;
    } else memcpy(&d, p, sizeof(d));
    if (!(d == floor(d)) || fabs(d) >= 0x1p63) return false;
    *negative = d < 0;
    *bits = (uint64_t)(int64_t)d;
    return true;
}

static pare_status to_integers(pare_ctx *ctx, const pare_tensor *from, pare_tensor **out,
                               pare_dtype dtype)
{
    const size_t n_from = pare_dtype_of(from->dtype)->bits / 8;
    const size_t n_to = pare_dtype_of(dtype)->bits / 8;
    const range r = range_of(dtype);
    uint8_t *data = NULL;
    PARE_TRY(pare_tensor_new(ctx, out, dtype, from->rank, from->dims));
    PARE_TRY(pare_tensor_own(ctx, out, &data));
    for (int64_t i = 0; i < from->n_elements; i++) {
        const uint8_t *const p = from->payload.data + (size_t)i * n_from;
        bool negative = false, fits = true;
        uint64_t bits = 0;
        if (is_integer(from->dtype)) bits = integer_at(p, from->dtype, &negative);
        else fits = whole_at(p, from->dtype, &negative, &bits);
        fits = fits && (negative ? (int64_t)bits >= r.low : bits <= r.high);
        if (!fits)
            return pare_fail(ctx, PARE_EFORMAT, "element %" PRId64 ": the model takes %s, which "
                             "does not hold it", i, pare_dtype_name(dtype));
        memcpy(data + (size_t)i * n_to, &bits, n_to);
    }
    return PARE_OK;
}

pare_status pare_fit_type(pare_ctx *ctx, pare_tensor **tensor, pare_dtype dtype)
{
    static const pare_preprocess nothing;
    pare_tensor *const from = *tensor;
    pare_tensor *to = NULL;
    PARE_TRY(refuse_nan(ctx, from));
    if (!dtype || from->dtype == dtype) return PARE_OK;
    const bool is_real = from->dtype == PARE_FLOAT || from->dtype == PARE_DOUBLE;
    const pare_status st = is_integer(dtype) && (is_integer(from->dtype) || is_real)
                               ? to_integers(ctx, from, &to, dtype)
                               : pare_preprocess_array(ctx, &to, &nothing, from, dtype);
    if (st) {
        pare_tensor_unref(to);
        return st;
    }
    pare_tensor_unref(from);
    *tensor = to;
    return PARE_OK;
}

/* --- shapes ----------------------------------------------------------------------------------- */

const char *pare_dims_text(char *out, size_t out_bytes, uint32_t rank, const int64_t *dims)
{
    size_t n = (size_t)snprintf(out, out_bytes, "[");
    for (uint32_t d = 0; d < rank && n + 24 < out_bytes; d++)
        n += (size_t)(dims[d] < 0 ? snprintf(out + n, out_bytes - n, "%s?", d ? "," : "")
                                  : snprintf(out + n, out_bytes - n, "%s%" PRId64, d ? "," : "",
                                             dims[d]));
    snprintf(out + n, out_bytes - n, "]");
    return out;
}

static bool allows(int64_t want, int64_t found)
{
    return want < 0 || want == found;
}

static bool all_allow(const int64_t *want, const int64_t *found, uint32_t n)
{
    for (uint32_t d = 0; d < n; d++)
        if (!allows(want[d], found[d])) return false;
    return true;
}

/* The same but for dims of 1, which `want` decides about. Writes want's rank of dims. */
static bool fit_ones(uint32_t n_want, const int64_t *want, uint32_t n, const int64_t *row,
                     int64_t *out)
{
    uint32_t at = 0;
    for (uint32_t d = 0; d < n_want; d++) {
        while (at < n && row[at] == 1 && want[d] != 1) at++;
        if (at < n && allows(want[d], row[at])) out[d] = row[at++];
        else if (want[d] == 1) out[d] = 1;
        else return false;
    }
    while (at < n && row[at] == 1) at++;
    return at == n;
}

/* All in one dim, or all dims out of one. */
static bool fit_flat(uint32_t n_want, const int64_t *want, uint32_t n, const int64_t *row,
                     int64_t *out)
{
    int64_t n_row = 1, n_all = 1;
    if (n_want != 1 && n != 1) return false;
    for (uint32_t d = 0; d < n; d++) n_row *= row[d];
    for (uint32_t d = 0; d < n_want; d++) {
        if (want[d] < 0 || (want[d] && n_all > INT64_MAX / want[d])) return false;
        n_all *= want[d];
        out[d] = want[d];
    }
    return n_row == n_all;
}

bool pare_fit_dims(const pare_data_input *want, uint32_t n, const int64_t *row, uint32_t *rank,
                   int64_t out[], bool *has_batch)
{
    *has_batch = true;
    out[0] = 1;
    *rank = n + 1;
    memcpy(out + 1, row, n * sizeof(*row));
    if (!want || !want->has_shape) return true;
    const uint32_t r = want->rank;
    const int64_t *const dims = want->dims;
    if (r == n + 1 && all_allow(dims + 1, row, n)) return true;
    *rank = r;
    if (r == n && n && dims[0] > 1 && all_allow(dims, row, n)) {
        *has_batch = false;
        memcpy(out, row, n * sizeof(*row));
        return true;
    }
    if (r && fit_ones(r - 1, dims + 1, n, row, out + 1)) return true;
    if (r && fit_flat(r - 1, dims + 1, n, row, out + 1)) return true;
    *has_batch = false;
    memcpy(out, row, n * sizeof(*row));
    return r == n && all_allow(dims, row, n);
}

static pare_status fail_shape(pare_ctx *ctx, const pare_data_input *want, const pare_tensor *t)
{
    char wanted[TEXT_BYTES], found[TEXT_BYTES];
    const bool is_image = t->rank == 4 && want->rank == 4;
    pare_dims_text(wanted, sizeof(wanted), want->rank, want->dims);
    pare_dims_text(found, sizeof(found), t->rank, t->dims);
    const char *hint = "";
    if (is_image && t->dims[1] == want->dims[3] && t->dims[1] <= 4)
        hint = "; write {layout: nhwc} into 'preprocess'";
    else if (is_image && want->dims[1] == 1 && t->dims[1] == 3)
        hint = "; write {color: gray} into 'preprocess'";
    else if (is_image)
        hint = "; write {resize: ...} and {crop: ...} into 'preprocess'";
    return pare_fail(ctx, PARE_EFORMAT, "input '%s' takes %s, found %s%s", want->name, wanted,
                     found, hint);
}

pare_status pare_fit_shape(pare_ctx *ctx, pare_tensor **tensor, const pare_data_input *want)
{
    int64_t dims[PARE_MAX_DIMS + 1];
    uint32_t rank = 0;
    bool has_batch = false;
    pare_tensor *const from = *tensor;
    pare_tensor *to = NULL;
    if (!pare_fit_dims(want, from->rank - 1, from->dims + 1, &rank, dims, &has_batch))
        return fail_shape(ctx, want, from);
    if (rank == from->rank && all_allow(from->dims, dims, rank)) return PARE_OK;
    PARE_TRY(pare_tensor_wrap(ctx, &to, from->dtype, rank, dims, PARE_ENC_DENSE, from->payload,
                              from->owner));
    pare_tensor_unref(from);
    *tensor = to;
    return PARE_OK;
}
