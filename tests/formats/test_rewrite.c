/* What the IR does not know, or knows under several spellings, survives being built anew: a
 * model with every field of onnx.proto and an unknown one in each message. */
#include "formats/onnx/onnx.h"
#include "ir/graph.h"
#include "support/files.h"
#include "support/onnx_wire.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdlib.h>
#include <string.h>

/* Where the messages that are being written began. */
static size_t marks[32];
static size_t n_marks;

static void begin(wire *w, uint32_t field)
{
    marks[n_marks++] = wire_begin(w, field);
}

/* Each message ends in an unknown field. */
static void end(wire *w)
{
    wire_text(w, 900, "unknown");
    wire_end(w, marks[--n_marks]);
}

/* A message inside of another; body: expressions. */
#define IN(field, ...) (begin(w, (field)), __VA_ARGS__, end(w))

static void entry(wire *w, uint32_t field, const char *key, const char *value)
{
    begin(w, field);
    if (key) wire_text(w, 1, key);
    if (value) wire_text(w, 2, value);
    end(w);
}

/* A shape [n, "N", ?, -1], each with a denotation. */
static void shape(wire *w, uint32_t field, int64_t n)
{
    begin(w, field);
    IN(1, (wire_int(w, 1, n), wire_text(w, 3, "DATA_BATCH")));
    IN(1, (wire_text(w, 2, "N"), wire_text(w, 3, "")));
    IN(1, wire_text(w, 3, "DATA_CHANNEL"));
    IN(1, wire_int(w, 1, -1));
    end(w);
}

static void tensor_type(wire *w, uint32_t field, int32_t dtype)
{
    IN(field, (wire_int(w, 1, dtype), shape(w, 2, 7)));
}

/* TypeProto of every kind. */
static void type(wire *w, uint32_t field, int kind)
{
    begin(w, field);
    if (kind == 0) IN(1, (wire_int(w, 1, 1), shape(w, 2, 5)));
    if (kind == 1) IN(4, IN(1, tensor_type(w, 1, 7)));
    if (kind == 2) IN(5, (wire_int(w, 1, 7), IN(2, IN(4, IN(1, tensor_type(w, 1, 1))))));
    if (kind == 6) IN(1, wire_int(w, 1, 10)); /* no shape */
    if (kind == 7) IN(1, wire_int(w, 1, 0));  /* no type, in as many words */
    wire_text(w, 6, "IMAGE");
    if (kind == 3) IN(7, (wire_text(w, 1, "dom"), wire_text(w, 2, "opaque")));
    if (kind == 4) IN(8, (wire_int(w, 1, 11), shape(w, 2, 3)));
    if (kind == 5) IN(9, IN(1, IN(4, IN(1, tensor_type(w, 1, 8)))));
    end(w);
}

static void value_info(wire *w, uint32_t field, const char *name, int kind)
{
    begin(w, field);
    wire_text(w, 1, name);
    if (kind >= 0) type(w, 2, kind);
    wire_text(w, 3, "what it is");
    entry(w, 4, "k", "v");
    entry(w, 4, NULL, "");
    end(w);
}

static void tensor(wire *w, uint32_t field, const char *name, int dtype, int64_t n,
                   uint32_t payload_field, const void *payload, size_t n_payload)
{
    begin(w, field);
    wire_int(w, 1, n);
    wire_int(w, 2, dtype);
    if (payload_field < 8) wire_bytes(w, payload_field, payload, n_payload);
    if (name) wire_text(w, 8, name);
    if (payload_field >= 8) wire_bytes(w, payload_field, payload, n_payload);
    wire_text(w, 12, "about the tensor");
    wire_int(w, 14, 0);
    entry(w, 16, "k", NULL);
    end(w);
}

static void sparse(wire *w, uint32_t field, const char *name)
{
    begin(w, field);
    tensor(w, 1, name, 1, 1, 9, "\0\0\x80?", 4);
    tensor(w, 2, NULL, 7, 1, 7, "\x03", 1);
    wire_int(w, 3, 9);
    end(w);
}

static void initializers(wire *w)
{
    tensor(w, 5, "w_raw", 1, 1, 9, "\0\0\x80?", 4);
    tensor(w, 5, "w_float", 1, 1, 4, "\0\0\x80?", 4);
    tensor(w, 5, "w_int32", 3, 2, 5, "\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11);
    tensor(w, 5, "w_string", 8, 1, 6, "a\0b", 3);
    tensor(w, 5, "w_int64", 7, 1, 7, "\x05", 1);
    tensor(w, 5, "w_double", 11, 1, 10, "\0\0\0\0\0\0\xf0?", 8);
    tensor(w, 5, "w_uint64", 12, 1, 11, "\x07", 1);
    tensor(w, 5, "w_empty", 1, 0, 9, "", 0);
}

static void device_configuration(wire *w, uint32_t field)
{
    begin(w, field);
    wire_text(w, 1, "mesh");
    begin(w, 2);
    wire_text(w, 1, "x");
    wire_int(w, 2, 0);
    IN(3, (wire_int(w, 1, 1), wire_int(w, 2, 2)));
    IN(4, (wire_int(w, 1, 0), IN(2, (wire_int(w, 1, 4), wire_int(w, 3, 2)))));
    end(w);
    wire_int(w, 3, 1);
    end(w);
}

static void begin_attr(wire *w, const char *name)
{
    wire_text(w, 1, name);
}

static void end_attr(wire *w, int32_t type)
{
    wire_text(w, 13, "about the attribute");
    if (type) wire_int(w, 20, type);
}

/* Attributes of every type, with values and, where that is allowed, without. */
static void attributes(wire *w)
{
    IN(5, (begin_attr(w, "f"), wire_float(w, 2, -0.0f), end_attr(w, 1)));
    IN(5, (begin_attr(w, "i"), wire_int(w, 3, 0), end_attr(w, 2)));
    IN(5, (begin_attr(w, "s"), wire_bytes(w, 4, "\0\xff", 2), end_attr(w, 3)));
    IN(5, (begin_attr(w, "t"), tensor(w, 5, "t", 1, 1, 4, "\0\0\x80?", 4), end_attr(w, 4)));
    IN(5, (begin_attr(w, "floats"), wire_float(w, 7, 1), wire_float(w, 7, 2), end_attr(w, 6)));
    IN(5, (begin_attr(w, "ints"), wire_int(w, 8, -1), wire_int(w, 8, 2), end_attr(w, 7)));
    IN(5, (begin_attr(w, "strings"), wire_text(w, 9, ""), wire_text(w, 9, "x"), end_attr(w, 8)));
    IN(5, (begin_attr(w, "tensors"), tensor(w, 10, NULL, 7, 1, 7, "\x01", 1), end_attr(w, 9)));
    IN(5, (begin_attr(w, "tp"), wire_text(w, 13, "d"), type(w, 14, 0), wire_int(w, 20, 13)));
    IN(5, (begin_attr(w, "tps"), wire_text(w, 13, "d"), type(w, 15, 1), type(w, 15, 2),
           wire_int(w, 20, 14)));
    IN(5, (begin_attr(w, "sparse"), wire_int(w, 20, 11), sparse(w, 22, NULL)));
    IN(5, (begin_attr(w, "sparses"), wire_int(w, 20, 12), sparse(w, 23, "s"), sparse(w, 23, NULL)));
    IN(5, (begin_attr(w, "untyped"), wire_int(w, 3, 5), end_attr(w, 0)));
    IN(5, (begin_attr(w, "no float"), end_attr(w, 1)));
    IN(5, (begin_attr(w, "no string"), end_attr(w, 3)));
    IN(5, (begin_attr(w, "no ints"), end_attr(w, 7)));
    IN(5, (begin_attr(w, "no reference"), wire_int(w, 3, 5), wire_int(w, 20, 2),
           wire_text(w, 21, "")));
}

static void plain_node(wire *w, uint32_t field, const char *op, const char *in, const char *out)
{
    IN(field, (wire_text(w, 1, in), wire_text(w, 2, out), wire_text(w, 4, op)));
}

static void inner_graph(wire *w, uint32_t field)
{
    begin(w, field);
    plain_node(w, 1, "Relu", "h", "inner");
    wire_text(w, 2, "body");
    tensor(w, 5, "k", 1, 1, 9, "\0\0\x80?", 4);
    wire_text(w, 10, "");
    value_info(w, 12, "inner", 0);
    entry(w, 16, "k", "v");
    end(w);
}

static void nodes(wire *w)
{
    begin(w, 1);
    wire_text(w, 1, "x");
    wire_text(w, 1, "");
    wire_text(w, 1, "w_raw");
    wire_text(w, 1, "");
    wire_text(w, 2, "h");
    wire_text(w, 2, "");
    wire_text(w, 3, "first");
    wire_text(w, 4, "Op");
    attributes(w);
    wire_text(w, 6, "about the node");
    wire_text(w, 7, "dom");
    wire_text(w, 8, "");
    entry(w, 9, "k", "v");
    device_configuration(w, 10);
    end(w);
    begin(w, 1);
    wire_text(w, 1, "c");
    wire_text(w, 2, "y");
    wire_text(w, 3, "");
    wire_text(w, 4, "Op");
    IN(5, (begin_attr(w, "g"), inner_graph(w, 6), end_attr(w, 5)));
    IN(5, (begin_attr(w, "gs"), inner_graph(w, 11), inner_graph(w, 11), end_attr(w, 10)));
    wire_text(w, 7, "dom");
    end(w);
}

static void graph(wire *w, uint32_t field)
{
    begin(w, field);
    nodes(w);
    wire_text(w, 2, "main");
    initializers(w);
    wire_text(w, 10, "about the graph");
    value_info(w, 11, "x", 0);
    value_info(w, 11, "c", -1);
    value_info(w, 12, "y", 6);
    for (int kind = 1; kind < 6; kind++)
        value_info(w, 13, (const char *[]){ "h", "n2", "n3", "n4", "n5" }[kind - 1], kind);
    value_info(w, 13, "w_raw", 7);
    IN(14, (wire_text(w, 1, "h"), entry(w, 2, "SCALE_TENSOR", "w_raw"),
            entry(w, 2, "ZERO_POINT_TENSOR", "nowhere"), entry(w, 2, NULL, NULL)));
    IN(14, wire_text(w, 1, "nothing"));
    sparse(w, 15, "w_sparse");
    entry(w, 16, "k", "v");
    end(w);
}

static void function(wire *w, uint32_t field)
{
    begin(w, field);
    wire_text(w, 1, "F");
    wire_text(w, 4, "a");
    wire_text(w, 5, "b");
    wire_text(w, 6, "plain");
    begin(w, 7);
    wire_text(w, 1, "a");
    wire_text(w, 2, "b");
    wire_text(w, 4, "Op");
    IN(5, (begin_attr(w, "alpha"), wire_int(w, 20, 1), wire_text(w, 21, "plain")));
    wire_text(w, 7, "dom");
    end(w);
    wire_text(w, 8, "about the function");
    IN(9, (wire_text(w, 1, "dom"), wire_int(w, 2, 1)));
    wire_text(w, 10, "local");
    IN(11, (begin_attr(w, "beta"), wire_float(w, 2, 0.5f), end_attr(w, 1)));
    value_info(w, 12, "b", 0);
    wire_text(w, 13, "overload");
    entry(w, 14, "k", "v");
    end(w);
}

/* Everything in the order of field numbers, which is the canonical one. */
static void everything(wire *w)
{
    wire_int(w, 1, 8);
    wire_text(w, 2, "producer");
    wire_text(w, 3, "");
    wire_text(w, 4, "domain");
    wire_int(w, 5, 0);
    wire_text(w, 6, "about the model");
    graph(w, 7);
    IN(8, (wire_text(w, 1, ""), wire_int(w, 2, 17)));
    IN(8, (wire_text(w, 1, "dom"), wire_int(w, 2, 1)));
    entry(w, 14, "author", "me");
    entry(w, 14, "", NULL);
    IN(20, IN(1, wire_text(w, 2, "training")));
    function(w, 25);
    IN(26,
       (wire_text(w, 1, "mesh"), wire_int(w, 2, 2), wire_text(w, 3, "a"), wire_text(w, 3, "b")));
    wire_text(w, 900, "unknown");
}

typedef struct saved {
    test_ctx t;
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    wire w;
    pare_model *model;
} saved;

static int set_up(void **state)
{
    saved *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    test_ctx_init(&s->t);
    test_join(s->path, test_temp_dir(s->dir), "m.onnx");
    everything(&s->w);
    if (onnx_wire_open(&s->t.ctx, &s->model, &s->w)) fail_msg("%s", s->t.ctx.message);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    saved *s = *state;
    pare_model_free(&s->t.ctx, s->model);
    wire_free(&s->w);
    assert_true(test_ctx_live_bytes(&s->t) == 0);
    test_remove_tree(s->dir);
    free(s);
    return 0;
}

static uint8_t *save(saved *s, size_t *n)
{
    if (pare_onnx_save(&s->t.ctx, s->model, s->path, NULL)) fail_msg("%s", s->t.ctx.message);
    return test_read_file(s->path, n);
}

static void check_same(saved *s)
{
    size_t n = 0;
    uint8_t *got = save(s, &n);
    size_t at = 0;
    while (at < n && at < s->w.n && got[at] == s->w.data[at]) at++;
    if (n != s->w.n || at != n)
        fail_msg("%zu bytes instead of %zu, the first difference at %zu", n, s->w.n, at);
    free(got);
}

static void every_field_survives(void **state)
{
    saved *s = *state;
    check_same(s);
    pare_model_touch(s->model);
    check_same(s);
    pare_model *clone = NULL;
    assert_int_equal(pare_model_clone(&s->t.ctx, &clone, s->model), PARE_OK);
    pare_model_free(&s->t.ctx, s->model);
    s->model = clone;
    check_same(s);
}

static size_t count(const uint8_t *data, size_t n, const char *text)
{
    const size_t n_text = strlen(text);
    size_t found = 0;
    for (size_t i = 0; i + n_text <= n; i++) found += !memcmp(data + i, text, n_text);
    return found;
}

static void a_new_name_is_written_everywhere(void **state)
{
    saved *s = *state;
    static const char *const names[][2] = { { "h", "other_h" },
                                            { "w_raw", "other_raw" },
                                            { "w_sparse", "other_sparse" },
                                            { "x", "other_x" } };
    /* h: two outputs and inputs, three captures, value_info, annotation; and so on. */
    static const size_t uses[] = { 6, 4, 1, 2 };
    for (size_t i = 0; i < 4; i++) {
        const pare_value_id v = pare_graph_find(s->model->graph, names[i][0]);
        assert_true(v != PARE_NONE);
        assert_int_equal(pare_value_rename(&s->t.ctx, s->model, v, names[i][1]), PARE_OK);
    }
    size_t n = 0;
    uint8_t *got = save(s, &n);
    for (size_t i = 0; i < 4; i++) {
        if (count(got, n, names[i][1]) != uses[i])
            fail_msg("%s: %zu times", names[i][1], count(got, n, names[i][1]));
    }
    assert_int_equal(count(got, n, "w_raw") + count(got, n, "w_sparse"), 0);
    assert_int_equal(count(got, n, "unknown"), count(s->w.data, s->w.n, "unknown"));
    assert_int_equal(count(got, n, "about the"), count(s->w.data, s->w.n, "about the"));
    free(got);
}

static void a_new_payload_keeps_what_is_said_about_it(void **state)
{
    saved *s = *state;
    static const int64_t dims[] = { 2 };
    static const double values[] = { 1, 2 };
    const pare_value_id v = pare_graph_find(s->model->graph, "w_float");
    pare_tensor *t = NULL;
    assert_int_equal(pare_tensor_from(&s->t.ctx, &t, PARE_DOUBLE, 1, dims, values), PARE_OK);
    assert_int_equal(pare_value_set_tensor(&s->t.ctx, s->model, v, t), PARE_OK);
    pare_tensor_unref(t);
    size_t n = 0;
    uint8_t *got = save(s, &n);
    assert_int_equal(n, s->w.n + 12); /* 16 bytes of raw_data for 4 of float_data */
    assert_int_equal(count(got, n, "unknown"), count(s->w.data, s->w.n, "unknown"));
    assert_int_equal(count(got, n, "about the tensor"),
                     count(s->w.data, s->w.n, "about the tensor"));
    free(got);
    pare_model *back = NULL;
    assert_int_equal(pare_onnx_open(&s->t.ctx, &back, s->path, NULL), PARE_OK);
    const pare_value *w = pare_value_at(back, pare_graph_find(back->graph, "w_float"));
    assert_int_equal(w->tensor->dtype, PARE_DOUBLE);
    assert_int_equal(w->tensor->encoding, PARE_ENC_DENSE);
    assert_memory_equal(w->tensor->payload.data, values, sizeof(values));
    pare_model_free(&s->t.ctx, back);
}

static void what_is_removed_goes_from_all_lists(void **state)
{
    saved *s = *state;
    pare_ctx *ctx = &s->t.ctx;
    const pare_value_id sparse_value = pare_graph_find(s->model->graph, "w_sparse");
    const pare_value_id float_value = pare_graph_find(s->model->graph, "w_float");
    const pare_node_id first = s->model->graph->first_node;
    assert_int_equal(pare_value_remove(ctx, s->model, sparse_value), PARE_OK);
    assert_int_equal(pare_value_remove(ctx, s->model, float_value), PARE_OK);
    assert_int_equal(pare_node_set_input(ctx, s->model, first, 2, PARE_NONE), PARE_OK);
    const pare_value_id raw = pare_graph_find(s->model->graph, "w_raw");
    assert_int_equal(pare_value_remove(ctx, s->model, raw), PARE_OK);
    size_t n = 0;
    uint8_t *got = save(s, &n);
    assert_int_equal(count(got, n, "w_sparse") + count(got, n, "w_float") + count(got, n, "w_raw"),
                     0);
    assert_int_equal(count(got, n, "SCALE_TENSOR"), 0); /* an annotation without its scale */
    free(got);
    pare_model *back = NULL;
    if (pare_onnx_open(ctx, &back, s->path, NULL)) fail_msg("%s", ctx->message);
    assert_int_equal(back->graph->n_annotations, 1);
    pare_model_free(ctx, back);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(every_field_survives),
        CASE(a_new_name_is_written_everywhere),
        CASE(a_new_payload_keeps_what_is_said_about_it),
        CASE(what_is_removed_goes_from_all_lists),
    };
    return test_run(tests);
}
