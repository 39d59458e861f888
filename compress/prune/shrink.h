/* Surgery: positions of axes are really removed, from constants, declared shapes and numbers that
 * say how large something is. */
#ifndef PARE_PRUNE_SHRINK_H
#define PARE_PRUNE_SHRINK_H

#include "prune/axes.h"

/* Removes the classes marked in gone [axes->n_classes] from the model that axes was found for (or a
 * clone of it). Names, and everything that has no part in it, stay. Then infers all shapes anew and
 * compares them with what is to be left. EUSAGE when a class is frozen or nothing of a factor would
 * be left; EUNSUPPORTED, naming the node, for numbers that cannot be changed (their input is
 * computed in a way that is not followed) and for constants of types below a byte; ENOMEM, EBUDGET.
 * On failure the model is half changed: work on a clone. */
pare_status pare_shrink(pare_ctx *ctx, pare_model *model, const pare_axes_found *axes,
                        const bool *gone);

/* Tries every group on a clone of the model, by one of its classes, and freezes those for which
 * pare_shrink finds no way: they keep their places among the groups, with no class that can go.
 * ENOMEM, EBUDGET. */
pare_status pare_axes_settle(pare_ctx *ctx, pare_axes_found *axes, const pare_model *model);

#endif
