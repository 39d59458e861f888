#include "kernels/winograd.h"

#include <math.h>
#include <stdbool.h>

#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))

enum { TILE = PARE_WINOGRAD_TILE, PATCH = PARE_WINOGRAD_PATCH };

void pare_winograd_filter(const float *g, float *u)
{
    static const float rows[PATCH][3] = {
        { 1.0F / 4, 0, 0 },
        { -1.0F / 6, -1.0F / 6, -1.0F / 6 },
        { -1.0F / 6, 1.0F / 6, -1.0F / 6 },
        { 1.0F / 24, 1.0F / 12, 1.0F / 6 },
        { 1.0F / 24, -1.0F / 12, 1.0F / 6 },
        { 0, 0, 1 },
    };
    float t[PATCH][3];
    for (int i = 0; i < PATCH; i++)
        for (int j = 0; j < 3; j++)
            t[i][j] = rows[i][0] * g[j] + rows[i][1] * g[3 + j] + rows[i][2] * g[6 + j];
    for (int i = 0; i < PATCH; i++)
        for (int j = 0; j < PATCH; j++)
            u[i * PATCH + j] = t[i][0] * rows[j][0] + t[i][1] * rows[j][1] + t[i][2] * rows[j][2];
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
