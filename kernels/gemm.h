/* Matrix products. What convolutions, MatMul, Gemm, attention and recurrent layers compute. */
#ifndef KERNELS_GEMM_H
#define KERNELS_GEMM_H

#include <stdint.h>

/* C[i,j] = bias[j] + sum over p of A[i,p] * B[j,p]: rows of A against rows of B.
 *   a [m,k], rows lda apart; b [n,k], rows ldb apart; c [m,n], rows ldc apart (in elements)
 *   bias [n], or NULL for 0
 * The definition: each output is one chain of fused multiply-adds in ascending p that starts at the
 * bias, so that every variant gives the same bits. c may overlap neither input. */
void pare_gemm_f32_ref(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda, const float *b,
                       int64_t ldb, const float *bias, float *c, int64_t ldc);
void pare_gemm_f64_ref(int64_t m, int64_t n, int64_t k, const double *a, int64_t lda,
                       const double *b, int64_t ldb, const double *bias, double *c, int64_t ldc);

/* The same onto what C holds: there each chain starts. So k may be split, without changing a bit.
 * */
void pare_gemm_onto_f32_ref(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                            const float *b, int64_t ldb, float *c, int64_t ldc);
void pare_gemm_onto_f64_ref(int64_t m, int64_t n, int64_t k, const double *a, int64_t lda,
                            const double *b, int64_t ldb, double *c, int64_t ldc);

/* The same in 32-bit integers that wrap: sum of (A[i,p] - a_zero) * (B[j,p] - b_zero[j]), for the
 * 8-bit products of quantized models. The differences must fit into 9 bits: a and b hold values of
 * int8 or uint8, widened, or such differences already, with zero points of 0.
 *   b_zero [n], or NULL for 0 */
void pare_gemm_s32_ref(int64_t m, int64_t n, int64_t k, const int16_t *a, int64_t lda,
                       int16_t a_zero, const int16_t *b, int64_t ldb, const int16_t *b_zero,
                       const int32_t *bias, int32_t *c, int64_t ldc);

/* The same in 64-bit integers that wrap, signed or not. */
void pare_gemm_u64_ref(int64_t m, int64_t n, int64_t k, const uint64_t *a, int64_t lda,
                       const uint64_t *b, int64_t ldb, uint64_t *c, int64_t ldc);

#endif
