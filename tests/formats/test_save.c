/* Where payloads go when a model is saved. */
#include "formats/onnx/onnx.h"
#include "ir/graph.h"
#include "support/conformance.h"
#include "support/files.h"
#include "support/models.h"
#include "support/place.h"
#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- external data ---------------------------------------------------------------------------- */

static void external_payloads_are_aligned_and_the_same(void **state)
{
    place *p = *state;
    char data[TEST_PATH_BYTES];
    place_must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 1);
    assert_int_equal(test_count_files(p->dir), 2);
    test_only_file(data, p->dir, ".data");
    const char *name = strrchr(data, '/') + 1;
    assert_int_equal(strlen(name), strlen("m.onnx-0123456789abcdef.data"));
    assert_int_equal(strncmp(name, "m.onnx-", 7), 0);

    pare_model *model = place_must_open(p, p->path);
    static const char *const outside[] = { "w", "b", "q" };
    for (size_t i = 0; i < 3; i++) {
        const pare_external *e = test_tensor_of(model, outside[i])->external;
        assert_non_null(e);
        assert_string_equal(e->location, name);
        assert_true(e->offset == 4096 * i);
    }
    assert_null(test_tensor_of(model, "shape")->external);
    assert_null(test_tensor_of(model, "words")->external);
    assert_null(test_tensor_of(model, "none")->external);
    pare_model_free(p->ctx, model);
    place_must_hold(p, p->path, p->model);

    /* w, b, q and e, zeros between. */
    size_t n = 0;
    uint8_t *bytes = test_read_file(data, &n);
    assert_int_equal(n, 3 * 4096 + 16);
    for (size_t i = 64; i < 4096; i++) assert_int_equal(bytes[i], 0);
    assert_int_equal(bytes[2 * 4096], 0x78);
    assert_int_equal(bytes[2 * 4096 + 1], 0x01);
    free(bytes);
}

static void the_least_size_is_minded(void **state)
{
    place *p = *state;
    place_must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 17);
    pare_model *model = place_must_open(p, p->path);
    assert_non_null(test_tensor_of(model, "w")->external);
    assert_null(test_tensor_of(model, "b")->external);
    assert_null(test_tensor_of(model, "shape")->external);
    pare_model_free(p->ctx, model);
    place_must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 65);
    assert_int_equal(test_count_files(p->dir), 1); /* the old data file went, none was needed */
    place_must_hold(p, p->path, p->model);
}

static void the_same_model_gives_the_same_files(void **state)
{
    place *p = *state;
    char other[TEST_PATH_BYTES];
    char first[TEST_PATH_BYTES];
    char second[TEST_PATH_BYTES];
    char path[TEST_PATH_BYTES];
    test_join(other, p->dir, "other");
    assert_int_equal(mkdir(other, 0777), 0);
    place_must_save(p, p->model, test_join(path, other, "m.onnx"), PARE_STORE_EXTERNAL, 1);
    test_only_file(first, other, ".data");
    place_must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 1);
    place_must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 1);
    assert_int_equal(test_count_files(p->dir), 3);
    test_join(second, p->dir, strrchr(first, '/') + 1);
    assert_true(test_same_content(first, second));
    assert_true(test_same_content(path, p->path));
}

static void equal_payloads_are_stored_once(void **state)
{
    place *p = *state;
    pare_value_id twin = PARE_NONE;
    const pare_value_id w = pare_graph_find(p->model->graph, "w");
    assert_int_equal(pare_value_new(p->ctx, &twin, p->model->graph, "twin"), PARE_OK);
    assert_int_equal(pare_value_set_tensor(p->ctx, p->model, twin, p->model->values[w].tensor),
                     PARE_OK);
    place_must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 17);
    pare_model *model = place_must_open(p, p->path);
    assert_true(test_tensor_of(model, "twin")->external->offset == 0);
    pare_model_free(p->ctx, model);
    place_must_hold(p, p->path, p->model);
}

static void data_of_a_private_model_is_private(void **state)
{
    place *p = *state;
    char data[TEST_PATH_BYTES];
    struct stat st;
    test_write_file(p->path, "old", 3);
    assert_int_equal(chmod(p->path, 0600), 0);
    place_must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 1);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(test_only_file(data, p->dir, ".data"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void data_of_earlier_models_goes(void **state)
{
    place *p = *state;
    char foreign[TEST_PATH_BYTES];
    char data[TEST_PATH_BYTES];
    static const char *const others[] = { "m.onnx-0123.data", "m.onnx-0123456789abcdeX.data",
                                          "n.onnx-0123456789abcdef.data",
                                          "m.onnx-0123456789abcdef.data2" };
    for (size_t i = 0; i < 4; i++) test_write_file(test_join(foreign, p->dir, others[i]), "x", 1);
    test_write_file(test_join(foreign, p->dir, "m.onnx-0123456789abcdef.data"), "old", 3);
    place_must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 1);
    assert_false(test_file_exists(foreign));
    assert_int_equal(test_count_files(p->dir), 6);
    float *values = NULL;
    uint8_t *bytes = NULL;
    pare_value *w = &p->model->values[pare_graph_find(p->model->graph, "w")];
    test_paths before = test_find_files(p->dir, ".data");
    assert_int_equal(pare_tensor_own(p->ctx, &w->tensor, &bytes), PARE_OK);
    values = (float *)bytes;
    values[0] = 42;
    place_must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 1);
    assert_int_equal(test_count_files(p->dir), 6);
    place_must_hold(p, p->path, p->model);
    place_must_save(p, p->model, p->path, PARE_STORE_EMBED, 0);
    assert_int_equal(test_count_files(p->dir), 5);
    for (size_t i = 0; i < 4; i++)
        assert_true(test_file_exists(test_join(data, p->dir, others[i])));
    test_paths_free(&before);
}

static void a_leftover_data_file_goes(void **state)
{
    place *p = *state;
    char left[TEST_PATH_BYTES];
    test_join(left, p->dir, ".m.onnx-0000000000000000.data.pare-tmp");
    test_write_file(left, "half", 4);
    place_must_save(p, p->model, p->path, PARE_STORE_KEEP, 0);
    assert_int_equal(test_count_files(p->dir), 1);
}

/* --- models that come with data files --------------------------------------------------------- */

static void kept_data_is_copied_to_another_folder(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], out[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    char data[TEST_PATH_BYTES], copy[TEST_PATH_BYTES], in[TEST_PATH_BYTES];
    pare_model *model = place_open_external(p, from);
    place_make_out(p, out, to);
    test_only_file(data, test_join(in, p->dir, "in"), ".data");
    for (int round = 0; round < 2; round++) { /* the second time it is there already */
        place_must_save(p, model, to, PARE_STORE_KEEP, 0);
        assert_true(test_same_content(from, to));
        assert_true(test_same_content(data, test_join(copy, out, strrchr(data, '/') + 1)));
        assert_int_equal(test_count_files(out), 2);
        pare_model_touch(model);
    }
    assert_int_equal(p->t.n_warnings, 0);
    place_must_hold(p, to, p->model);
    pare_model_free(p->ctx, model);
}

static void kept_data_is_shared_in_the_same_folder(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], to[TEST_PATH_BYTES], in[TEST_PATH_BYTES];
    pare_model *model = place_open_external(p, from);
    test_join(to, test_join(in, p->dir, "in"), "n.onnx");
    place_must_save(p, model, to, PARE_STORE_KEEP, 0);
    assert_true(test_same_content(from, to));
    assert_int_equal(test_count_files(in), 3);
    assert_int_equal(p->t.n_warnings, 1);
    assert_non_null(strstr(p->t.warning, "with the input"));
    place_must_hold(p, to, p->model);
    pare_model_free(p->ctx, model);
}

static void other_data_in_the_way_is_not_overwritten(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], out[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    char data[TEST_PATH_BYTES], there[TEST_PATH_BYTES], in[TEST_PATH_BYTES];
    pare_model *model = place_open_external(p, from);
    place_make_out(p, out, to);
    test_only_file(data, test_join(in, p->dir, "in"), ".data");
    test_join(there, out, strrchr(data, '/') + 1);
    struct stat st;
    assert_int_equal(stat(data, &st), 0);
    char *other = calloc(1, (size_t)st.st_size); /* as long, but other content */
    assert_non_null(other);
    test_write_file(there, other, (size_t)st.st_size);
    place_must_save(p, model, to, PARE_STORE_KEEP, 0);
    place_must_hold(p, to, p->model);
    size_t n = 0;
    uint8_t *still = test_read_file(there, &n);
    assert_memory_equal(still, other, n);
    free(still);
    free(other);

    /* Nor is what lies behind a link written to. */
    char victim[TEST_PATH_BYTES];
    test_write_file(test_join(victim, p->dir, "victim"), "precious", 8);
    unlink(there);
    assert_int_equal(symlink("../victim", there), 0);
    place_must_save(p, model, to, PARE_STORE_KEEP, 0);
    place_must_hold(p, to, p->model);
    assert_int_equal(stat(victim, &st), 0);
    assert_int_equal(st.st_size, 8);
    pare_model_free(p->ctx, model);
}

/* Gives all external tensors of the model another location, with the file there. */
static pare_model *open_moved(place *p, const char *location)
{
    char from[TEST_PATH_BYTES], in[TEST_PATH_BYTES], data[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    pare_model_free(p->ctx, place_open_external(p, from));
    test_join(in, p->dir, "in");
    test_only_file(data, in, ".data");
    const char *name = strrchr(data, '/') + 1;
    const size_t n_name = strlen(name);
    assert_int_equal(strlen(location), n_name); /* so that lengths stay as they are */
    size_t n = 0;
    uint8_t *bytes = test_read_file(from, &n);
    for (size_t i = 0; i + n_name <= n; i++)
        if (!memcmp(bytes + i, name, n_name)) memcpy(bytes + i, location, n_name);
    test_write_file(from, bytes, n);
    free(bytes);
    test_join(to, in, location);
    for (char *slash = strchr(to + strlen(in) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        assert_true(!mkdir(to, 0777) || errno == EEXIST);
        *slash = '/';
    }
    assert_int_equal(rename(data, to), 0);
    return place_must_open(p, from);
}

static void folders_of_kept_data_are_made(void **state)
{
    place *p = *state;
    char out[TEST_PATH_BYTES], to[TEST_PATH_BYTES], inner[TEST_PATH_BYTES];
    pare_model *model = open_moved(p, "weights/of/the/model/all.bin");
    place_make_out(p, out, to);
    place_must_save(p, model, to, PARE_STORE_KEEP, 0);
    place_must_hold(p, to, p->model);
    assert_true(test_file_exists(test_join(inner, out, "weights/of/the/model/all.bin")));

    /* Where one of them is a link to elsewhere, nothing goes there. */
    test_remove_tree(out);
    assert_int_equal(mkdir(out, 0777), 0);
    char elsewhere[TEST_PATH_BYTES];
    assert_int_equal(mkdir(test_join(elsewhere, p->dir, "elsewhere"), 0777), 0);
    assert_int_equal(symlink("../elsewhere", test_join(inner, out, "weights")), 0);
    place_must_save(p, model, to, PARE_STORE_KEEP, 0);
    place_must_hold(p, to, p->model);
    assert_int_equal(test_count_files(elsewhere), 0);

    /* A model named like the folder. */
    test_remove_tree(out);
    assert_int_equal(mkdir(out, 0777), 0);
    place_must_save(p, model, test_join(to, out, "weights"), PARE_STORE_KEEP, 0);
    place_must_hold(p, to, p->model);
    pare_model_free(p->ctx, model);
}

static void a_model_named_like_its_data_file_gets_other_data(void **state)
{
    place *p = *state;
    char out[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    pare_model *model = open_moved(p, "all-the-weights-there-are-ok");
    place_make_out(p, out, to);
    test_join(to, out, "all-the-weights-there-are-ok");
    place_must_save(p, model, to, PARE_STORE_KEEP, 0);
    place_must_hold(p, to, p->model);
    assert_int_equal(test_count_files(out), 2);
    pare_model_free(p->ctx, model);
}

static void embedding_takes_everything_in(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], out[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    char direct[TEST_PATH_BYTES];
    pare_model *model = place_open_external(p, from);
    place_make_out(p, out, to);
    place_must_save(p, model, to, PARE_STORE_EMBED, 0);
    place_must_save(p, p->model, test_join(direct, p->dir, "direct.onnx"), PARE_STORE_KEEP, 0);
    assert_true(test_same_content(to, direct));
    assert_int_equal(test_count_files(out), 1);
    /* And back: laid out as before. */
    place_must_save(p, model, to, PARE_STORE_EXTERNAL, 17);
    place_must_hold(p, to, p->model);
    assert_int_equal(test_count_files(out), 2);
    pare_model_free(p->ctx, model);
}

static void changed_tensors_are_told_from_kept_ones(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], out[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    pare_model *model = place_open_external(p, from);
    place_make_out(p, out, to);
    static const float ones[16] = { 1 };
    static const int64_t dims[] = { 4, 4 };
    pare_tensor *tensor = NULL;
    assert_int_equal(pare_tensor_from(p->ctx, &tensor, PARE_FLOAT, 2, dims, ones), PARE_OK);
    assert_int_equal(
        pare_value_set_tensor(p->ctx, model, pare_graph_find(model->graph, "w"), tensor), PARE_OK);
    pare_tensor_unref(tensor);
    place_must_save(p, model, to, PARE_STORE_KEEP, 0);
    pare_model *back = place_must_open(p, to);
    assert_null(test_tensor_of(back, "w")->external);
    assert_non_null(test_tensor_of(back, "b")->external);
    pare_model_free(p->ctx, back);
    place_must_hold(p, to, model);
    pare_model_free(p->ctx, model);
}

static void names_of_full_length_get_data_files_too(void **state)
{
    place *p = *state;
    char name[NAME_MAX + 1];
    char path[TEST_PATH_BYTES];
    for (size_t n = NAME_MAX - 24; n <= NAME_MAX; n += 3) {
        memset(name, 'n', n);
        name[n] = '\0';
        place_must_save(p, p->model, test_join(path, p->dir, name), PARE_STORE_EXTERNAL, 1);
        place_must_hold(p, path, p->model);
    }
    /* A name that no ONNX file could refer to. */
    place_must_save(p, p->model, test_join(path, p->dir, "\xff.onnx"), PARE_STORE_EXTERNAL, 1);
    place_must_hold(p, path, p->model);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, place_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(external_payloads_are_aligned_and_the_same),
        CASE(the_least_size_is_minded),
        CASE(the_same_model_gives_the_same_files),
        CASE(equal_payloads_are_stored_once),
        CASE(data_of_a_private_model_is_private),
        CASE(data_of_earlier_models_goes),
        CASE(a_leftover_data_file_goes),
        CASE(kept_data_is_copied_to_another_folder),
        CASE(kept_data_is_shared_in_the_same_folder),
        CASE(other_data_in_the_way_is_not_overwritten),
        CASE(folders_of_kept_data_are_made),
        CASE(a_model_named_like_its_data_file_gets_other_data),
        CASE(embedding_takes_everything_in),
        CASE(changed_tensors_are_told_from_kept_ones),
        CASE(names_of_full_length_get_data_files_too),
    };
    return test_run(tests);
}
