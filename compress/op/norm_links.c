#include "op/linker.h"
#include "op/norm.h"

/* Parameters go with what they are of. A mean over positions of which some go is another mean:
 * lossy. */

static const char *const mean_why = "a norm's mean is over it";

static void link_parameters(pare_links *l, uint32_t n, pare_axis_ref of)
{
    for (uint32_t i = 1; i < n; i++) pare_link_tie(l, pare_in_axis(i, 0), of);
}

pare_status pare_batch_norm_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_batch_norm_params *p = l->params;
    if (p->per_element || p->training) return PARE_OK;
    pare_link_alike(l, 0, 0, NULL);
    link_parameters(l, 5, pare_in_axis(0, 1));
    return PARE_OK;
}

pare_status pare_instance_norm_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    for (uint32_t k = 0; k < 2; k++) pare_link_tie(l, pare_in_axis(0, k), pare_out_axis(0, k));
    link_parameters(l, 3, pare_in_axis(0, 1));
    return PARE_OK;
}

pare_status pare_group_norm_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_norm_params *p = l->params;
    const pare_axis_ref x = pare_in_axis(0, 1), y = pare_out_axis(0, 1);
    const int64_t n = pare_link_extent(l, x);
    if (p->n_groups < 1 || n % p->n_groups) return PARE_OK;
    const int64_t each = n / p->n_groups;
    for (uint32_t k = 0; k < 2; k++) pare_link_tie(l, pare_in_axis(0, k), pare_out_axis(0, k));
    pare_link_outer(l, x, each, y, each);
    for (uint32_t i = 1; i < 3; i++)
        if (p->scale_per_group) pare_link_outer(l, x, each, pare_in_axis(i, 0), 1);
        else pare_link_tie(l, pare_in_axis(i, 0), x);
    pare_link_lossy(l, x, mean_why);
    pare_follow_count_attr(l, "num_groups", 0, x, each);
    return PARE_OK;
}

pare_status pare_layer_norm_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_norm_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0);
    const pare_layer_form *form = pare_layer_form_of(l->call->op->name);
    if (!x) return PARE_OK;
    const int64_t axis = p->axis < 0 ? p->axis + x->rank : p->axis;
    pare_link_alike(l, 0, 0, NULL);
    for (uint32_t i = 1; i < l->n_in; i++) {
        const pare_info *other = pare_link_in(l, i);
        if (other && other->rank <= x->rank) pare_link_spread(l, i, 0, x->rank - other->rank);
    }
    if (form->sum) pare_link_alike(l, 0, form->sum, NULL);
    for (uint32_t k = 0; axis >= 0 && k < (uint32_t)axis; k++) {
        if (form->mean) pare_link_tie(l, pare_in_axis(0, k), pare_out_axis(form->mean, k));
        if (form->inverse) pare_link_tie(l, pare_in_axis(0, k), pare_out_axis(form->inverse, k));
    }
    for (uint32_t k = axis < 0 ? 0 : (uint32_t)axis; k < x->rank; k++)
        pare_link_lossy(l, pare_in_axis(0, k), mean_why);
    return PARE_OK;
}

/* Sums over neighbours among the channels. */
pare_status pare_lrn_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    pare_link_alike(l, 0, 0, NULL);
    pare_link_lossy(l, pare_in_axis(0, 1), "a norm's sum is over neighbours");
    return PARE_OK;
}

/* The axes of an attribute are normalized together. */
static void link_normalized(pare_links *l, const bool *marks, const char *why)
{
    const pare_info *x = pare_link_in(l, 0);
    pare_link_alike(l, 0, 0, NULL);
    for (uint32_t k = 0; x && k < x->rank; k++)
        if (marks[k]) pare_link_lossy(l, pare_in_axis(0, k), why);
}

pare_status pare_mean_variance_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    static const int64_t usual[] = { 0, 2, 3 };
    const pare_norm_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0);
    bool marks[PARE_MAX_DIMS] = { false };
    const uint32_t n = p->axes.found ? p->axes.n : 3;
    for (uint32_t i = 0; x && i < n; i++) {
        const int64_t axis = p->axes.found ? p->axes.v[i] : usual[i];
        const int64_t k = axis < 0 ? axis + x->rank : axis;
        if (k >= 0 && k < x->rank) marks[k] = true;
    }
    link_normalized(l, marks, mean_why);
    return PARE_OK;
}

pare_status pare_lp_norm_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_norm_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0);
    bool marks[PARE_MAX_DIMS] = { false };
    if (!x || !x->rank) return PARE_OK;
    marks[(p->axis < 0 ? p->axis + x->rank : p->axis) % x->rank] = true;
    link_normalized(l, marks, "a norm's sum is over it");
    return PARE_OK;
}
