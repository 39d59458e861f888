#include "kernels/x86/avx512.h"

#include <immintrin.h>

/* Fourteen rows by thirty-two columns: twenty-eight accumulators, two vectors of weights and one
 * broadcast are thirty-one of the thirty-two registers. Panels of which at most sixteen columns are
 * used pay for those alone. */
enum { PANEL = 32, HALF = 16, MAX_ROWS = 14 };

/* Rows whose addresses stay in registers. Those of others are read from memory each time: moving
 * them through vector registers, as compilers do, takes a port that multiplies. */
enum { KEPT = 9 };

/* Weights are asked for this many elements ahead, beyond the page where the processor stops. */
enum { AHEAD = 1024 };

#define INLINE inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 14")

/* Rounded to float16. */
static INLINE __m512 rounded(__m512 x)
{
    return _mm512_cvtph_ps(_mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
}

/* pare_finish_ref of the columns of the mask from j on. Of two equal or unordered operands max and
 * min give the second. */
static INLINE __m512 finish(const pare_finish *f, const float *add, int64_t j, __mmask16 some,
                            __m512 z)
{
    if (f->rounds & PARE_ROUND_CHAIN) z = rounded(z);
    if (f->scale)
        z = _mm512_fmadd_ps(z, _mm512_maskz_loadu_ps(some, f->scale + j),
                            _mm512_maskz_loadu_ps(some, f->shift + j));
    if (f->rounds & PARE_ROUND_AFFINE) z = rounded(z);
    if (add) z = _mm512_add_ps(z, _mm512_maskz_loadu_ps(some, add + j));
    if (f->rounds & PARE_ROUND_SUM) z = rounded(z);
    z = _mm512_max_ps(_mm512_set1_ps(f->low), z);
    return _mm512_min_ps(_mm512_set1_ps(f->high), z);
}

static INLINE void store(const pare_gemm_tile *t, int row, int half, __m512 z)
{
    const int64_t j = half * HALF;
    const float *add = t->finish.add ? t->finish.add + row * t->finish.add_stride : NULL;
    const int64_t n = t->n_cols - j;
    const __mmask16 some = (__mmask16)(n >= HALF ? 0xffffu : (1u << n) - 1);
    _mm512_mask_storeu_ps(t->y + row * t->y_stride + j, some, finish(&t->finish, add, j, some, z));
}

static INLINE void run(const pare_gemm_tile *t, const int n_rows, const int n_halves)
{
    __m512 sum[MAX_ROWS][2];
    UNROLL
    for (int r = 0; r < n_rows; r++)
        for (int h = 0; h < n_halves; h++)
            sum[r][h] = _mm512_loadu_ps(t->bias + r * t->bias_stride + h * HALF);
    const float *w = t->w;
    for (int64_t tap = 0; tap < t->n_taps; tap++) {
        const float *x[MAX_ROWS];
        const float *volatile far[MAX_ROWS];
        UNROLL
        for (int r = 0; r < n_rows; r++)
            if (r < KEPT) x[r] = t->x[tap * n_rows + r];
            else far[r] = t->x[tap * n_rows + r];
        for (int64_t c = 0; c < t->depth; c++, w += PANEL) {
            __m512 columns[2];
            for (int h = 0; h < n_halves; h++)
                _mm_prefetch((const char *)(w + AHEAD + h * HALF), _MM_HINT_T0);
            for (int h = 0; h < n_halves; h++) columns[h] = _mm512_load_ps(w + h * HALF);
            UNROLL
            for (int r = 0; r < n_rows; r++) {
                const float *at = r < KEPT ? x[r] : far[r];
                const __m512 v = _mm512_set1_ps(at[c]);
                for (int h = 0; h < n_halves; h++)
                    sum[r][h] = _mm512_fmadd_ps(v, columns[h], sum[r][h]);
            }
        }
    }
    UNROLL
    for (int r = 0; r < n_rows; r++)
        for (int h = 0; h < n_halves; h++) store(t, r, h, sum[r][h]);
}

/* One function per number of rows, each with its loops unrolled. */
#define RUN(n)                                                                                     \
    static void run_##n(const pare_gemm_tile *t) { run(t, n, 2); }                                 \
    static void half_##n(const pare_gemm_tile *t) { run(t, n, 1); }
RUN(1) RUN(2) RUN(3) RUN(4) RUN(5) RUN(6) RUN(7)
RUN(8) RUN(9) RUN(10) RUN(11) RUN(12) RUN(13) RUN(14)

void pare_gemm_tile_avx512(const pare_gemm_tile *tile)
{
    static pare_gemm_tile_fn *const whole[] = { run_1, run_2, run_3,  run_4,  run_5,  run_6,  run_7,
                                                run_8, run_9, run_10, run_11, run_12, run_13,
                                                run_14 };
    static pare_gemm_tile_fn *const half[] = { half_1,  half_2,  half_3,  half_4, half_5,
                                               half_6,  half_7,  half_8,  half_9, half_10,
                                               half_11, half_12, half_13, half_14 };
    if (tile->n_cols > HALF) whole[tile->n_rows - 1](tile);
    else half[tile->n_rows - 1](tile);
}
