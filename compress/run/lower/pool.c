#include "run/lower/lower.h"
#include "run/lower/sliding.h"

#include "op/pool.h"

#include <string.h>

/* Pools of floats over one to three spatial axes, channels last. A window is a list of pointers to
 * the taps that lie inside of the input. */

enum {
    TASK_ELEMENTS = 1 << 16,  /* elements of x under the windows of a task */
    MAX_TAPS = 1 << 20,       /* pointers in the scratch memory */
    CHANNELS_PER_TASK = 64,   /* of global averages */
};

typedef struct pool_args {
    pare_sliding window;
    pare_laid x, y;
    int64_t n_rows, n_channels, y_row;
    bool averages;
    bool rounds;              /* averages to float16 */
    const int64_t *along[PARE_SLIDING_AXES]; /* count_include_pad: taps inside of the input or its
                                                padding, by output position; else NULL */
    int64_t rows_per_task;
} pool_args;

/* What the sum at an output position is divided by; n taps lie inside. */
static float divisor_at(const pool_args *a, int64_t row, int64_t n)
{
    if (!a->along[0]) return (float)n;
    int64_t position = row % a->window.n_out;
    int64_t divisor = 1;
    for (int d = PARE_SLIDING_AXES; d-- > 0;) {
        divisor *= a->along[d][position % a->window.out[d]];
        position /= a->window.out[d];
    }
    return (float)divisor;
}

/* Pointers to the taps of a window that lie inside; returns how many. */
static int64_t point_inside(const pare_sliding *s, const pare_corner *c, const float **x)
{
    int64_t n = 0;
    for (int64_t kd = 0; kd < s->kernel[0]; kd++)
        for (int64_t kh = 0; kh < s->kernel[1]; kh++)
            for (int64_t kw = 0; kw < s->kernel[2]; kw++) {
                const float *at = pare_sliding_under(s, c, kd, kh, kw);
                if (at) x[n++] = at;
            }
    return n;
}

static void run_pool(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    const pool_args *a = args;
    const pare_kernels *k = frame->kernels;
    const float **x = (const float **)(void *)pare_frame_scratch(frame, worker);
    const float *base = pare_laid_address(frame, &a->x);
    float *y = pare_laid_address(frame, &a->y);
    const int64_t first = task * a->rows_per_task;
    for (int64_t row = first; row < first + a->rows_per_task && row < a->n_rows; row++) {
        const pare_corner c = pare_sliding_corner(&a->window, base, row);
        const int64_t n = point_inside(&a->window, &c, x);
        float *to = y + row * a->y_row;
        if (a->averages) k->average_pool(n, x, a->n_channels, divisor_at(a, row, n), to);
        else k->max_pool(n, x, a->n_channels, to);
        if (a->rounds) k->narrow->round_f16(a->n_channels, to, to);
    }
}

/* Averages of whole images, in blocks of channels. */
static void run_global(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const pool_args *a = args;
    const int64_t n_blocks = (a->n_channels + CHANNELS_PER_TASK - 1) / CHANNELS_PER_TASK;
    const int64_t image = task / n_blocks;
    const int64_t first = task % n_blocks * CHANNELS_PER_TASK;
    const int64_t n = a->n_channels - first < CHANNELS_PER_TASK ? a->n_channels - first
                                                                : CHANNELS_PER_TASK;
    const float *x = (const float *)pare_laid_address(frame, &a->x) +
                     image * a->window.batch_step + first;
    float *y = (float *)pare_laid_address(frame, &a->y) + image * a->y_row + first;
    frame->kernels->column_sum(a->window.n_taps, n, x, pare_laid_pixel_stride(&a->x), y);
    for (int64_t c = 0; c < n; c++) y[c] /= (float)a->window.n_taps;
    if (a->rounds) frame->kernels->narrow->round_f16(n, y, y);
}

/* --- planning --------------------------------------------------------------------------------- */

static bool fits(const pare_planner *p, const pare_lowering *l, pare_laid *x, pare_laid *y)
{
    const pare_pool_params *params = l->params;
    if (params->channels_last || !pare_plan_has(p, pare_lower_in(l, 0)) ||
        pare_plan_is_used(p, pare_lower_out(l, 1)))
        return false;
    if (!pare_plan_shape(p, pare_lower_in(l, 0), x) || !pare_plan_shape(p, pare_lower_out(l, 0), y))
        return false;
    return x->dtype == PARE_FLOAT && y->dtype == PARE_FLOAT && x->rank >= 3 &&
           x->rank <= 2 + PARE_SLIDING_AXES && x->rank == y->rank;
}

/* Counts for each output position of an axis the taps inside of the input or its padding. */
static pare_status count_padded(pare_planner *p, const pare_window_shape *shape, int32_t axis,
                                int64_t end, const int64_t **out)
{
    const pare_window_shape one = {
        .n_axes = 1, .in = { shape->in[axis] }, .kernel = { shape->kernel[axis] },
        .out = { shape->out[axis] }, .stride = { shape->stride[axis] },
        .dilation = { shape->dilation[axis] }, .begin = { shape->begin[axis] },
    };
    int64_t *along = pare_plan_args(p, (size_t)(one.out[0] + 1) * sizeof(*along));
    if (!along) return pare_arena_fail(p->ctx, &p->plan->arena);
    for (int64_t i = 0; i < one.out[0]; i++)
        along[i] = pare_window_padded_taps_ref(&one, &end, i);
    *out = along;
    return PARE_OK;
}

static pare_status set_divisors(pare_planner *p, pool_args *a, const pare_window_shape *shape,
                                const pare_window *window)
{
    static const int64_t one = 1;
    int64_t end[PARE_WINDOW_AXES];
    const int32_t shift = PARE_SLIDING_AXES - shape->n_axes;
    pare_window_end_of(shape, window, end);
    for (int32_t d = 0; d < shift; d++) a->along[d] = &one;
    for (int32_t d = 0; d < shape->n_axes; d++)
        PARE_TRY(count_padded(p, shape, d, end[d], &a->along[shift + d]));
    return PARE_OK;
}

/* The value that is read, the place of the result and the step. */
static pare_status add_step(pare_planner *p, pare_lowering *l, pool_args *a, pare_laid *y,
                            pare_step *step)
{
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0), PARE_FORM_CHANNELS_LAST, &a->x));
    pare_sliding_read(&a->window, &a->x);
    /* single pixels need no gaps, and then lie in both forms */
    if (a->window.n_out == 1) pare_laid_arrange(y, PARE_FORM_PLAIN);
    PARE_TRY(a->window.n_out == 1 ? pare_plan_out(p, pare_lower_out(l, 0), y)
                                  : pare_plan_out_pixels(p, pare_lower_out(l, 0), y));
    a->y = *y;
    a->y_row = pare_laid_pixel_stride(y);
    a->rounds = p->has_rounded = pare_plan_rounds(p, l->node);
    if (a->n_rows == 0 || a->n_channels == 0) return PARE_OK;
    const pare_laid *touches[] = { &a->x, &a->y };
    return pare_plan_step(p, step, touches, 2);
}

static pare_status lower_pool(pare_planner *p, pare_lowering *l, bool averages, bool *done)
{
    const pare_pool_params *params = l->params;
    int64_t kernel[PARE_SLIDING_AXES];
    pare_window_shape shape;
    pare_laid x, y;
    int64_t n_taps = 1;
    if (!fits(p, l, &x, &y)) return PARE_OK;
    for (uint32_t d = 0; d < x.rank - 2; d++) {
        kernel[d] = pare_window_at(params->window.kernel_shape, d, 1);
        if (kernel[d] > MAX_TAPS / n_taps) return PARE_OK;
        n_taps *= kernel[d];
    }
    pool_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    *done = true;
    pare_window_shape_of(&shape, &params->window, x.rank - 2, x.dims + 2, kernel, y.dims + 2);
    pare_sliding_init(&a->window, &shape);
    a->averages = averages;
    a->n_rows = y.dims[0] * a->window.n_out;
    a->n_channels = y.dims[1];
    if (averages && params->count_include_pad)
        PARE_TRY(set_divisors(p, a, &shape, &params->window));
    const int64_t work = a->n_channels * n_taps + 1;
    a->rows_per_task = (TASK_ELEMENTS + work - 1) / work;
    pare_step step = {
        .run = run_pool, .args = a, .kernel = averages ? "average pool f32" : "max pool f32",
        .n_tasks = (uint32_t)((a->n_rows + a->rows_per_task - 1) / a->rows_per_task),
        .scratch_bytes = (size_t)n_taps * sizeof(const float *),
    };
    return add_step(p, l, a, &y, &step);
}

pare_status pare_lower_max_pool(pare_planner *p, pare_lowering *l, bool *done)
{
    return lower_pool(p, l, false, done);
}

pare_status pare_lower_average_pool(pare_planner *p, pare_lowering *l, bool *done)
{
    return lower_pool(p, l, true, done);
}

/* One window over each image. */
static pare_status lower_global(pare_planner *p, pare_lowering *l, bool averages, bool *done)
{
    static const pare_window whole = { .auto_pad = PARE_PAD_VALID };
    pare_window_shape shape;
    pare_laid x, y;
    int64_t n_taps = 1;
    if (!fits(p, l, &x, &y)) return PARE_OK;
    for (uint32_t d = 2; d < x.rank; d++) {
        if (x.dims[d] && n_taps > INT32_MAX / x.dims[d]) return PARE_OK;
        n_taps *= x.dims[d];
    }
    if (!averages && n_taps > MAX_TAPS) return PARE_OK;
    pool_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    *done = true;
    pare_window_shape_of(&shape, &whole, x.rank - 2, x.dims + 2, x.dims + 2, y.dims + 2);
    pare_sliding_init(&a->window, &shape);
    a->n_rows = y.dims[0];
    a->n_channels = y.dims[1];
    a->rows_per_task = 1;
    const int64_t n_blocks = (a->n_channels + CHANNELS_PER_TASK - 1) / CHANNELS_PER_TASK;
    pare_step step = { .run = run_pool, .args = a, .n_tasks = (uint32_t)a->n_rows,
                       .kernel = "global max pool f32",
                       .scratch_bytes = (size_t)n_taps * sizeof(const float *) };
    if (averages)
        step = (pare_step){ .run = run_global, .args = a, .kernel = "global average pool f32",
                            .n_tasks = (uint32_t)(a->n_rows * n_blocks) };
    return add_step(p, l, a, &y, &step);
}

pare_status pare_lower_global_max_pool(pare_planner *p, pare_lowering *l, bool *done)
{
    return lower_global(p, l, false, done);
}

pare_status pare_lower_global_average_pool(pare_planner *p, pare_lowering *l, bool *done)
{
    return lower_global(p, l, true, done);
}
