#include "base/pool.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Turns of waiting in place before a thread sleeps: about 10 microseconds at 3 GHz, twice what
 * waking a sleeper costs. Regions of a plan follow each other within less. */
enum { SPIN_TURNS = 4000, N_REGIONS = 64, MAX_THREADS = 1024, CACHE_LINE = 64 };

/* A call of pare_pool_run. Its place is taken again N_REGIONS calls later; a thread that is still
 * looking at it by then fails to get a ticket. */
typedef struct region {
    _Atomic(pare_task_fn *) run;
    _Atomic(void *) user;
    _Atomic uint32_t n_tasks;
    _Alignas(CACHE_LINE) _Atomic uint32_t n_done; /* futex of the caller */
} region;

struct pare_pool {
    region regions[N_REGIONS];
    _Alignas(CACHE_LINE) _Atomic uint64_t ticket; /* number of the region << 32 | next task */
    _Alignas(CACHE_LINE) _Atomic uint32_t number; /* of the newest region; futex of the threads */
    _Atomic uint32_t n_asleep, caller_asleep;
    _Atomic bool is_over;
    uint32_t n_threads;
    void *block; /* this struct stands inside of it, aligned */
    struct worker {
        pare_pool *pool;
        pthread_t thread;
        uint32_t index;
    } workers[];
};

static void futex_wait(_Atomic uint32_t *word, uint32_t expected)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Takes and runs tasks of a region until there are none. What is read of the region before the
 * ticket is got counts only if the ticket is: then the region cannot have been replaced. */
static void work_on(pare_pool *pool, uint32_t number, uint32_t worker)
{
    region *r = &pool->regions[number % N_REGIONS];
    uint64_t ticket = atomic_load(&pool->ticket);
    for (;;) {
        const uint32_t task = (uint32_t)ticket;
        const uint32_t n_tasks = atomic_load(&r->n_tasks);
        pare_task_fn *const run = atomic_load(&r->run);
        void *const user = atomic_load(&r->user);
        if ((uint32_t)(ticket >> 32) != number || task >= n_tasks) return;
        if (!atomic_compare_exchange_weak(&pool->ticket, &ticket, ticket + 1)) continue;
        run(user, task, worker);
        const bool is_last = atomic_fetch_add(&r->n_done, 1) + 1 == n_tasks;
        if (is_last && atomic_load(&pool->caller_asleep)) futex_wake(&r->n_done);
        ticket = atomic_load(&pool->ticket);
    }
}

/* Waits until there is a region after `seen`, and returns its number. */
static uint32_t await_region(pare_pool *pool, uint32_t seen)
{
    for (int turn = 0; atomic_load(&pool->number) == seen; turn++) {
        if (turn < SPIN_TURNS) {
            relax();
            continue;
        }
        atomic_fetch_add(&pool->n_asleep, 1);
        if (atomic_load(&pool->number) == seen) futex_wait(&pool->number, seen);
        atomic_fetch_sub(&pool->n_asleep, 1);
    }
    return atomic_load(&pool->number);
}

static void *thread_main(void *arg)
{
    const struct worker *w = arg;
    uint32_t seen = 0;
    for (;;) {
        seen = await_region(w->pool, seen);
        if (atomic_load(&w->pool->is_over)) return NULL;
        work_on(w->pool, seen, w->index);
    }
}

uint32_t pare_pool_default_size(void)
{
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) > 0)
        return (uint32_t)CPU_COUNT(&cpus);
    const long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (uint32_t)n : 1;
}

/* Starts threads with all signals blocked: they are the caller's to handle. */
static void start_threads(pare_pool *pool, uint32_t n_threads)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pool->n_threads = 1;
    while (pool->n_threads < n_threads) {
        struct worker *w = &pool->workers[pool->n_threads];
        *w = (struct worker){ .pool = pool, .index = pool->n_threads };
        if (pthread_create(&w->thread, NULL, thread_main, w)) break;
        pool->n_threads++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

pare_status pare_pool_new(pare_ctx *ctx, pare_pool **out, uint32_t n_threads)
{
    if (n_threads == 0) n_threads = pare_pool_default_size();
    if (n_threads > MAX_THREADS) n_threads = MAX_THREADS;
    const size_t n_bytes =
        sizeof(pare_pool) + n_threads * sizeof(struct worker) + CACHE_LINE;
    *out = NULL;
    char *block = pare_alloc_zero(ctx, n_bytes);
    if (!block) return pare_fail_memory(ctx, n_bytes);
    pare_pool *pool = (void *)(block + (CACHE_LINE - (uintptr_t)block % CACHE_LINE) % CACHE_LINE);
    pool->block = block;
    start_threads(pool, n_threads);
    *out = pool;
    return PARE_OK;
}

void pare_pool_free(pare_ctx *ctx, pare_pool *pool)
{
    if (!pool) return;
    atomic_store(&pool->is_over, true);
    atomic_fetch_add(&pool->number, 1);
    futex_wake(&pool->number);
    for (uint32_t i = 1; i < pool->n_threads; i++) pthread_join(pool->workers[i].thread, NULL);
    pare_free(ctx, pool->block);
}

uint32_t pare_pool_size(const pare_pool *pool)
{
    return pool ? pool->n_threads : 1;
}

static void await_done(pare_pool *pool, region *r, uint32_t n_tasks)
{
    for (int turn = 0; atomic_load(&r->n_done) < n_tasks; turn++) {
        if (turn < SPIN_TURNS) {
            relax();
            continue;
        }
        atomic_store(&pool->caller_asleep, 1);
        const uint32_t n_done = atomic_load(&r->n_done);
        if (n_done < n_tasks) futex_wait(&r->n_done, n_done);
        atomic_store(&pool->caller_asleep, 0);
    }
}

void pare_pool_run(pare_pool *pool, uint32_t n_tasks, pare_task_fn *run, void *user)
{
    if (pare_pool_size(pool) == 1 || n_tasks <= 1) {
        for (uint32_t i = 0; i < n_tasks; i++) run(user, i, 0);
        return;
    }
    const uint32_t number = atomic_load(&pool->number) + 1;
    region *r = &pool->regions[number % N_REGIONS];
    atomic_store(&r->run, run);
    atomic_store(&r->user, user);
    atomic_store(&r->n_tasks, n_tasks);
    atomic_store(&r->n_done, 0);
    atomic_store(&pool->ticket, (uint64_t)number << 32);
    atomic_store(&pool->number, number);
    if (atomic_load(&pool->n_asleep)) futex_wake(&pool->number);
    work_on(pool, number, 0);
    await_done(pool, r, n_tasks);
}
