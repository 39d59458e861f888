#include "prune/mask.h"

#include "base/bytes.h"
#include "ir/graph.h"

#include <string.h>

/* Inputs where zeros would not mean that nothing comes through. */
static const struct { const char *op; uint32_t first_slot; } scales[] = {
    { "BatchNormalization", 4 }, { "Div", 1 }, { "Pow", 0 }, { "QuantizeLinear", 1 },
};

/* Operands of quantized operators, and the inputs that say which number is zero there (PARE_NONE: 0
 * is); where there are several these lie along an axis, which below 0 counts from the end. */
static const struct {
    const char *op;
    uint32_t slot, zero;
    int axis;
} quantized[] = {
    { "ConvInteger", 0, 2, 0 },    { "ConvInteger", 1, 3, 0 },
    { "DequantizeLinear", 0, 2, 1 }, /* or as the attribute says */
    { "DynamicQuantizeMatMul", 0, PARE_NONE, 0 }, { "DynamicQuantizeMatMul", 1, 3, -1 },
    { "DynamicQuantizeMatMul", 4, PARE_NONE, 0 },
    { "MatMulInteger", 0, 2, -2 }, { "MatMulInteger", 1, 3, -1 },
    { "MatMulIntegerToFloat", 0, 4, -2 }, { "MatMulIntegerToFloat", 1, 5, -1 },
    { "MatMulIntegerToFloat", 6, PARE_NONE, 0 },
    { "QAttention", 0, 6, 0 },     { "QAttention", 1, 7, -1 },
    { "QAttention", 2, PARE_NONE, 0 }, { "QAttention", 8, PARE_NONE, 0 },
    { "QGemm", 0, 2, 0 },          { "QGemm", 3, 5, 0 },
    { "QGemm", 6, PARE_NONE, 0 },
    { "QLinearAdd", 0, 2, 0 },     { "QLinearAdd", 3, 5, 0 },
    { "QLinearAveragePool", 0, 2, 0 }, { "QLinearGlobalAveragePool", 0, 2, 0 },
    { "QLinearConv", 0, 2, 0 },    { "QLinearConv", 3, 5, 0 },
    { "QLinearConv", 8, PARE_NONE, 0 },
    { "QLinearLeakyRelu", 0, 2, 0 },
    { "QLinearMatMul", 0, 2, -2 }, { "QLinearMatMul", 3, 5, -1 },
    { "QLinearMul", 0, 2, 0 },     { "QLinearMul", 3, 5, 0 },
    { "QLinearSigmoid", 0, 2, 0 }, { "QLinearSoftmax", 0, 2, 0 },
    { "QLinearWhere", 1, 3, 0 },   { "QLinearWhere", 4, 6, 0 },
};

enum { N_QUANTIZED = sizeof(quantized) / sizeof(quantized[0]) };

/* What the input of a node is zero by. */
typedef struct zero_point {
    const pare_tensor *numbers; /* NULL: 0 */
    uint32_t axis;
} zero_point;

/* Row of `quantized` of a use; N_QUANTIZED: none. *is_other: the operator has such rows, yet this
 * input is none of them. */
static size_t quantized_row(const pare_node *n, uint32_t slot, bool *is_other)
{
    *is_other = pare_str_eq(n->op_type, "QLinearConcat") && (slot < 2 || slot % 3 != 2);
    for (size_t i = 0; i < N_QUANTIZED; i++) {
        if (!pare_str_eq(n->op_type, quantized[i].op)) continue;
        *is_other = true;
        if (quantized[i].slot != slot) continue;
        *is_other = false;
        return i;
    }
    return N_QUANTIZED;
}

static bool may_be_zero(const pare_model *m, pare_value_id v)
{
    for (const pare_use *use = m->values[v].first_use; use; use = use->next) {
        bool is_other;
        if (use->user == PARE_NONE) return false;
        (void)quantized_row(&m->nodes[use->user], use->slot, &is_other);
        if (is_other) return false;
        for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++)
            if (use->slot >= scales[i].first_slot &&
                pare_str_eq(m->nodes[use->user].op_type, scales[i].op))
                return false;
    }
    return true;
}

/* Integers that are no sums of quantized numbers say where or how many. */
static bool is_index(const pare_model *m, pare_value_id v)
{
    const pare_dtype dtype = m->values[v].tensor->dtype;
    if (dtype != PARE_INT64 && dtype != PARE_INT32) return false;
    for (const pare_use *use = m->values[v].first_use; use; use = use->next) {
        bool is_other;
        if (use->user != PARE_NONE &&
            quantized_row(&m->nodes[use->user], use->slot, &is_other) < N_QUANTIZED)
            return false;
    }
    return true;
}

static zero_point zero_of(const pare_model *m, pare_value_id v)
{
    const int64_t rank = m->values[v].tensor->rank;
    for (const pare_use *use = m->values[v].first_use; use; use = use->next) {
        bool is_other;
        const pare_node *n = &m->nodes[use->user];
        const size_t row = quantized_row(n, use->slot, &is_other);
        const bool is_part = pare_str_eq(n->op_type, "QLinearConcat");
        if (row == N_QUANTIZED && !is_part) continue;
        const uint32_t slot = is_part ? use->slot + 2 : quantized[row].zero;
        const pare_attr *axis = pare_node_attr(n, "axis");
        int64_t k = is_part ? 0 : quantized[row].axis;
        const bool has_axis = axis && axis->type == PARE_ATTR_INT &&
                              pare_str_eq(n->op_type, "DequantizeLinear");
        if (has_axis) k = axis->ints[0];
        if (slot == PARE_NONE || slot >= n->n_inputs || n->inputs[slot].value == PARE_NONE) break;
        const pare_tensor *numbers = m->values[n->inputs[slot].value].tensor;
        k += k < 0 ? rank : 0;
        if (numbers && numbers->dtype != m->values[v].tensor->dtype) break;
        if (numbers && numbers->n_elements == 1) return (zero_point){ numbers, 0 };
        if (!numbers || k < 0 || k >= rank) break;
        if (numbers->rank == 1 && numbers->dims[0] == m->values[v].tensor->dims[k])
            return (zero_point){ numbers, (uint32_t)k };
    }
    return (zero_point){ NULL, 0 };
}

bool pare_prune_keeps(const pare_axes_found *axes, pare_value_id value, uint32_t rank,
                      const int64_t *dims, const bool *gone, int64_t element)
{
    for (uint32_t k = rank; k-- > 0; element /= dims[k]) {
        const pare_axis_info *axis = pare_axes_of(axes, value, k);
        if (axis && !pare_axis_keeps(axes, axis, gone, element % dims[k])) return false;
    }
    return true;
}

static pare_status mask_constant(pare_ctx *ctx, pare_model *m, const pare_axes_found *axes,
                                 const bool *gone, pare_value_id v)
{
    uint8_t *data = NULL;
    pare_tensor *own = pare_tensor_ref(m->values[v].tensor), *zeros = NULL;
    const zero_point zero = zero_of(m, v);
    const size_t width = (size_t)pare_dtype_of(own->dtype)->bits / 8;
    pare_status st = pare_tensor_own(ctx, &own, &data);
    if (!st && zero.numbers) st = pare_tensor_densify(ctx, &zeros, (pare_tensor *)zero.numbers);
    int64_t after = 1; /* elements per position of the axis that zero points lie along */
    for (uint32_t k = zero.axis + 1; k < own->rank; k++) after *= own->dims[k];
    for (int64_t i = 0; !st && i < own->n_elements; i++) {
        if (pare_prune_keeps(axes, v, own->rank, own->dims, gone, i)) continue;
        const int64_t at = zeros && zeros->n_elements > 1 ? i / after % own->dims[zero.axis] : 0;
        uint8_t *element = data + (size_t)i * width;
        const uint8_t *from = zeros ? (const uint8_t *)zeros->payload.data + (size_t)at * width
                                    : NULL;
        if (from) memcpy(element, from, width);
        else memset(element, 0, width);
    }
    if (!st) st = pare_value_set_tensor(ctx, m, v, own);
    pare_tensor_unref(own);
    pare_tensor_unref(zeros);
    return st;
}

pare_status pare_prune_mask(pare_ctx *ctx, pare_model *model, const pare_axes_found *axes,
                            const bool *gone)
{
    for (pare_value_id v = 0; v < axes->n_values; v++) {
        const pare_tensor *t = model->values[v].tensor;
        if (!t || !may_be_zero(model, v)) continue;
        if (is_index(model, v) || pare_dtype_of(t->dtype)->bits < 8 ||
            !pare_axes_shrink(axes, v, gone))
            continue;
        PARE_TRY(mask_constant(ctx, model, axes, gone, v));
    }
    return PARE_OK;
}
