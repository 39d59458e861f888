#include "op/coster.h"
#include "op/matmul.h"

/* Matrix products: [m, k] x [k, n], m n k MACs for each of a batch. */

/* So few vectors, and reading the matrix is what takes the time. */
enum { FEW_VECTORS = 4 };

static const pare_matmul_params plain = { .alpha = 1 };

static void choose_work(pare_cost *cost)
{
    const uint64_t vectors = cost->m < cost->n ? cost->m : cost->n;
    cost->work = vectors <= FEW_VECTORS ? PARE_WORK_GEMV : PARE_WORK_GEMM;
}

static void set_types(pare_cost *cost, const pare_cost_io *io, uint32_t ia, uint32_t ib)
{
    cost->mac_activation = pare_cost_in_dtype(io, ia);
    cost->mac_weight = pare_cost_in_dtype(io, ib);
}

static void finish(pare_cost *cost, pare_cost_io *io, uint64_t each, pare_dtype dtype)
{
    if (each)
        pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_out(io, 0)), each, dtype);
}

static void gemm(pare_cost *cost, pare_cost_io *io, uint32_t ia, uint32_t ib)
{
    const pare_gemm_params *p = io->params;
    const pare_info *a = pare_cost_in(io, ia);
    const pare_info *b = pare_cost_in(io, ib);
    pare_cost_product(cost, io, 1, pare_cost_dim(io, a, p->trans_a ? 1 : 0),
                      pare_cost_dim(io, b, p->trans_b ? 0 : 1),
                      pare_cost_dim(io, a, p->trans_a ? 0 : 1));
    set_types(cost, io, ia, ib);
    choose_work(cost);
}

/* Gemm, FusedGemm: alpha A B + beta C, then an activation. */
pare_status pare_gemm_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_gemm_params *p = io->params;
    gemm(cost, io, 0, 1);
    const uint64_t scaled = p->alpha != 1;
    const uint64_t added = pare_cost_in(io, 2) ? 1 + (p->beta != 1) : 0;
    const uint64_t activation =
        p->activation.n ? pare_cost_weight((const char *)p->activation.data, p->activation.n) : 0;
    finish(cost, io, scaled + added + activation, pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* A, a_scale, a_zero_point, B, b_scale, b_zero_point, C, y_scale, y_zero_point */
pare_status pare_qgemm_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    gemm(cost, io, 0, 3);
    const uint64_t scaled = pare_cost_in(io, 7) ? PARE_OPS_REQUANTIZE : 1;
    finish(cost, io, scaled + (pare_cost_in(io, 6) != NULL), PARE_INT32);
    return PARE_OK;
}

/* Inputs ia and ib as numpy's matmul has them, with the swaps of FusedMatMul: which axis is second
 * to last, and which last. The output is batch, m and n, of which vectors lack one. */
static void matmul(pare_cost *cost, pare_cost_io *io, uint32_t ia, uint32_t ib,
                   const pare_matmul_params *p)
{
    const int64_t upper_a = p->trans_batch_a ? 0 : -2;
    const int64_t upper_b = p->trans_batch_b ? 0 : -2;
    const pare_info *a = pare_cost_in(io, ia);
    const pare_info *b = pare_cost_in(io, ib);
    const pare_info *y = pare_cost_out(io, 0);
    const uint32_t rank_a = pare_cost_rank(io, a);
    const uint32_t rank_b = pare_cost_rank(io, b);
    const bool rows = rank_a > 1;
    const bool columns = rank_b > 1;
    const uint64_t k = pare_cost_dim(io, a, rows && p->trans_a ? upper_a : -1);
    const uint64_t m = rows ? pare_cost_dim(io, a, p->trans_a ? -1 : upper_a) : 1;
    const uint64_t n = columns ? pare_cost_dim(io, b, p->trans_b ? upper_b : -1) : 1;
    const int64_t end = (int64_t)pare_cost_rank(io, y) - rows - columns;
    pare_cost_product(cost, io, pare_cost_dims(io, y, 0, end < 0 ? 0 : end), m, n, k);
    if (rank_b == 2 && cost->batch > 1) { /* one matrix for all: as many rows more */
        cost->m = pare_cost_mul(io, cost->m, cost->batch);
        cost->batch = 1;
    }
    set_types(cost, io, ia, ib);
    choose_work(cost);
}

/* MatMul, FusedMatMul, TransposeMatMul. */
pare_status pare_matmul_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const bool fused = io->call->op->params_bytes == sizeof(pare_matmul_params);
    const pare_matmul_params *p = fused ? io->params : &plain;
    matmul(cost, io, 0, 1, p);
    if (p->alpha != 1) finish(cost, io, 1, pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* A, B, a_zero_point, b_zero_point */
pare_status pare_matmul_integer_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    matmul(cost, io, 0, 1, &plain);
    finish(cost, io, (pare_cost_in(io, 2) != NULL) + (pare_cost_in(io, 3) != NULL), PARE_INT32);
    return PARE_OK;
}

/* a, a_scale, a_zero_point, b, b_scale, b_zero_point, y_scale, y_zero_point */
pare_status pare_qlinear_matmul_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    matmul(cost, io, 0, 3, &plain);
    finish(cost, io, PARE_OPS_REQUANTIZE, PARE_INT32);
    return PARE_OK;
}

/* A, B, b_scale, b_zero_point, bias: A is quantized on the way. */
pare_status pare_dynamic_quantize_matmul_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_dtype dtype = pare_cost_in_dtype(io, 0);
    matmul(cost, io, 0, 1, &plain);
    cost->mac_activation = PARE_UINT8;
    pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_in(io, 0)), 2 + PARE_OPS_QUANTIZE,
                  dtype);
    finish(cost, io, PARE_OPS_DEQUANTIZE + (pare_cost_in(io, 4) != NULL), dtype);
    return PARE_OK;
}

/* A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias */
pare_status pare_matmul_integer_to_float_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    matmul(cost, io, 0, 1, &plain);
    finish(cost, io, PARE_OPS_DEQUANTIZE + (pare_cost_in(io, 6) != NULL),
           pare_cost_in_dtype(io, 2));
    return PARE_OK;
}

static pare_dtype dtype_of_bits(int64_t bits)
{
    return bits <= 2 ? PARE_UINT2 : bits <= 4 ? PARE_UINT4 : PARE_UINT8;
}

/* A, B, scales, zero_points, g_idx, bias. accuracy_level 4: A is quantized to int8 on the way. */
pare_status pare_matmul_nbits_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    enum { INT8_INSIDE = 4 };
    const pare_matmul_nbits_params *p = io->params;
    const pare_info *a = pare_cost_in(io, 0);
    const pare_dtype dtype = pare_cost_in_dtype(io, 0);
    const uint64_t n = (uint64_t)p->n;
    const uint64_t k = (uint64_t)p->k;
    pare_cost_product(cost, io, 1, pare_cost_dims(io, a, 0, -1), n, k);
    choose_work(cost);
    cost->mac_weight = dtype_of_bits(p->bits);
    cost->mac_activation = p->accuracy_level == INT8_INSIDE ? PARE_INT8 : dtype;
    if (p->accuracy_level == INT8_INSIDE)
        pare_cost_ops(cost, io, pare_cost_elements(io, a), PARE_OPS_QUANTIZE, dtype);
    cost->dequantized = pare_cost_mul(io, n, k);
    pare_cost_ops(cost, io, cost->dequantized, 1, dtype);
    finish(cost, io, pare_cost_in(io, 5) != NULL, dtype);
    return PARE_OK;
}
