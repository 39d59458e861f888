#include "run/lower/bytes.h"
#include "run/lower/lines.h"
#include "run/lower/lower.h"

#include "op/ms_qlinear.h"
#include "op/reduce.h"
#include "op/shape.h"

#include <string.h>

/* Softmax of codes: a line at a time is made floats, and codes again. */

enum { X, Y };
enum { TOGETHER = 2048 };     /* numbers of lines that are taken at once */

typedef struct line_args {
    pare_laid x, y;
    pare_lines lines;
    float x_scale, y_scale;
    int32_t x_zero, y_zero;
    bool is_log;
} line_args;

/* n codes from x on as floats, and back. */
static void read_codes(const line_args *a, const pare_kernels *k, int64_t n, const uint8_t *x,
                       float *line)
{
    if (a->x.dtype == PARE_INT8)
        k->narrow->dequantize_s8(n, (const int8_t *)x, &a->x_scale, &a->x_zero, 0, line);
    else k->narrow->dequantize_u8(n, x, &a->x_scale, &a->x_zero, 0, line);
}

static void write_codes(const line_args *a, const pare_kernels *k, int64_t n, const float *line,
                        uint8_t *y)
{
    if (a->y.dtype == PARE_INT8)
        k->narrow->quantize_s8(n, line, &a->y_scale, &a->y_zero, 0, (int8_t *)y);
    else k->narrow->quantize_u8(n, line, &a->y_scale, &a->y_zero, 0, y);
}

static void run_lines(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    const line_args *a = args;
    const pare_kernels *k = frame->kernels;
    float *line = (float *)(void *)pare_frame_scratch(frame, worker);
    const uint8_t *x = pare_laid_address(frame, &a->x);
    uint8_t *y = pare_laid_address(frame, &a->y);
    const int64_t n = a->lines.n;
    const int64_t end = pare_lines_end(&a->lines, task);
    for (int64_t i = task * a->lines.per_task; i < end; i++) {
        int64_t at[PARE_LINES_OPERANDS];
        pare_lines_start(&a->lines, i, at);
        read_codes(a, k, n, x + at[X], line);
        if (a->is_log) k->row->log_softmax(n, line, line);
        else k->row->softmax(n, line, line);
        write_codes(a, k, n, line, y + at[Y]);
    }
}

/* Short lines of Softmax, one behind the other, some at once. */
static void run_together(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    const line_args *a = args;
    const pare_kernels *k = frame->kernels;
    float *lines = (float *)(void *)pare_frame_scratch(frame, worker);
    const uint8_t *x = pare_laid_address(frame, &a->x);
    uint8_t *y = pare_laid_address(frame, &a->y);
    const int64_t n = a->lines.n;
    const int64_t most = TOGETHER / n;
    const int64_t end = pare_lines_end(&a->lines, task);
    for (int64_t i = task * a->lines.per_task; i < end; i += most) {
        const int64_t rows = end - i < most ? end - i : most;
        read_codes(a, k, rows * n, x + i * n, lines);
        k->row->softmax_rows(rows, n, lines, n, lines, n);
        write_codes(a, k, rows * n, lines, y + i * n);
    }
}

/* From codes to codes, along the axes that are marked. */
static pare_status lower_softmax(pare_planner *p, pare_lowering *l, const pare_codes *from,
                                 const pare_codes *to, const bool *marks, bool *done)
{
    pare_laid y;
    if (!pare_plan_shape(p, pare_lower_result(p, l), &y) || !pare_laid_n_elements(&y))
        return PARE_OK;
    line_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    *done = true;
    PARE_TRY(pare_lines_need(p, from->value, marks, &a->x));
    pare_lines_arrange(&a->x, marks, &y);
    PARE_TRY(pare_plan_out(p, pare_lower_result(p, l), &y));
    a->y = y;
    a->is_log = strcmp(l->call.op->name, "LogSoftmax") == 0;
    a->x_scale = pare_codes_scale(from, 0);
    a->x_zero = pare_codes_zero(from, 0);
    a->y_scale = pare_codes_scale(to, 0);
    a->y_zero = pare_codes_zero(to, 0);
    const pare_laid *operands[] = { &a->x, &a->y };
    pare_lines_init(&a->lines, marks, operands, 2);
    const bool is_dense = a->lines.n_axes == 1 && a->lines.steps[X][0] == a->lines.n &&
                          a->lines.steps[Y][0] == a->lines.n;
    const bool is_short = is_dense && !a->is_log && a->lines.n <= TOGETHER / 2;
    const size_t room = is_short ? TOGETHER : (size_t)a->lines.n;
    const pare_step step = { .run = is_short ? run_together : run_lines, .args = a,
                             .kernel = "softmax u8", .n_tasks = pare_lines_tasks(&a->lines),
                             .scratch_bytes = room * sizeof(float) };
    return pare_plan_step(p, &step, operands, 2);
}

/* Marks the axis, and those behind it where they count as one. False: there is none such. */
static bool mark(const pare_planner *p, const pare_codes *from, int64_t axis, bool flattened,
                 bool *marks)
{
    const uint32_t rank = pare_plan_home(p, from->value)->rank;
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank) return false;
    const int64_t end = flattened ? rank : axis + 1;
    for (int64_t i = axis; i < end; i++) marks[i] = true;
    return true;
}

pare_status pare_lower_softmax_codes(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_softmax_params *params = l->params;
    bool marks[PARE_MAX_DIMS] = { false };
    pare_codes from, to;
    bool found = false;
    if (l->group->n_nodes != 2) return PARE_OK;
    PARE_TRY(pare_plan_exact_codes(p, pare_lower_in(l, 0), &from, &found));
    if (!found || from.axis >= 0 || from.dtype == PARE_INT32) return PARE_OK;
    PARE_TRY(pare_lower_end(p, l, &to, &found));
    l->n_taken = 2;
    if (!found || !mark(p, &from, params->axis, params->flattened, marks)) return PARE_OK;
    return lower_softmax(p, l, &from, &to, marks, done);
}

pare_status pare_lower_qlinear_softmax(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_qlinear_params *params = l->params;
    bool marks[PARE_MAX_DIMS] = { false };
    pare_codes from, to;
    bool found = false;
    PARE_TRY(pare_lower_qlinear_ends(p, l, &from, &to, &found));
    if (!found || !mark(p, &from, params->axis, params->softmax_opset < 13, marks)) return PARE_OK;
    return lower_softmax(p, l, &from, &to, marks, done);
}
