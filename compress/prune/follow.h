/* Numbers that say how large an axis is, or where on it something lies. Inside of prune only. */
#ifndef PARE_PRUNE_FOLLOW_H
#define PARE_PRUNE_FOLLOW_H

#include "prune/axes.h"

/* Writes what the number becomes when classes marked in gone go: into the attribute, or into the
 * constant that the input's element comes from, which is copied where others use it. An element
 * that is computed otherwise is left to that. ENOMEM, EBUDGET. */
pare_status pare_follow_apply(pare_ctx *ctx, pare_model *model, const pare_axes_found *axes,
                              const pare_axis_follow *follow, const bool *gone);

/* Whether the number stands in an attribute or a constant. */
bool pare_follow_is_constant(const pare_model *model, const pare_axes_found *axes,
                             const pare_axis_follow *follow);

#endif
