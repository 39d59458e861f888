#include "kernels/convert.h"
#include "kernels/fourier.h"
#include "kernels/math.h"
#include "op/elementwise.h"
#include "op/reals.h"
#include "op/signal.h"

#include <inttypes.h>
#include <math.h>

/* Window functions and mel weights, in double by plain arithmetic, rounded once. */

/* a + c cos(4 pi k / n) - b cos(2 pi k / n) */
typedef struct window_row {
    const char *name;
    double a, b, c;
} window_row;

static const window_row windows[] = {
    { "BlackmanWindow", 0.42, 0.5, 0.08 },
    { "HammingWindow", 25.0 / 46, 21.0 / 46, 0 },
    { "HannWindow", 0.5, 0.5, 0 },
};

/* n is the size where the window is periodic, else one less; a window of one point is 1. */
pare_status pare_signal_window_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_signal_window_params *p = io->params;
    const window_row *row = windows;
    void *y = NULL;
    while (!pare_str_eq(row->name, io->call->op->name)) row++;
    if (!pare_wide_of(p->dtype)) return pare_eval_no_type(ctx, io, p->dtype);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    const int64_t size = io->out[0].tensor->n_elements;
    const int64_t n = p->periodic ? size : size - 1;
    for (int64_t k = 0; k < size; k++) {
        double value = 1;
        if (size > 1)
            value =
                row->a - row->b * pare_cos_turn_ref(k, n) + row->c * pare_cos_turn_ref(2 * k, n);
        pare_wide_store_as(PARE_WIDE_F64, PARE_STORE_DEFAULT, p->dtype, y, k, 1, &value);
    }
    return PARE_OK;
}

/* --- mel weights ------------------------------------------------------------------------------ */

static const double log_10 = 0x1.26bb1bbb55516p+1;

typedef struct mel_job {
    int64_t n_bins, length;   /* mel bins, points of the transform */
    int64_t n_rows;           /* frequencies */
    double rate, low, step;   /* samples per second; lowest frequency and step, in mel */
} mel_job;

static double mel_of(double hertz)
{
    return 2595 * pare_plain_log_f64_ref(1 + hertz / 700) / log_10;
}

/* The frequency where triangle i begins, as the number of its row, which may be past the end. */
static int64_t row_of(const mel_job *job, int64_t i)
{
    const double mel = job->low + (double)i * job->step;
    const double hertz = 700 * (pare_plain_exp_f64_ref(mel / 2595 * log_10) - 1);
    return pare_f64_to_i64_ref(floor((double)(job->length + 1) * hertz / job->rate));
}

static pare_status get_number(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, const char *what,
                              double least, double *out)
{
    const pare_tensor *t = pare_eval_tensor(io, i);
    if (!t || t->n_elements != 1 || !pare_wide_of(t->dtype))
        return pare_call_fail(ctx, io->call, "%s: expected one number", what);
    *out = pare_wide_f64_at(t->dtype, pare_eval_data(t), 0);
    if (*out >= least && *out <= 0x1p40) return PARE_OK;
    return pare_call_fail(ctx, io->call, "%s: expected a number from %g on, found %g", what, least,
                          *out);
}

static pare_status make_mel(pare_ctx *ctx, const pare_eval_io *io, mel_job *job)
{
    double n_bins = 0;
    double length = 0;
    double low = 0;
    double high = 0;
    PARE_TRY(get_number(ctx, io, 0, "num_mel_bins", 0, &n_bins));
    PARE_TRY(get_number(ctx, io, 1, "dft_length", 0, &length));
    PARE_TRY(get_number(ctx, io, 2, "sample_rate", 1, &job->rate));
    PARE_TRY(get_number(ctx, io, 3, "lower_edge_hertz", 0, &low));
    PARE_TRY(get_number(ctx, io, 4, "upper_edge_hertz", low, &high));
    job->n_bins = (int64_t)n_bins;
    job->length = (int64_t)length;
    job->n_rows = job->length / 2 + 1;
    job->low = mel_of(low);
    job->step = (mel_of(high) - job->low) / (double)(job->n_bins + 2);
    return PARE_OK;
}

/* Column i of the output: a triangle that rises from one frequency to the next and falls to the one
 * after; rows past the end are left out. */
static void fill_column(const mel_job *job, int64_t i, pare_dtype dtype, void *y)
{
    const int64_t from = row_of(job, i);
    const int64_t center = row_of(job, i + 1);
    const int64_t to = row_of(job, i + 2);
    for (int64_t j = from; j < job->n_rows && (j < to || j <= center); j++) {
        const double rise = center == from ? 1 : (double)(j - from) / (double)(center - from);
        const bool falls = j >= center && to > center;
        const double value = falls ? (double)(to - j) / (double)(to - center) : rise;
        pare_wide_store_as(PARE_WIDE_F64, PARE_STORE_DEFAULT, dtype, y, j * job->n_bins + i, 1,
                           &value);
    }
}

pare_status pare_mel_weight_matrix_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_signal_window_params *p = io->params;
    mel_job job = { 0 };
    void *y = NULL;
    if (!pare_wide_of(p->dtype)) return pare_eval_no_type(ctx, io, p->dtype);
    PARE_TRY(make_mel(ctx, io, &job));
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    for (int64_t i = 0; job.n_rows && i < job.n_bins; i++) fill_column(&job, i, p->dtype, y);
    return PARE_OK;
}
