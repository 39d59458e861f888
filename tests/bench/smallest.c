/* The smallest half of N weights made zero, against numpy in the same run:
 *
 *     bench-smallest [N [PYTHON]]     10000000 .venv/bin/python
 *
 * numpy does abs, partition, comparison and product; both write to other memory than they read.
 * The least time of some rounds of each counts, of the clock and of the processor. */
#include "base/rng.h"
#include "prune/smallest.h"
#include "support/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 7 };

static const char script[] =
    "import sys, time\nimport numpy as np\nn = int(sys.argv[1])\n"
    "w = np.random.default_rng(1).standard_normal(n).astype(np.float32)\n"
    "print(np.__version__, flush=True)\n"
    "for line in sys.stdin:\n"
    "    t, c = time.perf_counter(), time.process_time()\n"
    "    a = np.abs(w)\n"
    "    y = w * (a > np.partition(a, n // 2 - 1)[n // 2 - 1])\n"
    "    t, c = time.perf_counter() - t, time.process_time() - c\n"
    "    print(t, c, int((y == 0).sum()), flush=True)\n";

static bool start_peer(const char *python, long n, FILE **to, char *pipe, size_t n_pipe)
{
    char command[2048];
    snprintf(pipe, n_pipe, "/tmp/bench-smallest.%d", (int)getpid());
    FILE *f = fopen(pipe, "w");
    if (!f) return false;
    fputs(script, f);
    fclose(f);
    snprintf(command, sizeof(command), "%s %s %ld > %s.out", python, pipe, n, pipe);
    *to = popen(command, "w");
    return *to != NULL;
}

typedef struct times {
    double clock, processor;
} times;

static times least_of_peer(const char *pipe)
{
    char path[512], line[256];
    times least = { 1e9, 1e9 }, t;
    long zeros = 0;
    snprintf(path, sizeof(path), "%s.out", pipe);
    FILE *f = fopen(path, "r");
    if (!f) return least;
    if (fgets(line, sizeof(line), f)) printf("numpy %s", line);
    while (fgets(line, sizeof(line), f)) {
        if (sscanf(line, "%lf %lf %ld", &t.clock, &t.processor, &zeros) != 3) continue;
        if (t.clock < least.clock) least.clock = t.clock;
        if (t.processor < least.processor) least.processor = t.processor;
    }
    fclose(f);
    remove(path);
    remove(pipe);
    printf("numpy: %.2f ms, %.2f ms of processors, %ld zeros\n", least.clock * 1e3,
           least.processor * 1e3, zeros);
    return least;
}

int main(int argc, char **argv)
{
    const long n = argc > 1 ? strtol(argv[1], NULL, 10) : 10000000;
    const char *python = argc > 2 ? argv[2] : ".venv/bin/python";
    char pipe[256];
    FILE *peer = NULL;
    pare_ctx ctx;
    pare_pool *pool = NULL;
    times least = { 1e9, 1e9 };
    uint64_t zeros = 0;
    pare_ctx_init(&ctx, NULL);
    float *x = malloc((size_t)n * sizeof(*x));
    float *y = aligned_alloc(64, ((size_t)n * sizeof(*y) + 63) / 64 * 64);
    if (!x || !y || pare_pool_new(&ctx, &pool, 0)) return 1;
    pare_rng rng = { 1 };
    for (long i = 0; i < n; i++) x[i] = (float)pare_rng_normal(&rng);
    const pare_float_run run = { x, y, (uint64_t)n };
    for (int r = 0; r < ROUNDS; r++) {
        bench_cost cost;
        bench_begin(&cost);
        if (pare_zero_smallest(&ctx, pool, pare_cut_of(pare_isa_best()), &run, 1,
                               (uint64_t)n / 2))
            return 1;
        bench_end(&cost);
        if (cost.seconds < least.clock) least.clock = cost.seconds;
        if (cost.cpu_seconds < least.processor) least.processor = cost.cpu_seconds;
    }
    for (long i = 0; i < n; i++) zeros += y[i] == 0;
    printf("pare: %.2f ms, %.2f ms of %u processors, %llu zeros\n", least.clock * 1e3,
           least.processor * 1e3, pare_pool_size(pool), (unsigned long long)zeros);
    if (start_peer(python, n, &peer, pipe, sizeof(pipe))) {
        for (int r = 0; r < ROUNDS; r++) fputs("\n", peer);
        pclose(peer);
        const times other = least_of_peer(pipe);
        printf("%.1f times as fast, with %.1f times less work of processors\n",
               other.clock / least.clock, other.processor / least.processor);
    }
    pare_pool_free(&ctx, pool);
    free(x);
    free(y);
    return 0;
}
