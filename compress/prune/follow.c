#include "prune/follow.h"

#include "base/bytes.h"
#include "ir/graph.h"

#include <math.h>
#include <string.h>

/* --- what it becomes -------------------------------------------------------------------------- */

/* Blocks of an axis that are left: those whose outer factors all stay. */
static int64_t blocks_left(const pare_axes_found *axes, const pare_axis_info *axis, int64_t block,
                           const bool *gone)
{
    int64_t left = 1;
    for (uint32_t i = 0; i < axis->n_factors; i++) {
        const pare_factor *f = &axes->factors[axis->first_factor + i];
        int64_t n = 0;
        if (f->stride < block) continue;
        for (int64_t k = 0; k < f->size; k++) n += !gone[axes->class_of[f->first + (uint32_t)k]];
        left *= n;
    }
    return left;
}

/* Places below 0 count from the end; those at the end and beyond stay there. */
static int64_t moved(const pare_axes_found *axes, const pare_axis_info *axis, int64_t place,
                     const bool *gone)
{
    const int64_t at = place < 0 ? place + axis->extent : place;
    if (at < 0 || at > axis->extent) return place;
    int64_t n = 0;
    for (int64_t p = 0; p < at; p++) n += pare_axis_keeps(axes, axis, gone, p);
    return n;
}

static int64_t becomes(const pare_axes_found *axes, const pare_axis_follow *f, int64_t number,
                       const bool *gone)
{
    const pare_axis_info *axis = &axes->axes[f->axis];
    if (f->follow.kind == PARE_FOLLOW_COUNT)
        return blocks_left(axes, axis, f->follow.block, gone);
    if (f->follow.kind == PARE_FOLLOW_POSITION) return moved(axes, axis, number, gone);
    return pare_axis_left(axes, axis, gone) - moved(axes, axis, axis->extent - number, gone);
}

/* --- attributes ------------------------------------------------------------------------------- */

/* Whether something within blocks goes. */
static bool shrinks_within(const pare_axes_found *axes, const pare_axis_info *axis, int64_t block,
                           const bool *gone)
{
    for (uint32_t i = 0; i < axis->n_factors; i++) {
        const pare_factor *f = &axes->factors[axis->first_factor + i];
        for (int64_t k = 0; f->stride < block && k < f->size; k++)
            if (gone[axes->class_of[f->first + (uint32_t)k]]) return true;
    }
    return false;
}

static pare_status set_root(pare_ctx *ctx, pare_model *model, const pare_axes_found *axes,
                            const pare_axis_follow *f, const bool *gone)
{
    const pare_attr *old = pare_node_attr(&model->nodes[f->node], f->follow.attribute);
    const bool is_said = old && old->type == PARE_ATTR_FLOAT && old->floats[0] != 0;
    if (is_said || !shrinks_within(axes, &axes->axes[f->axis], f->follow.block, gone))
        return PARE_OK;
    const float root = (float)(1 / sqrt((double)f->follow.block));
    const pare_attr *attr = pare_attr_float(model, f->follow.attribute, root);
    if (!attr) return pare_arena_fail(ctx, &model->arena);
    return pare_node_set_attr(ctx, model, f->node, attr);
}

static pare_status set_attr(pare_ctx *ctx, pare_model *model, const pare_axes_found *axes,
                            const pare_axis_follow *f, const bool *gone)
{
    if (f->follow.kind == PARE_FOLLOW_ROOT) return set_root(ctx, model, axes, f, gone);
    const pare_attr *old = pare_node_attr(&model->nodes[f->node], f->follow.attribute);
    int64_t list[PARE_MAX_DIMS];
    const bool fits = old && old->n <= PARE_MAX_DIMS && f->follow.element < old->n;
    if (!fits || (old->type != PARE_ATTR_INT && old->type != PARE_ATTR_INTS)) return PARE_OK;
    memcpy(list, old->ints, old->n * sizeof(*list));
    list[f->follow.element] = becomes(axes, f, list[f->follow.element], gone);
    const pare_attr *attr = old->type == PARE_ATTR_INT
                                ? pare_attr_int(model, old->name, list[0])
                                : pare_attr_ints(model, old->name, list, old->n);
    if (!attr) return pare_arena_fail(ctx, &model->arena);
    return pare_node_set_attr(ctx, model, f->node, attr);
}

/* --- inputs ----------------------------------------------------------------------------------- */

/* Where an element of an input stands: element `element` of the constant in slot `slot` of node. */
typedef struct place {
    pare_node_id node;
    uint32_t slot, element;
} place;

static int64_t n_elements(const pare_model *model, const pare_axes_found *axes, pare_value_id v)
{
    const pare_axis_info *axis = pare_axes_of(axes, v, 0);
    if (model->values[v].tensor) return model->values[v].tensor->n_elements;
    return axis ? axis->extent : 1;
}

/* Operators that hand on all elements in their order. */
static bool hands_on(const pare_node *n)
{
    static const char *const ops[] = { "Cast", "Identity", "Squeeze", "Unsqueeze" };
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (pare_str_eq(n->op_type, ops[i])) return true;
    return false;
}

/* From a node's output to its input that has the element. False: it computes it. */
static bool go_back(const pare_model *model, const pare_axes_found *axes, pare_node_id id,
                    place *at)
{
    const pare_node *n = &model->nodes[id];
    if (*pare_node_domain(n)) return false;
    if (hands_on(n)) {
        *at = (place){ id, 0, at->element };
        return true;
    }
    for (uint32_t i = 0; pare_str_eq(n->op_type, "Concat") && i < n->n_inputs; i++) {
        if (n->inputs[i].value == PARE_NONE) return false;
        const int64_t n_part = n_elements(model, axes, n->inputs[i].value);
        if (at->element < n_part) {
            *at = (place){ id, i, at->element };
            return true;
        }
        at->element -= (uint32_t)n_part;
    }
    return false;
}

/* Through Concat and what hands on, to a constant. False: it is computed. */
static bool find_place(const pare_model *model, const pare_axes_found *axes, place *at)
{
    for (;;) {
        const pare_node *n = &model->nodes[at->node];
        if (at->slot >= n->n_inputs || n->inputs[at->slot].value == PARE_NONE) return false;
        const pare_value *v = &model->values[n->inputs[at->slot].value];
        if (v->tensor) return at->element < v->tensor->n_elements;
        if (v->producer == PARE_NONE || !go_back(model, axes, v->producer, at)) return false;
    }
}

bool pare_follow_is_constant(const pare_model *model, const pare_axes_found *axes,
                             const pare_axis_follow *follow)
{
    place at = { follow->node, follow->follow.input, follow->follow.element };
    return follow->follow.attribute || find_place(model, axes, &at);
}

/* Gives the slot a constant of its own, called after the old one. */
static pare_status copy_constant(pare_ctx *ctx, pare_model *model, const place *at,
                                 pare_value_id *v)
{
    pare_value_id copy;
    if (model->values[*v].n_uses == 1) return PARE_OK;
    PARE_TRY(pare_value_derive(ctx, &copy, model->values[*v].graph,
                               model->values[*v].name));
    PARE_TRY(pare_value_set_tensor(ctx, model, copy, model->values[*v].tensor));
    PARE_TRY(pare_node_set_input(ctx, model, at->node, at->slot, copy));
    *v = copy;
    return PARE_OK;
}

static int64_t read_int(const uint8_t *element, pare_dtype dtype)
{
    int64_t wide;
    int32_t narrow;
    if (dtype == PARE_INT64) memcpy(&wide, element, sizeof(wide));
    else memcpy(&narrow, element, sizeof(narrow));
    return dtype == PARE_INT64 ? wide : narrow;
}

static void write_int(uint8_t *element, pare_dtype dtype, int64_t number)
{
    const int32_t narrow = (int32_t)number;
    if (dtype == PARE_INT64) memcpy(element, &number, sizeof(number));
    else memcpy(element, &narrow, sizeof(narrow));
}

static pare_status set_input(pare_ctx *ctx, pare_model *model, const pare_axes_found *axes,
                             const pare_axis_follow *f, const bool *gone)
{
    place at = { f->node, f->follow.input, f->follow.element };
    if (!find_place(model, axes, &at)) return PARE_OK;
    pare_value_id v = model->nodes[at.node].inputs[at.slot].value;
    const pare_dtype dtype = model->values[v].tensor->dtype;
    if (dtype != PARE_INT64 && dtype != PARE_INT32) return PARE_OK;
    PARE_TRY(copy_constant(ctx, model, &at, &v));
    pare_tensor *t = pare_tensor_ref(model->values[v].tensor);
    uint8_t *data = NULL;
    pare_status st = pare_tensor_own(ctx, &t, &data);
    if (!st) {
        const size_t width = dtype == PARE_INT64 ? sizeof(int64_t) : sizeof(int32_t);
        uint8_t *element = data + at.element * width;
        write_int(element, dtype, becomes(axes, f, read_int(element, dtype), gone));
        st = pare_value_set_tensor(ctx, model, v, t);
    }
    pare_tensor_unref(t);
    return st;
}

pare_status pare_follow_apply(pare_ctx *ctx, pare_model *model, const pare_axes_found *axes,
                              const pare_axis_follow *follow, const bool *gone)
{
    const pare_axis_info *axis = &axes->axes[follow->axis];
    if (pare_axis_left(axes, axis, gone) == axis->extent) return PARE_OK;
    if (follow->follow.attribute) return set_attr(ctx, model, axes, follow, gone);
    return set_input(ctx, model, axes, follow, gone);
}
