#include "sched/fusion.h"

#define NAMES(array) { (array), sizeof(array) / sizeof((array)[0]) }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const pare_op_name unary[] = {
    { "", "Abs" }, { "", "Acos" }, { "", "Acosh" }, { "", "Asin" }, { "", "Asinh" },
    { "", "Atan" }, { "", "Atanh" }, { "", "Ceil" }, { "", "Celu" }, { "", "Cos" },
    { "", "Cosh" }, { "", "Elu" }, { "", "Erf" }, { "", "Exp" }, { "", "Floor" },
    { "", "Gelu" }, { "", "HardSigmoid" }, { "", "HardSwish" }, { "", "LeakyRelu" },
    { "", "Log" }, { "", "Mish" }, { "", "Neg" }, { "", "Reciprocal" }, { "", "Relu" },
    { "", "Round" }, { "", "Selu" }, { "", "Shrink" }, { "", "Sigmoid" }, { "", "Sign" },
    { "", "Sin" }, { "", "Sinh" }, { "", "Softplus" }, { "", "Softsign" }, { "", "Sqrt" },
    { "", "Swish" }, { "", "Tan" }, { "", "Tanh" }, { "", "ThresholdedRelu" },
    { "com.microsoft", "Gelu" }, { "com.microsoft", "QuickGelu" },
};

static const pare_op_name binary[] = {
    { "", "Add" }, { "", "Div" }, { "", "Max" }, { "", "Mean" }, { "", "Min" }, { "", "Mul" },
    { "", "PRelu" }, { "", "Pow" }, { "", "Sub" }, { "", "Sum" },
};

static const pare_op_name add[] = { { "", "Add" } };
static const pare_op_name batch_norm[] = { { "", "BatchNormalization" } };
static const pare_op_name cast[] = { { "", "Cast" } };
static const pare_op_name clip[] = { { "", "Clip" } };
static const pare_op_name conv[] = { { "", "Conv" }, { "", "ConvTranspose" } };
static const pare_op_name gemm[] = { { "", "Gemm" } };
static const pare_op_name matmul[] = { { "", "MatMul" } };
static const pare_op_name quantize[] = { { "", "QuantizeLinear" },
                                         { "com.microsoft", "QuantizeLinear" } };
static const pare_op_name quantized[] = { { "", "AveragePool" },       { "", "Concat" },
                                          { "", "GlobalAveragePool" }, { "", "LogSoftmax" },
                                          { "", "Softmax" } };
static const pare_op_name relu_or_clip[] = { { "", "Relu" }, { "", "Clip" } };
static const pare_op_name where[] = { { "", "Where" } };

const pare_op_names pare_ops_unary = NAMES(unary);
const pare_op_names pare_ops_binary = NAMES(binary);

#define FLOAT PARE_DTYPE_BIT(PARE_FLOAT)
#define REAL (FLOAT | PARE_DTYPE_BIT(PARE_FLOAT16))
#define BYTE (PARE_DTYPE_BIT(PARE_UINT8) | PARE_DTYPE_BIT(PARE_INT8))

static const pare_fusion_part conv_anchors[] = {
    { .ops = NAMES(conv), .in_dtypes = REAL, .out_dtypes = REAL },
};
static const pare_fusion_part gemm_anchors[] = {
    { .ops = NAMES(gemm), .in_dtypes = REAL, .out_dtypes = REAL, .since = 7 },
};
static const pare_fusion_part matmul_anchors[] = {
    { .ops = NAMES(matmul), .in_dtypes = REAL, .out_dtypes = REAL },
};

/* `spatial` has been gone since opset 9, training_mode came with 14. */
static const pare_fusion_attr inference[] = { { "spatial", 1 }, { "training_mode", 0 } };

/* The places PARE_PLACE_... of each chain; a place without operators stays empty. Before opset 7
 * Add and BatchNormalization had other forms. */
#define NOTHING { .ops = { NULL, 0 } }
#define BIAS(operand) \
    { .ops = NAMES(add), .operands = (operand), .in_dtypes = REAL, .out_dtypes = REAL, \
      .since = 7 }
#define BATCH_NORM(of_rank) \
    { .ops = NAMES(batch_norm), .first = true, \
      .operands = PARE_OPERAND_CONSTANT | PARE_OPERAND_DEQUANTIZED, \
      .in_dtypes = REAL, .out_dtypes = REAL, .rank = (of_rank), .since = 7, \
      .attrs = inference, .n_attrs = COUNT(inference) }
#define RESIDUAL \
    { .ops = NAMES(add), .operands = PARE_OPERAND_SAME, .in_dtypes = REAL, .out_dtypes = REAL, \
      .since = 7 }
#define ACTIVATION \
    { .ops = NAMES(relu_or_clip), .operands = PARE_OPERAND_SCALAR, .first = true, \
      .in_dtypes = REAL, .out_dtypes = REAL }
#define QUANTIZE \
    { .ops = NAMES(quantize), .operands = PARE_OPERAND_SCALAR, .first = true, .out_dtypes = BYTE }

static const pare_fusion_part conv_parts[] = { BIAS(PARE_OPERAND_CHANNEL), BATCH_NORM(0), RESIDUAL,
                                               ACTIVATION, QUANTIZE };
static const pare_fusion_part gemm_parts[] = { NOTHING, BATCH_NORM(2), RESIDUAL, ACTIVATION,
                                               QUANTIZE };
static const pare_fusion_part matmul_parts[] = { BIAS(PARE_OPERAND_LAST), BATCH_NORM(2), RESIDUAL,
                                                 ACTIVATION, QUANTIZE };

/* What computes between codes, beside products and what is element by element. */
static const pare_fusion_part quantized_anchors[] = {
    { .ops = NAMES(quantized), .in_dtypes = FLOAT, .out_dtypes = FLOAT },
};
static const pare_fusion_part quantized_parts[] = { QUANTIZE };

static const pare_fusion_part elementwise[] = {
    { .ops = NAMES(unary), .in_dtypes = REAL, .out_dtypes = REAL },
    { .ops = NAMES(binary), .in_dtypes = REAL, .out_dtypes = REAL, .since = 8 },
    { .ops = NAMES(cast), .in_dtypes = FLOAT, .out_dtypes = FLOAT },
    { .ops = NAMES(clip), .operands = PARE_OPERAND_SCALAR, .first = true, .in_dtypes = REAL,
      .out_dtypes = REAL },
    BATCH_NORM(0),
    { .ops = NAMES(quantize), .operands = PARE_OPERAND_SCALAR, .first = true, .out_dtypes = BYTE },
    { .ops = NAMES(where), .in_dtypes = REAL | PARE_DTYPE_BIT(PARE_BOOL), .out_dtypes = REAL },
};

/* As BATCH_NORM, whose conditions on other inputs are no part of an anchor's. */
static const pare_fusion_part batch_norm_anchors[] = {
    { .ops = NAMES(batch_norm), .in_dtypes = FLOAT, .out_dtypes = FLOAT, .since = 7,
      .attrs = inference, .n_attrs = COUNT(inference) },
};
static const pare_fusion_part batch_norm_parts[] = { NOTHING, NOTHING, NOTHING, NOTHING,
                                                     QUANTIZE };

static const pare_fusion_rule own[] = {
    { .name = "conv", .kind = PARE_FUSE_CHAIN,
      .anchors = conv_anchors, .n_anchors = COUNT(conv_anchors),
      .parts = conv_parts, .n_parts = COUNT(conv_parts) },
    { .name = "gemm", .kind = PARE_FUSE_CHAIN,
      .anchors = gemm_anchors, .n_anchors = COUNT(gemm_anchors),
      .parts = gemm_parts, .n_parts = COUNT(gemm_parts) },
    { .name = "matmul", .kind = PARE_FUSE_CHAIN,
      .anchors = matmul_anchors, .n_anchors = COUNT(matmul_anchors),
      .parts = matmul_parts, .n_parts = COUNT(matmul_parts) },
    { .name = "quantized", .kind = PARE_FUSE_CHAIN,
      .anchors = quantized_anchors, .n_anchors = COUNT(quantized_anchors),
      .parts = quantized_parts, .n_parts = COUNT(quantized_parts) },
    { .name = "batch_norm", .kind = PARE_FUSE_CHAIN,
      .anchors = batch_norm_anchors, .n_anchors = COUNT(batch_norm_anchors),
      .parts = batch_norm_parts, .n_parts = COUNT(batch_norm_parts) },
    { .name = "elementwise", .kind = PARE_FUSE_CLUSTER,
      .anchors = elementwise, .n_anchors = COUNT(elementwise),
      .max_nodes = 16, .max_inputs = 8 },
};

const pare_fusion_rules pare_fusion_own = { own, COUNT(own) };
const pare_fusion_rules pare_fusion_none = { NULL, 0 };
