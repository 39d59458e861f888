#include "support/test.h"
#include "support/test_ctx.h"

#include "base/buf.h"

#include <string.h>

static void count_call(void *owner)
{
    ++*(int *)owner;
}

static void new_is_zeroed_and_counted(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_buf *buf = NULL;
    assert_int_equal(pare_buf_new(&t.ctx, &buf, 100), PARE_OK);
    assert_int_equal(buf->n_bytes, 100);
    for (int i = 0; i < 100; i++) assert_int_equal(buf->data[i], 0);
    assert_true(pare_buf_is_exclusive(buf));
    assert_ptr_equal(pare_buf_ref(buf), buf);
    assert_false(pare_buf_is_exclusive(buf));
    pare_buf_unref(buf);
    assert_true(pare_buf_is_exclusive(buf));
    pare_buf_unref(buf);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
    assert_null(pare_buf_ref(NULL));
    pare_buf_unref(NULL);
}

static void empty_and_absurd_sizes(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_buf *buf = NULL;
    assert_int_equal(pare_buf_new(&t.ctx, &buf, 0), PARE_OK);
    assert_non_null(buf->data);
    pare_buf_unref(buf);
    assert_int_equal(pare_buf_new(&t.ctx, &buf, UINT64_MAX), PARE_ENOMEM);
    assert_null(buf);
    assert_int_equal(pare_buf_new(&t.ctx, &buf, UINT64_MAX / 2), PARE_ENOMEM);
    assert_null(buf);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void wrapped_bytes_are_released_once(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    int n_released = 0;
    pare_buf *buf = NULL;
    assert_int_equal(pare_buf_wrap(&t.ctx, &buf, "bytes", 5, count_call, &n_released), PARE_OK);
    assert_false(pare_buf_is_exclusive(buf)); /* alone, but not to be written */
    pare_buf_ref(buf);
    pare_buf_unref(buf);
    assert_int_equal(n_released, 0);
    assert_memory_equal(buf->data, "bytes", 5);
    pare_buf_unref(buf);
    assert_int_equal(n_released, 1);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void failed_wrap_leaves_the_bytes_to_the_caller(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    test_ctx_fail_at(&t, 0);
    int n_released = 0;
    pare_buf *buf = NULL;
    assert_int_equal(pare_buf_wrap(&t.ctx, &buf, "bytes", 5, count_call, &n_released), PARE_ENOMEM);
    assert_null(buf);
    assert_int_equal(n_released, 0);
}

static void without_release_bytes_are_borrowed(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    static const char constant[] = "constant";
    pare_buf *buf = NULL;
    assert_int_equal(pare_buf_wrap(&t.ctx, &buf, constant, sizeof(constant), NULL, NULL), PARE_OK);
    pare_buf_unref(buf);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static pare_status make_two(pare_ctx *ctx, void *user)
{
    (void)user;
    pare_buf *a = NULL;
    pare_buf *b = NULL;
    pare_status st = pare_buf_new(ctx, &a, 10);
    if (!st) st = pare_buf_wrap(ctx, &b, "x", 1, NULL, NULL);
    pare_buf_unref(a);
    pare_buf_unref(b);
    return st;
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    assert_int_equal(test_ctx_torture(make_two, NULL), 3);
}

static void outlives_the_context(void **state)
{
    (void)state;
    pare_buf *buf = NULL;
    {
        pare_ctx ctx;
        pare_ctx_init(&ctx, NULL);
        assert_int_equal(pare_buf_new(&ctx, &buf, 10), PARE_OK);
        memset(&ctx, 0xff, sizeof(ctx));
    }
    pare_buf_unref(buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_is_zeroed_and_counted),
        cmocka_unit_test(empty_and_absurd_sizes),
        cmocka_unit_test(wrapped_bytes_are_released_once),
        cmocka_unit_test(failed_wrap_leaves_the_bytes_to_the_caller),
        cmocka_unit_test(without_release_bytes_are_borrowed),
        cmocka_unit_test(survives_failing_allocations),
        cmocka_unit_test(outlives_the_context),
    };
    return test_run(tests);
}
