#include "quant/join_bias.h"

#include "base/bytes.h"
#include "op/infer.h"

static const pare_tensor *constant(const pare_model *m, pare_value_id v)
{
    return v == PARE_NONE ? NULL : m->values[v].tensor;
}

/* The Add of a row to what a MatMul makes, and the slot of the row; PARE_NONE: none. */
static pare_node_id find_row(const pare_model *m, const pare_node *n, uint32_t *slot)
{
    const pare_value *made = &m->values[n->outputs[0]];
    const pare_tensor *w = constant(m, n->inputs[1].value);
    if (made->n_uses != 1 || made->first_use->user == PARE_NONE ||
        made->first_use->graph != m->graph || !w || w->rank != 2 || w->dtype != PARE_FLOAT)
        return PARE_NONE;
    const pare_node *add = &m->nodes[made->first_use->user];
    if (!pare_str_eq(add->op_type, "Add") || *pare_node_domain(add)) return PARE_NONE;
    *slot = 1 - made->first_use->slot;
    const pare_tensor *row = constant(m, add->inputs[*slot].value);
    if (!row || row->dtype != PARE_FLOAT || !row->rank || row->rank > 2 ||
        row->n_elements != w->dims[1] || row->dims[row->rank - 1] != w->dims[1])
        return PARE_NONE;
    return made->first_use->user;
}

static pare_status join(pare_ctx *ctx, pare_model *m, pare_node_id product, pare_node_id add,
                        uint32_t slot)
{
    const pare_value_id row = m->nodes[add].inputs[slot].value, sum = m->nodes[add].outputs[0];
    const pare_value_id old = m->nodes[product].outputs[0];
    pare_value_detach(m, sum);
    PARE_TRY(pare_node_remove(ctx, m, add));
    pare_value_detach(m, old);
    PARE_TRY(pare_value_remove(ctx, m, old));
    PARE_TRY(pare_node_set_output(ctx, m, product, 0, sum));
    PARE_TRY(pare_node_set_op(ctx, m, product, "Gemm", m->nodes[product].domain));
    PARE_TRY(pare_node_resize_inputs(ctx, m, product, 3));
    return pare_node_set_input(ctx, m, product, 2, row);
}

pare_status pare_join_bias(pare_ctx *ctx, pare_model *model, uint64_t *n_joined)
{
    pare_shapes *shapes = NULL;
    uint32_t slot = 0;
    *n_joined = 0;
    PARE_TRY(pare_infer(ctx, &shapes, model, NULL));
    pare_status st = PARE_OK;
    for (pare_node_id id = model->graph->first_node, next; !st && id != PARE_NONE; id = next) {
        const pare_node *n = &model->nodes[id];
        next = n->next;
        if (!pare_str_eq(n->op_type, "MatMul") || *pare_node_domain(n) || n->n_inputs != 2 ||
            n->n_outputs != 1 || n->inputs[0].value == PARE_NONE || n->outputs[0] == PARE_NONE)
            continue;
        const pare_info *x = pare_shapes_of(shapes, n->inputs[0].value);
        const pare_node_id add = find_row(model, n, &slot);
        if (!pare_info_has_rank(x) || x->rank != 2 || add == PARE_NONE) continue;
        if (next == add) next = model->nodes[add].next;
        st = join(ctx, model, id, add, slot);
        if (!st) ++*n_joined;
    }
    pare_shapes_free(ctx, shapes);
    return st;
}
