#include "op/list.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/resize.h"

#include <inttypes.h>

/* Sampling at coordinates, and the coordinates of an affine map. GridSample: X [N, C, D...], grid
 * [N, E..., r] with r spatial axes, to [N, C, E...]; version 20 renames its modes and allows any r.
 * AffineGrid: theta [N, r, r + 1] and size [N, C, E...] to [N, E..., r], for r of 2 or 3. */

static pare_status grid_sample_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const old_modes[] = { "nearest", "bilinear", "bicubic", NULL };
    static const char *const modes[] = { "nearest", "linear", "cubic", NULL };
    static const char *const paddings[] = { "zeros", "border", "reflection", NULL };
    pare_grid_sample_params *p = params;
    PARE_TRY(pare_get_word(ctx, call, "mode", call->version < 20 ? old_modes : modes,
                           PARE_RESIZE_LINEAR, &p->mode));
    PARE_TRY(pare_get_word(ctx, call, "padding_mode", paddings, PARE_GRID_ZEROS, &p->padding));
    return pare_get_flag(ctx, call, "align_corners", false, &p->align_corners);
}

static pare_status grid_sample_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *x = pare_in(io, 0);
    const pare_info *grid = pare_in(io, 1);
    const uint32_t most = io->call->version < 20 ? 4 : PARE_MAX_DIMS;
    pare_num *dims = NULL;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    PARE_TRY(pare_need_rank(ctx, io, 0, io->call->version < 20 ? 4 : 3, most));
    const uint32_t rank = pare_info_has_rank(x) ? x->rank : pare_info_has_rank(grid) ? grid->rank
                                                                                    : 0;
    if (!rank) return PARE_OK;
    PARE_TRY(pare_need_rank(ctx, io, 1, rank, rank));
    if (rank < 3) return PARE_OK;
    pare_info y = pare_info_ranked(io->shapes, pare_in_dtype(io, 0), rank, &dims);
    if (pare_info_has_rank(x)) {
        dims[0] = x->dims[0];
        dims[1] = x->dims[1];
    }
    if (pare_info_has_rank(grid)) {
        pare_num last = pare_num_int(rank - 2);
        PARE_TRY(pare_same_dim(ctx, io, "batch", dims[0], grid->dims[0], &dims[0]));
        PARE_TRY(pare_same_dim(ctx, io, "coordinates of the grid", last, grid->dims[rank - 1],
                               &last));
        for (uint32_t k = 2; k < rank; k++) dims[k] = grid->dims[k - 1];
    }
    io->out[0] = y;
    return PARE_OK;
}

static pare_status affine_grid_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_affine_grid_params *p = params;
    return pare_get_flag(ctx, call, "align_corners", false, &p->align_corners);
}

static pare_status affine_grid_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_ints none = { 0 };
    const pare_info *theta = pare_in(io, 0);
    pare_list size;
    pare_num *dims = NULL;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    PARE_TRY(pare_need_rank(ctx, io, 0, 3, 3));
    PARE_TRY(pare_list_get(ctx, io, none, 1, &size));
    if (!size.has_length) return PARE_OK;
    if (size.n < 4 || size.n > 5)
        return pare_call_fail(ctx, io->call, "size: expected 4 or 5 numbers, found %" PRIu32,
                              size.n);
    pare_info y = pare_info_ranked(io->shapes, pare_in_dtype(io, 0), size.n, &dims);
    dims[0] = pare_list_at(&size, 0);
    for (uint32_t k = 2; k < size.n; k++) dims[k - 1] = pare_list_at(&size, k);
    dims[size.n - 1] = pare_num_int(size.n - 2);
    if (pare_info_has_rank(theta))
        PARE_TRY(pare_same_dim(ctx, io, "batch", theta->dims[0], dims[0], &dims[0]));
    io->out[0] = y;
    return PARE_OK;
}

const pare_op pare_op_grid_sample = {
    .domain = "", .name = "GridSample", .since = 16,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_grid_sample_params),
    .resolve = grid_sample_resolve, .infer = grid_sample_infer,
    .eval = pare_grid_sample_eval,
    .cost = pare_grid_sample_cost,
    .links = pare_sampling_links,
};

const pare_op pare_op_affine_grid = {
    .domain = "", .name = "AffineGrid", .since = 20,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_affine_grid_params),
    .resolve = affine_grid_resolve, .infer = affine_grid_infer,
    .eval = pare_affine_grid_eval,
    .cost = pare_affine_grid_cost,
    .links = PARE_TODO(links),
};
