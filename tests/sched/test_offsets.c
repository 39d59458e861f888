#include "sched/offsets.h"

#include "support/test.h"
#include "support/test_ctx.h"

#include <stdbool.h>

static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % below;
}

/* Offsets are aligned, nothing that lives together overlaps, bound and total are right. */
static void check_plan(const pare_arena_plan *plan, const pare_interval *items, size_t n)
{
    uint64_t end = 0;
    assert_int_equal(plan->n, n);
    for (size_t i = 0; i < n; i++) {
        const uint64_t begin = plan->offsets[i];
        if (items[i].align) assert_int_equal(begin % items[i].align, 0);
        if (items[i].bytes && begin + items[i].bytes > end) end = begin + items[i].bytes;
        for (size_t j = 0; j < i; j++) {
            const bool apart = items[i].first > items[j].last || items[j].first > items[i].last;
            if (apart || !items[i].bytes || !items[j].bytes) continue;
            if (begin < plan->offsets[j] + items[j].bytes &&
                plan->offsets[j] < begin + items[i].bytes)
                fail_msg("%zu and %zu overlap", i, j);
        }
    }
    assert_true(end <= plan->total_bytes && plan->bound_bytes <= plan->total_bytes);
}

static uint64_t plan_total(const pare_interval *items, size_t n, uint64_t *bound)
{
    test_ctx t;
    pare_arena_plan *plan = NULL;
    test_ctx_init(&t);
    if (pare_arena_plan_make(&t.ctx, &plan, items, n)) fail_msg("%s", t.ctx.message);
    check_plan(plan, items, n);
    const uint64_t total = plan->total_bytes;
    *bound = plan->bound_bytes;
    pare_arena_plan_free(&t.ctx, plan);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
    return total;
}

static void small_plans_are_best(void **state)
{
    (void)state;
    uint64_t bound = 0;
    static const pare_interval chain[] = { { 0, 1, 100, 64 }, { 1, 2, 200, 64 }, { 2, 3, 50, 64 } };
    assert_int_equal(plan_total(chain, 3, &bound), 128 + 256);
    assert_int_equal(bound, 384);
    /* a long one that must not stand in the middle */
    static const pare_interval split[] = {
        { 0, 1, 10, 0 }, { 0, 9, 1, 0 }, { 0, 1, 10, 0 }, { 2, 9, 20, 0 }
    };
    assert_int_equal(plan_total(split, 4, &bound), 21);
    assert_int_equal(bound, 21);
    /* nothing, and nothing that takes room */
    assert_int_equal(plan_total(NULL, 0, &bound), 0);
    static const pare_interval empty[] = { { 3, 3, 0, 64 }, { 0, 5, 0, 0 } };
    assert_int_equal(plan_total(empty, 2, &bound), 0);
    /* alignments that differ */
    static const pare_interval mixed[] = { { 0, 1, 3, 1 }, { 0, 1, 8, 8 }, { 0, 1, 5, 1 } };
    assert_int_equal(plan_total(mixed, 3, &bound), 16);
    assert_int_equal(bound, 16);
}

static void random_plans_hold(void **state)
{
    (void)state;
    enum { MOST = 300 };
    static pare_interval items[MOST];
    double worst = 0, sum = 0;
    unsigned n_plans = 0;
    for (uint64_t seed = 1; seed <= 120; seed++) {
        random_state = seed;
        const uint32_t n = 1 + draw(MOST), steps = 1 + draw(200), length = 1 + draw(steps);
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t first = draw(steps), align = draw(3) ? 64 : 1u << draw(8);
            items[i] = (pare_interval){ first, first + draw(length),
                                        draw(20) ? draw(1 << draw(20)) : 0, seed % 2 ? 64 : align };
        }
        uint64_t bound = 0;
        const uint64_t total = plan_total(items, n, &bound);
        if (!bound) continue;
        const double ratio = (double)total / (double)bound;
        sum += ratio;
        n_plans++;
        if (ratio > worst) worst = ratio;
    }
    print_message("%u random plans: mean %.4f of the bound, worst %.4f\n", n_plans, sum / n_plans,
                  worst);
    assert_true(sum / n_plans < 1.05);
}

/* More neighbours than lists are made for: the sweep alone. */
static void many_that_overlap(void **state)
{
    (void)state;
    enum { N = 5000 };
    static pare_interval items[N];
    random_state = 7;
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t first = draw(1000);
        items[i] = (pare_interval){ first, first + draw(500), 1 + draw(100000), 16 };
    }
    uint64_t bound = 0;
    const uint64_t total = plan_total(items, N, &bound);
    print_message("5000 that overlap: %.4f of the bound\n", (double)total / (double)bound);
    assert_true(total < bound + bound / 4);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    test_ctx t;
    pare_arena_plan *plan = NULL;
    test_ctx_init(&t);
    const pare_interval backwards = { 3, 2, 8, 0 };
    assert_int_equal(pare_arena_plan_make(&t.ctx, &plan, &backwards, 1), PARE_EUSAGE);
    assert_string_equal(t.ctx.message,
                        "interval 0: expected it to end at step 3 or later, found 2");
    static const pare_interval huge[] = { { 0, 1, INT64_MAX, 0 }, { 4, 5, INT64_MAX, 0 } };
    assert_int_equal(pare_arena_plan_make(&t.ctx, &plan, huge, 2), PARE_EUSAGE);
    assert_null(plan);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static pare_status plan_and_free(pare_ctx *ctx, void *user)
{
    static const pare_interval items[] = { /* the sweep does not reach the bound */
        { 0, 1, 10, 0 }, { 0, 9, 1, 0 }, { 0, 1, 10, 0 }, { 2, 9, 20, 0 }
    };
    pare_arena_plan *plan = NULL;
    (void)user;
    const pare_status st = pare_arena_plan_make(ctx, &plan, items, 4);
    pare_arena_plan_free(ctx, plan);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(test_ctx_torture(plan_and_free, NULL) >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_plans_are_best),
        cmocka_unit_test(random_plans_hold),
        cmocka_unit_test(many_that_overlap),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return test_run(tests);
}
