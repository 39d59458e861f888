/* Choosing what of a group of axes to remove. */
#ifndef TESTS_SUPPORT_PRUNED_H
#define TESTS_SUPPORT_PRUNED_H

#include "base/rng.h"
#include "prune/axes.h"

/* Marks about a third of the classes of a group in gone [n_classes], at least one where something
 * of every factor can stay. How many. */
size_t test_prune_choose(const pare_axes_found *a, uint32_t group, pare_rng *rng, bool *gone);

#endif
