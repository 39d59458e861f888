/* Convolution as a matrix product: what is under the window, gathered for some output positions at
 * a time, times the filters. Both count kernel positions outside and channels inside: that is the
 * order of each output's chain of products. Inside of op only. */
#ifndef PARE_OP_CONV_JOB_H
#define PARE_OP_CONV_JOB_H

#include "op/conv.h"
#include "op/eval.h"

enum { PARE_CONV_ROWS = 64 }; /* output positions that are gathered at a time */

struct pare_conv_job;

/* Fills row [n_taps, channels] with what is under the window at output position `at`, for an image
 * and group (image * groups + group). */
typedef void pare_conv_gather_fn(const struct pare_conv_job *job, int64_t image, int64_t at,
                                 void *row);

typedef struct pare_conv_job {
    pare_window_shape shape;
    int64_t batch, groups, channels, filters; /* channels and filters of one group */
    int64_t n_in, n_taps, n_out, k;           /* k: n_taps * channels */
    size_t width;                             /* bytes per element of x and w: 2, 4 or 8 */
    const void *x;                            /* [batch, groups, channels, n_in] */
    uint8_t *w;                               /* [groups, filters, n_taps, channels] */
    uint8_t *rows;                            /* [PARE_CONV_ROWS, k] */
    int64_t *offsets;                         /* [PARE_CONV_ROWS, n_taps] of the block */
    uint64_t padding;                         /* bits of what lies in the padding */
    pare_conv_gather_fn *gather;              /* elements as they are, where not set otherwise */
    const void *gather_user;
} pare_conv_job;

/* Prepares a job for inputs of these shapes whose elements have `width` bytes; x and w are set by
 * the caller. pare_conv_job_free is the caller's, also after a failure. */
pare_status pare_conv_job_make(pare_ctx *ctx, pare_conv_job *job, const pare_eval_io *io,
                               const pare_tensor *x, const pare_tensor *w, size_t width);
void pare_conv_job_free(pare_ctx *ctx, pare_conv_job *job);

/* Takes over the filters, [M, channels, taps], in the order of the job. */
void pare_conv_job_filters(pare_conv_job *job, const void *w);

/* Multiplies gathered rows with the filters of group g into results [rows, filters]. */
typedef void pare_conv_multiply_fn(const pare_conv_job *job, const void *user, int64_t g,
                                   int64_t rows, void *results);

/* Calls multiply for every block, with room for PARE_CONV_ROWS * filters results of `width` bytes,
 * and puts them into y [batch, groups, filters, n_out]. */
void pare_conv_job_run(const pare_conv_job *job, pare_conv_multiply_fn *multiply, const void *user,
                       void *results, void *y, size_t width);

#endif
