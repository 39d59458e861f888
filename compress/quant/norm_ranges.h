/* Ranges without data, from what training left in BatchNormalization: its outputs have a mean and a
 * deviation by channel, and operators behind it change them in known ways. */
#ifndef PARE_QUANT_NORM_RANGES_H
#define PARE_QUANT_NORM_RANGES_H

#include "ir/model.h"

/* What a value holds, nearly always. */
typedef struct pare_norm_range {
    bool known;
    float low, high;
} pare_norm_range;

/* Notes the outputs of BatchNormalization, mean less and plus some deviations of the channels that
 * reach furthest; *out [model->n_values], by value, is the caller's to free with pare_free. To be
 * called before those nodes are folded. ENOMEM. */
pare_status pare_norm_ranges_begin(pare_ctx *ctx, pare_norm_range **out, const pare_model *model);

/* Follows them through activations, pools, moves, Add, Mul and Concat; model is what the one before
 * became: values keep their handles; n_values is how many there were. *ranges grows to
 * [model->n_values]. EFORMAT for a cycle; ENOMEM. */
pare_status pare_norm_ranges_spread(pare_ctx *ctx, pare_norm_range **ranges, size_t n_values,
                                    const pare_model *model);

#endif
