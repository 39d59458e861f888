#include "stats/range.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* --- grids ------------------------------------------------------------------------------------ */

static int32_t reach(const pare_grid_form *form)
{
    return -form->low < form->high ? -form->low : form->high;
}

pare_grid pare_grid_of(const pare_grid_form *form, double min, double max)
{
    pare_grid grid = { 1, 0, form->low, form->high };
    min = fmin(min, 0);
    max = fmax(max, 0);
    const double scale = form->symmetric ? fmax(-min, max) / reach(form)
                                         : (max - min) / ((double)form->high - form->low);
    const bool holds = scale >= (double)FLT_MIN && scale <= (double)FLT_MAX;
    if (holds) grid.scale = (float)scale;
    if (!form->symmetric) {
        const double zero = nearbyint(form->low - min / (double)grid.scale);
        grid.zero = (int32_t)fmin(fmax(zero, form->low), form->high);
    } else {
        grid.low = -reach(form);
        grid.high = reach(form);
    }
    return grid;
}

/* Integral of (t - round(t))^2 from 0 to x. */
static double rounding_until(double x)
{
    const double n = nearbyint(x), r = x - n;
    return n / 12 + r * r * r / 3;
}

static double cube(double x)
{
    return x * x * x;
}

double pare_grid_error(const pare_grid *grid, const pare_histogram *h)
{
    if (!h->n) return 0;
    const uint32_t used = pare_histogram_used(h);
    const double low = grid->low - grid->zero, high = grid->high - grid->zero;
    const double width = ldexp(1, h->exponent) / (double)grid->scale;
    double sum = 0;
    for (uint32_t b = 0; b < used; b++) {
        uint64_t n = h->counts[b];
        if (h->first + (int32_t)b == 0) n -= h->n_zero; /* no error in those */
        if (!n) continue;
        const double from = (h->first + (double)b) * width, to = from + width;
        double error = 0; /* integral over the bin, in steps of the grid */
        if (from < low) error += (cube(low - from) - cube(fmax(low - to, 0))) / 3;
        if (to > high) error += (cube(to - high) - cube(fmax(from - high, 0))) / 3;
        const double in_from = fmax(from, low), in_to = fmin(to, high);
        if (in_to > in_from) error += rounding_until(in_to) - rounding_until(in_from);
        sum += (double)n * error / width;
    }
    return sum / (double)h->n * (double)grid->scale * (double)grid->scale;
}

/* --- percentile ------------------------------------------------------------------------------- */

/* Edges between which all but `cut` numbers at either end lie. */
static void cut_tails(const pare_histogram *h, double below, double above, double *min, double *max)
{
    const uint32_t used = pare_histogram_used(h);
    double left = below;
    uint32_t b = 0;
    while (b + 1 < used && (double)h->counts[b] <= left) left -= (double)h->counts[b++];
    if (b > 0) *min = pare_histogram_edge(h, b);
    left = above;
    b = used;
    while (b > 1 && (double)h->counts[b - 1] <= left) left -= (double)h->counts[--b];
    if (b < used) *max = pare_histogram_edge(h, b);
}

static void percentile_range(const pare_histogram *h, double percentile, double *min, double *max)
{
    const double rest = (double)h->n * (1 - percentile / 100);
    if (h->min >= 0) cut_tails(h, 0, rest, min, max);
    else if (h->max <= 0) cut_tails(h, rest, 0, min, max);
    else cut_tails(h, rest / 2, rest / 2, min, max);
    if (*min > *max) *min = *max;
}

/* --- mean squared error ----------------------------------------------------------------------- */

enum { COARSE = 20, FINE_ROUNDS = 12 };

typedef struct search {
    const pare_histogram *h;
    const pare_grid_form *form;
    double min, max;          /* of everything */
    double best_error, best_low, best_high; /* shares of min and max */
} search;

static void try_shares(search *s, double low, double high)
{
    if (low <= 0 || high <= 0 || low > 1 || high > 1) return;
    const pare_grid grid = pare_grid_of(s->form, s->min * low, s->max * high);
    const double error = pare_grid_error(&grid, s->h);
    if (error >= s->best_error) return;
    s->best_error = error;
    s->best_low = low;
    s->best_high = high;
}

/* A coarse grid of shares of both ends, or of one where there is but one, then ever smaller steps
 * about the best. */
static void mse_range(const pare_histogram *h, const pare_grid_form *form, double *min, double *max)
{
    search s = { h, form, *min, *max, INFINITY, 1, 1 };
    const bool one = form->symmetric || *min >= 0 || *max <= 0;
    for (int i = COARSE; i >= 1; i--)
        for (int j = COARSE; j >= 1; j--)
            if (!one || i == j) try_shares(&s, (double)i / COARSE, (double)j / COARSE);
    double step = 0.5 / COARSE;
    for (int round = 0; round < FINE_ROUNDS; round++, step /= 1.6) {
        const double low = s.best_low, high = s.best_high;
        try_shares(&s, low - step, one ? high - step : high);
        try_shares(&s, low + step, one ? high + step : high);
        if (one) continue;
        try_shares(&s, low, high - step);
        try_shares(&s, low, high + step);
    }
    *min *= s.best_low;
    *max *= s.best_high;
}

/* --- entropy ---------------------------------------------------------------------------------- */

/* Counts by magnitude; returns the number of bins. Bins left of 0 mirror onto those right of it. */
static uint32_t magnitudes(const pare_histogram *h, double *counts)
{
    const uint32_t used = pare_histogram_used(h);
    const int32_t last = h->first + (int32_t)used - 1;
    const int32_t most = last > -h->first - 1 ? last : -h->first - 1;
    /* Numbers that are all far from 0 leave the bins next to it empty: those are no candidates. */
    if (most >= 2 * PARE_HISTOGRAM_BINS) return 0;
    memset(counts, 0, ((size_t)most + 1) * sizeof(counts[0]));
    for (uint32_t b = 0; b < used; b++) {
        const int32_t k = h->first + (int32_t)b;
        counts[k >= 0 ? k : -k - 1] += (double)h->counts[b];
    }
    return (uint32_t)most + 1;
}

/* Sums over the bins before each: of counts c, of those that are not empty, of c log c. */
typedef struct bin_sums {
    double count[2 * PARE_HISTOGRAM_BINS + 1];
    double filled[2 * PARE_HISTOGRAM_BINS + 1];
    double log_count[2 * PARE_HISTOGRAM_BINS + 1];
} bin_sums;

static double times_log(double c)
{
    return c > 0 ? c * log(c) : 0;
}

static void sum_bins(bin_sums *s, const double *counts, uint32_t n)
{
    s->count[0] = s->filled[0] = s->log_count[0] = 0;
    for (uint32_t b = 0; b < n; b++) {
        s->count[b + 1] = s->count[b] + counts[b];
        s->filled[b + 1] = s->filled[b] + (counts[b] > 0);
        s->log_count[b + 1] = s->log_count[b] + times_log(counts[b]);
    }
}

/* Divergence of the first n bins, with what lies behind them in the last, from what remains of them
 * when they are joined into as many as there are levels and spread again over those not empty. The
 * bins of a level share one logarithm, so sums over them are all that it takes. */
static double divergence(const bin_sums *s, uint32_t n, uint32_t levels, double total)
{
    const double within = s->count[n], behind = total - within;
    const double last = within - s->count[n - 1];
    double sum = s->log_count[n] - times_log(last) + times_log(last + behind);
    for (uint32_t level = 0, from = 0; level < levels; level++) {
        const uint32_t to = (uint32_t)((uint64_t)(level + 1) * n / levels);
        const bool ends = level + 1 == levels;
        const double joined = s->count[to] - s->count[from];
        const double n_full =
            s->filled[to] - s->filled[from] + (ends && last <= 0 && behind > 0 ? 1 : 0);
        if (n_full > 0) sum -= (joined + (ends ? behind : 0)) * log(fmax(joined / n_full, 1e-4));
        from = to;
    }
    return sum / total + log(within / total);
}

static void entropy_range(const pare_histogram *h, const pare_grid_form *form, double *min,
                          double *max)
{
    double counts[2 * PARE_HISTOGRAM_BINS];
    const uint32_t n = magnitudes(h, counts);
    const bool one_side = !form->symmetric && (h->min >= 0 || h->max <= 0);
    const uint32_t levels = (uint32_t)(form->high - form->low + 1) / (one_side ? 1 : 2);
    if (n <= levels) return;
    bin_sums sums;
    sum_bins(&sums, counts, n);
    double best = INFINITY;
    uint32_t best_n = n;
    for (uint32_t i = n; i >= levels && sums.count[i] > 0; i--) {
        const double error = divergence(&sums, i, levels, (double)h->n);
        if (error < best) {
            best = error;
            best_n = i;
        }
    }
    const double edge = ldexp(best_n, h->exponent);
    *min = fmax(*min, -edge);
    *max = fmin(*max, edge);
}

/* ---------------------------------------------------------------------------------------------- */

pare_grid pare_range_choose(const pare_histogram *h, const pare_grid_form *form,
                            pare_range_method method, double percentile, double *min, double *max)
{
    *min = h->n ? (double)h->min : 0;
    *max = h->n ? (double)h->max : 0;
    if (h->n && *min < *max) {
        switch (method) {
        case PARE_RANGE_PERCENTILE: percentile_range(h, percentile, min, max); break;
        case PARE_RANGE_ENTROPY: entropy_range(h, form, min, max); break;
        case PARE_RANGE_MSE: mse_range(h, form, min, max); break;
        case PARE_RANGE_MINMAX: break;
        }
    }
    return pare_grid_of(form, *min, *max);
}
