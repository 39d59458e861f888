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

void pare_pack_panels(int64_t n, int64_t k, const float *b, int64_t row_stride, int64_t col_stride,
                      int panel, float *out)
{
    for (int64_t first = 0; first < n; first += panel) {
        const int64_t valid = n - first < panel ? n - first : panel;
        for (int64_t p = 0; p < k; p++, out += panel) {
            const float *from = b + p * row_stride + first * col_stride;
            for (int64_t j = 0; j < valid; j++) out[j] = from[j * col_stride];
            for (int64_t j = valid; j < panel; j++) out[j] = 0;
        }
    }
}
