#include "op/linker.h"
#include "op/pool.h"
#include "op/resize.h"

/* Windows slide over spatial axes; batch and channels pass. */

pare_status pare_pool_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_info *x = pare_link_in(l, 0);
    const bool is_last = l->call->op->params_bytes == sizeof(pare_pool_params) &&
                         ((const pare_pool_params *)l->params)->channels_last;
    if (!x || pare_link_out(l, 1)) return PARE_OK; /* indices count through all channels */
    for (uint32_t o = 0; o < l->n_out; o++) {
        const uint32_t channels = is_last ? x->rank - 1 : 1;
        pare_link_tie(l, pare_in_axis(0, 0), pare_out_axis(o, 0));
        pare_link_tie(l, pare_in_axis(0, channels), pare_out_axis(o, channels));
    }
    return PARE_OK;
}

/* An axis whose size stays is copied. Sizes may be asked for one by one. */
pare_status pare_resize_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_resize_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0);
    if (!x || p->coord == PARE_COORD_TF_CROP_AND_RESIZE || p->policy != PARE_ASPECT_STRETCH)
        return PARE_OK;
    pare_link_alike(l, 0, 0, NULL);
    const bool has_sizes = p->sizes_input >= 0 && pare_link_in(l, (uint32_t)p->sizes_input);
    for (uint32_t k = 0; has_sizes && k < x->rank && !p->axes.n; k++)
        pare_follow_count(l, (uint32_t)p->sizes_input, k, pare_out_axis(0, k), 1);
    for (uint32_t i = 0; has_sizes && i < p->axes.n; i++) {
        const int64_t k = p->axes.v[i] < 0 ? p->axes.v[i] + x->rank : p->axes.v[i];
        pare_follow_count(l, (uint32_t)p->sizes_input, i, pare_out_axis(0, (uint32_t)k), 1);
    }
    return PARE_OK;
}
