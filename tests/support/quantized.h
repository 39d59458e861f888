/* Float models turned into QDQ models whose numbers mean nothing: for what costs and rules depend
 * on, which is structure and types. */
#ifndef TESTS_SUPPORT_QUANTIZED_H
#define TESTS_SUPPORT_QUANTIZED_H

#include "ir/model.h"

/* Weights (input 1 of Conv, Gemm and MatMul) become int8 behind DequantizeLinear, their biases
 * int32; with activations, every float value that no BatchNormalization or Relu alone reads goes
 * through QuantizeLinear and DequantizeLinear of int8. ENOMEM. */
pare_status test_quantize(pare_ctx *ctx, pare_model *model, bool activations);

#endif
