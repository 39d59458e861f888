/* Following the elements of small tensors through operators that move them. */
#ifndef PARE_OP_CONTENT_H
#define PARE_OP_CONTENT_H

#include "op/shape.h"

/* Whether every dim is a known integer; if so they are copied to out [PARE_MAX_DIMS]. */
bool pare_known_dims(const pare_info *info, int64_t *out);

/* The element at coordinates at [rank]; unknown where the content is not followed. Coordinates
 * must lie within the dims. */
pare_num pare_content_at(const pare_info *info, const int64_t *at);

/* The same of a tensor that is broadcast to one with `rank` axes, whose coordinates `at` are. */
pare_num pare_content_spread(const pare_info *info, const int64_t *at, uint32_t rank);

/* Gives *out, whose dims are set, the content that element(user, coordinates [rank]) has for each
 * element; none when it is too large, or when no element is known. */
typedef pare_num pare_place_fn(const void *user, const int64_t *at);
void pare_content_fill(pare_shapes *shapes, pare_info *out, pare_place_fn *element,
                       const void *user);

/* Gives *out, whose dims are set and which has the elements of `from` in the same order, that
 * content. */
void pare_content_keep(pare_shapes *shapes, pare_info *out, const pare_info *from);

#endif
