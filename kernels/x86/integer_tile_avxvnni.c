#include "kernels/x86/avxvnni.h"

#include "kernels/x86/integer_avx2.h"

/* As the kernel for floats: twelve accumulators, two vectors of weights and one broadcast. */
enum { PANEL = 16, QUAD = 4, MAX_ROWS = 6 };

#define UNROLL _Pragma("GCC unroll 6")

/* sum + four products of uint8 u and int8 s each. GCC moves accumulators about when it is told by
 * the intrinsic. */
static INLINE __m256i dot(__m256i sum, __m256i u, __m256i s)
{
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(u), "x"(s));
    return sum;
}

static INLINE void step(__m256i *low, __m256i *high, __m256i x, __m256i w0, __m256i w1,
                        const bool is_signed)
{
    *low = is_signed ? dot(*low, w0, x) : dot(*low, x, w0);
    *high = is_signed ? dot(*high, w1, x) : dot(*high, x, w1);
}

static INLINE void run(const pare_integer_tile *t, const int n_rows, const bool is_signed)
{
    __m256i low[MAX_ROWS], high[MAX_ROWS];
    const int64_t whole = t->depth / QUAD * QUAD;
    const uint8_t *w = t->w;
    UNROLL
    for (int r = 0; r < n_rows; r++) {
        low[r] = start_8(t, r, 0);
        high[r] = start_8(t, r, LANES);
    }
    for (int64_t tap = 0; tap < t->n_taps; tap++) {
        const uint8_t *x[MAX_ROWS];
        UNROLL
        for (int r = 0; r < n_rows; r++) x[r] = t->x[tap * n_rows + r];
        for (int64_t c = 0; c < whole; c += QUAD, w += PANEL * QUAD) {
            const __m256i w0 = _mm256_load_si256((const __m256i *)(const void *)w);
            const __m256i w1 = _mm256_load_si256((const __m256i *)(const void *)w + 1);
            UNROLL
            for (int r = 0; r < n_rows; r++)
                step(&low[r], &high[r], _mm256_set1_epi32(quad_at(x[r] + c)), w0, w1, is_signed);
        }
        if (whole == t->depth) continue;
        const __m256i w0 = _mm256_load_si256((const __m256i *)(const void *)w);
        const __m256i w1 = _mm256_load_si256((const __m256i *)(const void *)w + 1);
        UNROLL
        for (int r = 0; r < n_rows; r++)
            step(&low[r], &high[r],
                 _mm256_set1_epi32(part_at(x[r] + whole, t->depth - whole)), w0, w1, is_signed);
        w += PANEL * QUAD;
    }
    UNROLL
    for (int r = 0; r < n_rows; r++) {
        const int64_t at = r * t->y_stride;
        finish_8(&t->finish, 0, t->n_cols, low[r], t->y, at);
        if (t->n_cols > LANES)
            finish_8(&t->finish, LANES, t->n_cols - LANES, high[r], t->y, at + LANES);
    }
}

#define RUN(n)                                                                                     \
    static void run_u_##n(const pare_integer_tile *t) { run(t, n, false); }                        \
    static void run_s_##n(const pare_integer_tile *t) { run(t, n, true); }
RUN(1) RUN(2) RUN(3) RUN(4) RUN(5) RUN(6)

void pare_integer_tile_avxvnni(const pare_integer_tile *tile)
{
    static pare_integer_tile_fn *const by_rows[2][MAX_ROWS] = {
        { run_u_1, run_u_2, run_u_3, run_u_4, run_u_5, run_u_6 },
        { run_s_1, run_s_2, run_s_3, run_s_4, run_s_5, run_s_6 },
    };
    by_rows[tile->x_is_signed][tile->n_rows - 1](tile);
}
