#include "op/quantize.h"

#include "op/costs.h"
#include "op/linker.h"

#include <inttypes.h>

/* Between numbers and their quantized form; scales are one for all, one per entry of an axis (opset
 * 13), or one per block along it (opset 21). */

static pare_status quantize_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_quantize_params *p = params;
    PARE_TRY(pare_get_int(ctx, call, "axis", 1, &p->axis));
    PARE_TRY(pare_get_int_in(ctx, call, "block_size", 0, 0, INT32_MAX, &p->block_size));
    PARE_TRY(pare_get_dtype(ctx, call, "output_dtype", PARE_DTYPE_UNDEFINED, &p->output));
    PARE_TRY(pare_get_dtype(ctx, call, "precision", PARE_DTYPE_UNDEFINED, &p->precision));
    return pare_get_flag(ctx, call, "saturate", true, &p->saturate);
}

/* Blocked: the scale has the rank of x and ceil(size / block_size) entries along the axis. */
static pare_status check_blocks(pare_ctx *ctx, pare_infer_io *io, const pare_info *x,
                                const pare_info *scale, uint32_t axis)
{
    const pare_quantize_params *p = io->params;
    PARE_TRY(pare_need_rank(ctx, io, 1, x->rank, x->rank));
    for (uint32_t i = 0; i < x->rank; i++) {
        pare_num want = x->dims[i];
        pare_num same;
        if (i == axis)
            want = pare_num_ceildiv(io->shapes->exprs, want, pare_num_int(p->block_size));
        PARE_TRY(pare_same_dim(ctx, io, "scale against the blocks of input 0", want, scale->dims[i],
                               &same));
    }
    return PARE_OK;
}

static pare_status check_scale(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_quantize_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    const pare_info *scale = pare_in(io, 1);
    uint32_t axis = 0;
    /* a vector with a vector of one scale is quantized per tensor, whatever axis says */
    if (!pare_info_has_rank(x) || !pare_info_has_rank(scale) || !scale->rank) return PARE_OK;
    if (scale->rank == 1 && (pare_num_is(scale->dims[0], 1) || (x->rank == 1 && !p->block_size)))
        return PARE_OK;
    PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, x->rank, &axis));
    if (p->block_size) return check_blocks(ctx, io, x, scale, axis);
    pare_num same;
    PARE_TRY(pare_need_rank(ctx, io, 1, 1, 1));
    return pare_same_dim(ctx, io, "scales against the axis of input 0", x->dims[axis],
                         scale->dims[0], &same);
}

static pare_status infer_as(pare_ctx *ctx, pare_infer_io *io, pare_dtype dtype)
{
    PARE_TRY(check_scale(ctx, io));
    PARE_TRY(pare_infer_same(ctx, io));
    io->out[0].kind = PARE_TYPE_TENSOR;
    io->out[0].dtype = dtype;
    return PARE_OK;
}

static pare_status quantize_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_quantize_params *p = io->params;
    const pare_info *zero = pare_in(io, 2);
    pare_dtype dtype = p->output;
    if (!dtype) dtype = zero ? zero->dtype : PARE_UINT8;
    return infer_as(ctx, io, dtype);
}

static pare_status dequantize_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_quantize_params *p = io->params;
    const pare_info *scale = pare_in(io, 1);
    pare_dtype dtype = p->output;
    if (!dtype && scale) dtype = scale->dtype;
    return infer_as(ctx, io, dtype);
}

/* Scale and zero point are computed from the input, per tensor. */
static pare_status dynamic_quantize_linear_infer(pare_ctx *ctx, pare_infer_io *io)
{
    PARE_TRY(pare_infer_same(ctx, io));
    io->out[0].kind = PARE_TYPE_TENSOR;
    io->out[0].dtype = PARE_UINT8;
    if (io->n_out > 1) io->out[1] = pare_info_tensor(io->shapes, PARE_FLOAT, 0, NULL);
    if (io->n_out > 2) io->out[2] = pare_info_tensor(io->shapes, PARE_UINT8, 0, NULL);
    return PARE_OK;
}

const pare_op pare_op_quantize_linear = {
    .domain = "", .name = "QuantizeLinear", .since = 10,
    .n_in = { 2, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_quantize_params),
    .resolve = quantize_resolve, .infer = quantize_infer, .eval = pare_quantize_eval,
    .cost = pare_quantize_cost,
    .links = pare_quantize_links,
};

const pare_op pare_op_dequantize_linear = {
    .domain = "", .name = "DequantizeLinear", .since = 10,
    .n_in = { 2, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_quantize_params),
    .resolve = quantize_resolve, .infer = dequantize_infer, .eval = pare_dequantize_eval,
    .cost = pare_dequantize_cost,
    .links = pare_quantize_links,
};

const pare_op pare_op_dynamic_quantize_linear = {
    .domain = "", .name = "DynamicQuantizeLinear", .since = 11,
    .n_in = { 1, 1 }, .n_out = { 1, 3 },
    .resolve = PARE_NA(resolve), .infer = dynamic_quantize_linear_infer,
    .eval = pare_dynamic_quantize_eval,
    .cost = pare_dynamic_quantize_cost,
    .links = pare_first_links,
};

/* ONNX Runtime's forms, which had 16 and 4 bits before the standard did. */
const pare_op pare_op_ms_quantize_linear = {
    .domain = "com.microsoft", .name = "QuantizeLinear", .since = 1,
    .n_in = { 2, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_quantize_params),
    .resolve = quantize_resolve, .infer = quantize_infer, .eval = pare_quantize_eval,
    .cost = pare_quantize_cost,
    .links = pare_quantize_links,
};

const pare_op pare_op_ms_dequantize_linear = {
    .domain = "com.microsoft", .name = "DequantizeLinear", .since = 1,
    .n_in = { 2, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_quantize_params),
    .resolve = quantize_resolve, .infer = dequantize_infer, .eval = pare_dequantize_eval,
    .cost = pare_dequantize_cost,
    .links = pare_quantize_links,
};
