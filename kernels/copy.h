/* Copying elements of any width, and the indices that lead to them.
 *
 * An element has `bits` bits: a multiple of 8, or 2 or 4 (packed into bytes, low bits first).
 * Positions and steps count elements; a step may be 0 or negative. Source and target do not
 * overlap. */
#ifndef KERNELS_COPY_H
#define KERNELS_COPY_H

#include <stdint.h>

/* Element to_at + i * to_step of `to` becomes element from_at + i * from_step of `from`, for i in
 * [0, n). Other elements in the same bytes stay as they are. */
void pare_copy_ref(uint32_t bits, void *to, int64_t to_at, int64_t to_step, const void *from,
                   int64_t from_at, int64_t from_step, int64_t n);

/* Elements [to_at + i * run, to_at + (i + 1) * run) of `to` become those from
 * from_at + index[i] * run on, for i in [0, n). */
void pare_pick_ref(uint32_t bits, void *to, int64_t to_at, const void *from, int64_t from_at,
                   int64_t run, const int64_t *index, int64_t n);

/* The reverse: elements from to_at + index[i] * run on become [from_at + i * run, ...). Where an
 * index comes twice, the last one counts. */
void pare_put_ref(uint32_t bits, void *to, int64_t to_at, const void *from, int64_t from_at,
                  int64_t run, const int64_t *index, int64_t n);

/* Indices in [low, dim), where low is 0 or -dim, are made to count from the front. Returns the
 * position of the first that lies outside, which stays as it is, or -1. */
int64_t pare_from_front_ref(int64_t low, int64_t dim, int64_t n, int64_t *index);

/* Tuples of `depth` indices, each in [-dims[k], dims[k]), as positions:
 * at[i] = sum over k of front(index[i * depth + k]) * strides[k], for i in [0, n). Returns the
 * position in `index` of the first that lies outside, or -1. */
int64_t pare_positions_ref(int64_t depth, const int64_t *dims, const int64_t *strides, int64_t n,
                           const int64_t *index, int64_t *at);

#endif
