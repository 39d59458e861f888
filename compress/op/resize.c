#include "op/resize.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/list.h"

#include <inttypes.h>
#include <math.h>

/* Interpolation to another size: floor(dim * scale), or the size asked for.
 *   Upsample    1 two scales as attributes, 7 a list of them, 9 an input, gone in 10
 *   Resize      10 scales; 11 inputs roi, scales, sizes and the coordinate modes; 18 axes,
 *               antialias, aspect policies; 19 half_pixel_symmetric */

static pare_status upsample_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const words[] = { "nearest", "linear", "bilinear", NULL };
    pare_resize_params *p = params;
    *p = (pare_resize_params){ .coord = PARE_COORD_ASYMMETRIC, .nearest = PARE_NEAREST_OLD,
                               .roi_input = -1, .scales_input = 1, .sizes_input = -1 };
    PARE_TRY(pare_get_word(ctx, call, "mode", words, PARE_RESIZE_NEAREST, &p->mode));
    if (p->mode > PARE_RESIZE_LINEAR) p->mode = PARE_RESIZE_LINEAR; /* its name in version 1 */
    if (call->version >= 9) return PARE_OK;
    p->scales_input = -1;
    if (call->version >= 7) {
        PARE_TRY(pare_need_attr(ctx, call, "scales"));
        return pare_get_floats(ctx, call, "scales", &p->scales);
    }
    PARE_TRY(pare_need_attr(ctx, call, "height_scale"));
    PARE_TRY(pare_need_attr(ctx, call, "width_scale"));
    PARE_TRY(pare_get_float(ctx, call, "height_scale", 1, &p->plane_scales[0]));
    return pare_get_float(ctx, call, "width_scale", 1, &p->plane_scales[1]);
}

static pare_status words_resolve(pare_ctx *ctx, pare_resize_params *p, const pare_call *call)
{
    static const char *const coords[] = { "half_pixel", "pytorch_half_pixel", "align_corners",
                                          "asymmetric", "tf_half_pixel_for_nn",
                                          "tf_crop_and_resize", "half_pixel_symmetric", NULL };
    static const char *const nearest[] = { "round_prefer_floor", "round_prefer_ceil", "floor",
                                           "ceil", NULL };
    static const char *const policies[] = { "stretch", "not_larger", "not_smaller", NULL };
    PARE_TRY(pare_get_word(ctx, call, "coordinate_transformation_mode", coords,
                           PARE_COORD_HALF_PIXEL, &p->coord));
    PARE_TRY(pare_get_word(ctx, call, "nearest_mode", nearest, PARE_NEAREST_ROUND_PREFER_FLOOR,
                           &p->nearest));
    return pare_get_word(ctx, call, "keep_aspect_ratio_policy", policies, PARE_ASPECT_STRETCH,
                         &p->policy);
}

static pare_status resize_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const modes[] = { "nearest", "linear", "cubic", NULL };
    pare_resize_params *p = params;
    PARE_TRY(pare_get_word(ctx, call, "mode", modes, PARE_RESIZE_NEAREST, &p->mode));
    if (call->version < 11) {
        p->coord = PARE_COORD_ASYMMETRIC;
        p->nearest = PARE_NEAREST_OLD;
        p->roi_input = p->sizes_input = -1;
        p->scales_input = 1;
        return PARE_OK;
    }
    p->roi_input = 1;
    p->scales_input = 2;
    p->sizes_input = 3;
    PARE_TRY(words_resolve(ctx, p, call));
    PARE_TRY(pare_get_float(ctx, call, "cubic_coeff_a", -0.75f, &p->cubic_a));
    PARE_TRY(pare_get_float(ctx, call, "extrapolation_value", 0, &p->extrapolation));
    PARE_TRY(pare_get_flag(ctx, call, "exclude_outside", false, &p->exclude_outside));
    PARE_TRY(pare_get_flag(ctx, call, "antialias", false, &p->antialias));
    return pare_get_ints(ctx, call, "axes", &p->axes);
}

/* The axes that are resized. */
typedef struct resizing {
    const pare_info *x;
    uint32_t axes[PARE_MAX_DIMS];
    uint32_t n;
    pare_num *dims;           /* of the output */
} resizing;

static pare_status plan_axes(pare_ctx *ctx, const pare_infer_io *io, resizing *plan)
{
    const pare_resize_params *p = io->params;
    const pare_list axes = { .has_length = true, .n = p->axes.n, .ints = p->axes.v };
    bool known = true;
    plan->n = p->axes.found ? p->axes.n : plan->x->rank;
    for (uint32_t i = 0; i < plan->x->rank; i++) plan->axes[i] = i;
    if (!p->axes.found) return PARE_OK;
    return pare_list_axes(ctx, io, "attribute 'axes'", &axes, plan->x->rank, plan->axes, &known);
}

static pare_status check_length(pare_ctx *ctx, const pare_infer_io *io, const char *what,
                                uint32_t n, uint32_t want)
{
    if (n == want) return PARE_OK;
    return pare_call_fail(ctx, io->call,
                          "%s: expected one for each of %" PRIu32 " axes, found %" PRIu32, what,
                          want, n);
}

/* floor(dim * scale) in single precision, which is how runtimes compute it. */
static pare_status scale_dim(pare_ctx *ctx, const pare_infer_io *io, double scale, pare_num *dim)
{
    pare_exprs *x = io->shapes->exprs;
    if (!(scale > 0) || isinf(scale))
        return pare_call_fail(ctx, io->call, "scales: expected numbers above 0, found %g", scale);
    if (dim->kind == PARE_NUM_INT) {
        const float size = floorf((float)dim->i * (float)scale);
        if (size >= 0x1p62f)
            return pare_call_fail(ctx, io->call,
                                  "scales: expected dims below 2^62, found %g times %" PRId64,
                                  scale, dim->i);
        *dim = pare_num_int((int64_t)size);
        return PARE_OK;
    }
    const double parts = 1 / scale;
    if (scale == trunc(scale) && scale < 0x1p20)
        *dim = pare_num_mul(x, *dim, pare_num_int((int64_t)scale));
    else if (parts == trunc(parts) && parts <= 0x1p20 && !((int64_t)parts & ((int64_t)parts - 1)))
        *dim = pare_num_floordiv(x, *dim, pare_num_int((int64_t)parts)); /* exact: powers of two */
    else
        *dim = pare_num_unknown();
    return PARE_OK;
}

static pare_status by_scale(pare_ctx *ctx, const pare_infer_io *io, resizing *plan, uint32_t i,
                            pare_num scale)
{
    pare_num *dim = &plan->dims[plan->axes[i]];
    *dim = plan->x->dims[plan->axes[i]];
    if (scale.kind == PARE_NUM_REAL)
        return scale_dim(ctx, io, scale.r, dim);
    *dim = pare_num_unknown();
    return PARE_OK;
}

static pare_status by_attrs(pare_ctx *ctx, const pare_infer_io *io, resizing *plan)
{
    const pare_resize_params *p = io->params;
    if (p->scales.found) PARE_TRY(check_length(ctx, io, "scales", p->scales.n, plan->n));
    else PARE_TRY(pare_need_rank(ctx, io, 0, 4, 4));
    for (uint32_t i = 0; i < plan->n; i++) {
        const double scale = p->scales.found ? (double)p->scales.v[i]
                             : i < 2 ? 1 : (double)p->plane_scales[i - 2];
        PARE_TRY(by_scale(ctx, io, plan, i, pare_num_real(scale)));
    }
    return PARE_OK;
}

/* The one scale that keeps the ratio of the resized axes; 0 when it cannot be known. */
static float common_scale(const resizing *plan, const pare_list *sizes, int policy)
{
    float scale = 0;
    for (uint32_t i = 0; i < plan->n; i++) {
        const pare_num size = pare_list_at(sizes, i);
        const pare_num dim = plan->x->dims[plan->axes[i]];
        if (size.kind != PARE_NUM_INT || dim.kind != PARE_NUM_INT || dim.i < 1) return 0;
        const float own = (float)size.i / (float)dim.i;
        if (i == 0 || (policy == PARE_ASPECT_NOT_LARGER ? own < scale : own > scale)) scale = own;
    }
    return scale;
}

static pare_status by_sizes(pare_ctx *ctx, const pare_infer_io *io, resizing *plan,
                            const pare_list *sizes)
{
    const pare_resize_params *p = io->params;
    const bool stretch = p->policy == PARE_ASPECT_STRETCH;
    const float scale = stretch ? 0 : common_scale(plan, sizes, p->policy);
    PARE_TRY(check_length(ctx, io, "sizes", sizes->n, plan->n));
    for (uint32_t i = 0; i < plan->n; i++) {
        pare_num *dim = &plan->dims[plan->axes[i]];
        const pare_num size = pare_list_at(sizes, i);
        if (size.kind == PARE_NUM_INT && size.i < 0)
            return pare_call_fail(ctx, io->call, "sizes: expected numbers >= 0, found %" PRId64,
                                  size.i);
        *dim = stretch ? size : pare_num_unknown();
        if (!(scale > 0)) continue;
        const float exact = floorf(scale * (float)plan->x->dims[plan->axes[i]].i + 0.5f);
        if (exact < 0x1p62f) *dim = pare_num_int((int64_t)exact);
    }
    return PARE_OK;
}

/* Which of scales and sizes counts: the one that is there and not empty. */
static pare_status by_inputs(pare_ctx *ctx, const pare_infer_io *io, resizing *plan)
{
    const pare_resize_params *p = io->params;
    const pare_ints none = { 0 };
    pare_list scales;
    pare_list sizes = { 0 };
    PARE_TRY(pare_list_get(ctx, io, none, (uint32_t)p->scales_input, &scales));
    if (p->sizes_input > 0)
        PARE_TRY(pare_list_get(ctx, io, none, (uint32_t)p->sizes_input, &sizes));
    const bool may_scale = scales.given && !(scales.has_length && !scales.n);
    const bool may_size = sizes.given && !(sizes.has_length && !sizes.n);
    if (scales.has_length && scales.n && sizes.has_length && sizes.n)
        return pare_call_fail(ctx, io->call, "expected either scales or sizes, found both");
    if (may_size && sizes.has_length) return by_sizes(ctx, io, plan, &sizes);
    for (uint32_t i = 0; i < plan->n; i++) plan->dims[plan->axes[i]] = pare_num_unknown();
    if (!may_scale || !scales.has_length || may_size) return PARE_OK;
    PARE_TRY(check_length(ctx, io, "scales", scales.n, plan->n));
    for (uint32_t i = 0; i < plan->n; i++)
        PARE_TRY(by_scale(ctx, io, plan, i, pare_info_at(scales.input, i)));
    return PARE_OK;
}

static pare_status resize_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_resize_params *p = io->params;
    resizing plan = { .x = pare_in(io, 0) };
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    if (!pare_info_has_rank(plan.x)) return PARE_OK;
    PARE_TRY(plan_axes(ctx, io, &plan));
    pare_info y = pare_info_ranked(io->shapes, plan.x->dtype, plan.x->rank, &plan.dims);
    for (uint32_t i = 0; i < plan.x->rank; i++) plan.dims[i] = plan.x->dims[i];
    PARE_TRY(p->scales_input < 0 ? by_attrs(ctx, io, &plan) : by_inputs(ctx, io, &plan));
    io->out[0] = y;
    return PARE_OK;
}

const pare_op pare_op_upsample = {
    .domain = "", .name = "Upsample", .since = 1, .until = 10,
    .n_in = { 1, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_resize_params),
    .resolve = upsample_resolve, .infer = resize_infer, .eval = pare_resize_eval,
    .cost = pare_resize_cost,
    .links = pare_resize_links,
};

const pare_op pare_op_resize = {
    .domain = "", .name = "Resize", .since = 10,
    .n_in = { 1, 4 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_resize_params),
    .resolve = resize_resolve, .infer = resize_infer, .eval = pare_resize_eval,
    .cost = pare_resize_cost,
    .links = pare_resize_links,
};
