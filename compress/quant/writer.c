#include "quant/writer.h"

#include "base/bytes.h"
#include "op/wide.h"

#include <stdio.h>

enum { NAME_BYTES = 512 };

pare_value_id pare_write_const(pare_builder *b, const char *base, const char *suffix,
                               pare_tensor *tensor)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof(name), "%.480s%s", base, suffix);
    return pare_build_const(b, name, tensor);
}

pare_status pare_write_floats(pare_ctx *ctx, pare_dtype type, uint32_t rank, const int64_t *dims,
                              const float *x, pare_tensor **out)
{
    PARE_TRY(pare_tensor_new(ctx, out, type, rank, dims));
    pare_wide_store_as(PARE_WIDE_F32, PARE_STORE_DEFAULT, type,
                       (uint8_t *)(uintptr_t)(*out)->payload.data, 0, (*out)->n_elements, x);
    return PARE_OK;
}

pare_status pare_write_in_place(pare_ctx *ctx, pare_model *model, pare_node_id node,
                                pare_value_id made)
{
    const pare_value_id y = model->nodes[node].outputs[0];
    const pare_node_id last = model->values[made].producer;
    pare_value_detach(model, y);
    PARE_TRY(pare_node_remove(ctx, model, node));
    pare_value_detach(model, made);
    PARE_TRY(pare_node_set_output(ctx, model, last, 0, y));
    return pare_value_remove(ctx, model, made);
}

pare_status pare_write_drop(pare_ctx *ctx, pare_model *model, pare_value_id weight)
{
    if (model->values[weight].n_uses || model->values[weight].is_input) return PARE_OK;
    return pare_value_remove(ctx, model, weight);
}

static bool holds_floats(const pare_tensor *t)
{
    return t->dtype == PARE_FLOAT || t->dtype == PARE_FLOAT16 || t->dtype == PARE_BFLOAT16;
}

static pare_status hoist(pare_ctx *ctx, pare_model *m, pare_node_id node)
{
    const pare_node *n = &m->nodes[node];
    if (!n->graph || *pare_node_domain(n) || !n->op_type || !pare_str_eq(n->op_type, "Constant") ||
        n->n_outputs != 1 || n->outputs[0] == PARE_NONE || pare_graph_root(n->graph)->function)
        return PARE_OK;
    const pare_attr *a = pare_node_attr(n, "value");
    if (!a || a->type != PARE_ATTR_TENSOR || a->ref_name || a->tensors[0]->rank < 2 ||
        !holds_floats(a->tensors[0]))
        return PARE_OK;
    const pare_value_id y = n->outputs[0];
    for (const pare_use *u = m->values[y].first_use; u; u = u->next)
        if (u->user == PARE_NONE) return PARE_OK;
    pare_tensor *t = pare_tensor_ref(a->tensors[0]);
    pare_value_detach(m, y);
    pare_status st = pare_node_remove(ctx, m, node);
    if (!st) st = pare_value_set_tensor(ctx, m, y, t);
    pare_tensor_unref(t);
    return st;
}

pare_status pare_write_hoist(pare_ctx *ctx, pare_model *model)
{
    for (pare_node_id n = 0; n < model->n_nodes; n++) PARE_TRY(hoist(ctx, model, n));
    return PARE_OK;
}
