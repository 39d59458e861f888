/* Samples that were loaded ahead are those that were asked for, whoever asks in whatever order. */
#include "support/test.h"

#include "formats/dataset/data.h"
#include "formats/dataset/prefetch.h"
#include "ir/tensor.h"
#include "support/archives.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static char root[TEST_PATH_BYTES];

static pare_dataset *open_images(pare_ctx *ctx, const char *name)
{
    char path[TEST_PATH_BYTES];
    pare_dataset *d = NULL;
    pare_ctx_init(ctx, NULL);
    if (pare_data_open(ctx, &d, test_join(path, root, name), NULL)) fail_msg("%s", ctx->message);
    return d;
}

static bool is_same(const pare_dataset *d, const pare_dataset *from, pare_ctx *ctx, uint64_t i)
{
    pare_tensor *a = NULL, *b = NULL;
    if (d->load(d->self, ctx, i, &a) || from->load(from->self, ctx, i, &b)) return false;
    const bool same = a->payload.n == b->payload.n &&
                      memcmp(a->payload.data, b->payload.data, a->payload.n) == 0;
    pare_tensor_unref(a);
    pare_tensor_unref(b);
    return same;
}

static void any_order_gives_the_same(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_dataset *from = open_images(&ctx, "same/stored.zip-folders.yaml");
    for (uint32_t threads = 1; threads <= 3; threads++)
        for (uint32_t depth = 1; depth <= 64; depth *= 4) {
            pare_dataset *d = NULL;
            assert_int_equal(pare_prefetch_open(&ctx, &d, from, threads, depth), PARE_OK);
            assert_int_equal(d->n, from->n);
            assert_int_equal(d->label(d->self, 30), from->label(from->self, 30));
            for (int pass = 0; pass < 2; pass++)
                for (uint64_t i = 0; i < d->n; i++) assert_true(is_same(d, from, &ctx, i));
            for (uint64_t i = d->n; i-- > 0;) assert_true(is_same(d, from, &ctx, i));
            for (uint64_t i = 0; i < 100; i++)
                assert_true(is_same(d, from, &ctx, i * 29 % d->n));
            pare_prefetch_close(&ctx, d); /* in the middle of a pass */
        }
    pare_data_close(&ctx, from);
}

static void a_failure_comes_with_its_sample(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_dataset *from = open_images(&ctx, "data/bad-images"), *d = NULL;
    pare_tensor *x = NULL;
    assert_int_equal(pare_prefetch_open(&ctx, &d, from, 2, 8), PARE_OK);
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(d->load(d->self, &ctx, i, &x), i == 1 ? PARE_EFORMAT : PARE_OK);
        assert_int_equal(x == NULL, i == 1);
        if (i == 1) assert_non_null(strstr(ctx.message, "bad-images/1.png: "));
        pare_tensor_unref(x);
    }
    pare_prefetch_close(&ctx, d);
    pare_data_close(&ctx, from);
}

typedef struct crowd {
    pare_dataset *d, *from;
    atomic_uint_least64_t next;
    atomic_uint n_wrong;
} crowd;

enum { N_PASSES = 5, N_ASKERS = 4 };

static void *ask(void *user)
{
    crowd *c = user;
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    for (;;) {
        const uint64_t i = atomic_fetch_add(&c->next, 1);
        if (i >= N_PASSES * c->from->n) return NULL;
        if (!is_same(c->d, c->from, &ctx, i % c->from->n)) atomic_fetch_add(&c->n_wrong, 1);
    }
}

static void many_may_ask_at_once(void **state)
{
    (void)state;
    pare_ctx ctx;
    crowd c = { .from = open_images(&ctx, "same/zstd.tar.zst") };
    pthread_t askers[N_ASKERS];
    assert_int_equal(pare_prefetch_open(&ctx, &c.d, c.from, 2, 6), PARE_OK);
    for (int i = 0; i < N_ASKERS; i++)
        assert_int_equal(pthread_create(&askers[i], NULL, ask, &c), 0);
    for (int i = 0; i < N_ASKERS; i++) pthread_join(askers[i], NULL);
    assert_int_equal(atomic_load(&c.n_wrong), 0);
    pare_prefetch_close(&ctx, c.d);
    pare_data_close(&ctx, c.from);
}

static int make(void **state)
{
    (void)state;
    test_make_archives(root);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    if (root[0]) test_remove_tree(root);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_gives_the_same),
        cmocka_unit_test(a_failure_comes_with_its_sample),
        cmocka_unit_test(many_may_ask_at_once),
    };
    return test_exit_status(cmocka_run_group_tests(tests, make, clean));
}
