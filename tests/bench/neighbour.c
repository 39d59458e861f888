/* What a busy process on the last processor costs a plan with two threads:
 *
 *     bench-neighbour MODEL
 *
 * Rounds of a second with and without it take turns; medians of single runs are told. */
#include "formats/onnx/onnx.h"
#include "op/sample.h"
#include "run/runner.h"
#include "support/bench.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_ROUNDS = 5, MAX_RUNS = 100000, N_THREADS = 2 };

/* A process that does nothing but keep a processor busy. */
static pid_t start_neighbour(void)
{
    const pid_t pid = fork();
    if (pid) return pid;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET((int)sysconf(_SC_NPROCESSORS_ONLN) - 1, &cpus);
    sched_setaffinity(0, sizeof(cpus), &cpus);
    for (volatile unsigned i = 0;; i++) continue;
}

/* Median time of runs within a second; negative: one failed. */
static double round_median(pare_ctx *ctx, pare_runner *runner, pare_pool *pool,
                           const pare_eval_input *inputs, size_t n, size_t n_outputs)
{
    static double took[MAX_RUNS];
    size_t runs = 0;
    const double start = bench_seconds();
    while (runs < MAX_RUNS && bench_seconds() - start < 1) {
        pare_datum *out = NULL;
        const double before = bench_seconds();
        if (pare_runner_run(ctx, &out, runner, pool, inputs, n)) return -1;
        took[runs++] = bench_seconds() - before;
        pare_datums_free(ctx, out, n_outputs);
    }
    return bench_median(took, runs);
}

static pare_status measure(pare_ctx *ctx, pare_runner *runner, pare_pool *pool,
                           const pare_eval_input *inputs, size_t n, size_t n_outputs)
{
    double alone[N_ROUNDS], beside[N_ROUNDS];
    for (int i = 0; i < N_ROUNDS; i++) {
        alone[i] = round_median(ctx, runner, pool, inputs, n, n_outputs);
        const pid_t neighbour = start_neighbour();
        beside[i] = round_median(ctx, runner, pool, inputs, n, n_outputs);
        kill(neighbour, SIGKILL);
        waitpid(neighbour, NULL, 0);
        if (alone[i] < 0 || beside[i] < 0) return PARE_EFORMAT;
    }
    const double a = bench_median(alone, N_ROUNDS);
    const double b = bench_median(beside, N_ROUNDS);
    printf("%d threads: alone %.3f ms, beside a busy process %.3f ms, %.2f times\n", N_THREADS,
           a * 1e3, b * 1e3, b / a);
    return PARE_OK;
}

int main(int argc, char **argv)
{
    pare_ctx ctx;
    pare_model *model = NULL;
    pare_runner *runner = NULL;
    pare_pool *pool = NULL;
    pare_eval_input *inputs = NULL;
    size_t n = 0;
    if (argc != 2) {
        fprintf(stderr, "usage: bench-neighbour MODEL\n");
        return 2;
    }
    pare_ctx_init(&ctx, NULL);
    const pare_sample_opts opts = { .seed = 1, .quiet = true };
    pare_status st = pare_onnx_open(&ctx, &model, argv[1], NULL);
    if (!st) st = pare_sample_inputs(&ctx, &inputs, &n, model, &opts);
    if (!st) st = pare_runner_new(&ctx, &runner, model, NULL);
    if (!st) st = pare_pool_new(&ctx, &pool, N_THREADS);
    if (!st) st = measure(&ctx, runner, pool, inputs, n, model->graph->outputs.n);
    if (st) printf("%s\n", ctx.message);
    pare_pool_free(&ctx, pool);
    pare_runner_free(&ctx, runner);
    pare_sample_free(&ctx, inputs, n);
    pare_model_free(&ctx, model);
    return st ? 1 : 0;
}
