#include "op/conv_job.h"

#include "base/checked.h"
#include "op/reals.h"

#include <string.h>

/* ENOMEM when it is more than any tensor has; sizes of an empty one may be anything. */
static pare_status product(pare_ctx *ctx, int64_t *out, const int64_t *sizes, int32_t n)
{
    size_t p = 1;
    for (int32_t i = 0; i < n; i++)
        if (!pare_mul_size(p, (size_t)sizes[i], &p)) return pare_fail_memory(ctx, SIZE_MAX);
    *out = (int64_t)p;
    return p > INT64_MAX / 8 ? pare_fail_memory(ctx, SIZE_MAX) : PARE_OK;
}

/* One element of 2, 4 or 8 bytes. */
static void copy_element(void *to, const void *from, size_t width)
{
    if (width == 4) memcpy(to, from, 4);
    else if (width == 2) memcpy(to, from, 2);
    else memcpy(to, from, 8);
}

/* Filters [M, channels, taps] as [M, taps, channels]. */
void pare_conv_job_filters(pare_conv_job *job, const void *w)
{
    const int64_t n_filters = job->groups * job->filters;
    for (int64_t m = 0; m < n_filters; m++)
        for (int64_t c = 0; c < job->channels; c++)
            for (int64_t t = 0; t < job->n_taps; t++)
                copy_element(pare_at_mut(job->w, m * job->k + t * job->channels + c, job->width),
                             pare_at(w, (m * job->channels + c) * job->n_taps + t, job->width),
                             job->width);
}

/* n elements, those of `from` `step` apart. */
static void copy_elements(void *to, const void *from, int64_t n, int64_t step, size_t width)
{
    if (width == 4)
        for (int64_t i = 0; i < n; i++)
            memcpy((uint8_t *)to + i * 4, (const uint8_t *)from + i * step * 4, 4);
    else
        for (int64_t i = 0; i < n; i++)
            copy_element(pare_at_mut(to, i, width), pare_at(from, i * step, width), width);
}

static void gather_row(const pare_conv_job *job, int64_t image, int64_t at, void *row)
{
    const void *x = pare_at(job->x, image * job->channels * job->n_in, job->width);
    const int64_t *offset = job->offsets + at % PARE_CONV_ROWS * job->n_taps;
    for (int64_t t = 0; t < job->n_taps; t++) {
        void *to = pare_at_mut(row, t * job->channels, job->width);
        if (offset[t] < 0) copy_elements(to, &job->padding, job->channels, 0, job->width);
        else
            copy_elements(to, pare_at(x, offset[t], job->width), job->channels, job->n_in,
                          job->width);
    }
}

pare_status pare_conv_job_make(pare_ctx *ctx, pare_conv_job *job, const pare_eval_io *io,
                            const pare_tensor *x, const pare_tensor *w, size_t width)
{
    const pare_conv_params *p = io->params;
    const uint32_t n = x->rank - 2;
    int64_t out[PARE_MAX_DIMS];
    if (n > PARE_WINDOW_AXES) return pare_call_fail(ctx, io->call, "too many spatial axes");
    for (uint32_t d = 0; d < n; d++) out[d] = io->info[0].dims[2 + d].i;
    pare_window_shape_of(&job->shape, &p->window, n, x->dims + 2, w->dims + 2, out);
    job->batch = x->dims[0];
    job->groups = p->group;
    job->channels = w->dims[1];
    job->filters = w->dims[0] / p->group;
    PARE_TRY(product(ctx, &job->n_in, job->shape.in, (int32_t)n));
    PARE_TRY(product(ctx, &job->n_taps, job->shape.kernel, (int32_t)n));
    PARE_TRY(product(ctx, &job->n_out, job->shape.out, (int32_t)n));
    PARE_TRY(product(ctx, &job->k, (const int64_t[]){ job->n_taps, job->channels }, 2));
    job->width = width;
    job->gather = gather_row;
    size_t row_bytes = 0;
    size_t offset_bytes = 0;
    if (!pare_mul_size((size_t)job->k, width * PARE_CONV_ROWS, &row_bytes) ||
        !pare_mul_size((size_t)job->n_taps, sizeof(int64_t) * PARE_CONV_ROWS, &offset_bytes))
        return pare_fail_memory(ctx, SIZE_MAX);
    job->w = pare_alloc(ctx, (size_t)w->n_elements * width + 1);
    job->rows = pare_alloc(ctx, row_bytes + 1);
    job->offsets = pare_alloc(ctx, offset_bytes + 1);
    return job->w && job->rows && job->offsets ? PARE_OK : pare_fail_memory(ctx, row_bytes);
}

void pare_conv_job_free(pare_ctx *ctx, pare_conv_job *job)
{
    pare_free(ctx, job->w);
    pare_free(ctx, job->rows);
    pare_free(ctx, job->offsets);
}

/* `rows` output positions of one image and group, from `at` on. */
static void run_block(const pare_conv_job *job, pare_conv_multiply_fn *multiply, const void *user,
                      int64_t image, int64_t at, int64_t rows, void *results, void *y, size_t width)
{
    const int64_t first_filter = image * job->filters;
    for (int64_t r = 0; r < rows; r++)
        job->gather(job, image, at + r, pare_at_mut(job->rows, r * job->k, job->width));
    multiply(job, user, image % job->groups, rows, results);
    for (int64_t m = 0; m < job->filters; m++)
        copy_elements(pare_at_mut(y, (first_filter + m) * job->n_out + at, width),
                      pare_at(results, m, width), rows, job->filters, width);
}

void pare_conv_job_run(const pare_conv_job *job, pare_conv_multiply_fn *multiply, const void *user,
                       void *results, void *y, size_t width)
{
    if (!job->filters) return; /* groups may still be many */
    for (int64_t at = 0; at < job->n_out; at += PARE_CONV_ROWS) {
        const int64_t rows = job->n_out - at < PARE_CONV_ROWS ? job->n_out - at : PARE_CONV_ROWS;
        for (int64_t r = 0; r < rows; r++)
            pare_window_taps_ref(&job->shape, at + r, job->offsets + r * job->n_taps);
        for (int64_t image = 0; image < job->batch * job->groups; image++)
            run_block(job, multiply, user, image, at, rows, results, y, width);
    }
}
