#include "kernels/rotary.h"

#include <math.h>

void pare_rotate_f32_ref(int64_t n, bool interleaved, const float *cosine, const float *sine,
                         const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t one = interleaved ? 2 * i : i;
        const int64_t two = interleaved ? 2 * i + 1 : n + i;
        const float first = x[one];
        const float second = x[two];
        y[one] = fmaf(-sine[i], second, cosine[i] * first);
        y[two] = fmaf(cosine[i], second, sine[i] * first);
    }
}
