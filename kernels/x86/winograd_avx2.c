#include "kernels/x86/avx2.h"

#include "kernels/x86/vec_avx2.h"

#include <stdbool.h>
#include <stddef.h>

enum { TILE = PARE_WINOGRAD_TILE, PATCH = PARE_WINOGRAD_PATCH, FILTERS = PARE_WINOGRAD_FILTERS };

#define FMA(a, x, y) _mm256_fmadd_ps(_mm256_set1_ps(a), x, y)
#define MUL(a, x) _mm256_mul_ps(_mm256_set1_ps(a), x)

static INLINE void forward(const int patch, const __m256 *d, __m256 *o)
{
    if (patch == PATCH) PARE_WINOGRAD_IN(__m256, _mm256_add_ps, _mm256_sub_ps, FMA, o, d);
    else PARE_WINOGRAD_IN_2(_mm256_add_ps, _mm256_sub_ps, o, d);
}

static INLINE void take_in(const pare_winograd_in *in, const int patch)
{
    const int64_t at = in->row * in->line_stride + in->column * in->pixel_stride;
    for (int64_t c = 0; c < in->n_channels; c += LANES) {
        const int64_t n = in->n_channels - c;
        __m256 half[PATCH][PATCH];
        for (int j = 0; j < patch; j++) {
            __m256 d[PATCH], o[PATCH];
            const bool has_column = (uint64_t)(in->column + j) < (uint64_t)in->n_columns;
            for (int i = 0; i < patch; i++) {
                const bool has = has_column && (uint64_t)(in->row + i) < (uint64_t)in->n_rows;
                d[i] = has ? load_n(in->x + at + i * in->line_stride + j * in->pixel_stride + c, n)
                           : _mm256_setzero_ps();
            }
            forward(patch, d, o);
            for (int i = 0; i < patch; i++) half[i][j] = o[i];
        }
        for (int i = 0; i < patch; i++) {
            __m256 o[PATCH];
            forward(patch, half[i], o);
            for (int j = 0; j < patch; j++)
                store_n(in->v + (i * patch + j) * in->v_stride + c, n, o[j]);
        }
    }
}

static INLINE void back(const int patch, const __m256 *m, __m256 *o)
{
    if (patch == PATCH) PARE_WINOGRAD_OUT(__m256, _mm256_add_ps, _mm256_sub_ps, FMA, o, m);
    else PARE_WINOGRAD_OUT_2(_mm256_add_ps, _mm256_sub_ps, o, m);
}

static INLINE void give_out(const pare_winograd_out *out, const int patch)
{
    const pare_finish *f = &out->finish;
    for (int64_t c = 0; c < out->n_channels; c += LANES) {
        const int64_t n = out->n_channels - c;
        const __m256 bias = load_n(out->bias + c, n);
        __m256 half[TILE][PATCH];
        for (int j = 0; j < patch; j++) {
            __m256 m[PATCH], o[TILE];
            for (int i = 0; i < patch; i++)
                m[i] = load_n(out->m + (i * patch + j) * out->m_stride + c, n);
            back(patch, m, o);
            for (int i = 0; i < patch - 2; i++) half[i][j] = o[i];
        }
        for (int i = 0; i < out->n_rows; i++) {
            __m256 o[TILE];
            back(patch, half[i], o);
            for (int j = 0; j < out->n_columns; j++) {
                const int64_t to = i * out->line_stride + j * out->pixel_stride;
                const float *add = f->add ? f->add + to : NULL;
                store_n(out->y + to + c, n, finish(f, add, c, n, _mm256_add_ps(o[j], bias)));
            }
        }
    }
}

static INLINE void filter(const int patch, const __m256 *g, __m256 *o)
{
    if (patch == PATCH) PARE_WINOGRAD_FILTER(__m256, MUL, _mm256_add_ps, _mm256_sub_ps, o, g);
    else PARE_WINOGRAD_FILTER_2(__m256, MUL, _mm256_add_ps, _mm256_sub_ps, o, g);
}

static INLINE void transform_filters(const int patch, const float *g, float *u, int64_t u_stride)
{
    for (int at = 0; at < FILTERS; at += LANES) {
        __m256 half[PATCH][3];
        for (int j = 0; j < 3; j++) {
            __m256 column[3], o[PATCH];
            for (int i = 0; i < 3; i++) column[i] = _mm256_load_ps(g + (3 * i + j) * FILTERS + at);
            filter(patch, column, o);
            for (int i = 0; i < patch; i++) half[i][j] = o[i];
        }
        for (int i = 0; i < patch; i++) {
            __m256 o[PATCH];
            filter(patch, half[i], o);
            for (int j = 0; j < patch; j++)
                _mm256_store_ps(u + (i * patch + j) * u_stride + at, o[j]);
        }
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

const pare_winograd_kernels pare_winograd_avx2[PARE_N_WINOGRADS] = {
    { 4, in_4, out_4, filters_4 },
    { 2, in_2, out_2, filters_2 },
};
