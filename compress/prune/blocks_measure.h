/* What leaving blocks away does to the outputs. Inside of prune only. */
#ifndef PARE_PRUNE_BLOCKS_MEASURE_H
#define PARE_PRUNE_BLOCKS_MEASURE_H

#include "base/contract/dataset.h"
#include "base/pool.h"
#include "prune/blocks_find.h"

/* Outputs of the original on some samples. */
typedef struct pare_block_judge pare_block_judge;

/* Runs the original on up to n_samples (0: all) spread over the data, as many as whose outputs take
 * a quarter of a gigabyte. As pare_feed_begin, data->load and pare_runner_run. */
pare_status pare_block_judge_new(pare_ctx *ctx, pare_block_judge **out, const pare_model *model,
                                 const pare_dataset *data, uint64_t n_samples, pare_pool *pool);
void pare_block_judge_free(pare_ctx *ctx, pare_block_judge *judge); /* accepts NULL */

/* Runs a model with the same inputs and outputs. *error: noise by signal of its outputs, the mean
 * over the outputs that are floats; INFINITY where they are no numbers. means (NULL: not wanted):
 * for each of blocks [n_blocks] what its branch is on average, by channel [n_channels]; those whose
 * means[i] is NULL are passed over. */
pare_status pare_block_judge_run(pare_ctx *ctx, const pare_block_judge *judge,
                                 const pare_model *model, const pare_residual *blocks,
                                 size_t n_blocks, double *const *means, double *error);

#endif
