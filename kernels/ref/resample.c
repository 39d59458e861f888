#include "kernels/resample.h"

#include <math.h>

static double weight_at(const pare_resample *r, double distance)
{
    const double d = fabs(distance);
    const double a = r->a;
    if (!r->cubic) return d < 1 ? 1 - d : 0;
    if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
    return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/* How far from the coordinate elements have a weight. */
static double reach_of(const pare_resample *r)
{
    return (r->cubic ? 2 : 1) / r->shrink;
}

int64_t pare_resample_taps_max_ref(const pare_resample *r)
{
    const double most = 2 * ceil(reach_of(r)) + 1;
    return most < (double)r->n ? (int64_t)most : r->n;
}

static int64_t clamp(int64_t i, int64_t n)
{
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

int64_t pare_resample_taps_ref(const pare_resample *r, double x, int64_t *first, double *weight)
{
    const double far = 2 * reach_of(r) + (double)r->n;
    const double at = x < -far ? -far : x > far ? far : x;
    const int64_t low = (int64_t)ceil(at - reach_of(r));
    const int64_t high = (int64_t)floor(at + reach_of(r));
    const int64_t start = clamp(low, r->n);
    const int64_t count = clamp(high, r->n) - start + 1;
    double sum = 0;
    for (int64_t t = 0; t < count; t++) weight[t] = 0;
    for (int64_t i = low; i <= high; i++) {
        if (r->inside_only && (i < 0 || i >= r->n)) continue;
        const double w = weight_at(r, ((double)i - at) * r->shrink);
        weight[clamp(i, r->n) - start] += w;
        sum += w;
    }
    *first = start;
    if (!(r->inside_only || r->shrink < 1)) return count;
    for (int64_t t = 0; t < count; t++) weight[t] = sum != 0 ? weight[t] / sum : t == 0;
    return count;
}

void pare_resample_axis_f32_ref(int64_t outer, int64_t in, int64_t inner, int64_t out,
                                int64_t n_taps, const int64_t *first, const float *weight,
                                const float *x, float *y)
{
    for (int64_t o = 0; o < outer; o++) {
        for (int64_t j = 0; j < out; j++) {
            const float *from = x + (o * in + first[j]) * inner;
            const float *w = weight + j * n_taps;
            for (int64_t i = 0; i < inner; i++) {
                float sum = 0;
                for (int64_t t = 0; t < n_taps; t++)
                    if (w[t] != 0) sum = fmaf(w[t], from[t * inner + i], sum);
                y[(o * out + j) * inner + i] = sum;
            }
        }
    }
}

void pare_resample_axis_f64_ref(int64_t outer, int64_t in, int64_t inner, int64_t out,
                                int64_t n_taps, const int64_t *first, const double *weight,
                                const double *x, double *y)
{
    for (int64_t o = 0; o < outer; o++) {
        for (int64_t j = 0; j < out; j++) {
            const double *from = x + (o * in + first[j]) * inner;
            const double *w = weight + j * n_taps;
            for (int64_t i = 0; i < inner; i++) {
                double sum = 0;
                for (int64_t t = 0; t < n_taps; t++)
                    if (w[t] != 0) sum = fma(w[t], from[t * inner + i], sum);
                y[(o * out + j) * inner + i] = sum;
            }
        }
    }
}

void pare_gather_weighted_f32_ref(int64_t channels, int64_t plane, int64_t n_taps,
                                  const int64_t *offset, const float *weight, const float *x,
                                  float *y, int64_t y_step)
{
    for (int64_t c = 0; c < channels; c++) {
        float sum = 0;
        for (int64_t t = 0; t < n_taps; t++)
            if (offset[t] >= 0) sum = fmaf(weight[t], x[c * plane + offset[t]], sum);
        y[c * y_step] = sum;
    }
}

void pare_gather_weighted_f64_ref(int64_t channels, int64_t plane, int64_t n_taps,
                                  const int64_t *offset, const double *weight, const double *x,
                                  double *y, int64_t y_step)
{
    for (int64_t c = 0; c < channels; c++) {
        double sum = 0;
        for (int64_t t = 0; t < n_taps; t++)
            if (offset[t] >= 0) sum = fma(weight[t], x[c * plane + offset[t]], sum);
        y[c * y_step] = sum;
    }
}
