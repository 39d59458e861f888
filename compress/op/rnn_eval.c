#include "op/rnn.h"

#include "base/checked.h"
#include "kernels/rnn.h"
#include "op/reals.h"

#include <inttypes.h>
#include <math.h>

/* RNN, LSTM, GRU, as kernels/rnn.h defines them, in the type of X or float where that is wider.
 * Item b of the batch takes its first sequence_lens[b] steps (in reverse: the same ones from the
 * last to the first); Y is 0 after them, and an item without steps keeps its initial state. */

enum { X, W, R, B, LENS, INITIAL_H, INITIAL_C, P, N_INPUTS };

typedef struct job {
    const pare_rnn_params *p;
    const pare_rnn_cell *cell;
    pare_wide wide;
    size_t width;
    int64_t steps, batch, size, hidden, directions;
    pare_reals in[N_INPUTS];
    const pare_tensor *lens;  /* or NULL */
    pare_rnn_gates gates;
    /* of the direction under way */
    pare_reals bias;          /* [n_sums * hidden] that chains start at */
    pare_reals xw;            /* [rows of X, n_sums * hidden] */
    pare_reals sums;          /* [n_sums * hidden] */
    pare_reals reset;         /* [2, hidden] GRU */
    /* of all */
    pare_reals y, h, c;
} job;

/* --- inputs ----------------------------------------------------------------------------------- */

static pare_status need_dims(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, uint32_t rank,
                             int64_t a, int64_t b, int64_t c)
{
    const int64_t want[3] = { a, b, c };
    const pare_tensor *t = pare_eval_tensor(io, i);
    if (!t) return PARE_OK;
    if (t->rank != rank)
        return pare_call_fail(ctx, io->call,
                              "input %" PRIu32 ": expected %" PRIu32 " axes, found %" PRIu32, i,
                              rank, t->rank);
    for (uint32_t d = 0; d < rank; d++)
        if (t->dims[d] != want[d])
            return pare_call_fail(ctx, io->call,
                                  "input %" PRIu32 ": expected dims[%" PRIu32 "] %" PRId64
                                  ", found %" PRId64,
                                  i, d, want[d], t->dims[d]);
    return PARE_OK;
}

static pare_status check_lens(pare_ctx *ctx, const pare_eval_io *io, job *j)
{
    j->lens = pare_eval_tensor(io, LENS);
    if (!j->lens) return PARE_OK;
    PARE_TRY(need_dims(ctx, io, LENS, 1, j->batch, 0, 0));
    if (j->lens->dtype != PARE_INT32) return pare_eval_no_type(ctx, io, j->lens->dtype);
    for (int64_t b = 0; b < j->batch; b++) {
        const int64_t len = pare_wide_i64_at(PARE_INT32, pare_eval_data(j->lens), b);
        if (len < 0 || len > j->steps)
            return pare_call_fail(ctx, io->call,
                                  "sequence_lens: expected 0 to %" PRId64 ", found %" PRId64,
                                  j->steps, len);
    }
    return PARE_OK;
}

static pare_status measure(pare_ctx *ctx, const pare_eval_io *io, job *j)
{
    const pare_tensor *x = pare_eval_tensor(io, X);
    const pare_tensor *r = pare_eval_tensor(io, R);
    const bool batch_first = j->p->batch_first;
    if (!x || !r || !pare_eval_tensor(io, W) || x->rank != 3 || r->rank != 3)
        return pare_call_fail(ctx, io->call, "expected X, W and R with 3 axes each");
    j->directions = j->p->direction == PARE_RNN_BIDIRECTIONAL ? 2 : 1;
    j->steps = x->dims[batch_first];
    j->batch = x->dims[!batch_first];
    j->size = x->dims[2];
    j->hidden = r->dims[2];
    if (j->p->hidden_size && j->p->hidden_size != j->hidden)
        return pare_call_fail(ctx, io->call,
                              "R: expected a hidden size of %" PRId64 ", found %" PRId64,
                              j->p->hidden_size, j->hidden);
    int64_t rows = 0;
    int64_t biases = 0;
    if (!pare_mul_i64(j->hidden, j->cell->n_sums, &rows) || !pare_mul_i64(rows, 4, &biases))
        return pare_call_fail(ctx, io->call, "R: too large");
    biases /= 2;
    const int64_t first = batch_first ? j->batch : j->directions;
    const int64_t second = batch_first ? j->directions : j->batch;
    PARE_TRY(need_dims(ctx, io, W, 3, j->directions, rows, j->size));
    PARE_TRY(need_dims(ctx, io, R, 3, j->directions, rows, j->hidden));
    PARE_TRY(need_dims(ctx, io, B, 2, j->directions, biases, 0));
    PARE_TRY(need_dims(ctx, io, INITIAL_H, 3, first, second, j->hidden));
    PARE_TRY(need_dims(ctx, io, INITIAL_C, 3, first, second, j->hidden));
    PARE_TRY(need_dims(ctx, io, P, 2, j->directions, 3 * j->hidden, 0));
    return check_lens(ctx, io, j);
}

/* Starts states [directions, batch, hidden], or with batch first [batch, directions, hidden], in
 * which they are given and returned. */
static pare_status start_states(pare_ctx *ctx, job *j, const pare_reals *initial, pare_reals *out)
{
    int64_t n = 0;
    if (!pare_mul_i64(j->batch, j->directions, &n) || !pare_mul_i64(n, j->hidden, &n))
        return pare_fail_memory(ctx, SIZE_MAX);
    PARE_TRY(pare_reals_new(ctx, out, j->wide, n));
    if (initial->data && n) memcpy(out->owned, initial->data, (size_t)n * j->width);
    return PARE_OK;
}

static pare_status load(pare_ctx *ctx, const pare_eval_io *io, job *j)
{
    const int64_t rows = j->cell->n_sums * j->hidden;
    int64_t n_sums = 0;
    int64_t n_y = 0;
    for (uint32_t i = 0; i < N_INPUTS; i++) {
        const pare_tensor *t = pare_eval_tensor(io, i);
        if (i == LENS) continue;
        if (t && !pare_reals_wide(t->dtype)) return pare_eval_no_type(ctx, io, t->dtype);
        PARE_TRY(pare_reals_load(ctx, &j->in[i], t, j->wide));
    }
    if (!pare_mul_i64(j->steps, j->batch, &n_sums) || !pare_mul_i64(n_sums, rows, &n_sums) ||
        !pare_mul_i64(n_sums, 2, &n_y))
        return pare_fail_memory(ctx, SIZE_MAX);
    n_y = j->steps * j->batch * j->hidden * j->directions;
    PARE_TRY(pare_reals_new(ctx, &j->bias, j->wide, rows));
    PARE_TRY(pare_reals_new(ctx, &j->sums, j->wide, rows));
    PARE_TRY(pare_reals_new(ctx, &j->reset, j->wide, 2 * j->hidden));
    PARE_TRY(pare_reals_new(ctx, &j->xw, j->wide, n_sums));
    if (pare_eval_wants(io, 0)) PARE_TRY(pare_reals_new(ctx, &j->y, j->wide, n_y));
    PARE_TRY(start_states(ctx, j, &j->in[INITIAL_H], &j->h));
    return start_states(ctx, j, &j->in[INITIAL_C], &j->c);
}

/* --- running ---------------------------------------------------------------------------------- */

static bool is_gru(const job *j)
{
    return j->cell->n_sums == 3;
}

/* Wb + Rb; of GRU's hidden gate Wb alone, where Rb is added elsewhere. */
static void add_biases(job *j, int64_t d)
{
    const int64_t n = j->cell->n_sums * j->hidden;
    const int64_t alone = is_gru(j) && j->p->linear_before_reset ? 2 * j->hidden : n;
    if (!j->in[B].data) return;
    const void *w = pare_at(j->in[B].data, d * 2 * n, j->width);
    const void *r = pare_at(w, n, j->width);
    for (int64_t i = 0; i < n; i++) {
        if (j->wide == PARE_WIDE_F64)
            ((double *)j->bias.owned)[i] =
                ((const double *)w)[i] + (i < alone ? ((const double *)r)[i] : 0);
        else
            ((float *)j->bias.owned)[i] =
                ((const float *)w)[i] + (i < alone ? ((const float *)r)[i] : 0);
    }
}

/* chain [n] goes on over h R^T from `start` [n] (NULL: 0), for gates from `gate` on. */
static void recur(const job *j, int64_t d, int64_t gate, int64_t n, const void *h,
                  const void *start, void *chain)
{
    const int64_t row = d * j->cell->n_sums * j->hidden + gate * j->hidden;
    pare_reals_gemm(j->wide, 1, n, j->hidden, h, j->hidden,
                    pare_at(j->in[R].data, row * j->hidden, j->width), j->hidden, start, chain, n);
}

static void step_gru(job *j, int64_t d, const void *xw, void *h)
{
    const int64_t n = j->hidden;
    const float clip = j->p->has_clip ? j->p->clip : INFINITY;
    void *sums = j->sums.owned;
    void *reset_h = j->reset.owned;
    void *second = pare_at_mut(reset_h, n, j->width);
    void *hidden = pare_at_mut(sums, 2 * n, j->width);
    const void *xw_hidden = pare_at(xw, 2 * n, j->width);
    recur(j, d, 0, 2 * n, h, xw, sums);
    if (j->wide == PARE_WIDE_F64)
        pare_gru_gates_f64_ref(n, j->gates.f64[d][0], (double)clip, sums, h, reset_h);
    else pare_gru_gates_f32_ref(n, j->gates.f32[d][0], clip, sums, h, reset_h);
    if (j->p->linear_before_reset) {
        const void *bias = j->in[B].data ? pare_at(j->in[B].data, (6 * d + 5) * n, j->width) : NULL;
        recur(j, d, 2, n, h, bias, second);
        if (n) memcpy(hidden, xw_hidden, (size_t)n * j->width);
        if (j->wide == PARE_WIDE_F64)
            pare_gru_reset_f64_ref(n, pare_at(sums, n, j->width), second, hidden);
        else pare_gru_reset_f32_ref(n, pare_at(sums, n, j->width), second, hidden);
    } else {
        recur(j, d, 2, n, reset_h, xw_hidden, hidden);
    }
    if (j->wide == PARE_WIDE_F64)
        pare_gru_cell_f64_ref(n, j->gates.f64[d][1], (double)clip, sums, hidden, h);
    else pare_gru_cell_f32_ref(n, j->gates.f32[d][1], clip, sums, hidden, h);
}

/* One step of one row: xw [n_sums * hidden]; h and c [hidden] become the next ones. */
static void step(job *j, int64_t d, const void *xw, void *h, void *c)
{
    const int64_t n = j->hidden;
    const float clip = j->p->has_clip ? j->p->clip : INFINITY;
    const void *peepholes =
        j->in[P].data ? pare_at(j->in[P].data, d * 3 * n, j->width) : NULL;
    if (is_gru(j)) {
        step_gru(j, d, xw, h);
        return;
    }
    recur(j, d, 0, j->cell->n_sums * n, h, xw, j->sums.owned);
    if (j->cell->n_sums == 1 && j->wide == PARE_WIDE_F64)
        pare_rnn_cell_f64_ref(n, j->gates.f64[d][0], (double)clip, j->sums.owned, h);
    else if (j->cell->n_sums == 1)
        pare_rnn_cell_f32_ref(n, j->gates.f32[d][0], clip, j->sums.owned, h);
    else if (j->wide == PARE_WIDE_F64)
        pare_lstm_cell_f64_ref(n, j->gates.f64[d], (double)clip, j->p->input_forget, peepholes,
                               j->sums.owned, c, h);
    else
        pare_lstm_cell_f32_ref(n, j->gates.f32[d], clip, j->p->input_forget, peepholes,
                               j->sums.owned, c, h);
}

/* All steps of item b of the batch. */
static void run_item(job *j, int64_t d, int64_t b)
{
    const bool reverse = j->p->direction == PARE_RNN_REVERSE || d;
    const bool batch_first = j->p->batch_first;
    const int64_t n = j->hidden;
    const int64_t at = (batch_first ? b * j->directions + d : d * j->batch + b) * n;
    void *h = pare_at_mut(j->h.owned, at, j->width);
    void *c = pare_at_mut(j->c.owned, at, j->width);
    const int64_t len =
        j->lens ? pare_wide_i64_at(PARE_INT32, pare_eval_data(j->lens), b) : j->steps;
    for (int64_t s = 0; s < len; s++) {
        const int64_t t = reverse ? len - 1 - s : s;
        const int64_t row = batch_first ? b * j->steps + t : t * j->batch + b;
        const int64_t y = batch_first ? (b * j->steps + t) * j->directions + d
                                      : (t * j->directions + d) * j->batch + b;
        step(j, d, pare_at(j->xw.data, row * j->cell->n_sums * n, j->width), h, c);
        if (j->y.owned) memcpy(pare_at_mut(j->y.owned, y * n, j->width), h, (size_t)n * j->width);
    }
}

static pare_status run(pare_ctx *ctx, job *j)
{
    const int64_t n = j->cell->n_sums * j->hidden;
    for (int64_t d = 0; d < j->directions; d++) {
        add_biases(j, d);
        pare_reals_gemm(j->wide, j->steps * j->batch, n, j->size, j->in[X].data, j->size,
                        pare_at(j->in[W].data, d * n * j->size, j->width), j->size, j->bias.data,
                        j->xw.owned, n);
        for (int64_t b = 0; n && b < j->batch; b++) {
            PARE_TRY(pare_check_canceled(ctx));
            run_item(j, d, b);
        }
    }
    return PARE_OK;
}

pare_status pare_rnn_eval(pare_ctx *ctx, pare_eval_io *io)
{
    job j = { .p = io->params, .cell = pare_rnn_cell_of(io->call->op->name) };
    PARE_TRY(measure(ctx, io, &j));
    PARE_TRY(pare_rnn_find_gates(ctx, io->call, j.p, j.cell, j.directions, &j.gates));
    j.wide = pare_reals_wide(pare_eval_tensor(io, X)->dtype);
    j.width = pare_wide_bytes(j.wide);
    if (!j.wide) return pare_eval_no_type(ctx, io, pare_eval_tensor(io, X)->dtype);
    pare_status st = load(ctx, io, &j);
    if (!st) st = run(ctx, &j);
    const pare_reals *results[] = { &j.y, &j.h, &j.c };
    for (uint32_t i = 0; !st && i < io->n_out; i++)
        if (pare_eval_wants(io, i)) st = pare_reals_out(ctx, io, i, results[i]);
    for (uint32_t i = 0; i < N_INPUTS; i++) pare_reals_free(ctx, &j.in[i]);
    pare_reals *const owned[] = { &j.bias, &j.xw, &j.sums, &j.reset, &j.y, &j.h, &j.c };
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) pare_reals_free(ctx, owned[i]);
    return st;
}
