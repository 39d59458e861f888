#include "kernels/finish.h"

#include <math.h>

float pare_finish_ref(const pare_finish *f, int64_t row, int64_t column, float z)
{
    if (f->scale) z = fmaf(z, f->scale[column], f->shift[column]);
    if (f->add) z += f->add[row * f->add_stride + column];
    z = z < f->low ? f->low : z;
    return z > f->high ? f->high : z;
}
