#include "run/lower/lower.h"
#include "run/lower/product.h"

#include "op/conv.h"

#include <string.h>

/* Convolution over one to three spatial axes, channels last: rows are what is under the window at
 * an output position. With few channels the window is gathered, which also reads any layout. */

enum { AXES = 3, GATHER_BELOW = 8 };

typedef struct conv_args {
    pare_product product;
    int64_t in[AXES], out[AXES], kernel[AXES], stride[AXES], dilation[AXES], begin[AXES];
    int64_t step[AXES];       /* elements of x from one position to the next along each axis */
    int64_t batch_step, channel_step;
    int64_t n_out, n_groups;
    const float *zeros;       /* [depth]: what lies in the padding */
} conv_args;

/* Where the window of an output row starts. */
typedef struct corner {
    const float *x;           /* image and group */
    int64_t at[AXES];
} corner;

static corner corner_of(const conv_args *a, const float *x, int64_t group, int64_t row)
{
    corner c;
    int64_t position = row % a->n_out;
    c.x = x + row / a->n_out * a->batch_step + group * a->product.depth * a->channel_step;
    for (int i = AXES; i-- > 0;) {
        c.at[i] = position % a->out[i] * a->stride[i] - a->begin[i];
        position /= a->out[i];
    }
    return c;
}

/* What is under tap (kd, kh, kw) of a window; NULL: padding. */
static const float *under(const conv_args *a, const corner *c, int64_t kd, int64_t kh, int64_t kw)
{
    const int64_t d = c->at[0] + kd * a->dilation[0];
    const int64_t h = c->at[1] + kh * a->dilation[1];
    const int64_t w = c->at[2] + kw * a->dilation[2];
    if ((uint64_t)d >= (uint64_t)a->in[0] || (uint64_t)h >= (uint64_t)a->in[1] ||
        (uint64_t)w >= (uint64_t)a->in[2])
        return NULL;
    return c->x + d * a->step[0] + h * a->step[1] + w * a->step[2];
}

static void point_rows(const pare_product *product, const pare_frame *frame, int64_t outer,
                       int64_t first, int n, const float **x, float *room)
{
    (void)room;
    const conv_args *a = (const conv_args *)product;
    const float *base = pare_laid_address(frame, &product->x);
    for (int r = 0; r < n; r++) {
        const corner c = corner_of(a, base, outer, first + r);
        const float **to = x + r;
        for (int64_t kd = 0; kd < a->kernel[0]; kd++)
            for (int64_t kh = 0; kh < a->kernel[1]; kh++)
                for (int64_t kw = 0; kw < a->kernel[2]; kw++, to += n) {
                    const float *at = under(a, &c, kd, kh, kw);
                    *to = at ? at : a->zeros;
                }
    }
}

static void gather_rows(const pare_product *product, const pare_frame *frame, int64_t outer,
                        int64_t first, int n, const float **x, float *room)
{
    const conv_args *a = (const conv_args *)product;
    const float *base = pare_laid_address(frame, &product->x);
    const int64_t depth = product->depth;
    for (int r = 0; r < n; r++) {
        const corner c = corner_of(a, base, outer, first + r);
        x[r] = room;
        for (int64_t kd = 0; kd < a->kernel[0]; kd++)
            for (int64_t kh = 0; kh < a->kernel[1]; kh++)
                for (int64_t kw = 0; kw < a->kernel[2]; kw++) {
                    const float *at = under(a, &c, kd, kh, kw);
                    for (int64_t i = 0; i < depth; i++)
                        *room++ = at ? at[i * a->channel_step] : 0;
                }
    }
}

/* --- planning -----------------------------------------------------------------------------------
 * */

/* Sizes along the spatial axes, those that are missing in front being 1. */
static void set_geometry(conv_args *a, const pare_window_shape *s)
{
    for (int i = 0; i < AXES; i++) {
        const int from = i - (AXES - s->n_axes);
        a->in[i] = from < 0 ? 1 : s->in[from];
        a->out[i] = from < 0 ? 1 : s->out[from];
        a->kernel[i] = from < 0 ? 1 : s->kernel[from];
        a->stride[i] = from < 0 ? 1 : s->stride[from];
        a->dilation[i] = from < 0 ? 1 : s->dilation[from];
        a->begin[i] = from < 0 ? 0 : s->begin[from];
    }
    a->n_out = a->out[0] * a->out[1] * a->out[2];
}

static void set_steps(conv_args *a, const pare_laid *x)
{
    a->product.x = *x;
    a->batch_step = x->strides[0];
    a->channel_step = x->strides[1];
    for (int i = 0; i < AXES; i++) {
        const int axis = i - AXES + (int)x->rank;
        a->step[i] = axis < 2 ? 0 : x->strides[axis];
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
    pare_pack_key key = { .form = "filters",
                          .params = { panel, a->n_groups, n, product->n_taps, product->depth } };
    const size_t n_bytes = (size_t)(a->n_groups * n_panels * k * panel) * sizeof(float);
    void *out = NULL;
    bool is_new = false;
    PARE_TRY(pare_plan_pack(p, value, &key, n_bytes, &out, &is_new));
    product->w = out;
    if (!is_new) return PARE_OK;
    const float *w = NULL;
    void *owned = NULL;
    PARE_TRY(pare_plan_floats(p, value, &w, &owned));
    float *to = out;
    for (int64_t g = 0; g < a->n_groups; g++)
        for (int64_t first = 0; first < n; first += panel)
            for (int64_t t = 0; t < product->n_taps; t++)
                for (int64_t c = 0; c < product->depth; c++, to += panel)
                    for (int64_t j = first; j < n && j < first + panel; j++)
                        to[j - first] = w[((g * n + j) * product->depth + c) * product->n_taps + t];
    pare_free(p->ctx, owned);
    return PARE_OK;
}

static pare_status set_bias(pare_planner *p, conv_args *a, pare_value_id value)
{
    const float *bias = NULL;
    void *owned = NULL;
    if (value != PARE_NONE) PARE_TRY(pare_plan_floats(p, value, &bias, &owned));
    a->product.epilogue.bias = pare_product_vectors(p, &a->product, bias);
    pare_free(p->ctx, owned);
    return a->product.epilogue.bias ? PARE_OK : pare_arena_fail(p->ctx, &p->plan->arena);
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
    if (x->dtype != PARE_FLOAT || w->dtype != PARE_FLOAT || x->rank < 3 || x->rank > 2 + AXES)
        return false;
    return pare_plan_constant(p, pare_lower_in(l, 1)) &&
           (bias == PARE_NONE || pare_plan_constant(p, bias));
}

pare_status pare_lower_conv(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_conv_params *params = l->params;
    pare_laid x, w, y;
    pare_window_shape shape;
    if (!fits(p, l, &x, &w, &y)) return PARE_OK;
    conv_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    pare_window_shape_of(&shape, &params->window, x.rank - 2, x.dims + 2, w.dims + 2, y.dims + 2);
    set_geometry(a, &shape);
    a->n_groups = params->group;
    pare_product *product = &a->product;
    *product = (pare_product){
        .n_outer = params->group,
        .n_weights = params->group,
        .n_vectors = params->group,
        .n_rows = y.dims[0] * a->n_out,
        .n_cols = w.dims[0] / params->group,
        .n_taps = a->kernel[0] * a->kernel[1] * a->kernel[2],
        .depth = w.dims[1],
        .epilogue = PARE_EPILOGUE_NONE,
    };
    const bool gathers = product->depth < GATHER_BELOW;
    PARE_TRY(pack_filters(p, pare_lower_in(l, 1), a));
    PARE_TRY(set_bias(p, a, pare_lower_in(l, 2)));
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0),
                            gathers ? PARE_FORM_ANY : PARE_FORM_CHANNELS_LAST, &x));
    set_steps(a, &x);
    product->rows = gathers ? gather_rows : point_rows;
    if (gathers)
        product->room_bytes = (size_t)(product->n_taps * product->depth) * PARE_TILE_MAX_ROWS *
                              sizeof(float);
    a->zeros = pare_plan_args(p, (size_t)product->depth * sizeof(float) + 1);
    if (!a->zeros) return pare_arena_fail(p->ctx, &p->plan->arena);
    pare_laid_arrange(&y, PARE_FORM_CHANNELS_LAST);
    PARE_TRY(pare_product_tail(p, l, product, &y));
    PARE_TRY(pare_plan_out(p, pare_lower_result(p, l), &y));
    product->y = y;
    product->y_row = pare_laid_pixel_stride(&y);
    product->y_outer = product->n_cols;
    *done = true;
    return pare_product_step(p, product, NULL, gathers ? "conv f32 gathered" : "conv f32");
}
