#include "op/block_gather.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/shape.h"

#include <inttypes.h>
#include <stdio.h>

/* com.microsoft.GatherBlockQuantized: Gather from weights quantized in blocks along one axis,
 * dequantized on the way. Data of uint8 holds 8 / bits elements per byte along its last axis. */

static pare_status gather_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_block_gather_params *p = params;
    PARE_TRY(pare_get_int(ctx, call, "gather_axis", 0, &p->gather_axis));
    PARE_TRY(pare_get_int(ctx, call, "quantize_axis", 1, &p->quantize_axis));
    PARE_TRY(pare_get_int_in(ctx, call, "bits", 4, 2, 8, &p->bits));
    return pare_get_int_in(ctx, call, "block_size", 128, 16, INT32_MAX, &p->block_size);
}

/* Scales must be as many as there are blocks. */
static pare_status check_scales(pare_ctx *ctx, pare_infer_io *io, const pare_num *data,
                                const pare_info *scales, uint32_t axis)
{
    const pare_block_gather_params *p = io->params;
    char what[64];
    for (uint32_t k = 0; k < scales->rank; k++) {
        pare_num want = data[k];
        if (k == axis)
            want = pare_num_ceildiv(io->shapes->exprs, want, pare_num_int(p->block_size));
        snprintf(what, sizeof(what), "scales, axis %" PRIu32, k);
        PARE_TRY(pare_same_dim(ctx, io, what, want, scales->dims[k], &want));
    }
    return PARE_OK;
}

static pare_status gather_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_block_gather_params *p = io->params;
    const pare_info *data = pare_in(io, 0);
    const pare_info *indices = pare_in(io, 1);
    pare_num unpacked[PARE_MAX_DIMS];
    uint32_t gather = 0;
    uint32_t quantize = 0;
    pare_num *dims = NULL;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 2));
    if (!pare_info_has_rank(data)) return PARE_OK;
    PARE_TRY(pare_need_rank(ctx, io, 0, 2, PARE_MAX_DIMS));
    PARE_TRY(pare_need_rank(ctx, io, 2, data->rank, data->rank));
    PARE_TRY(pare_axis(ctx, io, "attribute 'gather_axis'", p->gather_axis, data->rank, &gather));
    PARE_TRY(
        pare_axis(ctx, io, "attribute 'quantize_axis'", p->quantize_axis, data->rank, &quantize));
    for (uint32_t k = 0; k < data->rank; k++) unpacked[k] = data->dims[k];
    if (data->dtype == PARE_UINT8)
        unpacked[data->rank - 1] = pare_num_mul(io->shapes->exprs, unpacked[data->rank - 1],
                                                pare_num_int(8 / p->bits));
    if (pare_info_has_rank(pare_in(io, 2)))
        PARE_TRY(check_scales(ctx, io, unpacked, pare_in(io, 2), quantize));
    if (!pare_info_has_rank(indices)) return PARE_OK;
    const uint32_t q = indices->rank;
    pare_info y =
        pare_info_ranked(io->shapes, pare_in_dtype(io, 2), data->rank - 1 + q, &dims);
    for (uint32_t k = 0; k < gather; k++) dims[k] = unpacked[k];
    for (uint32_t k = 0; k < q; k++) dims[gather + k] = indices->dims[k];
    for (uint32_t k = gather + 1; k < data->rank; k++) dims[k - 1 + q] = unpacked[k];
    io->out[0] = y;
    return PARE_OK;
}

const pare_op pare_op_ms_gather_block_quantized = {
    .domain = "com.microsoft", .name = "GatherBlockQuantized", .since = 1,
    .n_in = { 3, 4 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_block_gather_params),
    .resolve = gather_resolve, .infer = gather_infer, .eval = pare_block_gather_eval,
    .cost = pare_gather_block_quantized_cost,
    .links = pare_block_gather_links,
};
