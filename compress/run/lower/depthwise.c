#include "run/lower/lower.h"
#include "run/lower/product.h"
#include "run/lower/sliding.h"

#include "op/conv.h"

#include <string.h>

/* Convolution with one filter per channel, channels last. Lines of output pixels with usual
 * windows run by a kernel that keeps what neighbours share; the others by pointers. The
 * epilogue is the product's: one row per pixel, one column per channel. */

enum { TASK_ELEMENTS = 1 << 17 /* products */ };

typedef struct depthwise_args {
    pare_product product;     /* x, y, epilogue; no panels */
    pare_sliding window;
    const float *w;           /* [n_taps, channels], rows w_stride apart */
    int64_t w_stride;
    const float *zeros;       /* [channels] */
    bool shares;              /* lines are done at once */
    int64_t lines_per_task;
} depthwise_args;

static pare_finish finish_of(const depthwise_args *a, const pare_frame *frame, int64_t row)
{
    const pare_product *product = &a->product;
    pare_finish f = product->epilogue.finish;
    if (product->epilogue.has_add)
        f.add = (const float *)pare_laid_address(frame, &product->epilogue.add) +
                row * product->y_row;
    f.add_stride = product->y_row;
    return f;
}

/* The line of output pixels that starts at `row`, one after the other. */
static void run_pointed(const depthwise_args *a, const pare_frame *frame, int64_t row,
                        const float **x)
{
    const pare_product *product = &a->product;
    const float *base = pare_laid_address(frame, &product->x);
    float *y = pare_laid_address(frame, &product->y);
    for (int64_t i = row; i < row + a->window.out[2]; i++) {
        const pare_corner c = pare_sliding_corner(&a->window, base, i);
        pare_sliding_point(&a->window, &c, a->zeros, 1, x);
        const pare_depthwise d = {
            .n_pixels = 1, .n_taps = product->n_taps, .n_channels = product->n_cols, .x = x,
            .w = a->w, .w_stride = a->w_stride, .bias = product->epilogue.bias,
            .finish = finish_of(a, frame, i), .y = y + i * product->y_row,
            .y_stride = product->y_row,
        };
        frame->kernels->depthwise(&d);
    }
}

/* A line of output pixels, windows sharing what they cover. */
static void run_line(const depthwise_args *a, const pare_frame *frame, int64_t row,
                     const float **x, int64_t *strides)
{
    const pare_product *product = &a->product;
    const pare_sliding *s = &a->window;
    const float *base = pare_laid_address(frame, &product->x);
    pare_corner c = pare_sliding_corner(s, base, row);
    c.at[2] = 0;
    for (int64_t kh = 0; kh < s->kernel[1]; kh++) {
        const float *at = pare_sliding_under(s, &c, 0, kh, 0);
        x[kh] = at ? at : a->zeros;
        strides[kh] = at ? s->step[2] : 0;
    }
    const pare_depthwise_row d = {
        .n_pixels = s->out[2], .n_channels = product->n_cols, .height = s->kernel[1],
        .width = s->kernel[2], .step = s->stride[2], .first = -s->begin[2], .n_in = s->in[2],
        .x = x, .x_stride = strides, .w = a->w, .w_stride = a->w_stride,
        .bias = product->epilogue.bias, .finish = finish_of(a, frame, row),
        .y = (float *)pare_laid_address(frame, &product->y) + row * product->y_row,
        .y_stride = product->y_row,
    };
    frame->kernels->depthwise_row(&d);
}

static void run_depthwise(const void *args, const pare_frame *frame, uint32_t task,
                          uint32_t worker)
{
    const depthwise_args *a = args;
    const float **x = (const float **)(void *)pare_frame_scratch(frame, worker);
    int64_t *strides = (int64_t *)(void *)(x + a->product.n_taps);
    const int64_t width = a->window.out[2];
    const int64_t n_lines = a->product.n_rows / width;
    const int64_t first = task * a->lines_per_task;
    for (int64_t i = first; i < first + a->lines_per_task && i < n_lines; i++)
        if (a->shares) run_line(a, frame, i * width, x, strides);
        else run_pointed(a, frame, i * width, x);
}

/* --- planning --------------------------------------------------------------------------------- */

/* Whether the kernel for lines takes the windows. */
static bool can_share(const pare_sliding *s)
{
    return s->kernel[0] == 1 && s->dilation[2] == 1 &&
           (s->kernel[2] == 3 || s->kernel[2] == 5 || s->kernel[2] == 7) &&
           (s->stride[2] == 1 || s->stride[2] == 2);
}

enum { CHANNELS, TAPS }; /* params of "depthwise" */

static void fill_filters(const pare_kernels *kernels, const int64_t *params, const void *w,
                         float *to)
{
    (void)kernels;
    for (int64_t t = 0; t < params[TAPS]; t++)
        for (int64_t c = 0; c < params[CHANNELS]; c++)
            *to++ = pare_float_at(w, c * params[TAPS] + t);
}

/* Filters [C, 1, taps] as [taps, C]. */
static pare_status pack_filters(pare_planner *p, pare_value_id value, depthwise_args *a)
{
    const int64_t n = a->product.n_cols;
    pare_pack_key key = { .form = "depthwise", .fill = fill_filters,
                          .params = { [CHANNELS] = n, [TAPS] = a->product.n_taps } };
    void *out = NULL;
    bool is_new = false;
    PARE_TRY(pare_plan_pack(p, value, &key, (size_t)(n * a->product.n_taps) * sizeof(float), &out,
                            &is_new));
    a->w = out;
    a->w_stride = n;
    return PARE_OK;
}

pare_status pare_lower_depthwise(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_conv_params *params = l->params;
    pare_laid x, w, y;
    pare_window_shape shape;
    pare_plan_shape(p, pare_lower_in(l, 0), &x);
    pare_plan_shape(p, pare_lower_in(l, 1), &w);
    pare_plan_shape(p, pare_lower_out(l, 0), &y);
    depthwise_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    *done = true;
    pare_window_shape_of(&shape, &params->window, x.rank - 2, x.dims + 2, w.dims + 2, y.dims + 2);
    pare_sliding_init(&a->window, &shape);
    pare_product *product = &a->product;
    *product = (pare_product){ .n_outer = 1, .n_vectors = 1, .n_cols = y.dims[1],
                               .n_rows = y.dims[0] * a->window.n_out, .depth = 1,
                               .n_taps = a->window.n_taps, .epilogue = PARE_EPILOGUE_NONE };
    a->shares = can_share(&a->window);
    PARE_TRY(pack_filters(p, pare_lower_in(l, 1), a));
    PARE_TRY(pare_product_bias(p, product, pare_lower_in(l, 2)));
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0), PARE_FORM_CHANNELS_LAST, &product->x));
    pare_sliding_read(&a->window, &product->x);
    a->zeros = pare_plan_args(p, (size_t)product->n_cols * sizeof(float) + 1);
    if (!a->zeros) return pare_arena_fail(p->ctx, &p->plan->arena);
    pare_laid_arrange(&y, PARE_FORM_CHANNELS_LAST);
    PARE_TRY(pare_product_tail(p, l, product, &y));
    PARE_TRY(pare_product_out(p, l, product, &y));
    product->y = y;
    product->y_row = pare_laid_pixel_stride(&y);
    if (product->n_rows == 0 || product->n_cols == 0) return PARE_OK;
    const int64_t line = a->window.out[2] * product->n_cols * product->n_taps;
    const int64_t n_lines = product->n_rows / a->window.out[2];
    a->lines_per_task = line < TASK_ELEMENTS ? (TASK_ELEMENTS + line - 1) / line : 1;
    const pare_step step = {
        .run = run_depthwise, .args = a, .kernel = "depthwise f32",
        .n_tasks = (uint32_t)((n_lines + a->lines_per_task - 1) / a->lines_per_task),
        .scratch_bytes = (size_t)(product->n_taps + a->window.kernel[1]) * sizeof(int64_t),
    };
    const pare_laid *touches[] = { &product->x, &product->y,
                                   product->epilogue.has_add ? &product->epilogue.add : NULL };
    return pare_plan_step(p, &step, touches, 3);
}
