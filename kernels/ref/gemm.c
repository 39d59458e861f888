#include "kernels/gemm.h"

#include <math.h>
#include <string.h>

/* Chains cannot be split, but those of different outputs run side by side: tiles of ROWS * COLUMNS
 * of them, over DEPTH terms at a time, against a panel in which COLUMNS rows of B stand transposed.
 * Between two depths C holds the sums, which loses nothing. */
enum { ROWS = 4, COLUMNS = 16, DEPTH = 256 };

#define INLINE inline __attribute__((always_inline))

/* Compilers turn fmaf into the instruction, many at a time, where they may assume it. */
#if defined(__x86_64__) && defined(__GNUC__)
#define HAS_FMA __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
#define WITH_FMA __attribute__((target("avx2,fma")))
#else
#define HAS_FMA 0
#define WITH_FMA
#endif

/* sums [rows, COLUMNS] += a [rows, depth] times panel [depth, COLUMNS] */
static INLINE void add_tile(int rows, int64_t depth, const float *a, int64_t lda,
                            const float *panel, float *sums)
{
    float sum[ROWS][COLUMNS];
    for (int r = 0; r < rows; r++) memcpy(sum[r], sums + r * COLUMNS, sizeof(sum[r]));
    for (int64_t p = 0; p < depth; p++) {
        for (int r = 0; r < rows; r++) {
            const float x = a[r * lda + p];
            for (int j = 0; j < COLUMNS; j++)
                sum[r][j] = fmaf(x, panel[p * COLUMNS + j], sum[r][j]);
        }
    }
    for (int r = 0; r < rows; r++) memcpy(sums + r * COLUMNS, sum[r], sizeof(sum[r]));
}

/* c [m, n] += a [m, depth] times panel [depth, COLUMNS], n at most COLUMNS */
static INLINE void add_panel(int64_t m, int64_t n, int64_t depth, const float *a, int64_t lda,
                             const float *panel, float *c, int64_t ldc)
{
    const size_t row_bytes = (size_t)n * sizeof(float);
    int rows = ROWS;
    for (int64_t i = 0; i < m; i += rows) {
        float sums[ROWS * COLUMNS] = { 0 };
        rows = m - i < ROWS ? 1 : ROWS;
        for (int r = 0; r < rows; r++) memcpy(sums + r * COLUMNS, c + (i + r) * ldc, row_bytes);
        if (rows == ROWS) add_tile(ROWS, depth, a + i * lda, lda, panel, sums);
        else add_tile(1, depth, a + i * lda, lda, panel, sums);
        for (int r = 0; r < rows; r++) memcpy(c + (i + r) * ldc, sums + r * COLUMNS, row_bytes);
    }
}

typedef void panel_fn(int64_t m, int64_t n, int64_t depth, const float *a, int64_t lda,
                      const float *panel, float *c, int64_t ldc);

static void add_panel_plain(int64_t m, int64_t n, int64_t depth, const float *a, int64_t lda,
                            const float *panel, float *c, int64_t ldc)
{
    add_panel(m, n, depth, a, lda, panel, c, ldc);
}

static WITH_FMA void add_panel_fma(int64_t m, int64_t n, int64_t depth, const float *a, int64_t lda,
                                   const float *panel, float *c, int64_t ldc)
{
    add_panel(m, n, depth, a, lda, panel, c, ldc);
}

void pare_gemm_onto_f32_ref(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                            const float *b, int64_t ldb, float *c, int64_t ldc)
{
    panel_fn *add = HAS_FMA ? add_panel_fma : add_panel_plain;
    for (int64_t j = 0; j < n; j += COLUMNS) {
        const int64_t columns = n - j < COLUMNS ? n - j : COLUMNS;
        for (int64_t p = 0; p < k; p += DEPTH) {
            float panel[DEPTH * COLUMNS];
            const int64_t depth = k - p < DEPTH ? k - p : DEPTH;
            for (int64_t t = 0; t < COLUMNS; t++)
                for (int64_t d = 0; d < depth; d++)
                    panel[d * COLUMNS + t] = t < columns ? b[(j + t) * ldb + p + d] : 0;
            add(m, columns, depth, a + p, lda, panel, c + j, ldc);
        }
    }
}

void pare_gemm_f32_ref(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
                       int64_t ldb, const float *bias, float *c, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) c[i * ldc + j] = bias ? bias[j] : 0;
    pare_gemm_onto_f32_ref(m, n, k, a, lda, b, ldb, c, ldc);
}

void pare_gemm_onto_f64_ref(int64_t m, int64_t n, int64_t k, const double *a, int64_t lda,
                            const double *b, int64_t ldb, double *c, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            double sum = c[i * ldc + j];
            for (int64_t p = 0; p < k; p++) sum = fma(a[i * lda + p], b[j * ldb + p], sum);
            c[i * ldc + j] = sum;
        }
    }
}

void pare_gemm_f64_ref(int64_t m, int64_t n, int64_t k, const double *a, int64_t lda,
                       const double *b, int64_t ldb, const double *bias, double *c, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) c[i * ldc + j] = bias ? bias[j] : 0;
    pare_gemm_onto_f64_ref(m, n, k, a, lda, b, ldb, c, ldc);
}
