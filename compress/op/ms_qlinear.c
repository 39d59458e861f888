#include "op/ms_qlinear.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/shape.h"

/* Element-wise operators on quantized numbers: each tensor comes with its scale and zero point. */

/* Element type of input i. */
static pare_dtype dtype_of(const pare_infer_io *io, uint32_t i)
{
    const pare_info *in = pare_in(io, i);
    return in ? in->dtype : PARE_DTYPE_UNDEFINED;
}

/* A, A_scale, A_zero_point, B, B_scale, B_zero_point, C_scale, C_zero_point */
static pare_status qlinear_binary_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *const in[] = { pare_in(io, 0), pare_in(io, 3) };
    return pare_broadcast(ctx, io, dtype_of(io, 0), in, 2, &io->out[0]);
}

/* condition, X, x_scale, x_zero_point, Y, y_scale, y_zero_point, z_scale, z_zero_point */
static pare_status qlinear_where_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *const in[] = { pare_in(io, 0), pare_in(io, 1), pare_in(io, 4) };
    return pare_broadcast(ctx, io, dtype_of(io, 1), in, 3, &io->out[0]);
}

static pare_status qlinear_unary_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_qlinear_params *p = params;
    PARE_TRY(pare_get_int(ctx, call, "axis", -1, &p->axis));
    PARE_TRY(pare_get_int_in(ctx, call, "opset", 13, 1, INT32_MAX, &p->softmax_opset));
    return pare_get_float(ctx, call, "alpha", 0.01f, &p->alpha);
}

static pare_status qlinear_concat_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_qlinear_params *p = params;
    PARE_TRY(pare_need_attr(ctx, call, "axis"));
    return pare_get_int(ctx, call, "axis", 0, &p->axis);
}

/* Adds a tensor to what is put together along the axis. */
static pare_status append(pare_ctx *ctx, pare_infer_io *io, const pare_info *x, uint32_t axis,
                          pare_num *dims)
{
    for (uint32_t d = 0; d < x->rank; d++) {
        if (d == axis) dims[d] = pare_num_add(io->shapes->exprs, dims[d], x->dims[d]);
        else
            PARE_TRY(pare_same_dim(ctx, io, "dims beside the axis", dims[d], x->dims[d], &dims[d]));
    }
    return PARE_OK;
}

/* Y_scale, Y_zero_point, then X, scale and zero point of each tensor */
static pare_status qlinear_concat_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_qlinear_params *p = io->params;
    const pare_info *first = pare_in(io, 2);
    const pare_dtype dtype = dtype_of(io, 1);
    uint32_t axis = 0;
    io->out[0] = pare_info_unranked(dtype);
    if (!pare_info_has_rank(first)) return PARE_OK;
    PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, first->rank, &axis));
    pare_num *dims = NULL;
    const pare_info y = pare_info_ranked(io->shapes, dtype, first->rank, &dims);
    dims[axis] = pare_num_int(0);
    for (uint32_t i = 2; i < io->n_in; i += 3) {
        if (!pare_info_has_rank(pare_in(io, i))) return PARE_OK;
        PARE_TRY(pare_need_rank(ctx, io, i, first->rank, first->rank));
        PARE_TRY(append(ctx, io, pare_in(io, i), axis, dims));
    }
    io->out[0] = y;
    return PARE_OK;
}

/*      symbol                    name                inputs    resolve, infer, eval, links */
#define QLINEAR_OPS(X)                                                                             \
    X(ms_qlinear_add,             "QLinearAdd",       7, 8,     PARE_NA(resolve),                  \
      qlinear_binary_infer, pare_qlinear_binary_eval,                                              \
      pare_qlinear_binary_links)                                                                   \
    X(ms_qlinear_concat,          "QLinearConcat",    3, PARE_MANY, qlinear_concat_resolve,        \
      qlinear_concat_infer, pare_qlinear_concat_eval,                                              \
      pare_qlinear_concat_links)                                                                   \
    X(ms_qlinear_leaky_relu,      "QLinearLeakyRelu", 4, 5,     qlinear_unary_resolve,             \
      pare_infer_same, pare_qlinear_unary_eval,                                                    \
      pare_first_links)                                                                            \
    X(ms_qlinear_mul,             "QLinearMul",       7, 8,     PARE_NA(resolve),                  \
      qlinear_binary_infer, pare_qlinear_binary_eval,                                              \
      pare_qlinear_binary_links)                                                                   \
    X(ms_qlinear_sigmoid,         "QLinearSigmoid",   4, 5,     PARE_NA(resolve),                  \
      pare_infer_same, pare_qlinear_unary_eval,                                                    \
      pare_first_links)                                                                            \
    X(ms_qlinear_softmax,         "QLinearSoftmax",   5, 5,     qlinear_unary_resolve,             \
      pare_infer_same, pare_qlinear_softmax_eval,                                                  \
      pare_qlinear_softmax_links)                                                                  \
    X(ms_qlinear_where,           "QLinearWhere",     9, 9,     PARE_NA(resolve),                  \
      qlinear_where_infer, pare_qlinear_where_eval,                                                \
      pare_qlinear_where_links)

#define QLINEAR_OP(symbol, text, min_in, max_in, resolver, inferer, evaluator, linker)             \
    const pare_op pare_op_##symbol = {                                                             \
        .domain = "com.microsoft", .name = text, .since = 1,                                       \
        .n_in = { min_in, max_in }, .n_out = { 1, 1 },                                             \
        .params_bytes = sizeof(pare_qlinear_params),                                               \
        .resolve = resolver, .infer = inferer, .eval = evaluator,                                  \
        .cost = pare_qlinear_cost,                                                                 \
        .links = linker,                                                                           \
    };
QLINEAR_OPS(QLINEAR_OP)
