#include "run/lower/lines.h"
#include "run/lower/lower.h"

#include "op/norm.h"
#include "op/reduce.h"
#include "op/shape.h"

#include <math.h>
#include <string.h>

/* Softmax, LogSoftmax, LpNormalization and MeanVarianceNormalization: each line of x becomes one of
 * y. */

enum { X = 0, Y = 1 };

struct map_args;
typedef void line_fn(const struct map_args *a, const pare_kernels *k, int64_t n, const float *x,
                     float *y);

typedef struct map_args {
    pare_laid x, y;
    pare_lines lines;
    line_fn *line;
    int64_t p;                /* LpNormalization */
    float epsilon;            /* MeanVarianceNormalization */
} map_args;

static void softmax_line(const map_args *a, const pare_kernels *k, int64_t n, const float *x,
                         float *y)
{
    (void)a;
    k->row->softmax(n, x, y);
}

/* Lines one behind the other, evenly far apart. */
static void run_softmax(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const map_args *a = args;
    const pare_lines *l = &a->lines;
    const int64_t first = task * l->per_task;
    const int64_t x_step = l->n_axes ? l->steps[X][0] : 0;
    const int64_t y_step = l->n_axes ? l->steps[Y][0] : 0;
    frame->kernels->row->softmax_rows(
        pare_lines_end(l, task) - first, l->n,
        (const float *)pare_laid_address(frame, &a->x) + first * x_step, x_step,
        (float *)pare_laid_address(frame, &a->y) + first * y_step, y_step);
}

static void log_softmax_line(const map_args *a, const pare_kernels *k, int64_t n, const float *x,
                             float *y)
{
    (void)a;
    k->row->log_softmax(n, x, y);
}

static void lp_line(const map_args *a, const pare_kernels *k, int64_t n, const float *x, float *y)
{
    const float norm =
        a->p == 1 ? k->row->sum_sizes(n, x) : sqrtf(k->row->sum_squares(n, x, 0));
    if (norm == 0) memset(y, 0, (size_t)n * sizeof(*y));
    else k->map2[PARE_MAP2_DIV](n, x, 1, &norm, 0, y);
}

static void mean_variance_line(const map_args *a, const pare_kernels *k, int64_t n, const float *x,
                               float *y)
{
    const float mean = k->row->sum(n, x) / (float)n;
    const float divisor = sqrtf(k->row->sum_squares(n, x, mean) / (float)n) + a->epsilon;
    k->map2[PARE_MAP2_SUB](n, x, 1, &mean, 0, y);
    k->map2[PARE_MAP2_DIV](n, y, 1, &divisor, 0, y);
}

static void run_map(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const map_args *a = args;
    const float *x = pare_laid_address(frame, &a->x);
    float *y = pare_laid_address(frame, &a->y);
    const int64_t end = pare_lines_end(&a->lines, task);
    for (int64_t i = task * a->lines.per_task; i < end; i++) {
        int64_t at[2];
        pare_lines_start(&a->lines, i, at);
        a->line(a, frame->kernels, a->lines.n, x + at[X], y + at[Y]);
    }
}

/* --- planning --------------------------------------------------------------------------------- */

static bool fits(const pare_planner *p, const pare_lowering *l, pare_laid *y)
{
    return pare_plan_has(p, pare_lower_in(l, 0)) &&
           pare_plan_shape(p, pare_lower_out(l, 0), y) && y->dtype == PARE_FLOAT &&
           pare_plan_home(p, pare_lower_in(l, 0))->dtype == PARE_FLOAT;
}

/* y is written over x when nobody else needs that. */
static pare_status place(pare_planner *p, pare_lowering *l, map_args *a, const bool *marks,
                         pare_laid *y)
{
    const pare_value_id from = pare_lower_in(l, 0);
    PARE_TRY(pare_lines_need(p, from, marks, &a->x));
    pare_lines_arrange(&a->x, marks, y);
    if (a->x.buffer == pare_plan_home(p, from)->buffer && pare_laid_alike(&a->x, y) &&
        pare_plan_dies(p, from)) {
        y->buffer = a->x.buffer;
        y->offset = a->x.offset;
        return pare_plan_alias(p, pare_lower_out(l, 0), y);
    }
    return pare_plan_out(p, pare_lower_out(l, 0), y);
}

static pare_status map(pare_planner *p, pare_lowering *l, const map_args *how, const bool *marks,
                       const char *kernel, bool *done)
{
    pare_laid y;
    if (!fits(p, l, &y)) return PARE_OK;
    map_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    *a = *how;
    *done = true;
    PARE_TRY(place(p, l, a, marks, &y));
    a->y = y;
    const pare_laid *operands[] = { &a->x, &a->y };
    pare_lines_init(&a->lines, marks, operands, 2);
    if (pare_laid_n_elements(&y) == 0) return PARE_OK;
    const bool is_even = a->line == softmax_line && a->lines.n_axes <= 1;
    const pare_step step = { .run = is_even ? run_softmax : run_map, .args = a, .kernel = kernel,
                             .n_tasks = pare_lines_tasks(&a->lines) };
    return pare_plan_step(p, &step, operands, 2);
}

pare_status pare_lower_softmax(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_softmax_params *params = l->params;
    const bool is_log = strcmp(l->call.op->name, "LogSoftmax") == 0;
    const map_args how = { .line = is_log ? log_softmax_line : softmax_line };
    bool marks[PARE_MAX_DIMS] = { false };
    pare_laid y;
    if (!fits(p, l, &y)) return PARE_OK;
    const int64_t axis = params->axis < 0 ? params->axis + y.rank : params->axis;
    const int64_t end = params->flattened ? y.rank : axis + 1;
    for (int64_t i = axis; y.rank && i < end; i++) marks[i] = true;
    return map(p, l, &how, marks, is_log ? "log softmax f32" : "softmax f32", done);
}

pare_status pare_lower_lp_norm(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_norm_params *params = l->params;
    const map_args how = { .line = lp_line, .p = params->p };
    bool marks[PARE_MAX_DIMS] = { false };
    pare_laid y;
    if (!fits(p, l, &y) || !y.rank) return PARE_OK;
    marks[params->axis < 0 ? params->axis + y.rank : params->axis] = true;
    return map(p, l, &how, marks, "lp norm f32", done);
}

pare_status pare_lower_mean_variance_norm(pare_planner *p, pare_lowering *l, bool *done)
{
    static const int64_t usual[] = { 0, 2, 3 };
    const pare_norm_params *params = l->params;
    const pare_ints axes = params->axes.found ? params->axes : (pare_ints){ .v = usual, .n = 3 };
    const map_args how = { .line = mean_variance_line, .epsilon = params->epsilon };
    const pare_infer_io io = { .call = &l->call };
    bool marks[PARE_MAX_DIMS] = { false };
    pare_laid y;
    if (!fits(p, l, &y)) return PARE_OK;
    PARE_TRY(pare_axes(p->ctx, &io, "attribute 'axes'", axes.v, axes.n, y.rank, marks));
    return map(p, l, &how, marks, "mean variance norm f32", done);
}
