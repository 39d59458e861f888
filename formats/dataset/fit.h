/* Samples in the type and shape that a model takes. */
#ifndef FORMATS_DATASET_FIT_H
#define FORMATS_DATASET_FIT_H

#include "formats/dataset/data.h"
#include "ir/tensor.h"

/* Converts the elements of *tensor, a reference of the caller's that is replaced. EFORMAT for NaN,
 * and for numbers that the type does not hold; EUNSUPPORTED between other types than numbers. */
pare_status pare_fit_type(pare_ctx *ctx, pare_tensor **tensor, pare_dtype dtype);

/* The dims [*rank] in which an input takes a row of these dims [n]: [1, row...]; with dims of 1 put
 * in or left out; flattened or the other way round; or without a batch where the input has none.
 * False when none fits. */
bool pare_fit_dims(const pare_data_input *want, uint32_t n, const int64_t *row, uint32_t *rank,
                   int64_t out[], bool *has_batch);

/* Gives *tensor, which is a row with a batch of 1 in front, the shape that the input takes. EFORMAT
 * saying what it takes and what was found. */
pare_status pare_fit_shape(pare_ctx *ctx, pare_tensor **tensor, const pare_data_input *want);

/* "[N,3,224,224]", -1 as "?". Returns out. */
const char *pare_dims_text(char *out, size_t out_bytes, uint32_t rank, const int64_t *dims);

#endif
