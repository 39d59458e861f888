#include "run/lower/cell.h"

#include <math.h>
#include <string.h>

/* A task's room: pointers to rows, then numbers. */
typedef struct room {
    const float **x;          /* [items] */
    float *h, *c;             /* [items, hidden] */
    float *sums;              /* [items, xw_row] */
    float *reset_h, *second;  /* [items, hidden] */
} room;

/* One task: a block of items in one direction. */
typedef struct block {
    const pare_rnn_job *j;
    const pare_frame *frame;
    int64_t d, first;
    int n;
    room room;
} block;

void pare_rnn_split(pare_rnn_job *j, const pare_kernels *kernels)
{
    const int rows = kernels->gemm.rows;
    j->items_per_task = j->batch < rows ? (int)j->batch : rows;
    const int64_t blocks = (j->batch + j->items_per_task - 1) / j->items_per_task;
    j->n_tasks = (uint32_t)(j->directions * blocks);
    const int64_t per_item = 4 * j->hidden + j->xw_row;
    j->scratch_bytes = (size_t)j->items_per_task *
                       (sizeof(float *) + (size_t)per_item * sizeof(float));
    const uint32_t last = j->cell->n_gates - 1;
    for (int64_t d = 0; d < j->directions; d++) {
        bool usual = j->clip == INFINITY && !j->has_peepholes && !j->coupled;
        for (uint32_t i = 0; i <= last; i++) {
            const pare_gate_f32 *g = &j->gates[d][i];
            const bool is_tanh = g->fn == pare_scaled_tanh_f32_ref && g->a == 1 && g->b == 1;
            const bool wants_sigmoid = i == 0 && last > 0;
            usual = usual && (wants_sigmoid ? g->fn == pare_gate_sigmoid_f32_ref : is_tanh);
        }
        j->is_usual[d] = usual;
    }
}

/* --- one step --------------------------------------------------------------------------------- */

/* y[i] = chain of row i from bias [i * bias_stride] on over x[i] [hidden] and n columns of w. */
static void recur(const block *b, const float *x, const float *w, int64_t n, const float *bias,
                  int64_t bias_stride, float *y, int64_t y_stride)
{
    const pare_rnn_job *j = b->j;
    const pare_gemm_kernel *kernel = &b->frame->kernels->gemm;
    const int64_t n_panels = (n + kernel->panel - 1) / kernel->panel;
    for (int i = 0; i < b->n; i++) b->room.x[i] = x + i * j->hidden;
    w += b->d * n_panels * j->hidden * kernel->panel;
    for (int64_t k = 0; k < n_panels; k++) {
        const int64_t at = k * kernel->panel;
        const pare_gemm_tile tile = {
            .n_rows = b->n, .n_cols = n - at < kernel->panel ? (int)(n - at) : kernel->panel,
            .n_taps = 1, .depth = j->hidden, .x = b->room.x,
            .w = w + at * j->hidden, .bias = bias + at, .bias_stride = bias_stride,
            .finish = { .low = -INFINITY, .high = INFINITY }, .y = y + at, .y_stride = y_stride,
        };
        kernel->run(&tile);
    }
}

/* c' = fma(forget, c, i g), h' = o tanh(c'). */
static void usual_lstm(const pare_kernels *k, int64_t n, float *sums, float *c, float *h)
{
    float *g = sums + 3 * n;
    k->map[PARE_MAP_SIGMOID](3 * n, sums, 0, 0, sums);
    k->map[PARE_MAP_TANH](n, g, 0, 0, g);
    k->map2[PARE_MAP2_MUL](n, sums, 1, g, 1, g);
    k->affine(n, c, sums + 2 * n, g, 1, c);
    k->map[PARE_MAP_TANH](n, c, 0, 0, h);
    k->map2[PARE_MAP2_MUL](n, h, 1, sums + n, 1, h);
}

static void step_lstm(const block *b, float *sums, float *c, float *h)
{
    const pare_rnn_job *j = b->j;
    const float *peepholes = NULL;
    if (j->has_peepholes)
        peepholes = (const float *)pare_laid_address(b->frame, &j->peepholes) +
                    b->d * 3 * j->hidden;
    if (j->is_usual[b->d]) usual_lstm(b->frame->kernels, j->hidden, sums, c, h);
    else
        pare_lstm_cell_f32_ref(j->hidden, j->gates[b->d], j->clip, j->coupled, peepholes, sums, c,
                               h);
}

static void gru_gates(const block *b, float *sums, const float *h, float *reset_h)
{
    const pare_rnn_job *j = b->j;
    const pare_kernels *k = b->frame->kernels;
    const int64_t n = j->hidden;
    if (!j->is_usual[b->d]) {
        pare_gru_gates_f32_ref(n, j->gates[b->d][0], j->clip, sums, h, reset_h);
        return;
    }
    k->map[PARE_MAP_SIGMOID](2 * n, sums, 0, 0, sums);
    k->map2[PARE_MAP2_MUL](n, sums + n, 1, h, 1, reset_h);
}

/* h' = fma(z, h, (1 - z) tanh(sum)). */
static void gru_cell(const block *b, const float *z, float *sums, float *h)
{
    static const float one = 1;
    const pare_rnn_job *j = b->j;
    const pare_kernels *k = b->frame->kernels;
    const int64_t n = j->hidden;
    if (!j->is_usual[b->d]) {
        pare_gru_cell_f32_ref(n, j->gates[b->d][1], j->clip, z, sums, h);
        return;
    }
    float *rest = b->room.second;
    k->map[PARE_MAP_TANH](n, sums, 0, 0, sums);
    k->map2[PARE_MAP2_SUB](n, &one, 0, z, 1, rest);
    k->map2[PARE_MAP2_MUL](n, rest, 1, sums, 1, rest);
    k->affine(n, h, z, rest, 1, h);
}

/* xw: of the block's first item, `stride` from item to item. */
static void step_gru(const block *b, const float *xw, int64_t stride)
{
    const pare_rnn_job *j = b->j;
    const room *r = &b->room;
    const int64_t n = j->hidden;
    recur(b, r->h, j->r, 2 * n, xw, stride, r->sums, j->xw_row);
    for (int i = 0; i < b->n; i++)
        gru_gates(b, r->sums + i * j->xw_row, r->h + i * n, r->reset_h + i * n);
    if (j->reset_after) {
        recur(b, r->h, j->r_second, n, j->second_bias + b->d * n, 0, r->second, n);
        for (int i = 0; i < b->n; i++) {
            float *sums = r->sums + i * j->xw_row;
            memcpy(sums + 2 * n, xw + i * stride + 2 * n, (size_t)n * sizeof(*sums));
            pare_gru_reset_f32_ref(n, sums + n, r->second + i * n, sums + 2 * n);
        }
    } else {
        recur(b, r->reset_h, j->r_second, n, xw + 2 * n, stride, r->sums + 2 * n, j->xw_row);
    }
    for (int i = 0; i < b->n; i++) {
        float *sums = r->sums + i * j->xw_row;
        gru_cell(b, sums, sums + 2 * n, r->h + i * n);
    }
}

static void step(const block *b, const float *xw, int64_t stride)
{
    const pare_rnn_job *j = b->j;
    const room *r = &b->room;
    if (j->cell->n_sums == 3) {
        step_gru(b, xw, stride);
        return;
    }
    recur(b, r->h, j->r, j->n_first, xw, stride, r->sums, j->xw_row);
    for (int i = 0; i < b->n; i++) {
        float *sums = r->sums + i * j->xw_row;
        float *h = r->h + i * j->hidden;
        if (j->cell->n_sums == 4) step_lstm(b, sums, r->c + i * j->hidden, h);
        else if (j->is_usual[b->d])
            b->frame->kernels->map[PARE_MAP_TANH](j->hidden, sums, 0, 0, h);
        else pare_rnn_cell_f32_ref(j->hidden, j->gates[b->d][0], j->clip, sums, h);
    }
}

/* --- all steps -------------------------------------------------------------------------------- */

/* States stand at [directions, batch, hidden], or with batch first [batch, directions, hidden]. */
static int64_t state_of(const block *b, int i)
{
    const pare_rnn_job *j = b->j;
    const int64_t item = b->first + i;
    return (j->batch_first ? item * j->directions + b->d : b->d * j->batch + item) * j->hidden;
}

static void load_states(const block *b, bool has, const pare_laid *initial, float *to)
{
    const size_t n_bytes = (size_t)b->j->hidden * sizeof(*to);
    for (int i = 0; i < b->n; i++) {
        float *row = to + i * b->j->hidden;
        if (!has) memset(row, 0, n_bytes);
        else
            memcpy(row, (const float *)pare_laid_address(b->frame, initial) + state_of(b, i),
                   n_bytes);
    }
}

static void store_states(const block *b, bool has, const pare_laid *out, const float *from)
{
    for (int i = 0; has && i < b->n; i++)
        memcpy((float *)pare_laid_address(b->frame, out) + state_of(b, i),
               from + i * b->j->hidden, (size_t)b->j->hidden * sizeof(*from));
}

static void store_step(const block *b, int64_t t)
{
    const pare_rnn_job *j = b->j;
    float *y = pare_laid_address(b->frame, &j->y);
    for (int i = 0; i < b->n; i++) {
        const int64_t item = b->first + i;
        const int64_t at = j->batch_first ? (item * j->steps + t) * j->directions + b->d
                                          : (t * j->directions + b->d) * j->batch + item;
        memcpy(y + at * j->hidden, b->room.h + i * j->hidden, (size_t)j->hidden * sizeof(*y));
    }
}

static room split_scratch(const pare_rnn_job *j, uint8_t *scratch)
{
    const int64_t n = j->items_per_task * j->hidden;
    room r = { .x = (const float **)(void *)scratch };
    r.h = (float *)(void *)(r.x + j->items_per_task);
    r.c = r.h + n;
    r.reset_h = r.c + n;
    r.second = r.reset_h + n;
    r.sums = r.second + n;
    return r;
}

void pare_rnn_run(const pare_rnn_job *j, const pare_frame *frame, uint32_t task, uint8_t *scratch)
{
    const int64_t blocks = (j->batch + j->items_per_task - 1) / j->items_per_task;
    block b = { .j = j, .frame = frame, .d = task / blocks,
                .first = task % blocks * j->items_per_task, .room = split_scratch(j, scratch) };
    b.n = j->batch - b.first < j->items_per_task ? (int)(j->batch - b.first) : j->items_per_task;
    const bool reverse = j->reverse || b.d;
    const float *xw = (const float *)pare_laid_address(frame, &j->xw) +
                      b.d * j->steps * j->batch * j->xw_row;
    load_states(&b, j->has_initial_h, &j->initial_h, b.room.h);
    load_states(&b, j->has_initial_c, &j->initial_c, b.room.c);
    for (int64_t s = 0; s < j->steps; s++) {
        const int64_t t = reverse ? j->steps - 1 - s : s;
        const int64_t row = j->batch_first ? b.first * j->steps + t : t * j->batch + b.first;
        const int64_t stride = j->batch_first ? j->steps * j->xw_row : j->xw_row;
        step(&b, xw + row * j->xw_row, stride);
        if (j->has_y) store_step(&b, t);
    }
    store_states(&b, j->has_h, &j->h, b.room.h);
    store_states(&b, j->has_c, &j->c, b.room.c);
}
