#include "energy/zeros.h"

#include "base/pages.h"

#include <stdio.h>
#include <string.h>

/* Which elements are zero, one bit each. */
typedef struct bits {
    uint8_t *at;
    uint64_t n, n_set;
} bits;

static bool is_set(const bits *b, uint64_t i)
{
    return b->at[i >> 3] >> (i & 7) & 1;
}

bool pare_zero_pattern_read(pare_zero_pattern *out, const char *text)
{
    unsigned a, b;
    char end;
    if (!strcmp(text, "unstructured")) {
        *out = (pare_zero_pattern){ PARE_ZEROS_ANY, 0, 0 };
        return true;
    }
    if (sscanf(text, "%u:%u%c", &a, &b, &end) == 2 && a && a < b && b <= 1024) {
        *out = (pare_zero_pattern){ PARE_ZEROS_N_OF_M, a, b };
        return true;
    }
    if (sscanf(text, "block_%ux%u%c", &a, &b, &end) == 2 && a && b && a <= 1024 && b <= 1024) {
        *out = (pare_zero_pattern){ PARE_ZEROS_BLOCK, a, b };
        return true;
    }
    return false;
}

enum { PIECE = 1 << 22, LARGE = 1 << 24 }; /* elements */

/* --- reading elements ------------------------------------------------------------------------- */

/* Element i as raw bits, low bits first in bytes that several share. */
static uint64_t raw(const uint8_t *data, uint32_t n_bits, uint64_t i)
{
    uint64_t v = 0;
    if (n_bits < 8) {
        const uint64_t bit = i * n_bits;
        return data[bit >> 3] >> (bit & 7) & ((1U << n_bits) - 1);
    }
    memcpy(&v, data + i * (n_bits / 8), n_bits / 8); /* little-endian, as payloads are */
    return v;
}

/* The bits that tell a zero: all but the sign of floats. (Of FLOAT8E4M3FNUZ and the like the sign
 * alone is no number, and never written for weights.) */
static uint64_t magnitude(pare_dtype dtype)
{
    const uint32_t n_bits = pare_dtype_of(dtype)->bits;
    const uint64_t all = n_bits >= 64 ? UINT64_MAX : (UINT64_C(1) << n_bits) - 1;
    return pare_dtype_of(dtype)->class == PARE_CLASS_FLOAT ? all >> 1 : all;
}

typedef struct zero_points {
    pare_buf *buf;
    const uint8_t *data; /* NULL: all are 0 */
    uint64_t n, stride;  /* that of element i is number i / stride % n */
} zero_points;

static pare_status open_zero_points(pare_ctx *ctx, zero_points *z, const pare_tensor *tensor,
                                    const pare_tensor *zero_point, int64_t axis)
{
    *z = (zero_points){ .n = 1, .stride = 1 };
    if (!zero_point || zero_point->dtype != tensor->dtype) return PARE_OK;
    if (axis < 0) axis += tensor->rank;
    if (zero_point->n_elements != 1) {
        if (axis < 0 || axis >= tensor->rank || zero_point->rank != 1 ||
            zero_point->n_elements != tensor->dims[axis])
            return PARE_OK; /* of blocks: taken for 0, which symmetric weights have */
        z->n = (uint64_t)zero_point->n_elements;
        for (uint32_t i = (uint32_t)axis + 1; i < tensor->rank; i++)
            z->stride *= (uint64_t)tensor->dims[i];
    }
    PARE_TRY(pare_tensor_dense(ctx, &z->buf, &z->data, zero_point));
    const uint32_t n_bits = pare_dtype_of(tensor->dtype)->bits;
    uint64_t i = 1;
    while (i < z->n && raw(z->data, n_bits, i) == raw(z->data, n_bits, 0)) i++;
    if (i >= z->n) z->n = 1; /* all are the same */
    return PARE_OK;
}

/* Whether element i is zero, in general. */
static bool is_zero_at(const pare_tensor *t, const uint8_t *data, const zero_points *z, uint64_t i)
{
    const uint32_t n_bits = pare_dtype_of(t->dtype)->bits;
    const uint64_t zero = z->data ? raw(z->data, n_bits, i / z->stride % z->n) : 0;
    return ((raw(data, n_bits, i) ^ zero) & magnitude(t->dtype)) == 0;
}

/* The same value is zero everywhere: loops that compilers make vectors of. */
static uint64_t count_32(const uint8_t *data, uint64_t n, uint32_t zero, uint32_t mask)
{
    uint64_t zeros = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint32_t v;
        memcpy(&v, data + 4 * i, 4);
        zeros += ((v ^ zero) & mask) == 0;
    }
    return zeros;
}

static uint64_t count_16(const uint8_t *data, uint64_t n, uint16_t zero, uint16_t mask)
{
    uint64_t zeros = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint16_t v;
        memcpy(&v, data + 2 * i, 2);
        zeros += ((v ^ zero) & mask) == 0;
    }
    return zeros;
}

static uint64_t count_8(const uint8_t *data, uint64_t n, uint8_t zero, uint8_t mask)
{
    uint64_t zeros = 0;
    for (uint64_t i = 0; i < n; i++) zeros += ((data[i] ^ zero) & mask) == 0;
    return zeros;
}

/* Elements first to first + n - 1. */
static uint64_t count_some(const pare_tensor *t, const uint8_t *data, const zero_points *z,
                           uint64_t first, uint64_t n)
{
    const uint32_t n_bits = pare_dtype_of(t->dtype)->bits;
    const uint64_t mask = magnitude(t->dtype), zero = z->data ? raw(z->data, n_bits, 0) : 0;
    const uint8_t *const at = data + first * n_bits / 8;
    uint64_t zeros = 0;
    if (z->n == 1 && n_bits == 32) return count_32(at, n, (uint32_t)zero, (uint32_t)mask);
    if (z->n == 1 && n_bits == 16) return count_16(at, n, (uint16_t)zero, (uint16_t)mask);
    if (z->n == 1 && n_bits == 8) return count_8(at, n, (uint8_t)zero, (uint8_t)mask);
    for (uint64_t i = 0; i < n; i++) zeros += is_zero_at(t, data, z, first + i);
    return zeros;
}

/* A large tensor leaves memory behind itself: all of them together may not fit. */
static uint64_t count(const pare_tensor *t, const uint8_t *data, const zero_points *z, uint64_t n)
{
    const uint32_t n_bits = pare_dtype_of(t->dtype)->bits;
    uint64_t zeros = 0;
    for (uint64_t first = 0; first < n; first += PIECE) {
        const uint64_t now = n - first < PIECE ? n - first : PIECE;
        zeros += count_some(t, data, z, first, now);
        if (n >= LARGE) pare_pages_release(data + first * n_bits / 8, (size_t)(now * n_bits / 8));
    }
    return zeros;
}

static void mark(bits *b, const pare_tensor *t, const uint8_t *data, const zero_points *z)
{
    for (uint64_t i = 0; i < b->n; i++)
        if (is_zero_at(t, data, z, i)) b->at[i >> 3] |= (uint8_t)(1U << (i & 7));
}

/* --- patterns --------------------------------------------------------------------------------- */

static uint64_t place(const pare_weight_rows *v, uint64_t row, uint64_t column)
{
    return (row / v->inner * v->columns + column) * v->inner + row % v->inner;
}

/* Whether every m in a row have at most n that are not zero. */
static bool holds_n_of_m(const bits *b, const pare_weight_rows *v, uint64_t n, uint64_t m)
{
    for (uint64_t r = 0; r < v->rows; r++) {
        for (uint64_t start = 0; start < v->columns; start += m) {
            uint64_t others = 0;
            for (uint64_t c = start; c < v->columns && c < start + m; c++)
                others += !is_set(b, place(v, r, c));
            if (others > n) return false;
        }
    }
    return true;
}

static bool block_is_zero(const bits *b, const pare_weight_rows *v, uint64_t row, uint64_t column,
                          const pare_zero_pattern *p)
{
    for (uint64_t r = row; r < row + p->a && r < v->rows; r++)
        for (uint64_t c = column; c < column + p->b && c < v->columns; c++)
            if (!is_set(b, place(v, r, c))) return false;
    return true;
}

/* Share of the elements in blocks that are zero throughout. */
static double zero_blocks(const bits *b, const pare_weight_rows *v, const pare_zero_pattern *p)
{
    uint64_t n = 0, zero = 0;
    for (uint64_t r = 0; r < v->rows; r += p->a) {
        for (uint64_t c = 0; c < v->columns; c += p->b) {
            n++;
            zero += block_is_zero(b, v, r, c, p);
        }
    }
    return n ? (double)zero / (double)n : 0;
}

static double skipped_share(const bits *b, const pare_weight_rows *v, const pare_zero_pattern *p)
{
    const double zeros = (double)b->n_set / (double)b->n;
    switch (p->kind) {
    case PARE_ZEROS_ANY:
        return zeros;
    case PARE_ZEROS_N_OF_M:
        if (zeros < 0.9 * (1 - (double)p->a / (double)p->b)) return 0;
        return holds_n_of_m(b, v, p->a, p->b) ? 1 - (double)p->a / (double)p->b : 0;
    case PARE_ZEROS_BLOCK:
        return zero_blocks(b, v, p);
    }
    return 0;
}

static void look_for_patterns(pare_zeros *out, const bits *b, const pare_hardware *hw,
                              const pare_weight_rows *views, size_t n_views)
{
    double best = 0;
    for (size_t i = 0; i < hw->n_credits; i++) {
        const pare_sparsity_credit *credit = &hw->credits[i];
        pare_zero_pattern p;
        if (!pare_zero_pattern_read(&p, credit->pattern)) continue;
        for (size_t k = 0; k < n_views; k++) {
            if (views[k].rows * views[k].columns != b->n) continue;
            const double share = skipped_share(b, &views[k], &p);
            const double saved = share * (2 - credit->mac_energy - credit->mac_time);
            if (share <= 0 || share < credit->min_sparsity || saved <= best) continue;
            best = saved;
            out->credit = credit;
            out->skipped = share;
        }
    }
}

/* Sparse tensors may claim any size: patterns are looked for up to this many bytes of bits. */
enum { MOST_BYTES = 64 << 20 };

/* Fewer zeros than this follow no pattern that pays anywhere. */
#define LEAST_SPARSITY 0.1

static pare_status find_patterns(pare_ctx *ctx, pare_zeros *out, const pare_tensor *tensor,
                                 const uint8_t *data, const zero_points *z, const pare_hardware *hw,
                                 const pare_weight_rows *views, size_t n_views)
{
    const size_t n_bytes = (size_t)(out->n / 8 + 1);
    bits b = { .n = out->n, .n_set = out->zeros };
    b.at = pare_alloc_zero(ctx, n_bytes);
    if (!b.at) return pare_fail_memory(ctx, n_bytes);
    mark(&b, tensor, data, z);
    look_for_patterns(out, &b, hw, views, n_views);
    pare_free(ctx, b.at);
    return PARE_OK;
}

/* Clears the bits of the elements that indices [n] or [n, rank] name. */
static void clear_named(bits *b, const pare_sparse_tensor *s, const uint8_t *data)
{
    const uint64_t per = s->indices->rank > 1 ? s->rank : 1;
    const uint64_t n = per ? (uint64_t)s->indices->n_elements / per : 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t at = 0;
        for (uint64_t k = 0; k < per; k++) {
            int64_t index;
            memcpy(&index, data + 8 * (i * per + k), sizeof(index));
            at = (per > 1 ? at * (uint64_t)s->dims[k] : 0) + (uint64_t)index;
        }
        if (at < b->n) b->at[at >> 3] &= (uint8_t) ~(1U << (at & 7));
    }
}

pare_status pare_zeros_count_sparse(pare_ctx *ctx, pare_zeros *out, const pare_sparse_tensor *s,
                                    const pare_hardware *hw, const pare_weight_rows *views,
                                    size_t n_views)
{
    int64_t n = 0;
    pare_buf *buf = NULL;
    const uint8_t *data = NULL;
    *out = (pare_zeros){ .n = 0 };
    if (!s->values || !s->indices || s->indices->dtype != PARE_INT64) return PARE_OK;
    PARE_TRY(pare_tensor_count(ctx, &n, s->rank, s->dims));
    out->n = (uint64_t)n;
    if (s->values->n_elements < n) out->zeros = (uint64_t)(n - s->values->n_elements);
    if (!hw->n_credits || !out->zeros || n / 8 > MOST_BYTES) return PARE_OK;
    bits b = { .n = out->n, .n_set = out->zeros };
    b.at = pare_alloc(ctx, (size_t)(n / 8 + 1));
    if (!b.at) return pare_fail_memory(ctx, (size_t)(n / 8 + 1));
    memset(b.at, 0xff, (size_t)(n / 8 + 1));
    const pare_status st = pare_tensor_dense(ctx, &buf, &data, s->indices);
    if (!st) clear_named(&b, s, data);
    if (!st) look_for_patterns(out, &b, hw, views, n_views);
    pare_free(ctx, b.at);
    pare_buf_unref(buf);
    return st;
}

pare_status pare_zeros_count(pare_ctx *ctx, pare_zeros *out, const pare_tensor *tensor,
                             const pare_tensor *zero_point, int64_t axis, const pare_hardware *hw,
                             const pare_weight_rows *views, size_t n_views)
{
    const uint32_t n_bits = pare_dtype_of(tensor->dtype)->bits;
    *out = (pare_zeros){ .n = (uint64_t)tensor->n_elements };
    if (!n_bits || n_bits > 64 || !out->n) return PARE_OK;
    pare_buf *buf = NULL;
    const uint8_t *data = NULL;
    zero_points z = { 0 };
    pare_status st = pare_tensor_dense(ctx, &buf, &data, tensor);
    if (!st) st = open_zero_points(ctx, &z, tensor, zero_point, axis);
    if (!st) out->zeros = count(tensor, data, &z, out->n);
    if (!st && hw->n_credits && (double)out->zeros >= LEAST_SPARSITY * (double)out->n)
        st = find_patterns(ctx, out, tensor, data, &z, hw, views, n_views);
    pare_buf_unref(z.buf);
    pare_buf_unref(buf);
    return st;
}
