#include "run/lower/lower.h"
#include "run/lower/product.h"
#include "run/lower/sliding.h"

#include "op/conv.h"

#include <string.h>

/* Convolution over one to three spatial axes, channels last: rows are what is under the window at
 * an output position. Few channels are copied with their padding around them, so that a line of the
 * window is one tap; where that cannot be, the window is gathered. */

enum { FEW_CHANNELS = 8, MOST_OFFSETS = 1 << 17 };

typedef struct conv_args {
    pare_product product;
    pare_sliding window;
    const float *zeros;       /* [depth]: what lies in the padding */
    int64_t *taps;            /* [n_taps]: elements from a window's corner to each tap */
} conv_args;

/* Where the windows of a group look: its first channel. */
static const float *group_base(const conv_args *a, const pare_frame *frame, int64_t group)
{
    return (const float *)pare_laid_address(frame, &a->product.x) +
           group * a->product.depth * a->window.channel_step;
}

/* How many windows from this one on, at most n, follow each other in a line without padding. */
static int64_t rows_alike(const pare_sliding *s, const pare_corner *c, int64_t n)
{
    const int64_t reach = c->at[2] + (s->kernel[2] - 1) * s->dilation[2];
    const int64_t step = s->stride[2];
    if (n > 1 && reach + (n - 1) * step >= s->in[2]) n = (s->in[2] - 1 - reach) / step + 1;
    const int64_t line_end = s->out[2] * step - s->begin[2];
    if (n > 1 && c->at[2] + (n - 1) * step >= line_end) n = (line_end - 1 - c->at[2]) / step + 1;
    return n;
}

/* Pointers of m rows that are alike, of n of the tile. */
static void point_line(const conv_args *a, const pare_corner *c, int64_t m, int64_t n,
                       const float **x)
{
    const pare_sliding *s = &a->window;
    const float *at = pare_sliding_under(s, c, 0, 0, 0);
    const int64_t step = s->stride[2] * s->step[2];
    for (int64_t t = 0; t < s->n_taps; t++, x += n)
        for (int64_t r = 0; r < m; r++) x[r] = at + a->taps[t] + r * step;
}

static void point_rows(const pare_product *product, const pare_frame *frame, int64_t outer,
                       int64_t first, int n, const float **x, float *room)
{
    (void)room;
    const conv_args *a = (const conv_args *)product;
    const pare_sliding *s = &a->window;
    const float *base = group_base(a, frame, outer);
    pare_corner c = pare_sliding_corner(s, base, first);
    for (int r = 0; r < n;) {
        int64_t n_alike = 1;
        if (pare_sliding_is_inside(s, &c)) {
            n_alike = rows_alike(s, &c, n - r);
            point_line(a, &c, n_alike, n, x + r);
            c.at[2] += (n_alike - 1) * s->stride[2];
        } else {
            pare_sliding_point(s, &c, a->zeros, n, x + r);
        }
        r += (int)n_alike;
        if (r < n && !pare_sliding_next(s, &c)) c.x += s->batch_step;
    }
}

/* Channels of one tap. */
static float *gather_tap(const conv_args *a, const float *at, float *to)
{
    for (int64_t i = 0; i < a->product.depth; i++)
        *to++ = at ? at[i * a->window.channel_step] : 0;
    return to;
}

static void gather_rows(const pare_product *product, const pare_frame *frame, int64_t outer,
                        int64_t first, int n, const float **x, float *room)
{
    const conv_args *a = (const conv_args *)product;
    const pare_sliding *s = &a->window;
    const float *base = group_base(a, frame, outer);
    for (int r = 0; r < n; r++) {
        const pare_corner c = pare_sliding_corner(s, base, first + r);
        x[r] = room;
        for (int64_t kd = 0; kd < s->kernel[0]; kd++)
            for (int64_t kh = 0; kh < s->kernel[1]; kh++)
                for (int64_t kw = 0; kw < s->kernel[2]; kw++)
                    room = gather_tap(a, pare_sliding_under(s, &c, kd, kh, kw), room);
    }
}

static void clear(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)task;
    (void)worker;
    const pare_laid *image = args;
    memset(pare_laid_address(frame, image), 0,
           (size_t)pare_laid_span(image) * pare_laid_width(image));
}

/* --- planning --------------------------------------------------------------------------------- */

enum { PANEL, GROUPS, FILTERS, TAPS, DEPTH }; /* params of "filters"; FILTERS: of a group */

static void fill_filters(const pare_kernels *kernels, const int64_t *params, const void *w,
                         float *to)
{
    const int64_t n = params[FILTERS];
    const int64_t panel = params[PANEL];
    const int64_t k = params[TAPS] * params[DEPTH];
    if (k == 0) return;
    for (int64_t g = 0; g < params[GROUPS]; g++)
        for (int64_t first = 0; first < n; first += panel, to += k * panel) {
            const int valid = (int)(n - first < panel ? n - first : panel);
            kernels->gemm.pack(valid, k, params[TAPS],
                               pare_float_address(w, (g * n + first) * k), k, (int)panel, to);
        }
}

/* Filters [M, channels, taps] as panels for each group. */
static pare_status pack_filters(pare_planner *p, pare_value_id value, conv_args *a)
{
    pare_product *product = &a->product;
    const int64_t n = product->n_cols;
    const int64_t k = product->n_taps * product->depth;
    const int panel = p->plan->kernels->gemm.panel;
    const int64_t n_panels = pare_product_panels(p, n);
    pare_pack_key key = { .form = "filters", .fill = fill_filters,
                          .params = { [PANEL] = panel, [GROUPS] = product->n_vectors,
                                      [FILTERS] = n, [TAPS] = product->n_taps,
                                      [DEPTH] = product->depth } };
    const size_t n_bytes = (size_t)(product->n_vectors * n_panels * k * panel) * sizeof(float);
    void *out = NULL;
    bool is_new = false;
    PARE_TRY(pare_plan_pack(p, value, &key, n_bytes, &out, &is_new));
    product->w = out;
    return PARE_OK;
}

/* What this lowering takes: float, one to three spatial axes, constant filters and bias. */
static bool fits(const pare_planner *p, const pare_lowering *l, pare_laid *x, pare_laid *w,
                 pare_laid *y)
{
    const pare_value_id bias = pare_lower_in(l, 2);
    if (!pare_plan_has(p, pare_lower_in(l, 0))) return false;
    if (!pare_plan_shape(p, pare_lower_in(l, 0), x) ||
        !pare_plan_shape(p, pare_lower_in(l, 1), w) || !pare_plan_shape(p, pare_lower_out(l, 0), y))
        return false;
    if (x->dtype != PARE_FLOAT || w->dtype != PARE_FLOAT || x->rank < 3 ||
        x->rank > 2 + PARE_SLIDING_AXES)
        return false;
    return pare_plan_constant_shape(p, pare_lower_in(l, 1)) &&
           (bias == PARE_NONE || pare_plan_is_vector(p, bias, w->dims[0]));
}

/* y in its layout and the step. */
static pare_status give_output(pare_planner *p, pare_lowering *l, pare_product *product,
                               pare_laid *y, const char *kernel)
{
    pare_laid_arrange(y, PARE_FORM_CHANNELS_LAST);
    PARE_TRY(pare_product_tail(p, l, product, y));
    PARE_TRY(pare_product_out(p, l, product, y));
    product->y = *y;
    product->y_row = pare_laid_pixel_stride(y);
    product->y_outer = product->n_cols;
    return pare_product_step(p, product, NULL, kernel);
}

/* Whether lines of windows over an image with its padding are single taps. */
static bool can_join_lines(const conv_args *a)
{
    const pare_sliding *s = &a->window;
    if (a->product.n_outer != 1 || s->n_taps == 0) return false;
    if (s->kernel[2] > 1 && s->dilation[2] != 1) return false;
    return s->begin[0] >= 0 && s->begin[1] >= 0 && s->begin[2] >= 0;
}

static bool is_padded(const pare_sliding *s)
{
    for (int i = 0; i < PARE_SLIDING_AXES; i++)
        if (pare_sliding_padded(s, i) != s->in[i]) return true;
    return false;
}

/* Puts the image into one that has the padding around it. */
static pare_status pad_image(pare_planner *p, const pare_laid *from, conv_args *a)
{
    pare_sliding *s = &a->window;
    pare_laid *image = pare_plan_args(p, sizeof(*image));
    if (!image) return pare_arena_fail(p->ctx, &p->plan->arena);
    const bool has_padding = is_padded(s);
    const uint32_t first = PARE_SLIDING_AXES + 2 - from->rank; /* of the axes that x has */
    *image = *from;
    image->offset = 0;
    for (uint32_t i = first; i < PARE_SLIDING_AXES; i++)
        image->dims[2 + i - first] = pare_sliding_padded(s, (int)i);
    pare_laid_arrange(image, PARE_FORM_CHANNELS_LAST);
    PARE_TRY(pare_plan_temporary(p, image));
    pare_laid inside = *image;
    for (uint32_t i = first; i < PARE_SLIDING_AXES; i++) {
        const uint32_t axis = 2 + i - first;
        inside.dims[axis] = from->dims[axis];
        inside.offset += s->begin[i] * inside.strides[axis];
        s->in[i] = image->dims[axis];
        s->begin[i] = 0;
    }
    const pare_step step = { .run = clear, .args = image, .n_tasks = 1, .kernel = "clear" };
    const pare_laid *touches[] = { image };
    if (has_padding) PARE_TRY(pare_plan_step(p, &step, touches, 1));
    a->product.x = *image;
    return pare_plan_copy(p, from, &inside);
}

/* A line of the window becomes one tap: pixels lie side by side, in the order of the filters. */
static pare_status join_lines(pare_planner *p, pare_value_id value, conv_args *a)
{
    pare_sliding *s = &a->window;
    pare_product *product = &a->product;
    pare_laid x;
    PARE_TRY(pare_plan_need(p, value, PARE_FORM_ANY, &x));
    const bool is_ready = !is_padded(s) && pare_laid_has_form(&x, PARE_FORM_CHANNELS_LAST) &&
                          pare_laid_pixel_stride(&x) == x.dims[1];
    if (is_ready) product->x = x;
    else PARE_TRY(pad_image(p, &x, a));
    product->depth *= s->kernel[2];
    product->n_taps = s->n_taps = s->kernel[0] * s->kernel[1];
    s->kernel[2] = 1;
    return PARE_OK;
}

static void point_taps(conv_args *a)
{
    const pare_sliding *s = &a->window;
    int64_t *tap = a->taps;
    for (int64_t kd = 0; kd < s->kernel[0]; kd++)
        for (int64_t kh = 0; kh < s->kernel[1]; kh++)
            for (int64_t kw = 0; kw < s->kernel[2]; kw++)
                *tap++ = kd * s->dilation[0] * s->step[0] + kh * s->dilation[1] * s->step[1] +
                         kw * s->dilation[2] * s->step[2];
}

/* Where rows are, of all layers with the same windows over inputs that lie alike. */
typedef struct pare_offsets {
    const struct pare_offsets *next;
    pare_sliding window;
    int64_t n_rows;
    int32_t *at;
} pare_offsets;

/* Of the window at a corner of an image, into every n-th entry. */
static void fill_row(const pare_sliding *s, int64_t image, const int64_t *corner, int64_t n,
                     int32_t *to)
{
    for (int64_t kd = 0; kd < s->kernel[0]; kd++)
        for (int64_t kh = 0; kh < s->kernel[1]; kh++) {
            const int64_t d = corner[0] + kd * s->dilation[0], h = corner[1] + kh * s->dilation[1];
            const bool has_line = d >= 0 && d < s->in[0] && h >= 0 && h < s->in[1];
            const int64_t line = image + d * s->step[0] + h * s->step[1];
            int64_t w = corner[2];
            for (int64_t kw = 0; kw < s->kernel[2]; kw++, w += s->dilation[2], to += n)
                *to = has_line && w >= 0 && w < s->in[2] ? (int32_t)(line + w * s->step[2]) : -1;
        }
}

static bool is_inside(const pare_sliding *s, const int64_t *corner)
{
    for (int i = 0; i < PARE_SLIDING_AXES; i++)
        if (corner[i] < 0 || corner[i] + (s->kernel[i] - 1) * s->dilation[i] >= s->in[i])
            return false;
    return true;
}

/* Of n rows from the first on. `taps` are those of conv_args. */
static void fill_tile(const pare_sliding *s, const int64_t *taps, int64_t first, int64_t n,
                      int32_t *to)
{
    int64_t at[PARE_SLIDING_AXES], corner[PARE_SLIDING_AXES];
    int64_t position = first % s->n_out;
    int64_t image = first / s->n_out * s->batch_step;
    for (int i = PARE_SLIDING_AXES; i-- > 0; position /= s->out[i]) {
        at[i] = position % s->out[i];
        corner[i] = at[i] * s->stride[i] - s->begin[i];
    }
    for (int64_t r = 0; r < n; r++) {
        int64_t offset = image;
        for (int i = 0; i < PARE_SLIDING_AXES; i++) offset += corner[i] * s->step[i];
        if (is_inside(s, corner))
            for (int64_t t = 0; t < s->n_taps; t++) to[t * n + r] = (int32_t)(offset + taps[t]);
        else fill_row(s, image, corner, n, to + r);
        int i = PARE_SLIDING_AXES - 1;
        for (; i >= 0; i--) { /* the next one: along the last axis, unless that ends */
            corner[i] += s->stride[i];
            if (++at[i] < s->out[i]) break;
            at[i] = 0;
            corner[i] = -s->begin[i];
        }
        if (i < 0) image += s->batch_step;
    }
}

/* Finds them, or makes them. Not those of very large images: pointers are found when running. */
static pare_status set_offsets(pare_planner *p, conv_args *a)
{
    const pare_sliding *s = &a->window;
    const int64_t n_rows = a->product.n_rows;
    if (n_rows * s->n_taps > MOST_OFFSETS || pare_laid_span(&a->product.x) > INT32_MAX)
        return PARE_OK;
    const pare_offsets *known = p->offsets;
    while (known && (known->n_rows != n_rows || memcmp(&known->window, s, sizeof(*s)) != 0))
        known = known->next;
    if (!known) {
        pare_offsets *o = pare_plan_args(p, sizeof(*o));
        if (!o) return pare_arena_fail(p->ctx, &p->plan->arena);
        *o = (pare_offsets){ p->offsets, *s, n_rows, NULL };
        o->at = pare_plan_args(p, (size_t)(n_rows * s->n_taps) * sizeof(*o->at) + 1);
        if (!o->at) return pare_arena_fail(p->ctx, &p->plan->arena);
        const int64_t n_tiles = pare_product_tiles(p, n_rows);
        for (int64_t i = 0; i < n_tiles; i++) {
            const int64_t first = pare_split_start(n_rows, n_tiles, i);
            const int64_t n = pare_split_start(n_rows, n_tiles, i + 1) - first;
            fill_tile(s, a->taps, first, n, o->at + first * s->n_taps);
        }
        p->offsets = known = o;
    }
    a->product.offsets = known->at;
    return PARE_OK;
}

/* Finds the input and how rows of it are found. */
static pare_status set_rows(pare_planner *p, pare_value_id value, conv_args *a, const char **kernel)
{
    pare_product *product = &a->product;
    pare_sliding *s = &a->window;
    const bool has_few = product->depth < FEW_CHANNELS;
    const bool gathers = has_few && !can_join_lines(a);
    *kernel = gathers ? "conv f32 gathered" : has_few ? "conv f32 by lines" : "conv f32";
    product->rows = gathers ? gather_rows : point_rows;
    if (has_few && !gathers) PARE_TRY(join_lines(p, value, a));
    else
        PARE_TRY(pare_plan_need(p, value, gathers ? PARE_FORM_ANY : PARE_FORM_CHANNELS_LAST,
                                &product->x));
    pare_sliding_read(s, &product->x);
    if (gathers)
        product->room_bytes = (size_t)(product->n_taps * product->depth) * PARE_TILE_MAX_ROWS *
                              sizeof(float);
    a->zeros = pare_plan_args(p, (size_t)product->depth * sizeof(float) + 1);
    a->taps = pare_plan_args(p, (size_t)product->n_taps * sizeof(*a->taps) + 1);
    if (!a->zeros || !a->taps) return pare_arena_fail(p->ctx, &p->plan->arena);
    point_taps(a);
    if (gathers) return PARE_OK;
    product->zeros = a->zeros;
    product->x_outer = product->depth * s->channel_step;
    if (product->n_taps > 1 || !pare_sliding_is_pointwise(s)) return set_offsets(p, a);
    product->rows = NULL;
    product->x_row = pare_laid_pixel_stride(&product->x);
    return PARE_OK;
}

pare_status pare_lower_conv(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_conv_params *params = l->params;
    pare_laid x, w, y;
    pare_window_shape shape;
    if (!fits(p, l, &x, &w, &y)) return PARE_OK;
    *done = true;
    if (w.dims[1] == 1 && w.dims[0] == params->group && params->group > 1)
        return pare_lower_depthwise(p, l, done);
    conv_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    pare_window_shape_of(&shape, &params->window, x.rank - 2, x.dims + 2, w.dims + 2, y.dims + 2);
    pare_sliding_init(&a->window, &shape);
    pare_winograd_size size;
    if (p->opts->fast &&
        pare_winograd_suits(&a->window, params->group, w.dims[1], w.dims[0], &size))
        return pare_lower_winograd(p, l, &a->window, size);
    pare_product *product = &a->product;
    *product = (pare_product){
        .n_outer = params->group, .n_weights = params->group, .n_vectors = params->group,
        .n_rows = y.dims[0] * a->window.n_out, .n_cols = w.dims[0] / params->group,
        .n_taps = a->window.n_taps, .depth = w.dims[1], .epilogue = PARE_EPILOGUE_NONE,
    };
    const char *kernel = NULL;
    PARE_TRY(pack_filters(p, pare_lower_in(l, 1), a));
    PARE_TRY(pare_product_bias(p, product, pare_lower_in(l, 2)));
    PARE_TRY(set_rows(p, pare_lower_in(l, 0), a, &kernel));
    return give_output(p, l, product, &y, kernel);
}
