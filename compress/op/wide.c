#include "op/wide.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

pare_wide pare_wide_of(pare_dtype dtype)
{
    const pare_dtype_info *info = pare_dtype_of(dtype);
    switch (info->class) {
    case PARE_CLASS_FLOAT: return info->bits == 64 ? PARE_WIDE_F64 : PARE_WIDE_F32;
    case PARE_CLASS_UINT: return info->bits == 64 ? PARE_WIDE_U64 : PARE_WIDE_I64;
    case PARE_CLASS_INT:
    case PARE_CLASS_BOOL: return PARE_WIDE_I64;
    default: return PARE_WIDE_NONE;
    }
}

size_t pare_wide_bytes(pare_wide wide)
{
    if (wide == PARE_WIDE_NONE) return 0;
    return wide == PARE_WIDE_F32 ? sizeof(float) : sizeof(double);
}

/* NULL for other types than small floats with a sign. */
static const pare_small_float *format_of(pare_dtype dtype)
{
    switch (dtype) {
    case PARE_FLOAT16: return &pare_float16;
    case PARE_BFLOAT16: return &pare_bfloat16;
    case PARE_FLOAT8E4M3FN: return &pare_float8e4m3fn;
    case PARE_FLOAT8E4M3FNUZ: return &pare_float8e4m3fnuz;
    case PARE_FLOAT8E5M2: return &pare_float8e5m2;
    case PARE_FLOAT8E5M2FNUZ: return &pare_float8e5m2fnuz;
    case PARE_FLOAT4E2M1: return &pare_float4e2m1;
    default: return NULL;
    }
}

/* --- loading: first the codes, then what they mean -------------------------------------------- */

/* Copies elements of 1, 2, 4 or 8 bytes as they are. */
static void copy_elements(size_t size, const void *data, int64_t start, int64_t step, int64_t n,
                          void *out)
{
    const uint8_t *from = (const uint8_t *)data + (size_t)start * size;
    uint8_t *to = out;
    if (step == 1) {
        memcpy(to, from, (size_t)n * size);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        memcpy(to + (size_t)i * size, from + i * step * (int64_t)size, size);
}

static void load_codes8(uint32_t bits, const void *data, int64_t start, int64_t step, int64_t n,
                        uint8_t *codes)
{
    if (bits == 8) {
        copy_elements(1, data, start, step, n, codes);
    } else if (step == 1) {
        pare_unpack_bits_ref(bits, start, n, data, codes);
    } else {
        for (int64_t i = 0; i < n; i++)
            pare_unpack_bits_ref(bits, start + i * step, 1, data, &codes[i]);
    }
}

static void load_small_floats(pare_dtype dtype, const void *data, int64_t start, int64_t step,
                              int64_t n, float *out)
{
    const pare_small_float *format = format_of(dtype);
    if (format && format->bits == 16) {
        uint16_t codes[PARE_WIDE_BLOCK];
        copy_elements(sizeof(codes[0]), data, start, step, n, codes);
        pare_small16_to_f32_ref(format, n, codes, out);
        return;
    }
    uint8_t codes[PARE_WIDE_BLOCK];
    load_codes8(pare_dtype_of(dtype)->bits, data, start, step, n, codes);
    for (int64_t i = 0; i < n; i++)
        out[i] = format ? pare_small_decode_ref(format, codes[i]) : pare_e8m0_decode_ref(codes[i]);
}

static void load_bytes(pare_dtype dtype, const void *data, int64_t start, int64_t step, int64_t n,
                       int64_t *out)
{
    const pare_dtype_info *info = pare_dtype_of(dtype);
    const int64_t top = info->class == PARE_CLASS_INT ? INT64_C(1) << (info->bits - 1) : 0;
    uint8_t codes[PARE_WIDE_BLOCK];
    load_codes8(info->bits, data, start, step, n, codes);
    for (int64_t i = 0; i < n; i++)
        out[i] = dtype == PARE_BOOL ? codes[i] != 0 : (codes[i] ^ top) - top;
}

static void load_halves(pare_dtype dtype, const void *data, int64_t start, int64_t step, int64_t n,
                        int64_t *out)
{
    uint16_t codes[PARE_WIDE_BLOCK];
    copy_elements(sizeof(codes[0]), data, start, step, n, codes);
    for (int64_t i = 0; i < n; i++) out[i] = dtype == PARE_INT16 ? (int16_t)codes[i] : codes[i];
}

static void load_words(pare_dtype dtype, const void *data, int64_t start, int64_t step, int64_t n,
                       int64_t *out)
{
    uint32_t codes[PARE_WIDE_BLOCK];
    copy_elements(sizeof(codes[0]), data, start, step, n, codes);
    for (int64_t i = 0; i < n; i++)
        out[i] = dtype == PARE_INT32 ? (int64_t)(int32_t)codes[i] : (int64_t)codes[i];
}

static void load_block(pare_dtype dtype, const void *data, int64_t start, int64_t step, int64_t n,
                       void *out)
{
    switch (dtype) {
    case PARE_FLOAT: copy_elements(sizeof(float), data, start, step, n, out); return;
    case PARE_DOUBLE:
    case PARE_INT64:
    case PARE_UINT64: copy_elements(sizeof(int64_t), data, start, step, n, out); return;
    case PARE_INT32:
    case PARE_UINT32: load_words(dtype, data, start, step, n, out); return;
    case PARE_INT16:
    case PARE_UINT16: load_halves(dtype, data, start, step, n, out); return;
    default: break;
    }
    if (pare_wide_of(dtype) == PARE_WIDE_I64) load_bytes(dtype, data, start, step, n, out);
    else load_small_floats(dtype, data, start, step, n, out);
}

/* Elements of a block, of n of which i are done. */
static int64_t block_of(int64_t n, int64_t i)
{
    return n - i < PARE_WIDE_BLOCK ? n - i : PARE_WIDE_BLOCK;
}

void pare_wide_load(pare_dtype dtype, const void *data, int64_t start, int64_t step, int64_t n,
                    void *out)
{
    const size_t bytes = pare_wide_bytes(pare_wide_of(dtype));
    assert(bytes);
    for (int64_t i = 0; i < n; i += PARE_WIDE_BLOCK)
        load_block(dtype, data, start + i * step, step, block_of(n, i),
                   (uint8_t *)out + (size_t)i * bytes);
}

/* --- converting between wide types ------------------------------------------------------------ */

static void to_f64(pare_wide from, int64_t n, const pare_wide_block *x, double *out)
{
    for (int64_t i = 0; i < n; i++) {
        switch (from) {
        case PARE_WIDE_F32: out[i] = (double)x->f32[i]; break;
        case PARE_WIDE_F64: out[i] = x->f64[i]; break;
        case PARE_WIDE_I64: out[i] = (double)x->i64[i]; break;
        default: out[i] = (double)x->u64[i]; break;
        }
    }
}

static void to_f32(pare_wide from, int64_t n, const pare_wide_block *x, float *out)
{
    for (int64_t i = 0; i < n; i++) {
        switch (from) {
        case PARE_WIDE_F32: out[i] = x->f32[i]; break;
        case PARE_WIDE_F64: out[i] = (float)x->f64[i]; break;
        case PARE_WIDE_I64: out[i] = (float)x->i64[i]; break;
        default: out[i] = (float)x->u64[i]; break;
        }
    }
}

static void to_i64(pare_wide from, int64_t n, const pare_wide_block *x, int64_t *out)
{
    for (int64_t i = 0; i < n; i++) {
        switch (from) {
        case PARE_WIDE_F32: out[i] = pare_f64_to_i64_ref((double)x->f32[i]); break;
        case PARE_WIDE_F64: out[i] = pare_f64_to_i64_ref(x->f64[i]); break;
        case PARE_WIDE_I64: out[i] = x->i64[i]; break;
        default: out[i] = (int64_t)x->u64[i]; break;
        }
    }
}

static void to_u64(pare_wide from, int64_t n, const pare_wide_block *x, uint64_t *out)
{
    for (int64_t i = 0; i < n; i++) {
        switch (from) {
        case PARE_WIDE_F32: out[i] = pare_f64_to_u64_ref((double)x->f32[i]); break;
        case PARE_WIDE_F64: out[i] = pare_f64_to_u64_ref(x->f64[i]); break;
        case PARE_WIDE_I64: out[i] = (uint64_t)x->i64[i]; break;
        default: out[i] = x->u64[i]; break;
        }
    }
}

static void convert(pare_wide from, pare_wide to, int64_t n, const pare_wide_block *x, void *out)
{
    switch (to) {
    case PARE_WIDE_F32: to_f32(from, n, x, out); return;
    case PARE_WIDE_F64: to_f64(from, n, x, out); return;
    case PARE_WIDE_I64: to_i64(from, n, x, out); return;
    default: to_u64(from, n, x, out); return;
    }
}

void pare_wide_load_as(pare_wide wide, pare_dtype dtype, const void *data, int64_t start,
                       int64_t step, int64_t n, void *out)
{
    const pare_wide own = pare_wide_of(dtype);
    const size_t bytes = pare_wide_bytes(wide);
    if (own == wide) {
        pare_wide_load(dtype, data, start, step, n, out);
        return;
    }
    for (int64_t i = 0; i < n; i += PARE_WIDE_BLOCK) {
        pare_wide_block x;
        pare_wide_load(dtype, data, start + i * step, step, block_of(n, i), &x);
        convert(own, wide, block_of(n, i), &x, (uint8_t *)out + (size_t)i * bytes);
    }
}

/* --- storing ---------------------------------------------------------------------------------- */

static void store_codes8(uint32_t bits, void *data, int64_t start, int64_t n, const uint8_t *codes)
{
    if (bits == 8) memcpy((uint8_t *)data + start, codes, (size_t)n);
    else pare_pack_bits_ref(bits, start, n, codes, data);
}

/* float8, float4 and float8e8m0; from double, so that a double is rounded once. */
static void store_tiny_floats(pare_store_rules rules, pare_dtype dtype, void *data, int64_t start,
                              int64_t n, const double *x)
{
    const pare_small_float *format = format_of(dtype);
    const pare_overflow overflow = rules.saturate ? PARE_OVERFLOW_SATURATE : PARE_OVERFLOW_INFINITE;
    uint8_t codes[PARE_WIDE_BLOCK];
    for (int64_t i = 0; i < n; i++)
        codes[i] = format ? (uint8_t)pare_small_encode_ref(format, overflow, x[i])
                          : pare_e8m0_encode_ref(rules.e8m0, rules.saturate, x[i]);
    store_codes8(pare_dtype_of(dtype)->bits, data, start, n, codes);
}

static void store_small_floats(pare_store_rules rules, pare_dtype dtype, void *data, int64_t start,
                               int64_t n, const double *x)
{
    const pare_small_float *format = format_of(dtype);
    if (!format || format->bits < 16) {
        store_tiny_floats(rules, dtype, data, start, n, x);
        return;
    }
    uint16_t codes[PARE_WIDE_BLOCK];
    for (int64_t i = 0; i < n; i++)
        codes[i] = pare_small_encode_ref(format, PARE_OVERFLOW_INFINITE, x[i]);
    memcpy((uint8_t *)data + (size_t)start * sizeof(codes[0]), codes, (size_t)n * sizeof(codes[0]));
}

static void store_ints(pare_dtype dtype, void *data, int64_t start, int64_t n, const int64_t *x)
{
    const uint32_t bits = pare_dtype_of(dtype)->bits;
    uint8_t *to = (uint8_t *)data + (size_t)start * (bits / 8);
    if (bits <= 8) {
        uint8_t codes[PARE_WIDE_BLOCK];
        for (int64_t i = 0; i < n; i++) codes[i] = dtype == PARE_BOOL ? x[i] != 0 : (uint8_t)x[i];
        store_codes8(bits, data, start, n, codes);
    } else if (bits == 16) {
        uint16_t codes[PARE_WIDE_BLOCK];
        for (int64_t i = 0; i < n; i++) codes[i] = (uint16_t)x[i];
        memcpy(to, codes, (size_t)n * sizeof(codes[0]));
    } else if (bits == 32) {
        uint32_t codes[PARE_WIDE_BLOCK];
        for (int64_t i = 0; i < n; i++) codes[i] = (uint32_t)x[i];
        memcpy(to, codes, (size_t)n * sizeof(codes[0]));
    } else {
        memcpy(to, x, (size_t)n * sizeof(*x));
    }
}

static void store_block(pare_store_rules rules, pare_dtype dtype, void *data, int64_t start,
                        int64_t n, const void *x)
{
    if (dtype == PARE_FLOAT) {
        memcpy((uint8_t *)data + (size_t)start * sizeof(float), x, (size_t)n * sizeof(float));
    } else if (pare_wide_of(dtype) == PARE_WIDE_F32) {
        const float *f = x;
        double wider[PARE_WIDE_BLOCK];
        for (int64_t i = 0; i < n; i++) wider[i] = (double)f[i];
        store_small_floats(rules, dtype, data, start, n, wider);
    } else if (pare_wide_of(dtype) == PARE_WIDE_I64) {
        store_ints(dtype, data, start, n, x);
    } else {
        memcpy((uint8_t *)data + (size_t)start * sizeof(double), x, (size_t)n * sizeof(double));
    }
}

void pare_wide_store_by(pare_store_rules rules, pare_dtype dtype, void *data, int64_t start,
                        int64_t n, const void *x)
{
    const size_t bytes = pare_wide_bytes(pare_wide_of(dtype));
    assert(bytes);
    for (int64_t i = 0; i < n; i += PARE_WIDE_BLOCK)
        store_block(rules, dtype, data, start + i, block_of(n, i),
                    (const uint8_t *)x + (size_t)i * bytes);
}

void pare_wide_store(pare_dtype dtype, void *data, int64_t start, int64_t n, const void *x)
{
    pare_wide_store_by(PARE_STORE_DEFAULT, dtype, data, start, n, x);
}

/* Floats as integers of at most 32 bits: as a 32-bit integer first where that is what processors
 * convert to, so that what no int32 holds becomes the smallest one. */
static void narrow(pare_dtype dtype, int64_t n, int64_t *x)
{
    if (dtype == PARE_INT64 || dtype == PARE_UINT32) return;
    for (int64_t i = 0; i < n; i++)
        if (x[i] != (int32_t)x[i]) x[i] = INT32_MIN;
}

static void as_truth(pare_wide from, int64_t n, const pare_wide_block *x, int64_t *out)
{
    double wider[PARE_WIDE_BLOCK];
    to_f64(from, n, x, wider);
    for (int64_t i = 0; i < n; i++) out[i] = wider[i] != 0;
}

static void convert_and_store(pare_wide from, pare_store_rules rules, pare_dtype dtype, void *data,
                              int64_t start, int64_t n, const pare_wide_block *x)
{
    const pare_wide own = pare_wide_of(dtype);
    const bool is_float = from == PARE_WIDE_F32 || from == PARE_WIDE_F64;
    pare_wide_block y;
    if (own == PARE_WIDE_F32 && dtype != PARE_FLOAT) {
        to_f64(from, n, x, y.f64);
        store_small_floats(rules, dtype, data, start, n, y.f64);
        return;
    }
    if (dtype == PARE_BOOL) as_truth(from, n, x, y.i64);
    else convert(from, own, n, x, &y);
    if (is_float && own == PARE_WIDE_I64 && dtype != PARE_BOOL) narrow(dtype, n, y.i64);
    store_block(rules, dtype, data, start, n, &y);
}

void pare_wide_store_as(pare_wide wide, pare_store_rules rules, pare_dtype dtype, void *data,
                        int64_t start, int64_t n, const void *x)
{
    const size_t bytes = pare_wide_bytes(wide);
    if (wide == pare_wide_of(dtype)) {
        pare_wide_store_by(rules, dtype, data, start, n, x);
        return;
    }
    for (int64_t i = 0; i < n; i += PARE_WIDE_BLOCK) {
        pare_wide_block block;
        memcpy(&block, (const uint8_t *)x + (size_t)i * bytes, (size_t)block_of(n, i) * bytes);
        convert_and_store(wide, rules, dtype, data, start + i, block_of(n, i), &block);
    }
}

double pare_wide_f64_at(pare_dtype dtype, const void *data, int64_t at)
{
    double x = 0;
    pare_wide_load_as(PARE_WIDE_F64, dtype, data, at, 0, 1, &x);
    return x;
}

int64_t pare_wide_i64_at(pare_dtype dtype, const void *data, int64_t at)
{
    int64_t x = 0;
    pare_wide_load_as(PARE_WIDE_I64, dtype, data, at, 0, 1, &x);
    return x;
}
