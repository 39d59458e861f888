#include "kernels/x86/avx512.h"

#include "kernels/x86/vec_avx512.h"

enum { TILE = PARE_WINOGRAD_TILE, PATCH = PARE_WINOGRAD_PATCH, FILTERS = PARE_WINOGRAD_FILTERS };

#define UNROLL _Pragma("GCC unroll 6")
#define FMA(a, x, y) _mm512_fmadd_ps(_mm512_set1_ps(a), x, y)
#define MUL(a, x) _mm512_mul_ps(_mm512_set1_ps(a), x)

static INLINE void forward(const int patch, const __m512 *d, __m512 *o)
{
    if (patch == PATCH) PARE_WINOGRAD_IN(__m512, _mm512_add_ps, _mm512_sub_ps, FMA, o, d);
    else PARE_WINOGRAD_IN_2(_mm512_add_ps, _mm512_sub_ps, o, d);
}

/* What both directions of the input do from channel c on. `read(i, j)` gives a pixel. */
#define TAKE_IN(read)                                                                              \
    do {                                                                                           \
        __m512 half[PATCH][PATCH];                                                                 \
        UNROLL                                                                                     \
        for (int j = 0; j < patch; j++) {                                                          \
            __m512 d[PATCH], o[PATCH];                                                             \
            UNROLL                                                                                 \
            for (int i = 0; i < patch; i++) d[i] = read(i, j);                                     \
            forward(patch, d, o);                                                                  \
            UNROLL                                                                                 \
            for (int i = 0; i < patch; i++) half[i][j] = o[i];                                     \
        }                                                                                          \
        UNROLL                                                                                     \
        for (int i = 0; i < patch; i++) {                                                          \
            __m512 o[PATCH];                                                                       \
            forward(patch, half[i], o);                                                            \
            UNROLL                                                                                 \
            for (int j = 0; j < patch; j++)                                                        \
                _mm512_mask_storeu_ps(in->v + (i * patch + j) * in->v_stride + c, some, o[j]);     \
        }                                                                                          \
    } while (0)

/* Bit i: whether position `at` + i is one of n. */
static INLINE unsigned inside(int64_t at, int64_t n, const int patch)
{
    unsigned bits = (1u << patch) - 1;
    if (at < 0) bits &= bits << -at;
    if (at + patch > n) bits &= n > at ? (1u << (n - at)) - 1 : 0;
    return bits;
}

static INLINE void take_in(const pare_winograd_in *in, const int patch)
{
    const int64_t at = in->row * in->line_stride + in->column * in->pixel_stride;
    const unsigned rows = inside(in->row, in->n_rows, patch);
    const unsigned columns = inside(in->column, in->n_columns, patch);
    const bool is_whole = (rows & columns) == (1u << patch) - 1;
    for (int64_t c = 0; c < in->n_channels; c += WIDE) {
        const __mmask16 some = wide_lanes(in->n_channels - c);
        const float *x = in->x + at + c;
#define PIXEL(i, j) _mm512_maskz_loadu_ps(some, x + (i) * in->line_stride + (j) * in->pixel_stride)
#define PIXEL_OR_NONE(i, j)                                                                        \
    (rows >> (i) & columns >> (j) & 1 ? PIXEL(i, j) : _mm512_setzero_ps())
        if (is_whole) TAKE_IN(PIXEL);
        else TAKE_IN(PIXEL_OR_NONE);
    }
}

static INLINE void back(const int patch, const __m512 *m, __m512 *o)
{
    if (patch == PATCH) PARE_WINOGRAD_OUT(__m512, _mm512_add_ps, _mm512_sub_ps, FMA, o, m);
    else PARE_WINOGRAD_OUT_2(_mm512_add_ps, _mm512_sub_ps, o, m);
}

static INLINE void give_channels(const pare_winograd_out *out, int64_t c, const int patch,
                                 const bool is_simple)
{
    const pare_finish *f = &out->finish;
    const __mmask16 some = wide_lanes(out->n_channels - c);
    const __m512 bias = _mm512_maskz_loadu_ps(some, out->bias + c);
    __m512 half[TILE][PATCH];
    UNROLL
    for (int j = 0; j < patch; j++) {
        __m512 m[PATCH], o[TILE];
        UNROLL
        for (int i = 0; i < patch; i++)
            m[i] = _mm512_maskz_loadu_ps(some, out->m + (i * patch + j) * out->m_stride + c);
        back(patch, m, o);
        UNROLL
        for (int i = 0; i < patch - 2; i++) half[i][j] = o[i];
    }
    for (int i = 0; i < out->n_rows; i++) {
        __m512 o[TILE];
        back(patch, half[i], o);
        UNROLL
        for (int j = 0; j < patch - 2; j++) {
            if (j >= out->n_columns) break;
            const int64_t to = i * out->line_stride + j * out->pixel_stride;
            const __m512 z = _mm512_add_ps(o[j], bias);
            const float *add = f->add && !is_simple ? f->add + to : NULL;
            _mm512_mask_storeu_ps(out->y + to + c, some,
                                  is_simple ? wide_bounds(f, z) : wide_finish(f, add, c, some, z));
        }
    }
}

static INLINE void give_out(const pare_winograd_out *out, const int patch)
{
    const pare_finish *f = &out->finish;
    const bool is_simple = !f->rounds && !f->scale && !f->add;
    for (int64_t c = 0; c < out->n_channels; c += WIDE)
        if (is_simple) give_channels(out, c, patch, true);
        else give_channels(out, c, patch, false);
}

static INLINE void filter(const int patch, const __m512 *g, __m512 *o)
{
    if (patch == PATCH) PARE_WINOGRAD_FILTER(__m512, MUL, _mm512_add_ps, _mm512_sub_ps, o, g);
    else PARE_WINOGRAD_FILTER_2(__m512, MUL, _mm512_add_ps, _mm512_sub_ps, o, g);
}

static INLINE void transform_filters(const int patch, const float *g, float *u, int64_t u_stride)
{
    __m512 half[PATCH][3];
    UNROLL
    for (int j = 0; j < 3; j++) {
        __m512 column[3], o[PATCH];
        UNROLL
        for (int i = 0; i < 3; i++) column[i] = _mm512_load_ps(g + (3 * i + j) * FILTERS);
        filter(patch, column, o);
        UNROLL
        for (int i = 0; i < patch; i++) half[i][j] = o[i];
    }
    UNROLL
    for (int i = 0; i < patch; i++) {
        __m512 o[PATCH];
        filter(patch, half[i], o);
        UNROLL
        for (int j = 0; j < patch; j++) _mm512_store_ps(u + (i * patch + j) * u_stride, o[j]);
    }
}

#define SIZE(n)                                                                                    \
    static void in_##n(const pare_winograd_in *in) { take_in(in, n + 2); }                         \
    static void out_##n(const pare_winograd_out *out) { give_out(out, n + 2); }                    \
    static void filters_##n(const float *g, float *u, int64_t u_stride)                            \
    {                                                                                              \
        transform_filters(n + 2, g, u, u_stride);                                                  \
    }
SIZE(4)
SIZE(2)

const pare_winograd_kernels pare_winograd_avx512[PARE_N_WINOGRADS] = {
    { 4, in_4, out_4, filters_4 },
    { 2, in_2, out_2, filters_2 },
};
