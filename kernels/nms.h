/* Boxes that overlap. */
#ifndef KERNELS_NMS_H
#define KERNELS_NMS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether the intersection of two boxes is more than `threshold` of their union. a, b [4]: two
 * opposite corners (y1, x1, y2, x2), or with center_point (x, y, width, height). All in float, each
 * operation rounded: along an axis the intersection is from the greater of both lower ends to the
 * lesser of both upper ends, areas are products of sides, the union is (area a + area b) -
 * intersection. False where the intersection, either area or the union is not above 0. */
bool pare_boxes_overlap_ref(const float *a, const float *b, bool center_point, float threshold);

#endif
