/* Moving elements of any type: what every eval that computes nothing is made of. Elements are
 * numbers of whole bytes, numbers packed into bytes, or strings (whose bytes stay where they are,
 * kept alive by the output). */
#ifndef PARE_OP_MOVER_H
#define PARE_OP_MOVER_H

#include "op/eval.h"
#include "op/shape.h"

/* Elements being written. */
typedef struct pare_mover {
    uint32_t bits;            /* of an element; of a string: those of its pare_bytes */
    void *to;
} pare_mover;

/* Makes output i, of its inferred type and shape. Its elements come from `source` alone; or, where
 * that is NULL, from several tensors: then pare_mover_finish follows the moves. Numbers start as 0,
 * strings empty. */
pare_status pare_mover_out(pare_ctx *ctx, pare_eval_io *io, uint32_t i, const pare_tensor *source,
                           pare_mover *m);
pare_status pare_mover_out_as(pare_ctx *ctx, pare_eval_io *io, uint32_t i,
                              const pare_tensor *source, pare_dtype dtype, uint32_t rank,
                              const int64_t *dims, pare_mover *m);

/* Gives strings of several tensors bytes of their own; nothing for numbers. */
pare_status pare_mover_finish(pare_ctx *ctx, pare_eval_io *io, uint32_t i);

/* Elements of a tensor to move: bytes of numbers, or pare_bytes of strings. */
const void *pare_mover_elements(const pare_tensor *tensor);

/* Bits of an element, as in a mover. */
uint32_t pare_mover_bits(pare_dtype dtype);

/* A run of elements, both one after the other. */
void pare_mover_run(const pare_mover *m, int64_t to, const pare_tensor *from, int64_t at,
                    int64_t n);

/* A box of elements: with coordinates c [rank], each below its dim, element
 * to + sum of c * to_strides becomes element from + sum of c * from_strides. */
typedef struct pare_box {
    uint32_t rank;
    int64_t to, from;
    int64_t dims[PARE_MAX_DIMS];
    int64_t to_strides[PARE_MAX_DIMS], from_strides[PARE_MAX_DIMS];
} pare_box;
void pare_mover_box(const pare_mover *m, const pare_tensor *from, const pare_box *box);

/* Appends an innermost axis. One of size 1 is left out, so that what holds at least one element
 * has at most PARE_MAX_DIMS axes, however they are split. */
void pare_box_add(pare_box *box, int64_t dim, int64_t to_stride, int64_t from_stride);

/* Fills a dense target, seen as [dims[perm[0]], dims[perm[1]], ...], with a source seen as dims
 * [rank]. */
void pare_mover_permute(const pare_mover *m, const pare_tensor *from, uint32_t rank,
                        const int64_t *dims, const uint32_t *perm);

/* Strides of a dense tensor, in elements. All that is computed from dims here and below is only
 * right when there is any element; without one there is nothing to move. */
void pare_strides(uint32_t rank, const int64_t *dims, int64_t *out);

/* Product of dims [from, to). */
int64_t pare_count(const int64_t *dims, uint32_t from, uint32_t to);

/* Output i shows the elements of a tensor under its inferred shape. EFORMAT when it has more or
 * fewer. */
pare_status pare_eval_reshaped(pare_ctx *ctx, pare_eval_io *io, uint32_t i,
                               const pare_tensor *tensor);

/* Input 0 under the inferred shape of output 0: the eval of Reshape and its kin. */
pare_eval_fn pare_reshape_eval;

/* Input i, which must be a tensor: EFORMAT. */
pare_status pare_eval_need(pare_ctx *ctx, const pare_eval_io *io, uint32_t i,
                           const pare_tensor **out);

/* EFORMAT unless inputs [from, to) are all tensors with one element type. */
pare_status pare_eval_same_types(pare_ctx *ctx, const pare_eval_io *io, uint32_t from,
                                 uint32_t to);

/* The infer's view of a call: for helpers that infers and evals share. `in` has room for n_in. */
pare_infer_io pare_eval_as_infer(const pare_eval_io *io, const pare_info **in);

/* An axis attribute brought to [0, rank). */
pare_status pare_eval_axis(pare_ctx *ctx, const pare_eval_io *io, int64_t axis, uint32_t rank,
                           uint32_t *out);

/* Tuples of depth indices into axes with these dims, all counted from either end, as positions:
 * tuples [at, at + n) of the tensor, with n * depth at most PARE_WIDE_BLOCK. EFORMAT as below. */
pare_status pare_eval_positions(pare_ctx *ctx, const pare_eval_io *io, const pare_tensor *tensor,
                                int64_t at, int64_t n, uint32_t depth, const int64_t *dims,
                                int64_t *out);

/* Indices [at, at + n) of an int32 or int64 tensor, n at most PARE_WIDE_BLOCK, made to count from
 * the front of an axis with this dim; those below 0 are allowed or not. EFORMAT, naming the tensor
 * as `what`, for those out of range and for other types. */
pare_status pare_eval_indices(pare_ctx *ctx, const pare_eval_io *io, const char *what,
                              const pare_tensor *tensor, int64_t at, int64_t n, int64_t dim,
                              bool negative, int64_t *out);

#endif
