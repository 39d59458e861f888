#include "kernels/nms.h"

typedef struct span {
    float low, high;
} span;

/* What a box covers along x (axis 0) or y (axis 1). */
static span span_of(const float *box, bool center_point, int axis)
{
    if (center_point) {
        const float half = box[2 + axis] / 2;
        return (span){ box[axis] - half, box[axis] + half };
    }
    const float first = box[1 - axis];
    const float second = box[3 - axis];
    return first < second ? (span){ first, second } : (span){ second, first };
}

static float area_of(const float *box, bool center_point)
{
    const span x = span_of(box, center_point, 0);
    const span y = span_of(box, center_point, 1);
    return (x.high - x.low) * (y.high - y.low);
}

/* Length of what two boxes share along an axis; below 0: a gap. */
static float shared(const float *a, const float *b, bool center_point, int axis)
{
    const span p = span_of(a, center_point, axis);
    const span q = span_of(b, center_point, axis);
    const float low = p.low > q.low ? p.low : q.low;
    const float high = p.high < q.high ? p.high : q.high;
    return high - low;
}

bool pare_boxes_overlap_ref(const float *a, const float *b, bool center_point, float threshold)
{
    const float width = shared(a, b, center_point, 0);
    const float height = shared(a, b, center_point, 1);
    if (!(width > 0) || !(height > 0)) return false;
    const float both = width * height;
    const float area_a = area_of(a, center_point);
    const float area_b = area_of(b, center_point);
    const float whole = area_a + area_b - both;
    if (!(both > 0) || !(area_a > 0) || !(area_b > 0) || !(whole > 0)) return false;
    return both / whole > threshold;
}
