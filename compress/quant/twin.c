#include "quant/twin.h"

#include "base/bytes.h"

#include <string.h>

bool pare_twin_suits(const pare_node *node)
{
    for (uint32_t i = 1; i < node->n_outputs; i++)
        if (node->outputs[i] != PARE_NONE) return false;
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        const pare_attr_type type = node->attrs[i]->type;
        if (type != PARE_ATTR_FLOAT && type != PARE_ATTR_INT && type != PARE_ATTR_STRING &&
            type != PARE_ATTR_FLOATS && type != PARE_ATTR_INTS && type != PARE_ATTR_STRINGS)
            return false;
    }
    return node->n_outputs && node->outputs[0] != PARE_NONE;
}

pare_value_id pare_twin_emit(pare_builder *b, const pare_node *of, const pare_value_id *inputs)
{
    /* `of` may move when its own model grows */
    const char *const domain = of->domain;
    const pare_attr *const *const attrs = of->attrs;
    const uint32_t n_attrs = of->n_attrs;
    const pare_value_id y = pare_emit_n(b, of->op_type, inputs, of->n_inputs, 1);
    if (!b->status && domain && *domain) pare_build_domain(b, domain);
    for (uint32_t i = 0; i < n_attrs && !b->status; i++) pare_build_attr(b, attrs[i]);
    return y;
}

pare_node_id pare_twin_producer(const pare_model *model, pare_value_id value, const char *op_type)
{
    const pare_node_id node = value == PARE_NONE ? PARE_NONE : model->values[value].producer;
    return node != PARE_NONE && !*pare_node_domain(&model->nodes[node]) &&
                   pare_str_eq(model->nodes[node].op_type, op_type)
               ? node
               : PARE_NONE;
}

pare_value_id pare_twin_unrounded(const pare_model *model, pare_value_id value)
{
    const pare_node_id dq = pare_twin_producer(model, value, "DequantizeLinear");
    if (dq == PARE_NONE) return value;
    const pare_node_id q =
        pare_twin_producer(model, model->nodes[dq].inputs[0].value, "QuantizeLinear");
    return q == PARE_NONE ? value : model->nodes[q].inputs[0].value;
}
