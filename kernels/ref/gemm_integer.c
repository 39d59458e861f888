#include "kernels/gemm.h"

#include <stddef.h>

/* As in gemm.c, COLUMNS sums run side by side against a panel of so many rows of B, transposed.
 * Integer sums that wrap are the same in any order. */
enum { COLUMNS = 16, DEPTH = 256 };

/* sums [COLUMNS] += (a [depth] - a_zero) times panel [depth, COLUMNS] */
static void add_row(int64_t depth, const int16_t *a, int32_t a_zero, const int32_t *panel,
                    uint32_t *sums)
{
    for (int64_t p = 0; p < depth; p++) {
        const int32_t x = a[p] - a_zero;
        for (int j = 0; j < COLUMNS; j++)
            sums[j] += (uint32_t)(x * panel[p * COLUMNS + j]); /* at most 510 * 510 */
    }
}

/* c [m, n] += (a [m, depth] - a_zero) times panel, n at most COLUMNS */
static void add_panel(int64_t m, int64_t n, int64_t depth, const int16_t *a, int64_t lda,
                      int32_t a_zero, const int32_t *panel, int32_t *c, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++) {
        uint32_t sums[COLUMNS] = { 0 };
        for (int64_t j = 0; j < n; j++) sums[j] = (uint32_t)c[i * ldc + j];
        add_row(depth, a + i * lda, a_zero, panel, sums);
        for (int64_t j = 0; j < n; j++) c[i * ldc + j] = (int32_t)sums[j];
    }
}

void pare_gemm_s32_ref(int64_t m, int64_t n, int64_t k, const int16_t *a, int64_t lda,
                       int16_t a_zero, const int16_t *b, int64_t ldb, const int16_t *b_zero,
                       const int32_t *bias, int32_t *c, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) c[i * ldc + j] = bias ? bias[j] : 0;
    for (int64_t j = 0; j < n; j += COLUMNS) {
        const int64_t columns = n - j < COLUMNS ? n - j : COLUMNS;
        for (int64_t p = 0; p < k; p += DEPTH) {
            int32_t panel[DEPTH * COLUMNS] = { 0 };
            const int64_t depth = k - p < DEPTH ? k - p : DEPTH;
            for (int64_t t = 0; t < columns; t++)
                for (int64_t d = 0; d < depth; d++)
                    panel[d * COLUMNS + t] =
                        b[(j + t) * ldb + p + d] - (b_zero ? b_zero[j + t] : 0);
            add_panel(m, columns, depth, a + p, lda, a_zero, panel, c + j, ldc);
        }
    }
}

void pare_gemm_u64_ref(int64_t m, int64_t n, int64_t k, const uint64_t *a, int64_t lda,
                       const uint64_t *b, int64_t ldb, uint64_t *c, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            uint64_t sum = 0;
            for (int64_t p = 0; p < k; p++) sum += a[i * lda + p] * b[j * ldb + p];
            c[i * ldc + j] = sum;
        }
    }
}
