/* What is to be removed, as zeros: the model keeps its shapes and computes what the smaller one
 * will. */
#ifndef PARE_PRUNE_MASK_H
#define PARE_PRUNE_MASK_H

#include "prune/axes.h"

/* Makes constants of the main graph zero at positions whose classes are marked in gone: but not
 * numbers that divide, and scales of quantization. axes is that of the model or of one it is a
 * clone of. ENOMEM, EBUDGET. */
pare_status pare_prune_mask(pare_ctx *ctx, pare_model *model, const pare_axes_found *axes,
                            const bool *gone);

/* Whether an element of a value of this shape stays; elements count in row-major order. */
bool pare_prune_keeps(const pare_axes_found *axes, pare_value_id value, uint32_t rank,
                      const int64_t *dims, const bool *gone, int64_t element);

#endif
