#include "support/test.h"
#include "support/test_ctx.h"

#include "base/bytes.h"
#include "base/checked.h"

#include <stdio.h>
#include <string.h>

/* Terminated, within its buffer, printable ASCII: what an escaped text of ASCII and junk must
 * be. */
static void check_line(const char *line, size_t n_bytes)
{
    const size_t n = strnlen(line, n_bytes);
    assert_true(n < n_bytes);
    for (size_t i = 0; i < n; i++)
        if (line[i] < 0x20 || line[i] > 0x7e) fail_msg("byte %zu is %d", i, line[i]);
}

static void defaults_are_filled_in(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    assert_true(ctx.opts.max_memory_bytes == PARE_DEFAULT_MEMORY_BYTES);
    assert_string_equal(ctx.message, "");
    void *p = pare_alloc(&ctx, 10);
    assert_non_null(p);
    pare_free(&ctx, p);
    pare_free(&ctx, NULL);
    pare_warn(&ctx, "nobody listens");
    pare_report_progress(&ctx, "nobody", 1, 2);
}

static void two_contexts_hash_differently(void **state)
{
    (void)state;
    pare_ctx a, b;
    pare_ctx_init(&a, NULL);
    pare_ctx_init(&b, NULL);
    assert_true(a.hash_seed[0] != b.hash_seed[0] || a.hash_seed[1] != b.hash_seed[1]);
}

static void fail_formats_and_returns_its_status(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_status st = pare_fail(&t.ctx, PARE_EFORMAT, "Conv '%s': %d", "c\n\x1b[2J\xff", 3);
    assert_int_equal(st, PARE_EFORMAT);
    assert_string_equal(t.ctx.message, "Conv 'c\\x0a\\x1b[2J\\xff': 3");
    st = pare_fail_in(&t.ctx, PARE_EIO, "%s: ", "gr\xc3\xbc\xc3\x9f.onnx");
    assert_int_equal(st, PARE_EIO);
    assert_string_equal(t.ctx.message, "gr\xc3\xbc\xc3\x9f.onnx: Conv 'c\\x0a\\x1b[2J\\xff': 3");
    assert_int_equal(pare_fail(&t.ctx, PARE_EIO, "again: %s", t.ctx.message), PARE_EIO);
    assert_true(strncmp(t.ctx.message, "again: gr", 9) == 0);
    assert_int_equal(pare_fail_memory(&t.ctx, 42), PARE_ENOMEM);
    assert_non_null(strstr(t.ctx.message, "42"));
}

static void long_messages_are_cut_visibly(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    char longer[3 * PARE_MESSAGE_BYTES];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    for (size_t n = PARE_MESSAGE_BYTES - 8; n < sizeof(longer); n++) {
        pare_fail(&t.ctx, PARE_EFORMAT, "%s", longer + sizeof(longer) - 1 - n);
        check_line(t.ctx.message, sizeof(t.ctx.message));
        if (n < PARE_MESSAGE_BYTES) assert_int_equal(strlen(t.ctx.message), n);
        else assert_string_equal(t.ctx.message + PARE_MESSAGE_BYTES - 5, "x...");
    }
    pare_fail(&t.ctx, PARE_EFORMAT, "tail");
    pare_fail_in(&t.ctx, PARE_EFORMAT, "%s", longer);
    assert_string_equal(t.ctx.message + PARE_MESSAGE_BYTES - 5, "x...");
    pare_warn(&t.ctx, "%s", longer);
    assert_string_equal(t.warning + PARE_MESSAGE_BYTES - 5, "x...");
}

static void warnings_are_escaped(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_warn(&t.ctx, "dim '%s' is set to %d", "N\r", 1);
    assert_int_equal(t.n_warnings, 1);
    assert_string_equal(t.warning, "dim 'N\\x0d' is set to 1");
}

static void keep_step(void *user, const pare_progress *step)
{
    *(pare_progress *)user = *step;
}

static void progress_reaches_the_listener(void **state)
{
    (void)state;
    pare_progress seen = { 0 };
    pare_ctx ctx;
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .progress = keep_step, .user = &seen });
    pare_report_progress(&ctx, "write", 3, 10);
    assert_string_equal(seen.phase, "write");
    assert_true(seen.done == 3 && seen.total == 10);
}

static void a_request_to_stop_is_seen(void **state)
{
    (void)state;
    volatile sig_atomic_t cancel = 0;
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    assert_int_equal(pare_check_canceled(&ctx), PARE_OK);
    ctx.opts.cancel = &cancel;
    assert_int_equal(pare_check_canceled(&ctx), PARE_OK);
    cancel = 1;
    assert_int_equal(pare_check_canceled(&ctx), PARE_ECANCELED);
    assert_string_equal(ctx.message, "canceled");
}

static void escape_fits_any_room(void **state)
{
    (void)state;
    static const char text[] = "ab\x01" "cd\xfe" "efgh";
    static const char whole[] = "ab\\x01cd\\xfeefgh";
    for (size_t room = 1; room <= sizeof(whole) + 2; room++) {
        char out[64];
        memset(out, 0x7f, sizeof(out));
        pare_escape(out, room, text);
        check_line(out, room);
        for (size_t i = room; i < sizeof(out); i++) assert_int_equal(out[i], 0x7f);
        if (room >= sizeof(whole)) {
            assert_string_equal(out, whole);
        } else if (room >= 4) { /* a prefix that ends between escapes, then the ellipsis */
            const size_t n = strlen(out);
            assert_string_equal(out + n - 3, "...");
            assert_memory_equal(out, whole, n - 3);
            assert_true(n - 3 <= 2 || n - 3 >= 6);
        }
    }
}

static void escape_never_cuts_a_character(void **state)
{
    (void)state;
    char out[8];
    pare_escape(out, sizeof(out), "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"); /* three euro signs */
    assert_string_equal(out, "\xe2\x82\xac...");
    pare_escape(out, sizeof(out), "\xe2\x82\xac\xe2\x82\xac");
    assert_string_equal(out, "\xe2\x82\xac\xe2\x82\xac");
}

static void alloc_of_nothing_is_null(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    assert_null(pare_alloc(&t.ctx, 0));
    unsigned char *p = pare_alloc_zero(&t.ctx, 100);
    assert_non_null(p);
    for (int i = 0; i < 100; i++) assert_int_equal(p[i], 0);
    assert_int_equal(test_ctx_live_bytes(&t), 100);
    pare_free(&t.ctx, p);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
    assert_int_equal(test_ctx_peak_bytes(&t), 100);
    assert_int_equal(test_ctx_n_allocs(&t), 1);
}

static pare_status grow_to_a_thousand(pare_ctx *ctx, void *user)
{
    (void)user;
    uint32_t *items = NULL;
    size_t cap = 0;
    pare_status st = PARE_OK;
    for (size_t n = 0; n < 1000; n++) {
        const size_t cap_before = cap;
        uint32_t *const items_before = items;
        st = pare_grow(ctx, &items, &cap, n + 1, sizeof(*items));
        if (st) {
            assert_ptr_equal(items, items_before);
            assert_int_equal(cap, cap_before);
            break;
        }
        assert_true(cap > n);
        items[n] = (uint32_t)n;
        for (size_t i = 0; i <= n; i++) assert_int_equal(items[i], i);
    }
    pare_free(ctx, items);
    return st;
}

static void grow_keeps_content_and_survives_failure(void **state)
{
    (void)state;
    assert_in_range(test_ctx_torture(grow_to_a_thousand, NULL), 5, 20);
}

static void grow_refuses_what_cannot_be_counted(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    uint64_t *items = NULL;
    size_t cap = 0;
    assert_int_equal(pare_grow(&t.ctx, &items, &cap, SIZE_MAX / 4, sizeof(*items)), PARE_ENOMEM);
    assert_int_equal(pare_grow(&t.ctx, &items, &cap, SIZE_MAX / 8, sizeof(*items)), PARE_ENOMEM);
    assert_null(items);
    assert_int_equal(cap, 0);
}

static void small_helpers(void **state)
{
    (void)state;
    assert_true(pare_str_eq("a", "a"));
    assert_false(pare_str_eq("a", "ab"));
    assert_string_equal(pare_str_or_empty(NULL), "");
    assert_string_equal(pare_str_or_empty("x"), "x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_filled_in),
        cmocka_unit_test(two_contexts_hash_differently),
        cmocka_unit_test(fail_formats_and_returns_its_status),
        cmocka_unit_test(long_messages_are_cut_visibly),
        cmocka_unit_test(warnings_are_escaped),
        cmocka_unit_test(progress_reaches_the_listener),
        cmocka_unit_test(a_request_to_stop_is_seen),
        cmocka_unit_test(escape_fits_any_room),
        cmocka_unit_test(escape_never_cuts_a_character),
        cmocka_unit_test(alloc_of_nothing_is_null),
        cmocka_unit_test(grow_keeps_content_and_survives_failure),
        cmocka_unit_test(grow_refuses_what_cannot_be_counted),
        cmocka_unit_test(small_helpers),
    };
    return test_run(tests);
}
