/* Comparing two models on the same samples, one by one.
 *
 * What differs between the two is seen only in samples that one answers rightly and the other does
 * not: broken ones (right before, wrong after) and repaired ones. Everything here follows from
 * their numbers. Drops are in points: hundredths of all samples, positive when it got worse. */
#ifndef PARE_STATS_PAIRED_H
#define PARE_STATS_PAIRED_H

#include "stats/interval.h"

#include <stdbool.h>

/* Samples that both models answered; broken + repaired <= n. */
typedef struct pare_pairs {
    uint64_t n, broken, repaired;
} pare_pairs;

typedef struct pare_drop {
    double drop;               /* 100 (broken - repaired) / n; NaN without samples */
    double lower95, upper95;   /* exact one-sided bounds, in points */
    double p_value;            /* exact McNemar test, two-sided: small when broken and repaired
                                  can hardly be equally likely */
} pare_drop;

/* The bounds are exact: for no true drop is the bound on the wrong side of it in more than 5 % of
 * all draws of n samples. */
pare_drop pare_pairs_drop(const pare_pairs *pairs);

/* Without labels: of n answers, `changed` are others than the reference's. At worst every changed
 * answer was right before, so the share of changed answers bounds the drop: `drop` is that share,
 * upper95 its exact one-sided bound (Clopper and Pearson), lower95 its negative, p_value NaN. */
pare_drop pare_agreement_drop(uint64_t n, uint64_t changed);

/* What is known about a limit on the drop. */
typedef enum pare_drop_verdict {
    PARE_DROP_HOLDS,           /* upper95 <= limit */
    PARE_DROP_EXCEEDS,         /* lower95 > limit */
    PARE_DROP_OPEN,            /* neither: more samples are needed */
} pare_drop_verdict;

pare_drop_verdict pare_drop_judge(const pare_drop *drop, double limit);

/* How many samples, of which as large shares are broken and repaired as of these, would decide
 * whether the drop is within the limit (points, 0 or more). UINT64_MAX where no number would: the
 * drop is the limit, or there are no samples. At most 1e9 is looked at. */
uint64_t pare_pairs_needed(const pare_pairs *pairs, double limit);

#endif
