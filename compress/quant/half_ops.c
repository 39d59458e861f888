#include "quant/half_ops.h"

#include "base/bytes.h"

typedef struct op_row {
    const char *name;
    pare_half_rule rule;
    int64_t since;            /* opset in which 16 bits came */
    uint32_t fixed;           /* bits of inputs */
} op_row;

#define SAME(name, since) { name, PARE_HALF_SAME, since, 0 }
#define CHEAP(name, since) { name, PARE_HALF_CHEAP, since, 0 }
#define MAKES(name) { name, PARE_HALF_MAKES, 1, 0 }

/* Of ONNX itself. What is not here stays. */
static const op_row standard[] = {
    SAME("Conv", 1), SAME("ConvTranspose", 1), SAME("Gemm", 1), SAME("MatMul", 1),
    SAME("Einsum", 12), SAME("LSTM", 1), SAME("GRU", 1), SAME("RNN", 1), SAME("Attention", 23),
    SAME("BatchNormalization", 1), SAME("InstanceNormalization", 1),
    SAME("LayerNormalization", 17), SAME("GroupNormalization", 18), SAME("RMSNormalization", 23),
    SAME("LRN", 1), SAME("LpNormalization", 1), SAME("MeanVarianceNormalization", 9),
    SAME("Softmax", 1), SAME("LogSoftmax", 1), SAME("Hardmax", 1),
    SAME("AveragePool", 1), SAME("GlobalAveragePool", 1), SAME("GlobalMaxPool", 1),
    SAME("GlobalLpPool", 2), SAME("LpPool", 2), SAME("MaxPool", 1),
    SAME("ReduceL1", 1), SAME("ReduceL2", 1), SAME("ReduceLogSum", 1),
    SAME("ReduceLogSumExp", 1), SAME("ReduceMax", 1), SAME("ReduceMean", 1), SAME("ReduceMin", 1),
    SAME("ReduceProd", 1), SAME("ReduceSum", 1), SAME("ReduceSumSquare", 1),
    SAME("Exp", 1), SAME("Log", 1), SAME("Sqrt", 1), SAME("Reciprocal", 1), SAME("Pow", 1),
    SAME("Erf", 9), SAME("Gelu", 20), SAME("Softplus", 1), SAME("Softsign", 1), SAME("Mish", 18),
    SAME("Elu", 1), SAME("Selu", 1), SAME("Celu", 22), SAME("Sin", 7), SAME("Cos", 7),
    SAME("RotaryEmbedding", 23), SAME("Swish", 24), SAME("DepthToSpace", 1),
    CHEAP("Relu", 1), CHEAP("LeakyRelu", 1), CHEAP("PRelu", 1), CHEAP("Sigmoid", 1),
    CHEAP("HardSigmoid", 1), CHEAP("HardSwish", 14), CHEAP("Tanh", 1), CHEAP("Clip", 1),
    CHEAP("Abs", 1), CHEAP("Neg", 1), CHEAP("Floor", 1), CHEAP("Ceil", 1), CHEAP("Round", 11),
    CHEAP("Sign", 9), CHEAP("ThresholdedRelu", 10),
    CHEAP("Add", 1), CHEAP("Sub", 1), CHEAP("Mul", 1), CHEAP("Div", 1), CHEAP("Max", 1),
    CHEAP("Min", 1), CHEAP("Sum", 1), CHEAP("Mean", 1), CHEAP("Where", 9),
    CHEAP("Equal", 11), CHEAP("Greater", 7), CHEAP("Less", 7), CHEAP("GreaterOrEqual", 12),
    CHEAP("LessOrEqual", 12), CHEAP("ArgMax", 1), CHEAP("ArgMin", 1), CHEAP("IsNaN", 9),
    CHEAP("Identity", 1), CHEAP("Dropout", 1), CHEAP("Reshape", 1), CHEAP("Transpose", 1),
    CHEAP("Squeeze", 1), CHEAP("Unsqueeze", 1), CHEAP("Flatten", 1), CHEAP("Concat", 4),
    CHEAP("Split", 2), CHEAP("Slice", 1), CHEAP("Gather", 1), CHEAP("GatherElements", 11),
    CHEAP("GatherND", 11), CHEAP("ScatterND", 11), CHEAP("ScatterElements", 11), CHEAP("Pad", 2),
    CHEAP("Expand", 8), CHEAP("Tile", 6), CHEAP("SpaceToDepth", 1), CHEAP("Trilu", 14),
    CHEAP("TopK", 1), CHEAP("Compress", 9),
    { "Resize", PARE_HALF_SAME, 10, 1u << 1 | 1u << 2 },
    { "Upsample", PARE_HALF_SAME, 7, 1u << 1 },
    MAKES("Cast"), MAKES("Constant"), MAKES("ConstantOfShape"),
    { "Shape", PARE_HALF_BLIND, 1, 0 }, { "Size", PARE_HALF_BLIND, 1, 0 },
};

static const op_row microsoft[] = {
    SAME("Gelu", 1), SAME("FastGelu", 1), SAME("BiasGelu", 1), SAME("QuickGelu", 1),
    SAME("FusedMatMul", 1), SAME("FusedGemm", 1), SAME("FusedConv", 1), SAME("MatMulNBits", 1),
    SAME("GatherBlockQuantized", 1), SAME("SkipLayerNormalization", 1),
    SAME("SimplifiedLayerNormalization", 1), SAME("Attention", 1), SAME("MultiHeadAttention", 1),
};

static const op_row *find(const op_row *rows, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (pare_str_eq(rows[i].name, name)) return &rows[i];
    return NULL;
}

pare_half_rule pare_half_rule_of(const pare_model *model, pare_node_id node, uint32_t *fixed)
{
    const pare_node *n = &model->nodes[node];
    const char *domain = pare_node_domain(n), *op = pare_str_or_empty(n->op_type);
    const op_row *row = NULL;
    *fixed = 0;
    if (!*domain) row = find(standard, sizeof(standard) / sizeof(standard[0]), op);
    else if (pare_str_eq(domain, "com.microsoft"))
        row = find(microsoft, sizeof(microsoft) / sizeof(microsoft[0]), op);
    if (!row || pare_opset_version(pare_graph_opsets(n->graph), domain) < row->since ||
        pare_model_function(model, domain, op, n->overload))
        return PARE_HALF_NEVER;
    *fixed = row->fixed;
    if (pare_str_eq(op, "Resize") && pare_opset_version(pare_graph_opsets(n->graph), "") < 11)
        *fixed = 1u << 1;
    return row->rule;
}

bool pare_half_magnifies(const pare_node *node)
{
    static const char *const names[] = { "Sqrt", "Div", "Reciprocal", "Pow", "Log" };
    for (size_t i = 0; !*pare_node_domain(node) && i < sizeof(names) / sizeof(names[0]); i++)
        if (pare_str_eq(pare_str_or_empty(node->op_type), names[i])) return true;
    return false;
}
