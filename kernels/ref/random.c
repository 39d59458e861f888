#include "kernels/random.h"

#include "kernels/math.h"

#include <math.h>

void pare_random_uniform_ref(pare_mt19937 *state, int64_t n, double low, double high, double *x)
{
    for (int64_t i = 0; i < n; i++) x[i] = low + (high - low) * pare_mt19937_next_real(state);
}

void pare_random_normal_ref(pare_mt19937 *state, int64_t n, double mean, double scale, double *x)
{
    for (int64_t i = 0; i < n; i += 2) {
        double u = 0;
        double v = 0;
        double s = 0;
        while (s >= 1 || s == 0) {
            u = 2 * pare_mt19937_next_real(state) - 1;
            v = 2 * pare_mt19937_next_real(state) - 1;
            s = u * u + v * v;
        }
        const double f = sqrt(-2 * pare_plain_log_f64_ref(s) / s);
        x[i] = mean + scale * (v * f);
        if (i + 1 < n) x[i + 1] = mean + scale * (u * f);
    }
}

double pare_random_bernoulli_ref(pare_mt19937 *state, double p)
{
    const double u = pare_mt19937_next_real(state);
    return p <= 0.5 ? u > 1 - p : u <= p;
}

int64_t pare_random_class_ref(pare_mt19937 *state, int64_t n, const double *cumulative)
{
    const double wanted = pare_mt19937_next_real(state) * cumulative[n - 1];
    int64_t low = 0; /* the answer is in [low, high] */
    int64_t high = n - 1;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (cumulative[middle] > wanted) high = middle;
        else low = middle + 1;
    }
    return low;
}
