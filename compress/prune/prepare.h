/* What every kind of pruning does to a model first. */
#ifndef PARE_PRUNE_PREPARE_H
#define PARE_PRUNE_PREPARE_H

#include "ir/model.h"

/* Folds what can be folded: constants, affine steps into products (BatchNormalization), what nobody
 * needs. Inputs with a default value become constants. Again, it changes nothing. As the passes. */
pare_status pare_prune_prepare(pare_ctx *ctx, pare_model *model);

#endif
