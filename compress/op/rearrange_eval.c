#include "op/move.h"
#include "op/create.h"
#include "op/list.h"
#include "op/mover.h"
#include "op/wide.h"

#include <inttypes.h>

/* The evals of rearrange.c but for Col2Im, and that of EyeLike. */

/* [N, C, H, W]; depth is C parted into blocks and channels, either of which may come first. */
pare_status pare_depth_to_space_eval(pare_ctx *ctx, pare_eval_io *io)
{
    static const uint32_t depth_first[] = { 0, 3, 4, 1, 5, 2 };
    static const uint32_t column_first[] = { 0, 1, 4, 2, 5, 3 };
    const pare_depth_space_params *p = io->params;
    const pare_tensor *x = NULL;
    const int64_t b = p->block;
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_mover_out(ctx, io, 0, x, &m));
    const int64_t c = x->dims[1] / (b * b);
    const int64_t dims[] = { x->dims[0], p->depth_first ? b : c, b, p->depth_first ? c : b,
                             x->dims[2], x->dims[3] };
    pare_mover_permute(&m, x, 6, dims, p->depth_first ? depth_first : column_first);
    return PARE_OK;
}

pare_status pare_space_to_depth_eval(pare_ctx *ctx, pare_eval_io *io)
{
    static const uint32_t perm[] = { 0, 3, 5, 1, 2, 4 };
    const pare_depth_space_params *p = io->params;
    const pare_tensor *x = NULL;
    const int64_t b = p->block;
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_mover_out(ctx, io, 0, x, &m));
    const int64_t dims[] = { x->dims[0], x->dims[1], x->dims[2] / b, b, x->dims[3] / b, b };
    pare_mover_permute(&m, x, 6, dims, perm);
    return PARE_OK;
}

/* The first `length` steps of a batch backwards, the others as they are. */
static void reverse_batch(const pare_mover *m, const pare_tensor *x, int64_t base, int64_t stride,
                          int64_t steps, int64_t length, int64_t inner)
{
    pare_box box = { .to = base, .from = base + (length - 1) * stride };
    pare_box_add(&box, length, stride, -stride);
    pare_box_add(&box, inner, 1, 1);
    pare_mover_box(m, x, &box);
    box = (pare_box){ .to = base + length * stride, .from = base + length * stride };
    pare_box_add(&box, steps - length, stride, stride);
    pare_box_add(&box, inner, 1, 1);
    pare_mover_box(m, x, &box);
}

pare_status pare_reverse_sequence_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_reverse_sequence_params *p = io->params;
    const pare_tensor *x = NULL;
    const pare_tensor *lengths = NULL;
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_eval_need(ctx, io, 1, &lengths));
    if (p->batch_axis == p->time_axis)
        return pare_call_fail(ctx, io->call,
                              "expected batch_axis and time_axis to differ, found both %" PRId64,
                              p->time_axis);
    const int64_t steps = x->dims[p->time_axis];
    const int64_t n = x->dims[p->batch_axis];
    if (lengths->dtype != PARE_INT64 || lengths->n_elements != n)
        return pare_call_fail(ctx, io->call,
                              "sequence_lens: expected %" PRId64 " of int64, found %" PRId64
                              " of %s",
                              n, lengths->n_elements, pare_dtype_name(lengths->dtype));
    PARE_TRY(pare_mover_out(ctx, io, 0, x, &m));
    const int64_t inner = pare_count(x->dims, 2, x->rank);
    const int64_t row = pare_count(x->dims, 1, x->rank);
    for (int64_t i = 0; i < lengths->n_elements; i++) {
        const int64_t length = pare_wide_i64_at(PARE_INT64, pare_eval_data(lengths), i);
        if (length < 0 || length > steps)
            return pare_call_fail(ctx, io->call,
                                  "sequence_lens: expected 0 to %" PRId64 ", found %" PRId64,
                                  steps, length);
        if (!x->n_elements) continue;
        reverse_batch(&m, x, i * (p->batch_axis ? inner : row), p->time_axis ? inner : row, steps,
                      length, inner);
    }
    return PARE_OK;
}

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

pare_status pare_trilu_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const bool upper = ((const pare_trilu_params *)io->params)->upper;
    const pare_tensor *diagonal = pare_eval_tensor(io, 1);
    const pare_tensor *x = NULL;
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    if (diagonal && (diagonal->dtype != PARE_INT64 || diagonal->n_elements != 1))
        return pare_call_fail(ctx, io->call, "k: expected one int64, found %" PRId64 " of %s",
                              diagonal->n_elements, pare_dtype_name(diagonal->dtype));
    PARE_TRY(pare_mover_out(ctx, io, 0, x, &m));
    if (!x->n_elements) return PARE_OK;
    const int64_t rows = x->dims[x->rank - 2];
    const int64_t cols = x->dims[x->rank - 1];
    const int64_t k = diagonal ? clamp(pare_wide_i64_at(PARE_INT64, pare_eval_data(diagonal), 0),
                                       -rows - 1, cols + 1)
                               : 0;
    for (int64_t i = 0; i < x->n_elements / cols; i++) {
        const int64_t r = i % rows;
        const int64_t begin = upper ? clamp(r + k, 0, cols) : 0;
        const int64_t end = upper ? cols : clamp(r + k + 1, 0, cols);
        pare_mover_run(&m, i * cols + begin, x, i * cols + begin, end - begin);
    }
    return PARE_OK;
}

/* Rows and columns of which the output, EyeLike's, has a 1 on one diagonal. */
pare_status pare_eye_like_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_eye_like_params *p = io->params;
    const int64_t one[] = { 1 };
    void *data = NULL;
    PARE_TRY(pare_eval_out(ctx, io, 0, &data));
    const pare_tensor *y = io->out[0].tensor;
    if (pare_wide_of(y->dtype) == PARE_WIDE_NONE) return pare_eval_no_type(ctx, io, y->dtype);
    if (!y->n_elements) return PARE_OK;
    const int64_t k = clamp(p->k, -y->dims[0], y->dims[1]);
    for (int64_t r = k < 0 ? -k : 0; r < y->dims[0] && r + k < y->dims[1]; r++)
        pare_wide_store_as(PARE_WIDE_I64, PARE_STORE_DEFAULT, y->dtype, data,
                           r * y->dims[1] + r + k, 1, one);
    return PARE_OK;
}

/* The middle of each axis; where one is longer than what is there, zeros around it. */
pare_status pare_center_crop_pad_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = NULL;
    int64_t strides[PARE_MAX_DIMS];
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_mover_out(ctx, io, 0, x, &m));
    const pare_tensor *y = io->out[0].tensor;
    if (!x->n_elements || !y->n_elements) return PARE_OK;
    pare_box box = { .rank = x->rank };
    pare_strides(x->rank, x->dims, strides);
    pare_strides(y->rank, y->dims, box.to_strides);
    for (uint32_t k = 0; k < x->rank; k++) {
        const int64_t cut = x->dims[k] > y->dims[k] ? (x->dims[k] - y->dims[k]) / 2 : 0;
        const int64_t added = x->dims[k] < y->dims[k] ? (y->dims[k] - x->dims[k]) / 2 : 0;
        box.dims[k] = x->dims[k] < y->dims[k] ? x->dims[k] : y->dims[k];
        box.from_strides[k] = strides[k];
        box.from += cut * strides[k];
        box.to += added * box.to_strides[k];
    }
    pare_mover_box(&m, x, &box);
    return PARE_OK;
}
