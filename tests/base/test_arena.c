#include "support/test.h"
#include "support/test_ctx.h"

#include "base/arena.h"

#include <string.h>

static void items_are_aligned_apart_and_kept(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_arena arena;
    pare_arena_init(&t.ctx, &arena, 0);
    enum { N = 3000 };
    static unsigned char *items[N];
    for (size_t i = 0; i < N; i++) {
        items[i] = pare_arena_alloc(&arena, i % 777);
        assert_non_null(items[i]);
        assert_int_equal((uintptr_t)items[i] % 16, 0);
        memset(items[i], (int)(i & 0xff), i % 777);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < i % 777; k++) assert_int_equal(items[i][k], i & 0xff);
    assert_ptr_not_equal(items[0], items[777]); /* both of no bytes, yet two things */
    assert_int_equal(arena.used_bytes, test_ctx_live_bytes(&t));
    pare_arena_free(&arena);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
    pare_arena_free(&arena);
}

static void zeroed_arena_can_be_freed(void **state)
{
    (void)state;
    pare_arena arena = { 0 };
    pare_arena_free(&arena);
}

static void zero_and_array_are_zero(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_arena arena;
    pare_arena_init(&t.ctx, &arena, 0);
    const unsigned char *z = pare_arena_zero(&arena, 1000);
    const unsigned char *a = pare_arena_array(&arena, 250, 4);
    assert_non_null(z);
    assert_non_null(a);
    for (int i = 0; i < 1000; i++) assert_int_equal(z[i] | a[i], 0);
    assert_non_null(pare_arena_array(&arena, 0, 4));
    pare_arena_free(&arena);
}

static void copies_of_text_and_bytes(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_arena arena;
    pare_arena_init(&t.ctx, &arena, 0);
    assert_null(pare_arena_str(&arena, NULL));
    assert_string_equal(pare_arena_str(&arena, ""), "");
    assert_string_equal(pare_arena_str(&arena, "Conv_12"), "Conv_12");
    assert_string_equal(pare_arena_strn(&arena, "Conv_12", 4), "Conv");
    assert_string_equal(pare_arena_strn(&arena, NULL, 0), "");
    assert_memory_equal(pare_arena_copy(&arena, "a\0b", 3), "a\0b", 3);
    assert_non_null(pare_arena_copy(&arena, NULL, 0));
    pare_arena_free(&arena);
}

static void grow_keeps_content(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_arena arena;
    pare_arena_init(&t.ctx, &arena, 0);
    uint32_t *items = NULL;
    size_t cap = 0;
    for (uint32_t n = 0; n < 5000; n++) {
        assert_true(pare_arena_grow(&arena, &items, &cap, n + 1, sizeof(*items)));
        items[n] = n;
    }
    for (uint32_t i = 0; i < 5000; i++) assert_int_equal(items[i], i);
    for (size_t i = 5000; i < cap; i++) assert_int_equal(items[i], 0);
    const uint32_t *const before = items;
    assert_false(pare_arena_grow(&arena, &items, &cap, SIZE_MAX / 2, sizeof(*items)));
    assert_ptr_equal(items, before);
    pare_arena_free(&arena);
}

static void limit_is_a_budget_failure(void **state)
{
    (void)state;
    for (uint64_t limit = 1; limit < 200000; limit = limit * 3 + 1) {
        test_ctx t;
        test_ctx_init(&t);
        pare_arena arena;
        pare_arena_init(&t.ctx, &arena, limit);
        uint64_t asked_bytes = 0;
        while (pare_arena_alloc(&arena, 48)) asked_bytes += 48;
        assert_true(arena.used_bytes <= limit);
        assert_true(test_ctx_peak_bytes(&t) <= limit);
        assert_int_equal(pare_arena_fail(&t.ctx, &arena), PARE_EBUDGET);
        assert_non_null(strstr(t.ctx.message, "--max-memory"));
#ifndef PARE_ARENA_DEBUG
        if (limit > 1000) assert_true(asked_bytes * 10 > limit * 9); /* the limit can be used up */
#endif
        pare_arena_free(&arena);
    }
}

static void context_limit_is_the_default(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    t.ctx.opts.max_memory_bytes = 1 << 20;
    pare_arena arena;
    pare_arena_init(&t.ctx, &arena, 0);
    assert_null(pare_arena_alloc(&arena, 1 << 20));
    assert_int_equal(pare_arena_fail(&t.ctx, &arena), PARE_EBUDGET);
    assert_non_null(strstr(t.ctx.message, "1 MiB"));
    assert_non_null(pare_arena_alloc(&arena, 1 << 19));
    pare_arena_free(&arena);
}

static void absurd_sizes_are_refused(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_arena arena;
    pare_arena_init(&t.ctx, &arena, UINT64_MAX);
    static const size_t sizes[] = { SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 16, SIZE_MAX / 2 + 1 };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_null(pare_arena_alloc(&arena, sizes[i]));
        assert_int_equal(pare_arena_fail(&t.ctx, &arena), PARE_EBUDGET);
    }
    assert_null(pare_arena_array(&arena, SIZE_MAX / 2, 3));
    assert_int_equal(pare_arena_fail(&t.ctx, &arena), PARE_EBUDGET);
    assert_int_equal(test_ctx_n_allocs(&t), 0);
    pare_arena_free(&arena);
}

static void no_memory_is_told_from_no_budget(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_arena arena;
    pare_arena_init(&t.ctx, &arena, 1 << 20);
    assert_null(pare_arena_alloc(&arena, 2 << 20));
    test_ctx_fail_at(&t, 0);
    assert_null(pare_arena_alloc(&arena, 100));
    assert_int_equal(pare_arena_fail(&t.ctx, &arena), PARE_ENOMEM);
    assert_non_null(pare_arena_alloc(&arena, 100));
    pare_arena_free(&arena);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void outlives_the_context(void **state)
{
    (void)state;
    pare_arena arena;
    {
        pare_ctx ctx;
        pare_ctx_init(&ctx, NULL);
        pare_arena_init(&ctx, &arena, 0);
        assert_non_null(pare_arena_alloc(&arena, 10));
        memset(&ctx, 0xff, sizeof(ctx));
    }
    assert_non_null(pare_arena_alloc(&arena, 100000));
    pare_arena_free(&arena);
}

#ifdef PARE_ARENA_DEBUG
static void debug_gives_each_item_its_exact_bytes(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_arena arena;
    pare_arena_init(&t.ctx, &arena, 0);
    assert_non_null(pare_arena_alloc(&arena, 5));
    const uint64_t header_bytes = test_ctx_live_bytes(&t) - 5;
    assert_non_null(pare_arena_alloc(&arena, 7));
    assert_int_equal(test_ctx_n_allocs(&t), 2);
    assert_int_equal(test_ctx_live_bytes(&t), 5 + 7 + 2 * header_bytes);
    pare_arena_free(&arena);
}
#else
static void big_items_leave_the_open_chunk_in_use(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_arena arena;
    pare_arena_init(&t.ctx, &arena, 0);
    const char *first = pare_arena_alloc(&arena, 16);
    assert_non_null(pare_arena_alloc(&arena, 9 << 20));
    const char *second = pare_arena_alloc(&arena, 16);
    assert_ptr_equal(second, first + 16);
    assert_int_equal(test_ctx_n_allocs(&t), 2);
    pare_arena_free(&arena);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_aligned_apart_and_kept),
        cmocka_unit_test(zeroed_arena_can_be_freed),
        cmocka_unit_test(zero_and_array_are_zero),
        cmocka_unit_test(copies_of_text_and_bytes),
        cmocka_unit_test(grow_keeps_content),
        cmocka_unit_test(limit_is_a_budget_failure),
        cmocka_unit_test(context_limit_is_the_default),
        cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(no_memory_is_told_from_no_budget),
        cmocka_unit_test(outlives_the_context),
#ifdef PARE_ARENA_DEBUG
        cmocka_unit_test(debug_gives_each_item_its_exact_bytes),
#else
        cmocka_unit_test(big_items_leave_the_open_chunk_in_use),
#endif
    };
    return test_run(tests);
}
