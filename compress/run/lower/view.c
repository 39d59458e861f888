#include "run/lower/lower.h"

#include "op/elementwise.h"
#include "op/move.h"
#include "op/wide.h"

#include <math.h>
#include <string.h>

/* Operators that only say how memory is read. */

/* Reshape, Flatten, Squeeze, Unsqueeze, Identity: the same elements, row-major, under other dims.
 * */
pare_status pare_lower_view(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_value_id from = pare_lower_in(l, 0);
    const pare_value_id to = pare_lower_out(l, 0);
    pare_laid x, y;
    if (!pare_plan_has(p, from) || !pare_plan_shape(p, to, &y)) return PARE_OK;
    const pare_laid *home = pare_plan_home(p, from);
    const bool is_same = home->rank == y.rank &&
                         memcmp(home->dims, y.dims, y.rank * sizeof(y.dims[0])) == 0;
    *done = true;
    PARE_TRY(pare_plan_need(p, from, is_same ? PARE_FORM_ANY : PARE_FORM_PLAIN, &x));
    y.buffer = x.buffer;
    y.offset = x.offset;
    if (is_same) memcpy(y.strides, x.strides, sizeof(y.strides));
    else pare_laid_arrange(&y, PARE_FORM_PLAIN);
    return pare_plan_alias(p, to, &y);
}

pare_status pare_lower_transpose(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_transpose_params *params = l->params;
    const pare_value_id to = pare_lower_out(l, 0);
    pare_laid x, y;
    if (!pare_plan_has(p, pare_lower_in(l, 0)) || !pare_plan_shape(p, to, &y)) return PARE_OK;
    *done = true;
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0), PARE_FORM_ANY, &x));
    for (uint32_t i = 0; i < x.rank; i++) {
        const uint32_t axis = params->perm.n ? (uint32_t)params->perm.v[i] : x.rank - 1 - i;
        y.strides[i] = x.strides[axis];
    }
    y.buffer = x.buffer;
    y.offset = x.offset;
    return pare_plan_alias(p, to, &y);
}

/* Parts of an axis, one behind the other. */
pare_status pare_lower_split(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_split_params *params = l->params;
    pare_laid x, y;
    if (!pare_plan_has(p, pare_lower_in(l, 0))) return PARE_OK;
    for (uint32_t i = 0; i < l->node->n_outputs; i++)
        if (pare_lower_out(l, i) == PARE_NONE || !pare_plan_shape(p, pare_lower_out(l, i), &y))
            return PARE_OK;
    *done = true;
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0), PARE_FORM_ANY, &x));
    const int64_t axis = params->axis < 0 ? params->axis + x.rank : params->axis;
    for (uint32_t i = 0; i < l->node->n_outputs; i++) {
        PARE_TRY(pare_plan_part(p, pare_lower_out(l, i), &x));
        pare_plan_shape(p, pare_lower_out(l, i), &y);
        x.offset += y.dims[axis] * x.strides[axis];
    }
    return PARE_OK;
}

pare_status pare_lower_slice(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_info *in[PARE_LOWER_MAX_IN];
    int64_t first[PARE_MAX_DIMS], step[PARE_MAX_DIMS];
    bool known = false;
    pare_laid x, y;
    if (!pare_plan_has(p, pare_lower_in(l, 0)) || !pare_plan_shape(p, pare_lower_out(l, 0), &y))
        return PARE_OK;
    const pare_infer_io io = pare_plan_infer_io(p, l, in);
    PARE_TRY(pare_slice_starts(p->ctx, &io, first, step, &known));
    if (!known) return PARE_OK;
    *done = true;
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0), PARE_FORM_ANY, &x));
    for (uint32_t i = 0; i < x.rank; i++) {
        if (y.dims[i]) x.offset += first[i] * x.strides[i];
        if (y.dims[i] > 1) x.strides[i] *= step[i];
    }
    return pare_plan_part(p, pare_lower_out(l, 0), &x);
}

/* Axes of size 1 repeat what they hold. */
pare_status pare_lower_expand(pare_planner *p, pare_lowering *l, bool *done)
{
    pare_laid x, y;
    if (!pare_plan_has(p, pare_lower_in(l, 0)) || !pare_plan_shape(p, pare_lower_out(l, 0), &y))
        return PARE_OK;
    *done = true;
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0), PARE_FORM_ANY, &x));
    const uint32_t shift = y.rank - x.rank;
    for (uint32_t i = 0; i < y.rank; i++)
        y.strides[i] = i < shift || x.dims[i - shift] == 1 ? 0 : x.strides[i - shift];
    y.buffer = x.buffer;
    y.offset = x.offset;
    return pare_plan_alias(p, pare_lower_out(l, 0), &y);
}

/* A constant of one element; the fallback where the input is omitted; NaN: neither. */
static double number_of(const pare_planner *p, pare_value_id value, double fallback)
{
    if (value == PARE_NONE) return fallback;
    const pare_tensor *t = pare_plan_constant(p, value);
    if (!t || t->n_elements != 1 || !pare_wide_of(t->dtype)) return (double)NAN;
    return pare_wide_f64_at(t->dtype, t->payload.data, 0);
}

/* Where nothing is trained. */
pare_status pare_lower_dropout(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_dropout_params *params = l->params;
    bool trains = params->training && params->ratio > 0;
    if (params->ratio_is_input) {
        const double ratio = number_of(p, pare_lower_in(l, 1), 0.5);
        const double training = number_of(p, pare_lower_in(l, 2), 0);
        if (!(ratio >= 0 && ratio < 1)) return PARE_OK; /* for eval to refuse */
        trains = training != 0;
    }
    if (trains || pare_plan_is_used(p, pare_lower_out(l, 1))) return PARE_OK;
    return pare_lower_view(p, l, done);
}
