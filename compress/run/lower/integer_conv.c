#include "run/lower/integer.h"
#include "run/lower/lower.h"
#include "run/lower/sliding.h"

#include "op/conv.h"

#include <string.h>

/* Convolution of 8-bit numbers over one to three spatial axes, channels last, as conv.c does it:
 * what lies in the padding is the zero point. */

enum { FEW_CHANNELS = 8, QUAD = 4, MOST_OFFSETS = 1 << 18 };

typedef struct conv_args {
    pare_integer_product product;
    pare_sliding window;      /* steps in bytes */
    uint8_t *padding;         /* [depth] zero points of x */
    const int32_t *offsets;   /* where rows are, those of a tile [n_taps, its rows], from x on;
                                 negative: padding. NULL: found when running */
    int64_t pixel;            /* 0, or row i starts at pixel i, this far from that before */
} conv_args;

/* Offsets of what is under a window, from the first image on, into every n-th entry. */
static void find_offsets(const pare_sliding *s, int64_t row, int64_t n, int32_t *to)
{
    int64_t corner[PARE_SLIDING_AXES];
    int64_t position = row % s->n_out;
    for (int i = PARE_SLIDING_AXES; i-- > 0; position /= s->out[i])
        corner[i] = position % s->out[i] * s->stride[i] - s->begin[i];
    const int64_t image = row / s->n_out * s->batch_step;
    for (int64_t kd = 0; kd < s->kernel[0]; kd++)
        for (int64_t kh = 0; kh < s->kernel[1]; kh++)
            for (int64_t kw = 0; kw < s->kernel[2]; kw++, to += n) {
                const int64_t d = corner[0] + kd * s->dilation[0];
                const int64_t h = corner[1] + kh * s->dilation[1];
                const int64_t w = corner[2] + kw * s->dilation[2];
                const bool is_inside = d >= 0 && d < s->in[0] && h >= 0 && h < s->in[1] &&
                                       w >= 0 && w < s->in[2];
                *to = is_inside ? (int32_t)(image + d * s->step[0] + h * s->step[1] +
                                            w * s->step[2])
                                : -1;
            }
}

/* Where the windows of a group look: its first channel. */
static const uint8_t *group_base(const conv_args *a, const pare_frame *frame, int64_t group)
{
    return (const uint8_t *)pare_laid_address(frame, &a->product.x) +
           group * a->product.depth * a->window.channel_step;
}

static void point_rows(const pare_integer_product *product, const pare_frame *frame, int64_t outer,
                       int64_t first, int n, const uint8_t **x, uint8_t *room)
{
    const conv_args *a = (const conv_args *)product;
    const int64_t n_taps = a->window.n_taps;
    const uint8_t *base = group_base(a, frame, outer);
    if (a->pixel) {
        for (int r = 0; r < n; r++) x[r] = base + (first + r) * a->pixel;
        return;
    }
    const int32_t *offsets = a->offsets ? a->offsets + first * n_taps : (int32_t *)(void *)room;
    for (int r = 0; r < n && !a->offsets; r++)
        find_offsets(&a->window, first + r, n, (int32_t *)(void *)room + r);
    for (int64_t i = 0; i < n * n_taps; i++)
        x[i] = offsets[i] < 0 ? a->padding : base + offsets[i];
}

/* Rows of one tap, gathered byte by byte. */
static void gather_rows(const pare_integer_product *product, const pare_frame *frame, int64_t outer,
                        int64_t first, int n, const uint8_t **x, uint8_t *room)
{
    const conv_args *a = (const conv_args *)product;
    const pare_sliding *s = &a->window;
    const int64_t channels = product->depth / s->n_taps;
    const uint8_t *base = (const uint8_t *)pare_laid_address(frame, &product->x) +
                          outer * channels * s->channel_step;
    int32_t *offsets = (int32_t *)(void *)room;
    uint8_t *to = room + s->n_taps * (int64_t)sizeof(*offsets);
    for (int r = 0; r < n; r++) {
        find_offsets(s, first + r, 1, offsets);
        x[r] = to;
        for (int64_t t = 0; t < s->n_taps; t++)
            for (int64_t c = 0; c < channels; c++)
                *to++ = offsets[t] < 0 ? a->padding[0] : base[offsets[t] + c * s->channel_step];
    }
}

/* --- padded images ---------------------------------------------------------------------------- */

typedef struct clear_args {
    pare_laid image;
    uint8_t zero;
} clear_args;

static void clear(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)task;
    (void)worker;
    const clear_args *a = args;
    memset(pare_laid_address(frame, &a->image), a->zero, (size_t)pare_laid_span(&a->image));
}

/* Channels last, `pixel` bytes for each of them. */
static void arrange_pixels(pare_laid *laid, int64_t pixel)
{
    int64_t step = pixel;
    for (uint32_t i = laid->rank; i-- > 2;) {
        laid->strides[i] = step;
        step *= laid->dims[i];
    }
    laid->strides[0] = step;
    laid->strides[1] = 1;
}

/* Puts the image into one that has the padding around it, `pixel` bytes for each position. */
static pare_status pad_image(pare_planner *p, const pare_laid *from, int64_t pixel, conv_args *a)
{
    pare_sliding *s = &a->window;
    clear_args *args = pare_plan_args(p, sizeof(*args));
    if (!args) return pare_arena_fail(p->ctx, &p->plan->arena);
    const uint32_t first = PARE_SLIDING_AXES + 2 - from->rank; /* of the axes that x has */
    pare_laid *image = &args->image;
    args->zero = a->padding[0];
    *image = *from;
    image->offset = 0;
    for (uint32_t i = first; i < PARE_SLIDING_AXES; i++)
        image->dims[2 + i - first] = pare_sliding_padded(s, (int)i);
    arrange_pixels(image, pixel);
    PARE_TRY(pare_plan_temporary(p, image));
    pare_laid inside = *image;
    for (uint32_t i = first; i < PARE_SLIDING_AXES; i++) {
        const uint32_t axis = 2 + i - first;
        inside.dims[axis] = from->dims[axis];
        inside.offset += s->begin[i] * inside.strides[axis];
        s->in[i] = image->dims[axis];
        s->begin[i] = 0;
    }
    const pare_step step = { .run = clear, .args = args, .n_tasks = 1, .kernel = "clear" };
    const pare_laid *touches[] = { image };
    PARE_TRY(pare_plan_step(p, &step, touches, 1));
    a->product.x = *image;
    return pare_plan_copy(p, from, &inside);
}

/* Whether lines of windows over an image with its padding are single taps. */
static bool can_join_lines(const conv_args *a)
{
    const pare_sliding *s = &a->window;
    if (a->product.n_outer != 1 || s->n_taps == 0) return false;
    if (s->kernel[2] > 1 && s->dilation[2] != 1) return false;
    double n_bytes = (double)a->product.n_rows / (double)s->n_out * QUAD * 2;
    for (int i = 0; i < PARE_SLIDING_AXES; i++) n_bytes *= (double)pare_sliding_padded(s, i);
    return s->begin[0] >= 0 && s->begin[1] >= 0 && s->begin[2] >= 0 && n_bytes < INT32_MAX;
}

/* --- planning --------------------------------------------------------------------------------- */

/* How rows are found. */
typedef enum row_way {
    WAY_POINTS,
    WAY_LINES,                /* a line of the window is one tap, over a padded image */
    WAY_GATHER,
} row_way;

/* Pairs that saturate are those of all that is under a window, in its order: where taps are odd,
 * they have to stand side by side. */
static row_way choose_way(const conv_args *a, const pare_integer_operands *o, int64_t *pixel)
{
    const pare_integer_product *product = &a->product;
    const bool is_split = product->sums == PARE_SUMS_SATURATING && a->window.n_taps > 1;
    *pixel = product->depth;
    if (product->depth >= FEW_CHANNELS) return is_split && product->depth % 2 ? WAY_GATHER
                                                                              : WAY_POINTS;
    if (product->n_taps == 1 && pare_sliding_is_pointwise(&a->window)) return WAY_POINTS;
    if (!can_join_lines(a)) return WAY_GATHER;
    if (product->depth == QUAD - 1 && !product->sums && !o->w_zero && o->w_dtype == PARE_INT8 &&
        o->x_dtype == PARE_UINT8)
        *pixel = QUAD; /* the fourth byte is multiplied by zeros */
    const bool is_odd = product->depth * a->window.kernel[2] % 2;
    return is_split && is_odd ? WAY_GATHER : WAY_LINES;
}

static pare_status set_padding(pare_planner *p, const pare_integer_operands *o, conv_args *a)
{
    const size_t n = (size_t)(a->product.depth * a->window.n_taps) + QUAD;
    a->padding = pare_plan_args(p, n);
    if (!a->padding) return pare_arena_fail(p->ctx, &p->plan->arena);
    memset(a->padding, (uint8_t)o->x_zero, n);
    return PARE_OK;
}

/* Where rows are, found before running, unless they are very many. */
static pare_status set_offsets(pare_planner *p, conv_args *a)
{
    const pare_integer_product *product = &a->product;
    const int64_t n_taps = a->window.n_taps;
    if (product->n_rows * n_taps > MOST_OFFSETS) {
        a->product.room_bytes = (size_t)n_taps * PARE_TILE_MAX_ROWS * sizeof(int32_t);
        return PARE_OK;
    }
    const int rows = pare_integer_kernel_of(p->plan->kernels, product)->rows;
    const int64_t n_tiles = (product->n_rows + rows - 1) / rows;
    int32_t *offsets = pare_plan_args(p, (size_t)(product->n_rows * n_taps) * sizeof(*offsets) + 1);
    if (!offsets) return pare_arena_fail(p->ctx, &p->plan->arena);
    for (int64_t i = 0; i < n_tiles; i++) {
        const int64_t first = product->n_rows * i / n_tiles;
        const int64_t n = product->n_rows * (i + 1) / n_tiles - first;
        for (int64_t r = 0; r < n; r++)
            find_offsets(&a->window, first + r, n, offsets + first * n_taps + r);
    }
    a->offsets = offsets;
    return PARE_OK;
}

/* Finds the input and how rows of it are found. `channels` of a tap are weights. */
static pare_status set_rows(pare_planner *p, const pare_integer_operands *o, conv_args *a,
                            row_way way, int64_t pixel)
{
    pare_integer_product *product = &a->product;
    pare_sliding *s = &a->window;
    product->rows = way == WAY_GATHER ? gather_rows : point_rows;
    if (way == WAY_LINES) {
        pare_laid x;
        PARE_TRY(pare_plan_need(p, o->x, PARE_FORM_ANY, &x));
        PARE_TRY(pad_image(p, &x, pixel, a));
        product->depth = pixel * s->kernel[2];
        product->n_taps = s->n_taps = s->kernel[0] * s->kernel[1];
        s->kernel[2] = 1;
    } else {
        PARE_TRY(pare_plan_need(p, o->x, way == WAY_GATHER ? PARE_FORM_ANY
                                                           : PARE_FORM_CHANNELS_LAST,
                                &product->x));
    }
    pare_sliding_read(s, &product->x);
    if (way == WAY_GATHER) {
        product->depth *= product->n_taps;
        product->n_taps = 1;
        product->room_bytes = (size_t)s->n_taps * sizeof(int32_t) +
                              (size_t)product->depth * PARE_TILE_MAX_ROWS;
        return PARE_OK;
    }
    if (product->n_taps == 1 && pare_sliding_is_pointwise(s)) {
        a->pixel = pare_laid_pixel_stride(&product->x);
        return PARE_OK;
    }
    return set_offsets(p, a);
}

/* Weights [M, channels, taps] for the ways of set_rows. */
static pare_status set_weights(pare_planner *p, const pare_integer_operands *o, conv_args *a,
                               int64_t channels, int64_t n_taps, int64_t pixel)
{
    pare_integer_product *product = &a->product;
    const int64_t n = product->n_cols * channels * n_taps;
    const int64_t line = product->depth / pixel; /* of a window, in a tap */
    pare_integer_weights at = { .outer = n, .column = channels * n_taps, .tap = line,
                                .position = 1, .channel = n_taps, .pixel = pixel,
                                .channels = channels };
    return pare_integer_pack(p, o, &at, product);
}

static pare_status lower(pare_planner *p, pare_lowering *l, const pare_integer_operands *o,
                         const pare_laid *x, const pare_laid *w, pare_laid *y)
{
    const pare_conv_params *params = l->params;
    pare_window_shape shape;
    conv_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    pare_window_shape_of(&shape, &params->window, x->rank - 2, x->dims + 2, w->dims + 2,
                         y->dims + 2);
    pare_sliding_init(&a->window, &shape);
    pare_integer_product *product = &a->product;
    const int64_t n_taps = a->window.n_taps;
    const int64_t channels = w->dims[1];
    *product = (pare_integer_product){
        .n_outer = params->group, .n_weights = params->group, .n_vectors = params->group,
        .n_rows = y->dims[0] * a->window.n_out, .n_cols = w->dims[0] / params->group,
        .n_taps = n_taps, .depth = channels, .n_products = n_taps * channels,
    };
    pare_integer_set_sums(p, o, product);
    int64_t pixel = channels;
    PARE_TRY(set_padding(p, o, a));
    const row_way way = choose_way(a, o, &pixel);
    PARE_TRY(set_rows(p, o, a, way, pixel));
    PARE_TRY(set_weights(p, o, a, channels, n_taps, pixel));
    PARE_TRY(pare_integer_set_vectors(p, o, product));
    pare_laid_arrange(y, PARE_FORM_CHANNELS_LAST);
    PARE_TRY(pare_plan_out_pixels(p, pare_lower_result(p, l), y));
    product->y = *y;
    product->y_row = pare_laid_pixel_stride(y);
    product->y_outer = product->n_cols;
    return pare_integer_step(p, product, way == WAY_GATHER  ? "conv s32 gathered"
                                         : way == WAY_LINES ? "conv s32 by lines"
                                                            : "conv s32");
}

/* Sizes that this lowering takes: of an image, one to three spatial axes, constant filters. */
static bool fits(const pare_planner *p, const pare_lowering *l, const pare_integer_operands *o,
                 uint32_t x_place, uint32_t w_place, pare_laid *x, pare_laid *w, pare_laid *y)
{
    return !o->is_dynamic && o->w < p->model->n_values && pare_plan_constant_shape(p, o->w) &&
           pare_plan_constant_shape(p, o->w)->encoding == PARE_ENC_DENSE &&
           pare_plan_shape(p, pare_lower_in(l, x_place), x) &&
           pare_plan_shape(p, pare_lower_in(l, w_place), w) &&
           pare_plan_shape(p, pare_lower_result(p, l), y) && x->rank >= 3 &&
           x->rank <= 2 + PARE_SLIDING_AXES && pare_laid_n_elements(x) < INT32_MAX / 4 &&
           pare_laid_n_elements(y) > 0 && pare_laid_n_elements(w) > 0;
}

static pare_status lower_any(pare_planner *p, pare_lowering *l, const pare_integer_operands *o,
                             uint32_t x_place, uint32_t w_place, bool *done)
{
    const pare_conv_params *params = l->params;
    pare_laid x, w, y;
    if (!fits(p, l, o, x_place, w_place, &x, &w, &y) || !pare_integer_fits(o, w.dims[0]))
        return PARE_OK;
    *done = true;
    if (w.dims[1] == 1 && w.dims[0] == params->group && params->group > 1)
        return pare_lower_integer_depthwise(p, l, o, &x, &w, &y);
    return lower(p, l, o, &x, &w, &y);
}

pare_status pare_lower_integer_conv(pare_planner *p, pare_lowering *l, bool *done)
{
    pare_integer_operands o;
    bool found = false;
    PARE_TRY(pare_integer_read_group(p, l, 0, &o, &found));
    return found ? lower_any(p, l, &o, 0, 1, done) : PARE_OK;
}

pare_status pare_lower_qlinear_conv(pare_planner *p, pare_lowering *l, bool *done)
{
    static const pare_integer_places places = { .x = 0, .x_scale = 1, .x_zero = 2, .w = 3,
                                                .w_scale = 4, .w_zero = 5, .y_scale = 6,
                                                .y_zero = 7, .bias = 8 };
    pare_integer_operands o;
    bool found = false;
    PARE_TRY(pare_integer_read_node(p, l, &places, &o, &found));
    return found ? lower_any(p, l, &o, 0, 3, done) : PARE_OK;
}

pare_status pare_lower_conv_integer(pare_planner *p, pare_lowering *l, bool *done)
{
    static const pare_integer_places places = {
        .x = 0, .w = 1, .x_zero = 2, .w_zero = 3, .x_scale = PARE_NONE, .w_scale = PARE_NONE,
        .y_scale = PARE_NONE, .y_zero = PARE_NONE, .bias = PARE_NONE };
    pare_integer_operands o;
    bool found = false;
    PARE_TRY(pare_integer_read_node(p, l, &places, &o, &found));
    return found ? lower_any(p, l, &o, 0, 1, done) : PARE_OK;
}
