/* The weights of one linear node in integers, and writing them into the model. */
#ifndef PARE_QUANT_WEIGHTS_H
#define PARE_QUANT_WEIGHTS_H

#include "base/pool.h"
#include "op/linear.h"
#include "quant/row.h"

/* Codes of all rows of a linear node. A row is what one output is summed from, in the order of
 * pare_linear_get_row; or, with taps apart, one tap of that, rows of an output's taps following
 * each other: so that no block reaches from one tap into the next. */
typedef struct pare_weight_codes {
    pare_weight_form form;
    bool taps_apart;
    int64_t n_rows, row;      /* rows; weights of each */
    int64_t blocks;           /* of each row */
    int8_t *codes;            /* [n_rows * row] */
    float *scales;            /* [n_rows * blocks] */
    int32_t *zeros;           /* [n_rows * blocks] */
} pare_weight_codes;

/* How codes are found. */
typedef struct pare_weight_opts {
    pare_weight_form form;
    bool fit;                 /* pare_row_fit, else pare_row_round */
    bool signed_scale;
    bool taps_apart;
    bool per_tensor;          /* one scale for all rows; symmetric forms without blocks */
    const float *importance;  /* [taps * in] or NULL: what an error in each weight counts */
} pare_weight_opts;

/* Quantizes the weights (float32) of a node. EFORMAT, naming the tensor, when one is NaN or
 * infinite; ENOMEM. The caller frees *out with pare_weight_codes_free. */
pare_status pare_weights_quantize(pare_ctx *ctx, pare_weight_codes **out, const pare_model *model,
                                  const pare_linear *linear, pare_pool *pool,
                                  const pare_weight_opts *opts);
void pare_weight_codes_free(pare_ctx *ctx, pare_weight_codes *codes); /* accepts NULL */

/* Rounds a row anew with a larger scale than its own. */
pare_status pare_weights_raise(pare_ctx *ctx, const pare_model *model, const pare_linear *linear,
                               pare_weight_codes *codes, int64_t row, float scale);

/* Mean squared difference from the weights of the node, divided by the mean square of these. */
pare_status pare_weights_error(pare_ctx *ctx, double *out, const pare_model *model,
                               const pare_linear *linear, const pare_weight_codes *codes);

/* Whether a MatMul or Gemm can become com.microsoft.MatMulNBits: blocks along the summed axis whose
 * size is a power of two from 16 on, alpha 1, input not transposed. */
bool pare_can_be_nbits(const pare_linear *linear);

/* Makes the node a MatMulNBits with these codes (0 .. 2^bits - 1), behind it an Add where it had a
 * bias. accuracy_level 4 lets runtimes round activations to 8 bits. ENOMEM, EBUDGET. */
pare_status pare_write_nbits(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                             const pare_weight_codes *codes, int bits, int64_t accuracy_level);

/* Initializers that a DequantizeLinear reads. */
typedef struct pare_quantized_weight {
    pare_value_id codes, scale, zero;
} pare_quantized_weight;

/* Puts a DequantizeLinear of these codes (of `dtype`) in front of the node, in place of its
 * weights, which go when nothing else reads them. Without blocks there is a scale per output (opset
 * 13), and groups of a ConvTranspose must be 1; with blocks these lie along the axis of inputs
 * (opset 21), taps being apart. *written receives what it reads. ENOMEM, EBUDGET. */
pare_status pare_write_dequantize(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                                  const pare_weight_codes *codes, pare_dtype dtype,
                                  pare_quantized_weight *written);

/* The same for another node with the same weights: they stay tied. block: 0: none. */
pare_status pare_write_tied(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                            int64_t block, const pare_quantized_weight *written);

#endif
