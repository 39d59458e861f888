#include "base/checked.h"
#include "kernels/nbits.h"
#include "op/matmul.h"
#include "op/reals.h"

#include <inttypes.h>
#include <math.h>

/* Y = A * W', W dequantized to float, some rows at a time; each output is a chain that starts at
 * the bias.
 *
 * accuracy_level 4 allows to round A to 8 bits, and so it is done, as ONNX Runtime does: A in whole
 * numbers with a scale per block of its row (kernels/nbits.h); of each block the sum of products
 * with (code - zero point), which is exact; these, times the product of both scales, are what the
 * chain of an output goes over. Not where zero points are floats, where columns are permuted, nor
 * with other codes than of 4 or 8 bits: there runtimes compute with floats, too. Levels 1 to 3
 * allow what is not done. */

enum { A, B, SCALES, ZERO_POINTS, G_IDX, BIAS };
enum { STRIP = 64 }; /* rows of W that are dequantized together */

typedef struct job {
    const pare_matmul_nbits_params *params;
    int64_t n_blocks;         /* of a row */
    pare_reals a, scales, zeros, bias, w, y;
    pare_reals a_scales, sums; /* of rounded A: [M, n_blocks]; of a block: [M, STRIP] */
    int32_t *group;           /* [K] */
    bool rounds;              /* A to 8 bits */
} job;

static pare_status need(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, int64_t want)
{
    const pare_tensor *t = pare_eval_tensor(io, i);
    if (t && t->n_elements == want) return PARE_OK;
    return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected %" PRId64 " elements, found %"
                          PRId64, i, want, t ? t->n_elements : 0);
}

static pare_status load(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, int64_t want,
                        pare_reals *out)
{
    PARE_TRY(need(ctx, io, i, want));
    const pare_tensor *t = pare_eval_tensor(io, i);
    if (pare_wide_of(t->dtype) != PARE_WIDE_F32) return pare_eval_no_type(ctx, io, t->dtype);
    return pare_reals_load(ctx, out, t, PARE_WIDE_F32);
}

/* Zero points of [N, n_blocks], packed like the codes (each row starts with a byte) or floats;
 * without them the middle of the codes. */
static pare_status load_zeros(pare_ctx *ctx, const pare_eval_io *io, job *j)
{
    const pare_matmul_nbits_params *p = j->params;
    const pare_tensor *t = pare_eval_tensor(io, ZERO_POINTS);
    const int64_t row_bytes = (j->n_blocks * p->bits + 7) / 8;
    if (t && t->dtype != PARE_UINT8) {
        j->rounds = false;
        return load(ctx, io, ZERO_POINTS, p->n * j->n_blocks, &j->zeros);
    }
    if (t) PARE_TRY(need(ctx, io, ZERO_POINTS, p->n * row_bytes));
    PARE_TRY(pare_reals_new(ctx, &j->zeros, PARE_WIDE_F32, p->n * j->n_blocks));
    float *zeros = j->zeros.owned;
    for (int64_t i = 0; i < p->n * j->n_blocks; i++) {
        zeros[i] = (float)(1 << (p->bits - 1));
        if (!t) continue;
        const uint8_t *row = (const uint8_t *)pare_eval_data(t) + i / j->n_blocks * row_bytes;
        zeros[i] = (float)pare_nbits_code_ref((int)p->bits, row, i % j->n_blocks);
    }
    return PARE_OK;
}

/* The block that each k belongs to, where it is given; the list may be padded to whole blocks. */
static pare_status load_groups(pare_ctx *ctx, const pare_eval_io *io, job *j)
{
    const pare_matmul_nbits_params *p = j->params;
    const pare_tensor *t = pare_eval_tensor(io, G_IDX);
    if (!t) return PARE_OK;
    j->rounds = false;
    if (t->dtype != PARE_INT32) return pare_eval_no_type(ctx, io, t->dtype);
    if (t->n_elements != p->k) PARE_TRY(need(ctx, io, G_IDX, j->n_blocks * p->block_size));
    j->group = pare_alloc(ctx, (size_t)p->k * sizeof(*j->group));
    if (!j->group) return pare_fail_memory(ctx, (size_t)p->k * sizeof(*j->group));
    for (int64_t i = 0; i < p->k; i++) {
        const int64_t group = pare_wide_i64_at(t->dtype, pare_eval_data(t), i);
        if (group < 0 || group >= j->n_blocks)
            return pare_call_fail(ctx, io->call,
                                  "input 4: expected one of %" PRId64 " blocks, found %" PRId64,
                                  j->n_blocks, group);
        j->group[i] = (int32_t)group;
    }
    return PARE_OK;
}

static void multiply(const job *j, const uint8_t *b, int64_t m)
{
    const pare_matmul_nbits_params *p = j->params;
    const int64_t row_bytes = j->n_blocks * (p->block_size * p->bits / 8);
    float *w = j->w.owned;
    for (int64_t first = 0; first < p->n; first += STRIP) {
        const int64_t n = p->n - first < STRIP ? p->n - first : STRIP;
        for (int64_t i = 0; i < n; i++)
            pare_nbits_dequantize_ref((int)p->bits, p->k, b + (first + i) * row_bytes,
                                      p->block_size, j->group,
                                      (const float *)j->scales.data + (first + i) * j->n_blocks,
                                      (const float *)j->zeros.data + (first + i) * j->n_blocks,
                                      w + i * p->k);
        pare_reals_gemm(PARE_WIDE_F32, m, n, p->k, j->a.data, p->k, w, p->k,
                        j->bias.data ? (const float *)j->bias.data + first : NULL,
                        (float *)j->y.owned + first, p->n);
    }
}

/* Rows [first, first + n) of W as code - zero point. */
static void load_codes(const job *j, const uint8_t *b, int64_t first, int64_t n, const float *ones)
{
    const pare_matmul_nbits_params *p = j->params;
    const int64_t row_bytes = j->n_blocks * (p->block_size * p->bits / 8);
    for (int64_t i = 0; i < n; i++)
        pare_nbits_dequantize_ref((int)p->bits, p->k, b + (first + i) * row_bytes, p->block_size,
                                  NULL, ones,
                                  (const float *)j->zeros.data + (first + i) * j->n_blocks,
                                  (float *)j->w.owned + i * p->k);
}

/* Adds the products of block `block` to columns [first, first + n) of Y. */
static void add_block(const job *j, int64_t m, int64_t first, int64_t n, int64_t block)
{
    const pare_matmul_nbits_params *p = j->params;
    const int64_t at = block * p->block_size;
    const int64_t size = p->k - at < p->block_size ? p->k - at : p->block_size;
    float *sums = j->sums.owned;
    pare_reals_gemm(PARE_WIDE_F32, m, n, size, (const float *)j->a.data + at, p->k,
                    (const float *)j->w.owned + at, p->k, NULL, sums, STRIP);
    for (int64_t r = 0; r < m; r++) {
        const float a_scale = ((const float *)j->a_scales.owned)[r * j->n_blocks + block];
        const float *scale = (const float *)j->scales.data + first * j->n_blocks + block;
        float *y = (float *)j->y.owned + r * p->n + first;
        for (int64_t i = 0; i < n; i++)
            y[i] = fmaf(sums[r * STRIP + i], a_scale * scale[i * j->n_blocks], y[i]);
    }
}

static pare_status multiply_rounded(pare_ctx *ctx, job *j, const uint8_t *b, int64_t m)
{
    const pare_matmul_nbits_params *p = j->params;
    pare_reals rounded = { 0 }, ones = { 0 };
    pare_status st = pare_reals_new(ctx, &rounded, PARE_WIDE_F32, m * p->k);
    if (!st) st = pare_reals_new(ctx, &ones, PARE_WIDE_F32, j->n_blocks);
    if (!st) st = pare_reals_new(ctx, &j->a_scales, PARE_WIDE_F32, m * j->n_blocks);
    if (!st) st = pare_reals_new(ctx, &j->sums, PARE_WIDE_F32, m * STRIP);
    if (!st) {
        for (int64_t i = 0; i < j->n_blocks; i++) ((float *)ones.owned)[i] = 1;
        for (int64_t r = 0; r < m; r++)
            pare_nbits_round_ref(p->k, p->block_size, (const float *)j->a.data + r * p->k,
                                 (float *)rounded.owned + r * p->k,
                                 (float *)j->a_scales.owned + r * j->n_blocks);
        for (int64_t i = 0; i < m * p->n; i++)
            ((float *)j->y.owned)[i] = j->bias.data ? ((const float *)j->bias.data)[i % p->n] : 0;
        j->a.data = rounded.owned;
        for (int64_t first = 0; first < p->n; first += STRIP) {
            const int64_t n = p->n - first < STRIP ? p->n - first : STRIP;
            load_codes(j, b, first, n, ones.owned);
            for (int64_t block = 0; block < j->n_blocks; block++) add_block(j, m, first, n, block);
        }
    }
    pare_reals_free(ctx, &rounded);
    pare_reals_free(ctx, &ones);
    return st;
}

static pare_status run(pare_ctx *ctx, pare_eval_io *io, job *j)
{
    const pare_matmul_nbits_params *p = j->params;
    const pare_tensor *a = pare_eval_tensor(io, A);
    const pare_tensor *b = pare_eval_tensor(io, B);
    j->n_blocks = (p->k + p->block_size - 1) / p->block_size;
    if (!a || a->rank < 1 || a->dims[a->rank - 1] != p->k)
        return pare_call_fail(ctx, io->call, "input 0: expected a last axis of %" PRId64, p->k);
    PARE_TRY(load(ctx, io, A, a->n_elements, &j->a));
    size_t n_bytes = 0;
    if (!pare_mul_size((size_t)(p->n * j->n_blocks), (size_t)(p->block_size * p->bits / 8),
                       &n_bytes) || n_bytes > INT64_MAX)
        return pare_fail_memory(ctx, SIZE_MAX);
    PARE_TRY(need(ctx, io, B, (int64_t)n_bytes));
    if (b->dtype != PARE_UINT8) return pare_eval_no_type(ctx, io, b->dtype);
    PARE_TRY(load(ctx, io, SCALES, p->n * j->n_blocks, &j->scales));
    PARE_TRY(load_zeros(ctx, io, j));
    PARE_TRY(load_groups(ctx, io, j));
    if (pare_eval_tensor(io, BIAS)) PARE_TRY(load(ctx, io, BIAS, p->n, &j->bias));
    const pare_num n = pare_info_n_elements(io->shapes, &io->info[0]);
    if (n.kind != PARE_NUM_INT) return pare_fail_memory(ctx, SIZE_MAX);
    PARE_TRY(pare_reals_new(ctx, &j->w, PARE_WIDE_F32, STRIP * p->k));
    PARE_TRY(pare_reals_new(ctx, &j->y, PARE_WIDE_F32, n.i));
    const int64_t m = a->n_elements / p->k;
    if (j->rounds) PARE_TRY(multiply_rounded(ctx, j, pare_eval_data(b), m));
    else multiply(j, pare_eval_data(b), m);
    return pare_reals_out(ctx, io, 0, &j->y);
}

pare_status pare_matmul_nbits_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_matmul_nbits_params *p = io->params;
    job j = { .params = p, .rounds = p->accuracy_level == 4 && (p->bits == 4 || p->bits == 8) };
    const pare_status st = run(ctx, io, &j);
    pare_reals *const all[] = { &j.a, &j.scales, &j.zeros, &j.bias, &j.w, &j.y,
                                &j.a_scales, &j.sums };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) pare_reals_free(ctx, all[i]);
    pare_free(ctx, j.group);
    return st;
}
