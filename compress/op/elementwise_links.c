#include "op/elementwise.h"
#include "op/linker.h"
#include "op/quantize.h"

/* An element of the output depends on those at its place alone. */

pare_status pare_elementwise_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    for (uint32_t o = 0; o < l->n_out; o++) {
        const pare_info *y = pare_link_out(l, o);
        for (uint32_t i = 0; y && i < l->n_in; i++) {
            const pare_info *x = pare_link_in(l, i);
            if (x && x->rank <= y->rank) pare_link_spread(l, i, o, y->rank - x->rank);
        }
    }
    return PARE_OK;
}

/* Before opset 7 input 1 may be aligned at an axis. */
pare_status pare_binary_links(pare_ctx *ctx, pare_links *l)
{
    const pare_binary_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0);
    const pare_info *other = pare_link_in(l, 1);
    if (!p->legacy || !p->has_axis) return pare_elementwise_links(ctx, l);
    if (!x || !other) return PARE_OK;
    const int64_t axis = p->axis < 0 ? p->axis + x->rank : p->axis;
    pare_link_spread(l, 0, 0, 0);
    if (axis >= 0) pare_link_spread(l, 1, 0, (uint32_t)axis);
    return PARE_OK;
}

/* Before opset 7 slopes of as many elements as there are channels lie along these. */
pare_status pare_prelu_links(pare_ctx *ctx, pare_links *l)
{
    const pare_info *x = pare_link_in(l, 0), *slope = pare_link_in(l, 1);
    const bool is_channel = l->call->version < 7 && x && x->rank > 1 && slope &&
                            slope->rank == 1 && pare_link_extent(l, pare_in_axis(1, 0)) > 1 &&
                            pare_link_extent(l, pare_in_axis(1, 0)) ==
                                pare_link_extent(l, pare_in_axis(0, 1));
    if (!is_channel) return pare_elementwise_links(ctx, l);
    pare_link_alike(l, 0, 0, NULL);
    pare_link_spread(l, 1, 0, 1);
    return PARE_OK;
}

/* Scales and zero points are one each, or as many as the axis has positions, or blocks, which then
 * go whole. */
pare_status pare_quantize_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_quantize_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0);
    bool in_blocks[PARE_MAX_DIMS] = { false };
    if (!x) return PARE_OK;
    const int64_t axis = p->axis < 0 ? p->axis + x->rank : p->axis;
    const uint32_t of = x->rank == 1 ? 0 : (uint32_t)axis;
    const pare_axis_ref from = pare_in_axis(0, of), to = pare_out_axis(0, of);
    const int64_t block = p->block_size;
    if (of < x->rank && block) in_blocks[of] = true;
    pare_link_alike(l, 0, 0, in_blocks);
    if (block) pare_link_outer(l, from, block, to, block);
    for (uint32_t i = 1; i < 3; i++) {
        const pare_info *scale = pare_link_in(l, i);
        if (!scale || scale->rank == 0) continue;
        if (!block && scale->rank == 1) pare_link_tie(l, pare_in_axis(i, 0), from);
        for (uint32_t k = 0; block && k < scale->rank; k++)
            if (k == of) pare_link_outer(l, from, block, pare_in_axis(i, k), 1);
            else pare_link_tie(l, pare_in_axis(i, k), pare_in_axis(0, k));
    }
    return PARE_OK;
}
