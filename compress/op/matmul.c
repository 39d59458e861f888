#include "op/matmul.h"

#include "op/costs.h"
#include "op/linker.h"

/* Matrix products over the last two axes, with broadcasting of the others. */

/* A vector counts as a row (a) or column (b) whose axis leaves the result again. */
static pare_info as_matrix(pare_shapes *shapes, const pare_info *x, bool is_column)
{
    if (x->rank != 1) return *x;
    pare_num dims[2] = { pare_num_int(1), pare_num_int(1) };
    dims[is_column ? 0 : 1] = x->dims[0];
    return pare_info_tensor(shapes, x->dtype, 2, dims);
}

pare_status pare_matmul_out(pare_ctx *ctx, pare_infer_io *io, pare_dtype dtype, const pare_info *a,
                            const pare_info *b, pare_info *out)
{
    *out = pare_info_unranked(dtype);
    if (!pare_info_has_rank(a) || !pare_info_has_rank(b)) return PARE_OK;
    if (!a->rank || !b->rank)
        return pare_call_fail(ctx, io->call,
                              "expected two inputs of rank 1 or more, found a scalar");
    pare_info left = as_matrix(io->shapes, a, false);
    pare_info right = as_matrix(io->shapes, b, true);
    if (!left.has_rank || !right.has_rank) return PARE_OK; /* memory was short */
    pare_num inner;
    PARE_TRY(pare_same_dim(ctx, io, "inner dimensions", left.dims[left.rank - 1],
                           right.dims[right.rank - 2], &inner));
    const pare_num rows = left.dims[left.rank - 2];
    const pare_num columns = right.dims[right.rank - 1];
    left.rank -= 2;
    right.rank -= 2;
    const pare_info *const batches[] = { &left, &right };
    pare_info batch;
    PARE_TRY(pare_broadcast(ctx, io, dtype, batches, 2, &batch));
    if (!batch.has_rank) return PARE_OK;
    pare_num dims[PARE_MAX_DIMS];
    uint32_t rank = 0;
    for (; rank < batch.rank; rank++) dims[rank] = batch.dims[rank];
    if (a->rank > 1) dims[rank++] = rows;
    if (b->rank > 1) dims[rank++] = columns;
    *out = pare_info_tensor(io->shapes, dtype, rank, dims);
    return PARE_OK;
}

static pare_status matmul_infer(pare_ctx *ctx, pare_infer_io *io)
{
    return pare_matmul_out(ctx, io, pare_first_dtype(io), pare_in(io, 0), pare_in(io, 1),
                           &io->out[0]);
}

static pare_status matmul_integer_infer(pare_ctx *ctx, pare_infer_io *io)
{
    return pare_matmul_out(ctx, io, PARE_INT32, pare_in(io, 0), pare_in(io, 1), &io->out[0]);
}

/* a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point */
static pare_status qlinear_matmul_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *zero = pare_in(io, 7);
    return pare_matmul_out(ctx, io, zero ? zero->dtype : PARE_DTYPE_UNDEFINED, pare_in(io, 0),
                           pare_in(io, 3), &io->out[0]);
}

/* Quantized inside, floating point outside: the type of the scale at this input. */
static pare_status infer_float(pare_ctx *ctx, pare_infer_io *io, uint32_t scale)
{
    const pare_info *s = pare_in(io, scale);
    return pare_matmul_out(ctx, io, s ? s->dtype : PARE_DTYPE_UNDEFINED, pare_in(io, 0),
                           pare_in(io, 1), &io->out[0]);
}

/* A, B, b_scale, b_zero_point, bias */
static pare_status dynamic_quantize_matmul_infer(pare_ctx *ctx, pare_infer_io *io)
{
    return infer_float(ctx, io, 0);
}

/* A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias */
static pare_status matmul_integer_to_float_infer(pare_ctx *ctx, pare_infer_io *io)
{
    return infer_float(ctx, io, 2);
}

static pare_status fused_matmul_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_matmul_params *p = params;
    PARE_TRY(pare_get_flag(ctx, call, "transA", false, &p->trans_a));
    PARE_TRY(pare_get_flag(ctx, call, "transB", false, &p->trans_b));
    PARE_TRY(pare_get_flag(ctx, call, "transBatchA", false, &p->trans_batch_a));
    PARE_TRY(pare_get_flag(ctx, call, "transBatchB", false, &p->trans_batch_b));
    return pare_get_float(ctx, call, "alpha", 1, &p->alpha);
}

static void swap(pare_num *dims, uint32_t i, uint32_t j)
{
    const pare_num first = dims[i];
    dims[i] = dims[j];
    dims[j] = first;
}

/* What the product sees of an input: batch axes first turned (axis 0 goes behind the others, in
 * front of the last), then the last two swapped. Vectors stay. */
static pare_info transposed(pare_shapes *shapes, const pare_info *x, bool batch, bool matrix)
{
    pare_num dims[PARE_MAX_DIMS];
    if (!pare_info_has_rank(x)) return x ? *x : pare_info_unknown();
    for (uint32_t i = 0; i < x->rank; i++) dims[i] = x->dims[i];
    for (uint32_t i = 0; batch && i + 2 < x->rank; i++) swap(dims, i, i + 1);
    if (matrix && x->rank >= 2) swap(dims, x->rank - 2, x->rank - 1);
    return pare_info_tensor(shapes, x->dtype, x->rank, dims);
}

static pare_status fused_matmul_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_matmul_params *p = io->params;
    const pare_info a = transposed(io->shapes, pare_in(io, 0), p->trans_batch_a, p->trans_a);
    const pare_info b = transposed(io->shapes, pare_in(io, 1), p->trans_batch_b, p->trans_b);
    return pare_matmul_out(ctx, io, pare_first_dtype(io), &a, &b, &io->out[0]);
}

const pare_op pare_op_matmul = {
    .domain = "", .name = "MatMul", .since = 1,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = matmul_infer, .eval = pare_matmul_eval,
    .cost = pare_matmul_cost,
    .links = pare_matmul_links,
};

const pare_op pare_op_matmul_integer = {
    .domain = "", .name = "MatMulInteger", .since = 10,
    .n_in = { 2, 4 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = matmul_integer_infer, .eval = pare_matmul_integer_eval,
    .cost = pare_matmul_integer_cost,
    .links = pare_matmul_integer_links,
};

const pare_op pare_op_qlinear_matmul = {
    .domain = "", .name = "QLinearMatMul", .since = 10,
    .n_in = { 8, 8 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = qlinear_matmul_infer, .eval = pare_qlinear_matmul_eval,
    .cost = pare_qlinear_matmul_cost,
    .links = pare_qlinear_matmul_links,
};

const pare_op pare_op_ms_dynamic_quantize_matmul = {
    .domain = "com.microsoft",
    .name = "DynamicQuantizeMatMul",
    .since = 1,
    .n_in = { 3, 5 },
    .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve),
    .infer = dynamic_quantize_matmul_infer,
    .eval = pare_dynamic_quantize_matmul_eval,
    .cost = pare_dynamic_quantize_matmul_cost,
    .links = pare_dynamic_quantize_matmul_links,
};

const pare_op pare_op_ms_matmul_integer_to_float = {
    .domain = "com.microsoft",
    .name = "MatMulIntegerToFloat",
    .since = 1,
    .n_in = { 4, 7 },
    .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve),
    .infer = matmul_integer_to_float_infer,
    .eval = pare_matmul_integer_to_float_eval,
    .cost = pare_matmul_integer_to_float_cost,
    .links = pare_matmul_integer_to_float_links,
};

const pare_op pare_op_ms_fused_matmul = {
    .domain = "com.microsoft", .name = "FusedMatMul", .since = 1,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_matmul_params),
    .resolve = fused_matmul_resolve, .infer = fused_matmul_infer, .eval = pare_fused_matmul_eval,
    .cost = pare_matmul_cost,
    .links = pare_matmul_links,
};

/* The older name of FusedMatMul. */
const pare_op pare_op_ms_transpose_matmul = {
    .domain = "com.microsoft", .name = "TransposeMatMul", .since = 1,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_matmul_params),
    .resolve = fused_matmul_resolve, .infer = fused_matmul_infer, .eval = pare_fused_matmul_eval,
    .cost = pare_matmul_cost,
    .links = pare_matmul_links,
};
