#include "kernels/pooling.h"

#include "kernels/arithmetic.h"

#include <math.h>

enum { N_PARTIALS = 16 };

void pare_max_pool_ref(int64_t n_taps, const float *const *x, int64_t n, float *y)
{
    for (int64_t c = 0; c < n; c++) {
        float largest = n_taps ? x[0][c] : -INFINITY;
        for (int64_t t = 1; t < n_taps; t++)
            if (x[t][c] > largest) largest = x[t][c];
        y[c] = largest;
    }
}

static float tree(float *p, pare_pair_f32 *op)
{
    for (int half = N_PARTIALS / 2; half; half /= 2)
        for (int j = 0; j < half; j++) p[j] = op(p[j], p[j + half]);
    return p[0];
}

void pare_average_pool_ref(int64_t n_taps, const float *const *x, int64_t n, float divisor,
                           float *y)
{
    for (int64_t c = 0; c < n; c++) {
        float p[N_PARTIALS] = { 0 };
        for (int64_t t = 0; t < n_taps; t++) p[t % N_PARTIALS] += x[t][c];
        y[c] = tree(p, pare_add_f32_ref) / divisor;
    }
}

/* `start` is neutral: op(start, x) is x. */
static float fold(int64_t n_rows, const float *x, int64_t stride, float start, pare_pair_f32 *op)
{
    float p[N_PARTIALS];
    for (int j = 0; j < N_PARTIALS; j++) p[j] = start;
    for (int64_t r = 0; r < n_rows; r++) p[r % N_PARTIALS] = op(p[r % N_PARTIALS], x[r * stride]);
    return tree(p, op);
}

void pare_column_sum_ref(int64_t n_rows, int64_t n, const float *x, int64_t stride, float *y)
{
    for (int64_t c = 0; c < n; c++) y[c] = fold(n_rows, x + c, stride, 0, pare_add_f32_ref);
}

void pare_column_squares_ref(int64_t n_rows, int64_t n, const float *x, int64_t stride,
                             const float *shift, float *y)
{
    for (int64_t c = 0; c < n; c++) {
        float p[N_PARTIALS] = { 0 };
        for (int64_t r = 0; r < n_rows; r++) {
            const float d = x[r * stride + c] - shift[c];
            p[r % N_PARTIALS] += d * d;
        }
        y[c] = tree(p, pare_add_f32_ref);
    }
}

void pare_column_max_ref(int64_t n_rows, int64_t n, const float *x, int64_t stride, float *y)
{
    for (int64_t c = 0; c < n; c++) y[c] = fold(n_rows, x + c, stride, -INFINITY, pare_max_f32_ref);
}

void pare_column_min_ref(int64_t n_rows, int64_t n, const float *x, int64_t stride, float *y)
{
    for (int64_t c = 0; c < n; c++) y[c] = fold(n_rows, x + c, stride, INFINITY, pare_min_f32_ref);
}
