#include "op/conv_job.h"

#include "base/checked.h"
#include "op/reals.h"

#include <string.h>

static int64_t product(const int64_t *sizes, int32_t n)
{
    int64_t p = 1;
    for (int32_t i = 0; i < n; i++) p *= sizes[i];
    return p;
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

static void gather_row(const pare_conv_job *job, int64_t image, int64_t at, void *row)
{
    const void *x = pare_at(job->x, image * job->channels * job->n_in, job->width);
    pare_window_taps_ref(&job->shape, at, job->offsets);
    for (int64_t t = 0; t < job->n_taps; t++) {
        for (int64_t c = 0; c < job->channels; c++) {
            const void *from = job->offsets[t] < 0
                                   ? (const void *)&job->padding
                                   : pare_at(x, c * job->n_in + job->offsets[t], job->width);
            copy_element(pare_at_mut(row, t * job->channels + c, job->width), from, job->width);
        }
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
    job->n_in = product(job->shape.in, (int32_t)n);
    job->n_taps = product(job->shape.kernel, (int32_t)n);
    job->n_out = product(job->shape.out, (int32_t)n);
    job->k = job->n_taps * job->channels;
    job->width = width;
    job->gather = gather_row;
    size_t row_bytes = 0;
    if (!pare_mul_size((size_t)job->k, width * PARE_CONV_ROWS, &row_bytes))
        return pare_fail_memory(ctx, SIZE_MAX);
    job->w = pare_alloc(ctx, (size_t)w->n_elements * width + 1);
    job->rows = pare_alloc(ctx, row_bytes + 1);
    job->offsets = pare_alloc(ctx, ((size_t)job->n_taps + 1) * sizeof(*job->offsets));
    return job->w && job->rows && job->offsets ? PARE_OK : pare_fail_memory(ctx, row_bytes);
}

void pare_conv_job_free(pare_ctx *ctx, pare_conv_job *job)
{
    pare_free(ctx, job->w);
    pare_free(ctx, job->rows);
    pare_free(ctx, job->offsets);
}

void pare_conv_job_run(const pare_conv_job *job, pare_conv_multiply_fn *multiply, const void *user,
                       void *results, void *y, size_t width)
{
    if (!job->filters) return; /* groups may still be many */
    for (int64_t image = 0; image < job->batch * job->groups; image++) {
        const int64_t first_filter = image * job->filters;
        for (int64_t at = 0; at < job->n_out; at += PARE_CONV_ROWS) {
            const int64_t rows =
                job->n_out - at < PARE_CONV_ROWS ? job->n_out - at : PARE_CONV_ROWS;
            for (int64_t r = 0; r < rows; r++)
                job->gather(job, image, at + r, pare_at_mut(job->rows, r * job->k, job->width));
            multiply(job, user, image % job->groups, rows, results);
            for (int64_t m = 0; m < job->filters; m++)
                for (int64_t r = 0; r < rows; r++)
                    copy_element(pare_at_mut(y, (first_filter + m) * job->n_out + at + r, width),
                                 pare_at(results, r * job->filters + m, width), width);
        }
    }
}
