#include "kernels/gemm.h"

#include <math.h>
#include <stddef.h>

void pare_gemm_f32_ref(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
                       int64_t ldb, const float *bias, float *c, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            const float *x = a + i * lda;
            const float *w = b + j * ldb;
            float sum = bias ? bias[j] : 0;
            for (int64_t p = 0; p < k; p++) sum = fmaf(x[p], w[p], sum);
            c[i * ldc + j] = sum;
        }
    }
}

void pare_gemm_f64_ref(int64_t m, int64_t n, int64_t k, const double *a, int64_t lda,
                       const double *b, int64_t ldb, const double *bias, double *c, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            const double *x = a + i * lda;
            const double *w = b + j * ldb;
            double sum = bias ? bias[j] : 0;
            for (int64_t p = 0; p < k; p++) sum = fma(x[p], w[p], sum);
            c[i * ldc + j] = sum;
        }
    }
}

void pare_gemm_s32_ref(int64_t m, int64_t n, int64_t k, const int16_t *a, int64_t lda,
                       int16_t a_zero, const int16_t *b, int64_t ldb, const int16_t *b_zero,
                       const int32_t *bias, int32_t *c, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            const int16_t *x = a + i * lda;
            const int16_t *w = b + j * ldb;
            const int32_t zero = b_zero ? b_zero[j] : 0;
            uint32_t sum = bias ? (uint32_t)bias[j] : 0;
            for (int64_t p = 0; p < k; p++)
                sum += (uint32_t)((x[p] - a_zero) * (w[p] - zero)); /* at most 510 * 510 */
            c[i * ldc + j] = (int32_t)sum;
        }
    }
}
