/* Which widths are attention heads: whole heads then go, not sizes of heads. */
#ifndef PARE_PRUNE_HEADS_H
#define PARE_PRUNE_HEADS_H

#include "prune/axes.h"

/* Marks, in is_heads [axes->n_groups], groups whose positions are heads: blocks that the num_heads
 * of an attention operator counts, or batches of a product of two computed matrices. Where several
 * queries share keys and values, a group is either these sharers or the same query of all of them:
 * as many queries per key stay in either case. */
void pare_heads_find(const pare_model *model, const pare_axes_found *axes, bool *is_heads);

#endif
