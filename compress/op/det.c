#include "kernels/determinant.h"

#include "op/costs.h"
#include "op/reals.h"
#include "op/shape.h"

#include <string.h>

/* Determinants of the square matrices over the last two axes. */

static pare_status det_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *x = pare_in(io, 0);
    io->out[0] = pare_info_unranked(x ? x->dtype : PARE_DTYPE_UNDEFINED);
    if (!pare_info_has_rank(x)) return PARE_OK;
    PARE_TRY(pare_need_rank(ctx, io, 0, 2, PARE_MAX_DIMS));
    pare_num side;
    PARE_TRY(pare_same_dim(ctx, io, "sides of the matrices", x->dims[x->rank - 2],
                           x->dims[x->rank - 1], &side));
    io->out[0] = pare_info_tensor(io->shapes, x->dtype, x->rank - 2, x->dims);
    return PARE_OK;
}

static pare_status run_det(pare_ctx *ctx, pare_eval_io *io, const pare_tensor *x, pare_reals *xs,
                           pare_reals *matrix, pare_reals *y)
{
    const int64_t n = x->dims[x->rank - 1];
    const pare_wide wide = pare_reals_wide(x->dtype);
    const pare_num n_matrices = pare_info_n_elements(io->shapes, &io->info[0]);
    if (n_matrices.kind != PARE_NUM_INT) return pare_fail_memory(ctx, SIZE_MAX);
    PARE_TRY(pare_reals_load(ctx, xs, x, wide));
    PARE_TRY(pare_reals_new(ctx, matrix, wide, n_matrices.i ? n * n : 0));
    PARE_TRY(pare_reals_new(ctx, y, wide, n_matrices.i));
    for (int64_t i = 0; i < n_matrices.i; i++) {
        memcpy(matrix->owned, pare_at(xs->data, i * n * n, xs->width), (size_t)(n * n) * xs->width);
        if (wide == PARE_WIDE_F64)
            ((double *)y->owned)[i] = pare_determinant_f64_ref(n, matrix->owned);
        else ((float *)y->owned)[i] = pare_determinant_f32_ref(n, matrix->owned);
    }
    return pare_reals_out(ctx, io, 0, y);
}

static pare_status det_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = pare_eval_tensor(io, 0);
    pare_reals xs = { 0 };
    pare_reals matrix = { 0 };
    pare_reals y = { 0 };
    if (!x) return pare_call_fail(ctx, io->call, "input 0: expected matrices, found none");
    if (!pare_reals_wide(x->dtype)) return pare_eval_no_type(ctx, io, x->dtype);
    const pare_status st = run_det(ctx, io, x, &xs, &matrix, &y);
    pare_reals_free(ctx, &xs);
    pare_reals_free(ctx, &matrix);
    pare_reals_free(ctx, &y);
    return st;
}

const pare_op pare_op_det = {
    .domain = "", .name = "Det", .since = 11,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = det_infer, .eval = det_eval,
    .cost = pare_det_cost,
    .links = PARE_TODO(links),
};
