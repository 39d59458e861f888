/* What holds of groups, of liveness and of an arena, whatever the graph. */
#ifndef TESTS_SUPPORT_GROUPS_H
#define TESTS_SUPPORT_GROUPS_H

#include "sched/liveness.h"
#include "sched/offsets.h"

/* The test fails unless every node of the graph is in exactly one group, inner values are used
 * inside only, inputs and outputs are listed right, and `order` ([n], NULL: as they stand) is
 * topological. */
void groups_check(const pare_groups *groups, const uint32_t *order);

/* Lays the buffers out, aligned to `align`, and checks that none that live together overlap. The
 * caller frees the plan. */
pare_arena_plan *groups_lay_out(pare_ctx *ctx, const pare_liveness *live, uint64_t align);

#endif
