#include "kernels/fourier.h"
#include "op/elementwise.h"
#include "op/reals.h"
#include "op/rows.h"
#include "op/shape.h"
#include "op/signal.h"

#include <inttypes.h>
#include <string.h>

/* Fourier transforms, in double whatever the type, rounded once. */

/* A transform of one length, with room for its numbers. */
typedef struct transform {
    pare_fourier fourier;
    double *memory;
    double *x;                /* [2 length] */
} transform;

static pare_status make_transform(pare_ctx *ctx, transform *t, int64_t length)
{
    if (length > PARE_FOURIER_MAX) return pare_fail_memory(ctx, SIZE_MAX);
    const size_t n = (size_t)pare_fourier_numbers(length) + 2 * (size_t)length;
    t->memory = pare_alloc(ctx, n * sizeof(*t->memory));
    if (!t->memory) return pare_fail_memory(ctx, n * sizeof(*t->memory));
    t->x = t->memory;
    pare_fourier_start_ref(&t->fourier, length, t->memory + 2 * length);
    return PARE_OK;
}

/* An optional input that is one integer. */
static pare_status get_integer(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, const char *what,
                               int64_t fallback, int64_t *out)
{
    const pare_tensor *t = pare_eval_tensor(io, i);
    *out = fallback;
    if (!t) return PARE_OK;
    if (t->n_elements != 1 || pare_wide_of(t->dtype) != PARE_WIDE_I64)
        return pare_call_fail(ctx, io->call,
                              "%s: expected one integer, found %" PRId64 " of type %s", what,
                              t->n_elements, pare_dtype_name(t->dtype));
    *out = pare_wide_i64_at(t->dtype, pare_eval_data(t), 0);
    return PARE_OK;
}

static pare_status need_signal(pare_ctx *ctx, const pare_eval_io *io, const pare_tensor *x)
{
    if (!pare_reals_wide(x->dtype)) return pare_eval_no_type(ctx, io, x->dtype);
    const int64_t last = x->rank ? x->dims[x->rank - 1] : 0;
    if (last == 1 || last == 2) return PARE_OK;
    return pare_call_fail(
        ctx, io->call, "input 0: expected a last axis of 1 (real) or 2 (complex), found %" PRId64,
        last);
}

static pare_status need_length(pare_ctx *ctx, const pare_eval_io *io, const char *what, int64_t n)
{
    if (n >= 1) return PARE_OK;
    return pare_call_fail(ctx, io->call, "%s: expected 1 or more, found %" PRId64, what, n);
}

/* --- DFT -------------------------------------------------------------------------------------- */

typedef struct dft_job {
    bool inverse;
    bool is_half;             /* the input is half of a spectrum, the output real */
    int64_t length;
    int64_t parts;            /* numbers per element of the input: 1 or 2 */
    pare_rows in, out;
    double *row;              /* of the input */
} dft_job;

/* The row as [length] complex numbers: cut, or filled up with zeros; half a spectrum is mirrored.
 * */
static void spread_row(const dft_job *job, double *x)
{
    const int64_t given = job->in.n / job->parts;
    const int64_t room = job->is_half ? job->length / 2 + 1 : job->length;
    const int64_t n = given < room ? given : room;
    memset(x, 0, 2 * (size_t)job->length * sizeof(*x));
    for (int64_t i = 0; i < n; i++) {
        x[2 * i] = job->row[i * job->parts];
        if (job->parts == 2) x[2 * i + 1] = job->row[2 * i + 1];
    }
    for (int64_t i = 1; job->is_half && i < job->length - i; i++) {
        x[2 * (job->length - i)] = x[2 * i];
        x[2 * (job->length - i) + 1] = -x[2 * i + 1];
    }
}

static void transform_rows(dft_job *job, const transform *t, const pare_tensor *x,
                           pare_dtype dtype, void *y)
{
    for (int64_t i = 0; i < job->out.n_rows; i++) {
        pare_rows_go(&job->in, i);
        pare_rows_go(&job->out, i);
        pare_rows_load(&job->in, PARE_WIDE_F64, x, job->row);
        spread_row(job, t->x);
        pare_fourier_run_ref(&t->fourier, t->x, job->inverse);
        for (int64_t k = 0; job->is_half && k < job->length; k++) t->x[k] = t->x[2 * k];
        pare_rows_store(&job->out, PARE_WIDE_F64, dtype, y, t->x);
    }
}

static pare_status make_dft(pare_ctx *ctx, const pare_eval_io *io, dft_job *job,
                            const pare_tensor *x, uint32_t *axis)
{
    const pare_dft_params *p = io->params;
    const pare_infer_io infer = { .call = io->call };
    int64_t given = 0;
    PARE_TRY(need_signal(ctx, io, x));
    PARE_TRY(get_integer(ctx, io, 2, "input 2 (axis)", p->axis, &given));
    PARE_TRY(pare_axis(ctx, &infer, "axis", given, x->rank, axis));
    job->inverse = p->inverse;
    job->is_half = p->inverse && p->onesided;
    job->parts = x->dims[x->rank - 1];
    job->length = job->is_half ? 2 * (x->dims[*axis] - 1) : x->dims[*axis];
    PARE_TRY(get_integer(ctx, io, 1, "input 1 (dft_length)", job->length, &job->length));
    return need_length(ctx, io, "length of the transform", job->length);
}

static void start_rows(pare_rows *r, uint32_t rank, const int64_t *dims, uint32_t axis)
{
    bool marks[PARE_MAX_DIMS] = { false };
    marks[axis] = marks[rank - 1] = true;
    pare_rows_start(r, rank, dims, marks);
}

pare_status pare_dft_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = NULL;
    dft_job job = { 0 };
    transform t = { 0 };
    uint32_t axis = 0;
    void *y = NULL;
    void *row = NULL;
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    PARE_TRY(make_dft(ctx, io, &job, x, &axis));
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    const pare_tensor *out = io->out[0].tensor;
    if (!out->n_elements) return PARE_OK;
    start_rows(&job.in, x->rank, x->dims, axis);
    start_rows(&job.out, out->rank, out->dims, axis);
    pare_status st = pare_rows_room(ctx, &job.in, PARE_WIDE_F64, &row);
    job.row = row;
    if (!st) st = make_transform(ctx, &t, job.length);
    if (!st) transform_rows(&job, &t, x, out->dtype, y);
    pare_free(ctx, row);
    pare_free(ctx, t.memory);
    return st;
}

/* --- STFT ------------------------------------------------------------------------------------- */

typedef struct stft_job {
    const pare_tensor *x;     /* [batch, samples, parts] */
    int64_t step, length;     /* of frames, in samples */
    pare_reals window;        /* empty: all 1 */
    int64_t n_window;         /* samples that the window has, or the frame */
    double *frame;            /* [2 length] */
} stft_job;

static pare_status make_stft(pare_ctx *ctx, const pare_eval_io *io, stft_job *job)
{
    const pare_tensor *window = pare_eval_tensor(io, 2);
    PARE_TRY(pare_element_inputs(ctx, io, 1, &job->x));
    PARE_TRY(need_signal(ctx, io, job->x));
    if (window && !pare_reals_wide(window->dtype))
        return pare_eval_no_type(ctx, io, window->dtype);
    const int64_t samples = job->x->dims[1];
    PARE_TRY(get_integer(ctx, io, 1, "input 1 (frame_step)", 0, &job->step));
    PARE_TRY(need_length(ctx, io, "input 1 (frame_step)", job->step));
    PARE_TRY(get_integer(ctx, io, 3, "input 3 (frame_length)",
                         window ? window->n_elements : samples, &job->length));
    PARE_TRY(need_length(ctx, io, "length of a frame", job->length));
    if (job->length > samples)
        return pare_call_fail(ctx, io->call,
                              "length of a frame: expected at most %" PRId64
                              " samples, found %" PRId64, samples, job->length);
    job->n_window = job->length;
    if (window && window->n_elements < job->length) job->n_window = window->n_elements;
    return pare_reals_load(ctx, &job->window, window, PARE_WIDE_F64);
}

/* The frame from a sample on, times the window, zeros behind it, as complex numbers. */
static void load_frame(const stft_job *job, int64_t batch, int64_t start, double *x)
{
    const int64_t parts = job->x->dims[2];
    const double *window = job->window.data;
    pare_wide_load_as(PARE_WIDE_F64, job->x->dtype, pare_eval_data(job->x),
                      (batch * job->x->dims[1] + start) * parts, 1, job->n_window * parts,
                      job->frame);
    memset(x, 0, 2 * (size_t)job->length * sizeof(*x));
    for (int64_t i = 0; i < job->n_window; i++)
        for (int64_t k = 0; k < parts; k++)
            x[2 * i + k] = job->frame[i * parts + k] * (window ? window[i] : 1);
}

static void transform_frames(const stft_job *job, const transform *t, const pare_tensor *out,
                             void *y)
{
    const int64_t n_frames = out->dims[1];
    const int64_t n = 2 * out->dims[2];
    for (int64_t i = 0; i < out->dims[0] * n_frames; i++) {
        load_frame(job, i / n_frames, i % n_frames * job->step, t->x);
        pare_fourier_run_ref(&t->fourier, t->x, false);
        pare_wide_store_as(PARE_WIDE_F64, PARE_STORE_DEFAULT, out->dtype, y, i * n, n, t->x);
    }
}

static pare_status run_stft(pare_ctx *ctx, pare_eval_io *io, stft_job *job)
{
    transform t = { 0 };
    void *y = NULL;
    PARE_TRY(make_stft(ctx, io, job));
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    if (!io->out[0].tensor->n_elements) return PARE_OK;
    PARE_TRY(make_transform(ctx, &t, job->length));
    job->frame = pare_alloc(ctx, 2 * (size_t)job->length * sizeof(*job->frame));
    const pare_status st =
        job->frame ? PARE_OK : pare_fail_memory(ctx, 2 * (size_t)job->length * sizeof(double));
    if (!st) transform_frames(job, &t, io->out[0].tensor, y);
    pare_free(ctx, t.memory);
    pare_free(ctx, job->frame);
    return st;
}

pare_status pare_stft_eval(pare_ctx *ctx, pare_eval_io *io)
{
    stft_job job = { 0 };
    const pare_status st = run_stft(ctx, io, &job);
    pare_reals_free(ctx, &job.window);
    return st;
}
