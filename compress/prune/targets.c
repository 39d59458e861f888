#include "prune/targets.h"

#include "base/bytes.h"
#include "ir/build.h"

#include <stdio.h>

void pare_prune_targets(pare_gram_item *item, const pare_model *m, const pare_shapes *shapes)
{
    const pare_value_id y = m->nodes[item->linear.node].outputs[0];
    const pare_value *v = &m->values[y];
    item->plus = y;
    item->minus = PARE_NONE;
    if (v->n_uses != 1 || v->first_use->user == PARE_NONE) return;
    const pare_node *add = &m->nodes[v->first_use->user];
    if (*pare_node_domain(add) || !pare_str_eq(add->op_type, "Add") || add->n_inputs != 2) return;
    const pare_value_id other = add->inputs[1 - v->first_use->slot].value;
    if (other == PARE_NONE || other == y || m->values[other].tensor) return;
    const pare_info *a = pare_shapes_of(shapes, y), *b = pare_shapes_of(shapes, other);
    if (!a->has_rank || !b->has_rank || a->rank != b->rank) return;
    for (uint32_t i = 0; i < a->rank; i++)
        if (!pare_num_equal(a->dims[i], b->dims[i])) return;
    item->plus = add->outputs[0];
    item->minus = other;
}

bool pare_prune_has_bias(const pare_model *m, const pare_linear *l)
{
    const pare_tensor *t = l->bias == PARE_NONE ? NULL : m->values[l->bias].tensor;
    if (l->bias == PARE_NONE) return l->may_have_bias && l->bias_factor == 1;
    return t && t->dtype == PARE_FLOAT && t->n_elements == l->out && t->rank == 1 &&
           l->bias_factor == 1 && m->values[l->bias].n_uses == 1;
}

pare_status pare_prune_own_floats(pare_ctx *ctx, const pare_model *m, pare_value_id v,
                                  pare_tensor **out, float **data)
{
    uint8_t *bytes = NULL;
    *out = pare_tensor_ref(m->values[v].tensor);
    const pare_status st = pare_tensor_own(ctx, out, &bytes);
    if (st) {
        pare_tensor_unref(*out);
        *out = NULL;
    }
    *data = (float *)(void *)bytes;
    return st;
}

static pare_status add_bias(pare_ctx *ctx, pare_model *m, const pare_linear *l, const float *shift)
{
    char name[256];
    pare_tensor *t = NULL;
    pare_builder b;
    PARE_TRY(pare_tensor_from(ctx, &t, PARE_FLOAT, 1, &l->out, shift));
    snprintf(name, sizeof(name), "%.200s_bias", m->values[l->weight].name);
    pare_builder_init(&b, ctx, m->nodes[l->node].graph);
    const pare_value_id bias = pare_build_const(&b, name, t);
    if (b.status) return b.status;
    if (m->nodes[l->node].n_inputs < 3) PARE_TRY(pare_node_resize_inputs(ctx, m, l->node, 3));
    return pare_node_set_input(ctx, m, l->node, 2, bias);
}

pare_status pare_prune_shift_bias(pare_ctx *ctx, pare_model *m, const pare_linear *l,
                                  const float *shift)
{
    pare_tensor *t;
    float *bias;
    if (l->bias == PARE_NONE) return add_bias(ctx, m, l, shift);
    PARE_TRY(pare_prune_own_floats(ctx, m, l->bias, &t, &bias));
    for (int64_t o = 0; o < l->out; o++) bias[o] += shift[o];
    const pare_status st = pare_value_set_tensor(ctx, m, l->bias, t);
    pare_tensor_unref(t);
    return st;
}
