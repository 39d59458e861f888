#include "run/lower/lines.h"
#include "run/lower/lower.h"

#include "kernels/math.h"
#include "op/reduce.h"

#include <math.h>
#include <string.h>

/* Reduce*, ArgMax and ArgMin of floats: lines of neighbours one by one, lines across memory by
 * columns, others after a copy. */

/* One line. */
typedef float line_fn(const pare_kernels *k, int64_t n, const float *x);

/* `n` lines that start at neighbouring elements, each of n_rows elements `stride` apart. `room` [n]
 * is scratch. */
typedef void columns_fn(const pare_kernels *k, int64_t n_rows, int64_t n, const float *x,
                        int64_t stride, float *room, float *y);

typedef struct reduction {
    const char *name;
    line_fn *line;
    columns_fn *columns;      /* NULL: after a copy */
} reduction;

typedef struct reduce_args {
    pare_laid x, y;
    pare_lines lines;         /* of x and y; by columns, the first outer axis is passed at once */
    const reduction *row;
    int64_t stride;           /* by columns: of the elements of a line */
    bool smallest, last;      /* ArgMax, ArgMin */
} reduce_args;

enum { COLUMNS = 256, X = 0, Y = 1 };

/* --- functions -------------------------------------------------------------------------------- */

static float line_l1(const pare_kernels *k, int64_t n, const float *x)
{
    return k->row->sum_sizes(n, x);
}

static float line_l2(const pare_kernels *k, int64_t n, const float *x)
{
    return sqrtf(k->row->sum_squares(n, x, 0));
}

static float line_log_sum(const pare_kernels *k, int64_t n, const float *x)
{
    return pare_log_f32_ref(k->row->sum(n, x));
}

static float line_log_sum_exp(const pare_kernels *k, int64_t n, const float *x)
{
    const float high = k->row->max(n, x);
    return isfinite(high) ? high + pare_log_f32_ref(k->row->sum_exp(n, x, high)) : high;
}

static float line_max(const pare_kernels *k, int64_t n, const float *x)
{
    return k->row->max(n, x);
}

static float line_mean(const pare_kernels *k, int64_t n, const float *x)
{
    return n ? k->row->sum(n, x) / (float)n : NAN;
}

static float line_min(const pare_kernels *k, int64_t n, const float *x)
{
    return k->row->min(n, x);
}

static float line_prod(const pare_kernels *k, int64_t n, const float *x)
{
    return k->row->product(n, x);
}

static float line_sum(const pare_kernels *k, int64_t n, const float *x)
{
    return k->row->sum(n, x);
}

static float line_sum_square(const pare_kernels *k, int64_t n, const float *x)
{
    return k->row->sum_squares(n, x, 0);
}

static void columns_max(const pare_kernels *k, int64_t n_rows, int64_t n, const float *x,
                        int64_t stride, float *room, float *y)
{
    (void)room;
    k->column_max(n_rows, n, x, stride, y);
}

static void columns_min(const pare_kernels *k, int64_t n_rows, int64_t n, const float *x,
                        int64_t stride, float *room, float *y)
{
    (void)room;
    k->column_min(n_rows, n, x, stride, y);
}

static void columns_sum(const pare_kernels *k, int64_t n_rows, int64_t n, const float *x,
                        int64_t stride, float *room, float *y)
{
    (void)room;
    k->column_sum(n_rows, n, x, stride, y);
}

static void columns_mean(const pare_kernels *k, int64_t n_rows, int64_t n, const float *x,
                         int64_t stride, float *room, float *y)
{
    (void)room;
    const float divisor = (float)n_rows;
    k->column_sum(n_rows, n, x, stride, y);
    k->map2[PARE_MAP2_DIV](n, y, 1, &divisor, 0, y);
}

static void columns_sum_square(const pare_kernels *k, int64_t n_rows, int64_t n, const float *x,
                               int64_t stride, float *room, float *y)
{
    memset(room, 0, (size_t)n * sizeof(*room));
    k->column_squares(n_rows, n, x, stride, room, y);
}

static void columns_l2(const pare_kernels *k, int64_t n_rows, int64_t n, const float *x,
                       int64_t stride, float *room, float *y)
{
    columns_sum_square(k, n_rows, n, x, stride, room, y);
    k->map[PARE_MAP_SQRT](n, y, 0, 0, y);
}

static const reduction reductions[] = {
    { "ReduceL1", line_l1, NULL },
    { "ReduceL2", line_l2, columns_l2 },
    { "ReduceLogSum", line_log_sum, NULL },
    { "ReduceLogSumExp", line_log_sum_exp, NULL },
    { "ReduceMax", line_max, columns_max },
    { "ReduceMean", line_mean, columns_mean },
    { "ReduceMin", line_min, columns_min },
    { "ReduceProd", line_prod, NULL },
    { "ReduceSum", line_sum, columns_sum },
    { "ReduceSumSquare", line_sum_square, columns_sum_square },
};

/* --- running ---------------------------------------------------------------------------------- */

static void run_lines(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const reduce_args *a = args;
    const float *x = pare_laid_address(frame, &a->x);
    float *y = pare_laid_address(frame, &a->y);
    const int64_t end = pare_lines_end(&a->lines, task);
    for (int64_t i = task * a->lines.per_task; i < end; i++) {
        int64_t at[2];
        pare_lines_start(&a->lines, i, at);
        y[at[Y]] = a->row->line(frame->kernels, a->lines.n, x + at[X]);
    }
}

static void run_args(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const reduce_args *a = args;
    const float *x = pare_laid_address(frame, &a->x);
    int64_t *y = pare_laid_address(frame, &a->y);
    const int64_t end = pare_lines_end(&a->lines, task);
    for (int64_t i = task * a->lines.per_task; i < end; i++) {
        int64_t at[2];
        pare_lines_start(&a->lines, i, at);
        y[at[Y]] = frame->kernels->row->arg(a->lines.n, x + at[X], a->smallest, a->last);
    }
}

/* A task is a block of columns; blocks end where the first outer axis does. */
static void run_columns(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    const reduce_args *a = args;
    const pare_lines *l = &a->lines;
    const int64_t width = l->dims[0];
    const int64_t blocks = (width + COLUMNS - 1) / COLUMNS;
    const int64_t first = task % blocks * COLUMNS;
    const int64_t n = width - first < COLUMNS ? width - first : COLUMNS;
    int64_t at[2];
    pare_lines_start(l, task / blocks * width + first, at);
    a->row->columns(frame->kernels, l->n, n, (const float *)pare_laid_address(frame, &a->x) + at[X],
                    a->stride, (float *)(void *)pare_frame_scratch(frame, worker),
                    (float *)pare_laid_address(frame, &a->y) + at[Y]);
}

/* --- planning --------------------------------------------------------------------------------- */

/* Lays y out in the order in which x passes its positions, and shows it with the axes of x. */
static void arrange_result(const pare_laid *x, const bool *marks, pare_laid *y, pare_laid *view)
{
    const bool keeps = y->rank == x->rank;
    bool done[PARE_LAID_AXES] = { false };
    int64_t step = 1;
    *view = *x;
    for (uint32_t k = 0; k < x->rank; k++) { /* by rising strides of x, as lines are walked */
        uint32_t best = PARE_LAID_AXES;
        for (uint32_t d = x->rank; d-- > 0;)
            if (!done[d] && !marks[d] &&
                (best == PARE_LAID_AXES || x->strides[d] < x->strides[best]))
                best = d;
        if (best == PARE_LAID_AXES) break;
        done[best] = true;
        view->strides[best] = step;
        step *= x->dims[best];
    }
    for (uint32_t d = 0, i = 0; d < x->rank; d++) {
        if (marks[d]) view->strides[d] = 0;
        if (!marks[d] || keeps) y->strides[i++] = marks[d] ? step : view->strides[d];
    }
}

/* Whether lines can be taken by columns where x lies. */
static bool columns_fit(const pare_laid *x, const bool *marks)
{
    pare_lines l;
    const int64_t step = pare_lines_step(x, marks);
    pare_lines_init(&l, marks, &x, 1);
    return step > 0 && l.n > 1 && l.n_axes && l.steps[0][0] == 1 && l.dims[0] > 1;
}

static pare_status add_step(pare_planner *p, reduce_args *a, bool by_columns, const char *kernel,
                            pare_step_fn *run)
{
    pare_step step = { .run = run, .args = a, .kernel = kernel };
    const pare_laid *touches[] = { &a->x, &a->y };
    if (a->lines.n_lines == 0) return PARE_OK;
    if (by_columns) {
        const int64_t width = a->lines.dims[0];
        step.n_tasks = (uint32_t)(a->lines.n_lines / width * ((width + COLUMNS - 1) / COLUMNS));
        step.scratch_bytes = COLUMNS * sizeof(float);
    } else {
        step.n_tasks = pare_lines_tasks(&a->lines);
    }
    return pare_plan_step(p, &step, touches, 2);
}

/* Adds the step that reduces input 0 along marked axes; a->row has columns where those are known.
 */
static pare_status reduce(pare_planner *p, pare_lowering *l, reduce_args *a, const bool *marks,
                          const char *kernel, pare_step_fn *run)
{
    pare_laid y, view;
    pare_plan_shape(p, pare_lower_out(l, 0), &y);
    a->x = *pare_plan_home(p, pare_lower_in(l, 0));
    const bool by_columns =
        a->row && a->row->columns && pare_laid_n_elements(&a->x) && columns_fit(&a->x, marks);
    if (!by_columns) PARE_TRY(pare_lines_need(p, pare_lower_in(l, 0), marks, &a->x));
    a->stride = pare_lines_step(&a->x, marks);
    arrange_result(&a->x, marks, &y, &view);
    PARE_TRY(pare_plan_out(p, pare_lower_out(l, 0), &y));
    a->y = y;
    const pare_laid *operands[] = { &a->x, &view };
    pare_lines_init(&a->lines, marks, operands, 2);
    return add_step(p, a, by_columns, kernel, by_columns ? run_columns : run);
}

/* Whether input 0 is a float tensor and output 0 a tensor that can be planned. */
static bool is_float(const pare_planner *p, const pare_lowering *l)
{
    pare_laid x, y;
    return pare_plan_has(p, pare_lower_in(l, 0)) &&
           pare_plan_shape(p, pare_lower_in(l, 0), &x) && x.dtype == PARE_FLOAT &&
           pare_plan_shape(p, pare_lower_out(l, 0), &y);
}

pare_status pare_lower_reduce(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_info *in[PARE_LOWER_MAX_IN];
    bool marks[PARE_MAX_DIMS] = { false };
    bool known = false;
    if (!is_float(p, l)) return PARE_OK;
    const pare_infer_io io = pare_plan_infer_io(p, l, in);
    PARE_TRY(pare_reduce_axes(p->ctx, &io, marks, &known));
    if (!known) return PARE_OK;
    reduce_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    a->row = reductions;
    while (strcmp(a->row->name, l->call.op->name) != 0) a->row++;
    *done = true;
    return reduce(p, l, a, marks, "reduce f32", run_lines);
}

pare_status pare_lower_arg(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_arg_params *params = l->params;
    bool marks[PARE_MAX_DIMS] = { false };
    if (!is_float(p, l)) return PARE_OK;
    const pare_laid *x = pare_plan_home(p, pare_lower_in(l, 0));
    const int64_t axis = params->axis < 0 ? params->axis + x->rank : params->axis;
    if (x->rank == 0 || x->dims[axis] == 0) return PARE_OK;
    reduce_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    marks[axis] = true;
    a->smallest = strcmp(l->call.op->name, "ArgMin") == 0;
    a->last = params->last;
    *done = true;
    return reduce(p, l, a, marks, "arg f32", run_args);
}
