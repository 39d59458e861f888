/* Windows that slide over one to three spatial axes of a value whose strides may be anything. */
#ifndef PARE_RUN_LOWER_SLIDING_H
#define PARE_RUN_LOWER_SLIDING_H

#include "kernels/window.h"
#include "run/planner.h"

enum { PARE_SLIDING_AXES = 3 };

/* Axes that a value does not have count as axes of size 1 in front. */
typedef struct pare_sliding {
    int64_t in[PARE_SLIDING_AXES], out[PARE_SLIDING_AXES], kernel[PARE_SLIDING_AXES];
    int64_t stride[PARE_SLIDING_AXES], dilation[PARE_SLIDING_AXES], begin[PARE_SLIDING_AXES];
    int64_t step[PARE_SLIDING_AXES]; /* elements of x from one position to the next */
    int64_t batch_step, channel_step;
    int64_t n_out, n_taps;    /* output positions of an image, taps of a window */
} pare_sliding;

/* Where the window of an output position starts. */
typedef struct pare_corner {
    const float *x;           /* the image */
    int64_t at[PARE_SLIDING_AXES];
} pare_corner;

/* n_axes is at most PARE_SLIDING_AXES; steps are set by pare_sliding_read. */
void pare_sliding_init(pare_sliding *s, const pare_window_shape *shape);

/* Whether filters of this kind are faster with fewer products: by the shape of the layer alone. */
bool pare_winograd_suits(const pare_sliding *s, int64_t group, int64_t n_in, int64_t n_out,
                         pare_winograd_size *size);

/* Lowers a Conv that suits; the window tells sizes, not yet how the input lies. */
pare_status pare_lower_winograd(pare_planner *p, pare_lowering *l, const pare_sliding *s,
                                pare_winograd_size size);

/* Says how the input lies. */
void pare_sliding_read(pare_sliding *s, const pare_laid *x);

/* Positions along axis i up to the end of the last window. */
int64_t pare_sliding_padded(const pare_sliding *s, int i);

/* Whether each output position takes the input position of the same place first, and there are as
 * many of both. */
bool pare_sliding_is_pointwise(const pare_sliding *s);

/* The window of row `row`: output position row % n_out of image row / n_out. */
pare_corner pare_sliding_corner(const pare_sliding *s, const float *x, int64_t row);

/* The window of the next row of the same image: false when there is none. */
static inline bool pare_sliding_next(const pare_sliding *s, pare_corner *c)
{
    for (int i = PARE_SLIDING_AXES; i-- > 0;) {
        c->at[i] += s->stride[i];
        if (c->at[i] < s->out[i] * s->stride[i] - s->begin[i]) return true;
        c->at[i] = -s->begin[i];
    }
    return false;
}

/* Whether no tap of a window lies in the padding. */
static inline bool pare_sliding_is_inside(const pare_sliding *s, const pare_corner *c)
{
    for (int i = 0; i < PARE_SLIDING_AXES; i++)
        if (c->at[i] < 0 || c->at[i] + (s->kernel[i] - 1) * s->dilation[i] >= s->in[i])
            return false;
    return true;
}

/* Channel 0 under tap (kd, kh, kw) of a window; NULL: padding. */
static inline const float *pare_sliding_under(const pare_sliding *s, const pare_corner *c,
                                              int64_t kd, int64_t kh, int64_t kw)
{
    const int64_t d = c->at[0] + kd * s->dilation[0];
    const int64_t h = c->at[1] + kh * s->dilation[1];
    const int64_t w = c->at[2] + kw * s->dilation[2];
    if ((uint64_t)d >= (uint64_t)s->in[0] || (uint64_t)h >= (uint64_t)s->in[1] ||
        (uint64_t)w >= (uint64_t)s->in[2])
        return NULL;
    return c->x + d * s->step[0] + h * s->step[1] + w * s->step[2];
}

/* Pointers to what is under each tap of a window, every `stride`th entry of x; `padding` where that
 * is padding. */
void pare_sliding_point(const pare_sliding *s, const pare_corner *c, const float *padding,
                        int64_t stride, const float **x);

#endif
