/* The real models and the ONNX backend test data of the shared data, as lists of files. */
#ifndef TESTS_SUPPORT_CONFORMANCE_H
#define TESTS_SUPPORT_CONFORMANCE_H

#include "op/eval.h"
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

/* Files of one data set of a case: input_0.pb, ... and output_0.pb, ... in folder; of the light
 * models, which are fed 0, 1/n, 2/n, ..., only MODEL_output_0.pb. */
typedef struct test_data_set {
    const char *model_path, *folder;
    bool is_light;
} test_data_set;

/* Path of file `i` of a kind ("input", "output"). */
void test_data_set_path(char *out, size_t out_bytes, const test_data_set *set, const char *what,
                        size_t i);

/* Reads what a model is fed; inputs has room for all of its inputs. */
pare_status test_read_inputs(pare_ctx *ctx, const pare_model *model, const test_data_set *set,
                             pare_eval_input *inputs, size_t *n);

#endif
