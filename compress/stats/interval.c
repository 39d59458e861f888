#include "stats/interval.h"

#include <float.h>
#include <math.h>

static double log_gamma(double x)
{
    int sign = 0;
    return lgamma_r(x, &sign); /* lgamma itself writes a global */
}

/* The continued fraction by Lentz's method; converges for x < (a + 1) / (a + b + 2) in some
 * sqrt(max(a, b)) turns. */
static double fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1;
    double d = 1 - (a + b) * x / (a + 1);
    d = 1 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m < 100000; m++) {
        for (int odd = 0; odd < 2; odd++) {
            const double t = odd ? -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
                                 : m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
            d = 1 + t * d;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            c = 1 + t / c;
            if (fabs(c) < tiny) c = tiny;
            h *= c * d;
        }
        if (fabs(c * d - 1) < 4 * DBL_EPSILON) break;
    }
    return h;
}

double pare_beta_share(double a, double b, double x)
{
    if (!(x > 0)) return 0;
    if (x >= 1) return 1;
    const double front = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) +
                             b * log1p(-x));
    if (x < (a + 1) / (a + b + 2)) return front * fraction(a, b, x) / a;
    return 1 - front * fraction(b, a, 1 - x) / b;
}

double pare_binomial_at_most(double k, double n, double p)
{
    if (k < 0) return 0;
    if (k >= n) return 1;
    return pare_beta_share(n - k, k + 1, 1 - p);
}

pare_interval pare_wilson95(double hits, double n)
{
    const double z2 = 1.959963984540054 * 1.959963984540054;
    if (!(n > 0)) return (pare_interval){ 0, 1 };
    const double p = hits / n;
    const double middle = (p + z2 / (2 * n)) / (1 + z2 / n);
    const double half = sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n);
    pare_interval i = { middle - half, middle + half };
    if (hits <= 0 || i.low < 0) i.low = 0;
    if (hits >= n || i.high > 1) i.high = 1;
    return i;
}

enum { HALVINGS = 100 }; /* down to neighbouring doubles, whatever the scale */

double pare_share_upper(uint64_t hits, uint64_t n, double alpha)
{
    double low = 0, high = 1;
    if (hits >= n) return 1;
    for (int i = 0; i < HALVINGS && high - low > DBL_EPSILON * high; i++) {
        const double p = (low + high) / 2;
        if (pare_binomial_at_most((double)hits, (double)n, p) > alpha) low = p;
        else high = p;
    }
    return high;
}

double pare_share_lower(uint64_t hits, uint64_t n, double alpha)
{
    return n ? 1 - pare_share_upper(n - hits, n, alpha) : 0;
}

/* P(T <= t) for t >= 0. */
static double student_below(double t, double degrees)
{
    return 1 - pare_beta_share(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2;
}

double pare_student_quantile(double p, double degrees)
{
    double low = 0, high = 1;
    if (p < 0.5) return -pare_student_quantile(1 - p, degrees);
    while (student_below(high, degrees) < p && high < 1e15) high *= 2;
    for (int i = 0; i < HALVINGS && high - low > DBL_EPSILON * high; i++) {
        const double t = (low + high) / 2;
        if (student_below(t, degrees) < p) low = t;
        else high = t;
    }
    return (low + high) / 2;
}
