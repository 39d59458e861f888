/* Float models turned into QDQ and float16 models whose numbers mean nothing: for what costs and
 * rules depend on, which is structure and types. */
#ifndef TESTS_SUPPORT_QUANTIZED_H
#define TESTS_SUPPORT_QUANTIZED_H

#include "ir/model.h"

/* Batch norms go (into the weights, as it were). Weights, input 1 of Conv, Gemm and MatMul, become
 * int8 behind DequantizeLinear. With activations, biases become int32, inputs and outputs of the
 * model int8, and every float value goes through QuantizeLinear and DequantizeLinear of int8, but
 * for those that only a Relu or Clip reads. ENOMEM. */
pare_status test_quantize(pare_ctx *ctx, pare_model *model, bool activations);

/* Weights, inputs and outputs of float become float16, and all between them with them. ENOMEM. */
pare_status test_halve(pare_ctx *ctx, pare_model *model);

#endif
