/* Tensors taken apart and put together along an axis, and sequences of them: what evals of control
 * flow and of sequences share. */
#ifndef PARE_OP_PARTS_H
#define PARE_OP_PARTS_H

#include "op/eval.h"

/* Data that come one by one. Zeroed: empty. */
typedef struct pare_pile {
    pare_datum *items;        /* [n] */
    size_t n, cap;
} pare_pile;

/* Adds a datum, which the pile takes over: *datum is NONE afterwards, also when there is no memory
 * and it was dropped. */
pare_status pare_pile_add(pare_ctx *ctx, pare_pile *pile, pare_datum *datum);

/* Drops everything and makes the pile empty. */
void pare_pile_free(pare_ctx *ctx, pare_pile *pile);

/* Makes output i the sequence of what the pile holds, which is empty afterwards. */
void pare_pile_out_sequence(pare_eval_io *io, uint32_t i, pare_pile *pile);

/* How parts become one tensor. */
typedef struct pare_join {
    int64_t axis;             /* negative: from the end of the result's axes */
    bool new_axis;            /* the axis is a new one, of one step per part */
    bool reversed;            /* the last part comes first */
    int64_t padding;          /* steps of zeros (empty strings) after them; only with new_axis */
} pare_join;

/* Makes output i of n parts, at least one, which are tensors of one element type and, but for the
 * axis, one shape. EFORMAT, naming what they are, otherwise. */
pare_status pare_join_out(pare_ctx *ctx, pare_eval_io *io, uint32_t i, const char *what,
                          const pare_datum *parts, size_t n, pare_join join);

/* The part [start, start + count) of a tensor along an axis; drop_axis: without that axis (count is
 * then 1). The range lies in the tensor. Along the first axis the elements are shared. */
pare_status pare_part_of(pare_ctx *ctx, const pare_eval_io *io, pare_datum *out,
                         const pare_tensor *tensor, uint32_t axis, int64_t start, int64_t count,
                         bool drop_axis);

/* Axis in [-rank, rank) made non-negative. EFORMAT, naming `what`, otherwise. */
pare_status pare_part_axis(pare_ctx *ctx, const pare_eval_io *io, const char *what, int64_t axis,
                           uint32_t rank, uint32_t *out);

/* Input i as one integer: a scalar or a tensor of one element, bool or integer. EFORMAT otherwise.
 */
pare_status pare_eval_integer(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, int64_t *out);

/* Input i as a sequence. EFORMAT otherwise. */
pare_status pare_eval_sequence(pare_ctx *ctx, const pare_eval_io *io, uint32_t i,
                               const pare_datum **out);

/* --- strings ---------------------------------------------------------------------------------- */

/* Strings that are being made, one after the other. Zeroed: none. */
typedef struct pare_string_list {
    uint8_t *bytes;           /* of all strings, without gaps */
    size_t n_bytes, bytes_cap;
    size_t *ends;             /* [n] where each ends */
    size_t n, ends_cap;
} pare_string_list;

/* Adds bytes to the string that is being made. */
pare_status pare_string_list_write(pare_ctx *ctx, pare_string_list *list, const void *bytes,
                                   size_t n);

/* Ends that string. */
pare_status pare_string_list_end(pare_ctx *ctx, pare_string_list *list);

/* Makes output i of the strings, as many as the dims say. */
pare_status pare_string_list_out(pare_ctx *ctx, pare_eval_io *io, uint32_t i,
                                 const pare_string_list *list, uint32_t rank, const int64_t *dims);
void pare_string_list_free(pare_ctx *ctx, pare_string_list *list);

/* Input 0 as a tensor of strings. EFORMAT otherwise. */
pare_status pare_eval_strings(pare_ctx *ctx, const pare_eval_io *io, uint32_t i,
                              const pare_tensor **out);

#endif
