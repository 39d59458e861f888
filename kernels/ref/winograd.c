#include "kernels/winograd.h"

#include <math.h>
#include <stdbool.h>

#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define MUL(a, b) ((a) * (b))

enum { TILE = PARE_WINOGRAD_TILE, PATCH = PARE_WINOGRAD_PATCH,
       FILTERS = PARE_WINOGRAD_FILTERS };

static void transform_filters(const float *g, float *u, int64_t u_stride)
{
    for (int i = 0; i < FILTERS; i++) {
        float half[PATCH][3]; /* [row][column] */
        for (int j = 0; j < 3; j++) {
            const float column[] = { g[j * FILTERS + i], g[(3 + j) * FILTERS + i],
                                     g[(6 + j) * FILTERS + i] };
            float o[PATCH];
            PARE_WINOGRAD_FILTER(float, MUL, ADD, SUB, o, column);
            for (int r = 0; r < PATCH; r++) half[r][j] = o[r];
        }
        for (int r = 0; r < PATCH; r++) {
            float o[PATCH];
            PARE_WINOGRAD_FILTER(float, MUL, ADD, SUB, o, half[r]);
            for (int j = 0; j < PATCH; j++) u[(r * PATCH + j) * u_stride + i] = o[j];
        }
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

const pare_winograd_kernels pare_winograd_ref = { take_in, give_out, transform_filters };
