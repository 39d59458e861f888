/* Moving the elements of a block between layouts: copies, slices, transpositions, broadcasts. */
#ifndef KERNELS_MOVE_H
#define KERNELS_MOVE_H

#include <stdint.h>

enum { PARE_MOVE_AXES = 16 };

/* Steps count elements; that of `from` may be 0 (one element goes to many) or negative. */
typedef struct pare_move_axis {
    int64_t n, from, to;
} pare_move_axis;

/* For all indices i[d] < axes[d].n: element sum of i[d] * axes[d].to of the target becomes element
 * sum of i[d] * axes[d].from of the source. Targets differ. Without axes one element moves. */
typedef struct pare_move {
    int32_t n_axes;
    pare_move_axis axes[PARE_MOVE_AXES];
} pare_move;

/* Orders axes so that targets ascend, joins those without a gap between them, and puts an axis
 * along which the source is dense next to the last. The same elements move, at the best speed. */
void pare_move_plan(pare_move *move);

/* Elements of 1, 2, 4 or 8 bytes. Source and target do not overlap. */
typedef void pare_move_fn(const pare_move *move, int32_t width_bytes, const void *from, void *to);

pare_move_fn pare_move_ref;

#endif
