#include "op/matmul.h"

#include "op/costs.h"
#include "op/linker.h"

#include <inttypes.h>

static pare_status matmul_nbits_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_matmul_nbits_params *p = params;
    PARE_TRY(pare_need_attr(ctx, call, "K"));
    PARE_TRY(pare_need_attr(ctx, call, "N"));
    PARE_TRY(pare_need_attr(ctx, call, "block_size"));
    PARE_TRY(pare_get_int_in(ctx, call, "K", 0, 1, INT32_MAX, &p->k));
    PARE_TRY(pare_get_int_in(ctx, call, "N", 0, 1, INT32_MAX, &p->n));
    PARE_TRY(pare_get_int_in(ctx, call, "bits", 4, 2, 8, &p->bits));
    PARE_TRY(pare_get_int_in(ctx, call, "block_size", 0, 16, INT32_MAX, &p->block_size));
    PARE_TRY(pare_get_int_in(ctx, call, "accuracy_level", 0, 0, 4, &p->accuracy_level));
    if (!(p->block_size & (p->block_size - 1))) return PARE_OK;
    return pare_call_fail(ctx, call,
                          "attribute 'block_size': expected a power of two, found %" PRId64,
                          p->block_size);
}

/* B must hold N * ceil(K / block_size) blocks of block_size * bits / 8 bytes. */
static pare_status check_weight(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_matmul_nbits_params *p = io->params;
    const pare_num n = pare_info_n_elements(io->shapes, pare_in(io, 1));
    const int64_t blocks = (p->k + p->block_size - 1) / p->block_size;
    const pare_num want = pare_num_mul(io->shapes->exprs, pare_num_int(p->n * blocks),
                                       pare_num_int(p->block_size * p->bits / 8));
    if (n.kind != PARE_NUM_INT || want.kind != PARE_NUM_INT || n.i == want.i) return PARE_OK;
    return pare_call_fail(ctx, io->call,
                          "input 1: expected %" PRId64 " bytes for N, K, bits and block_size, "
                          "found %" PRId64,
                          want.i, n.i);
}

/* A [..., K] gives [..., N]. */
static pare_status matmul_nbits_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_matmul_nbits_params *p = io->params;
    const pare_info *a = pare_in(io, 0);
    PARE_TRY(check_weight(ctx, io));
    io->out[0] = pare_info_unranked(a ? a->dtype : PARE_DTYPE_UNDEFINED);
    if (!pare_info_has_rank(a)) return PARE_OK;
    PARE_TRY(pare_need_rank(ctx, io, 0, 1, PARE_MAX_DIMS));
    pare_num inner;
    PARE_TRY(pare_same_dim(ctx, io, "K against the last axis of input 0", pare_num_int(p->k),
                           a->dims[a->rank - 1], &inner));
    pare_num *dims = NULL;
    const pare_info y = pare_info_ranked(io->shapes, a->dtype, a->rank, &dims);
    for (uint32_t i = 0; i + 1 < a->rank; i++) dims[i] = a->dims[i];
    dims[a->rank - 1] = pare_num_int(p->n);
    io->out[0] = y;
    return PARE_OK;
}

const pare_op pare_op_ms_matmul_nbits = {
    .domain = "com.microsoft", .name = "MatMulNBits", .since = 1,
    .n_in = { 3, 6 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_matmul_nbits_params),
    .resolve = matmul_nbits_resolve, .infer = matmul_nbits_infer, .eval = pare_matmul_nbits_eval,
    .cost = pare_matmul_nbits_cost,
    .links = pare_matmul_nbits_links,
};
