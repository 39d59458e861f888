#include "support/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

double bench_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double bench_anonymous_mib(pid_t pid)
{
    char path[64], line[256];
    long kib = 0;
    snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof(line), f)) {
        if (!strncmp(line, "RssAnon:", 8)) kib = strtol(line + 8, NULL, 10);
    }
    if (f) fclose(f);
    return (double)kib / 1024;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *v, size_t n)
{
    qsort(v, n, sizeof(*v), compare);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

void bench_begin(bench_cost *cost)
{
    cost->mib = bench_anonymous_mib(getpid());
    cost->cpu_seconds = cpu_seconds();
    cost->seconds = bench_seconds();
}

void bench_end(bench_cost *cost)
{
    cost->seconds = bench_seconds() - cost->seconds;
    cost->cpu_seconds = cpu_seconds() - cost->cpu_seconds;
    cost->mib = bench_anonymous_mib(getpid()) - cost->mib;
}

static bool run_here(bench_cost *median, bool (*work)(const void *what, bench_cost *cost),
                     const void *what, size_t n_rounds)
{
    enum { MOST = 64 };
    double seconds[MOST], cpu[MOST];
    if (n_rounds > MOST) n_rounds = MOST;
    for (size_t i = 0; i < n_rounds; i++) {
        bench_cost cost = { 0 };
        if (!work(what, &cost)) return false;
        seconds[i] = cost.seconds;
        cpu[i] = cost.cpu_seconds;
        if (!i) median->mib = cost.mib;
    }
    median->seconds = bench_median(seconds, n_rounds);
    median->cpu_seconds = bench_median(cpu, n_rounds);
    return true;
}

bool bench_run(bench_cost *median, bool (*work)(const void *what, bench_cost *cost),
               const void *what, size_t n_rounds)
{
    int ends[2];
    fflush(NULL);
    if (pipe(ends)) return false;
    const pid_t pid = fork();
    if (pid == 0) {
        bench_cost mine;
        const bool done = run_here(&mine, work, what, n_rounds);
        _exit(!done || write(ends[1], &mine, sizeof(mine)) != sizeof(mine));
    }
    close(ends[1]);
    const bool done = pid > 0 && read(ends[0], median, sizeof(*median)) == sizeof(*median);
    close(ends[0]);
    if (pid > 0) waitpid(pid, NULL, 0);
    return done;
}
