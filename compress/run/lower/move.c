#include "run/lower/lower.h"

#include "op/move.h"

#include <string.h>

/* Operators that put elements elsewhere without computing on them, as copies between strided views:
 * one for each part that comes from one place. */

/* The layout of a result of a value that lies so: channels last stays channels last. */
static void arrange_after(pare_laid *y, const pare_laid *x)
{
    const bool is_channels_last = x->rank == y->rank && !pare_laid_has_form(x, PARE_FORM_PLAIN) &&
                                  pare_laid_has_form(x, PARE_FORM_CHANNELS_LAST);
    pare_laid_arrange(y, is_channels_last ? PARE_FORM_CHANNELS_LAST : PARE_FORM_PLAIN);
}

static bool fits(const pare_planner *p, const pare_lowering *l, pare_laid *x, pare_laid *y)
{
    return pare_plan_has(p, pare_lower_in(l, 0)) &&
           pare_plan_shape(p, pare_lower_in(l, 0), x) &&
           pare_plan_shape(p, pare_lower_out(l, 0), y) && x->dtype == y->dtype;
}

/* --- Concat ----------------------------------------------------------------------------------- */

/* Channels last when at least half of what comes together lies so. */
static void arrange_concat(const pare_planner *p, const pare_lowering *l, pare_laid *y)
{
    int64_t n_last = 0;
    for (uint32_t i = 0; i < l->node->n_inputs; i++) {
        const pare_laid *x = pare_plan_home(p, pare_lower_in(l, i));
        if (!pare_laid_has_form(x, PARE_FORM_PLAIN) &&
            pare_laid_has_form(x, PARE_FORM_CHANNELS_LAST))
            n_last += pare_laid_n_elements(x);
    }
    const bool is_last = n_last && 2 * n_last >= pare_laid_n_elements(y);
    pare_laid_arrange(y, is_last ? PARE_FORM_CHANNELS_LAST : PARE_FORM_PLAIN);
}

pare_status pare_lower_concat(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_axis_params *params = l->params;
    pare_laid x, y;
    for (uint32_t i = 0; i < l->node->n_inputs; i++)
        if (!pare_plan_has(p, pare_lower_in(l, i))) return PARE_OK;
    if (!fits(p, l, &x, &y)) return PARE_OK;
    const int64_t axis = params->axis < 0 ? params->axis + y.rank : params->axis;
    for (uint32_t i = 0; i < l->node->n_inputs; i++)
        if (pare_plan_home(p, pare_lower_in(l, i))->dtype != y.dtype) return PARE_OK;
    *done = true;
    const pare_laid *reserved = pare_plan_of(p, pare_lower_out(l, 0))->reserved;
    if (reserved) y = *reserved;
    else arrange_concat(p, l, &y);
    const bool is_plain = pare_laid_has_form(&y, PARE_FORM_PLAIN);
    PARE_TRY(reserved ? pare_plan_alias(p, pare_lower_out(l, 0), &y)
                      : pare_plan_out(p, pare_lower_out(l, 0), &y));
    pare_laid part = y;
    for (uint32_t i = 0; i < l->node->n_inputs; i++) {
        x = pare_plan_prefer(p, pare_lower_in(l, i),
                             is_plain ? PARE_FORM_PLAIN : PARE_FORM_CHANNELS_LAST);
        part.dims[axis] = x.dims[axis];
        const bool is_there = x.buffer == part.buffer && x.offset == part.offset;
        if (!is_there) PARE_TRY(pare_plan_copy(p, &x, &part));
        part.offset += x.dims[axis] * y.strides[axis];
    }
    return PARE_OK;
}

/* --- Pad -------------------------------------------------------------------------------------- */

/* What of an axis is kept of x (from `first` on) and where it stands in y. */
typedef struct place {
    int64_t first, to, size;
} place;

static place place_of(int64_t dim, int64_t begin, int64_t end)
{
    const int64_t low = begin >= 0 ? 0 : begin < -dim ? dim : -begin;
    const int64_t high = end >= 0 ? dim : end < -dim ? 0 : dim + end;
    return (place){ low, begin > 0 ? begin : 0, high > low ? high - low : 0 };
}

/* One element to fill with, as a view of all sizes; *done false: not known as what y holds. */
static pare_status fill_value(pare_planner *p, const pare_lowering *l, const pare_laid *y,
                              pare_laid *out, bool *done)
{
    const pare_pad_params *params = l->params;
    const bool is_input = l->call.version >= 11 && pare_lower_in(l, 2) != PARE_NONE;
    *out = (pare_laid){ .dtype = y->dtype, .rank = y->rank };
    if (is_input) {
        if (!pare_plan_has(p, pare_lower_in(l, 2))) return PARE_OK;
        const pare_laid *value = pare_plan_home(p, pare_lower_in(l, 2));
        *done = value->dtype == y->dtype && pare_laid_n_elements(value) == 1;
        out->buffer = value->buffer;
        out->offset = value->offset;
        return PARE_OK;
    }
    const bool is_attr = l->call.version < 11 && params->value != 0;
    if (is_attr && y->dtype != PARE_FLOAT) return PARE_OK;
    *done = true;
    uint64_t *number = pare_plan_args(p, sizeof(*number));
    if (!number) return pare_arena_fail(p->ctx, &p->plan->arena);
    if (is_attr) memcpy(number, &params->value, sizeof(params->value));
    return pare_plan_numbers(p, number, &out->buffer);
}

/* Fills `size` planes of `part` from `first` on along an axis. */
static pare_status fill_planes(pare_planner *p, const pare_laid *value, const pare_laid *part,
                               uint32_t axis, int64_t first, int64_t size)
{
    pare_laid to = *part;
    pare_laid from = *value;
    to.offset += first * to.strides[axis];
    to.dims[axis] = size;
    memcpy(from.dims, to.dims, sizeof(to.dims));
    return pare_plan_copy(p, &from, &to);
}

static pare_status pad_around(pare_planner *p, const pare_lowering *l, const pare_laid *value,
                              const place *places, pare_laid *y)
{
    pare_laid x = pare_plan_prefer(p, pare_lower_in(l, 0), PARE_FORM_CHANNELS_LAST);
    if (pare_laid_has_form(pare_plan_home(p, pare_lower_in(l, 0)), PARE_FORM_PLAIN))
        x = *pare_plan_home(p, pare_lower_in(l, 0));
    arrange_after(y, &x);
    PARE_TRY(pare_plan_out(p, pare_lower_out(l, 0), y));
    pare_laid part = *y; /* what is not filled yet */
    for (uint32_t k = 0; k < y->rank; k++) {
        const place *at = &places[k];
        PARE_TRY(fill_planes(p, value, &part, k, 0, at->to));
        PARE_TRY(fill_planes(p, value, &part, k, at->to + at->size,
                             y->dims[k] - at->to - at->size));
        part.offset += at->to * part.strides[k];
        part.dims[k] = at->size;
        x.offset += at->first * x.strides[k];
    }
    return pare_plan_copy(p, &x, &part);
}

/* With a constant. What only takes elements away is a view. */
pare_status pare_lower_pad(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_pad_params *params = l->params;
    const pare_info *in[PARE_LOWER_MAX_IN];
    int64_t begin[PARE_MAX_DIMS], end[PARE_MAX_DIMS];
    place places[PARE_LAID_AXES];
    pare_laid x, y, value;
    bool known = false;
    bool is_view = true;
    if (params->mode != PARE_PAD_CONSTANT || !fits(p, l, &x, &y)) return PARE_OK;
    const pare_infer_io io = pare_plan_infer_io(p, l, in);
    PARE_TRY(pare_pad_amounts(p->ctx, &io, begin, end, &known));
    if (!known) return PARE_OK;
    PARE_TRY(fill_value(p, l, &y, &value, done));
    if (!*done) return PARE_OK;
    for (uint32_t k = 0; k < x.rank; k++) {
        places[k] = place_of(x.dims[k], begin[k], end[k]);
        is_view = is_view && places[k].size == y.dims[k];
    }
    if (!is_view) return pad_around(p, l, &value, places, &y);
    x = *pare_plan_home(p, pare_lower_in(l, 0));
    for (uint32_t k = 0; k < x.rank; k++)
        if (y.dims[k]) x.offset += places[k].first * x.strides[k];
    return pare_plan_part(p, pare_lower_out(l, 0), &x);
}

/* --- repetitions ------------------------------------------------------------------------------ */

/* Tile: each axis is one of repeats around one of x. */
pare_status pare_lower_tile(pare_planner *p, pare_lowering *l, bool *done)
{
    pare_laid x, y, from, to;
    uint32_t n = 0;
    if (!fits(p, l, &x, &y)) return PARE_OK;
    for (uint32_t k = 0; k < y.rank; k++) n += 1 + (x.dims[k] > 1 && x.dims[k] < y.dims[k]);
    if (n > PARE_LAID_AXES) return PARE_OK;
    *done = true;
    x = *pare_plan_home(p, pare_lower_in(l, 0));
    arrange_after(&y, &x);
    PARE_TRY(pare_plan_out(p, pare_lower_out(l, 0), &y));
    from = x;
    to = y;
    from.rank = to.rank = n;
    n = 0;
    for (uint32_t k = 0; k < y.rank && x.dims[k]; k++) {
        if (x.dims[k] > 1 && x.dims[k] < y.dims[k]) {
            to.dims[n] = from.dims[n] = y.dims[k] / x.dims[k];
            to.strides[n] = x.dims[k] * y.strides[k];
            from.strides[n++] = 0;
        }
        to.dims[n] = from.dims[n] = x.dims[k] > 1 ? x.dims[k] : y.dims[k];
        to.strides[n] = y.strides[k];
        from.strides[n++] = x.dims[k] > 1 ? x.strides[k] : 0;
    }
    return pare_laid_n_elements(&y) ? pare_plan_copy(p, &from, &to) : PARE_OK;
}

/* --- blocks of pixels and channels ------------------------------------------------------------ */

/* [N, C b b, H, W] of `deep` as [N, C, b, b, H, W] in the order of [N, C, H b, W b] of `wide`. */
static void split_blocks(const pare_laid *deep, const pare_laid *wide, int64_t b, bool depth_first,
                         pare_laid *from, pare_laid *to)
{
    const int64_t channels = wide->dims[1];
    const int64_t step = deep->strides[1];
    const int64_t dims[] = { deep->dims[0], channels, b, b, deep->dims[2], deep->dims[3] };
    const int64_t of_deep[] = { deep->strides[0], depth_first ? step : b * b * step,
                                depth_first ? b * channels * step : b * step,
                                depth_first ? channels * step : step, deep->strides[2],
                                deep->strides[3] };
    const int64_t of_wide[] = { wide->strides[0], wide->strides[1],     wide->strides[2],
                                wide->strides[3], b * wide->strides[2], b * wide->strides[3] };
    *from = *deep;
    *to = *wide;
    from->rank = to->rank = 6;
    for (uint32_t k = 0; k < 6; k++) {
        from->dims[k] = to->dims[k] = dims[k];
        from->strides[k] = of_deep[k];
        to->strides[k] = of_wide[k];
    }
}

static bool blocks_fit(const pare_laid *deep, const pare_laid *wide, int64_t b)
{
    return deep->rank == 4 && wide->rank == 4 && deep->dims[1] == wide->dims[1] * b * b &&
           wide->dims[2] == deep->dims[2] * b && wide->dims[3] == deep->dims[3] * b;
}

pare_status pare_lower_depth_to_space(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_depth_space_params *params = l->params;
    pare_laid x, y, from, to;
    if (!fits(p, l, &x, &y) || !blocks_fit(&x, &y, params->block)) return PARE_OK;
    *done = true;
    x = *pare_plan_home(p, pare_lower_in(l, 0));
    arrange_after(&y, &x);
    PARE_TRY(pare_plan_out(p, pare_lower_out(l, 0), &y));
    split_blocks(&x, &y, params->block, params->depth_first, &from, &to);
    return pare_plan_copy(p, &from, &to);
}

pare_status pare_lower_space_to_depth(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_depth_space_params *params = l->params;
    pare_laid x, y, from, to;
    if (!fits(p, l, &x, &y) || !blocks_fit(&y, &x, params->block)) return PARE_OK;
    *done = true;
    x = *pare_plan_home(p, pare_lower_in(l, 0));
    arrange_after(&y, &x);
    PARE_TRY(pare_plan_out(p, pare_lower_out(l, 0), &y));
    split_blocks(&y, &x, params->block, true, &to, &from);
    return pare_plan_copy(p, &from, &to);
}
