/* Task sharing: each task runs once, under its own worker, whatever the sizes. */
#include "base/pool.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdatomic.h>
#include <string.h>

enum { MAX_TASKS = 5000, MAX_WORKERS = 8 };

typedef struct tally {
    _Atomic uint32_t runs[MAX_TASKS];
    _Atomic uint32_t busy[MAX_WORKERS];
    _Atomic uint32_t n_clashes;
} tally;

static void count_task(void *user, uint32_t task, uint32_t worker)
{
    tally *t = user;
    if (worker >= MAX_WORKERS || atomic_exchange(&t->busy[worker], 1)) {
        atomic_fetch_add(&t->n_clashes, 1);
        return;
    }
    atomic_fetch_add(&t->runs[task], 1);
    atomic_store(&t->busy[worker], 0);
}

static void check_run(pare_pool *pool, uint32_t n_tasks)
{
    static tally t;
    memset(&t, 0, sizeof(t));
    pare_pool_run(pool, n_tasks, count_task, &t);
    assert_int_equal(t.n_clashes, 0);
    for (uint32_t i = 0; i < MAX_TASKS; i++) assert_int_equal(t.runs[i], i < n_tasks);
}

static void each_task_runs_once(void **state)
{
    (void)state;
    const uint32_t sizes[] = { 1, 2, 3, 8 };
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        pare_ctx ctx;
        pare_pool *pool = NULL;
        pare_ctx_init(&ctx, NULL);
        assert_int_equal(pare_pool_new(&ctx, &pool, sizes[s]), PARE_OK);
        assert_int_equal(pare_pool_size(pool), sizes[s]);
        const uint32_t n_tasks[] = { 0, 1, 2, 7, 64, MAX_TASKS };
        for (size_t i = 0; i < sizeof(n_tasks) / sizeof(n_tasks[0]); i++)
            check_run(pool, n_tasks[i]);
        pare_pool_free(&ctx, pool);
    }
}

/* Regions follow each other faster than threads wake: places are taken again many times. */
static void regions_in_quick_succession(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_pool *pool = NULL;
    static tally t;
    pare_ctx_init(&ctx, NULL);
    assert_int_equal(pare_pool_new(&ctx, &pool, 4), PARE_OK);
    memset(&t, 0, sizeof(t));
    for (uint32_t i = 0; i < 20000; i++) pare_pool_run(pool, 1 + i % 6, count_task, &t);
    assert_int_equal(t.n_clashes, 0);
    uint32_t total = 0;
    for (uint32_t i = 0; i < 6; i++) total += t.runs[i];
    assert_int_equal(total, 20000 / 6 * 21 + 1 + 2);
    pare_pool_free(&ctx, pool);
}

static void without_a_pool(void **state)
{
    (void)state;
    check_run(NULL, 10);
    assert_int_equal(pare_pool_size(NULL), 1);
    assert_true(pare_pool_default_size() >= 1);
}

static pare_status start_and_stop(pare_ctx *ctx, void *user)
{
    pare_pool *pool = NULL;
    (void)user;
    PARE_TRY(pare_pool_new(ctx, &pool, 2));
    pare_pool_free(ctx, pool);
    return PARE_OK;
}

static void memory_fails(void **state)
{
    (void)state;
    assert_int_equal(test_ctx_torture(start_and_stop, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_task_runs_once),
        cmocka_unit_test(regions_in_quick_succession),
        cmocka_unit_test(without_a_pool),
        cmocka_unit_test(memory_fails),
    };
    return test_run(tests);
}
