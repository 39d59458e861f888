#include "stats/paired.h"

#include <math.h>

/* How the bound of a drop is found.
 *
 * Of n pairs, D = B + C differ, B of them broken: (B, C, n - D) is trinomial. With the share of
 * differing pairs t and the drop d, a differing pair is broken with probability (1 + d / t) / 2, so
 *
 *     P(B - C <= k) = sum over D of  P(D | n, t) P(B <= (k + D) / 2 | D, (1 + d / t) / 2).
 *
 * The upper bound is the largest d for which seeing a drop as small as that seen, or smaller, has a
 * probability above 5 %. t is not known; it is bounded first, to an exact interval that misses it
 * in GAMMA of all cases, and the least favourable t within is taken (Berger and Boos, J. Amer.
 * Statist. Assoc. 89, 1994), with GAMMA taken off the 5 %. Conditioning on D alone, as McNemar's
 * test does, would say nothing about the size of a drop: without a changed answer in 10 samples it
 * would be bounded by 0. */
#define ALPHA 0.05
#define GAMMA 0.002
enum { GRID = 12, HALVINGS = 34 };

static double log_factorial(double n)
{
    int sign = 0;
    return lgamma_r(n + 1, &sign);
}

static double log_choose(double n, double k)
{
    return log_factorial(n) - log_factorial(k) - log_factorial(n - k);
}

/* P(B - C <= k) for pairs of which a share t differs, and of those a share q (in (0, 1)) is broken.
 * Goes through all D that matter with P(D), P(B = m | D) in logarithms, and P(B <= m | D), each
 * from the one before. */
static double probability(double n, double k, double t, double q)
{
    const double spread = 9 * sqrt(n * t * (1 - t)) + 20;
    const double first = fmax(fmax(0, k <= 0 ? -k : 0), floor(n * t - spread));
    const double last = fmin(n, ceil(n * t + spread));
    const double odds_t = t < 1 ? log(t) - log1p(-t) : 0;
    const double log_q = log(q), log_r = log1p(-q);
    double d = t < 1 ? first : n;
    double m = floor((k + d) / 2);
    double log_d = t < 1 ? log_choose(n, d) + d * log(t) + (n - d) * log1p(-t) : 0;
    double log_m = m < d ? log_choose(d, m) + m * log_q + (d - m) * log_r : 0;
    double below = pare_binomial_at_most(m, d, q);
    double sum = 0;
    for (;;) {
        sum += exp(log_d) * fmin(fmax(below, 0), 1);
        if (++d > last) return sum;
        log_d += log((n - d + 1) / d) + odds_t;
        if (d <= k) continue; /* below stays 1 */
        if (d == k + 1) {     /* the first m below d */
            m = k;
            log_m = log(d) + m * log_q + log_r;
            below = 1 - exp(d * log_q);
            continue;
        }
        /* One more draw: B <= m stays unless it was m and the draw is a hit. */
        below -= q * exp(log_m);
        log_m += log_r + log(d / (d - m));
        if (fmod(k + d, 2) != 0) continue;
        log_m += log_q - log_r + log((d - m) / (m + 1));
        m++;
        below += exp(log_m);
    }
}

/* Probability of what was seen or less, for the least favourable share of differing pairs. */
static double most_probable(double n, double k, double drop, pare_interval t)
{
    double most = 0;
    for (int i = 0; i <= GRID; i++) {
        const double share = t.low + (t.high - t.low) * i / GRID;
        if (share <= 0 || share < fabs(drop)) continue;
        const double q = (1 + drop / share) / 2;
        double p = 0;
        if (q >= 1) p = pare_binomial_at_most(k, n, share); /* all that differ are broken */
        else if (q <= 0) p = 1 - pare_binomial_at_most(-k - 1, n, share); /* or repaired */
        else p = probability(n, k, share, q);
        if (p > most) most = p;
    }
    return most;
}

/* Upper bound of the drop, as a share. */
static double upper(uint64_t n_pairs, uint64_t broken, uint64_t repaired)
{
    const double n = (double)n_pairs, k = (double)broken - (double)repaired;
    const uint64_t n_differ = broken + repaired;
    const pare_interval t = { pare_share_lower(n_differ, n_pairs, GAMMA / 2),
                              pare_share_upper(n_differ, n_pairs, GAMMA / 2) };
    double low = k / n, high = t.high;
    for (int i = 0; i < HALVINGS; i++) {
        const double drop = (low + high) / 2;
        if (most_probable(n, k, drop, t) > ALPHA - GAMMA) low = drop;
        else high = drop;
    }
    return high;
}

/* P(B <= broken or fewer), doubled, when each differing pair is broken with probability 1/2. */
static double mcnemar(uint64_t broken, uint64_t repaired)
{
    const uint64_t least = broken < repaired ? broken : repaired;
    const double p = 2 * pare_binomial_at_most((double)least, (double)(broken + repaired), 0.5);
    return p < 1 ? p : 1;
}

pare_drop pare_pairs_drop(const pare_pairs *p)
{
    if (!p->n) return (pare_drop){ NAN, -100, 100, NAN };
    return (pare_drop){
        .drop = 100 * ((double)p->broken - (double)p->repaired) / (double)p->n,
        .lower95 = -100 * upper(p->n, p->repaired, p->broken),
        .upper95 = 100 * upper(p->n, p->broken, p->repaired),
        .p_value = mcnemar(p->broken, p->repaired),
    };
}

pare_drop pare_agreement_drop(uint64_t n, uint64_t changed)
{
    if (!n) return (pare_drop){ NAN, -100, 100, NAN };
    const double bound = 100 * pare_share_upper(changed, n, ALPHA);
    return (pare_drop){ 100 * (double)changed / (double)n, -bound, bound, NAN };
}

pare_drop_verdict pare_drop_judge(const pare_drop *drop, double limit)
{
    if (drop->upper95 <= limit) return PARE_DROP_HOLDS;
    return drop->lower95 > limit ? PARE_DROP_EXCEEDS : PARE_DROP_OPEN;
}

/* Whether n samples with the shares of these pairs decide. */
static bool decides(const pare_pairs *p, double n, double limit)
{
    const double scale = n / (double)p->n;
    const uint64_t broken = (uint64_t)((double)p->broken * scale + 0.5);
    const uint64_t repaired = (uint64_t)((double)p->repaired * scale + 0.5);
    uint64_t pairs = (uint64_t)n;
    if (pairs < broken + repaired) pairs = broken + repaired;
    if ((double)p->broken - (double)p->repaired > limit / 100 * (double)p->n)
        return -100 * upper(pairs, repaired, broken) > limit;
    return 100 * upper(pairs, broken, repaired) <= limit;
}

uint64_t pare_pairs_needed(const pare_pairs *p, double limit)
{
    const double most = 1e9;
    const double n = (double)p->n;
    const double drop = ((double)p->broken - (double)p->repaired) / n;
    const double away = limit / 100 - drop;
    if (!p->n || away == 0 || !(limit >= 0)) return UINT64_MAX;
    /* What the normal approximation says is where to look. */
    const double variance = ((double)p->broken + (double)p->repaired) / n - drop * drop;
    /* Below the limit, too few could not even show that nothing at all happens. */
    const double rare = away > 0 && limit > 0 ? 3 / (limit / 100) : 0;
    double high = fmax(rare, 2.7 * variance / (away * away));
    high = fmin(fmax(ceil(high), 1), most);
    while (!decides(p, high, limit)) {
        if (high >= most) return UINT64_MAX;
        high = fmin(ceil(high * 1.25), most);
    }
    double low = floor(high / 2);
    while (low >= 1 && decides(p, low, limit)) {
        high = low;
        low = floor(low / 2);
    }
    while (high - low > fmax(1, high / 256)) { /* to half a per cent: shares are not known better */
        const double middle = floor((low + high) / 2);
        if (decides(p, middle, limit)) high = middle;
        else low = middle;
    }
    return (uint64_t)high;
}
