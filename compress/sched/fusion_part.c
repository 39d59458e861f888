#include "sched/fuser.h"

static bool is_one_of(uint32_t dtypes, pare_dtype dtype)
{
    return !dtypes || (dtype != PARE_DTYPE_UNDEFINED && (dtypes & PARE_DTYPE_BIT(dtype)));
}

static bool types_fit(const pare_fuser *f, const pare_fusion_part *part, const pare_node *n,
                      pare_value_id output)
{
    if (!part->in_dtypes && !part->out_dtypes) return true;
    if (!is_one_of(part->out_dtypes, pare_fact_dtype(&f->facts, output))) return false;
    for (uint32_t i = 0; part->in_dtypes && i < n->n_inputs; i++) {
        const pare_value_id v = n->inputs[i].value;
        if (v != PARE_NONE && !is_one_of(part->in_dtypes, pare_fact_dtype(&f->facts, v)))
            return false;
    }
    return true;
}

bool pare_part_allows(const pare_fuser *f, const pare_fusion_part *part, uint32_t position)
{
    const pare_node *n = pare_fuser_node(f, position);
    const pare_value_id output = pare_fuser_output(f, position);
    uint32_t rank;
    int64_t attr;
    if (output == PARE_NONE) return false;
    if (part->since) {
        const pare_opsets *opsets = pare_graph_opsets(f->graph);
        if (pare_opset_version(opsets, pare_node_domain(n)) < part->since) return false;
    }
    for (size_t i = 0; i < part->n_attrs; i++) {
        const pare_fusion_attr *a = &part->attrs[i];
        if (!pare_fact_attr(n, a->name, a->value, &attr) || attr != a->value) return false;
    }
    if (part->rank && (!pare_fact_rank(&f->facts, output, &rank) || rank != part->rank))
        return false;
    return types_fit(f, part, n, output);
}

/* Whether a constant broadcasts into the fused value along one axis of it only: all its other
 * dimensions are 1. */
static bool is_along(const pare_fuser *f, pare_value_id operand, pare_value_id fused, bool last)
{
    uint32_t rank, fused_rank;
    int64_t d;
    if (!pare_fact_is_constant(&f->facts, operand)) return false;
    if (!pare_fact_rank(&f->facts, operand, &rank)) return false;
    if (!pare_fact_rank(&f->facts, fused, &fused_rank)) return false;
    if (!rank || rank > fused_rank || (!last && fused_rank < 2)) return false;
    const uint32_t axis = last ? fused_rank - 1 : 1;
    if (axis < fused_rank - rank) return false;
    const uint32_t own_axis = axis - (fused_rank - rank);
    for (uint32_t i = 0; i < rank; i++) {
        if (i == own_axis) continue;
        if (!pare_fact_dim(&f->facts, operand, i, &d) || d != 1) return false;
    }
    return pare_fact_same_dim(&f->facts, operand, own_axis, fused, axis);
}

/* A scalar that does not add axes to the fused value. */
static bool is_scalar(const pare_fuser *f, pare_value_id operand, pare_value_id fused)
{
    uint32_t rank, fused_rank;
    if (!pare_fact_is_scalar(&f->facts, operand)) return false;
    if (pare_fact_rank(&f->facts, operand, &rank) && !rank) return true;
    return pare_fact_rank(&f->facts, operand, &rank) &&
           pare_fact_rank(&f->facts, fused, &fused_rank) && rank <= fused_rank;
}

/* Whether a value is what DequantizeLinear makes of constants. */
static bool is_dequantized(const pare_fuser *f, pare_value_id value)
{
    const pare_node_id id = pare_value_at(f->model, value)->producer;
    if (id == PARE_NONE) return false;
    const pare_node *n = pare_node_at(f->model, id);
    bool is_constant = pare_str_eq(pare_str_or_empty(n->op_type), "DequantizeLinear");
    for (uint32_t i = 0; is_constant && i < n->n_inputs; i++)
        is_constant = n->inputs[i].value == PARE_NONE ||
                      pare_fact_is_constant(&f->facts, n->inputs[i].value);
    return is_constant;
}

static bool operand_fits(const pare_fuser *f, uint32_t allowed, pare_value_id operand,
                         pare_value_id fused, pare_value_id output)
{
    if (allowed & PARE_OPERAND_ANY && pare_fact_same_shape(&f->facts, output, fused)) return true;
    if (allowed & PARE_OPERAND_CONSTANT && pare_fact_is_constant(&f->facts, operand)) return true;
    if (allowed & PARE_OPERAND_DEQUANTIZED && is_dequantized(f, operand)) return true;
    if (allowed & PARE_OPERAND_SAME && pare_fact_same_shape(&f->facts, operand, fused)) return true;
    if (allowed & PARE_OPERAND_SCALAR && is_scalar(f, operand, fused)) return true;
    if (allowed & PARE_OPERAND_LAST && is_along(f, operand, fused, true)) return true;
    return allowed & PARE_OPERAND_CHANNEL && is_along(f, operand, fused, false);
}

bool pare_part_allows_operands(const pare_fuser *f, const pare_fusion_part *part,
                               uint32_t position, uint32_t slot)
{
    const pare_node *n = pare_fuser_node(f, position);
    const pare_value_id fused = n->inputs[slot].value;
    if (part->first && slot) return false;
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_value_id v = n->inputs[i].value;
        if (i == slot || v == PARE_NONE) continue;
        if (!operand_fits(f, part->operands, v, fused, pare_fuser_output(f, position)))
            return false;
    }
    return true;
}
