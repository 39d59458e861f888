/* Which samples: the same in every container, spread over classes, never shared. */
#include "support/test.h"

#include "formats/dataset/data.h"
#include "ir/tensor.h"
#include "support/archives.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char root[TEST_PATH_BYTES];

static const char *const containers[] = {
    "folder",        "plain.tar", "reversed.tar", "dots.tar",   "junk.tar",
    "pax.tar",       "gnu.tar",   "gzip.tar.gz",  "xz.tar.xz",  "bzip2.tar.bz2",
    "zstd.tar.zst",  "stored.zip", "deflated.zip",
};
enum { N_CONTAINERS = sizeof(containers) / sizeof(containers[0]), N_ALL = 42 };

static pare_dataset *open_as(test_ctx *t, const char *container, const char *labels,
                             const pare_data_choice *choice)
{
    char name[TEST_PATH_BYTES], dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    const pare_data_opts opts = { .choice = *choice };
    pare_dataset *d = NULL;
    snprintf(name, sizeof(name), "%s%s%s%s", container, labels ? "-" : "",
             labels ? labels : "", labels ? ".yaml" : "");
    test_join(path, test_join(dir, root, "same"), name);
    if (pare_data_open(&t->ctx, &d, path, &opts)) fail_msg("%s", t->ctx.message);
    return d;
}

/* Marks the rows that a data set has; fails when one is marked already. */
static void mark(bool seen[], const pare_dataset *d)
{
    for (uint64_t i = 0; i < d->n; i++) {
        const uint64_t row = d->row(d->self, i);
        assert_true(row < d->counts.rows);
        assert_false(seen[row]);
        seen[row] = true;
        if (i) assert_true(d->row(d->self, i - 1) < row);
    }
}

static void every_container_gives_the_same(void **state)
{
    (void)state;
    static const pare_data_choice choices[] = {
        { .split = PARE_DATA_ALL }, { .split = PARE_DATA_CALIBRATE }, { .split = PARE_DATA_EVAL },
        { .split = PARE_DATA_EVAL, .take = 7 }, { .split = PARE_DATA_ALL, .take = 9, .seed = 5 },
        { .split = PARE_DATA_ALL, .skip = 9, .seed = 5 },
    };
    static const uint64_t counts[] = { 42, 12, 30, 7, 9, 33 };
    static const char *const labels[] = { "folders", "lines" };
    uint64_t seen[6] = { 0 };
    for (size_t k = 0; k < 6; k++) {
        for (size_t i = 0; i < 2 * N_CONTAINERS; i++) {
            test_ctx t;
            test_ctx_init(&t);
            pare_dataset *d = open_as(&t, containers[i / 2], labels[i % 2], &choices[k]);
            assert_int_equal(d->n, counts[k]);
            assert_int_equal(d->counts.rows, 45);
            assert_int_equal(d->counts.duplicates, 3);
            assert_int_equal(d->counts.conflicts, 1);
            if (!i) seen[k] = d->content_hash;
            if (d->content_hash != seen[k]) fail_msg("%s: other samples", containers[i / 2]);
            pare_data_close(&t.ctx, d);
            assert_int_equal(test_ctx_live_bytes(&t), 0);
        }
        for (size_t other = 0; other < k; other++) assert_true(seen[k] != seen[other]);
    }
}

static void splits_share_nothing_and_spread_over_classes(void **state)
{
    (void)state;
    test_ctx t;
    bool seen[45] = { false };
    int64_t per_class[3] = { 0 };
    test_ctx_init(&t);
    const pare_data_choice calibrate = { .split = PARE_DATA_CALIBRATE },
                           eval = { .split = PARE_DATA_EVAL };
    pare_dataset *a = open_as(&t, "zstd.tar.zst", "folders", &calibrate);
    pare_dataset *b = NULL;
    assert_true(pare_data_has_split(a, PARE_DATA_EVAL));
    assert_false(pare_data_has_split(a, PARE_DATA_TRAIN));
    assert_int_equal(pare_data_choose(&t.ctx, &b, a, &eval), PARE_OK);
    mark(seen, a);
    mark(seen, b);
    assert_int_equal(a->n + b->n, N_ALL);
    for (uint64_t i = 0; i < a->n; i++) per_class[a->label(a->self, i)]++;
    assert_int_equal(per_class[0], 7); /* of 24, 12 and 6 */
    assert_int_equal(per_class[1], 3);
    assert_int_equal(per_class[2], 2);
    pare_data_close(&t.ctx, a); /* the other one goes on */
    char name[200];
    b->name(b->self, 0, name, sizeof(name));
    assert_int_equal(strncmp(name, "zstd.tar.zst/ant/", 17), 0); /* no folders in front */
    pare_data_close(&t.ctx, b);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* A part that the split does not name never gets a sample of one that it names. */
static void a_part_that_is_not_named_takes_what_is_left(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    static const char some[] = "source: folder\nsplit: {calibrate: 12}\n",
                      all[] = "source: folder\nsplit: {calibrate: 12, train: rest}\n";
    const pare_data_choice eval = { .split = PARE_DATA_EVAL };
    const pare_data_opts opts = { .choice = { .split = PARE_DATA_CALIBRATE } };
    test_ctx t;
    bool seen[45] = { false };
    pare_dataset *a = NULL, *b = NULL;
    test_ctx_init(&t);
    test_join(path, test_join(dir, root, "same"), "part.yaml");
    test_write_file(path, some, sizeof(some) - 1);
    assert_int_equal(pare_data_open(&t.ctx, &a, path, &opts), PARE_OK);
    assert_int_equal(pare_data_choose(&t.ctx, &b, a, &eval), PARE_OK);
    mark(seen, a);
    mark(seen, b);
    assert_int_equal(a->n + b->n, N_ALL);
    pare_data_close(&t.ctx, a);
    pare_data_close(&t.ctx, b);
    test_write_file(path, all, sizeof(all) - 1);
    assert_int_equal(pare_data_open(&t.ctx, &a, path, &opts), PARE_OK);
    assert_int_equal(pare_data_choose(&t.ctx, &b, a, &eval), PARE_EFORMAT);
    assert_non_null(strstr(t.ctx.message, "'split' shares out all samples and has no 'eval'"));
    pare_data_close(&t.ctx, a);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* What one choice takes, the other leaves; any first part is spread. */
static void what_is_taken_can_be_left(void **state)
{
    (void)state;
    for (uint64_t take = 1; take < N_ALL; take += 8)
        for (uint64_t seed = 0; seed < 3; seed++) {
            test_ctx t;
            bool seen[45] = { false };
            test_ctx_init(&t);
            const pare_data_choice some = { .take = take, .seed = seed },
                                   rest = { .skip = take, .seed = seed };
            pare_dataset *a = open_as(&t, "folder", "folders", &some), *b = NULL;
            assert_int_equal(pare_data_choose(&t.ctx, &b, a, &rest), PARE_OK);
            mark(seen, a);
            mark(seen, b);
            assert_int_equal(a->n, take);
            assert_int_equal(a->n + b->n, N_ALL);
            int64_t per_class[3] = { 0 };
            for (uint64_t i = 0; i < a->n; i++) per_class[a->label(a->self, i)]++;
            assert_true(labs((long)(per_class[0] * 42 - (int64_t)take * 24)) <= 42);
            assert_true(labs((long)(per_class[2] * 42 - (int64_t)take * 6)) <= 42);
            pare_data_close(&t.ctx, a);
            pare_data_close(&t.ctx, b);
        }
    test_ctx t;
    test_ctx_init(&t);
    const pare_data_choice all = { 0 }, none = { .skip = N_ALL };
    pare_dataset *a = open_as(&t, "folder", NULL, &all), *b = NULL;
    assert_int_equal(pare_data_choose(&t.ctx, &b, a, &none), PARE_EFORMAT);
    assert_non_null(strstr(t.ctx.message, "no sample is left"));
    pare_data_close(&t.ctx, a);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static pare_status work(pare_ctx *ctx, void *user)
{
    pare_dataset *d = NULL, *other = NULL;
    struct pare_tensor *x = NULL;
    const pare_data_choice choice = { .split = PARE_DATA_EVAL, .take = 5 };
    pare_status st = pare_data_open(ctx, &d, user, NULL);
    if (!st) st = pare_data_choose(ctx, &other, d, &choice);
    if (!st) st = other->load(other->self, ctx, 3, &x);
    pare_tensor_unref(x);
    pare_data_close(ctx, other);
    pare_data_close(ctx, d);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char path[TEST_PATH_BYTES];
    assert_true(test_ctx_torture(work, test_join(path, root, "same/gzip.tar.gz-lines.yaml")) > 20);
    assert_true(test_ctx_torture(work, test_join(path, root, "same/folder-folders.yaml")) > 20);
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
        cmocka_unit_test(every_container_gives_the_same),
        cmocka_unit_test(splits_share_nothing_and_spread_over_classes),
        cmocka_unit_test(a_part_that_is_not_named_takes_what_is_left),
        cmocka_unit_test(what_is_taken_can_be_left),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return test_exit_status(cmocka_run_group_tests(tests, make, clean));
}
