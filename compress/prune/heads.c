#include "prune/heads.h"

#include "base/bytes.h"

/* Whether a number is how many heads there are. */
static bool counts_heads(const pare_follow *f)
{
    static const char *const names[] = { "num_heads", "kv_num_heads", "q_num_heads" };
    for (size_t i = 0; f->attribute && i < sizeof(names) / sizeof(names[0]); i++)
        if (pare_str_eq(f->attribute, names[i])) return true;
    return false;
}

static void mark(const pare_axes_found *axes, const pare_axis_info *axis, int64_t block,
                 bool *is_heads)
{
    for (uint32_t i = 0; i < axis->n_factors; i++) {
        const pare_factor *f = &axes->factors[axis->first_factor + i];
        if (f->group != PARE_NONE && f->stride >= block) is_heads[f->group] = true;
    }
}

/* Axes in front of the matrices of a product without constants. */
static void mark_batches(const pare_model *m, const pare_axes_found *axes, const pare_node *n,
                         bool *is_heads)
{
    const bool is_product = pare_str_eq(n->op_type, "MatMul") ||
                            pare_str_eq(n->op_type, "FusedMatMul");
    if (!is_product || n->n_inputs != 2 || n->n_outputs != 1) return;
    for (uint32_t i = 0; i < 2; i++)
        if (n->inputs[i].value == PARE_NONE || m->values[n->inputs[i].value].tensor) return;
    const uint32_t first = axes->first_axis[n->outputs[0]];
    const uint32_t rank = axes->first_axis[n->outputs[0] + 1] - first;
    for (uint32_t k = 0; k + 2 < rank; k++) mark(axes, &axes->axes[first + k], 1, is_heads);
}

void pare_heads_find(const pare_model *model, const pare_axes_found *axes, bool *is_heads)
{
    for (size_t g = 0; g < axes->n_groups; g++) is_heads[g] = false;
    for (size_t i = 0; i < axes->n_follows; i++) {
        const pare_axis_follow *f = &axes->follows[i];
        if (counts_heads(&f->follow))
            mark(axes, &axes->axes[f->axis], f->follow.block, is_heads);
    }
    for (pare_node_id n = 0; n < model->n_nodes; n++)
        if (model->nodes[n].graph) mark_batches(model, axes, &model->nodes[n], is_heads);
}
