#include "kernels/x86/avx2.h"

#include "kernels/x86/vec_avx2.h"

/* Six rows by sixteen columns: twelve accumulators, two vectors of weights and one broadcast are
 * fifteen of the sixteen registers. Four cycles of latency and two units want eight chains, so four
 * rows and more run at the peak. */
enum { PANEL = 16, HALF = 8, MAX_ROWS = 6 };

#define UNROLL _Pragma("GCC unroll 6")

static INLINE void store(const pare_gemm_tile *t, int row, int half, __m256 z)
{
    const int64_t j = half * HALF;
    const float *add = t->finish.add ? t->finish.add + row * t->finish.add_stride : NULL;
    const int64_t n = t->n_cols - j;
    if (n <= 0) return;
    store_n(t->y + row * t->y_stride + j, n, finish(&t->finish, add, j, n, z));
}

static INLINE void run(const pare_gemm_tile *t, const int n_rows)
{
    __m256 low[MAX_ROWS], high[MAX_ROWS];
    UNROLL
    for (int r = 0; r < n_rows; r++) {
        low[r] = _mm256_loadu_ps(t->bias + r * t->bias_stride);
        high[r] = _mm256_loadu_ps(t->bias + r * t->bias_stride + HALF);
    }
    const float *w = t->w;
    for (int64_t tap = 0; tap < t->n_taps; tap++) {
        const float *x[MAX_ROWS];
        UNROLL
        for (int r = 0; r < n_rows; r++) x[r] = pare_gemm_tile_row(t, tap, r);
        for (int64_t c = 0; c < t->depth; c++, w += PANEL) {
            const __m256 w0 = _mm256_load_ps(w);
            const __m256 w1 = _mm256_load_ps(w + HALF);
            UNROLL
            for (int r = 0; r < n_rows; r++) {
                const __m256 v = _mm256_broadcast_ss(x[r] + c);
                low[r] = _mm256_fmadd_ps(v, w0, low[r]);
                high[r] = _mm256_fmadd_ps(v, w1, high[r]);
            }
        }
    }
    UNROLL
    for (int r = 0; r < n_rows; r++) {
        store(t, r, 0, low[r]);
        store(t, r, 1, high[r]);
    }
}

/* One function per number of rows, each with its loops unrolled. */
static void run_1(const pare_gemm_tile *t) { run(t, 1); }
static void run_2(const pare_gemm_tile *t) { run(t, 2); }
static void run_3(const pare_gemm_tile *t) { run(t, 3); }
static void run_4(const pare_gemm_tile *t) { run(t, 4); }
static void run_5(const pare_gemm_tile *t) { run(t, 5); }
static void run_6(const pare_gemm_tile *t) { run(t, 6); }

void pare_gemm_tile_avx2(const pare_gemm_tile *tile)
{
    static pare_gemm_tile_fn *const by_rows[] = { run_1, run_2, run_3, run_4, run_5, run_6 };
    by_rows[tile->n_rows - 1](tile);
}
