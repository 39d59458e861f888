#include "kernels/winograd.h"

#include <math.h>
#include <stdbool.h>

#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define MUL(a, b) ((a) * (b))

enum { TILE = PARE_WINOGRAD_TILE, PATCH = PARE_WINOGRAD_PATCH,
       FILTERS = PARE_WINOGRAD_FILTERS };

static void filter(int patch, const float *g, float *o)
{
    if (patch == PATCH) PARE_WINOGRAD_FILTER(float, MUL, ADD, SUB, o, g);
    else PARE_WINOGRAD_FILTER_2(float, MUL, ADD, SUB, o, g);
}

static void transform_filters(int patch, const float *g, float *u, int64_t u_stride)
{
    for (int i = 0; i < FILTERS; i++) {
        float half[PATCH][3]; /* [row][column] */
        for (int j = 0; j < 3; j++) {
            const float column[] = { g[j * FILTERS + i], g[(3 + j) * FILTERS + i],
                                     g[(6 + j) * FILTERS + i] };
            float o[PATCH];
            filter(patch, column, o);
            for (int r = 0; r < patch; r++) half[r][j] = o[r];
        }
        for (int r = 0; r < patch; r++) {
            float o[PATCH];
            filter(patch, half[r], o);
            for (int j = 0; j < patch; j++) u[(r * patch + j) * u_stride + i] = o[j];
        }
    }
}

static void forward(int patch, const float *d, float *o)
{
    if (patch == PATCH) PARE_WINOGRAD_IN(float, ADD, SUB, fmaf, o, d);
    else PARE_WINOGRAD_IN_2(ADD, SUB, o, d);
}

/* A number of a patch, 0 outside of the image. */
static float pixel(const pare_winograd_in *in, int i, int j, int64_t c)
{
    const int64_t row = in->row + i, column = in->column + j;
    if (row < 0 || row >= in->n_rows || column < 0 || column >= in->n_columns) return 0;
    return in->x[row * in->line_stride + column * in->pixel_stride + c];
}

static void take_in(const pare_winograd_in *in, int patch)
{
    for (int64_t c = 0; c < in->n_channels; c++) {
        float half[PATCH][PATCH]; /* transposed */
        for (int j = 0; j < patch; j++) {
            float d[PATCH], o[PATCH];
            for (int i = 0; i < patch; i++) d[i] = pixel(in, i, j, c);
            forward(patch, d, o);
            for (int i = 0; i < patch; i++) half[i][j] = o[i];
        }
        for (int i = 0; i < patch; i++) {
            float o[PATCH];
            forward(patch, half[i], o);
            for (int j = 0; j < patch; j++) in->v[(i * patch + j) * in->v_stride + c] = o[j];
        }
    }
}

static void back(int patch, const float *m, float *o)
{
    if (patch == PATCH) PARE_WINOGRAD_OUT(float, ADD, SUB, fmaf, o, m);
    else PARE_WINOGRAD_OUT_2(ADD, SUB, o, m);
}

static void give_out(const pare_winograd_out *out, int patch)
{
    for (int64_t c = 0; c < out->n_channels; c++) {
        float half[TILE][PATCH];
        for (int j = 0; j < patch; j++) {
            float m[PATCH], o[TILE];
            for (int i = 0; i < patch; i++) m[i] = out->m[(i * patch + j) * out->m_stride + c];
            back(patch, m, o);
            for (int i = 0; i < patch - 2; i++) half[i][j] = o[i];
        }
        for (int i = 0; i < out->n_rows; i++) {
            pare_finish finish = out->finish;
            float o[TILE];
            if (finish.add) finish.add += i * out->line_stride;
            finish.add_stride = out->pixel_stride;
            back(patch, half[i], o);
            for (int j = 0; j < out->n_columns; j++)
                out->y[i * out->line_stride + j * out->pixel_stride + c] =
                    pare_finish_ref(&finish, j, c, o[j] + out->bias[c]);
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

const pare_winograd_kernels pare_winograd_ref[PARE_N_WINOGRADS] = {
    { 4, in_4, out_4, filters_4 },
    { 2, in_2, out_2, filters_2 },
};
