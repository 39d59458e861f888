#include "run/lower/sliding.h"

void pare_sliding_init(pare_sliding *s, const pare_window_shape *shape)
{
    *s = (pare_sliding){ .n_out = 1, .n_taps = 1 };
    for (int i = 0; i < PARE_SLIDING_AXES; i++) {
        const int from = i - (PARE_SLIDING_AXES - shape->n_axes);
        s->in[i] = from < 0 ? 1 : shape->in[from];
        s->out[i] = from < 0 ? 1 : shape->out[from];
        s->kernel[i] = from < 0 ? 1 : shape->kernel[from];
        s->stride[i] = from < 0 ? 1 : shape->stride[from];
        s->dilation[i] = from < 0 ? 1 : shape->dilation[from];
        s->begin[i] = from < 0 ? 0 : shape->begin[from];
        s->n_out *= s->out[i];
        s->n_taps *= s->kernel[i];
    }
}

void pare_sliding_read(pare_sliding *s, const pare_laid *x)
{
    s->batch_step = x->strides[0];
    s->channel_step = x->strides[1];
    for (int i = 0; i < PARE_SLIDING_AXES; i++) {
        const int axis = i - PARE_SLIDING_AXES + (int)x->rank;
        s->step[i] = axis < 2 ? 0 : x->strides[axis];
    }
}

int64_t pare_sliding_padded(const pare_sliding *s, int i)
{
    const int64_t last = (s->out[i] - 1) * s->stride[i] + (s->kernel[i] - 1) * s->dilation[i];
    const int64_t end = s->begin[i] + s->in[i];
    return last + 1 > end ? last + 1 : end;
}

bool pare_sliding_is_pointwise(const pare_sliding *s)
{
    for (int i = 0; i < PARE_SLIDING_AXES; i++)
        if (s->stride[i] != 1 || s->begin[i] != 0 || s->in[i] != s->out[i]) return false;
    return true;
}

pare_corner pare_sliding_corner(const pare_sliding *s, const float *x, int64_t row)
{
    pare_corner c;
    int64_t position = row % s->n_out;
    c.x = x + row / s->n_out * s->batch_step;
    for (int i = PARE_SLIDING_AXES; i-- > 0;) {
        c.at[i] = position % s->out[i] * s->stride[i] - s->begin[i];
        position /= s->out[i];
    }
    return c;
}

void pare_sliding_point(const pare_sliding *s, const pare_corner *c, const float *padding,
                        int64_t stride, const float **x)
{
    for (int64_t kd = 0; kd < s->kernel[0]; kd++)
        for (int64_t kh = 0; kh < s->kernel[1]; kh++)
            for (int64_t kw = 0; kw < s->kernel[2]; kw++, x += stride) {
                const float *at = pare_sliding_under(s, c, kd, kh, kw);
                *x = at ? at : padding;
            }
}
