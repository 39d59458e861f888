#include "run/lower/integer.h"
#include "run/lower/lower.h"
#include "run/lower/sliding.h"

#include "op/conv.h"

#include <string.h>

/* Convolution of 8-bit numbers with one filter per channel, as depthwise.c does it. */

enum {
    TASK_ELEMENTS = 1 << 19, /* products */
    BATCH = 16,              /* pixels that are pointed to at once */
};

typedef struct depthwise_args {
    pare_sliding window;
    const pare_integer_depthwise_kernel *kernel;
    bool x_is_signed;
    int64_t n_rows, n_channels;
    pare_laid x, y;
    int64_t y_row;
    const void *w, *w_row;    /* packed for windows anywhere, for those side by side; may be NULL */
    const int32_t *start;
    pare_integer_finish finish;
    const uint8_t *padding;   /* [channels] */
    int64_t first, end;       /* output columns whose windows need no padding at the sides */
    int64_t lines_per_task;
} depthwise_args;

static uint8_t *out_at(const depthwise_args *a, const pare_frame *frame, int64_t row)
{
    const int64_t width = a->finish.out < PARE_INTEGER_U8 ? 4 : 1;
    return (uint8_t *)pare_laid_address(frame, &a->y) + row * a->y_row * width;
}

/* What is under tap (kd, kh, kw) of the window of a row; NULL: padding. */
static const uint8_t *under(const pare_sliding *s, const uint8_t *image, const int64_t *corner,
                            int64_t kd, int64_t kh, int64_t kw)
{
    const int64_t d = corner[0] + kd * s->dilation[0];
    const int64_t h = corner[1] + kh * s->dilation[1];
    const int64_t w = corner[2] + kw * s->dilation[2];
    if ((uint64_t)d >= (uint64_t)s->in[0] || (uint64_t)h >= (uint64_t)s->in[1] ||
        (uint64_t)w >= (uint64_t)s->in[2])
        return NULL;
    return image + d * s->step[0] + h * s->step[1] + w * s->step[2];
}

/* The image of a row and where its window starts there. */
static const uint8_t *corner_of(const depthwise_args *a, const pare_frame *frame, int64_t row,
                                int64_t *corner)
{
    const pare_sliding *s = &a->window;
    int64_t position = row % s->n_out;
    for (int i = PARE_SLIDING_AXES; i-- > 0; position /= s->out[i])
        corner[i] = position % s->out[i] * s->stride[i] - s->begin[i];
    return (const uint8_t *)pare_laid_address(frame, &a->x) + row / s->n_out * s->batch_step;
}

static void point(const depthwise_args *a, const pare_frame *frame, int64_t row, int64_t n,
                  const uint8_t **x)
{
    const pare_sliding *s = &a->window;
    int64_t corner[PARE_SLIDING_AXES];
    const uint8_t *image = corner_of(a, frame, row, corner);
    for (int64_t kd = 0; kd < s->kernel[0]; kd++)
        for (int64_t kh = 0; kh < s->kernel[1]; kh++)
            for (int64_t kw = 0; kw < s->kernel[2]; kw++, x += n) {
                const uint8_t *at = under(s, image, corner, kd, kh, kw);
                *x = at ? at : a->padding;
            }
}

/* Output pixels [from, end) of the line of rows that starts at `row`. */
static void run_pointed(const depthwise_args *a, const pare_frame *frame, int64_t row, int64_t from,
                        int64_t end, const uint8_t **x)
{
    for (int64_t i = row + from; i < row + end; i += BATCH) {
        const int64_t n = row + end - i < BATCH ? row + end - i : BATCH;
        for (int64_t p = 0; p < n; p++) point(a, frame, i + p, n, x + p);
        const pare_integer_depthwise d = {
            .n_pixels = n, .n_taps = a->window.n_taps, .n_channels = a->n_channels, .x = x,
            .x_is_signed = a->x_is_signed, .w = a->w, .start = a->start, .finish = a->finish,
            .y = out_at(a, frame, i), .y_stride = a->y_row,
        };
        a->kernel->run(&d);
    }
}

/* Output pixels [a->first, a->end) of a line. */
static void run_inside(const depthwise_args *a, const pare_frame *frame, int64_t row,
                       const uint8_t **x)
{
    const pare_sliding *s = &a->window;
    int64_t *strides = (int64_t *)(void *)(x + s->n_taps * BATCH);
    int64_t corner[PARE_SLIDING_AXES];
    const uint8_t *image = corner_of(a, frame, row + a->first, corner);
    for (int64_t kh = 0; kh < s->kernel[1]; kh++) {
        const uint8_t *at = under(s, image, corner, 0, kh, 0);
        x[kh] = at ? at : a->padding;
        strides[kh] = at ? s->step[2] : 0;
    }
    const pare_integer_depthwise_row d = {
        .n_pixels = a->end - a->first, .n_channels = a->n_channels, .height = s->kernel[1],
        .width = s->kernel[2], .step = s->stride[2], .x = x, .x_stride = strides,
        .x_is_signed = a->x_is_signed, .w = a->w_row, .start = a->start, .finish = a->finish,
        .y = out_at(a, frame, row + a->first), .y_stride = a->y_row,
    };
    a->kernel->run_row(&d);
}

static void run_depthwise(const void *args, const pare_frame *frame, uint32_t task,
                          uint32_t worker)
{
    const depthwise_args *a = args;
    const uint8_t **x = (const uint8_t **)(void *)pare_frame_scratch(frame, worker);
    const int64_t width = a->window.out[2];
    const int64_t n_lines = a->n_rows / width;
    const int64_t first = task * a->lines_per_task;
    for (int64_t i = first; i < first + a->lines_per_task && i < n_lines; i++) {
        const int64_t row = i * width;
        if (a->end <= a->first) {
            run_pointed(a, frame, row, 0, width, x);
            continue;
        }
        run_pointed(a, frame, row, 0, a->first, x);
        run_inside(a, frame, row, x);
        run_pointed(a, frame, row, a->end, width, x);
    }
}

/* --- planning --------------------------------------------------------------------------------- */

/* The columns that the kernel for rows can take. */
static void find_inside(depthwise_args *a)
{
    const pare_sliding *s = &a->window;
    const bool fits = a->kernel->run_row && s->kernel[0] == 1 && s->dilation[2] == 1 &&
                      s->kernel[2] == 3 && (s->stride[2] == 1 || s->stride[2] == 2);
    if (!fits) return;
    const int64_t begin = s->begin[2] > 0 ? s->begin[2] : 0;
    a->first = (begin + s->stride[2] - 1) / s->stride[2];
    const int64_t last = s->in[2] - s->kernel[2] + s->begin[2];
    a->end = last < 0 ? 0 : last / s->stride[2] + 1;
    if (a->end > s->out[2]) a->end = s->out[2];
}

/* Weights [C, 1, taps], less their zero points, or ones, as w [taps, C]; whether all fit int8. */
static bool spread_weights(const pare_planner *p, const pare_integer_operands *o,
                           const depthwise_args *a, int16_t *w)
{
    bool is_narrow = true;
    if (o->w == PARE_NONE) {
        for (int64_t i = 0; i < a->window.n_taps * a->n_channels; i++) w[i] = 1;
        return true;
    }
    const uint8_t *from = pare_plan_constant(p, o->w)->payload.data;
    for (int64_t c = 0; c < a->n_channels; c++)
        for (int64_t t = 0; t < a->window.n_taps; t++, from++) {
            const int value = o->w_dtype == PARE_INT8 ? (int8_t)*from : *from;
            const int less = value - pare_integer_int_at(o->w_zero, c);
            is_narrow = is_narrow && less >= INT8_MIN && less <= INT8_MAX;
            w[t * a->n_channels + c] = (int16_t)less;
        }
    return is_narrow;
}

/* Room in the plan for packed weights, aligned. */
static void *packed_room(pare_planner *p, size_t n_bytes)
{
    uint8_t *room = pare_plan_args(p, n_bytes + 64);
    return room ? room + (64 - (uintptr_t)room % 64) % 64 : NULL;
}

static pare_status set_weights(pare_planner *p, const pare_integer_operands *o, depthwise_args *a)
{
    const int64_t n_taps = a->window.n_taps;
    const pare_integer_kernels *integers = p->plan->kernels->integers;
    int16_t *w = pare_alloc(p->ctx, (size_t)(n_taps * a->n_channels) * sizeof(*w) + 1);
    if (!w) return pare_fail_memory(p->ctx, (size_t)(n_taps * a->n_channels) * sizeof(*w));
    const bool is_narrow = spread_weights(p, o, a, w);
    a->kernel = is_narrow && !a->x_is_signed ? integers->depthwise : integers->depthwise_any;
    find_inside(a);
    void *any = packed_room(p, a->kernel->packed_bytes(n_taps, a->n_channels));
    void *row = NULL;
    if (any) a->kernel->pack(n_taps, a->n_channels, w, any);
    if (any && a->first < a->end) {
        row = packed_room(p, a->kernel->packed_row_bytes(n_taps, a->n_channels));
        if (row) a->kernel->pack_row(n_taps, a->n_channels, w, row);
    }
    a->w = any;
    a->w_row = row;
    int32_t *start = pare_plan_args(p, (size_t)a->n_channels * sizeof(*start) + 1);
    for (int64_t c = 0; start && c < a->n_channels; c++) {
        uint32_t sum = 0;
        for (int64_t t = 0; t < n_taps; t++) sum += (uint32_t)w[t * a->n_channels + c];
        start[c] = (int32_t)((uint32_t)pare_integer_int_at(o->bias, c) -
                             (uint32_t)o->x_zero * sum);
    }
    a->start = start;
    pare_free(p->ctx, w);
    return any && start && (row || a->first >= a->end) ? PARE_OK
                                                       : pare_arena_fail(p->ctx, &p->plan->arena);
}

static pare_status set_finish(pare_planner *p, const pare_integer_operands *o, depthwise_args *a)
{
    const size_t n = (size_t)a->n_channels;
    float *scale = pare_plan_args(p, n * sizeof(*scale) + 1);
    float *shift = pare_plan_args(p, n * sizeof(*shift) + 1);
    uint8_t *padding = pare_plan_args(p, n + 1);
    if (!scale || !shift || !padding) return pare_arena_fail(p->ctx, &p->plan->arena);
    pare_integer_scales(o, 0, a->n_channels, scale, shift);
    memset(padding, (uint8_t)o->x_zero, n);
    a->padding = padding;
    a->finish = o->finish;
    a->finish.scale = scale;
    a->finish.shift = pare_integer_has_shift(o) ? shift : NULL;
    a->finish.is_free = pare_integer_is_free(o, a->n_channels, scale, shift);
    return PARE_OK;
}

/* Filters of these windows over x. */
static pare_status lower(pare_planner *p, pare_lowering *l, const pare_integer_operands *o,
                         const pare_window_shape *shape, pare_laid *y, const char *name)
{
    depthwise_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    pare_sliding_init(&a->window, shape);
    a->x_is_signed = o->x_dtype == PARE_INT8;
    a->n_channels = y->dims[1];
    a->n_rows = y->dims[0] * a->window.n_out;
    PARE_TRY(set_weights(p, o, a));
    PARE_TRY(set_finish(p, o, a));
    PARE_TRY(pare_plan_need(p, o->x, PARE_FORM_CHANNELS_LAST, &a->x));
    pare_sliding_read(&a->window, &a->x);
    PARE_TRY(pare_plan_out_pixels(p, pare_lower_result(p, l), y));
    a->y = *y;
    a->y_row = pare_laid_pixel_stride(y);
    const int64_t line = a->window.out[2] * a->n_channels * a->window.n_taps;
    const int64_t n_lines = a->n_rows / a->window.out[2];
    a->lines_per_task = line < TASK_ELEMENTS ? (TASK_ELEMENTS + line - 1) / line : 1;
    const pare_step step = {
        .run = run_depthwise, .args = a, .kernel = name,
        .n_tasks = (uint32_t)((n_lines + a->lines_per_task - 1) / a->lines_per_task),
        .scratch_bytes = (size_t)(a->window.n_taps * BATCH + a->window.kernel[1]) *
                         sizeof(int64_t),
    };
    const pare_laid *touches[] = { &a->x, &a->y };
    return pare_plan_step(p, &step, touches, 2);
}

pare_status pare_lower_integer_depthwise(pare_planner *p, pare_lowering *l,
                                         const pare_integer_operands *o, const pare_laid *x,
                                         const pare_laid *w, pare_laid *y)
{
    const pare_conv_params *params = l->params;
    pare_window_shape shape;
    pare_window_shape_of(&shape, &params->window, x->rank - 2, x->dims + 2, w->dims + 2,
                         y->dims + 2);
    return lower(p, l, o, &shape, y, "depthwise s32");
}

/* From codes to codes: a filter of one tap, which is 1. */
pare_status pare_lower_integer_batch_norm(pare_planner *p, pare_lowering *l, bool *done)
{
    pare_window_shape shape = { 0 };
    pare_integer_operands o;
    pare_laid y;
    bool found = false;
    if (!pare_plan_shape(p, pare_lower_out(l, 0), &y) || y.rank < 3 ||
        y.rank > 2 + PARE_SLIDING_AXES || !pare_laid_n_elements(&y))
        return PARE_OK;
    PARE_TRY(pare_integer_read_batch_norm(p, l, y.dims[1], &o, &found));
    if (!found || !pare_plan_shape(p, pare_lower_result(p, l), &y)) return PARE_OK;
    *done = true;
    shape.n_axes = (int32_t)y.rank - 2;
    for (int32_t i = 0; i < shape.n_axes; i++) {
        shape.in[i] = shape.out[i] = y.dims[2 + i];
        shape.kernel[i] = shape.stride[i] = shape.dilation[i] = 1;
    }
    return lower(p, l, &o, &shape, &y, "batch norm s32");
}
