#include "run/planner.h"

#include <string.h>

/* Outputs that are made where a Concat of channels wants them. */

/* The Concat that alone takes a value, and is to run; else NULL. */
static const pare_node *joiner_of(const pare_planner *p, pare_value_id value, pare_node_id *id)
{
    const pare_value *v = &p->model->values[value];
    if (v->n_uses != 1 || p->values[value].n_pending != 1 || p->is_kept[value]) return NULL;
    if (v->first_use->user == PARE_NONE || v->first_use->graph != v->graph) return NULL;
    *id = v->first_use->user;
    const pare_node *node = &p->model->nodes[*id];
    if (!p->is_needed[*id] || !node->op_type || strcmp(node->op_type, "Concat") != 0 ||
        *pare_node_domain(node) || node->n_outputs != 1)
        return NULL;
    return node;
}

/* Whether the node joins channels, and which of them, from *first on, are those of the value. */
static bool find_channels(const pare_planner *p, const pare_node *node, pare_value_id value,
                          const pare_laid *y, int64_t *first)
{
    const pare_attr *axis = pare_node_attr(node, "axis");
    if (!axis || axis->type != PARE_ATTR_INT || axis->n != 1) return false;
    if (axis->ints[0] != 1 && axis->ints[0] != 1 - (int64_t)y->rank) return false;
    *first = 0;
    for (uint32_t i = 0; i < node->n_inputs && node->inputs[i].value != value; i++) {
        pare_laid x;
        if (node->inputs[i].value == PARE_NONE || !pare_plan_shape(p, node->inputs[i].value, &x) ||
            x.rank != y->rank)
            return false;
        *first += x.dims[1];
    }
    return true;
}

/* Where the whole goes, made when the first of its parts is. */
static pare_status reserve(pare_planner *p, pare_value_id whole, const pare_laid *shape,
                           const pare_laid **out)
{
    pare_planned *v = pare_plan_of(p, whole);
    if (!v->reserved) {
        pare_laid *laid = pare_plan_args(p, sizeof(*laid));
        if (!laid) return pare_arena_fail(p->ctx, &p->plan->arena);
        *laid = *shape;
        pare_laid_arrange(laid, PARE_FORM_CHANNELS_LAST);
        PARE_TRY(pare_plan_temporary(p, laid));
        v->reserved = laid;
    }
    *out = v->reserved;
    return PARE_OK;
}

pare_status pare_plan_out_pixels(pare_planner *p, pare_value_id value, pare_laid *out)
{
    pare_node_id id = PARE_NONE;
    pare_laid y;
    const pare_laid *whole = NULL;
    int64_t first = 0;
    const pare_node *node = joiner_of(p, value, &id);
    pare_laid_arrange(out, PARE_FORM_CHANNELS_LAST);
    bool joins = node && out->rank >= 3 && pare_laid_n_elements(out) &&
                 node->outputs[0] != PARE_NONE && pare_plan_shape(p, node->outputs[0], &y) &&
                 y.rank == out->rank && y.dtype == out->dtype &&
                 find_channels(p, node, value, &y, &first);
    for (uint32_t i = 0; joins && i < y.rank; i++)
        joins = i == 1 ? first + out->dims[1] <= y.dims[1] : out->dims[i] == y.dims[i];
    if (!joins) return pare_plan_out(p, value, out);
    PARE_TRY(reserve(p, node->outputs[0], &y, &whole));
    out->buffer = whole->buffer;
    out->offset = first * whole->strides[1];
    memcpy(out->strides, whole->strides, sizeof(out->strides));
    return pare_plan_alias(p, value, out);
}
