#include "support/conformance.h"

#include "formats/onnx/value.h"
#include "support/test.h"

#include <errno.h>
#include <fts.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* 0, 1/n, 2/n, ...: what the light models are fed. */
static pare_status make_ramp(pare_ctx *ctx, pare_datum *out, const pare_type *type)
{
    int64_t dims[PARE_MAX_DIMS];
    pare_tensor *tensor = NULL;
    for (uint32_t i = 0; i < type->rank; i++) dims[i] = type->dims[i].value;
    PARE_TRY(pare_tensor_new(ctx, &tensor, PARE_FLOAT, type->rank, dims));
    float *x = (float *)(void *)tensor->owner->data;
    for (int64_t i = 0; i < tensor->n_elements; i++)
        x[i] = (float)i / (float)tensor->n_elements;
    *out = (pare_datum){ .kind = PARE_TYPE_TENSOR, .tensor = tensor };
    return PARE_OK;
}

void test_data_set_path(char *out, size_t out_bytes, const test_data_set *set, const char *what,
                        size_t i)
{
    const int stem = (int)(strlen(set->model_path) - strlen(".onnx"));
    if (set->is_light) snprintf(out, out_bytes, "%.*s_%s_%zu.pb", stem, set->model_path, what, i);
    else snprintf(out, out_bytes, "%s/%s_%zu.pb", set->folder, what, i);
}

pare_status test_read_inputs(pare_ctx *ctx, const pare_model *model, const test_data_set *set,
                             pare_eval_input *inputs, size_t *n)
{
    const pare_decls *decls = &model->graph->inputs;
    char path[TEST_PATH_BYTES + 64];
    *n = 0;
    for (size_t i = 0; i < decls->n; i++) {
        const pare_value *v = &model->values[decls->items[i].value];
        pare_eval_input *input = &inputs[*n];
        test_data_set_path(path, sizeof(path), set, "input", i);
        if (!set->is_light && access(path, F_OK) != 0) continue; /* an initializer's default */
        if (set->is_light && v->tensor) continue;
        input->name = v->name;
        if (set->is_light) PARE_TRY(make_ramp(ctx, &input->datum, v->type));
        else PARE_TRY(pare_onnx_read_value(ctx, &input->datum, path, v->type));
        (*n)++;
    }
    return PARE_OK;
}
