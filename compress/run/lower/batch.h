/* Batches of matrix products: axes in front of the matrices, of which an operand may lack some or
 * have one entry for all. */
#ifndef PARE_RUN_LOWER_BATCH_H
#define PARE_RUN_LOWER_BATCH_H

#include "run/laid.h"

enum { PARE_BATCH_AXES = PARE_LAID_AXES };

/* Axes of the output with the strides of both operands, 0 where one is broadcast; those that both
 * pass together are one. */
typedef struct pare_batch {
    uint32_t n_axes;
    int64_t sizes[PARE_BATCH_AXES], x_steps[PARE_BATCH_AXES], w_steps[PARE_BATCH_AXES];
} pare_batch;

void pare_batch_init(pare_batch *b, const pare_laid *y, const pare_laid *x, const pare_laid *w);

/* How many products there are; whether all are of one right matrix. */
int64_t pare_batch_size(const pare_batch *b);
bool pare_batch_shares(const pare_batch *b);

/* Whether all are of one right matrix, and left rows follow each other, n_rows of them x_row apart
 * in each: one tall product. */
bool pare_batch_is_tall(const pare_batch *b, int64_t n_rows, int64_t x_row);

/* Offset of product `at` under steps of one operand. */
int64_t pare_batch_offset(const pare_batch *b, const int64_t *steps, int64_t at);

#endif
