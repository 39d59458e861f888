#include "op/reals.h"

#include "op/costs.h"
#include "op/window.h"

#include <inttypes.h>
#include <string.h>

/* Puts the maxima of a MaxPool back to where their indices say; the rest is zero. */

static pare_status max_unpool_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    PARE_TRY(pare_need_attr(ctx, call, "kernel_shape"));
    return pare_window_resolve(ctx, params, call);
}

static pare_status spatial_out(pare_ctx *ctx, pare_infer_io *io, const pare_info *x, pare_num *out)
{
    const pare_window *w = io->params;
    pare_exprs *e = io->shapes->exprs;
    const uint32_t n = x->rank - 2;
    PARE_TRY(pare_window_check(ctx, io->call, w, n));
    for (uint32_t i = 0; i < n; i++) { /* (in - 1) * stride + kernel - pads */
        const pare_num steps = pare_num_sub(e, x->dims[2 + i], pare_num_int(1));
        const int64_t pads = pare_window_at(w->pads, i, 0) + pare_window_at(w->pads, i + n, 0);
        out[i] = pare_num_mul(e, steps, pare_num_int(pare_window_at(w->strides, i, 1)));
        out[i] =
            pare_num_add(e, out[i], pare_num_int(pare_window_at(w->kernel_shape, i, 1) - pads));
    }
    return PARE_OK;
}

static pare_status max_unpool_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *x = pare_in(io, 0);
    const pare_info *shape = pare_in(io, 2);
    io->out[0] = pare_info_unranked(x ? x->dtype : PARE_DTYPE_UNDEFINED);
    if (!pare_info_has_rank(x)) return PARE_OK;
    PARE_TRY(pare_need_rank(ctx, io, 0, 3, PARE_MAX_DIMS));
    pare_num *dims = NULL;
    const pare_info y = pare_info_ranked(io->shapes, x->dtype, x->rank, &dims);
    if (shape) { /* the third input gives the whole shape, where it is known */
        for (uint32_t i = 0; i < x->rank; i++) dims[i] = pare_info_at(shape, i);
    } else {
        dims[0] = x->dims[0];
        dims[1] = x->dims[1];
        PARE_TRY(spatial_out(ctx, io, x, dims + 2));
    }
    io->out[0] = y;
    return PARE_OK;
}

/* Size of an axis as the window gives it: what indices count in. The attributes are checked. */
static int64_t unpooled(const pare_window *w, const pare_tensor *x, uint32_t d)
{
    const uint32_t n = x->rank - 2;
    if (d < 2) return x->dims[d];
    const int64_t pads = pare_window_at(w->pads, d - 2, 0) + pare_window_at(w->pads, d - 2 + n, 0);
    return (x->dims[d] - 1) * pare_window_at(w->strides, d - 2, 1) +
           pare_window_at(w->kernel_shape, d - 2, 1) - pads;
}

/* Where in Y the element with this index belongs; EFORMAT when there is no such place. The output
 * may be larger than the window says: the rest stays zero. */
static pare_status find_place(pare_ctx *ctx, const pare_eval_io *io, const pare_tensor *x,
                              int64_t index, int64_t *place)
{
    const pare_tensor *y = io->out[0].tensor;
    int64_t rest = index;
    int64_t step = 1;
    bool fits = index >= 0;
    *place = 0;
    for (uint32_t d = x->rank; fits && d-- > 0;) {
        const int64_t size = unpooled(io->params, x, d);
        const int64_t at = size > 0 ? rest % size : 0;
        fits = size > 0 && at < y->dims[d];
        rest = size > 0 ? rest / size : 0;
        *place += at * step;
        step *= y->dims[d];
    }
    if (fits && !rest) return PARE_OK;
    return pare_call_fail(ctx, io->call,
                          "input 1: expected indices of elements of the output, found %" PRId64,
                          index);
}

static pare_status max_unpool_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_tensor *indices = pare_eval_tensor(io, 1);
    void *y = NULL;
    if (!x || !indices)
        return pare_call_fail(ctx, io->call, "expected X and indices, found fewer tensors");
    const uint32_t bits = pare_dtype_of(x->dtype)->bits;
    if (!pare_reals_wide(x->dtype)) return pare_eval_no_type(ctx, io, x->dtype);
    if (indices->dtype != PARE_INT64) return pare_eval_no_type(ctx, io, indices->dtype);
    if (indices->n_elements != x->n_elements)
        return pare_call_fail(ctx, io->call,
                              "input 1: expected %" PRId64 " indices, found %" PRId64,
                              x->n_elements, indices->n_elements);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    for (int64_t i = 0; i < x->n_elements; i++) {
        int64_t index = 0;
        int64_t place = 0;
        memcpy(&index, (const uint8_t *)pare_eval_data(indices) + (size_t)i * sizeof(index),
               sizeof(index));
        PARE_TRY(find_place(ctx, io, x, index, &place));
        memcpy((uint8_t *)y + (size_t)place * (bits / 8),
               (const uint8_t *)pare_eval_data(x) + (size_t)i * (bits / 8), bits / 8);
    }
    return PARE_OK;
}

const pare_op pare_op_max_unpool = {
    .domain = "", .name = "MaxUnpool", .since = 9,
    .n_in = { 2, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_window),
    .resolve = max_unpool_resolve, .infer = max_unpool_infer, .eval = max_unpool_eval,
    .cost = pare_move_cost,
    .links = PARE_TODO(links),
};
