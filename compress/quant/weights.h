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

/* Rounds scales to another type of floats, as which they are to be written; codes of blocks whose
 * scale that changes by much (it gets subnormal) follow. */
void pare_weights_round_scales(pare_weight_codes *codes, pare_dtype type);

/* --- com.microsoft.MatMulNBits, GatherBlockQuantized ------------------------------------------ */

/* Whether a MatMul or Gemm can become com.microsoft.MatMulNBits, given blocks along the summed axis
 * whose size is a power of two from 16 on: its input is not transposed. */
bool pare_can_be_nbits(const pare_linear *linear);

/* Initializers in the form of these operators, for codes 0 .. 2^bits - 1, or as far below 0 as
 * above: all are written from 0 on then. */
typedef struct pare_nbits_weight {
    pare_value_id codes, scale, zero; /* zero PARE_NONE: the middle of the codes */
    int64_t n_rows, row, block;
    int bits;
} pare_nbits_weight;

/* Who is to read them. */
typedef enum pare_nbits_shape {
    PARE_NBITS_PRODUCT,       /* MatMulNBits: codes [rows, blocks, bytes], scales flat */
    PARE_NBITS_TABLE,         /* GatherBlockQuantized: codes [rows, bytes] without padding */
    PARE_NBITS_BOTH,          /* both: blocks divide the row; scales [rows, blocks] */
} pare_nbits_shape;

/* Adds them where the weights are. type: of scales. ENOMEM, EBUDGET. */
pare_status pare_make_nbits(pare_ctx *ctx, pare_model *model, pare_value_id weight,
                            const pare_weight_codes *codes, int bits, pare_nbits_shape shape,
                            pare_dtype type, pare_nbits_weight *written);

/* Makes the node a MatMulNBits that reads them, with Mul and Add behind it for alpha and bias, and
 * removes the weights unless something else reads them. accuracy_level 4 lets runtimes round
 * activations to 8 bits in blocks. */
pare_status pare_use_nbits(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                           const pare_nbits_weight *written, int64_t accuracy_level);

/* Makes a Gather along axis 0 a GatherBlockQuantized that reads them. reshaped: where the other
 * shape of PARE_NBITS_BOTH is kept between calls; PARE_NONE at first. */
pare_status pare_use_nbits_table(pare_ctx *ctx, pare_model *model, pare_node_id gather,
                                 const pare_nbits_weight *written, pare_value_id *reshaped);

/* Makes and uses in one: codes for one node. */
pare_status pare_write_nbits(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                             const pare_weight_codes *codes, int bits, int64_t accuracy_level);

/* --- DequantizeLinear ------------------------------------------------------------------------- */

/* Initializers that a DequantizeLinear reads. */
typedef struct pare_quantized_weight {
    pare_value_id codes, scale, zero;
} pare_quantized_weight;

/* Adds these codes (as `dtype`) where the weights are, with scales of the weights' type. Without
 * blocks there is a scale per output, and groups of a ConvTranspose must be 1; with blocks these
 * lie along the axis of inputs, taps being apart. ENOMEM, EBUDGET. */
pare_status pare_make_dequantized(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                                  const pare_weight_codes *codes, pare_dtype dtype,
                                  pare_quantized_weight *written);

/* Puts a DequantizeLinear of them in front of an input of a node; opset 13, with blocks 21. */
pare_status pare_use_dequantized(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                                 int64_t block, const pare_quantized_weight *written,
                                 pare_node_id node, uint32_t slot);

/* Makes and uses in one, in place of the node's weights, which go when nothing else reads them. */
pare_status pare_write_dequantize(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                                  const pare_weight_codes *codes, pare_dtype dtype,
                                  pare_quantized_weight *written);

/* The same for another node with the same weights: they stay tied. block: 0: none. */
pare_status pare_write_tied(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                            int64_t block, const pare_quantized_weight *written);

/* Makes a Gather along axis 0 of a table one of its codes (signed, without zero points, a scale per
 * row), each row then being multiplied by its scale. */
pare_status pare_use_table(pare_ctx *ctx, pare_model *model, pare_node_id gather,
                           const pare_quantized_weight *written);

#endif
