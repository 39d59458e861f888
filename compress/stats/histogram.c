#include "stats/histogram.h"

#include <math.h>
#include <string.h>

/* Bins are not made finer than this, so that their numbers are exact floats (2^22 of them below the
 * largest magnitude), and 2^-exponent is a float. */
enum { FINEST = -120, MAGNITUDE_BITS = 22 };

/* Lanes of counts are 32 bits wide. */
#define MOST_AT_ONCE (INT64_C(1) << 30)

void pare_histogram_init(pare_histogram *h)
{
    memset(h, 0, sizeof(*h));
}

static int32_t bin_of(float x, int32_t exponent)
{
    return (int32_t)floor(ldexp((double)x, -exponent));
}

/* The smallest exponent with which the bins cover [min, max]. */
static int32_t exponent_for(float min, float max)
{
    const float size = fmaxf(fabsf(min), fabsf(max));
    int32_t exponent = FINEST;
    if (size > 0 && ilogbf(size) - MAGNITUDE_BITS > exponent)
        exponent = ilogbf(size) - MAGNITUDE_BITS;
    while (bin_of(max, exponent) - bin_of(min, exponent) >= PARE_HISTOGRAM_BINS) exponent++;
    return exponent;
}

/* Joins and shifts bins so that [min, max], which holds what is there already, is covered. */
static void widen(pare_histogram *h, float min, float max)
{
    const int32_t exponent = exponent_for(min, max), first = bin_of(min, exponent);
    if (h->n && (exponent != h->exponent || first != h->first)) {
        uint64_t joined[PARE_HISTOGRAM_BINS] = { 0 };
        const int32_t by = exponent - h->exponent < 31 ? exponent - h->exponent : 31;
        const uint32_t used = pare_histogram_used(h);
        for (uint32_t b = 0; b < used; b++)
            joined[((h->first + (int32_t)b) >> by) - first] += h->counts[b];
        memcpy(h->counts, joined, sizeof(joined));
    }
    h->exponent = exponent;
    h->first = first;
    h->min = min;
    h->max = max;
}

/* A block of at most MOST_AT_ONCE numbers in rows. */
static void add_block(pare_histogram *h, const pare_kernels *kernels, int64_t n_rows, int64_t n,
                      const float *x, int64_t stride)
{
    uint32_t lanes[(PARE_HISTOGRAM_BINS + 1) * PARE_TALLY_LANES];
    pare_extent extent = { INFINITY, -INFINITY, 0, 0 };
    if (h->n) extent = (pare_extent){ h->min, h->max, 0, 0 };
    for (int64_t r = 0; r < n_rows; r++) kernels->tally->extent(n, x + r * stride, &extent);
    h->n_bad += (uint64_t)extent.n_bad;
    h->n_zero += (uint64_t)extent.n_zero;
    if (n_rows * n == extent.n_bad) return;
    widen(h, extent.min, extent.max);
    h->n += (uint64_t)(n_rows * n - extent.n_bad);

    const uint32_t used = pare_histogram_used(h);
    const float per_width = ldexpf(1, -h->exponent);
    memset(lanes, 0, (used + 1) * PARE_TALLY_LANES * sizeof(lanes[0]));
    for (int64_t r = 0; r < n_rows; r++)
        kernels->tally->tally(n, x + r * stride, per_width, h->first, used, lanes);
    for (uint32_t b = 0; b < used; b++)
        for (uint32_t l = 0; l < PARE_TALLY_LANES; l++)
            h->counts[b] += lanes[b * PARE_TALLY_LANES + l];
}

void pare_histogram_add_rows(pare_histogram *h, const pare_kernels *kernels, int64_t n_rows,
                             int64_t n, const float *x, int64_t stride)
{
    if (n <= 0) return;
    if (n_rows == 1 || n > MOST_AT_ONCE) {
        for (int64_t r = 0; r < n_rows; r++)
            for (int64_t i = 0; i < n; i += MOST_AT_ONCE)
                add_block(h, kernels, 1, n - i < MOST_AT_ONCE ? n - i : MOST_AT_ONCE,
                          x + r * stride + i, 0);
        return;
    }
    const int64_t most = MOST_AT_ONCE / n;
    for (int64_t r = 0; r < n_rows; r += most)
        add_block(h, kernels, n_rows - r < most ? n_rows - r : most, n, x + r * stride, stride);
}

void pare_histogram_add(pare_histogram *h, const pare_kernels *kernels, int64_t n, const float *x)
{
    pare_histogram_add_rows(h, kernels, 1, n, x, 0);
}

void pare_histogram_merge(pare_histogram *h, const pare_histogram *other)
{
    h->n_bad += other->n_bad;
    h->n_zero += other->n_zero;
    if (!other->n) return;
    if (h->n) widen(h, fminf(h->min, other->min), fmaxf(h->max, other->max));
    else widen(h, other->min, other->max);
    h->n += other->n;
    const int32_t by = h->exponent - other->exponent < 31 ? h->exponent - other->exponent : 31;
    const uint32_t used = pare_histogram_used(other);
    for (uint32_t b = 0; b < used; b++)
        h->counts[((other->first + (int32_t)b) >> by) - h->first] += other->counts[b];
}

uint32_t pare_histogram_used(const pare_histogram *h)
{
    return h->n ? (uint32_t)(bin_of(h->max, h->exponent) - h->first) + 1 : 0;
}

bool pare_histogram_is_sound(const pare_histogram *h, uint64_t used)
{
    if (!h->n) return used == 0;
    if (!isfinite(h->min) || !isfinite(h->max) || h->min > h->max || h->n_zero > h->n) return false;
    if (h->exponent != exponent_for(h->min, h->max)) return false;
    return h->first == bin_of(h->min, h->exponent) && used == pare_histogram_used(h);
}

double pare_histogram_edge(const pare_histogram *h, uint32_t b)
{
    return ldexp((double)h->first + b, h->exponent);
}
