/* Files for tests: where data lies, temporary folders, whole files. */
#ifndef TESTS_SUPPORT_FILES_H
#define TESTS_SUPPORT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEST_PATH_BYTES = 4096 };

/* Path of a file of testdata/ ($TESTDATA, else of the source folder). Returns out. */
char *test_data_path(char out[TEST_PATH_BYTES], const char *relative);

/* Path of a file of the source tree. Returns out. */
char *test_source_path(char out[TEST_PATH_BYTES], const char *relative);

/* Path of a file or folder of the shared data ($PARE_SHARED, else `shared` beside the source
 * folder), e.g. "data/models/mnist". NULL when it is not there: call test_skip. */
char *test_shared_path(char out[TEST_PATH_BYTES], const char *relative);

/* New empty folder below $TMPDIR. The test fails when that cannot be. Returns out. */
char *test_temp_dir(char out[TEST_PATH_BYTES]);

/* Removes a folder with all that is in it; links are not followed. */
void test_remove_tree(const char *path);

/* "dir/name". Returns out. */
char *test_join(char out[TEST_PATH_BYTES], const char *dir, const char *name);

/* A whole file in memory for the caller to free(), with a NUL behind it that *n_bytes does not
 * count. The test fails when it cannot be read. n_bytes may be NULL. */
uint8_t *test_read_file(const char *path, size_t *n_bytes);

/* Writes a whole file; the test fails when that cannot be. */
void test_write_file(const char *path, const void *data, size_t n_bytes);

bool test_file_exists(const char *path);

#endif
