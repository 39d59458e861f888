#include "run/planner.h"

#include "run/lower/lower.h"

#include <stddef.h>
#include <string.h>

/* Which family lowers an operator. Sorted by domain, then name, like the operator table. */
static const struct {
    const char *domain, *name;
    pare_lower_fn *lower;
} rows[] = {
    { "", "ArgMax", pare_lower_arg },
    { "", "ArgMin", pare_lower_arg },
    { "", "AveragePool", pare_lower_average_pool },
    { "", "Cast", pare_lower_cast },
    { "", "CastLike", pare_lower_cast },
    { "", "Concat", pare_lower_concat },
    { "", "Conv", pare_lower_conv },
    { "", "ConvInteger", pare_lower_conv_integer },
    { "", "ConvTranspose", pare_lower_conv_transpose },
    { "", "DepthToSpace", pare_lower_depth_to_space },
    { "", "DequantizeLinear", pare_lower_quantize },
    { "", "Dropout", pare_lower_dropout },
    { "", "DynamicQuantizeLinear", pare_lower_dynamic_quantize },
    { "", "Expand", pare_lower_expand },
    { "", "Flatten", pare_lower_view },
    { "", "GRU", pare_lower_rnn },
    { "", "Gather", pare_lower_gather },
    { "", "Gemm", pare_lower_gemm },
    { "", "GlobalAveragePool", pare_lower_global_average_pool },
    { "", "GlobalMaxPool", pare_lower_global_max_pool },
    { "", "GroupNormalization", pare_lower_channel_norm },
    { "", "Identity", pare_lower_view },
    { "", "InstanceNormalization", pare_lower_channel_norm },
    { "", "LSTM", pare_lower_rnn },
    { "", "LayerNormalization", pare_lower_layer_norm },
    { "", "LogSoftmax", pare_lower_softmax },
    { "", "LpNormalization", pare_lower_lp_norm },
    { "", "MatMul", pare_lower_matmul },
    { "", "MatMulInteger", pare_lower_matmul_integer },
    { "", "MaxPool", pare_lower_max_pool },
    { "", "MeanVarianceNormalization", pare_lower_mean_variance_norm },
    { "", "Pad", pare_lower_pad },
    { "", "QLinearConv", pare_lower_qlinear_conv },
    { "", "QLinearMatMul", pare_lower_qlinear_matmul },
    { "", "QuantizeLinear", pare_lower_quantize },
    { "", "RMSNormalization", pare_lower_layer_norm },
    { "", "RNN", pare_lower_rnn },
    { "", "ReduceL1", pare_lower_reduce },
    { "", "ReduceL2", pare_lower_reduce },
    { "", "ReduceLogSum", pare_lower_reduce },
    { "", "ReduceLogSumExp", pare_lower_reduce },
    { "", "ReduceMax", pare_lower_reduce },
    { "", "ReduceMean", pare_lower_reduce },
    { "", "ReduceMin", pare_lower_reduce },
    { "", "ReduceProd", pare_lower_reduce },
    { "", "ReduceSum", pare_lower_reduce },
    { "", "ReduceSumSquare", pare_lower_reduce },
    { "", "Reshape", pare_lower_view },
    { "", "SimplifiedLayerNormalization", pare_lower_layer_norm },
    { "", "Slice", pare_lower_slice },
    { "", "Softmax", pare_lower_softmax },
    { "", "SpaceToDepth", pare_lower_space_to_depth },
    { "", "Split", pare_lower_split },
    { "", "Squeeze", pare_lower_view },
    { "", "Tile", pare_lower_tile },
    { "", "Transpose", pare_lower_transpose },
    { "", "Unsqueeze", pare_lower_view },
    { "com.microsoft", "DequantizeLinear", pare_lower_quantize },
    { "com.microsoft", "DynamicQuantizeMatMul", pare_lower_dynamic_quantize_matmul },
    { "com.microsoft", "MatMulIntegerToFloat", pare_lower_matmul_integer_to_float },
    { "com.microsoft", "MatMulNBits", pare_lower_matmul_nbits },
    { "com.microsoft", "QGemm", pare_lower_qgemm },
    { "com.microsoft", "QLinearAveragePool", pare_lower_qlinear_average_pool },
    { "com.microsoft", "QLinearConcat", pare_lower_qlinear_concat },
    { "com.microsoft", "QLinearGlobalAveragePool", pare_lower_qlinear_average_pool },
    { "com.microsoft", "QLinearSoftmax", pare_lower_qlinear_softmax },
    { "com.microsoft", "QuantizeLinear", pare_lower_quantize },
    { "com.microsoft", "SkipLayerNormalization", pare_lower_layer_norm },
    { "com.microsoft", "SkipSimplifiedLayerNormalization", pare_lower_layer_norm },
};

/* Operators that may compute on codes: groups around them, from DequantizeLinear to QuantizeLinear.
 * Sorted likewise. */
static const struct {
    const char *domain, *name;
    pare_lower_fn *lower;
} integer_rows[] = {
    { "", "AveragePool", pare_lower_average_pool_codes },
    { "", "BatchNormalization", pare_lower_integer_batch_norm },
    { "", "Concat", pare_lower_concat_codes },
    { "", "Conv", pare_lower_integer_conv },
    { "", "DepthToSpace", pare_lower_moved_codes },
    { "", "Expand", pare_lower_moved_codes },
    { "", "Flatten", pare_lower_moved_codes },
    { "", "Gather", pare_lower_moved_codes },
    { "", "Gemm", pare_lower_integer_gemm },
    { "", "GlobalAveragePool", pare_lower_average_pool_codes },
    { "", "GlobalMaxPool", pare_lower_max_pool_codes },
    { "", "Identity", pare_lower_moved_codes },
    { "", "LogSoftmax", pare_lower_softmax_codes },
    { "", "MatMul", pare_lower_integer_matmul },
    { "", "MaxPool", pare_lower_max_pool_codes },
    { "", "QuantizeLinear", pare_lower_requantize },
    { "", "Reshape", pare_lower_moved_codes },
    { "", "Slice", pare_lower_moved_codes },
    { "", "Softmax", pare_lower_softmax_codes },
    { "", "SpaceToDepth", pare_lower_moved_codes },
    { "", "Split", pare_lower_moved_codes },
    { "", "Squeeze", pare_lower_moved_codes },
    { "", "Tile", pare_lower_moved_codes },
    { "", "Transpose", pare_lower_moved_codes },
    { "", "Unsqueeze", pare_lower_moved_codes },
    { "com.microsoft", "QuantizeLinear", pare_lower_requantize },
};

/* Both have tables of their own. */
static pare_status lower_elements(pare_planner *p, pare_lowering *l, bool *done)
{
    PARE_TRY(pare_lower_elementwise(p, l, done));
    if (*done) return PARE_OK;
    l->n_taken = 1;
    return pare_lower_blocks(p, l, done);
}

pare_lower_fn *pare_lower_of(const pare_op *op)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].domain, op->domain) == 0 && strcmp(rows[i].name, op->name) == 0)
            return rows[i].lower;
    return lower_elements;
}

pare_lower_fn *pare_lower_integers_of(const pare_node *node)
{
    const char *name = node->op_type ? node->op_type : "";
    const char *domain = pare_node_domain(node);
    for (size_t i = 0; i < sizeof(integer_rows) / sizeof(integer_rows[0]); i++)
        if (strcmp(integer_rows[i].name, name) == 0 && strcmp(integer_rows[i].domain, domain) == 0)
            return integer_rows[i].lower;
    return pare_elementwise_has(domain, name) ? pare_lower_elementwise_codes : NULL;
}
