/* Formats, labels, constants, the golden sample, and what is said about what is wrong. */
#include "support/test.h"

#include "formats/dataset/data.h"
#include "ir/tensor.h"
#include "support/archives.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char root[TEST_PATH_BYTES];

static const int64_t pair[] = { -1, 2 }, triple[] = { 1, 3 }, square[] = { -1, 1, 2, 2 },
                     flat[] = { -1, 4 }, pixels[] = { -1, 3, 32, 32 }, state_dims[] = { 2, 1, 3 },
                     one[] = { 2 }, gray8[] = { -1, 1, 8, 8 };

#define IN(name, dtype, dims) \
    { name, dtype, true, sizeof(dims) / sizeof((dims)[0]), dims }

static pare_status open_path(test_ctx *t, pare_dataset **out, const char *path,
                             const pare_data_input *inputs, size_t n, int64_t n_classes)
{
    char dir[TEST_PATH_BYTES], full[TEST_PATH_BYTES];
    const pare_data_opts opts = { .inputs = inputs, .n_inputs = n, .n_classes = n_classes };
    test_join(full, test_join(dir, root, "data"), path);
    return pare_data_open(&t->ctx, out, full, &opts);
}

static pare_status open_text(test_ctx *t, pare_dataset **out, const char *yaml,
                             const pare_data_input *inputs, size_t n, int64_t n_classes)
{
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_write_file(test_join(path, test_join(dir, root, "data"), "D.yaml"), yaml, strlen(yaml));
    return open_path(t, out, "D.yaml", inputs, n, n_classes);
}

/* --- values ----------------------------------------------------------------------------------- */

typedef struct value_row {
    const char *yaml; /* or a path when it has no colon */
    pare_data_input want;
    uint64_t n;
    uint64_t sample;    /* whose values are */
    double values[4];   /* the first ones */
    size_t n_values;
    int64_t label;
    uint32_t rank;
    bool no_batch;
} value_row;

static const value_row value_rows[] = {
    { "x.npy", IN("x", PARE_FLOAT, pair), 6, 2, { 4, 5 }, 2, -1, 2, false },
    { "x.npy", IN("x", PARE_INT32, pair), 6, 5, { 10, 11 }, 2, -1, 2, false },
    { "x.npy", IN("x", PARE_FLOAT, one), 6, 5, { 10, 11 }, 2, -1, 1, true },
    { "fortran.npy", { "x", PARE_FLOAT, false, 0, NULL }, 2, 1, { 3, 4, 5 }, 3, -1, 2, false },
    { "set.npz", IN("x", PARE_FLOAT, pair), 6, 1, { 2, 3 }, 2, 1, 2, false },
    { "packed.npz", IN("x", PARE_FLOAT, pair), 6, 5, { 10, 11 }, 2, 2, 2, false },
    { "source: set.npz\nkey: meta\nlabels: {key: labels, offset: 1}\n",
      IN("x", PARE_INT64, triple), 6, 5, { 15, 16, 17 }, 3, 3, 2, false },
    { "source: x.npy\nlabels: {source: set.npz, key: labels}\npreprocess: [{divide: 2}]\n",
      IN("x", PARE_FLOAT, pair), 6, 1, { 1, 1.5 }, 2, 1, 2, false },
    { "a-images-idx3-ubyte", IN("x", PARE_FLOAT, square), 3, 2, { 8, 9, 10, 11 }, 4, 9, 4, false },
    { "b-images-idx3-ubyte.gz", IN("x", PARE_FLOAT, flat), 3, 1, { 4, 5, 6, 7 }, 4, 8, 2, false },
    { "wide.idx", { "x", 0, false, 0, NULL }, 2, 1, { -2 }, 1, -1, 2, false },
    { "cifar", IN("x", PARE_FLOAT, pixels), 4, 3, { 150, 150 }, 2, 3, 4, false },
    { "train100.bin", IN("x", PARE_FLOAT, pixels), 3, 1, { 1, 1 }, 2, 11, 4, false },
    { "source: train100.bin\nlabels: coarse\n", IN("x", PARE_FLOAT, pixels), 3, 1, { 1 }, 1, 1, 4,
      false },
    { "source: one-class\nlabels: folders\npreprocess: [{color: gray}]\n",
      IN("x", PARE_FLOAT, gray8), 2, 0, { 7, 7 }, 2, 0, 4, false },
    { "source: links/0.png\npreprocess: [{color: gray}]\n", IN("x", PARE_UINT8, gray8), 1, 0,
      { 7 }, 1, -1, 4, false },
};

static double number_at(const pare_tensor *t, size_t i)
{
    float f;
    double d;
    int64_t i64;
    int32_t i32;
    switch (t->dtype) {
    case PARE_FLOAT: memcpy(&f, t->payload.data + 4 * i, 4); return (double)f;
    case PARE_DOUBLE: memcpy(&d, t->payload.data + 8 * i, 8); return d;
    case PARE_INT64: memcpy(&i64, t->payload.data + 8 * i, 8); return (double)i64;
    case PARE_INT32: memcpy(&i32, t->payload.data + 4 * i, 4); return i32;
    default: return t->payload.data[i];
    }
}

static void every_format_gives_its_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(value_rows) / sizeof(value_rows[0]); i++) {
        const value_row *r = &value_rows[i];
        test_ctx t;
        pare_dataset *d = NULL;
        pare_tensor *x = NULL;
        test_ctx_init(&t);
        pare_status (*const open)(test_ctx *, pare_dataset **, const char *,
                                  const pare_data_input *, size_t, int64_t) =
            strchr(r->yaml, ':') ? open_text : open_path;
        if (open(&t, &d, r->yaml, &r->want, 1, 0)) fail_msg("%s: %s", r->yaml, t.ctx.message);
        assert_int_equal(d->n, r->n);
        assert_int_equal(d->has_labels, r->label >= 0);
        assert_int_equal(d->label(d->self, r->sample), r->label);
        assert_int_equal(d->has_batch[0], !r->no_batch);
        assert_string_equal(d->inputs[0], "x");
        if (d->load(d->self, &t.ctx, r->sample, &x)) fail_msg("%s: %s", r->yaml, t.ctx.message);
        assert_int_equal(x->rank, r->rank);
        if (r->want.dtype) assert_int_equal(x->dtype, r->want.dtype);
        for (size_t k = 0; k < r->n_values; k++)
            if (number_at(x, k) != r->values[k])
                fail_msg("%s: value %zu is %g", r->yaml, k, number_at(x, k));
        pare_tensor_unref(x);
        pare_data_close(&t.ctx, d);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

/* --- several inputs --------------------------------------------------------------------------- */

static void inputs_come_from_sources_and_constants(void **state)
{
    (void)state;
    static const pare_data_input inputs[] = {
        IN("meta", PARE_INT32, triple), IN("image", PARE_FLOAT, pair),
        IN("h0", PARE_FLOAT16, state_dims), IN("sr", PARE_INT64, one), IN("s", PARE_FLOAT, pair),
    };
    test_ctx t;
    pare_dataset *d = NULL;
    pare_tensor *x[5] = { NULL };
    test_ctx_init(&t);
    if (open_text(&t, &d, "inputs:\n  image: {source: set.npz, key: x}\n  h0: ones\n  sr: 16000\n"
                  "  meta: {source: set.npz}\n  s: {constant: state.npy}\nlabels: labels\n"
                  "output: logits\nmetrics: [top5, {name: wer, command: [python3, w.py]}]\n"
                  "split: {calibrate: 0-1, eval: rest}\n", inputs, 5, 3))
        fail_msg("%s", t.ctx.message);
    assert_int_equal(d->n_inputs, 5);
    assert_string_equal(d->inputs[1], "h0");
    assert_string_equal(d->output, "logits");
    assert_string_equal(d->metric, "top5");
    assert_int_equal(d->n_metrics, 2);
    assert_string_equal(d->metrics[1].command[1], "w.py");
    assert_int_equal(d->load(d->self, &t.ctx, 4, x), PARE_OK);
    assert_int_equal(number_at(x[0], 1), 9);      /* image */
    assert_int_equal(x[1]->payload.data[1], 0x3c); /* h0: 1 in float16 */
    assert_int_equal(x[1]->n_elements, 6);
    assert_int_equal(number_at(x[2], 1), 16000);
    assert_int_equal(number_at(x[3], 2), 14); /* meta */
    assert_int_equal(number_at(x[4], 1), 8);
    assert_true(d->has_batch[0] && d->has_batch[3] && !d->has_batch[1]);
    for (int i = 0; i < 5; i++) pare_tensor_unref(x[i]);
    pare_dataset *c = NULL;
    const pare_data_choice calibrate = { .split = PARE_DATA_CALIBRATE };
    assert_int_equal(pare_data_choose(&t.ctx, &c, d, &calibrate), PARE_OK);
    assert_int_equal(c->n, 2);
    assert_int_equal(c->row(c->self, 1), 1);
    pare_data_close(&t.ctx, c);
    pare_data_close(&t.ctx, d);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void test_vectors_give_inputs_and_outputs(void **state)
{
    (void)state;
    static const int64_t single[] = { 1, 1 };
    static const pare_data_input inputs[] = { IN("a", PARE_FLOAT, pair),
                                              IN("b", PARE_FLOAT, single) };
    test_ctx t;
    pare_dataset *d = NULL;
    pare_tensor *x[2] = { NULL }, *y = NULL;
    test_ctx_init(&t);
    if (open_path(&t, &d, "vectors", inputs, 2, 0)) fail_msg("%s", t.ctx.message);
    assert_int_equal(d->n, 12);
    assert_false(d->has_batch[0]);
    assert_int_equal(d->load(d->self, &t.ctx, 10, x), PARE_OK); /* 10 behind 9, not behind 1 */
    assert_int_equal(number_at(x[0], 0), 10);
    assert_int_equal(number_at(x[1], 0), -10);
    assert_int_equal(d->expected(d->self, &t.ctx, 10, 0, &y), PARE_OK);
    assert_int_equal(number_at(y, 0), 20);
    pare_tensor_unref(y);
    assert_int_equal(d->expected(d->self, &t.ctx, 10, 1, &y), PARE_OK);
    assert_null(y);
    pare_tensor_unref(x[0]);
    pare_tensor_unref(x[1]);
    pare_data_close(&t.ctx, d);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void labels_may_be_several_numbers(void **state)
{
    (void)state;
    static const pare_data_input want = IN("x", PARE_FLOAT, pair);
    test_ctx t;
    pare_dataset *d = NULL;
    pare_tensor *y = NULL;
    test_ctx_init(&t);
    if (open_path(&t, &d, "tokens.npz", &want, 1, 0)) fail_msg("%s", t.ctx.message);
    assert_true(d->has_labels);
    assert_int_equal(d->label(d->self, 0), PARE_NO_LABEL);
    assert_int_equal(d->labels(d->self, &t.ctx, 3, &y), PARE_OK);
    assert_int_equal(number_at(y, 1), 7);
    pare_tensor_unref(y);
    pare_data_close(&t.ctx, d);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void a_golden_sample_goes_the_same_way(void **state)
{
    (void)state;
    static const pare_data_input want = IN("x", PARE_FLOAT, gray8);
    test_ctx t;
    pare_dataset *d = NULL;
    pare_tensor *x = NULL, *y = NULL, *same = NULL;
    test_ctx_init(&t);
    if (open_text(&t, &d, "source: one-class\npreprocess: [{color: gray}, {divide: 2}]\n"
                  "golden: {sample: one-class/only/1.png, output: golden-output.npy}\n",
                  &want, 1, 0)) fail_msg("%s", t.ctx.message);
    assert_int_equal(d->golden(d->self, &t.ctx, &x, &y), PARE_OK);
    assert_int_equal(d->load(d->self, &t.ctx, 1, &same), PARE_OK);
    assert_int_equal(number_at(y, 0), 9);
    assert_memory_equal(x->payload.data, same->payload.data, x->payload.n);
    pare_tensor_unref(x);
    pare_tensor_unref(y);
    pare_tensor_unref(same);
    pare_data_close(&t.ctx, d);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void unreadable_ones_are_skipped_where_allowed(void **state)
{
    (void)state;
    static const pare_data_input want = IN("x", PARE_FLOAT, gray8);
    for (int skips = 0; skips < 2; skips++) {
        test_ctx t;
        pare_dataset *d = NULL;
        pare_tensor *x = NULL;
        char text[200];
        test_ctx_init(&t);
        snprintf(text, sizeof(text), "source: bad-images\npreprocess: [{color: gray}]\n%s",
                 skips ? "on-error: skip\n" : "");
        assert_int_equal(open_text(&t, &d, text, &want, 1, 0), PARE_OK);
        const pare_status st = d->load(d->self, &t.ctx, 1, &x);
        assert_int_equal(st, skips ? PARE_OK : PARE_EFORMAT);
        assert_null(x);
        if (!skips) assert_non_null(strstr(t.ctx.message, "bad-images/1.png: "));
        assert_int_equal(d->load(d->self, &t.ctx, 2, &x), PARE_OK);
        assert_non_null(x);
        pare_tensor_unref(x);
        pare_data_close(&t.ctx, d);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

/* --- what is wrong ---------------------------------------------------------------------------- */

typedef struct wrong_row {
    const char *yaml, *message;
    int64_t n_classes;
} wrong_row;

static const wrong_row wrong_rows[] = {
    { "sources: x.npy\n", "D.yaml:1: ", 0 },
    { "source: x.npy\npreproces: raw\n", "preprocess", 0 },
    { "metrics: [top1]\n", "expected 'source' or 'inputs'", 0 },
    { "source: x.npy\nsource: y\n", "twice", 0 },
    { "source: x.npy\nformat: jpeg\n", "D.yaml:2: ", 0 },
    { "source: x.npy\nmetrics: [top2]\n", "top", 0 },
    { "source: x.npy\nmetrics: [{name: a}]\n", "expected 'name' and 'command'", 0 },
    { "source: x.npy\nsplit: {calibrate: 7}\n",
      "D.yaml:2: 'calibrate' wants 7 samples; 6 of 6 are left", 0 },
    { "source: x.npy\nsplit: {calibrate: 4, eval: 3}\n", "'eval' wants 3 samples; 2 of 6", 0 },
    { "source: x.npy\nsplit: {calibrate: 6, eval: rest}\n", "nothing is left for 'eval'", 0 },
    { "source: x.npy\nsplit: {calibrate: 0-6}\n", "rows up to 5", 0 },
    { "source: x.npy\nsplit: {calibrate: 0-3, eval: 3-5}\n", "row 3 is in 'calibrate' already", 0 },
    { "source: x.npy\nsplit: {calibrate: 5-3}\n", "a percentage, 'rest' or rows like 0-255", 0 },
    { "source: x.npy\nsplit: {calibrate: 0%}\n", "found '0%'", 0 },
    { "source: x.npy\nsplit: {calibrate: rest, eval: rest}\n", "only one split can be the rest",
      0 },
    { "source: x.npy\nsplit: {validate: 3}\n", "'validate'", 0 },
    { "source: nothing.npz\n", "nothing.npz: No such file", 0 },
    { "source: texts\n", "no data that is known", 0 },
    { "source: texts\nformat: images\n", "expected images, found 1 other files", 0 },
    { "source: odd.bin\nformat: cifar10\n", "expected records of 3073 bytes, found a file of 4000",
      0 },
    { "source: short.idx\n", "expected 3 rows of 4 bytes as the header says, found 11 bytes", 0 },
    { "source: x.npy\nformat: idx\n", "expected an IDX file", 0 },
    { "source: set.npz\n", "which array the input 'z' is cannot be told from 'labels', 'meta', 'x'",
      0 },
    { "source: set.npz\nkey: y\n", "expected an array 'y', found 'labels', 'meta', 'x'", 0 },
    { "source: set.npz\nkey: x\nlabels: short-y.npy\n",
      "short-y.npy: expected 6 labels, one for each sample of", 0 },
    { "source: x.npy\nlabels: real-y.npy\n", "expected labels that are integers, found float", 0 },
    { "source: set.npz\nkey: x\nlabels: lables\n", "neither 'folders' nor an array of", 0 },
    { "source: set.npz\nkey: x\nlabels: labels\n",
      "row 2: expected a label from 0 to 1 as the model has 2 classes, found 2", 2 },
    { "source: set.npz\nkey: x\nlabels: {source: labels, offset: -1}\n",
      "expected a label of at least 0, found 0 with the offset -1", 0 },
    { "source: x.npy\nlabels: folders\n", "class folders need samples that are files", 0 },
    { "source: no-folder\nlabels: folders\n", "no-folder/1.png: expected every file in a folder",
      0 },
    { "source: x.npy\nlabels: texts/notes.txt\n", "lines need samples that are files", 0 },
    { "source: no-folder\nlabels: texts/notes.txt\n",
      "notes.txt:1: expected \"file class\", found 'text' without a class", 0 },
    { "source: no-folder\nlabels: lines-few.txt\n",
      "lines-few.txt: no line for '1.png'; 1 of the 2 files", 0 },
    { "source: no-folder\nlabels: lines-word.txt\n", "an integer as class, found 'cat'", 0 },
    { "source: no-folder\nlabels: lines-twice.txt\n",
      "lines-twice.txt:3: class 2 for '1.png', which has 1 in line 2", 0 },
    { "source: folder-links\n", "found a link to a folder", 0 },
    { "inputs: {z: zeros}\n", "one input with a 'source' at least", 0 },
    { "inputs: {z: {source: x.npy, constant: x.npy}}\n", "one of 'source', 'constant'", 0 },
    { "inputs: {z: {source: x.npy}}\nkey: a\n", "'key' belongs below an input", 0 },
    { "inputs: {q: {source: x.npy}}\n", "the model has no input 'q'", 0 },
    { "inputs: {z: noise}\n", "zeros, ones or a number, found 'noise'", 0 },
};

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const pare_data_input want = IN("z", PARE_FLOAT, pair);
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_join(dir, root, "data");
    test_write_file(test_join(path, dir, "lines-few.txt"), "a/0.png 1\n", 10);
    test_write_file(test_join(path, dir, "lines-word.txt"), "a/0.png 1\n1.png cat\n", 20);
    test_write_file(test_join(path, dir, "lines-twice.txt"), "a/0.png 1\n1.png 1\n1.png 2\n", 26);
    for (size_t i = 0; i < sizeof(wrong_rows) / sizeof(wrong_rows[0]); i++) {
        const wrong_row *r = &wrong_rows[i];
        test_ctx t;
        pare_dataset *d = NULL;
        test_ctx_init(&t);
        const pare_status st = open_text(&t, &d, r->yaml, &want, 1, r->n_classes);
        if ((st != PARE_EFORMAT && st != PARE_EUNSUPPORTED) || d ||
            !strstr(t.ctx.message, r->message))
            fail_msg("%s: status %d, '%s'", r->yaml, st, t.ctx.message);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

static void samples_that_do_not_fit_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        pare_data_input want;
        uint64_t sample;
        const char *message;
    } rows[] = {
        { "nan.npz", IN("x", PARE_FLOAT, pair), 1, "nan.npz: row 1: element 1: expected a number" },
        { "big.npy", { "x", PARE_INT32, false, 0, NULL }, 1,
          "big.npy: row 1: element 0: the model takes int32" },
        { "x.npy", IN("x", PARE_FLOAT, triple), 0,
          "x.npy: row 0: input 'x' takes [1,3], found [1,2]" },
        { "one-class", IN("x", PARE_FLOAT, pixels), 0,
          "/0.png: input 'x' takes [?,3,32,32], found [1,3,8,8]; write {resize: ...}" },
        { "one-class", IN("x", PARE_FLOAT, gray8), 0, "write {color: gray}" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_ctx t;
        pare_dataset *d = NULL;
        pare_tensor *x = NULL;
        test_ctx_init(&t);
        if (open_path(&t, &d, rows[i].path, &rows[i].want, 1, 0)) fail_msg("%s", t.ctx.message);
        assert_int_equal(d->load(d->self, &t.ctx, rows[i].sample, &x), PARE_EFORMAT);
        assert_null(x);
        if (!strstr(t.ctx.message, rows[i].message)) fail_msg("%s", t.ctx.message);
        pare_data_close(&t.ctx, d);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

static void what_may_be_meant_otherwise_is_warned_about(void **state)
{
    (void)state;
    static const pare_data_input want = IN("x", PARE_FLOAT, gray8);
    test_ctx t;
    pare_dataset *d = NULL;
    test_ctx_init(&t);
    assert_int_equal(open_text(&t, &d, "source: numbers\nlabels: folders\n", &want, 1, 0), PARE_OK);
    assert_non_null(strstr(t.warning, "so that '2' is class 2"));
    assert_int_equal(d->label(d->self, 1), 1); /* of 10 */
    pare_data_close(&t.ctx, d);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* --- memory ----------------------------------------------------------------------------------- */

static pare_status work(pare_ctx *ctx, void *user)
{
    static const pare_data_input inputs[] = { IN("meta", PARE_INT32, triple),
                                              IN("x", PARE_FLOAT16, pair),
                                              IN("h0", PARE_FLOAT, state_dims) };
    const pare_data_opts opts = { .inputs = inputs, .n_inputs = 3 };
    pare_dataset *d = NULL;
    pare_tensor *x[3] = { NULL };
    pare_status st = pare_data_open(ctx, &d, user, &opts);
    if (!st) st = d->load(d->self, ctx, 1, x);
    for (int i = 0; i < 3; i++) pare_tensor_unref(x[i]);
    pare_data_close(ctx, d);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const char yaml[] = "inputs:\n  x: {source: set.npz}\n  h0: zeros\n"
                               "  meta: {source: packed.npz}\nlabels: labels\n"
                               "split: {calibrate: 50%, eval: rest}\nmetrics: [top1]\n";
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_join(path, test_join(dir, root, "data"), "T.yaml");
    test_write_file(path, yaml, sizeof(yaml) - 1);
    assert_true(test_ctx_torture(work, path) > 30);
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
        cmocka_unit_test(every_format_gives_its_values),
        cmocka_unit_test(inputs_come_from_sources_and_constants),
        cmocka_unit_test(test_vectors_give_inputs_and_outputs),
        cmocka_unit_test(labels_may_be_several_numbers),
        cmocka_unit_test(a_golden_sample_goes_the_same_way),
        cmocka_unit_test(unreadable_ones_are_skipped_where_allowed),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(samples_that_do_not_fit_are_named),
        cmocka_unit_test(what_may_be_meant_otherwise_is_warned_about),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return test_exit_status(cmocka_run_group_tests(tests, make, clean));
}
