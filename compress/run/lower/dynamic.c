#include "run/lower/integer.h"
#include "run/lower/lines.h"
#include "run/lower/lower.h"

#include "op/quantize.h"

/* DynamicQuantizeLinear: the range of each part, then of all, then the codes. */

typedef struct dynamic_args {
    pare_laid x, y, parts;    /* parts [n_tasks, 2]: lowest and highest numbers */
    pare_laid scale, zero;    /* of one element */
    pare_lines lines;
    uint32_t n_tasks;
} dynamic_args;

static void run_range(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const dynamic_args *a = args;
    const float *x = pare_laid_address(frame, &a->x);
    float *part = (float *)pare_laid_address(frame, &a->parts) + 2 * (size_t)task;
    const int64_t end = pare_lines_end(&a->lines, task);
    part[0] = part[1] = 0;
    for (int64_t i = task * a->lines.per_task; i < end; i++) {
        int64_t at[PARE_LINES_OPERANDS];
        pare_lines_start(&a->lines, i, at);
        frame->kernels->bytes->widen(a->lines.n, x + at[0], part);
    }
}

static void run_scale(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)task;
    (void)worker;
    const dynamic_args *a = args;
    const float *parts = pare_laid_address(frame, &a->parts);
    float low = 0;
    float high = 0;
    int64_t zero = 0;
    for (uint32_t i = 0; i < a->n_tasks; i++) {
        if (parts[2 * i] < low) low = parts[2 * i];
        if (parts[2 * i + 1] > high) high = parts[2 * i + 1];
    }
    pare_dynamic_scale(low, high, pare_laid_address(frame, &a->scale), &zero);
    *(uint8_t *)pare_laid_address(frame, &a->zero) = (uint8_t)zero;
}

static void run_codes(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const dynamic_args *a = args;
    const float *x = pare_laid_address(frame, &a->x);
    const float *scale = pare_laid_address(frame, &a->scale);
    const int32_t zero = *(const uint8_t *)pare_laid_address(frame, &a->zero);
    uint8_t *y = pare_laid_address(frame, &a->y);
    const int64_t end = pare_lines_end(&a->lines, task);
    for (int64_t i = task * a->lines.per_task; i < end; i++) {
        int64_t at[PARE_LINES_OPERANDS];
        pare_lines_start(&a->lines, i, at);
        frame->kernels->narrow->quantize_u8(a->lines.n, x + at[0], scale, &zero, 0, y + at[1]);
    }
}

/* --- planning --------------------------------------------------------------------------------- */

/* An output, or memory for it where nobody takes it. */
static pare_status place(pare_planner *p, pare_value_id value, pare_laid *out)
{
    return value == PARE_NONE ? pare_plan_temporary(p, out) : pare_plan_out(p, value, out);
}

static pare_status add_steps(pare_planner *p, dynamic_args *a)
{
    const pare_laid *const all[] = { &a->x, &a->y, &a->parts, &a->scale, &a->zero };
    const pare_step steps[] = {
        { .run = run_range, .args = a, .kernel = "dynamic range", .n_tasks = a->n_tasks },
        { .run = run_scale, .args = a, .kernel = "dynamic scale", .n_tasks = 1 },
        { .run = run_codes, .args = a, .kernel = "quantize", .n_tasks = a->n_tasks },
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        PARE_TRY(pare_plan_step(p, &steps[i], all, sizeof(all) / sizeof(all[0])));
    return PARE_OK;
}

pare_status pare_plan_quantize(pare_planner *p, pare_value_id from, const pare_value_id *to,
                               pare_laid *out)
{
    bool marks[PARE_MAX_DIMS] = { false };
    int64_t steps[2];
    pare_laid y = *pare_plan_home(p, from);
    dynamic_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    y.dtype = PARE_UINT8;
    a->x = *pare_plan_home(p, from);
    const bool is_last = !pare_laid_has_form(&a->x, PARE_FORM_PLAIN) &&
                         pare_laid_has_form(&a->x, PARE_FORM_CHANNELS_LAST);
    if (!is_last) PARE_TRY(pare_plan_need(p, from, PARE_FORM_PLAIN, &a->x));
    pare_laid_arrange(&y, is_last ? PARE_FORM_CHANNELS_LAST : PARE_FORM_PLAIN);
    PARE_TRY(place(p, to[0], &y));
    a->y = y;
    a->scale = (pare_laid){ .dtype = PARE_FLOAT };
    a->zero = (pare_laid){ .dtype = PARE_UINT8 };
    PARE_TRY(place(p, to[1], &a->scale));
    PARE_TRY(place(p, to[2], &a->zero));
    out[0] = a->y, out[1] = a->scale, out[2] = a->zero;
    const pare_laid *const operands[] = { &a->x, &a->y };
    pare_lines_mark(operands, 2, marks, steps);
    pare_lines_init(&a->lines, marks, operands, 2);
    a->n_tasks = pare_lines_tasks(&a->lines);
    a->parts = (pare_laid){ .dtype = PARE_FLOAT, .rank = 1, .dims = { 2 * (int64_t)a->n_tasks },
                            .strides = { 1 } };
    PARE_TRY(pare_plan_temporary(p, &a->parts));
    return add_steps(p, a);
}

pare_status pare_lower_dynamic_quantize(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_value_id from = pare_lower_in(l, 0);
    const pare_value_id to[] = { pare_lower_out(l, 0), pare_lower_out(l, 1),
                                 pare_lower_out(l, 2) };
    pare_laid made[3];
    if (!pare_plan_has(p, from) || pare_plan_home(p, from)->dtype != PARE_FLOAT ||
        to[0] == PARE_NONE || !pare_laid_n_elements(pare_plan_home(p, from)))
        return PARE_OK;
    *done = true;
    return pare_plan_quantize(p, from, to, made);
}
