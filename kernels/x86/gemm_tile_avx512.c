#include "kernels/x86/avx512.h"

#include "kernels/x86/vec_avx512.h"

/* Fourteen rows by thirty-two columns: twenty-eight accumulators, two vectors of weights and one
 * broadcast are thirty-one of the thirty-two registers. Panels of which at most sixteen columns are
 * used pay for those alone. */
enum { PANEL = 32, HALF = 16, MAX_ROWS = 14 };

/* Rows whose addresses stay in registers. Those of others are read from memory each time: moving
 * them through vector registers, as compilers do, takes a port that multiplies. */
enum { KEPT = 8 };

/* Rows at equal distances take an address for three of them, and one register for the distance. */
enum { LEADERS = (MAX_ROWS + 2) / 3 };

/* Weights are asked for this many elements ahead, beyond the page where the processor stops. */
enum { AHEAD = 1024 };

/* Elements of a row at once, where one vector of columns leaves little to do for each. */
enum { STEP = 4 };

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 14")
#endif

/* Compilers keep what is indexed by r in registers only if they see how often this runs. */
#define EACH_ROW                                                                                   \
    UNROLL                                                                                         \
    for (int r = 0; r < MAX_ROWS; r++)                                                             \
        if (r < n_rows)

static INLINE void put(const pare_gemm_tile *t, int row, int64_t j, __mmask16 some, __m512 z)
{
    _mm512_mask_storeu_ps(t->y + row * t->y_stride + j, some, z);
}

static INLINE __m512 added(const pare_finish *f, int row, int64_t j, __mmask16 some, __m512 z)
{
    return _mm512_add_ps(z, _mm512_maskz_loadu_ps(some, f->add + row * f->add_stride + j));
}

/* What most tiles need goes without a question per vector, and without leaving registers. */
/* low: sums of columns below sixteen, high: of those from there on. */
static INLINE void store(const pare_gemm_tile *t, const __m512 *low, const __m512 *high,
                         const int n_rows, const int n_halves)
{
    const pare_finish *f = &t->finish;
    const int last = t->n_cols - (n_halves - 1) * HALF;
    const __mmask16 end = (__mmask16)((1u << last) - 1);
    const __mmask16 all = n_halves == 2 ? 0xffffu : end;
    if (!f->rounds && !f->scale && !f->add) {
        EACH_ROW {
            put(t, r, 0, all, wide_bounds(f, low[r]));
            if (n_halves == 2) put(t, r, HALF, end, wide_bounds(f, high[r]));
        }
    } else if (!f->rounds && !f->scale) {
        EACH_ROW {
            put(t, r, 0, all, wide_bounds(f, added(f, r, 0, all, low[r])));
            if (n_halves == 2)
                put(t, r, HALF, end, wide_bounds(f, added(f, r, HALF, end, high[r])));
        }
    } else {
        EACH_ROW {
            const float *add = f->add ? f->add + r * f->add_stride : NULL;
            put(t, r, 0, all, wide_finish(f, add, 0, all, low[r]));
            if (n_halves == 2) put(t, r, HALF, end, wide_finish(f, add, HALF, end, high[r]));
        }
    }
}

static INLINE void start(const pare_gemm_tile *t, __m512 *low, __m512 *high, const int n_rows,
                         const int n_halves)
{
    EACH_ROW {
        low[r] = _mm512_loadu_ps(t->bias + r * t->bias_stride);
        if (n_halves == 2) high[r] = _mm512_loadu_ps(t->bias + r * t->bias_stride + HALF);
    }
}

/* The addresses of a tap's rows. */
static INLINE void find_rows(const pare_gemm_tile *t, int64_t tap, const int n_rows,
                             const float **at)
{
    for (int first = 0; first < n_rows; first += 8) {
        const int n = n_rows - first < 8 ? n_rows - first : 8;
        const __mmask8 some = (__mmask8)((1u << n) - 1);
        const int64_t i = tap * n_rows + first;
        __m512i address;
        if (t->x) {
            address = _mm512_maskz_loadu_epi64(some, t->x + i);
        } else {
            const __m256i offset = _mm256_maskz_loadu_epi32(some, t->offsets + i);
            const __mmask8 none = _mm256_movepi32_mask(offset);
            const __m512i bytes = _mm512_slli_epi64(_mm512_cvtepi32_epi64(offset), 2);
            address = _mm512_add_epi64(_mm512_set1_epi64((int64_t)(uintptr_t)t->rows), bytes);
            address = _mm512_mask_set1_epi64(address, none, (int64_t)(uintptr_t)t->zeros);
        }
        _mm512_store_si512(at + first, address);
    }
}

static INLINE void ask_ahead(const float *w, const int n_halves)
{
    for (int h = 0; h < n_halves; h++)
        _mm_prefetch((const char *)(w + AHEAD + h * HALF), _MM_HINT_T0);
}

/* Tiles that share a panel bring the next one closer, so that the first of them need not wait. */
typedef struct coming {
    uintptr_t at, step;
} coming;

static INLINE coming coming_of(const pare_gemm_tile *t)
{
    if (!t->next) return (coming){ (uintptr_t)t->w, 0 };
    return (coming){ (uintptr_t)t->next, (uintptr_t)t->next_step * sizeof(float) };
}

static INLINE void ask_next(coming *next)
{
    _mm_prefetch((const char *)next->at, _MM_HINT_T1);
    next->at += next->step;
}

/* Elements c of all rows, of which x(r) says the address, times a row of the panel. */
#define MULTIPLY(x)                                                                                \
    do {                                                                                           \
        const __m512 w_low = _mm512_load_ps(w);                                                    \
        const __m512 w_high = _mm512_load_ps(w + (n_halves == 2 ? HALF : 0));                      \
        EACH_ROW {                                                                                 \
            const __m512 v = _mm512_set1_ps(*(x));                                                 \
            low[r] = _mm512_fmadd_ps(v, w_low, low[r]);                                            \
            if (n_halves == 2) high[r] = _mm512_fmadd_ps(v, w_high, high[r]);                      \
        }                                                                                          \
    } while (0)

/* Four elements of each row, times as many rows of a narrow panel. */
#define MULTIPLY_FOUR(x)                                                                           \
    do {                                                                                           \
        const __m512 w0 = _mm512_load_ps(w), w1 = _mm512_load_ps(w + PANEL);                       \
        const __m512 w2 = _mm512_load_ps(w + 2 * PANEL), w3 = _mm512_load_ps(w + 3 * PANEL);       \
        EACH_ROW {                                                                                 \
            const float *from = x;                                                                 \
            low[r] = _mm512_fmadd_ps(_mm512_set1_ps(from[0]), w0, low[r]);                         \
            low[r] = _mm512_fmadd_ps(_mm512_set1_ps(from[1]), w1, low[r]);                         \
            low[r] = _mm512_fmadd_ps(_mm512_set1_ps(from[2]), w2, low[r]);                         \
            low[r] = _mm512_fmadd_ps(_mm512_set1_ps(from[3]), w3, low[r]);                         \
        }                                                                                          \
    } while (0)

/* Rows anywhere. */
static INLINE void run_found(const pare_gemm_tile *t, const int n_rows, const int n_halves)
{
    __m512 low[MAX_ROWS], high[MAX_ROWS];
    start(t, low, high, n_rows, n_halves);
    const float *w = t->w;
    coming next = coming_of(t);
    for (int64_t tap = 0; tap < t->n_taps; tap++) {
        _Alignas(64) const float *at[16];
        const float *x[KEPT];
        find_rows(t, tap, n_rows, at);
        UNROLL
        for (int r = 0; r < n_rows && r < KEPT; r++) x[r] = at[r];
        int64_t c = 0;
        for (; n_halves == 1 && c + STEP <= t->depth; c += STEP, w += STEP * PANEL) {
            __asm__("" : "+m"(at)); /* so that the others are not kept */
            ask_ahead(w, 1);
            MULTIPLY_FOUR((r < KEPT ? x[r] : at[r]) + c);
        }
        for (; c < t->depth; c++, w += PANEL) {
            __asm__("" : "+m"(at));
            ask_ahead(w, n_halves);
            if (n_halves == 2) ask_next(&next);
            MULTIPLY((r < KEPT ? x[r] : at[r]) + c);
        }
    }
    store(t, low, high, n_rows, n_halves);
}

static INLINE void advance(const float **x, const int n_rows, const int by)
{
    UNROLL
    for (int r = 0; r < n_rows; r += 3) {
        x[r / 3] += by;
        __asm__("" : "+r"(x[r / 3])); /* or each row gets an address of its own */
    }
}

/* Rows at equal distances. */
static INLINE void run_even(const pare_gemm_tile *t, const int n_rows, const int n_halves)
{
    __m512 low[MAX_ROWS], high[MAX_ROWS];
    start(t, low, high, n_rows, n_halves);
    const float *w = t->w;
    const float *x[LEADERS];
    const int64_t stride = t->row_stride;
    UNROLL
    for (int r = 0; r < n_rows; r += 3) x[r / 3] = t->rows + r * stride;
    coming next = coming_of(t);
    int64_t c = 0;
    for (; n_halves == 1 && c + STEP <= t->depth; c += STEP, w += STEP * PANEL) {
        ask_ahead(w, 1);
        MULTIPLY_FOUR(x[r / 3] + r % 3 * stride);
        advance(x, n_rows, STEP);
    }
    for (; c < t->depth; c++, w += PANEL) {
        ask_ahead(w, n_halves);
        if (n_halves == 2) ask_next(&next);
        MULTIPLY(x[r / 3] + r % 3 * stride);
        advance(x, n_rows, 1);
    }
    store(t, low, high, n_rows, n_halves);
}

/* One function per number of rows, each with its loops unrolled. */
#define RUN(n)                                                                                     \
    static void found_##n(const pare_gemm_tile *t) { run_found(t, n, 2); }                         \
    static void found_half_##n(const pare_gemm_tile *t) { run_found(t, n, 1); }                    \
    static void even_##n(const pare_gemm_tile *t) { run_even(t, n, 2); }                           \
    static void even_half_##n(const pare_gemm_tile *t) { run_even(t, n, 1); }
RUN(1) RUN(2) RUN(3) RUN(4) RUN(5) RUN(6) RUN(7)
RUN(8) RUN(9) RUN(10) RUN(11) RUN(12) RUN(13) RUN(14)

#define ROWS(kind)                                                                                 \
    { kind##_1, kind##_2, kind##_3, kind##_4, kind##_5, kind##_6, kind##_7, kind##_8, kind##_9,    \
      kind##_10, kind##_11, kind##_12, kind##_13, kind##_14 }

void pare_gemm_tile_avx512(const pare_gemm_tile *tile)
{
    static pare_gemm_tile_fn *const found[2][MAX_ROWS] = { ROWS(found), ROWS(found_half) };
    static pare_gemm_tile_fn *const even[2][MAX_ROWS] = { ROWS(even), ROWS(even_half) };
    const bool is_even = !tile->x && !tile->offsets && tile->n_taps == 1;
    (is_even ? even : found)[tile->n_cols <= HALF][tile->n_rows - 1](tile);
}
