#include "op/block_gather.h"
#include "op/linker.h"
#include "op/move.h"

/* Elements found or put by number: what numbers lead into stays whole, other axes pass. */

static const char *const looked_up = "it is looked up by number";

/* As many marks as axes: the one that is worked along. False: it is none of the operand's. */
static bool mark_axis(int64_t axis, uint32_t rank, bool *marks)
{
    const int64_t k = axis < 0 ? axis + rank : axis;
    if (k < 0 || k >= rank) return false;
    marks[k] = true;
    return true;
}

/* data, indices: numbers are of the first positions of other axes */
pare_status pare_gather_elements_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_axis_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0), *at = pare_link_in(l, 1);
    bool along[PARE_MAX_DIMS] = { false };
    if (!x || !at || at->rank != x->rank || !mark_axis(p->axis, x->rank, along)) return PARE_OK;
    pare_link_alike(l, 1, 0, NULL);
    for (uint32_t k = 0; k < x->rank; k++) {
        const pare_axis_ref from = pare_in_axis(0, k), to = pare_in_axis(1, k);
        if (along[k]) pare_link_freeze(l, from, looked_up);
        else pare_link_stack(l, to, from, 0, pare_link_extent(l, to));
    }
    return PARE_OK;
}

/* data, indices, updates */
pare_status pare_scatter_elements_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_scatter_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0), *at = pare_link_in(l, 1), *from = pare_link_in(l, 2);
    bool along[PARE_MAX_DIMS] = { false };
    const bool fits = x && at && from && at->rank == x->rank && from->rank == x->rank;
    if (!fits || !mark_axis(p->axis, x->rank, along)) return PARE_OK;
    pare_link_alike(l, 0, 0, along);
    for (uint32_t k = 0; k < x->rank; k++) {
        const pare_axis_ref number = pare_in_axis(1, k);
        if (along[k]) continue;
        pare_link_stack(l, number, pare_in_axis(0, k), 0, pare_link_extent(l, number));
        pare_link_tie(l, number, pare_in_axis(2, k));
    }
    pare_link_freeze(l, pare_in_axis(0, (uint32_t)(p->axis < 0 ? p->axis + x->rank : p->axis)),
                     looked_up);
    return PARE_OK;
}

/* How many axes the last one of the numbers leads into; 0: not known. */
static uint32_t depth_of(const pare_info *x, const pare_info *at, uint32_t batch)
{
    if (!x || !at || at->rank <= batch) return 0;
    const pare_num depth = at->dims[at->rank - 1];
    const bool fits = depth.kind == PARE_NUM_INT && depth.i > 0 && depth.i + batch <= x->rank;
    return fits ? (uint32_t)depth.i : 0;
}

pare_status pare_gather_nd_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_info *x = pare_link_in(l, 0), *at = pare_link_in(l, 1);
    const uint32_t batch = (uint32_t)((const pare_gather_nd_params *)l->params)->batch_dims;
    const uint32_t depth = depth_of(x, at, batch);
    if (!depth) return PARE_OK;
    for (uint32_t k = 0; k + 1 < at->rank; k++)
        pare_link_tie(l, pare_in_axis(1, k), pare_out_axis(0, k));
    for (uint32_t k = 0; k < x->rank; k++)
        if (k < batch) pare_link_tie(l, pare_in_axis(0, k), pare_out_axis(0, k));
        else if (k < batch + depth) pare_link_freeze(l, pare_in_axis(0, k), looked_up);
        else
            pare_link_tie(l, pare_in_axis(0, k),
                          pare_out_axis(0, at->rank - 1 + k - batch - depth));
    return PARE_OK;
}

pare_status pare_scatter_nd_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_info *x = pare_link_in(l, 0), *at = pare_link_in(l, 1);
    const uint32_t depth = depth_of(x, at, 0);
    for (uint32_t k = depth; depth && k < x->rank; k++) {
        pare_link_tie(l, pare_in_axis(0, k), pare_out_axis(0, k));
        pare_link_tie(l, pare_in_axis(2, at->rank - 1 + k - depth), pare_out_axis(0, k));
    }
    for (uint32_t k = 0; k < depth; k++) pare_link_freeze(l, pare_in_axis(0, k), looked_up);
    return PARE_OK;
}

/* data, indices, scales, zero points. Of the axis in blocks whole ones go, but where zero points of
 * several share a byte. */
pare_status pare_block_gather_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_block_gather_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0), *at = pare_link_in(l, 1), *zeros = pare_link_in(l, 3);
    bool gathered[PARE_MAX_DIMS] = { false }, in_blocks[PARE_MAX_DIMS] = { false };
    if (!x || !at || !mark_axis(p->gather_axis, x->rank, gathered) ||
        !mark_axis(p->quantize_axis, x->rank, in_blocks))
        return PARE_OK;
    const int64_t per_byte = x->dtype == PARE_UINT8 && p->bits ? 8 / p->bits : 1;
    for (uint32_t k = 0, to = 0; k < x->rank; to += gathered[k++] ? at->rank : 1) {
        const pare_axis_ref data = pare_in_axis(0, k), y = pare_out_axis(0, to);
        if (gathered[k]) {
            for (uint32_t i = 0; i < at->rank; i++)
                pare_link_tie(l, pare_in_axis(1, i), pare_out_axis(0, to + i));
            pare_link_freeze(l, data, looked_up);
            continue;
        }
        const bool is_packed = k + 1 == x->rank && per_byte > 1;
        const bool is_whole = in_blocks[k] &&
                              pare_link_extent(l, y) % p->block_size == 0 && !(is_packed && zeros);
        if (in_blocks[k] && !is_whole) continue;
        const int64_t block = in_blocks[k] ? p->block_size : 1;
        if (is_packed && !in_blocks[k]) continue;
        pare_link_outer(l, y, block, pare_in_axis(2, k), 1);
        pare_link_outer(l, data, is_packed ? block / per_byte : block, pare_in_axis(2, k), 1);
        pare_link_tie(l, pare_in_axis(3, k), pare_in_axis(2, k));
    }
    return PARE_OK;
}

/* ids, segments, word, position and segment tables [n, hidden], gamma, beta, mask, positions; y,
 * how much of the mask is set, sum of the rows */
pare_status pare_embed_layer_norm_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    static const uint32_t ids[] = { 0, 1, 7, 8 };
    const pare_axis_ref hidden = pare_out_axis(0, 2);
    for (uint32_t i = 0; i < 4; i++)
        pare_link_tie(l, pare_in_axis(ids[i], 0), pare_out_axis(0, 0));
    pare_link_tie(l, pare_out_axis(1, 0), pare_out_axis(0, 0));
    for (uint32_t i = 2; i < 5; i++) {
        pare_link_freeze(l, pare_in_axis(i, 0), looked_up);
        pare_link_tie(l, pare_in_axis(i, 1), hidden);
    }
    pare_link_tie(l, pare_in_axis(5, 0), hidden);
    pare_link_tie(l, pare_in_axis(6, 0), hidden);
    if (l->n_out > 2) pare_link_tie(l, pare_out_axis(2, 0), pare_out_axis(0, 0));
    if (l->n_out > 2) pare_link_tie(l, pare_out_axis(2, 2), hidden);
    pare_link_lossy(l, hidden, "a norm's mean is over it");
    return PARE_OK;
}

pare_status pare_one_hot_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_axis_params *p = l->params;
    const pare_info *y = pare_link_out(l, 0);
    bool along[PARE_MAX_DIMS] = { false };
    if (!y || !mark_axis(p->axis, y->rank, along)) return PARE_OK;
    for (uint32_t k = 0, from = 0; k < y->rank; k++)
        if (!along[k]) pare_link_tie(l, pare_in_axis(0, from++), pare_out_axis(0, k));
    return PARE_OK;
}

pare_status pare_top_k_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_top_k_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0);
    bool along[PARE_MAX_DIMS] = { false };
    if (!x || !mark_axis(p->axis, x->rank, along)) return PARE_OK;
    for (uint32_t o = 0; o < l->n_out; o++) pare_link_alike(l, 0, o, along);
    return PARE_OK;
}

/* x, axis */
pare_status pare_cumulative_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_info *x = pare_link_in(l, 0);
    const pare_num axis = pare_info_at(pare_link_in(l, 1), 0);
    bool along[PARE_MAX_DIMS] = { false };
    if (x && axis.kind == PARE_NUM_INT && mark_axis(axis.i, x->rank, along))
        pare_link_alike(l, 0, 0, along);
    return PARE_OK;
}

/* A triangle of the last two axes stays. */
pare_status pare_trilu_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_info *x = pare_link_in(l, 0);
    for (uint32_t k = 0; x && k + 2 < x->rank; k++)
        pare_link_tie(l, pare_in_axis(0, k), pare_out_axis(0, k));
    return PARE_OK;
}

/* x, lengths by batch */
pare_status pare_reverse_sequence_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_reverse_sequence_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0);
    bool along[PARE_MAX_DIMS] = { false };
    if (!x || !mark_axis(p->time_axis, x->rank, along)) return PARE_OK;
    const int64_t batch = p->batch_axis < 0 ? p->batch_axis + x->rank : p->batch_axis;
    pare_link_alike(l, 0, 0, along);
    pare_link_tie(l, pare_in_axis(1, 0), pare_in_axis(0, (uint32_t)batch));
    return PARE_OK;
}

/* GridSample of x and a grid; regions of x: channels pass. */
pare_status pare_sampling_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const bool has_grid = pare_str_eq(l->call->op->name, "GridSample");
    pare_link_tie(l, pare_in_axis(0, 1), pare_out_axis(0, 1));
    pare_link_tie(l, pare_in_axis(1, 0), pare_out_axis(0, 0));
    if (has_grid) pare_link_tie(l, pare_in_axis(0, 0), pare_out_axis(0, 0));
    else pare_link_tie(l, pare_in_axis(2, 0), pare_out_axis(0, 0));
    return PARE_OK;
}

/* x, weight, bias, state; y, state */
pare_status pare_causal_conv_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_axis_ref channels = pare_out_axis(0, 1), batch = pare_out_axis(0, 0);
    pare_link_tie(l, pare_in_axis(0, 0), batch);
    pare_link_tie(l, pare_in_axis(0, 1), channels);
    pare_link_tie(l, pare_in_axis(1, 0), channels);
    pare_link_tie(l, pare_in_axis(2, 0), channels);
    pare_link_tie(l, pare_in_axis(3, 0), batch);
    pare_link_tie(l, pare_in_axis(3, 1), channels);
    pare_link_tie(l, pare_out_axis(1, 0), batch);
    pare_link_tie(l, pare_out_axis(1, 1), channels);
    return PARE_OK;
}
