/* What infers share: axes, broadcasting, common kinds of outputs. */
#ifndef PARE_OP_SHAPE_H
#define PARE_OP_SHAPE_H

#include "op/attrs.h"

/* Axis in [-rank, rank) made non-negative; EFORMAT, naming `what`, otherwise. */
pare_status pare_axis(pare_ctx *ctx, const pare_infer_io *io, const char *what, int64_t axis,
                      uint32_t rank, uint32_t *out);

/* A set of axes as marks [PARE_MAX_DIMS]: from a list that may be negative and must be unique. */
pare_status pare_axes(pare_ctx *ctx, const pare_infer_io *io, const char *what, const int64_t *axes,
                      uint32_t n, uint32_t rank, bool *marks);

/* NumPy broadcasting of n infos (those omitted or unranked make the result unranked) to one tensor
 * of dtype. EFORMAT when two dims are known, differ, and neither is 1. With one known > 1 and the
 * other unknown, the known one wins; with two different expressions the result is unknown. */
pare_status pare_broadcast(pare_ctx *ctx, pare_infer_io *io, pare_dtype dtype,
                           const pare_info *const *in, uint32_t n, pare_info *out);

/* Output 0 has the type and shape of input 0. The infer of many operators as it stands. */
pare_infer_fn pare_infer_same;

/* The element type of the first input that has one. */
pare_dtype pare_first_dtype(const pare_infer_io *io);

/* EFORMAT unless input i, where its rank is known, has this rank (or lies in the bounds). */
pare_status pare_need_rank(pare_ctx *ctx, const pare_infer_io *io, uint32_t i, uint32_t low,
                           uint32_t high);

/* Takes the stricter of two dims that must be the same: a known one over an unknown one. EFORMAT,
 * naming `what`, when both are integers and differ. */
pare_status pare_same_dim(pare_ctx *ctx, const pare_infer_io *io, const char *what, pare_num a,
                          pare_num b, pare_num *out);

/* Product of dims [from, to). */
pare_num pare_dims_product(pare_shapes *shapes, const pare_num *dims, uint32_t from, uint32_t to);

/* Input i as a list of integers: its content where that is wholly known. false: unknown. out holds
 * PARE_MAX_CONTENT. */
bool pare_input_ints(const pare_infer_io *io, uint32_t i, int64_t *out, uint32_t *n);

/* Input i, NULL when the node has fewer or omits it. */
static inline const pare_info *pare_in(const pare_infer_io *io, uint32_t i)
{
    return i < io->n_in ? io->in[i] : NULL;
}

/* Element type of input i; UNDEFINED when it is not known. */
static inline pare_dtype pare_in_dtype(const pare_infer_io *io, uint32_t i)
{
    const pare_info *in = pare_in(io, i);
    return pare_info_is_tensor(in) ? in->dtype : PARE_DTYPE_UNDEFINED;
}

#endif
