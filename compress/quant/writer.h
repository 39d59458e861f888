/* What the writers of quantized forms share. Inside of quant only. */
#ifndef PARE_QUANT_WRITER_H
#define PARE_QUANT_WRITER_H

#include "ir/build.h"
#include "quant/weights.h"

/* An initializer called like another value, with a suffix; takes over the reference to tensor, also
 * on failure, which the builder remembers. */
pare_value_id pare_write_const(pare_builder *b, const char *base, const char *suffix,
                               pare_tensor *tensor);

/* A tensor of floats of any type that holds these numbers, rounded. ENOMEM. */
pare_status pare_write_floats(pare_ctx *ctx, pare_dtype type, uint32_t rank, const int64_t *dims,
                              const float *x, pare_tensor **out);

/* Code i, plus `add`, takes the bits from i * bits of out on, low ones first, which are 0
 * before. */
void pare_write_pack(int bits, int add, int64_t n, const int8_t *codes, uint8_t *out);

enum { MOST_NBITS_BLOCK = 256 };

/* Whether weights can go through memory a piece at a time: a matrix of float32 as it lies in its
 * file, in blocks of at most MOST_NBITS_BLOCK. */
bool pare_can_stream_nbits(const pare_model *model, const pare_linear *linear,
                           const pare_weight_opts *opts);

/* pare_weights_quantize, pare_weights_error and pare_make_nbits in one for such weights, bits being
 * 4 or 8: the same bytes. dir: where a temporary file may hold the codes (ir/spill.h). */
pare_status pare_stream_nbits(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                              pare_pool *pool, const pare_weight_opts *opts, int bits,
                              pare_nbits_shape shape, const char *dir, pare_nbits_weight *written,
                              double *error);

/* Removes a node whose only output (slot 0) becomes that of the node that makes `made`. */
pare_status pare_write_in_place(pare_ctx *ctx, pare_model *model, pare_node_id node,
                                pare_value_id made);

/* Removes the weights that a node no longer uses, unless something else does. */
pare_status pare_write_drop(pare_ctx *ctx, pare_model *model, pare_value_id weight);

/* Constant nodes with matrices of floats (float32 or 16 bits), not given out by their graph, become
 * initializers. ENOMEM. */
pare_status pare_write_hoist(pare_ctx *ctx, pare_model *model);

#endif
