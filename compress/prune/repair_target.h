/* What the outputs of a node are to be fitted to. Inside of prune only. */
#ifndef PARE_PRUNE_REPAIR_TARGET_H
#define PARE_PRUNE_REPAIR_TARGET_H

#include "op/linear.h"
#include "prune/axes.h"
#include "stats/gram.h"

typedef struct pare_repair_target {
    pare_value_id plus, minus; /* stats/gram.h */
    pare_value_id own;        /* the output itself, with its bias */
    pare_value_id bias;       /* vector of one number per output, that belongs to the node alone;
                                 PARE_NONE: there is none */
    bool has_ramp;
    pare_gram_ramp ramp;      /* of the activation that reads plus */
} pare_repair_target;

/* Follows the output of a linear node: over an Add of a constant vector (its bias), over an Add of
 * a value of the same shape, to a Relu or Clip. */
pare_repair_target pare_repair_target_of(const pare_model *model, const pare_axes_found *axes,
                                         const pare_linear *linear);

#endif
