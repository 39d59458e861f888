#include "kernels/winograd.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))

enum { TILE = PARE_WINOGRAD_TILE, PATCH = PARE_WINOGRAD_PATCH,
       FILTERS = PARE_WINOGRAD_FILTERS };

/* Six rows of G, times three rows of n numbers each. */
static void spread(int n, const float *g0, const float *g1, const float *g2, float (*out)[FILTERS])
{
    for (int i = 0; i < n; i++) {
        const float even = (g0[i] + g2[i]) * (-1.0F / 6);
        const float odd = g1[i] * (1.0F / 6);
        const float wide = g0[i] * (1.0F / 24) + g2[i] * (1.0F / 6);
        const float half = g1[i] * (1.0F / 12);
        out[0][i] = g0[i] * 0.25F;
        out[1][i] = even - odd;
        out[2][i] = even + odd;
        out[3][i] = wide + half;
        out[4][i] = wide - half;
        out[5][i] = g2[i];
    }
}

void pare_winograd_filters(int n, const float *g, int64_t g_stride, float *u, int64_t u_stride)
{
    float numbers[9][FILTERS] = { 0 };
    float along[3][PATCH][FILTERS]; /* [column][row] */
    float rows[PATCH][FILTERS];
    for (int i = 0; i < n; i++)
        for (int t = 0; t < 9; t++) numbers[t][i] = g[i * g_stride + t];
    for (int j = 0; j < 3; j++)
        spread(FILTERS, numbers[j], numbers[3 + j], numbers[6 + j], along[j]);
    for (int i = 0; i < PATCH; i++) {
        spread(FILTERS, along[0][i], along[1][i], along[2][i], rows);
        for (int j = 0; j < PATCH; j++)
            memcpy(u + (i * PATCH + j) * u_stride, rows[j], (size_t)n * sizeof(float));
    }
}

static void take_in(const pare_winograd_in *in)
{
    for (int64_t c = 0; c < in->n_channels; c++) {
        float half[PATCH][PATCH]; /* transposed */
        for (int j = 0; j < PATCH; j++) {
            float d[PATCH];
            for (int i = 0; i < PATCH; i++) {
                const int64_t row = in->row + i;
                const int64_t column = in->column + j;
                const bool is_inside = row >= 0 && row < in->n_rows && column >= 0 &&
                                       column < in->n_columns;
                d[i] = is_inside
                           ? in->x[row * in->line_stride + column * in->pixel_stride + c]
                           : 0;
            }
            float o[PATCH];
            PARE_WINOGRAD_IN(float, ADD, SUB, fmaf, o, d);
            for (int i = 0; i < PATCH; i++) half[i][j] = o[i];
        }
        for (int i = 0; i < PATCH; i++) {
            float o[PATCH];
            PARE_WINOGRAD_IN(float, ADD, SUB, fmaf, o, half[i]);
            for (int j = 0; j < PATCH; j++) in->v[(i * PATCH + j) * in->v_stride + c] = o[j];
        }
    }
}

static void give_out(const pare_winograd_out *out)
{
    for (int64_t c = 0; c < out->n_channels; c++) {
        float half[TILE][PATCH];
        for (int j = 0; j < PATCH; j++) {
            float m[PATCH], o[TILE];
            for (int i = 0; i < PATCH; i++) m[i] = out->m[(i * PATCH + j) * out->m_stride + c];
            PARE_WINOGRAD_OUT(float, ADD, SUB, fmaf, o, m);
            for (int i = 0; i < TILE; i++) half[i][j] = o[i];
        }
        for (int i = 0; i < out->n_rows; i++) {
            pare_finish finish = out->finish;
            float o[TILE];
            if (finish.add) finish.add += i * out->line_stride;
            finish.add_stride = out->pixel_stride;
            PARE_WINOGRAD_OUT(float, ADD, SUB, fmaf, o, half[i]);
            for (int j = 0; j < out->n_columns; j++)
                out->y[i * out->line_stride + j * out->pixel_stride + c] =
                    pare_finish_ref(&finish, j, c, o[j] + out->bias[c]);
        }
    }
}

const pare_winograd_kernels pare_winograd_ref = { take_in, give_out };
