#include "base/bytes.h"
#include "op/wide.h"

#include "prune/axes_work.h"

#include <string.h>

/* Which values hold zeros wherever their parameters do: sums over what goes are then sums over what
 * stays. */

/* Operators that make nothing of zeros, of all inputs but those that say how. */
static const char *const keepers[] = {
    "Abs", "Add", "Asin", "Asinh", "Atan", "Atanh", "AveragePool", "BatchNormalization", "BiasGelu",
    "Cast", "Celu", "Ceil", "Concat", "Conv", "ConvTranspose", "DepthToSpace", "DequantizeLinear",
    "Dropout", "Einsum", "Elu", "Erf", "Expand", "FastGelu", "Flatten", "Floor", "FusedConv",
    "FusedGemm", "FusedMatMul", "Gelu", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "HardSwish",
    "Identity", "InstanceNormalization", "LayerNormalization", "LeakyRelu", "MatMul", "Max",
    "MaxPool", "Min", "Mish", "Neg", "PRelu", "QuantizeLinear", "QuickGelu", "Relu", "Reshape",
    "Resize", "Round", "Selu", "Shrink", "Sign", "Sin", "Sinh", "Slice", "Softsign", "SpaceToDepth",
    "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Swish", "Tan", "Tanh", "ThresholdedRelu", "Tile",
    "Transpose", "Unsqueeze", "Upsample",
};

static bool is_keeper(const char *op)
{
    for (size_t i = 0; i < sizeof(keepers) / sizeof(keepers[0]); i++)
        if (pare_str_eq(op, keepers[i])) return true;
    return false;
}

/* How many of the first inputs carry numbers; those behind are parameters, sizes, places. */
static uint32_t n_carriers(const pare_node *n)
{
    static const char *const all[] = { "Add", "Concat", "Einsum", "Gemm", "MatMul", "Max", "Min",
                                       "Sub", "Sum", "FusedMatMul", "FusedGemm", "FusedConv" };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (pare_str_eq(n->op_type, all[i])) return n->n_inputs;
    return 1;
}

/* Products of integers or by blocks, and where their weights stand: constants are zero there. */
static const struct { const char *op; uint32_t weight; } integers[] = {
    { "ConvInteger", 1 },   { "DynamicQuantizeMatMul", 1 }, { "MatMulInteger", 1 },
    { "MatMulIntegerToFloat", 1 }, { "MatMulNBits", 1 },    { "QGemm", 3 },
    { "QLinearConv", 3 },   { "QLinearMatMul", 3 },
};

static bool is_integer_product(const pare_axes_work *w, const pare_node *n)
{
    for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
        const uint32_t slot = integers[i].weight;
        if (!pare_str_eq(n->op_type, integers[i].op)) continue;
        return slot < n->n_inputs && n->inputs[slot].value != PARE_NONE &&
               w->model->values[n->inputs[slot].value].tensor;
    }
    return false;
}

/* Products by constants: what goes has no weights, whatever they are multiplied by. */
static bool is_product(const pare_axes_work *w, const pare_node *n)
{
    static const char *const ops[] = { "BatchNormalization", "Conv", "ConvTranspose", "Gemm",
                                       "InstanceNormalization", "LayerNormalization", "MatMul" };
    bool is_one = false;
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        is_one |= pare_str_eq(n->op_type, ops[i]);
    for (uint32_t i = 1; is_one && i < n->n_inputs; i++)
        if (n->inputs[i].value != PARE_NONE && !w->is_zero[n->inputs[i].value]) return false;
    return is_one;
}

static bool one_is(const pare_axes_work *w, const pare_node *n)
{
    for (uint32_t i = 0; i < n->n_inputs; i++)
        if (n->inputs[i].value != PARE_NONE && w->is_zero[n->inputs[i].value]) return true;
    return false;
}

static bool all_are(const pare_axes_work *w, const pare_node *n, uint32_t n_inputs)
{
    for (uint32_t i = 0; i < n_inputs && i < n->n_inputs; i++)
        if (n->inputs[i].value != PARE_NONE && !w->is_zero[n->inputs[i].value]) return false;
    return true;
}

/* The only element of a tensor, whose payload need not be aligned. False: it cannot be had here. */
static bool read_one(const pare_tensor *t, double *out)
{
    _Alignas(16) uint8_t element[16];
    const size_t width = (size_t)pare_dtype_of(t->dtype)->bits / 8;
    const bool is_plain = t->encoding == PARE_ENC_DENSE ||
                          (t->encoding == PARE_ENC_FLOAT_DATA && t->dtype == PARE_FLOAT);
    if (!is_plain || !pare_wide_of(t->dtype) || t->n_elements != 1 || !width ||
        width > sizeof(element) || t->payload.n < width)
        return false;
    memcpy(element, t->payload.data, width);
    pare_wide_load_as(PARE_WIDE_F64, t->dtype, element, 0, 1, 1, out);
    return true;
}

/* Bounds of Clip that have 0 between them, as far as they are known. */
static bool clips_zero(const pare_axes_work *w, const pare_node *n)
{
    const pare_attr *min = pare_node_attr(n, "min"), *max = pare_node_attr(n, "max");
    if (min && min->type == PARE_ATTR_FLOAT && min->floats[0] > 0) return false;
    if (max && max->type == PARE_ATTR_FLOAT && max->floats[0] < 0) return false;
    for (uint32_t i = 1; i < n->n_inputs && i < 3; i++) {
        const pare_value_id v = n->inputs[i].value;
        const pare_tensor *t = v == PARE_NONE ? NULL : w->model->values[v].tensor;
        double bound = 0;
        if (v == PARE_NONE) continue;
        if (!t || !read_one(t, &bound)) return false;
        if (i == 1 ? bound > 0 : bound < 0) return false;
    }
    return true;
}

static bool is_recurrent(const pare_node *n)
{
    const bool is_one = pare_str_eq(n->op_type, "LSTM") || pare_str_eq(n->op_type, "GRU") ||
                        pare_str_eq(n->op_type, "RNN");
    return is_one && !pare_node_attr(n, "activations");
}

static bool keeps(const pare_axes_work *w, const pare_node *n)
{
    if (!n->op_type) return false;
    if (is_recurrent(n) || is_product(w, n) || is_integer_product(w, n)) return true;
    if (pare_str_eq(n->op_type, "QLinearAdd") && n->n_inputs > 3)
        return w->is_zero[n->inputs[0].value] && w->is_zero[n->inputs[3].value];
    if (pare_str_eq(n->op_type, "Mul")) return one_is(w, n);
    if (pare_str_eq(n->op_type, "Div")) return all_are(w, n, 1);
    if (pare_str_eq(n->op_type, "Clip")) return clips_zero(w, n) && all_are(w, n, 1);
    return is_keeper(n->op_type) && all_are(w, n, n_carriers(n));
}

void pare_axes_note_zeros(pare_axes_work *w, pare_node_id node)
{
    const pare_node *n = &w->model->nodes[node];
    const bool is_zero = keeps(w, n);
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE) w->is_zero[n->outputs[i]] = is_zero;
}

/* A number that is broadcast to all positions has no part in what goes. */
static bool is_zero_constant(const pare_tensor *t)
{
    double x = 1;
    if (!t || t->n_elements != 1) return t != NULL;
    return read_one(t, &x) && x == 0;
}

pare_status pare_axes_begin_zeros(pare_axes_work *w)
{
    w->is_zero = pare_alloc_zero(w->ctx, w->model->n_values + 1);
    if (!w->is_zero) return pare_fail_memory(w->ctx, w->model->n_values);
    for (pare_value_id v = 0; v < w->model->n_values; v++)
        w->is_zero[v] = is_zero_constant(w->model->values[v].tensor);
    return PARE_OK;
}
