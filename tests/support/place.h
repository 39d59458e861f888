/* A folder with a model to be saved in it, for tests of the writer. */
#ifndef TESTS_SUPPORT_PLACE_H
#define TESTS_SUPPORT_PLACE_H

#include "formats/onnx/onnx.h"
#include "support/files.h"
#include "support/test_ctx.h"

typedef struct place {
    test_ctx t;
    pare_ctx *ctx; /* &t.ctx */
    char dir[TEST_PATH_BYTES];
    char path[TEST_PATH_BYTES]; /* dir/m.onnx, not there yet */
    /* Initializers w [4,4], b [1,4], e [1,4] in a nested graph, shape [2], none (empty), words
     * (strings) and q (int4), and a constant in an attribute. */
    pare_model *model;
} place;

/* For cmocka. Tearing down checks that nothing has leaked. */
int place_set_up(void **state);
int place_tear_down(void **state);

pare_status place_save(place *p, const pare_model *model, const char *path,
                       pare_onnx_storage storage, uint64_t min_bytes);

/* The test fails when these do: saving; opening; holding all of what model says. */
void place_must_save(place *p, const pare_model *model, const char *path, pare_onnx_storage storage,
                     uint64_t min_bytes);
pare_model *place_must_open(place *p, const char *path);
void place_must_hold(place *p, const char *path, const pare_model *model);

/* The test fails unless the message of the last failure has this in it. */
void place_check_message(const place *p, const char *part);

/* Saves p->model to dir/in/m.onnx, all payloads external, and opens that. */
pare_model *place_open_external(place *p, char in_path[TEST_PATH_BYTES]);

/* Makes dir/out; returns out_path, dir/out/n.onnx. */
char *place_make_out(const place *p, char out[TEST_PATH_BYTES], char out_path[TEST_PATH_BYTES]);

/* Initializer of the main graph. */
const pare_tensor *test_tensor_of(const pare_model *model, const char *name);

/* Entries of a folder; the only file below it whose name ends so; whether two files are equal. */
int test_count_files(const char *dir);
char *test_only_file(char out[TEST_PATH_BYTES], const char *dir, const char *suffix);
bool test_same_content(const char *a, const char *b);

#endif
