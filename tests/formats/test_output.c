#include "support/test.h"
#include "support/files.h"
#include "support/test_ctx.h"

#include "base/bytes.h"
#include "formats/output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

/* A folder with an old file of known content. */
typedef struct place {
    test_ctx t;
    char dir[TEST_PATH_BYTES];
    char path[TEST_PATH_BYTES];
    char temp[TEST_PATH_BYTES];
} place;

static int set_up(void **state)
{
    place *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    test_ctx_init(&p->t);
    test_temp_dir(p->dir);
    test_join(p->path, p->dir, "out.bin");
    test_join(p->temp, p->dir, ".out.bin.pare-tmp");
    test_write_file(p->path, "old", 3);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    assert_true(test_ctx_live_bytes(&p->t) == 0);
    test_remove_tree(p->dir);
    free(p);
    return 0;
}

static void check_content(const char *path, const void *want, size_t n_want)
{
    size_t n = 0;
    uint8_t *got = test_read_file(path, &n);
    assert_int_equal(n, n_want);
    assert_memory_equal(got, want, n);
    free(got);
}

static int count_files(const char *dir)
{
    DIR *d = opendir(dir);
    assert_non_null(d);
    int n = 0;
    while (readdir(d)) n++;
    closedir(d);
    return n - 2;
}

/* The old file is as it was, and alone. */
static void check_untouched(const place *p)
{
    check_content(p->path, "old", 3);
    assert_int_equal(count_files(p->dir), 1);
}

static void check_message(const place *p, const char *part)
{
    if (!strstr(p->t.ctx.message, part))
        fail_msg("'%s' is not in '%s'", part, p->t.ctx.message);
}

static pare_status write_all(pare_ctx *ctx, const char *path, const void *data, size_t n)
{
    pare_output *out = NULL;
    pare_status st = pare_output_open(ctx, &out, path);
    if (st) return st;
    st = pare_output_write(ctx, out, data, n);
    if (!st) return pare_output_commit(ctx, out);
    pare_output_abort(ctx, out);
    return st;
}

static void target_changes_only_on_commit(void **state)
{
    place *p = *state;
    pare_ctx *ctx = &p->t.ctx;
    pare_output *out = NULL;
    assert_int_equal(pare_output_open(ctx, &out, p->path), PARE_OK);
    assert_string_equal(pare_output_name(out), "out.bin");
    assert_int_equal(pare_output_write(ctx, out, "new!", 4), PARE_OK);
    assert_true(pare_output_position(out) == 4);
    check_content(p->path, "old", 3);
    assert_int_equal(pare_output_commit(ctx, out), PARE_OK);
    check_content(p->path, "new!", 4);
    assert_int_equal(count_files(p->dir), 1);
}

static void abort_leaves_no_trace(void **state)
{
    place *p = *state;
    pare_ctx *ctx = &p->t.ctx;
    pare_output *out = NULL;
    assert_int_equal(pare_output_open(ctx, &out, p->path), PARE_OK);
    assert_int_equal(pare_output_write(ctx, out, "new!", 4), PARE_OK);
    assert_true(test_file_exists(p->temp));
    pare_output_abort(ctx, out);
    check_untouched(p);
    pare_output_abort(ctx, NULL);
}

static void runs_of_any_length_arrive(void **state)
{
    place *p = *state;
    pare_ctx *ctx = &p->t.ctx;
    static const size_t runs[] = {
        MIB / 8 - 101, MIB / 8 - 1, 3, MIB / 4, 1,
        0, 1, 100, MIB - 101, 1, MIB - 1, 1, MIB, MIB + 1, 5, 20 * MIB, 7
    };
    size_t total = 0;
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) total += runs[i];
    uint8_t *data = malloc(total);
    assert_non_null(data);
    for (size_t i = 0; i < total; i++) data[i] = (uint8_t)(i * 131 + (i >> 12));
    pare_output *out = NULL;
    assert_int_equal(pare_output_open(ctx, &out, p->path), PARE_OK);
    assert_int_equal(pare_output_reserve(ctx, out, total + 12345), PARE_OK);
    size_t at = 0;
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        assert_int_equal(pare_output_write(ctx, out, data + at, runs[i]), PARE_OK);
        at += runs[i];
        assert_true(pare_output_position(out) == at);
    }
    assert_int_equal(pare_output_commit(ctx, out), PARE_OK);
    check_content(p->path, data, total);
    struct stat st;
    assert_int_equal(stat(p->path, &st), 0);
    assert_true((size_t)st.st_blocks * 512 < total + 12345); /* the reserve was given back */
    free(data);
}

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void permissions_are_kept_or_follow_the_umask(void **state)
{
    place *p = *state;
    pare_ctx *ctx = &p->t.ctx;
    static const mode_t modes[] = { 0640, 0600, 0444, 0755 };
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(p->path, modes[i]), 0);
        pare_output *out = NULL;
        assert_int_equal(pare_output_open(ctx, &out, p->path), PARE_OK);
        /* no wider, not even for a moment */
        assert_int_equal(mode_of(p->temp) & ~modes[i] & 0077, 0);
        assert_int_equal(pare_output_commit(ctx, out), PARE_OK);
        assert_int_equal(mode_of(p->path), modes[i]);
    }
    const mode_t mask = umask(027);
    unlink(p->path);
    assert_int_equal(write_all(ctx, p->path, "x", 1), PARE_OK);
    umask(mask);
    assert_int_equal(mode_of(p->path), 0640);
}

static void a_link_is_replaced_not_followed(void **state)
{
    place *p = *state;
    char link[TEST_PATH_BYTES];
    test_join(link, p->dir, "link");
    assert_int_equal(symlink("out.bin", link), 0);
    assert_int_equal(write_all(&p->t.ctx, link, "new", 3), PARE_OK);
    check_content(p->path, "old", 3);
    check_content(link, "new", 3);
    struct stat st;
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISREG(st.st_mode));
}

static void impossible_targets_are_refused(void **state)
{
    place *p = *state;
    pare_ctx *ctx = &p->t.ctx;
    char path[TEST_PATH_BYTES];
    pare_output *out = NULL;
    assert_int_equal(pare_output_open(ctx, &out, p->dir), PARE_EUSAGE);
    check_message(p, "is a folder");
    assert_int_equal(pare_output_open(ctx, &out, ""), PARE_EUSAGE);
    assert_int_equal(pare_output_open(ctx, &out, "/"), PARE_EUSAGE);
    assert_int_equal(pare_output_open(ctx, &out, test_join(path, p->dir, "..")), PARE_EUSAGE);
    assert_int_equal(pare_output_open(ctx, &out, test_join(path, p->dir, "out.bin/x")), PARE_EIO);
    check_message(p, "Not a directory");
    assert_int_equal(pare_output_open(ctx, &out, test_join(path, p->dir, "none/x")), PARE_EIO);
    check_message(p, "No such file or directory");
    test_join(path, p->dir, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pare_output_open(ctx, &out, path), PARE_EUSAGE);
    check_message(p, "not a regular file");
    unlink(path);
    assert_null(out);
    check_untouched(p);
}

static void a_path_without_folder_is_here(void **state)
{
    place *p = *state;
    char here[TEST_PATH_BYTES];
    assert_non_null(getcwd(here, sizeof(here)));
    assert_int_equal(chdir(p->dir), 0);
    const pare_status st = write_all(&p->t.ctx, "out.bin", "new", 3);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(st, PARE_OK);
    check_content(p->path, "new", 3);
}

static void names_of_full_length_work(void **state)
{
    place *p = *state;
    char name[NAME_MAX + 1];
    char path[TEST_PATH_BYTES];
    for (size_t n = NAME_MAX - 12; n <= NAME_MAX; n++) {
        memset(name, 'n', n);
        name[n] = '\0';
        test_join(path, p->dir, name);
        assert_int_equal(write_all(&p->t.ctx, path, &n, sizeof(n)), PARE_OK);
        check_content(path, &n, sizeof(n));
    }
    assert_int_equal(count_files(p->dir), 1 + 13);
}

static void leftovers_of_a_killed_writer_are_replaced(void **state)
{
    place *p = *state;
    int to_parent[2];
    assert_int_equal(pipe(to_parent), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        pare_ctx ctx;
        pare_output *out = NULL;
        pare_ctx_init(&ctx, NULL);
        uint8_t *junk = calloc(3, MIB);
        const bool ok = !pare_output_open(&ctx, &out, p->path) &&
                        !pare_output_write(&ctx, out, junk, 3 * (size_t)MIB);
        if (write(to_parent[1], ok ? "1" : "0", 1) == 1) pause();
        _exit(1);
    }
    char ok = 0;
    assert_int_equal(read(to_parent[0], &ok, 1), 1);
    assert_int_equal(ok, '1');

    /* It lives: nobody else may write. */
    assert_int_equal(write_all(&p->t.ctx, p->path, "new", 3), PARE_EIO);
    check_message(p, "another process is writing this file");
    check_content(p->path, "old", 3);

    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(to_parent[0]);
    close(to_parent[1]);
    assert_true(test_file_exists(p->temp));
    assert_int_equal(chmod(p->temp, 0444), 0);
    assert_int_equal(write_all(&p->t.ctx, p->path, "new", 3), PARE_OK);
    check_content(p->path, "new", 3);
    assert_int_equal(count_files(p->dir), 1);
}

static void check_lock(place *p)
{
    const int dir = open(p->dir, O_RDONLY | O_DIRECTORY);
    const int lock = pare_output_lock(dir, "out.bin");
    assert_true(lock >= 0);
    assert_true(pare_output_lock(dir, "out.bin") < 0);
    pare_output *out = NULL;
    assert_int_equal(pare_output_open(&p->t.ctx, &out, p->path), PARE_EIO);
    pare_output_unlock(dir, "out.bin", lock);
    close(dir);
    check_untouched(p);
}

static void sweep_spares_what_is_in_use(void **state)
{
    place *p = *state;
    pare_output *out = NULL;
    assert_int_equal(pare_output_open(&p->t.ctx, &out, p->path), PARE_OK);
    pare_output_sweep(pare_output_dir(out), "out.bin");
    assert_true(test_file_exists(p->temp));
    pare_output_abort(&p->t.ctx, out);
    test_write_file(p->temp, "left", 4);
    check_lock(p);
    test_write_file(p->temp, "left", 4);
    const int dir = open(p->dir, O_RDONLY | O_DIRECTORY);
    pare_output_sweep(dir, "out.bin");
    pare_output_sweep(dir, "out.bin"); /* nothing there */
    close(dir);
    check_untouched(p);
}

static void planted_files_are_never_written_to(void **state)
{
    place *p = *state;
    char victim[TEST_PATH_BYTES];
    test_join(victim, p->dir, "victim");
    test_write_file(victim, "precious", 8);
    assert_int_equal(link(victim, p->temp), 0);
    assert_int_equal(write_all(&p->t.ctx, p->path, "new", 3), PARE_OK);
    check_content(victim, "precious", 8);
    check_content(p->path, "new", 3);

    assert_int_equal(symlink("victim", p->temp), 0);
    assert_int_equal(write_all(&p->t.ctx, p->path, "newer", 5), PARE_EIO);
    check_message(p, "cannot create '.out.bin.pare-tmp'");
    unlink(p->temp);
    assert_int_equal(mkfifo(p->temp, 0600), 0);
    assert_int_equal(write_all(&p->t.ctx, p->path, "newer", 5), PARE_EIO);
    check_message(p, "cannot create '.out.bin.pare-tmp'");
    check_content(victim, "precious", 8);
    check_content(p->path, "new", 3);
}

static void a_temporary_file_taken_away_fails_the_commit(void **state)
{
    place *p = *state;
    pare_output *out = NULL;
    assert_int_equal(pare_output_open(&p->t.ctx, &out, p->path), PARE_OK);
    unlink(p->temp);
    test_write_file(p->temp, "foreign", 7);
    assert_int_equal(pare_output_commit(&p->t.ctx, out), PARE_EIO);
    check_message(p, "taken away");
    check_content(p->path, "old", 3);
    check_content(p->temp, "foreign", 7);
}

static void permission_denied_is_said(void **state)
{
    place *p = *state;
    assert_int_equal(chmod(p->dir, 0555), 0);
    const bool root = geteuid() == 0;
    if (root) assert_int_equal(seteuid(65534), 0);
    const pare_status st = write_all(&p->t.ctx, p->path, "new", 3);
    if (root) assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(p->dir, 0755), 0);
    assert_int_equal(st, PARE_EIO);
    check_message(p, p->path);
    check_message(p, "Permission denied");
    check_untouched(p);
}

/* Writes more than there is room for, with and without saying so first. */
static void check_full(place *p, const char *path, const char *reason)
{
    pare_ctx *ctx = &p->t.ctx;
    pare_output *out = NULL;
    assert_int_equal(pare_output_open(ctx, &out, path), PARE_OK);
    assert_int_equal(pare_output_reserve(ctx, out, 8 * MIB), PARE_EIO);
    check_message(p, reason);
    check_message(p, path);
    assert_int_equal(pare_output_write(ctx, out, "x", 1), PARE_EIO); /* it sticks */
    assert_int_equal(pare_output_commit(ctx, out), PARE_EIO);

    uint8_t *data = calloc(8, MIB);
    assert_non_null(data);
    assert_int_equal(write_all(ctx, path, data, 8 * (size_t)MIB), PARE_EIO);
    check_message(p, reason);
    assert_int_equal(pare_output_open(ctx, &out, path), PARE_OK);
    pare_status st = PARE_OK;
    for (int i = 0; i < 16; i++) st = pare_output_write(ctx, out, data, MIB / 2);
    assert_int_equal(st, PARE_EIO);
    pare_output_abort(ctx, out);
    check_content(path, "old", 3);
    free(data);
}

static void a_full_disk_is_found_and_said(void **state)
{
    place *p = *state;
    char disk[TEST_PATH_BYTES];
    char path[TEST_PATH_BYTES];
    test_join(disk, p->dir, "disk");
    assert_int_equal(mkdir(disk, 0755), 0);
    if (mount("tmpfs", disk, "tmpfs", 0, "size=2m")) test_skip("a small file system needs root");
    test_write_file(test_join(path, disk, "out.bin"), "old", 3);
    check_full(p, path, "No space left on device");
    const int n_files = count_files(disk);
    assert_int_equal(umount2(disk, MNT_DETACH), 0);
    assert_int_equal(n_files, 1);
}

static void a_size_limit_is_found_and_said(void **state)
{
    place *p = *state;
    struct rlimit old;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 2 * MIB, old.rlim_max }), 0);
    check_full(p, p->path, "File too large");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, handler);
    check_untouched(p);
}

static void cancel_stops_between_writes(void **state)
{
    place *p = *state;
    pare_ctx *ctx = &p->t.ctx;
    volatile sig_atomic_t cancel = 0;
    ctx->opts.cancel = &cancel;
    pare_output *out = NULL;
    uint8_t *data = calloc(2, MIB);
    assert_non_null(data);
    assert_int_equal(pare_output_open(ctx, &out, p->path), PARE_OK);
    assert_int_equal(pare_output_write(ctx, out, data, 2 * (size_t)MIB), PARE_OK);
    cancel = 1;
    assert_int_equal(pare_output_write(ctx, out, data, 2 * (size_t)MIB), PARE_ECANCELED);
    cancel = 0;
    assert_int_equal(pare_output_commit(ctx, out), PARE_ECANCELED);
    free(data);
    check_untouched(p);
}

typedef struct steps {
    unsigned n;
    uint64_t last, total;
} steps;

static void count_steps(void *user, const pare_progress *step)
{
    steps *s = user;
    assert_string_equal(step->phase, "write");
    assert_true(step->done > s->last && step->done <= step->total);
    s->last = step->done;
    s->total = step->total;
    s->n++;
}

static void progress_counts_from_where_it_is_told(void **state)
{
    place *p = *state;
    steps s = { 0, 50, 0 };
    pare_ctx ctx;
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .progress = count_steps, .user = &s });
    const size_t n = 20 * (size_t)MIB;
    uint8_t *data = calloc(1, n);
    assert_non_null(data);
    pare_output *out = NULL;
    assert_int_equal(pare_output_open(&ctx, &out, p->path), PARE_OK);
    pare_output_report(out, "write", 50, 50 + n + 3);
    assert_int_equal(pare_output_write(&ctx, out, data, n), PARE_OK);
    assert_int_equal(pare_output_write(&ctx, out, "end", 3), PARE_OK);
    assert_int_equal(pare_output_commit(&ctx, out), PARE_OK);
    assert_true(s.n >= 4 && s.last == 50 + n + 3 && s.total == s.last);
    free(data);
}

static void commit_as_takes_the_other_name(void **state)
{
    place *p = *state;
    pare_ctx *ctx = &p->t.ctx;
    char other[TEST_PATH_BYTES];
    pare_output *out = NULL;
    assert_int_equal(pare_output_open(ctx, &out, p->path), PARE_OK);
    assert_int_equal(pare_output_write(ctx, out, "new", 3), PARE_OK);
    assert_int_equal(pare_output_commit_as(ctx, out, "out-1.bin"), PARE_OK);
    check_content(p->path, "old", 3);
    check_content(test_join(other, p->dir, "out-1.bin"), "new", 3);
}

static pare_status write_new(pare_ctx *ctx, void *user)
{
    return write_all(ctx, user, "new", 3);
}

static void short_memory_leaves_the_old_file(void **state)
{
    place *p = *state;
    assert_true(test_ctx_torture(write_new, p->path) > 0);
    check_content(p->path, "new", 3);
    assert_int_equal(count_files(p->dir), 1);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(target_changes_only_on_commit),
        CASE(abort_leaves_no_trace),
        CASE(runs_of_any_length_arrive),
        CASE(permissions_are_kept_or_follow_the_umask),
        CASE(a_link_is_replaced_not_followed),
        CASE(impossible_targets_are_refused),
        CASE(a_path_without_folder_is_here),
        CASE(names_of_full_length_work),
        CASE(leftovers_of_a_killed_writer_are_replaced),
        CASE(sweep_spares_what_is_in_use),
        CASE(planted_files_are_never_written_to),
        CASE(a_temporary_file_taken_away_fails_the_commit),
        CASE(permission_denied_is_said),
        CASE(a_full_disk_is_found_and_said),
        CASE(a_size_limit_is_found_and_said),
        CASE(cancel_stops_between_writes),
        CASE(progress_counts_from_where_it_is_told),
        CASE(commit_as_takes_the_other_name),
        CASE(short_memory_leaves_the_old_file),
    };
    return test_run(tests);
}
