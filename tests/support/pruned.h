/* Removing positions of axes, and what that has to equal. */
#ifndef TESTS_SUPPORT_PRUNED_H
#define TESTS_SUPPORT_PRUNED_H

#include "base/rng.h"
#include "prune/axes.h"

/* Marks about a third of the classes of a group in gone [n_classes], at least one where something
 * of every factor can stay. How many. */
size_t test_prune_choose(const pare_axes_found *a, uint32_t group, pare_rng *rng, bool *gone);

/* Makes constants zero at positions that are to go: not those that divide, nor scales. */
void test_prune_mask(pare_ctx *ctx, pare_model *m, const pare_axes_found *a, const bool *gone);

/* Whether an element of a tensor that value v is, or has the shape of, stays. */
bool test_prune_keeps(const pare_axes_found *a, pare_value_id v, const pare_tensor *t,
                      const bool *gone, int64_t element);

#endif
