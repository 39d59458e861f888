#include "run/lower/lines.h"
#include "run/lower/lower.h"

#include "op/quantize.h"
#include "op/wide.h"

#include <string.h>

/* QuantizeLinear and DequantizeLinear between float and 8 bits, with constant scales and zero
 * points: one of each, or one for each entry of an axis. */

enum { X, Y, SCALES, N_OPERANDS }; /* of the walk */

typedef struct quantize_args {
    pare_laid x, y, scales;   /* scales: with the axes of y, as if they lay in memory */
    const float *scale;
    const int32_t *zero;
    int64_t step;             /* of the scales along a line, 0 or 1 */
    pare_lines lines;
} quantize_args;

/* n elements side by side. */
static void run_line(const quantize_args *a, const pare_narrow_kernels *k, int64_t n, const void *x,
                     int64_t scales, void *y)
{
    const float *scale = a->scale + scales;
    const int32_t *zero = a->zero + scales;
    if (a->y.dtype == PARE_UINT8) k->quantize_u8(n, x, scale, zero, a->step, y);
    else if (a->y.dtype == PARE_INT8) k->quantize_s8(n, x, scale, zero, a->step, y);
    else if (a->x.dtype == PARE_UINT8) k->dequantize_u8(n, x, scale, zero, a->step, y);
    else k->dequantize_s8(n, x, scale, zero, a->step, y);
}

static void run_quantize(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const quantize_args *a = args;
    const uint8_t *x = pare_laid_address(frame, &a->x);
    uint8_t *y = pare_laid_address(frame, &a->y);
    const int64_t end = pare_lines_end(&a->lines, task);
    for (int64_t i = task * a->lines.per_task; i < end; i++) {
        int64_t at[PARE_LINES_OPERANDS];
        pare_lines_start(&a->lines, i, at);
        run_line(a, frame->kernels->narrow, a->lines.n,
                 x + at[X] * (int64_t)pare_laid_width(&a->x), at[SCALES],
                 y + at[Y] * (int64_t)pare_laid_width(&a->y));
    }
}

/* --- planning --------------------------------------------------------------------------------- */

static bool is_byte(pare_dtype dtype)
{
    return dtype == PARE_UINT8 || dtype == PARE_INT8;
}

static bool is_none_or(const pare_tensor *t, pare_value_id value, pare_dtype dtype, int64_t n)
{
    return value == PARE_NONE || (t && t->dtype == dtype && t->n_elements == n);
}

/* What this lowering takes; *axis: of the scales, or the rank when there is one for all. */
static bool fits(const pare_planner *p, const pare_lowering *l, pare_laid *x, pare_laid *y,
                 int64_t *axis)
{
    const pare_quantize_params *params = l->params;
    const pare_tensor *scale = pare_plan_constant(p, pare_lower_in(l, 1));
    if (!scale || !pare_plan_has(p, pare_lower_in(l, 0)) || params->block_size ||
        !pare_plan_shape(p, pare_lower_out(l, 0), y))
        return false;
    *x = *pare_plan_home(p, pare_lower_in(l, 0));
    const bool quantizes = is_byte(y->dtype) && x->dtype == PARE_FLOAT;
    const bool is_precise = !params->precision || params->precision == PARE_FLOAT;
    if (!(quantizes && is_precise) && !(is_byte(x->dtype) && y->dtype == PARE_FLOAT)) return false;
    *axis = params->axis < 0 ? params->axis + x->rank : params->axis;
    if (x->rank == 1) *axis = 0;
    if (scale->n_elements == 1) *axis = x->rank;
    else if (*axis < 0 || *axis >= x->rank || x->dims[*axis] != scale->n_elements) return false;
    const pare_tensor *zero = pare_plan_constant(p, pare_lower_in(l, 2));
    return scale->dtype == PARE_FLOAT &&
           is_none_or(zero, pare_lower_in(l, 2), quantizes ? y->dtype : x->dtype,
                      scale->n_elements);
}

static pare_status set_scales(pare_planner *p, const pare_lowering *l, quantize_args *a)
{
    const pare_tensor *scale = pare_plan_constant(p, pare_lower_in(l, 1));
    const pare_tensor *zero = pare_plan_constant(p, pare_lower_in(l, 2));
    const size_t n = (size_t)scale->n_elements;
    float *scales = pare_plan_args(p, n * sizeof(*scales));
    int32_t *zeros = pare_plan_args(p, n * sizeof(*zeros));
    if (!scales || !zeros) return pare_arena_fail(p->ctx, &p->plan->arena);
    memcpy(scales, scale->payload.data, n * sizeof(*scales));
    for (size_t i = 0; zero && i < n; i++)
        zeros[i] = zero->dtype == PARE_INT8 ? (int8_t)zero->payload.data[i] : zero->payload.data[i];
    a->scale = scales;
    a->zero = zeros;
    return PARE_OK;
}

/* x as it lies, if that is one of the two usual forms, and y alike. */
static pare_status place(pare_planner *p, pare_value_id from, pare_laid *x, pare_laid *y)
{
    *x = *pare_plan_home(p, from);
    const bool is_last = !pare_laid_has_form(x, PARE_FORM_PLAIN) &&
                         pare_laid_has_form(x, PARE_FORM_CHANNELS_LAST);
    if (!is_last) PARE_TRY(pare_plan_need(p, from, PARE_FORM_PLAIN, x));
    pare_laid_arrange(y, is_last ? PARE_FORM_CHANNELS_LAST : PARE_FORM_PLAIN);
    return PARE_OK;
}

/* The step from x to y, all else being set. */
static pare_status add_step(pare_planner *p, quantize_args *a, int64_t axis)
{
    bool marks[PARE_MAX_DIMS] = { false };
    int64_t steps[N_OPERANDS];
    if (pare_laid_n_elements(&a->y) == 0) return PARE_OK;
    a->scales = a->y;
    memset(a->scales.strides, 0, sizeof(a->scales.strides));
    if (axis < a->y.rank) a->scales.strides[axis] = 1;
    const pare_laid *const operands[N_OPERANDS] = { &a->x, &a->y, &a->scales };
    pare_lines_mark(operands, N_OPERANDS, marks, steps);
    a->step = steps[SCALES];
    pare_lines_init(&a->lines, marks, operands, N_OPERANDS);
    const pare_step step = { .run = run_quantize, .args = a, .kernel = "quantize",
                             .n_tasks = pare_lines_tasks(&a->lines) };
    return pare_plan_step(p, &step, operands, 2);
}

pare_status pare_lower_quantize(pare_planner *p, pare_lowering *l, bool *done)
{
    int64_t axis = 0;
    pare_laid x, y;
    if (!fits(p, l, &x, &y, &axis)) return PARE_OK;
    quantize_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    *done = true;
    PARE_TRY(set_scales(p, l, a));
    PARE_TRY(place(p, pare_lower_in(l, 0), &a->x, &y));
    PARE_TRY(pare_plan_out(p, pare_lower_out(l, 0), &y));
    a->y = y;
    return add_step(p, a, axis);
}

pare_status pare_plan_codes_to_floats(pare_planner *p, pare_value_id value,
                                      const pare_codes *codes)
{
    struct { float scale; int32_t zero; } *one = pare_plan_args(p, sizeof(*one));
    quantize_args *a = pare_plan_args(p, sizeof(*a));
    if (!a || !one) return pare_arena_fail(p->ctx, &p->plan->arena);
    one->scale = pare_codes_scale(codes, 0);
    one->zero = pare_codes_zero(codes, 0);
    a->scale = &one->scale;
    a->zero = &one->zero;
    pare_plan_shape(p, value, &a->y);
    PARE_TRY(place(p, codes->value, &a->x, &a->y));
    PARE_TRY(pare_plan_out(p, value, &a->y));
    return add_step(p, a, a->y.rank);
}
