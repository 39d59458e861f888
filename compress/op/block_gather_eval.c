#include "op/block_gather.h"

#include "kernels/quantize.h"
#include "op/mover.h"
#include "op/wide.h"

#include <inttypes.h>

/* Elements are (code - zero point) * scale in float, rounded to the scales' type. Without zero
 * points these are 0, in data of uint8 the middle of the codes. */

typedef struct weights {
    const pare_tensor *data, *scales, *zeros; /* zeros may be NULL */
    pare_dtype codes;         /* elements of data and zeros as they are packed */
    int64_t per_byte;         /* of them, in data of uint8; else 1 */
    int64_t middle;           /* zero point when none are given */
    int64_t block;
    int64_t dim, after;       /* unpacked: of the quantized axis, elements per step along it */
    int64_t n_blocks;         /* along the quantized axis */
    int64_t row;              /* scales along the last axis */
    int64_t zero_row;         /* zero points along the last axis, with what fills the last byte */
} weights;

static pare_status choose_codes(pare_ctx *ctx, const pare_eval_io *io, weights *w)
{
    const pare_block_gather_params *p = io->params;
    const bool is_packed = w->data->dtype == PARE_UINT8;
    w->codes = w->data->dtype;
    w->per_byte = 1;
    if (!is_packed && pare_wide_of(w->codes) != PARE_WIDE_I64)
        return pare_eval_no_type(ctx, io, w->codes);
    if (!is_packed) return PARE_OK;
    if (p->bits != 2 && p->bits != 4 && p->bits != 8)
        return pare_call_fail(ctx, io->call,
                              "attribute 'bits': expected 2, 4 or 8, found %" PRId64, p->bits);
    if (p->bits < 8) w->codes = p->bits == 4 ? PARE_UINT4 : PARE_UINT2;
    w->per_byte = 8 / p->bits;
    w->middle = (int64_t)1 << (p->bits - 1);
    return PARE_OK;
}

static pare_status check_zeros(pare_ctx *ctx, const pare_eval_io *io, const weights *w)
{
    if (!w->zeros) return PARE_OK;
    if (w->zeros->dtype != w->data->dtype || w->zeros->rank != w->scales->rank)
        return pare_call_fail(ctx, io->call,
                              "zero_points: expected %s with %" PRIu32
                              " axes, found %s with %" PRIu32,
                              pare_dtype_name(w->data->dtype), w->scales->rank,
                              pare_dtype_name(w->zeros->dtype), w->zeros->rank);
    for (uint32_t k = 0; k < w->scales->rank; k++) {
        int64_t want = w->scales->dims[k];
        if (k + 1 == w->scales->rank) want = want / w->per_byte + (want % w->per_byte != 0);
        if (w->zeros->dims[k] != want)
            return pare_call_fail(ctx, io->call,
                                  "zero_points: expected %" PRId64 " on axis %" PRIu32
                                  ", found %" PRId64,
                                  want, k, w->zeros->dims[k]);
    }
    return PARE_OK;
}

static pare_status read_weights(pare_ctx *ctx, const pare_eval_io *io, weights *w)
{
    const pare_block_gather_params *p = io->params;
    uint32_t axis = 0;
    PARE_TRY(pare_eval_need(ctx, io, 0, &w->data));
    PARE_TRY(pare_eval_need(ctx, io, 2, &w->scales));
    w->zeros = pare_eval_tensor(io, 3);
    if (pare_wide_of(w->scales->dtype) != PARE_WIDE_F32)
        return pare_eval_no_type(ctx, io, w->scales->dtype);
    PARE_TRY(choose_codes(ctx, io, w));
    PARE_TRY(check_zeros(ctx, io, w));
    const uint32_t rank = w->data->rank;
    PARE_TRY(pare_eval_axis(ctx, io, p->quantize_axis, rank, &axis));
    const bool is_last = axis + 1 == rank;
    w->block = p->block_size;
    w->dim = w->data->dims[axis] * (is_last ? w->per_byte : 1);
    w->after = is_last ? 1 : pare_count(w->data->dims, axis + 1, rank) * w->per_byte;
    w->n_blocks = w->scales->dims[axis];
    w->row = w->scales->dims[rank - 1];
    w->zero_row = w->zeros ? w->zeros->dims[rank - 1] * w->per_byte : 0;
    return PARE_OK;
}

/* How many elements from `at` on, n at most, have one scale (step 0) or one each, side by side. */
static int64_t run_length(const weights *w, int64_t at, int64_t n, int64_t *scale, int64_t *step)
{
    const int64_t place = at / w->after % w->dim;
    const int64_t behind = at % w->after;
    *scale = (at / w->after / w->dim * w->n_blocks + place / w->block) * w->after + behind;
    *step = w->after > 1;
    int64_t run = w->dim - place;
    if (*step) run = w->row - *scale % w->row;
    else if (run > w->block - place % w->block) run = w->block - place % w->block;
    return run < n ? run : n;
}

/* Elements [at, at + n) of the unpacked data, to element `to` of the output. */
static void dequantize(const weights *w, int64_t at, int64_t n, void *y, int64_t to)
{
    int64_t codes[PARE_WIDE_BLOCK];
    int64_t zeros[PARE_WIDE_BLOCK];
    float scales[PARE_WIDE_BLOCK];
    float out[PARE_WIDE_BLOCK];
    while (n > 0) {
        int64_t scale = 0;
        int64_t step = 0;
        int64_t run = n < PARE_WIDE_BLOCK ? n : PARE_WIDE_BLOCK;
        run = run_length(w, at, run, &scale, &step);
        const int64_t zero = scale / w->row * w->zero_row + scale % w->row;
        const int64_t loaded = step ? run : 1;
        pare_wide_load(w->codes, pare_eval_data(w->data), at, 1, run, codes);
        pare_wide_load(w->scales->dtype, pare_eval_data(w->scales), scale, 1, loaded, scales);
        if (w->zeros) pare_wide_load(w->codes, pare_eval_data(w->zeros), zero, 1, loaded, zeros);
        for (int64_t i = 0; !w->zeros && i < loaded; i++) zeros[i] = w->middle;
        pare_dequantize_i64_ref(run, codes, zeros, scales, step, out);
        pare_wide_store(w->scales->dtype, y, to, run, out);
        at += run;
        to += run;
        n -= run;
    }
}

pare_status pare_block_gather_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_block_gather_params *p = io->params;
    const pare_tensor *indices = NULL;
    int64_t index[PARE_WIDE_BLOCK];
    uint32_t axis = 0;
    weights w = { 0 };
    void *y = NULL;
    PARE_TRY(read_weights(ctx, io, &w));
    PARE_TRY(pare_eval_need(ctx, io, 1, &indices));
    PARE_TRY(pare_eval_axis(ctx, io, p->gather_axis, w.data->rank, &axis));
    if (w.per_byte > 1 && axis + 1 == w.data->rank)
        return pare_call_fail(ctx, io->call,
                              "attribute 'gather_axis': expected any but the last, which is "
                              "packed, found %" PRId64,
                              p->gather_axis);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    const int64_t dim = w.data->dims[axis];
    const int64_t inner = pare_count(w.data->dims, axis + 1, w.data->rank) * w.per_byte;
    const int64_t outer = io->out[0].tensor->n_elements ? pare_count(w.data->dims, 0, axis) : 0;
    for (int64_t at = 0; at < indices->n_elements; at += PARE_WIDE_BLOCK) {
        const int64_t rest = indices->n_elements - at;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        PARE_TRY(pare_eval_indices(ctx, io, "indices", indices, at, n, dim, true, index));
        for (int64_t o = 0; o < outer; o++)
            for (int64_t i = 0; i < n; i++)
                dequantize(&w, (o * dim + index[i]) * inner, inner, y,
                           (o * indices->n_elements + at + i) * inner);
    }
    return PARE_OK;
}
