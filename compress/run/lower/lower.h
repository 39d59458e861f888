/* Lowerings by kernel family: run/lower.c says which operator goes to which. */
#ifndef PARE_RUN_LOWER_LOWER_H
#define PARE_RUN_LOWER_LOWER_H

#include "op/norm.h"
#include "run/planner.h"

pare_lower_fn pare_lower_conv;
pare_lower_fn pare_lower_depthwise; /* of pare_lower_conv: a filter for each channel */
pare_lower_fn pare_lower_conv_transpose;
pare_lower_fn pare_lower_gemm, pare_lower_matmul;

pare_lower_fn pare_lower_elementwise;
pare_lower_fn pare_lower_elementwise_codes; /* of which some take codes */
pare_lower_fn pare_lower_blocks; /* element by element, of other types than float */

pare_lower_fn pare_lower_max_pool, pare_lower_average_pool;
pare_lower_fn pare_lower_global_max_pool, pare_lower_global_average_pool;

/* Along axes: to one number, or to as many again. */
pare_lower_fn pare_lower_reduce, pare_lower_arg;
pare_lower_fn pare_lower_softmax, pare_lower_lp_norm, pare_lower_mean_variance_norm;
pare_lower_fn pare_lower_layer_norm;
pare_lower_fn pare_lower_channel_norm; /* InstanceNormalization, GroupNormalization */

pare_lower_fn pare_lower_rnn; /* RNN, LSTM, GRU */

/* Products of 8-bit numbers: groups from DequantizeLinear on, and operators on codes. */
pare_lower_fn pare_lower_integer_conv, pare_lower_integer_gemm, pare_lower_integer_matmul;
pare_lower_fn pare_lower_integer_batch_norm;
pare_lower_fn pare_lower_qlinear_conv, pare_lower_conv_integer;
pare_lower_fn pare_lower_qlinear_matmul, pare_lower_matmul_integer, pare_lower_qgemm;
pare_lower_fn pare_lower_matmul_integer_to_float, pare_lower_dynamic_quantize_matmul;

pare_lower_fn pare_lower_matmul_nbits; /* com.microsoft.MatMulNBits */

/* No work at all: other strides over the same memory, where the form allows it. */
pare_lower_fn pare_lower_view, pare_lower_transpose, pare_lower_slice, pare_lower_split;
pare_lower_fn pare_lower_expand, pare_lower_dropout;

/* Copies between strided views. */
pare_lower_fn pare_lower_concat, pare_lower_pad, pare_lower_tile;
pare_lower_fn pare_lower_depth_to_space, pare_lower_space_to_depth;

pare_lower_fn pare_lower_gather, pare_lower_cast;
pare_lower_fn pare_lower_dynamic_quantize; /* DynamicQuantizeLinear */
pare_lower_fn pare_lower_quantize; /* QuantizeLinear, DequantizeLinear */

/* Whether an operator is one of those that pare_lower_elementwise may take. */
bool pare_elementwise_has(const char *domain, const char *name);

pare_lower_fn pare_lower_max_pool_codes, pare_lower_average_pool_codes;
pare_lower_fn pare_lower_softmax_codes, pare_lower_concat_codes;
pare_lower_fn pare_lower_qlinear_average_pool, pare_lower_qlinear_concat;
pare_lower_fn pare_lower_qlinear_softmax;
pare_lower_fn pare_lower_requantize; /* QuantizeLinear of codes */

/* BatchNormalization for inference as y = fma(x, factor[c], shift[c]) for its n channels. *fits
 * false: its parameters are not constant floats. ENOMEM. */
pare_status pare_batch_norm_factors(pare_planner *p, const pare_lowering *l,
                                    const pare_batch_norm_params *params, int64_t n,
                                    float *factor, float *shift, bool *fits);

#endif
