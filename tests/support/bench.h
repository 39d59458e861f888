/* What benchmarks share: a clock, memory, medians, work in a process of its own. */
#ifndef TESTS_SUPPORT_BENCH_H
#define TESTS_SUPPORT_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Seconds of a clock that only goes forward. */
double bench_seconds(void);

/* Anonymous memory of a process in MiB (RssAnon: mapped files do not count); 0 once it has
 * ended. */
double bench_anonymous_mib(pid_t pid);

/* The middle of n numbers, which this sorts. */
double bench_median(double *v, size_t n);

/* What a piece of work takes. */
typedef struct bench_cost {
    double seconds;     /* of the clock */
    double cpu_seconds; /* of the processor: what a busy machine distorts less */
    double mib;         /* anonymous memory that it has at its end, above what was there before */
} bench_cost;

/* The piece of work stands between these; end sets *cost. */
void bench_begin(bench_cost *cost);
void bench_end(bench_cost *cost);

/* Runs work(what, &cost) n_rounds times in one process of its own. *median has the median times and
 * the memory of the first round. False when a round returned false, after telling stderr why. */
bool bench_run(bench_cost *median, bool (*work)(const void *what, bench_cost *cost),
               const void *what, size_t n_rounds);

#endif
