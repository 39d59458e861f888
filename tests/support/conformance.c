#include "support/conformance.h"

#include "support/test.h"

#include <errno.h>
#include <fts.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

extern char **environ;

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

test_paths test_find_files(const char *dir, const char *suffix)
{
    test_paths found = { NULL, 0 };
    char *roots[] = { (char *)dir, NULL };
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!walk) fail_msg("%s: %s", dir, strerror(errno));
    for (FTSENT *f = fts_read(walk); f; f = fts_read(walk)) {
        const size_t n = strlen(f->fts_path);
        if (f->fts_info != FTS_F || n < strlen(suffix)) continue;
        if (strcmp(f->fts_path + n - strlen(suffix), suffix)) continue;
        found.items = realloc(found.items, (found.n + 1) * sizeof(*found.items));
        assert_non_null(found.items);
        found.items[found.n] = strdup(f->fts_path);
        assert_non_null(found.items[found.n++]);
    }
    fts_close(walk);
    if (found.n) qsort(found.items, found.n, sizeof(*found.items), by_text);
    return found;
}

void test_paths_free(test_paths *paths)
{
    for (size_t i = 0; i < paths->n; i++) free(paths->items[i]);
    free(paths->items);
    *paths = (test_paths){ NULL, 0 };
}

static void unpack(const char *archive, const char *dir)
{
    char *argv[] = { "tar", "--zstd", "-xf", (char *)archive, "-C", (char *)dir, NULL };
    pid_t pid = 0;
    int status = 0;
    const int error = posix_spawnp(&pid, "tar", NULL, NULL, argv, environ);
    if (error) fail_msg("tar: %s", strerror(error));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status) fail_msg("%s: cannot be unpacked (tar with zstd is needed)", archive);
}

char *test_conformance_dir(char out[TEST_PATH_BYTES])
{
    static const char inner[] = "conformance-v1.22.0";
    char archive[TEST_PATH_BYTES];
    char part[TEST_PATH_BYTES];
    const char *root = PARE_BINARY_DIR "/conformance";
    test_join(out, root, inner);
    if (test_file_exists(out)) return out;
    if (!test_shared_path(archive, "data/conformance/onnx-backend-v1.22.0.tar.zst")) return NULL;
    test_join(part, PARE_BINARY_DIR, "conformance-XXXXXX");
    if (!mkdtemp(part)) fail_msg("%s: %s", part, strerror(errno));
    unpack(archive, part);
    /* Whichever of several tests gets there first. */
    if (rename(part, root)) test_remove_tree(part);
    return test_file_exists(out) ? out : NULL;
}

char *test_models_dir(char out[TEST_PATH_BYTES])
{
    return test_shared_path(out, "data/models");
}
