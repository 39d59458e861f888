#include "support/test.h"

#include "formats/archive.h"
#include "support/archives.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char root[TEST_PATH_BYTES];

static pare_status open_at(test_ctx *t, pare_archive **out, const char *folder, const char *name,
                           const pare_archive_limits *limits)
{
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_join(path, test_join(dir, root, folder), name);
    return pare_archive_open(&t->ctx, out, path, limits);
}

/* Reads an entry from where it is said to lie. */
static uint8_t *read_entry(const pare_archive *a, const pare_archive_entry *e)
{
    uint8_t *bytes = malloc(e->n_bytes + 1);
    assert_non_null(bytes);
    assert_int_equal(pread(pare_archive_fd(a, e), bytes, e->n_bytes, (off_t)e->offset), e->n_bytes);
    return bytes;
}

/* Every container has the same files with the same bytes, sorted, wherever they lie. */
static void all_containers_hold_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        pare_archive_kind kind;
        bool is_plain; /* nothing has to be unpacked */
        size_t extra;
    } rows[] = {
        { "plain.tar", PARE_ARCHIVE_TAR, true, 0 },
        { "reversed.tar", PARE_ARCHIVE_TAR, true, 0 },
        { "dots.tar", PARE_ARCHIVE_TAR, true, 0 },
        { "pax.tar", PARE_ARCHIVE_TAR, true, 0 },
        { "gnu.tar", PARE_ARCHIVE_TAR, true, 0 },
        { "junk.tar", PARE_ARCHIVE_TAR, true, 3 },
        { "gzip.tar.gz", PARE_ARCHIVE_TAR, false, 0 },
        { "bzip2.tar.bz2", PARE_ARCHIVE_TAR, false, 0 },
        { "xz.tar.xz", PARE_ARCHIVE_TAR, false, 0 },
        { "zstd.tar.zst", PARE_ARCHIVE_TAR, false, 0 },
        { "stored.zip", PARE_ARCHIVE_ZIP, true, 0 },
        { "deflated.zip", PARE_ARCHIVE_ZIP, false, 0 },
    };
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_join(dir, root, "same/folder");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_ctx t;
        pare_archive *a = NULL;
        size_t n = 0;
        test_ctx_init(&t);
        if (open_at(&t, &a, "same", rows[i].name, NULL)) fail_msg("%s", t.ctx.message);
        assert_int_equal(pare_archive_kind_of(a), rows[i].kind);
        const pare_archive_entry *e = pare_archive_entries(a, &n);
        assert_int_equal(n, 45 + rows[i].extra);
        for (size_t k = 0; k < n; k++) {
            size_t n_want = 0;
            if (e[k].path[0] == '.' || e[k].path[0] == '_') continue;
            uint8_t *want = test_read_file(test_join(path, dir, e[k].path), &n_want);
            uint8_t *found = read_entry(a, &e[k]);
            const pare_hash128 hash = pare_hash128_of(want, n_want);
            assert_int_equal(e[k].n_bytes, n_want);
            assert_memory_equal(found, want, n_want);
            assert_memory_equal(&e[k].hash, &hash, sizeof(hash));
            assert_int_equal(e[k].is_unpacked, !rows[i].is_plain);
            if (k) assert_true(strcmp(e[k - 1].path, e[k].path) < 0);
            free(want);
            free(found);
        }
        pare_archive_close(&t.ctx, a);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

static void names_may_have_any_letters(void **state)
{
    (void)state;
    static const char *const names[] = { "ustar.tar", "pax.tar", "gnu.tar", "utf8.zip" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        test_ctx t;
        pare_archive *a = NULL;
        size_t n = 0;
        test_ctx_init(&t);
        if (open_at(&t, &a, "letters", names[i], NULL)) fail_msg("%s", t.ctx.message);
        assert_string_equal(pare_archive_entries(a, &n)[0].path, "caf\xc3\xa9/\xe7\x8c\xab.png");
        pare_archive_close(&t.ctx, a);
    }
}

static void hostile_ones_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        pare_status status;
        const char *message;
    } rows[] = {
        { "absolute.tar", PARE_EFORMAT, "'/etc/y.bin': expected a relative path" },
        { "absolute.zip", PARE_EFORMAT, "expected a relative path" },
        { "backslash.tar", PARE_EFORMAT, "without backslashes" },
        { "bomb.tar.gz", PARE_EBUDGET, "more than 200 times its size" },
        { "checksum.zip", PARE_EFORMAT, "'a.bin': damaged or cut short: ZIP bad CRC" },
        { "cut.tar", PARE_EFORMAT, "cut short" },
        { "cut.tar.gz", PARE_EFORMAT, "truncated" },
        { "cut.tar.xz", PARE_EFORMAT, "cut short" },
        { "cut.tar.zst", PARE_EFORMAT, "Truncated" },
        { "cut.zip", PARE_EFORMAT, "a zip without its directory" },
        { "damaged.tar.gz", PARE_EFORMAT, "damaged" },
        { "deep.tar", PARE_EFORMAT, "at most 16 folders" },
        { "device.tar", PARE_EFORMAT, "'d': expected a regular file, found a device" },
        { "dotdot.tar", PARE_EFORMAT, "'x/../../y.bin': expected a path without '..'" },
        { "dotdot.zip", PARE_EFORMAT, "without '..'" },
        { "empty.tar", PARE_EFORMAT, "the file is empty" },
        { "encrypted.zip", PARE_EUNSUPPORTED, "'a.bin': it is encrypted" },
        { "fifo.tar", PARE_EFORMAT, "found a FIFO" },
        { "hard-link.tar", PARE_EFORMAT, "found a hard link" },
        { "link.tar", PARE_EFORMAT, "found a symbolic link" },
        { "link.zip", PARE_EFORMAT, "found a symbolic link" },
        { "long-part.tar", PARE_EFORMAT, "at most 255 bytes" },
        { "long-path.tar", PARE_EFORMAT, "at most 1024 bytes" },
        { "nested.tar.gz", PARE_EFORMAT, "compressed 6 times over" },
        { "newline.tar", PARE_EFORMAT, "'a\\x0a\\x1b[31mb/../c'" },
        { "overlap.zip", PARE_EBUDGET, "more than 200 times its size" },
        { "pax-size.tar", PARE_EFORMAT, "'a.bin': damaged or cut short" },
        { "sizes.zip", PARE_EFORMAT, "'a.bin': damaged" },
        { "sparse.tar", PARE_EUNSUPPORTED, "'s.bin': it is sparse" },
        { "twice.tar", PARE_EFORMAT, "'a.bin' is there twice" },
        { "twice.zip", PARE_EFORMAT, "'a.bin' is there twice" },
        { "nothing-there.tar", PARE_EFORMAT, "No such file" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_ctx t;
        pare_archive *a = NULL;
        test_ctx_init(&t);
        const pare_status st = open_at(&t, &a, "hostile", rows[i].name, NULL);
        if (st != rows[i].status || !strstr(t.ctx.message, rows[i].message) ||
            !strstr(t.ctx.message, rows[i].name) || a)
            fail_msg("%s: status %d, '%s'", rows[i].name, st, t.ctx.message);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
        assert_true(test_ctx_peak_bytes(&t) < 4 << 20);
    }
}

static void amounts_are_limited(void **state)
{
    (void)state;
    static const struct {
        pare_archive_limits limits;
        const char *message;
    } rows[] = {
        { { .max_entries = 1000 }, "'1000': it is beyond the 1000 files" },
        { { .max_ratio = 5 }, "more than 5 times its size" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_ctx t;
        pare_archive *a = NULL;
        test_ctx_init(&t);
        assert_int_equal(open_at(&t, &a, "hostile", "many.tar.gz", &rows[i].limits), PARE_EBUDGET);
        if (!strstr(t.ctx.message, rows[i].message)) fail_msg("%s", t.ctx.message);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
    test_ctx t;
    pare_archive *a = NULL;
    const pare_archive_limits small = { .max_bytes = 1000 };
    test_ctx_init(&t);
    assert_int_equal(open_at(&t, &a, "same", "plain.tar", &small), PARE_EBUDGET);
    assert_non_null(strstr(t.ctx.message, "more than the 1000 bytes that are allowed"));
    t.ctx.opts.max_memory_bytes = 64 << 10; /* names of 250,000 entries */
    assert_int_equal(open_at(&t, &a, "hostile", "many.tar.gz", NULL), PARE_EBUDGET);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Cut anywhere, an archive is refused or has fewer files; it never ends the program. */
static void survives_cuts(void **state)
{
    (void)state;
    static const char *const names[] = { "gzip.tar.gz", "bzip2.tar.bz2", "xz.tar.xz",
                                         "deflated.zip" };
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES], cut[TEST_PATH_BYTES];
    test_join(dir, root, "same");
    test_join(cut, root, "cut");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t n = 0;
        uint8_t *bytes = test_read_file(test_join(path, dir, names[i]), &n);
        for (size_t k = 1; k < n; k += 61) {
            test_ctx t;
            pare_archive *a = NULL;
            test_ctx_init(&t);
            test_write_file(cut, bytes, k);
            if (pare_archive_open(&t.ctx, &a, cut, NULL)) assert_true(t.ctx.message[0]);
            pare_archive_close(&t.ctx, a);
            assert_int_equal(test_ctx_live_bytes(&t), 0);
        }
        free(bytes);
    }
}

static pare_status open_and_close(pare_ctx *ctx, void *user)
{
    pare_archive *a = NULL;
    const pare_status st = pare_archive_open(ctx, &a, user, NULL);
    pare_archive_close(ctx, a);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char path[TEST_PATH_BYTES];
    assert_true(test_ctx_torture(open_and_close, test_join(path, root, "same/gzip.tar.gz")) > 5);
    assert_true(test_ctx_torture(open_and_close, test_join(path, root, "same/stored.zip")) > 4);
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
        cmocka_unit_test(all_containers_hold_the_same),
        cmocka_unit_test(names_may_have_any_letters),
        cmocka_unit_test(hostile_ones_are_refused),
        cmocka_unit_test(amounts_are_limited),
        cmocka_unit_test(survives_cuts),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return test_exit_status(cmocka_run_group_tests(tests, make, clean));
}
