#include "run/lower/bytes.h"
#include "run/lower/lower.h"
#include "run/lower/sliding.h"

#include "op/pool.h"

#include <math.h>
#include <string.h>

/* Pools of codes of 8 bits over one to three spatial axes, channels last. The largest code is that
 * of the largest number. An average is the exact sum of codes, scaled once: that of
 * QLinearGlobalAveragePool. */

enum {
    TASK_ELEMENTS = 1 << 17,  /* elements of x under the windows of a task */
    MAX_TAPS = 1 << 20,       /* pointers in the scratch memory */
    CHANNELS_PER_TASK = 256,  /* of global averages */
};

typedef struct pool_args {
    pare_sliding window;
    pare_laid x, y;
    int64_t n_rows, n_channels, y_row;
    uint8_t flip;             /* of x */
    bool averages;
    float factor;             /* scale of x by that of y; averages: divided by the taps */
    int32_t x_zero;
    pare_byte_scale to;
    int64_t padded_taps;      /* count_include_pad: taps of a window; else 0 */
    int64_t rows_per_task;
} pool_args;

/* Pointers to the taps of the window at a row that lie inside; returns how many. */
static int64_t point_inside(const pool_args *a, const uint8_t *base, int64_t row, const uint8_t **x)
{
    const pare_sliding *s = &a->window;
    int64_t position = row % s->n_out;
    int64_t at[PARE_SLIDING_AXES];
    int64_t n = 0;
    base += row / s->n_out * s->batch_step;
    for (int i = PARE_SLIDING_AXES; i-- > 0;) {
        at[i] = position % s->out[i] * s->stride[i] - s->begin[i];
        position /= s->out[i];
    }
    for (int64_t kd = 0; kd < s->kernel[0]; kd++) {
        const int64_t d = at[0] + kd * s->dilation[0];
        if ((uint64_t)d >= (uint64_t)s->in[0]) continue;
        for (int64_t kh = 0; kh < s->kernel[1]; kh++) {
            const int64_t h = at[1] + kh * s->dilation[1];
            if ((uint64_t)h >= (uint64_t)s->in[1]) continue;
            for (int64_t kw = 0; kw < s->kernel[2]; kw++) {
                const int64_t w = at[2] + kw * s->dilation[2];
                if ((uint64_t)w < (uint64_t)s->in[2])
                    x[n++] = base + d * s->step[0] + h * s->step[1] + w * s->step[2];
            }
        }
    }
    return n;
}

/* The average of n taps from their sums. */
static void scale_sums(const pool_args *a, const pare_kernels *k, int64_t n_taps, int64_t n_all,
                       int64_t n, const int32_t *sums, uint8_t *y)
{
    k->bytes->scale(n, sums, (int32_t)n_taps * a->x_zero, a->factor / (float)n_all, a->to.zero,
                    a->to.flip, y);
}

static void run_pool(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    const pool_args *a = args;
    const pare_kernels *k = frame->kernels;
    int32_t *sums = (int32_t *)(void *)pare_frame_scratch(frame, worker);
    const uint8_t **x = (const uint8_t **)(void *)(sums + (a->averages ? (a->n_channels + 1) / 2 * 2
                                                                      : 0));
    const uint8_t *base = pare_laid_address(frame, &a->x);
    uint8_t *y = pare_laid_address(frame, &a->y);
    const int64_t first = task * a->rows_per_task;
    for (int64_t row = first; row < first + a->rows_per_task && row < a->n_rows; row++) {
        const int64_t n = point_inside(a, base, row, x);
        uint8_t *to = y + row * a->y_row;
        if (!a->averages) {
            k->bytes->max(n, x, a->flip, a->n_channels, to);
            continue;
        }
        k->bytes->sum(n, x, a->flip, a->n_channels, sums);
        scale_sums(a, k, n, a->padded_taps ? a->padded_taps : n, a->n_channels, sums, to);
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
    const int64_t rest = a->n_channels - first;
    const int64_t n = rest < CHANNELS_PER_TASK ? rest : CHANNELS_PER_TASK;
    const int64_t n_taps = a->window.n_taps;
    int32_t sums[CHANNELS_PER_TASK];
    const uint8_t *x = (const uint8_t *)pare_laid_address(frame, &a->x) +
                       image * a->window.batch_step + first;
    uint8_t *y = (uint8_t *)pare_laid_address(frame, &a->y) + image * a->y_row + first;
    frame->kernels->bytes->column_sum(n_taps, x, pare_laid_pixel_stride(&a->x), a->flip, n, sums);
    scale_sums(a, frame->kernels, n_taps, n_taps, n, sums, y);
}

/* --- planning --------------------------------------------------------------------------------- */

/* Codes that numbers rise with. */
static bool is_rising(const pare_codes *codes)
{
    const float scale = pare_codes_scale(codes, 0);
    return codes->axis < 0 && codes->dtype != PARE_INT32 && scale > 0 && isfinite(scale) &&
           isfinite(scale * 512) && scale * 0.5f > 0;
}

static bool fits(const pare_planner *p, const pare_lowering *l, const pare_codes *codes,
                 pare_laid *x, pare_laid *y)
{
    if (!is_rising(codes) || pare_plan_is_used(p, pare_lower_out(l, 1)) ||
        !pare_plan_shape(p, codes->value, x) || !pare_plan_shape(p, pare_lower_out(l, 0), y))
        return false;
    return x->rank >= 3 && x->rank <= 2 + PARE_SLIDING_AXES && x->rank == y->rank &&
           pare_laid_n_elements(y) > 0;
}

/* Whether every window has a tap inside of the input. */
static bool has_taps(const pare_sliding *s)
{
    for (int i = 0; i < PARE_SLIDING_AXES; i++) {
        for (int64_t at = 0; at < s->out[i]; at++) {
            bool is_there = false;
            for (int64_t k = 0; k < s->kernel[i] && !is_there; k++) {
                const int64_t tap = at * s->stride[i] - s->begin[i] + k * s->dilation[i];
                is_there = tap >= 0 && tap < s->in[i];
            }
            if (!is_there) return false;
        }
    }
    return true;
}

/* Whether count_include_pad makes the same of all windows: none stands out behind the padding. */
static bool is_padded_evenly(const pare_window_shape *shape, const pare_window *window)
{
    int64_t end[PARE_WINDOW_AXES];
    pare_window_end_of(shape, window, end);
    for (int32_t d = 0; d < shape->n_axes; d++) {
        const int64_t last = (shape->out[d] - 1) * shape->stride[d] - shape->begin[d] +
                             (shape->kernel[d] - 1) * shape->dilation[d];
        if (last >= shape->in[d] + end[d]) return false;
    }
    return true;
}

/* Reads the codes, lays y out and adds the step. y is what `to` has the codes of. */
static pare_status add_step(pare_planner *p, const pare_codes *codes, pare_value_id to,
                            pool_args *a, pare_laid *y, pare_step *step)
{
    PARE_TRY(pare_plan_need(p, codes->value, PARE_FORM_CHANNELS_LAST, &a->x));
    pare_sliding_read(&a->window, &a->x);
    if (a->window.n_out == 1) pare_laid_arrange(y, PARE_FORM_PLAIN);
    PARE_TRY(a->window.n_out == 1 ? pare_plan_out(p, to, y) : pare_plan_out_pixels(p, to, y));
    a->y = *y;
    a->y_row = pare_laid_pixel_stride(y);
    a->n_rows = y->dims[0] * a->window.n_out;
    a->n_channels = y->dims[1];
    a->flip = codes->dtype == PARE_INT8 ? 0x80 : 0;
    if (step->run == run_global) {
        const int64_t n_blocks = (a->n_channels + CHANNELS_PER_TASK - 1) / CHANNELS_PER_TASK;
        step->n_tasks = (uint32_t)(a->n_rows * n_blocks);
    } else {
        const int64_t work = a->n_channels * a->window.n_taps;
        a->rows_per_task = (TASK_ELEMENTS + work - 1) / work;
        step->n_tasks = (uint32_t)((a->n_rows + a->rows_per_task - 1) / a->rows_per_task);
        step->scratch_bytes = (size_t)a->window.n_taps * sizeof(uint8_t *);
        if (a->averages)
            step->scratch_bytes += (size_t)(a->n_channels + 1) / 2 * 2 * sizeof(int32_t);
    }
    const pare_laid *touches[] = { &a->x, &a->y };
    return pare_plan_step(p, step, touches, 2);
}

/* The windows of a pool, or one over each image. False: too much. */
static bool find_window(const pare_lowering *l, const pare_laid *x, const pare_laid *y,
                        pare_window_shape *shape, pool_args *a)
{
    static const pare_window whole = { .auto_pad = PARE_PAD_VALID };
    const bool is_global = strstr(l->call.op->name, "Global") != NULL;
    const pare_pool_params *params = l->params;
    int64_t kernel[PARE_SLIDING_AXES];
    int64_t n_taps = 1;
    for (uint32_t d = 0; d < x->rank - 2; d++) {
        kernel[d] = is_global ? x->dims[d + 2]
                              : pare_window_at(params->window.kernel_shape, d, 1);
        if (kernel[d] < 1 || kernel[d] > MAX_TAPS / n_taps) return false;
        n_taps *= kernel[d];
    }
    pare_window_shape_of(shape, is_global ? &whole : &params->window, x->rank - 2, x->dims + 2,
                         kernel, y->dims + 2);
    pare_sliding_init(&a->window, shape);
    return has_taps(&a->window);
}

/* On codes, as far as it is concerned: see pare_lower_on_codes. */
static pare_status lower_max(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_codes codes = p->coded[pare_lower_in(l, 0)];
    pare_window_shape shape;
    pare_laid x, y;
    if (!fits(p, l, &codes, &x, &y)) return PARE_OK;
    pool_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    if (!find_window(l, &x, &y, &shape, a)) return PARE_OK;
    *done = true;
    pare_step step = { .run = run_pool, .args = a, .kernel = "max pool u8" };
    return add_step(p, &codes, pare_lower_out(l, 0), a, &y, &step);
}

pare_status pare_lower_max_pool_codes(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_pool_params *params = l->params;
    pare_codes codes;
    bool found = false;
    PARE_TRY(pare_plan_exact_codes(p, pare_lower_in(l, 0), &codes, &found));
    if (!found || !is_rising(&codes) || params->channels_last) return PARE_OK;
    return pare_lower_on_codes(p, l, &codes, lower_max, done);
}

/* Averages from codes to codes. */
static pare_status lower_average(pare_planner *p, pare_lowering *l, const pare_codes *from,
                                 const pare_codes *to, bool *done)
{
    const pare_pool_params *params = l->params;
    const bool is_global = strstr(l->call.op->name, "Global") != NULL;
    pare_window_shape shape;
    pare_laid x, y;
    if (params->channels_last || !fits(p, l, from, &x, &y)) return PARE_OK;
    pool_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    if (!find_window(l, &x, &y, &shape, a)) return PARE_OK;
    if (!is_global && params->count_include_pad) {
        if (!is_padded_evenly(&shape, &params->window)) return PARE_OK;
        a->padded_taps = a->window.n_taps;
    }
    *done = true;
    a->averages = true;
    a->factor = pare_codes_scale(from, 0) / pare_codes_scale(to, 0);
    a->x_zero = pare_byte_scale_of(from).zero;
    a->to = pare_byte_scale_of(to);
    y.dtype = to->dtype;
    pare_step step = { .run = is_global ? run_global : run_pool, .args = a,
                       .kernel = "average pool u8" };
    return add_step(p, from, pare_lower_result(p, l), a, &y, &step);
}

pare_status pare_lower_average_pool_codes(pare_planner *p, pare_lowering *l, bool *done)
{
    pare_codes from, to;
    bool found = false;
    if (l->group->n_nodes != 2) return PARE_OK;
    PARE_TRY(pare_plan_codes(p, pare_lower_in(l, 0), &from, &found));
    if (found) PARE_TRY(pare_lower_end(p, l, &to, &found));
    l->n_taken = 2;
    return found ? lower_average(p, l, &from, &to, done) : PARE_OK;
}

pare_status pare_lower_qlinear_average_pool(pare_planner *p, pare_lowering *l, bool *done)
{
    pare_codes from, to;
    bool found = false;
    PARE_TRY(pare_lower_qlinear_ends(p, l, &from, &to, &found));
    return found ? lower_average(p, l, &from, &to, done) : PARE_OK;
}
