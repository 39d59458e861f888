/* The real models and the ONNX backend test data of the shared data, as lists of files. */
#ifndef TESTS_SUPPORT_CONFORMANCE_H
#define TESTS_SUPPORT_CONFORMANCE_H

#include "support/files.h"

typedef struct test_paths {
    char **items; /* sorted */
    size_t n;
} test_paths;

/* All regular files below dir whose names end in suffix. The caller frees with test_paths_free. */
test_paths test_find_files(const char *dir, const char *suffix);
void test_paths_free(test_paths *paths);

/* Folder with the 1914 cases of the backend test data (KIND/CASE/model.onnx and test_data_set_N/),
 * unpacked once per build folder. NULL when the archive is not there: call test_skip. */
char *test_conformance_dir(char out[TEST_PATH_BYTES]);

/* Folder of the real models; NULL when it is not there. */
char *test_models_dir(char out[TEST_PATH_BYTES]);

#endif
