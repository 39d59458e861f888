/* How fast plans run models, against ONNX Runtime in the same minute:
 *
 *     bench-models [--exact] [--threads N] [--isa LEVEL] [--rounds N] MODEL...
 *     bench-models --layers [--exact] [--threads N] [--isa LEVEL] MODEL...
 *                                              what each step of a plan takes
 *
 * Both sides take turns, each round at least 200 ms; medians are told, of rounds that others did
 * not disturb if there are enough. With one thread times are those of the processor, which a busy
 * machine distorts less, else those of the clock. Memory is what a process gains in RssAnon from
 * before it opens the model to after the first run; `ready` goes from the file to before that run,
 * against creating a session: the least of three on both sides, because the first to touch memory
 * waits for what the host of a virtual machine took back. */
#include "formats/onnx/onnx.h"
#include "op/sample.h"
#include "run/lower/product.h"
#include "run/session.h"
#include "support/bench.h"
#include "support/loops.h"
#include "support/peer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_ROUNDS = 64, MOST_INPUTS = 64, N_READY = 3 };
static const double round_seconds = 0.2, reported_only_ms = 0.2;

typedef struct options {
    unsigned n_threads;
    pare_isa isa;
    size_t n_rounds;
    bool layers, exact;
} options;

/* One model with everything that it takes to run it. */
typedef struct subject {
    pare_ctx ctx;
    pare_model *model;
    pare_eval_input *inputs;
    size_t n_inputs;
    pare_plan *plan;
    pare_pool *pool;
    pare_session *session;
    double ready_seconds;     /* to open, plan and pack; not to think of inputs */
} subject;

/* What the files leave open and one would not run at 1. */
static const struct {
    const char *model, *input;
    uint32_t rank;
    int64_t dims[2];
} shapes[] = {
    { "bytegpt", "input_ids", 2, { 1, 64 } },
    { "silero", "input", 2, { 1, 512 } },
};

static const int64_t sampling_rate = 16000;

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* --- pare ------------------------------------------------------------------------------------- */

static pare_status make_inputs(subject *s, const char *path)
{
    pare_input_shape told[sizeof(shapes) / sizeof(shapes[0])];
    pare_infer_opts infer = { .inputs = told };
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        if (strstr(base_name(path), shapes[i].model) &&
            pare_graph_find(s->model->graph, shapes[i].input) != PARE_NONE)
            told[infer.n_inputs++] =
                (pare_input_shape){ shapes[i].input, shapes[i].rank, shapes[i].dims };
    const pare_sample_opts opts = { .seed = 1, .shapes = &infer, .quiet = true };
    PARE_TRY(pare_sample_inputs(&s->ctx, &s->inputs, &s->n_inputs, s->model, &opts));
    for (size_t i = 0; i < s->n_inputs; i++)
        if (!strcmp(s->inputs[i].name, "sr"))
            memcpy((void *)(uintptr_t)s->inputs[i].datum.tensor->payload.data, &sampling_rate,
                   sizeof(sampling_rate));
    return PARE_OK;
}

/* Numbers that choose a branch or a shape hold for the whole plan. */
static bool is_choice(const pare_tensor *t)
{
    return t->rank == 0 && (t->dtype == PARE_INT64 || t->dtype == PARE_BOOL);
}

/* As they are told: of the processor with one thread. */
static double seconds_of(const bench_cost *cost, const options *o)
{
    return o->n_threads > 1 ? cost->seconds : cost->cpu_seconds;
}

static pare_status prepare(subject *s, const char *path, const options *o)
{
    pare_plan_input planned[MOST_INPUTS];
    pare_plan_opts opts = { .kernels = pare_kernels_of(o->isa), .inputs = planned,
                            .fast = !o->exact };
    bench_cost cost;
    bench_begin(&cost);
    PARE_TRY(pare_onnx_open(&s->ctx, &s->model, path, NULL));
    bench_end(&cost);
    s->ready_seconds = seconds_of(&cost, o);
    PARE_TRY(make_inputs(s, path));
    bench_begin(&cost);
    for (size_t i = 0; i < s->n_inputs && i < MOST_INPUTS; i++) {
        const pare_datum *d = &s->inputs[i].datum;
        if (d->kind != PARE_TYPE_TENSOR) continue;
        planned[opts.n_inputs++] = (pare_plan_input){ .name = s->inputs[i].name,
                                                      .tensor = d->tensor,
                                                      .is_fixed = is_choice(d->tensor) };
    }
    PARE_TRY(pare_plan_new(&s->ctx, &s->plan, s->model, &opts));
    if (o->n_threads > 1) PARE_TRY(pare_pool_new(&s->ctx, &s->pool, o->n_threads));
    const pare_session_opts session = { .pool = s->pool };
    PARE_TRY(pare_session_new(&s->ctx, &s->session, s->plan, &session));
    bench_end(&cost);
    s->ready_seconds += seconds_of(&cost, o);
    return PARE_OK;
}

static void drop(subject *s)
{
    pare_session_free(&s->ctx, s->session);
    pare_pool_free(&s->ctx, s->pool);
    pare_plan_unref(&s->ctx, s->plan);
    pare_sample_free(&s->ctx, s->inputs, s->n_inputs);
    pare_model_free(&s->ctx, s->model);
}

static pare_status run_once(subject *s)
{
    pare_datum *out = NULL;
    PARE_TRY(pare_session_run(&s->ctx, s->session, s->inputs, s->n_inputs, &out));
    pare_datums_free(&s->ctx, out, s->model->graph->outputs.n);
    return PARE_OK;
}

static bool run_times(subject *s, long n, double *seconds, double *cpu_seconds)
{
    bench_cost cost;
    bench_begin(&cost);
    for (long i = 0; i < n; i++)
        if (run_once(s)) return false;
    bench_end(&cost);
    *seconds = cost.seconds;
    *cpu_seconds = cost.cpu_seconds;
    return true;
}

/* --- both sides in turns ---------------------------------------------------------------------- */

typedef struct result {
    double ratio;             /* of times; NAN: not to be counted */
    double memory, ready;     /* ratios, NAN likewise */
} result;

enum { MOST_TRIES = 4 }; /* rounds for each that is wanted, when others work beside it */

/* Runs that take a round's time. */
static long runs_for(double seconds)
{
    return seconds > round_seconds ? 1 : (long)ceil(round_seconds / fmax(seconds, 1e-6));
}

/* Seconds that the processors of the machine have worked, whoever for. */
static double busy_seconds(void)
{
    double ticks[8] = { 0 };
    FILE *stat = fopen("/proc/stat", "r");
    if (!stat) return 0;
    const int n = fscanf(stat, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &ticks[0], &ticks[1],
                         &ticks[2], &ticks[3], &ticks[4], &ticks[5], &ticks[6], &ticks[7]);
    fclose(stat);
    if (n != 8) return 0;
    return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7]) /
           (double)sysconf(_SC_CLK_TCK);
}

/* A round of one side: seconds for each run, and whether others took part of what it needed: of one
 * thread, the time it was kept waiting; of more, what the machine did besides. */
typedef struct turn {
    double seconds;
    bool is_disturbed;
} turn;

static bool take_turn(subject *s, test_peer *peer, const options *o, long n, turn *t)
{
    double wall, cpu;
    const double before = busy_seconds();
    if (peer ? !test_peer_run(peer, n, &wall, &cpu) : !run_times(s, n, &wall, &cpu)) return false;
    const double others = busy_seconds() - before - cpu;
    t->is_disturbed = o->n_threads > 1 ? others > 0.1 * wall + 0.02 : cpu < 0.95 * wall;
    t->seconds = (o->n_threads > 1 ? wall : cpu) / (double)n;
    return true;
}

/* Rounds that others disturbed are left out as long as enough remain: *is_calm. */
static bool take_turns(subject *s, test_peer *peer, const options *o, double *ours, double *theirs,
                       bool *is_calm)
{
    double mine[MOST_TRIES * MOST_ROUNDS], its[MOST_TRIES * MOST_ROUNDS];
    double wall, cpu;
    size_t n_calm = 0, n_tries = 0;
    long n_mine = 1, n_its = 1;
    for (int warm = 0; warm < 3; warm++) { /* the last of them counts, with as many runs as fit */
        if (!run_times(s, n_mine, &wall, &cpu)) return false;
        n_mine = runs_for(wall / (double)n_mine);
        if (!test_peer_run(peer, n_its, &wall, &cpu)) return false;
        n_its = runs_for(wall / (double)n_its);
    }
    for (; n_calm < o->n_rounds && n_tries < MOST_TRIES * o->n_rounds; n_tries++) {
        turn a, b;
        if (!take_turn(s, NULL, o, n_mine, &a) || !take_turn(s, peer, o, n_its, &b)) return false;
        mine[n_tries] = a.seconds;
        its[n_tries] = b.seconds;
        if (a.is_disturbed || b.is_disturbed) continue;
        mine[n_calm] = a.seconds; /* calm ones in front */
        its[n_calm++] = b.seconds;
    }
    *is_calm = n_calm >= (o->n_rounds + 1) / 2;
    *ours = bench_median(mine, *is_calm ? n_calm : n_tries);
    *theirs = bench_median(its, *is_calm ? n_calm : n_tries);
    return true;
}

static void print_row(const subject *s, const char *name, const result *r, double ours,
                      double theirs, bool is_calm)
{
    const pare_plan_cost cost = pare_plan_cost_of(s->plan);
    printf("%-30.30s %9.3f %9.3f %6.2f%s", name, 1e3 * ours, 1e3 * theirs, ours / theirs,
           isnan(r->ratio) ? "*" : is_calm ? " " : "~");
    printf(" %5zu %7zu", cost.n_steps, cost.n_islands);
}

/* Gets both ready again, one after the other, so that each finds the memory that it let go of;
 * keeps the least time of each. */
static bool get_ready(const char *path, const options *o, test_peer *peer, double *ours,
                      double *theirs)
{
    for (int i = 1; i < N_READY; i++) {
        subject again = { 0 };
        pare_ctx_init(&again.ctx, NULL);
        const pare_status st = prepare(&again, path, o);
        drop(&again);
        if (st) return false;
        *ours = fmin(*ours, again.ready_seconds);
    }
    for (int i = 1; i < N_READY; i++) {
        double its = 0;
        if (!test_peer_load(peer, path, o->n_threads, &its)) return false;
        *theirs = fmin(*theirs, its);
    }
    return true;
}

static void compare(subject *s, const char *path, const options *o, result *r)
{
    test_peer peer = { 0 };
    bench_cost opened;
    double ours = 0, theirs = 0, its_mib = 0, wall, cpu;
    bool is_calm = false;
    const char *name = base_name(path);
    bench_begin(&opened);
    pare_status st = prepare(s, path, o);
    double ours_ready = s->ready_seconds;
    if (!st) st = run_once(s);
    bench_end(&opened);
    if (st) {
        printf("%-30.30s pare: %s\n", name, s->ctx.message);
        return;
    }
    if (!test_peer_start(&peer, path, o->n_threads, s->inputs, s->n_inputs) ||
        !test_peer_run(&peer, 1, &wall, &cpu) || !test_peer_memory(&peer, &its_mib) ||
        !take_turns(s, &peer, o, &ours, &theirs, &is_calm) ||
        !get_ready(path, o, &peer, &ours_ready, &peer.load_seconds)) {
        printf("%-30.30s ONNX Runtime: %.120s\n", name, peer.answer);
        test_peer_stop(&peer);
        return;
    }
    if (1e3 * ours >= reported_only_ms) r->ratio = ours / theirs;
    if (its_mib >= 8) r->memory = opened.mib / its_mib;
    if (its_mib >= 8) r->ready = ours_ready / peer.load_seconds;
    print_row(s, name, r, ours, theirs, is_calm);
    printf(" %8.1f %8.1f %5.2f %8.1f %8.1f %5.2f\n", opened.mib, its_mib, opened.mib / its_mib,
           1e3 * ours_ready, 1e3 * peer.load_seconds, ours_ready / peer.load_seconds);
    test_peer_stop(&peer);
}

/* --- layers ----------------------------------------------------------------------------------- */

/* Multiply-adds of a step; 0 for those that are not products. */
static double products_of(const pare_step *step)
{
    if (!step->run || (strncmp(step->kernel, "conv f32", 8) && strcmp(step->kernel, "gemm f32") &&
                       strcmp(step->kernel, "matmul f32")))
        return 0;
    const pare_product *a = step->args;
    return (double)a->n_outer * (double)a->n_rows * (double)a->n_cols *
           (double)(a->n_taps * a->depth);
}

static void print_step(const subject *s, size_t i, double seconds, double total, double peak)
{
    const pare_step *step = &s->plan->steps[i];
    const pare_node *node = step->node == PARE_NONE ? NULL : &s->model->nodes[step->node];
    const double n = products_of(step);
    printf("%4zu %-18.18s %-24.24s %5u tasks %9.1f us %5.1f %%", i,
           node ? node->op_type : "result", step->run ? step->kernel : "island", step->n_tasks,
           1e6 * seconds, 100 * seconds / total);
    if (n > 0) {
        const pare_product *a = step->args;
        printf(" %6.1f GFLOP/s, %3.0f %%, %lld x %lld x %lld x %lld", 2e-9 * n / seconds,
               100 * 2e-9 * n / seconds / peak,
               (long long)a->n_outer, (long long)a->n_rows, (long long)a->n_cols,
               (long long)(a->n_taps * a->depth));
    }
    printf("\n");
}

static double mib(uint64_t n_bytes)
{
    return (double)n_bytes / 1048576;
}

/* The least that each step took in some runs. */
static void show_layers(subject *s, const char *path, const options *o)
{
    if (prepare(s, path, o) || run_once(s)) {
        printf("%s: %s\n", path, s->ctx.message);
        return;
    }
    const size_t n = s->plan->n_steps;
    double *least = calloc(n + 1, sizeof(*least));
    double whole = 0, steps = 0, cpu;
    if (!least || !run_times(s, 3, &whole, &cpu)) return;
    const long n_runs = runs_for(whole / 3) + 5;
    pare_session_seconds(s->session);
    for (long k = 0; k < n_runs && !run_once(s); k++) {
        const double *now = pare_session_seconds(s->session);
        for (size_t i = 0; i < n; i++) least[i] = k ? fmin(least[i], now[i]) : now[i];
    }
    for (size_t i = 0; i < n; i++) steps += least[i];
    const pare_plan_cost cost = pare_plan_cost_of(s->plan);
    printf("%s: %.1f us in steps; shares are of a loop of multiply-adds\n", base_name(path),
           1e6 * steps);
    printf("MiB: arena %.2f (at least %.2f), scratch %.2f, packed %.2f, else %.2f\n",
           mib(cost.arena_bytes), mib(cost.lower_bound_bytes), mib(cost.scratch_bytes),
           mib(cost.packed_bytes), mib(cost.own_bytes));
    const double peak = test_loop_fma(o->isa) * o->n_threads;
    for (size_t i = 0; i < n; i++) print_step(s, i, least[i], steps, peak);
    free(least);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* A model in a process of its own, so that memory starts afresh. */
static result take(const char *path, const options *o)
{
    result r = { NAN, NAN, NAN };
    int ends[2];
    fflush(NULL);
    if (pipe(ends)) return r;
    const pid_t pid = fork();
    if (pid == 0) {
        subject s = { 0 };
        pare_ctx_init(&s.ctx, NULL);
        if (o->layers) show_layers(&s, path, o);
        else compare(&s, path, o, &r);
        drop(&s);
        fflush(stdout);
        _exit(write(ends[1], &r, sizeof(r)) != sizeof(r));
    }
    close(ends[1]);
    if (read(ends[0], &r, sizeof(r)) != sizeof(r)) printf("%s: failed\n", path);
    close(ends[0]);
    waitpid(pid, NULL, 0);
    return r;
}

static void print_head(const options *o)
{
    printf("%u thread(s), %s%s; loops: multiply-adds %.1f GFLOP/s, reading %.1f GB/s of 1 MiB, "
           "%.1f GB/s of 256 MiB\n",
           o->n_threads, pare_isa_name(o->isa), o->exact ? ", exact" : "", test_loop_fma(o->isa),
           test_loop_read((size_t)1 << 20), test_loop_read((size_t)256 << 20));
    printf("%s, medians of %zu rounds in turns; ONNX Runtime: all optimizations, %u thread(s), "
           "spinning\n",
           o->n_threads > 1 ? "time of the clock" : "time of the processor", o->n_rounds,
           o->n_threads);
    printf("%-30s %9s %9s %6s  %5s %7s %8s %8s %5s %8s %8s %5s\n", "model", "ms pare", "ms ORT",
           "ratio", "steps", "islands", "MiB pare", "MiB ORT", "ratio", "ms ready", "ms ORT",
           "ratio");
}

/* The mean and the worst of some ratios. */
typedef struct summary {
    double logs, worst;
    size_t n;
} summary;

static void count(summary *s, double ratio)
{
    if (isnan(ratio)) return;
    s->logs += log(ratio);
    s->worst = fmax(s->worst, ratio);
    s->n++;
}

static void tell(const summary *s, const char *what)
{
    if (s->n)
        printf("%s: geometric mean of %zu ratios %.3f, worst %.2f\n", what, s->n,
               exp(s->logs / (double)s->n), s->worst);
}

static bool read_options(options *o, int argc, char **argv, int *first)
{
    int i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        if (!strcmp(argv[i], "--layers")) o->layers = true;
        else if (!strcmp(argv[i], "--exact")) o->exact = true;
        else if (!strcmp(argv[i], "--threads") && i + 1 < argc)
            o->n_threads = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--isa") && i + 1 < argc) o->isa = pare_isa_of(argv[++i]);
        else if (!strcmp(argv[i], "--rounds") && i + 1 < argc)
            o->n_rounds = strtoul(argv[++i], NULL, 10);
        else return false;
    }
    *first = i;
    return i < argc && o->n_threads && o->n_rounds && o->n_rounds <= MOST_ROUNDS &&
           o->isa <= pare_isa_best();
}

int main(int argc, char **argv)
{
    options o = { .n_threads = 1, .isa = pare_isa_best(), .n_rounds = 5 };
    summary times = { 0 }, memory = { 0 }, ready = { 0 };
    int i = 0;
    if (!read_options(&o, argc, argv, &i)) {
        fprintf(stderr, "usage: bench-models [--layers] [--exact] [--threads N] [--isa LEVEL] "
                        "[--rounds N] MODEL...\n");
        return 2;
    }
    if (!o.layers) print_head(&o);
    for (; i < argc; i++) {
        const result r = take(argv[i], &o);
        count(&times, r.ratio);
        count(&memory, r.memory);
        count(&ready, r.ready);
    }
    tell(&times, "time (*: below 0.2 ms, not counted; ~: others disturbed most rounds)");
    tell(&memory, "memory (where ONNX Runtime takes 8 MiB and more)");
    tell(&ready, "ready to run, against creating a session (of the same)");
    return 0;
}
