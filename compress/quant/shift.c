#include "quant/shift.h"

#include "base/bytes.h"
#include "ir/build.h"
#include "quant/writer.h"

/* An input of a node that holds a bias. */
typedef struct place {
    pare_node_id node;
    uint32_t slot;            /* where it is, or may be put */
    float factor;             /* of the bias */
} place;

static bool is_bias(const pare_model *model, pare_value_id value, int64_t out)
{
    const pare_tensor *t = value == PARE_NONE ? NULL : model->values[value].tensor;
    return t && t->dtype == PARE_FLOAT && t->n_elements == out && t->rank >= 1 &&
           t->dims[t->rank - 1] == out && !model->values[value].is_input;
}

/* The Add that alone reads the output of a MatMul. */
static bool find_add(const pare_model *model, const pare_linear *l, place *out)
{
    const pare_value *y = &model->values[model->nodes[l->node].outputs[0]];
    if (y->n_uses != 1 || y->first_use->user == PARE_NONE) return false;
    const pare_node *add = &model->nodes[y->first_use->user];
    if (!pare_str_eq(add->op_type, "Add") || *pare_node_domain(add) || add->n_inputs != 2 ||
        y->first_use->graph != y->graph)
        return false;
    *out = (place){ y->first_use->user, 1 - y->first_use->slot, 1 };
    return is_bias(model, add->inputs[out->slot].value, l->out);
}

static bool find_place(const pare_model *model, const pare_linear *l, place *out)
{
    const pare_node *node = &model->nodes[l->node];
    if (!l->may_have_bias) return find_add(model, l, out);
    const pare_value_id bias = node->n_inputs > 2 ? node->inputs[2].value : PARE_NONE;
    *out = (place){ l->node, 2, l->bias_factor };
    return bias == PARE_NONE || (l->bias_factor != 0 && is_bias(model, bias, l->out));
}

bool pare_can_shift(const pare_model *model, const pare_linear *linear)
{
    place p;
    return find_place(model, linear, &p);
}

pare_status pare_shift_outputs(pare_ctx *ctx, pare_model *model, const pare_linear *l,
                               const float *shift)
{
    place p;
    pare_tensor *sum = NULL, *old = NULL;
    if (!find_place(model, l, &p))
        return pare_fail(ctx, PARE_EUSAGE, "a node without a bias that could be changed");
    const pare_node *node = &model->nodes[p.node];
    const pare_value_id bias = p.slot < node->n_inputs ? node->inputs[p.slot].value : PARE_NONE;
    const char *base = model->values[bias == PARE_NONE ? l->weight : bias].name;
    pare_status st = PARE_OK;
    if (bias != PARE_NONE) st = pare_tensor_densify(ctx, &old, model->values[bias].tensor);
    if (!st)
        st = old ? pare_tensor_new(ctx, &sum, PARE_FLOAT, old->rank, old->dims)
                 : pare_tensor_new(ctx, &sum, PARE_FLOAT, 1, &l->out);
    if (!st) {
        float *to = (float *)(uintptr_t)sum->payload.data;
        const float *from = old ? (const float *)(const void *)old->payload.data : NULL;
        const float factor = bias == PARE_NONE && p.factor == 0 ? 1 : p.factor;
        for (int64_t o = 0; o < l->out; o++) to[o] = (from ? from[o] : 0) + shift[o] / factor;
    }
    pare_tensor_unref(old);
    if (st) return st;
    pare_builder b;
    pare_builder_init(&b, ctx, model->nodes[p.node].graph);
    const pare_value_id made = pare_write_const(&b, base, "_shifted", sum);
    if (b.status) return b.status;
    if (model->nodes[p.node].n_inputs <= p.slot)
        PARE_TRY(pare_node_resize_inputs(ctx, model, p.node, p.slot + 1));
    PARE_TRY(pare_node_set_input(ctx, model, p.node, p.slot, made));
    return bias == PARE_NONE ? PARE_OK : pare_write_drop(ctx, model, bias);
}
