#include "run/lower/bytes.h"
#include "run/lower/lower.h"

#include "op/move.h"
#include "op/ms_qlinear.h"

/* Concat to codes: what has another scale is looked up in a table while it is copied. */

static pare_status copy_part(pare_planner *p, const pare_codes *from, const pare_codes *to,
                             const pare_laid *x, const pare_laid *part)
{
    float reals[256];
    uint8_t table[256];
    if (pare_codes_same(from, to)) return pare_plan_copy(p, x, part);
    pare_bytes_to_floats(from, reals);
    pare_floats_to_bytes(to, reals, table);
    return pare_lower_byte_copy(p, x, part, table);
}

/* Joins n tensors along an axis, to make the result of the lowering. */
static pare_status join(pare_planner *p, pare_lowering *l, const pare_codes *from, uint32_t n,
                        const pare_codes *to, int64_t axis, bool *done)
{
    int64_t n_last = 0;
    pare_laid y;
    if (!pare_plan_shape(p, pare_lower_result(p, l), &y)) return PARE_OK;
    if (axis < 0) axis += y.rank;
    if (axis < 0 || axis >= y.rank) return PARE_OK;
    *done = true;
    for (uint32_t i = 0; i < n; i++) {
        const pare_laid *x = pare_plan_home(p, from[i].value);
        if (!pare_laid_has_form(x, PARE_FORM_PLAIN) &&
            pare_laid_has_form(x, PARE_FORM_CHANNELS_LAST))
            n_last += pare_laid_n_elements(x);
    }
    const bool is_last = n_last && 2 * n_last >= pare_laid_n_elements(&y);
    const pare_form form = is_last ? PARE_FORM_CHANNELS_LAST : PARE_FORM_PLAIN;
    pare_laid_arrange(&y, form);
    PARE_TRY(pare_plan_out(p, pare_lower_result(p, l), &y));
    pare_laid part = y;
    for (uint32_t i = 0; i < n; i++) {
        const pare_laid x = pare_plan_prefer(p, from[i].value, form);
        part.dims[axis] = x.dims[axis];
        PARE_TRY(copy_part(p, &from[i], to, &x, &part));
        part.offset += x.dims[axis] * y.strides[axis];
    }
    return PARE_OK;
}

pare_status pare_lower_concat_codes(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_axis_params *params = l->params;
    const uint32_t n = l->node->n_inputs;
    pare_codes to;
    bool found = false;
    if (l->group->n_nodes == 2) PARE_TRY(pare_lower_end(p, l, &to, &found));
    if (!found) return pare_lower_moved_codes(p, l, done);
    pare_codes *from = pare_plan_args(p, n * sizeof(*from));
    if (!from) return pare_arena_fail(p->ctx, &p->plan->arena);
    for (uint32_t i = 0; i < n; i++) {
        PARE_TRY(pare_plan_exact_codes(p, pare_lower_in(l, i), &from[i], &found));
        if (!found || from[i].axis >= 0 || from[i].dtype == PARE_INT32) return PARE_OK;
    }
    l->n_taken = 2;
    return join(p, l, from, n, &to, params->axis, done);
}

/* Y_scale, Y_zero_point, then X, scale and zero point of each tensor. */
pare_status pare_lower_qlinear_concat(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_qlinear_params *params = l->params;
    const uint32_t n = (l->node->n_inputs - 2) / 3;
    pare_codes to;
    bool found = false;
    pare_laid y;
    if (l->node->n_inputs < 5 || l->node->n_inputs % 3 != 2 ||
        !pare_plan_shape(p, pare_lower_out(l, 0), &y))
        return PARE_OK;
    PARE_TRY(pare_plan_codes_given(p, PARE_NONE, y.dtype, pare_lower_in(l, 0), pare_lower_in(l, 1),
                                   &to, &found));
    pare_codes *from = pare_plan_args(p, n * sizeof(*from));
    if (!from) return pare_arena_fail(p->ctx, &p->plan->arena);
    for (uint32_t i = 0; i < n && found; i++)
        PARE_TRY(pare_plan_codes_given(p, pare_lower_in(l, 2 + 3 * i), 0,
                                       pare_lower_in(l, 3 + 3 * i), pare_lower_in(l, 4 + 3 * i),
                                       &from[i], &found));
    return found ? join(p, l, from, n, &to, params->axis, done) : PARE_OK;
}
