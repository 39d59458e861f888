#include "kernels/x86/avx512vnni.h"

#include "kernels/x86/integer_avx512.h"

/* As the kernel for floats: twenty-eight accumulators, two vectors of weights, one broadcast. */
enum { PANEL = 32, HALF = 16, QUAD = 4, MAX_ROWS = 14 };

/* Rows whose addresses stay in registers; those of others are read from memory each time. */
enum { KEPT = 9 };

/* Weights are asked for this many bytes ahead, beyond the page where the processor stops. */
enum { AHEAD = 4096 };

#define UNROLL _Pragma("GCC unroll 14")

/* start of a row, less what its zero points of weights make. */
static INLINE __m512i corrected(const pare_integer_tile *t, int row, int half, __m512i start)
{
    const __m512i zero = _mm512_loadu_si512(t->w_zero + half * HALF);
    return _mm512_sub_epi32(start, _mm512_mullo_epi32(zero, _mm512_set1_epi32(t->row_sums[row])));
}

static INLINE int32_t quad_at(const uint8_t *x)
{
    int32_t quad;
    memcpy(&quad, x, sizeof(quad));
    return quad;
}

static INLINE int32_t part_at(const uint8_t *x, int64_t n)
{
    int32_t quad = x[0];
    if (n > 1) quad |= x[1] << 8;
    if (n > 2) quad |= x[2] << 16;
    return quad;
}

static INLINE __m512i step(__m512i sum, __m512i x, __m512i w, const bool is_signed)
{
    return is_signed ? dot(sum, w, x) : dot(sum, x, w);
}

/* Codes of two rows at a time: packed to bytes, quarters of vectors are in the wrong order. */
static INLINE void put_codes(const pare_integer_tile *t, __m512i (*sum)[2], const int n_rows,
                             const int n_halves, const bool is_free)
{
    const pare_integer_finish *f = &t->finish;
    const __m512i in_order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11,
                                               15);
    const __m512i zero = _mm512_set1_epi16((int16_t)f->zero);
    const __mmask16 some[2] = { first_16(t->n_cols), first_16(t->n_cols - HALF) };
    const __mmask32 bytes = (__mmask32)(some[0] | (uint32_t)some[1] << HALF);
    const __m512 scale[2] = { _mm512_maskz_loadu_ps(some[0], f->scale),
                              _mm512_maskz_loadu_ps(some[1], f->scale + HALF) };
    UNROLL
    for (int r = 0; r < n_rows; r += 2) {
        __m512i pairs[2];
        UNROLL
        for (int i = 0; i < 2; i++) {
            const int row = r + i < n_rows ? r + i : r;
            __m512i code[2];
            UNROLL
            for (int h = 0; h < 2; h++)
                code[h] = h < n_halves ? rounded(f, h * HALF, some[h], scale[h], sum[row][h],
                                                 is_free)
                                       : code[0];
            pairs[i] = _mm512_adds_epi16(_mm512_packs_epi32(code[0], code[1]), zero);
        }
        const __m512i four = f->out == PARE_INTEGER_U8 ? _mm512_packus_epi16(pairs[0], pairs[1])
                                                       : _mm512_packs_epi16(pairs[0], pairs[1]);
        const __m512i sorted = _mm512_permutexvar_epi32(in_order, four);
        uint8_t *y = (uint8_t *)t->y + r * t->y_stride;
        _mm256_mask_storeu_epi8(y, bytes, _mm512_castsi512_si256(sorted));
        if (r + 1 < n_rows)
            _mm256_mask_storeu_epi8(y + t->y_stride, bytes,
                                    _mm512_extracti64x4_epi64(sorted, 1));
    }
}

static INLINE void run(const pare_integer_tile *t, const int n_rows, const int n_halves,
                       const bool is_signed)
{
    __m512i sum[MAX_ROWS][2];
    const int64_t whole = t->depth / QUAD * QUAD;
    const uint8_t *w = t->w;
    UNROLL
    for (int r = 0; r < n_rows; r++)
        for (int h = 0; h < n_halves; h++) sum[r][h] = _mm512_loadu_si512(t->start + h * HALF);
    if (t->w_zero) {
        UNROLL
        for (int r = 0; r < n_rows; r++)
            for (int h = 0; h < n_halves; h++) sum[r][h] = corrected(t, r, h, sum[r][h]);
    }
    for (int64_t tap = 0; tap < t->n_taps; tap++) {
        const uint8_t *x[MAX_ROWS];
        const uint8_t *volatile far[MAX_ROWS];
        UNROLL
        for (int r = 0; r < n_rows; r++)
            if (r < KEPT) x[r] = t->x[tap * n_rows + r];
            else far[r] = t->x[tap * n_rows + r];
        for (int64_t c = 0; c < whole; c += QUAD, w += PANEL * QUAD) {
            __m512i columns[2];
            for (int h = 0; h < n_halves; h++) {
                _mm_prefetch((const char *)(w + AHEAD + h * HALF * QUAD), _MM_HINT_T0);
                columns[h] = _mm512_load_si512(w + h * HALF * QUAD);
            }
            UNROLL
            for (int r = 0; r < n_rows; r++) {
                const uint8_t *at = r < KEPT ? x[r] : far[r];
                const __m512i v = _mm512_set1_epi32(quad_at(at + c));
                for (int h = 0; h < n_halves; h++)
                    sum[r][h] = step(sum[r][h], v, columns[h], is_signed);
            }
        }
        if (whole == t->depth) continue;
        UNROLL
        for (int r = 0; r < n_rows; r++) {
            const uint8_t *at = r < KEPT ? x[r] : far[r];
            const __m512i v = _mm512_set1_epi32(part_at(at + whole, t->depth - whole));
            for (int h = 0; h < n_halves; h++)
                sum[r][h] = step(sum[r][h], v, _mm512_load_si512(w + h * HALF * QUAD), is_signed);
        }
        w += PANEL * QUAD;
    }
    const __mmask16 some[2] = { first_16(t->n_cols), first_16(t->n_cols - HALF) };
    const pare_integer_finish *f = &t->finish;
    if (f->out == PARE_INTEGER_U8 || f->out == PARE_INTEGER_S8) {
        if (f->is_free) put_codes(t, sum, n_rows, n_halves, true);
        else put_codes(t, sum, n_rows, n_halves, false);
        return;
    }
    UNROLL
    for (int r = 0; r < n_rows; r++)
        for (int h = 0; h < n_halves; h++)
            store_words(f, h * HALF, some[h], sum[r][h],
                        (int32_t *)t->y + r * t->y_stride + h * HALF);
}

/* One function per number of rows, each with its loops unrolled: of uint8 and int8, of panels that
 * are used whole and by half. */
#define RUN(n)                                                                                     \
    static void u_##n(const pare_integer_tile *t) { run(t, n, 2, false); }                         \
    static void s_##n(const pare_integer_tile *t) { run(t, n, 2, true); }                          \
    static void half_u_##n(const pare_integer_tile *t) { run(t, n, 1, false); }                    \
    static void half_s_##n(const pare_integer_tile *t) { run(t, n, 1, true); }
RUN(1) RUN(2) RUN(3) RUN(4) RUN(5) RUN(6) RUN(7)
RUN(8) RUN(9) RUN(10) RUN(11) RUN(12) RUN(13) RUN(14)

void pare_integer_tile_avx512vnni(const pare_integer_tile *tile)
{
    static pare_integer_tile_fn *const whole[2][MAX_ROWS] = {
        { u_1, u_2, u_3, u_4, u_5, u_6, u_7, u_8, u_9, u_10, u_11, u_12, u_13, u_14 },
        { s_1, s_2, s_3, s_4, s_5, s_6, s_7, s_8, s_9, s_10, s_11, s_12, s_13, s_14 },
    };
    static pare_integer_tile_fn *const half[2][MAX_ROWS] = {
        { half_u_1, half_u_2, half_u_3, half_u_4, half_u_5, half_u_6, half_u_7, half_u_8, half_u_9,
          half_u_10, half_u_11, half_u_12, half_u_13, half_u_14 },
        { half_s_1, half_s_2, half_s_3, half_s_4, half_s_5, half_s_6, half_s_7, half_s_8, half_s_9,
          half_s_10, half_s_11, half_s_12, half_s_13, half_s_14 },
    };
    if (tile->n_cols > HALF) whole[tile->x_is_signed][tile->n_rows - 1](tile);
    else half[tile->x_is_signed][tile->n_rows - 1](tile);
}
