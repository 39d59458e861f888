#include "kernels/finish.h"

#include "kernels/convert.h"

#include <math.h>

static float rounded(float z)
{
    return pare_small_decode_ref(
        &pare_float16,
        pare_small_encode_ref(&pare_float16, PARE_OVERFLOW_INFINITE, (double)z));
}

float pare_finish_ref(const pare_finish *f, int64_t row, int64_t column, float z)
{
    if (f->rounds & PARE_ROUND_CHAIN) z = rounded(z);
    if (f->scale) z = fmaf(z, f->scale[column], f->shift[column]);
    if (f->rounds & PARE_ROUND_AFFINE) z = rounded(z);
    if (f->add) z += f->add[row * f->add_stride + column];
    if (f->rounds & PARE_ROUND_SUM) z = rounded(z);
    z = z < f->low ? f->low : z;
    return z > f->high ? f->high : z;
}
