/* Rows of a tensor: its elements along some axes, row-major in those, for each position along the
 * others. What reductions, Softmax and normalizations work on, whatever the layout. */
#ifndef PARE_OP_ROWS_H
#define PARE_OP_ROWS_H

#include "op/eval.h"
#include "op/wide.h"

typedef struct pare_rows {
    int64_t n;                /* elements of a row; 1 when no axis is marked */
    int64_t n_rows;
    int64_t at;               /* number of the row under way, row-major in the other axes */
    int64_t start;            /* its first element */

    /* Marked and other axes, those that follow each other without a gap taken as one. */
    uint32_t n_inner, n_outer;
    int64_t inner_dims[PARE_MAX_DIMS], inner_steps[PARE_MAX_DIMS];
    int64_t outer_dims[PARE_MAX_DIMS], outer_steps[PARE_MAX_DIMS];
} pare_rows;

/* Over a tensor of these dims, rows along the axes that are marked [rank]. */
void pare_rows_start(pare_rows *r, uint32_t rank, const int64_t *dims, const bool *marks);

/* The same with rows along axes [from, to). */
void pare_rows_start_at(pare_rows *r, uint32_t rank, const int64_t *dims, uint32_t from,
                        uint32_t to);

/* Goes to row i, 0 <= i < n_rows. */
void pare_rows_go(pare_rows *r, int64_t i);

/* Loads the row under way into out [n] as a wide type; stores x [n] as the row. */
void pare_rows_load(const pare_rows *r, pare_wide wide, const pare_tensor *tensor, void *out);
void pare_rows_store(const pare_rows *r, pare_wide wide, pare_dtype dtype, void *data,
                     const void *x);

/* What is done to a row x [n] of a wide type, in place. */
typedef void pare_row_fn(const void *params, pare_wide wide, int64_t n, void *x);

/* Output 0: input 0 with every row put through fn, which is given the node's params. */
pare_status pare_rows_map(pare_ctx *ctx, pare_eval_io *io, pare_wide wide, pare_rows *r,
                          pare_row_fn *fn);

/* Room for one row of a wide type, freed by the caller with pare_free. ENOMEM. */
pare_status pare_rows_room(pare_ctx *ctx, const pare_rows *r, pare_wide wide, void **out);

#endif
