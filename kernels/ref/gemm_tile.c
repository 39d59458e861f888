#include "kernels/gemm_tile.h"

#include <math.h>

enum { PANEL = 16 };

/* Columns innermost, so that a compiler can take several at once: each is a chain of its own. */
void pare_gemm_tile_ref(const pare_gemm_tile *t)
{
    for (int r = 0; r < t->n_rows; r++) {
        const float *w = t->w;
        float sum[PANEL];
        for (int j = 0; j < PANEL; j++) sum[j] = t->bias[r * t->bias_stride + j];
        for (int64_t tap = 0; tap < t->n_taps; tap++) {
            const float *x = pare_gemm_tile_row(t, tap, r);
            for (int64_t c = 0; c < t->depth; c++, w += PANEL)
                for (int j = 0; j < PANEL; j++) sum[j] = fmaf(x[c], w[j], sum[j]);
        }
        for (int j = 0; j < t->n_cols; j++)
            t->y[r * t->y_stride + j] = pare_finish_ref(&t->finish, r, j, sum[j]);
    }
}

void pare_pack_columns_ref(int n, int64_t k, int64_t n_taps, const void *b, int64_t col_stride,
                           int panel, float *out)
{
    const int64_t depth = k / n_taps;
    for (int64_t i = 0; i < k; i++) {
        float *to = out + (i % n_taps * depth + i / n_taps) * panel;
        for (int j = 0; j < n; j++) to[j] = pare_float_at(b, i + j * col_stride);
        for (int j = n; j < panel; j++) to[j] = 0;
    }
}

/* A panel of which each row lies side by side. */
static void pack_rows(int n, int64_t k, const void *b, int64_t row_stride, int panel, float *out)
{
    for (int64_t i = 0; i < k; i++, out += panel) {
        memcpy(out, pare_float_address(b, i * row_stride), (size_t)n * sizeof(*out));
        for (int j = n; j < panel; j++) out[j] = 0;
    }
}

static void pack_any(int n, int64_t k, const void *b, int64_t row_stride, int64_t col_stride,
                     int panel, float *out)
{
    for (int64_t i = 0; i < k; i++, out += panel) {
        for (int j = 0; j < n; j++) out[j] = pare_float_at(b, i * row_stride + j * col_stride);
        for (int j = n; j < panel; j++) out[j] = 0;
    }
}

void pare_pack_panels(const pare_gemm_kernel *kernel, int64_t n, int64_t k, const void *b,
                      int64_t row_stride, int64_t col_stride, float *out)
{
    const int panel = kernel->panel;
    for (int64_t first = 0; first < n; first += panel, out += k * panel) {
        const int valid = n - first < panel ? (int)(n - first) : panel;
        const void *from = pare_float_address(b, first * col_stride);
        if (col_stride == 1) pack_rows(valid, k, from, row_stride, panel, out);
        else if (row_stride == 1) kernel->pack(valid, k, 1, from, col_stride, panel, out);
        else pack_any(valid, k, from, row_stride, col_stride, panel, out);
    }
}
