#include "support/files.h"

#include "support/test.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *test_join(char out[TEST_PATH_BYTES], const char *dir, const char *name)
{
    const int n = snprintf(out, TEST_PATH_BYTES, "%s/%s", dir, name);
    if (n < 0 || n >= TEST_PATH_BYTES) fail_msg("path too long: %s/%s", dir, name);
    return out;
}

char *test_data_path(char out[TEST_PATH_BYTES], const char *relative)
{
    const char *dir = getenv("TESTDATA");
    return test_join(out, dir ? dir : PARE_SOURCE_DIR "/testdata", relative);
}

char *test_source_path(char out[TEST_PATH_BYTES], const char *relative)
{
    return test_join(out, PARE_SOURCE_DIR, relative);
}

char *test_shared_path(char out[TEST_PATH_BYTES], const char *relative)
{
    const char *dir = getenv("PARE_SHARED");
    test_join(out, dir ? dir : PARE_SOURCE_DIR "/../shared", relative);
    return test_file_exists(out) ? out : NULL;
}

char *test_temp_dir(char out[TEST_PATH_BYTES])
{
    const char *dir = getenv("TMPDIR");
    test_join(out, dir ? dir : "/tmp", "pare-test-XXXXXX");
    if (!mkdtemp(out)) fail_msg("%s: %s", out, strerror(errno));
    return out;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    return remove(path);
}

void test_remove_tree(const char *path)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS)) fail_msg("%s: %s", path, strerror(errno));
}

uint8_t *test_read_file(const char *path, size_t *n_bytes)
{
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s: %s", path, strerror(errno));
    uint8_t *data = NULL;
    size_t n = 0;
    for (size_t cap = 1 << 12;; cap *= 2) {
        data = realloc(data, cap);
        assert_non_null(data);
        n += fread(data + n, 1, cap - 1 - n, f);
        if (n < cap - 1) break;
    }
    if (ferror(f)) fail_msg("%s: cannot be read", path);
    fclose(f);
    data[n] = 0;
    if (n_bytes) *n_bytes = n;
    return data;
}

void test_write_file(const char *path, const void *data, size_t n_bytes)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, n_bytes, f) != n_bytes || fclose(f))
        fail_msg("%s: %s", path, strerror(errno));
}

bool test_file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}
