/* Sums of the Gram service. Rows of a turn stand as columns, so that a matrix of moments is a
 * product of rows with rows. Floats are summed over some samples, whose number depends on nothing
 * but how many rows each has, and these sums in double, in the order of the samples. */
#include "stats/gram_work.h"

#include <math.h>
#include <string.h>

enum { CHUNK_ROWS = 256, MAX_ROWS = PARE_TILE_MAX_ROWS };

/* Floats behind each other in every buffer of a key. */
static int64_t pitch_of(const pare_gram_key *key)
{
    return PARE_GRAM_TURN * key->cap;
}

/* Columns that are summed in floats: those of whole slots. */
static int64_t chunk_of(const pare_gram_key *key)
{
    const int64_t slots = (CHUNK_ROWS + key->cap - 1) / key->cap;
    return key->cap * (slots < PARE_GRAM_TURN ? slots : PARE_GRAM_TURN);
}

int64_t pare_gram_scratch(const pare_kernels *kernels, int64_t cap)
{
    return (PARE_GRAM_TURN * cap + 1 + MAX_ROWS) * kernels->gemm.panel;
}

/* --- what cannot be summed -------------------------------------------------------------------- */

static void mark_bad(int64_t rows, int64_t pitch, const float *x, float *marks)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t c = 0; c < pitch; c++) marks[c] += 0 * x[i * pitch + c]; /* NaN stays */
}

static void clear_marked(int64_t rows, int64_t pitch, float *x, const float *marks)
{
    for (int64_t c = 0; c < pitch; c++)
        if (marks[c] != 0)
            for (int64_t i = 0; i < rows; i++) x[i * pitch + c] = 0;
}

/* Takes positions with NaN or infinity out, and counts the others. marks: room for a pitch. */
static void count_rows(const pare_gram_sum *s, float *marks)
{
    pare_gram_key *key = s->key;
    const int64_t pitch = pitch_of(key), rows = key->groups * key->n;
    uint64_t used = 0, bad = 0;
    memset(marks, 0, (size_t)pitch * sizeof(*marks));
    mark_bad(rows, pitch, key->x, marks);
    for (size_t i = 0; i < s->n_targets; i++)
        mark_bad(s->targets[i]->out, pitch, s->targets[i]->t, marks);
    for (int64_t c = 0; c < pitch; c++) bad += marks[c] != 0;
    for (int slot = 0; slot < PARE_GRAM_TURN; slot++) used += (uint64_t)key->used[slot];
    key->n_rows += used - bad;
    key->n_bad += bad;
    if (!bad) return;
    clear_marked(rows, pitch, key->x, marks);
    for (size_t i = 0; i < s->n_targets; i++)
        clear_marked(s->targets[i]->out, pitch, s->targets[i]->t, marks);
}

/* --- products --------------------------------------------------------------------------------- */

/* Adds rows a [n_rows, pitch] times a panel, over a chunk from column `at` on, to sums
 * [n_rows, n_cols], whose rows are n apart. */
static void add_tiles(const pare_gram_sum *s, int64_t n_rows, const float *a, int64_t at,
                      const float *panel, int n_cols, float *y, double *sums, int64_t n)
{
    const pare_gemm_kernel *gemm = &s->kernels->gemm;
    const int64_t pitch = pitch_of(s->key), chunk = chunk_of(s->key);
    float *const zeros = y + (int64_t)MAX_ROWS * gemm->panel;
    for (int64_t i = 0; i < n_rows; i += gemm->rows) {
        const float *x[MAX_ROWS];
        const int m = (int)(n_rows - i < gemm->rows ? n_rows - i : gemm->rows);
        for (int r = 0; r < m; r++) x[r] = a + (i + r) * pitch + at;
        const pare_gemm_tile tile = {
            .n_rows = m, .n_cols = n_cols, .n_taps = 1,
            .depth = pitch - at < chunk ? pitch - at : chunk, .x = x,
            .w = panel + at * gemm->panel, .bias = zeros,
            .finish = { .low = -INFINITY, .high = INFINITY }, .y = y, .y_stride = gemm->panel,
        };
        gemm->run(&tile);
        for (int r = 0; r < m; r++)
            for (int j = 0; j < n_cols; j++)
                sums[(i + r) * n + j] += (double)y[r * gemm->panel + j];
    }
}

/* One panel of columns of the matrix of one group: rows from the diagonal on, and targets. */
static void add_panel(void *user, uint32_t task, uint32_t worker)
{
    const pare_gram_sum *s = user;
    const pare_gram_key *key = s->key;
    const int panel = s->kernels->gemm.panel;
    const int64_t pitch = pitch_of(key), panels = (key->n + panel - 1) / panel;
    const int64_t group = task / panels, first = task % panels * panel;
    const int n_cols = (int)(key->n - first < panel ? key->n - first : panel);
    const float *x = key->x + group * key->n * pitch;
    float *packed = s->scratch[worker], *y = packed + pitch * panel;
    memset(y, 0, (size_t)((MAX_ROWS + 1) * panel) * sizeof(*y));
    pare_pack_panels(&s->kernels->gemm, n_cols, pitch, x + first * pitch, 1, pitch, packed);
    for (int64_t at = 0; at < pitch; at += chunk_of(key)) {
        add_tiles(s, key->n - first, x + first * pitch, at, packed, n_cols, y,
                  key->moments + (group * key->n + first) * key->n + first, key->n);
        for (size_t i = 0; i < s->n_targets; i++) {
            const pare_gram_target *t = s->targets[i];
            const int64_t out = t->out / key->groups;
            add_tiles(s, out, t->t + group * out * pitch, at, packed, n_cols, y,
                      t->products + group * out * key->n + first, key->n);
        }
    }
}

/* Sums of rows over a turn. */
static void add_sums(int64_t rows, int64_t pitch, const float *x, double *sums, double *squares)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t c = 0; c < pitch; c++) {
            const double v = (double)x[i * pitch + c];
            sums[i] += v;
            if (squares) squares[i] += v * v;
        }
}

void pare_gram_add(const pare_gram_sum *s, pare_pool *pool)
{
    pare_gram_key *key = s->key;
    const int panel = s->kernels->gemm.panel;
    const int64_t pitch = pitch_of(key), rows = key->groups * key->n;
    int64_t used = 0;
    for (int slot = 0; slot < PARE_GRAM_TURN; slot++) used += key->used[slot];
    if (!used) return;
    count_rows(s, s->scratch[0]);
    pare_pool_run(pool, (uint32_t)((key->n + panel - 1) / panel * key->groups), add_panel,
                  (void *)(uintptr_t)s);
    add_sums(rows, pitch, key->x, key->sums, NULL);
    memset(key->x, 0, (size_t)(rows * pitch) * sizeof(float));
    memset(key->used, 0, sizeof(key->used));
    for (size_t i = 0; i < s->n_targets; i++) {
        pare_gram_target *t = s->targets[i];
        add_sums(t->out, pitch, t->t, t->sums, t->squares);
        memset(t->t, 0, (size_t)(t->out * pitch) * sizeof(float));
    }
}
