#include "op/linker.h"
#include "op/reduce.h"

/* What a result is made of all of stays whole; other axes pass. */

/* Axes of input 0 that are not marked with those of output 0, which has the marked ones as 1 or
 * not at all. A sum or mean can be had of less. */
static void link_others(pare_links *l, const bool *marks, bool keeps, bool is_sum, bool is_mean)
{
    const pare_info *x = pare_link_in(l, 0);
    for (uint32_t k = 0, at = 0; x && k < x->rank; k++) {
        if (!marks[k]) pare_link_tie(l, pare_in_axis(0, k), pare_out_axis(0, at));
        else if (is_sum) pare_link_sum(l, pare_in_axis(0, k), pare_in_axis(0, k));
        else if (is_mean) pare_link_lossy(l, pare_in_axis(0, k), "a mean is over it");
        else pare_link_freeze(l, pare_in_axis(0, k), "all of it is reduced to one number");
        at += keeps || !marks[k];
    }
}

static bool is_sum(const char *name)
{
    static const char *const names[] = { "ReduceL1", "ReduceL2", "ReduceSum", "ReduceSumSquare" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (pare_str_eq(name, names[i])) return true;
    return false;
}

pare_status pare_reduce_links(pare_ctx *ctx, pare_links *l)
{
    const pare_reduce_params *p = l->params;
    const pare_infer_io io = pare_link_infer_io(l);
    bool marks[PARE_MAX_DIMS] = { false };
    bool known = false;
    if (!pare_link_in(l, 0)) return PARE_OK;
    PARE_TRY(pare_reduce_axes(ctx, &io, marks, &known));
    if (known)
        link_others(l, marks, p->keep_dims, is_sum(l->call->op->name),
                    pare_str_eq(l->call->op->name, "ReduceMean"));
    return PARE_OK;
}

pare_status pare_arg_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_arg_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0);
    bool marks[PARE_MAX_DIMS] = { false };
    if (!x || !x->rank) return PARE_OK;
    marks[(p->axis < 0 ? p->axis + x->rank : p->axis) % x->rank] = true;
    link_others(l, marks, p->keep_dims, false, false);
    return PARE_OK;
}

pare_status pare_softmax_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_softmax_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0);
    if (!x) return PARE_OK;
    const int64_t axis = p->axis < 0 ? p->axis + x->rank : p->axis;
    for (uint32_t k = 0; k < x->rank; k++)
        if (k == axis || (p->flattened && k > axis))
            pare_link_freeze(l, pare_in_axis(0, k), "a softmax is over it");
        else
            pare_link_tie(l, pare_in_axis(0, k), pare_out_axis(0, k));
    return PARE_OK;
}
