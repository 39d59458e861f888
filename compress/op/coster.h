/* What costs of operators are written with. Inside of op only.
 *
 * Counts are sticky: what is unknown counts 0 and leaves io->unknown, what overflows leaves
 * io->too_large, and pare_cost_of looks at both in the end. */
#ifndef PARE_OP_COSTER_H
#define PARE_OP_COSTER_H

#include "op/cost.h"
#include "op/cost_weights.h"
#include "op/costs.h"
#include "op/shape.h"

/* Cost of a call that is resolved. EFORMAT, EUNSUPPORTED, with a message, where it is not known. */
pare_status pare_cost_run(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io);

uint64_t pare_cost_mul(pare_cost_io *io, uint64_t a, uint64_t b);
uint64_t pare_cost_add(pare_cost_io *io, uint64_t a, uint64_t b);

/* a * b * c * d */
uint64_t pare_cost_mul4(pare_cost_io *io, uint64_t a, uint64_t b, uint64_t c, uint64_t d);

/* Input or output i, NULL when it is omitted. */
const pare_info *pare_cost_in(const pare_cost_io *io, uint32_t i);
const pare_info *pare_cost_out(const pare_cost_io *io, uint32_t i);
pare_dtype pare_cost_in_dtype(const pare_cost_io *io, uint32_t i);

/* Elements of a tensor; an omitted one (NULL) is unknown. */
uint64_t pare_cost_elements(pare_cost_io *io, const pare_info *info);

/* Size of one axis; negative: from the end. Unknown where the tensor has no such axis. */
uint64_t pare_cost_dim(pare_cost_io *io, const pare_info *info, int64_t axis);

/* Product of the axes from `from` on, before `to`; negative: from the end; PARE_COST_END: all. */
#define PARE_COST_END INT64_MAX
uint64_t pare_cost_dims(pare_cost_io *io, const pare_info *info, int64_t from, int64_t to);

uint32_t pare_cost_rank(pare_cost_io *io, const pare_info *info);

/* Element i of the content as a number >= 0; fallback when it is not followed. */
uint64_t pare_cost_content(const pare_info *info, uint32_t i, uint64_t fallback);

/* Says once that something is not known. */
void pare_cost_unknown(pare_cost_io *io, const char *what);

/* Adds n times `each` operations of this type. */
void pare_cost_ops(pare_cost *cost, pare_cost_io *io, uint64_t n, uint64_t each, pare_dtype dtype);

/* A product of batch matrices [m, k] x [k, n]: adds its MACs and is remembered where it is the
 * largest so far. */
void pare_cost_product(pare_cost *cost, pare_cost_io *io, uint64_t batch, uint64_t m, uint64_t n,
                       uint64_t k);

/* The call computes and moves nothing of its own. */
void pare_cost_view(pare_cost *cost);

/* ceil(log2(n)), at least 1. */
uint64_t pare_cost_log2(uint64_t n);

/* What the elementwise function with this name weighs per element (0: not in the table). */
uint64_t pare_cost_weight(const char *name, size_t n_bytes);

/* The io that shape helpers of infers take; without outputs. */
pare_infer_io pare_cost_infer_io(const pare_cost_io *io);

/* MACs of scores and values of an attention: batch * heads [queries, size] x [size, keys], and
 * back with value_size; with scaling and softmax, plus `extra` other operations per score. */
typedef struct pare_cost_attention {
    uint64_t batch, heads, queries, keys, size, value_size, extra;
    pare_dtype dtype;
} pare_cost_attention;
void pare_cost_attend(pare_cost *cost, pare_cost_io *io, const pare_cost_attention *a);

#endif
