/* What comes first: the model in the form that pruning sees most in. */
#ifndef PARE_PRUNE_PREPARE_H
#define PARE_PRUNE_PREPARE_H

#include "ir/model.h"

/* Makes constants of inputs with initializers and of Constant nodes, folds what can be folded, and
 * removes dead code. What the model computes stays. EFORMAT when the graph has a cycle; what the
 * passes give; ENOMEM, EBUDGET. */
pare_status pare_prune_prepare(pare_ctx *ctx, pare_model *model);

#endif
