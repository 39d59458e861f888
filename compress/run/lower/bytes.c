#include "run/lower/bytes.h"

#include "op/quantize.h"
#include "run/lower/lines.h"
#include "run/lower/lower.h"

#include <string.h>

/* Codes that become other codes, each by itself: what that is for all 256 is known when the plan is
 * made. */

typedef struct map_args {
    pare_laid x, y;
    int64_t x_step, y_step;   /* along a line */
    pare_lines lines;
    uint8_t table[256];
} map_args;

enum { BLOCK = 1024 };

/* n elements that are not side by side. */
static void map_apart(const map_args *a, int64_t n, const uint8_t *x, uint8_t *y)
{
    for (int64_t i = 0; i < n; i++) y[i * a->y_step] = a->table[x[i * a->x_step]];
}

static void run_map(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const map_args *a = args;
    const uint8_t *x = pare_laid_address(frame, &a->x);
    uint8_t *y = pare_laid_address(frame, &a->y);
    const bool is_dense = a->x_step == 1 && a->y_step == 1;
    const int64_t end = pare_lines_end(&a->lines, task);
    if (is_dense && a->lines.n_axes == 1) {
        const int64_t first = task * a->lines.per_task;
        const int64_t x_row = a->lines.steps[0][0];
        const int64_t y_row = a->lines.steps[1][0];
        frame->kernels->bytes->map(end - first, a->lines.n, a->table, x + first * x_row, x_row,
                                   y + first * y_row, y_row);
        return;
    }
    for (int64_t i = task * a->lines.per_task; i < end; i++) {
        int64_t at[PARE_LINES_OPERANDS];
        pare_lines_start(&a->lines, i, at);
        if (is_dense)
            frame->kernels->bytes->map(1, a->lines.n, a->table, x + at[0], 0, y + at[1], 0);
        else map_apart(a, a->lines.n, x + at[0], y + at[1]);
    }
}

/* Whether a value has its buffer for itself, so that what lies between its pixels may be read and
 * written too. */
static bool has_padding(const pare_planner *p, const pare_laid *laid)
{
    return p->plan->buffers[laid->buffer].kind == PARE_BUFFER_ARENA && laid->offset == 0 &&
           p->plan->buffers[laid->buffer].n_bytes == (uint64_t)pare_laid_span(laid);
}

static void flatten(pare_laid *laid, int64_t span)
{
    laid->rank = 1;
    laid->dims[0] = span;
    laid->strides[0] = 1;
}

pare_status pare_lower_byte_copy(pare_planner *p, const pare_laid *from, const pare_laid *to,
                                 const uint8_t *table)
{
    bool marks[PARE_MAX_DIMS] = { false };
    int64_t steps[2];
    if (pare_laid_n_elements(to) == 0) return PARE_OK;
    map_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    a->x = *from;
    a->y = *to;
    memcpy(a->table, table, sizeof(a->table));
    if (pare_laid_alike(from, to) && has_padding(p, from) && has_padding(p, to)) {
        flatten(&a->x, pare_laid_span(from));
        flatten(&a->y, pare_laid_span(from));
    }
    const pare_laid *const operands[] = { &a->x, &a->y };
    pare_lines_mark(operands, 2, marks, steps);
    pare_lines_init(&a->lines, marks, operands, 2);
    a->x_step = steps[0];
    a->y_step = steps[1];
    const pare_step step = { .run = run_map, .args = a, .kernel = "byte map",
                             .n_tasks = pare_lines_tasks(&a->lines) };
    return pare_plan_step(p, &step, operands, 2);
}

pare_status pare_lower_byte_map(pare_planner *p, const pare_codes *from, pare_value_id to,
                                pare_dtype dtype, const uint8_t *table)
{
    const pare_laid x = *pare_plan_home(p, from->value);
    pare_laid y = x;
    y.dtype = dtype;
    if (!pare_laid_has_form(&x, PARE_FORM_PLAIN) && pare_laid_has_form(&x, PARE_FORM_CHANNELS_LAST))
        PARE_TRY(pare_plan_out_pixels(p, to, &y));
    else {
        pare_laid_arrange(&y, PARE_FORM_PLAIN);
        PARE_TRY(pare_plan_out(p, to, &y));
    }
    return pare_lower_byte_copy(p, &x, &y, table);
}

/* --- scales ----------------------------------------------------------------------------------- */

pare_byte_scale pare_byte_scale_of(const pare_codes *codes)
{
    const bool is_signed = codes->dtype == PARE_INT8;
    return (pare_byte_scale){ .scale = pare_codes_scale(codes, 0),
                              .zero = pare_codes_zero(codes, 0) + (is_signed ? 128 : 0),
                              .flip = is_signed ? 0x80 : 0 };
}

void pare_bytes_to_floats(const pare_codes *codes, float *y)
{
    const float scale = pare_codes_scale(codes, 0);
    const int32_t zero = pare_codes_zero(codes, 0);
    uint8_t x[256];
    for (int i = 0; i < 256; i++) x[i] = (uint8_t)i;
    if (codes->dtype == PARE_INT8)
        pare_narrow_ref.dequantize_s8(256, (const int8_t *)x, &scale, &zero, 0, y);
    else pare_narrow_ref.dequantize_u8(256, x, &scale, &zero, 0, y);
}

void pare_floats_to_bytes(const pare_codes *codes, const float *x, uint8_t *y)
{
    const float scale = pare_codes_scale(codes, 0);
    const int32_t zero = pare_codes_zero(codes, 0);
    if (codes->dtype == PARE_INT8)
        pare_narrow_ref.quantize_s8(256, x, &scale, &zero, 0, (int8_t *)y);
    else pare_narrow_ref.quantize_u8(256, x, &scale, &zero, 0, y);
}

pare_status pare_lower_end(pare_planner *p, const pare_lowering *l, pare_codes *codes, bool *found)
{
    _Alignas(16) uint8_t params[PARE_MAX_PARAMS_BYTES];
    pare_lowering end;
    *found = false;
    PARE_TRY(pare_lower_open(p, l->group, l->group->n_nodes - 1, params, &end));
    if (strcmp(end.call.op->name, "QuantizeLinear") != 0) return PARE_OK;
    return pare_plan_codes_made(p, &end, codes, found);
}

pare_status pare_lower_qlinear_ends(pare_planner *p, const pare_lowering *l, pare_codes *from,
                                    pare_codes *to, bool *found)
{
    PARE_TRY(pare_plan_codes_given(p, pare_lower_in(l, 0), 0, pare_lower_in(l, 1),
                                   pare_lower_in(l, 2), from, found));
    if (!*found) return PARE_OK;
    return pare_plan_codes_given(p, PARE_NONE, from->dtype, pare_lower_in(l, 3),
                                 pare_lower_in(l, 4), to, found);
}

/* QuantizeLinear of a value that is there as codes. */
pare_status pare_lower_requantize(pare_planner *p, pare_lowering *l, bool *done)
{
    pare_codes from, to;
    float reals[256];
    uint8_t table[256];
    bool found = false;
    PARE_TRY(pare_plan_exact_codes(p, pare_lower_in(l, 0), &from, &found));
    if (!found || from.axis >= 0 || from.dtype == PARE_INT32) return PARE_OK;
    PARE_TRY(pare_plan_codes_made(p, l, &to, done));
    if (!*done) return PARE_OK;
    bool is_same = from.dtype == to.dtype;
    pare_bytes_to_floats(&from, reals);
    pare_floats_to_bytes(&to, reals, table);
    for (int i = 0; i < 256 && is_same; i++) is_same = table[i] == i;
    if (is_same) return pare_plan_alias(p, pare_lower_out(l, 0), pare_plan_home(p, from.value));
    return pare_lower_byte_map(p, &from, pare_lower_out(l, 0), to.dtype, table);
}
