#include "prune/shrink.h"

#include "ir/graph.h"
#include "op/infer.h"
#include "prune/follow.h"

#include <inttypes.h>
#include <string.h>

typedef struct shrinker {
    pare_ctx *ctx;
    pare_model *model;
    const pare_axes_found *axes;
    const bool *gone;
} shrinker;

/* --- what may go ------------------------------------------------------------------------------ */

static pare_status check(const shrinker *s)
{
    const pare_axes_found *a = s->axes;
    for (size_t c = 0; c < a->n_classes; c++)
        if (s->gone[c] && a->classes[c].is_frozen)
            return pare_fail(s->ctx, PARE_EUSAGE, "a class to remove: expected one that may go");
    for (size_t k = 0; k < a->n_axes; k++)
        if (a->axes[k].extent && !pare_axis_left(a, &a->axes[k], s->gone))
            return pare_fail(s->ctx, PARE_EUSAGE,
                             "axis %" PRIu32 " of '%s': expected to keep a position, found none",
                             a->axes[k].axis, s->model->values[a->axes[k].value].name);
    return PARE_OK;
}

/* Positions of axis k of a value that stay, to out [extent]; returns how many. */
static int64_t kept_positions(const shrinker *s, pare_value_id v, uint32_t k, int64_t extent,
                              int64_t *out)
{
    const pare_axis_info *axis = pare_axes_of(s->axes, v, k);
    int64_t n = 0;
    for (int64_t p = 0; p < extent; p++)
        if (!axis || pare_axis_keeps(s->axes, axis, s->gone, p)) out[n++] = p;
    return n;
}

/* --- constants -------------------------------------------------------------------------------- */

/* The box that is left of a tensor: positions that stay of each axis. */
typedef struct box {
    uint32_t rank;
    int64_t dims[PARE_MAX_DIMS], strides[PARE_MAX_DIMS];
    int64_t *kept[PARE_MAX_DIMS]; /* in one block */
    size_t width;
} box;

static void copy_box(const box *b, uint32_t axis, const uint8_t *from, uint8_t **to)
{
    for (int64_t i = 0; i < b->dims[axis]; i++) {
        const uint8_t *at = from + (size_t)(b->kept[axis][i] * b->strides[axis]) * b->width;
        if (axis + 1 < b->rank) {
            copy_box(b, axis + 1, at, to);
        } else {
            memcpy(*to, at, b->width);
            *to += b->width;
        }
    }
}

static pare_status fill_box(const shrinker *s, pare_value_id v, const pare_tensor *t, box *b)
{
    int64_t n = 1;
    for (uint32_t k = 0; k < t->rank; k++) n += t->dims[k];
    int64_t *positions = pare_alloc(s->ctx, (size_t)n * sizeof(*positions));
    if (!positions) return pare_fail_memory(s->ctx, (size_t)n * sizeof(*positions));
    int64_t stride = 1;
    for (uint32_t k = t->rank; k-- > 0; stride *= t->dims[k]) b->strides[k] = stride;
    b->rank = t->rank;
    b->kept[0] = positions;
    for (uint32_t k = 0; k < t->rank; k++) {
        b->kept[k] = positions;
        b->dims[k] = kept_positions(s, v, k, t->dims[k], positions);
        positions += t->dims[k];
    }
    return PARE_OK;
}

static pare_status slice_constant(const shrinker *s, pare_value_id v)
{
    pare_tensor *whole = NULL, *left = NULL;
    uint8_t *to = NULL;
    const pare_tensor *t = s->model->values[v].tensor;
    const int bits = pare_dtype_of(t->dtype)->bits;
    box b = { .width = (size_t)bits / 8 };
    if (bits < 8)
        return pare_fail(s->ctx, PARE_EUNSUPPORTED,
                         "initializer '%s': expected a type of whole bytes to prune, found %s",
                         s->model->values[v].name, pare_dtype_name(t->dtype));
    PARE_TRY(pare_tensor_densify(s->ctx, &whole, s->model->values[v].tensor));
    pare_status st = fill_box(s, v, whole, &b);
    if (!st) st = pare_tensor_new(s->ctx, &left, whole->dtype, whole->rank, b.dims);
    if (!st) st = pare_tensor_own(s->ctx, &left, &to);
    if (!st) {
        copy_box(&b, 0, whole->payload.data, &to);
        st = pare_value_set_tensor(s->ctx, s->model, v, left);
    }
    pare_tensor_unref(left);
    pare_tensor_unref(whole);
    pare_free(s->ctx, b.rank ? b.kept[0] : NULL);
    return st;
}

/* --- declared shapes -------------------------------------------------------------------------- */

static pare_status declare(const shrinker *s, pare_value_id v)
{
    const pare_type *old = s->model->values[v].type;
    if (!old || old->kind != PARE_TYPE_TENSOR || !old->has_shape) return PARE_OK;
    pare_dim *dims = pare_arena_copy(&s->model->arena, old->dims, old->rank * sizeof(*dims));
    pare_type *type = pare_arena_copy(&s->model->arena, old, sizeof(*type));
    if (!dims || !type) return pare_arena_fail(s->ctx, &s->model->arena);
    for (uint32_t k = 0; k < old->rank; k++) {
        const pare_axis_info *axis = pare_axes_of(s->axes, v, k);
        if (axis && dims[k].kind == PARE_DIM_VALUE)
            dims[k].value = pare_axis_left(s->axes, axis, s->gone);
    }
    type->dims = dims;
    type->source = NULL;
    pare_value_set_type(s->model, v, type);
    return PARE_OK;
}

/* --- afterwards ------------------------------------------------------------------------------- */

static pare_status compare_shapes(const shrinker *s, const pare_shapes *shapes)
{
    const pare_axes_found *a = s->axes;
    for (size_t k = 0; k < a->n_axes; k++) {
        const pare_value *v = &s->model->values[a->axes[k].value];
        const pare_info *info = pare_shapes_of(shapes, a->axes[k].value);
        if (!a->axes[k].extent || !info || v->tensor) continue;
        const int64_t left = pare_axis_left(a, &a->axes[k], s->gone);
        if (pare_info_has_rank(info) && a->axes[k].axis < info->rank &&
            info->dims[a->axes[k].axis].kind == PARE_NUM_INT &&
            info->dims[a->axes[k].axis].i == left)
            continue;
        return pare_fail(s->ctx, PARE_EUNSUPPORTED,
                         "axis %" PRIu32 " of '%s': expected %" PRId64
                         " positions after pruning, found a shape that does not follow",
                         a->axes[k].axis, v->name, left);
    }
    return PARE_OK;
}

pare_status pare_shrink(pare_ctx *ctx, pare_model *model, const pare_axes_found *axes,
                        const bool *gone)
{
    const shrinker s = { ctx, model, axes, gone };
    pare_shapes *shapes = NULL;
    PARE_TRY(check(&s));
    for (size_t i = 0; i < axes->n_follows; i++)
        PARE_TRY(pare_follow_apply(ctx, model, axes, &axes->follows[i], gone));
    for (pare_value_id v = 0; v < axes->n_values; v++) {
        if (!pare_axes_shrink(axes, v, gone)) continue;
        if (model->values[v].tensor) PARE_TRY(slice_constant(&s, v));
        PARE_TRY(declare(&s, v));
    }
    PARE_TRY(pare_infer(ctx, &shapes, model, NULL));
    const pare_status st = compare_shapes(&s, shapes);
    pare_shapes_free(ctx, shapes);
    return st;
}

/* --- trying ----------------------------------------------------------------------------------- */

/* Whether every axis keeps a position when one class goes. */
static bool can_go_alone(const pare_axes_found *axes, uint32_t group, const bool *gone)
{
    for (size_t k = 0; k < axes->n_factors; k++) {
        const pare_factor *f = &axes->factors[k];
        int64_t left = 0;
        for (int64_t i = 0; f->group == group && i < f->size; i++)
            left += !gone[axes->class_of[f->first + (uint32_t)i]];
        if (f->group == group && !left) return false;
    }
    return true;
}

/* Marks the first class of a group that can go alone. */
static bool choose_one(const pare_axes_found *axes, uint32_t group, bool *gone)
{
    for (size_t c = 0; c < axes->n_classes; c++) {
        if (axes->classes[c].group != group) continue;
        gone[c] = true;
        if (can_go_alone(axes, group, gone)) return true;
        gone[c] = false;
    }
    return false;
}

static void freeze_group(pare_axes_found *axes, uint32_t group)
{
    axes->groups[group].n_classes = 0;
    for (size_t c = 0; c < axes->n_classes; c++) {
        if (axes->classes[c].group != group) continue;
        axes->classes[c].group = PARE_NONE;
        axes->classes[c].is_frozen = true;
        axes->classes[c].why = "sizes that follow from it are computed";
    }
}

static pare_status try_group(pare_ctx *ctx, pare_axes_found *axes, const pare_model *model,
                             uint32_t group, bool *gone)
{
    pare_model *clone = NULL;
    memset(gone, 0, axes->n_classes * sizeof(*gone));
    if (!choose_one(axes, group, gone)) return PARE_OK;
    PARE_TRY(pare_model_clone(ctx, &clone, model));
    pare_status st = pare_shrink(ctx, clone, axes, gone);
    pare_model_free(ctx, clone);
    if (st != PARE_EUNSUPPORTED && st != PARE_EFORMAT) return st;
    freeze_group(axes, group);
    return PARE_OK;
}

pare_status pare_axes_settle(pare_ctx *ctx, pare_axes_found *axes, const pare_model *model)
{
    pare_status st = PARE_OK;
    bool *gone = pare_alloc(ctx, axes->n_classes + 1);
    if (!gone) return pare_fail_memory(ctx, axes->n_classes);
    for (uint32_t g = 0; !st && g < axes->n_groups; g++)
        st = try_group(ctx, axes, model, g, gone);
    pare_free(ctx, gone);
    return st;
}
