#include "kernels/fourier.h"

#include <stddef.h>

/* --- fractions of a turn ---------------------------------------------------------------------- */

static const double quarter_pi = 0x1.921fb54442d18p-1;

/* Of a / b eighths of a turn, 0 <= a <= b: the Taylor series, whose next term is below 2^-58. */
static double cos_eighths(int64_t a, int64_t b)
{
    static const double c[] = { 1,           -1.0 / 2,          1.0 / 24,
                                -1.0 / 720,  1.0 / 40320,       -1.0 / 3628800,
                                1.0 / 479001600, -1.0 / 87178291200.0, 1.0 / 20922789888000.0 };
    const double x = (double)a / (double)b * quarter_pi;
    double y = c[8];
    for (int i = 7; i >= 0; i--) y = y * (x * x) + c[i];
    return y;
}

static double sin_eighths(int64_t a, int64_t b)
{
    static const double c[] = { 1,           -1.0 / 6,          1.0 / 120,
                                -1.0 / 5040, 1.0 / 362880,      -1.0 / 39916800,
                                1.0 / 6227020800.0, -1.0 / 1307674368000.0,
                                1.0 / 355687428096000.0 };
    const double x = (double)a / (double)b * quarter_pi;
    double y = c[8];
    for (int i = 7; i >= 0; i--) y = y * (x * x) + c[i];
    return x * y;
}

double pare_cos_turn_ref(int64_t k, int64_t n)
{
    int64_t a = k % n;
    if (a > n - a) a = n - a; /* at most half a turn */
    a *= 8;
    const bool is_negative = a > 2 * n;
    if (is_negative) a = 4 * n - a;
    const double y = a > n ? sin_eighths(2 * n - a, n) : cos_eighths(a, n);
    return is_negative ? -y : y;
}

double pare_sin_turn_ref(int64_t k, int64_t n)
{
    int64_t a = k % n;
    const bool is_negative = a > n - a;
    if (is_negative) a = n - a;
    a *= 8;
    if (a > 2 * n) a = 4 * n - a;
    const double y = a > n ? cos_eighths(2 * n - a, n) : sin_eighths(a, n);
    return is_negative ? -y : y;
}

/* --- powers of two ---------------------------------------------------------------------------- */

static void swap(double *x, int64_t a, int64_t b)
{
    for (int part = 0; part < 2; part++) {
        const double kept = x[2 * a + part];
        x[2 * a + part] = x[2 * b + part];
        x[2 * b + part] = kept;
    }
}

/* Element i goes where its index's bits, reversed, say. */
static void reverse_bits(int64_t m, double *x)
{
    int64_t reversed = 0;
    for (int64_t i = 0; i < m; i++) {
        if (i < reversed) swap(x, i, reversed);
        int64_t bit = m >> 1;
        for (; bit && (reversed & bit); bit >>= 1) reversed ^= bit;
        reversed |= bit;
    }
}

/* In place; turns as in pare_fourier. */
static void radix2(int64_t m, const double *turns, double *x)
{
    reverse_bits(m, x);
    for (int64_t half = 1; half < m; half *= 2) {
        const int64_t step = m / (2 * half);
        for (int64_t i = 0; i < m; i += 2 * half) {
            for (int64_t k = 0; k < half; k++) {
                const double *w = turns + 2 * k * step;
                double *a = x + 2 * (i + k);
                double *b = a + 2 * half;
                const double re = b[0] * w[0] - b[1] * w[1];
                const double im = b[0] * w[1] + b[1] * w[0];
                b[0] = a[0] - re;
                b[1] = a[1] - im;
                a[0] += re;
                a[1] += im;
            }
        }
    }
}

/* --- any length ------------------------------------------------------------------------------- */

static int64_t inner_length(int64_t n)
{
    int64_t m = 1;
    if ((n & (n - 1)) == 0) return n;
    while (m < 2 * n - 1) m *= 2;
    return m;
}

int64_t pare_fourier_numbers(int64_t n)
{
    const int64_t m = inner_length(n);
    return m == n ? m + 2 : m + 2 * n + 4 * m;
}

void pare_fourier_start_ref(pare_fourier *f, int64_t n, double *memory)
{
    const int64_t m = inner_length(n);
    *f = (pare_fourier){ .n = n, .m = m, .turns = memory };
    for (int64_t k = 0; k < m / 2; k++) {
        f->turns[2 * k] = pare_cos_turn_ref(k, m);
        f->turns[2 * k + 1] = -pare_sin_turn_ref(k, m);
    }
    if (m == n) return;
    f->chirp = f->turns + m;
    f->filter = f->chirp + 2 * n;
    f->work = f->filter + 2 * m;
    for (int64_t i = 0; i < 2 * m; i++) f->filter[i] = 0;
    for (int64_t k = 0; k < n; k++) {
        const int64_t at = (int64_t)((uint64_t)k * (uint64_t)k % (uint64_t)(2 * n));
        const double c = pare_cos_turn_ref(at, 2 * n);
        const double s = pare_sin_turn_ref(at, 2 * n);
        f->chirp[2 * k] = c;
        f->chirp[2 * k + 1] = -s;
        f->filter[2 * k] = f->filter[2 * ((m - k) % m)] = c;
        f->filter[2 * k + 1] = f->filter[2 * ((m - k) % m) + 1] = s;
    }
    radix2(m, f->turns, f->filter);
}

/* y[k] = a[k] * b[k], or its conjugate. y may be a or b. */
static void multiply(int64_t n, const double *a, const double *b, bool conjugate, double *y)
{
    for (int64_t k = 0; k < n; k++) {
        const double re = a[2 * k] * b[2 * k] - a[2 * k + 1] * b[2 * k + 1];
        const double im = a[2 * k] * b[2 * k + 1] + a[2 * k + 1] * b[2 * k];
        y[2 * k] = re;
        y[2 * k + 1] = conjugate ? -im : im;
    }
}

/* x times the chirp, convolved with the chirp's conjugate, times the chirp. The convolution's
 * inverse transform is a forward one between conjugations. */
static void convolve(const pare_fourier *f, double *x)
{
    double *work = f->work;
    multiply(f->n, x, f->chirp, false, work);
    for (int64_t i = 2 * f->n; i < 2 * f->m; i++) work[i] = 0;
    radix2(f->m, f->turns, work);
    multiply(f->m, work, f->filter, true, work);
    radix2(f->m, f->turns, work);
    for (int64_t k = 0; k < f->n; k++) {
        work[2 * k] /= (double)f->m;
        work[2 * k + 1] /= -(double)f->m;
    }
    multiply(f->n, work, f->chirp, false, x);
}

/* The other sign reverses the order of all but the first. */
void pare_fourier_run_ref(const pare_fourier *f, double *x, bool inverse)
{
    if (f->m == f->n) radix2(f->m, f->turns, x);
    else convolve(f, x);
    if (!inverse) return;
    for (int64_t k = 1; k < f->n - k; k++) swap(x, k, f->n - k);
    for (int64_t i = 0; i < 2 * f->n; i++) x[i] /= (double)f->n;
}
