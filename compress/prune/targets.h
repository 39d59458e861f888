/* What a linear node's outputs are to be when something in front of it has changed, and the bias
 * that its means go to. Inside of prune only. */
#ifndef PARE_PRUNE_TARGETS_H
#define PARE_PRUNE_TARGETS_H

#include "op/infer.h"
#include "stats/gram.h"

/* Sets plus and minus of an item: the node's output; or, where an Add of the same shape alone reads
 * that, the sum less what the other summand has become, so that errors of a shortcut are made up
 * for, too. */
void pare_prune_targets(pare_gram_item *item, const pare_model *model, const pare_shapes *shapes);

/* Whether a node has a bias of its own that may change, or may get one. */
bool pare_prune_has_bias(const pare_model *model, const pare_linear *linear);

/* Adds shift [out] to the bias of such a node. ENOMEM, EBUDGET. */
pare_status pare_prune_shift_bias(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                                  const float *shift);

/* The tensor of a value, for the caller alone: float32 that may be written, and put back with
 * pare_value_set_tensor. ENOMEM. */
pare_status pare_prune_own_floats(pare_ctx *ctx, const pare_model *model, pare_value_id value,
                                  pare_tensor **out, float **data);

#endif
