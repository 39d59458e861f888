#include "base/checked.h"
#include "op/conv.h"
#include "op/reals.h"

#include <inttypes.h>
#include <string.h>

/* Each output element is one chain of fused multiply-adds that starts at the bias, over taps
 * (row-major) outside and input channels inside; taps that hit no input element are skipped. Here
 * the chains of all outputs grow together, tap by tap: an input position adds to the one output
 * position that it hits through the tap. */

enum { ROWS = 64 }; /* input positions that are multiplied together */

typedef struct job {
    pare_window_shape shape;  /* in, out, kernel, stride, dilation; begin is what is cut off Y */
    pare_wide wide;
    int64_t batch, groups, channels, filters; /* channels and filters of one group */
    int64_t n_in, n_taps, n_out;
    pare_reals x, w, bias, y;
    pare_reals image;         /* [n_in, channels] of an image and group */
    pare_reals taps;          /* [n_taps, filters, channels] of a group */
    pare_reals sums;          /* [n_out, filters] */
    pare_reals rows, results; /* [ROWS, channels], [ROWS, filters] */
} job;

static void copy_element(void *to, const void *from, size_t width)
{
    if (width == 4) memcpy(to, from, 4);
    else memcpy(to, from, 8);
}

/* to [n, m] = from [m, n] */
static void transpose(void *to, const void *from, int64_t m, int64_t n, size_t width)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < m; k++)
            copy_element(pare_at_mut(to, i * m + k, width), pare_at(from, k * n + i, width), width);
}

/* W [channels, filters, taps] of a group as [taps, filters, channels]. */
static void arrange_taps(const job *j, const void *w)
{
    for (int64_t c = 0; c < j->channels; c++)
        for (int64_t m = 0; m < j->filters; m++)
            for (int64_t t = 0; t < j->n_taps; t++)
                copy_element(
                    pare_at_mut(j->taps.owned, (t * j->filters + m) * j->channels + c, j->w.width),
                    pare_at(w, (c * j->filters + m) * j->n_taps + t, j->w.width), j->w.width);
}

/* The output position that input position `at` hits through a tap, or -1. */
static int64_t position_hit(const pare_window_shape *s, int64_t at, const int64_t *tap)
{
    int64_t position = 0;
    int64_t step = 1;
    for (int32_t d = s->n_axes - 1; d >= 0; d--) {
        const int64_t i = at % s->in[d] * s->stride[d] + tap[d] * s->dilation[d] - s->begin[d];
        if (i < 0 || i >= s->out[d]) return -1;
        position += i * step;
        step *= s->out[d];
        at /= s->in[d];
    }
    return position;
}

/* Adds the products of n input positions with the filters of tap t. */
static void add_rows(const job *j, int64_t t, int64_t n, const int64_t *from, const int64_t *to)
{
    const size_t width = j->x.width;
    const size_t row_bytes = (size_t)j->channels * width;
    const size_t sum_bytes = (size_t)j->filters * width;
    for (int64_t r = 0; r < n; r++) {
        memcpy(pare_at_mut(j->rows.owned, r * j->channels, width),
               pare_at(j->image.data, from[r] * j->channels, width), row_bytes);
        memcpy(pare_at_mut(j->results.owned, r * j->filters, width),
               pare_at(j->sums.data, to[r] * j->filters, width), sum_bytes);
    }
    pare_reals_gemm_onto(j->wide, n, j->filters, j->channels, j->rows.data, j->channels,
                         pare_at(j->taps.data, t * j->filters * j->channels, width), j->channels,
                         j->results.owned, j->filters);
    for (int64_t r = 0; r < n; r++)
        memcpy(pare_at_mut(j->sums.owned, to[r] * j->filters, width),
               pare_at(j->results.data, r * j->filters, width), sum_bytes);
}

static void add_tap(const job *j, int64_t t)
{
    const pare_window_shape *s = &j->shape;
    int64_t from[ROWS], to[ROWS], tap[PARE_WINDOW_AXES];
    int64_t n = 0;
    int64_t rest = t;
    for (int32_t d = s->n_axes - 1; d >= 0; d--) {
        tap[d] = rest % s->kernel[d];
        rest /= s->kernel[d];
    }
    for (int64_t at = 0; at < j->n_in; at++) {
        to[n] = position_hit(s, at, tap);
        from[n] = at;
        if (to[n] >= 0) n++;
        if (n < ROWS) continue;
        add_rows(j, t, n, from, to);
        n = 0;
    }
    if (n) add_rows(j, t, n, from, to);
}

static void run_group(const job *j, int64_t image, int64_t g)
{
    const size_t width = j->x.width;
    const int64_t at = image * j->groups + g;
    if (j->channels)
        transpose(j->image.owned, pare_at(j->x.data, at * j->channels * j->n_in, width),
                  j->channels, j->n_in, width);
    memset(j->sums.owned, 0, (size_t)(j->n_out * j->filters) * width);
    for (int64_t i = 0; j->bias.data && i < j->n_out; i++)
        memcpy(pare_at_mut(j->sums.owned, i * j->filters, width),
               pare_at(j->bias.data, g * j->filters, width), (size_t)j->filters * width);
    for (int64_t t = 0; j->channels && t < j->n_taps; t++) add_tap(j, t);
    transpose(pare_at_mut(j->y.owned, at * j->filters * j->n_out, width), j->sums.data, j->n_out,
              j->filters, width);
}

/* --- setting up ------------------------------------------------------------------------------- */

/* Sizes small enough that positions do not overflow. */
static pare_status set_shape(pare_ctx *ctx, const pare_eval_io *io, job *j, const pare_tensor *x,
                             const pare_tensor *w)
{
    const pare_conv_transpose_params *p = io->params;
    pare_window_shape *s = &j->shape;
    size_t n_in = 1;
    size_t n_taps = 1;
    size_t n_out = 1;
    if (x->rank - 2 > PARE_WINDOW_AXES || !io->info[0].has_rank)
        return pare_call_fail(ctx, io->call, "too many axes");
    s->n_axes = (int32_t)(x->rank - 2);
    for (uint32_t d = 0; d < x->rank - 2; d++) {
        const pare_num out = io->info[0].dims[2 + d];
        s->in[d] = x->dims[2 + d];
        s->kernel[d] = w->dims[2 + d];
        s->stride[d] = pare_window_at(p->window.strides, d, 1);
        s->dilation[d] = pare_window_at(p->window.dilations, d, 1);
        if (out.kind != PARE_NUM_INT || s->in[d] > INT32_MAX || s->kernel[d] > INT32_MAX ||
            pare_window_at(p->output_padding, d, 0) > INT32_MAX ||
            !pare_mul_size(n_out, (size_t)out.i, &n_out) ||
            !pare_mul_size(n_in, (size_t)s->in[d], &n_in) ||
            !pare_mul_size(n_taps, (size_t)s->kernel[d], &n_taps))
            return pare_fail_memory(ctx, SIZE_MAX);
        s->out[d] = out.i;
        s->begin[d] = pare_conv_transpose_cut(p, s, d);
    }
    if (n_in > INT32_MAX || n_taps > INT32_MAX || n_out > INT64_MAX / 8)
        return pare_fail_memory(ctx, SIZE_MAX);
    j->n_in = (int64_t)n_in;
    j->n_taps = (int64_t)n_taps;
    j->n_out = (int64_t)n_out;
    j->batch = x->dims[0];
    j->groups = p->group;
    j->channels = x->dims[1] / p->group;
    j->filters = w->dims[1];
    return PARE_OK;
}

static pare_status make_room(pare_ctx *ctx, job *j)
{
    size_t n = 0;
    const pare_wide wide = j->wide;
    if (!pare_mul_size((size_t)j->n_out, (size_t)j->filters, &n) ||
        !pare_mul_size(n, (size_t)(j->batch * j->groups), &n) || n > INT64_MAX)
        return pare_fail_memory(ctx, SIZE_MAX);
    PARE_TRY(pare_reals_new(ctx, &j->y, wide, (int64_t)n));
    PARE_TRY(pare_reals_new(ctx, &j->image, wide, j->n_in * j->channels));
    PARE_TRY(pare_reals_new(ctx, &j->taps, wide, j->n_taps * j->filters * j->channels));
    PARE_TRY(pare_reals_new(ctx, &j->sums, wide, j->n_out * j->filters));
    PARE_TRY(pare_reals_new(ctx, &j->rows, wide, ROWS * j->channels));
    return pare_reals_new(ctx, &j->results, wide, ROWS * j->filters);
}

static pare_status check(pare_ctx *ctx, const pare_eval_io *io)
{
    const pare_conv_transpose_params *p = io->params;
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_tensor *w = pare_eval_tensor(io, 1);
    const pare_tensor *bias = pare_eval_tensor(io, 2);
    if (!x || !w) return pare_call_fail(ctx, io->call, "expected X and W, found fewer tensors");
    if (!pare_reals_wide(x->dtype)) return pare_eval_no_type(ctx, io, x->dtype);
    if (w->dtype != x->dtype) return pare_eval_no_type(ctx, io, w->dtype);
    if (bias && bias->dtype != x->dtype) return pare_eval_no_type(ctx, io, bias->dtype);
    if (x->dims[1] % p->group)
        return pare_call_fail(ctx, io->call,
                              "group: expected a divisor of %" PRId64 " channels, found %" PRId64,
                              x->dims[1], p->group);
    if (bias && bias->n_elements != w->dims[1] * p->group)
        return pare_call_fail(ctx, io->call,
                              "bias: expected %" PRId64 " numbers, found %" PRId64,
                              w->dims[1] * p->group, bias->n_elements);
    return PARE_OK;
}

static pare_status run(pare_ctx *ctx, pare_eval_io *io, job *j)
{
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_tensor *w = pare_eval_tensor(io, 1);
    j->wide = pare_reals_wide(x->dtype);
    PARE_TRY(set_shape(ctx, io, j, x, w));
    PARE_TRY(pare_reals_load(ctx, &j->x, x, j->wide));
    PARE_TRY(pare_reals_load(ctx, &j->w, w, j->wide));
    PARE_TRY(pare_reals_load(ctx, &j->bias, pare_eval_tensor(io, 2), j->wide));
    PARE_TRY(make_room(ctx, j));
    const bool is_empty = !j->batch || !j->filters || !j->n_out;
    for (int64_t g = 0; !is_empty && g < j->groups; g++) {
        arrange_taps(j, pare_at(j->w.data, g * j->channels * j->filters * j->n_taps, j->w.width));
        for (int64_t image = 0; image < j->batch; image++) run_group(j, image, g);
    }
    return pare_reals_out(ctx, io, 0, &j->y);
}

pare_status pare_conv_transpose_eval(pare_ctx *ctx, pare_eval_io *io)
{
    PARE_TRY(check(ctx, io));
    job *j = pare_alloc_zero(ctx, sizeof(*j));
    if (!j) return pare_fail_memory(ctx, sizeof(*j));
    const pare_status st = run(ctx, io, j);
    pare_reals *const all[] = { &j->x,    &j->w,    &j->bias, &j->y,      &j->image,
                                &j->taps, &j->sums, &j->rows, &j->results };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) pare_reals_free(ctx, all[i]);
    pare_free(ctx, j);
    return st;
}
