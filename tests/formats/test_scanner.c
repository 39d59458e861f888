#include "support/test.h"

#include "formats/onnx/limits.h"
#include "formats/onnx/scanner.h"
#include "onnx.pb-c.h"
#include "support/test_ctx.h"
#include "support/wire.h"

#include <stdlib.h>
#include <string.h>

/* Numbers of fields, as in onnx.proto. */
enum { MODEL_GRAPH = 7, MODEL_FUNCTION = 25, GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5,
       NODE_ATTRIBUTE = 5, ATTR_NAME = 1, ATTR_S = 4, ATTR_T = 5, ATTR_G = 6, ATTR_INTS = 8,
       TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_FLOATS = 4, TENSOR_INT32S = 5, TENSOR_NAME = 8,
       TENSOR_RAW = 9 };

typedef struct outcome {
    test_ctx t;
    pare_onnx_scan scan;
    pare_status status;
} outcome;

static void scan(outcome *o, const wire *w)
{
    test_ctx_init(&o->t);
    o->status =
        pare_onnx_scan_message(&o->t.ctx, &o->scan, &onnx__model_proto__descriptor, w->data, w->n);
}

static void done(outcome *o, wire *w)
{
    pare_onnx_scan_free(&o->t.ctx, &o->scan);
    assert_int_equal(test_ctx_live_bytes(&o->t), 0);
    wire_free(w);
}

/* Scans and frees w; the message holds the fragment. */
static void refuse(wire *w, pare_status status, const char *fragment)
{
    outcome o;
    scan(&o, w);
    if (o.status != status || !strstr(o.t.ctx.message, fragment))
        fail_msg("expected %s with '%s', found %s: %s", pare_status_name(status), fragment,
                 pare_status_name(o.status), o.t.ctx.message);
    done(&o, w);
}

static void accept(outcome *o, const wire *w)
{
    scan(o, w);
    if (o->status) fail_msg("%s", o->t.ctx.message);
}

/* Begins model.graph.node[0].attribute[0]: three marks for close_all. */
static void open_attribute(wire *w, size_t marks[3])
{
    marks[0] = wire_begin(w, MODEL_GRAPH);
    marks[1] = wire_begin(w, GRAPH_NODE);
    marks[2] = wire_begin(w, NODE_ATTRIBUTE);
}

static void close_all(wire *w, const size_t marks[3])
{
    for (int i = 2; i >= 0; i--) wire_end(w, marks[i]);
}

static void contents_become_stubs(void **state)
{
    (void)state;
    wire w = { 0 };
    const size_t graph = wire_begin(&w, MODEL_GRAPH);
    const size_t tensor = wire_begin(&w, GRAPH_INITIALIZER);
    wire_int(&w, TENSOR_DIMS, 5);
    char big[5000];
    memset(big, 7, sizeof(big));
    wire_bytes(&w, TENSOR_RAW, big, sizeof(big));
    wire_text(&w, TENSOR_NAME, "w");
    wire_end(&w, tensor);
    wire_end(&w, graph);
    outcome o;
    accept(&o, &w);
    assert_in_range(o.scan.n_skeleton, 1, 60);
    assert_int_equal(o.scan.n_messages, 3);
    Onnx__ModelProto *m = onnx__model_proto__unpack(NULL, o.scan.n_skeleton, o.scan.skeleton);
    assert_non_null(m);
    const Onnx__TensorProto *t = m->graph->initializer[0];
    assert_string_equal(t->name, "w");
    assert_int_equal(t->dims[0], 5);
    pare_onnx_stub stub;
    assert_int_equal(t->raw_data.len, sizeof(stub));
    memcpy(&stub, t->raw_data.data, sizeof(stub));
    assert_int_equal(stub.n_bytes, sizeof(big));
    assert_memory_equal(w.data + stub.offset, big, sizeof(big));
    onnx__model_proto__free_unpacked(m, NULL);
    done(&o, &w);
}

/* A payload as single numbers, packed runs, and both, with another field in between. */
static void scattered_payloads_are_joined(void **state)
{
    (void)state;
    wire w = { 0 };
    const size_t graph = wire_begin(&w, MODEL_GRAPH);
    const size_t tensor = wire_begin(&w, GRAPH_INITIALIZER);
    size_t run = wire_begin(&w, TENSOR_INT32S);
    wire_value(&w, 1);
    wire_value(&w, 300);
    wire_end(&w, run);
    wire_int(&w, TENSOR_INT32S, 5);
    wire_text(&w, TENSOR_NAME, "w");
    wire_float(&w, TENSOR_FLOATS, 1.0f);
    run = wire_begin(&w, TENSOR_INT32S);
    wire_value(&w, 7);
    wire_end(&w, run);
    wire_end(&w, tensor);
    wire_end(&w, graph);
    outcome o;
    accept(&o, &w);
    Onnx__ModelProto *m = onnx__model_proto__unpack(NULL, o.scan.n_skeleton, o.scan.skeleton);
    assert_non_null(m);
    const Onnx__TensorProto *t = m->graph->initializer[0];
    pare_onnx_stub stub;
    memcpy(&stub, t->int32_data.data, sizeof(stub));
    assert_true(stub.offset & PARE_ONNX_STUB_SIDE);
    const uint8_t want[] = { 1, 0xac, 2, 5, 7 };
    assert_int_equal(stub.n_bytes, sizeof(want));
    assert_memory_equal(o.scan.side + (stub.offset & ~PARE_ONNX_STUB_SIDE), want, sizeof(want));
    memcpy(&stub, t->float_data.data, sizeof(stub));
    assert_int_equal(stub.n_bytes, 4);
    assert_string_equal(t->name, "w");
    onnx__model_proto__free_unpacked(m, NULL);
    done(&o, &w);
}

static void unknown_fields_are_kept_as_stubs(void **state)
{
    (void)state;
    wire w = { 0 };
    wire_int(&w, 1, 8);
    wire_text(&w, 1000, "from the future");
    wire_int(&w, 31, 5);
    outcome o;
    accept(&o, &w);
    assert_true(o.scan.has_unknown);
    Onnx__ModelProto *m = onnx__model_proto__unpack(NULL, o.scan.n_skeleton, o.scan.skeleton);
    assert_non_null(m);
    assert_int_equal(m->base.n_unknown_fields, 2);
    assert_int_equal(m->base.unknown_fields[0].tag, 1000);
    assert_int_equal(m->base.unknown_fields[0].len, 17);
    onnx__model_proto__free_unpacked(m, NULL);
    done(&o, &w);
}

static void packed_ints_are_accepted(void **state)
{
    (void)state;
    wire w = { 0 };
    size_t marks[3];
    open_attribute(&w, marks);
    const size_t run = wire_begin(&w, ATTR_INTS);
    for (int i = 0; i < 3; i++) wire_value(&w, 1000);
    wire_end(&w, run);
    close_all(&w, marks);
    outcome o;
    accept(&o, &w);
    Onnx__ModelProto *m = onnx__model_proto__unpack(NULL, o.scan.n_skeleton, o.scan.skeleton);
    assert_non_null(m);
    assert_int_equal(m->graph->node[0]->attribute[0]->n_ints, 3);
    onnx__model_proto__free_unpacked(m, NULL);
    done(&o, &w);
}

static void broken_wire_formats_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        uint8_t bytes[14];
        const char *fragment;
    } cases[] = {
        { 2, { 0x3a, 0x05 }, "byte 1, graph: expected a length of 0 at most" },
        { 7, { 0x3a, 0x80, 0x80, 0x80, 0x80, 0x10, 0 }, "found 4294967296" },
        { 2, { 0x08, 0x80 }, "ir_version: expected a whole varint, found the end of the message" },
        { 12,
          { 0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01 },
          "ir_version: expected a varint of 64 bits at most, found a longer one" },
        { 11,
          { 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02 },
          "expected a varint of 64 bits at most" },
        { 2, { 0x00, 0x00 }, "byte 0, ModelProto: expected a field number from 1" },
        { 6, { 0x80, 0x80, 0x80, 0x80, 0x20, 0x00 }, "found 1073741824" },
        { 7, { 0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00 }, "expected a tag of 5 bytes at most" },
        { 1, { 0x0b }, "expected a value, found the start of a group" },
        { 1, { 0x0c }, "expected a value, found the end of a group" },
        { 1, { 0x0e }, "found wire type 6" },
        { 2, { 0x0a, 0x00 }, "ir_version: expected a varint, found a length and bytes" },
        { 2, { 0x38, 0x00 }, "graph: expected a length and bytes, found a varint" },
        { 3, { 0xf9, 0x07, 0x00 }, "expected 8 bytes, found the end after 1" },
        { 3, { 0xfd, 0x07, 0x00 }, "expected 4 bytes, found the end after 1" },
        { 7,
          { 0x3a, 0x05, 0x12, 0x03, 'a', 0, 'b' },
          "byte 5, graph.name: expected text without NUL" },
        { 5, { 0x3a, 0x03, 0x12, 0x01, 0xff }, "graph.name: expected UTF-8, found '\\xff'" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wire w = { 0 };
        wire_raw(&w, cases[i].bytes, cases[i].n);
        refuse(&w, PARE_EFORMAT, cases[i].fragment);
    }
}

static void text_for_people_need_not_be_utf8(void **state)
{
    (void)state;
    wire w = { 0 };
    wire_text(&w, 6, "D:\\\xd6\xd0\xce\xc4\\train.py");
    outcome o;
    accept(&o, &w);
    done(&o, &w);
    wire_bytes(&w, 6, "a\0b", 3);
    refuse(&w, PARE_EFORMAT, "doc_string: expected text without NUL");
}

static void messages_name_the_way(void **state)
{
    (void)state;
    wire w = { 0 };
    const size_t graph = wire_begin(&w, MODEL_GRAPH);
    wire_text(&w, GRAPH_NAME, "main");
    for (int i = 0; i < 4; i++) {
        const size_t node = wire_begin(&w, GRAPH_NODE);
        wire_text(&w, 4, "Relu");
        if (i == 3) {
            wire_end(&w, wire_begin(&w, NODE_ATTRIBUTE));
            const size_t attr = wire_begin(&w, NODE_ATTRIBUTE);
            const size_t t = wire_begin(&w, ATTR_T);
            wire_int(&w, TENSOR_TYPE, INT64_C(1) << 31);
            wire_end(&w, t);
            wire_end(&w, attr);
        }
        wire_end(&w, node);
    }
    wire_end(&w, graph);
    refuse(&w, PARE_EFORMAT,
           "graph.node[3].attribute[1].t.data_type: expected a number of 32 bits, "
           "found 2147483648");
}

static void payload_runs_hold_whole_numbers(void **state)
{
    (void)state;
    static const struct {
        uint32_t field;
        uint8_t bytes[4];
        size_t n;
    } runs[] = { { TENSOR_FLOATS, { 0 }, 3 }, { TENSOR_INT32S, { 1, 0x80 }, 2 } };
    for (int i = 0; i < 2; i++) {
        wire w = { 0 };
        const size_t graph = wire_begin(&w, MODEL_GRAPH);
        const size_t tensor = wire_begin(&w, GRAPH_INITIALIZER);
        wire_bytes(&w, runs[i].field, runs[i].bytes, runs[i].n);
        wire_bytes(&w, runs[i].field, runs[i].bytes, runs[i].n);
        wire_end(&w, tensor);
        wire_end(&w, graph);
        refuse(&w, PARE_EFORMAT, "found a run of");
    }
    wire w = { 0 };
    const size_t graph = wire_begin(&w, MODEL_GRAPH);
    const size_t tensor = wire_begin(&w, GRAPH_INITIALIZER);
    wire_int(&w, TENSOR_FLOATS, 1);
    wire_end(&w, tensor);
    wire_end(&w, graph);
    refuse(&w, PARE_EFORMAT, "float_data: expected a length and bytes or 4 bytes, found a varint");
}

/* Nested pairs of begin and end, the way hostile files nest. */
static void nest(wire *w, const uint32_t *fields, unsigned n_fields, unsigned levels)
{
    size_t *marks = malloc(levels * sizeof(*marks));
    assert_non_null(marks);
    for (unsigned i = 0; i < levels; i++) marks[i] = wire_begin(w, fields[i % n_fields]);
    for (unsigned i = levels; i-- > 0;) wire_end(w, marks[i]);
    free(marks);
}

static void nesting_stops_at_100(void **state)
{
    (void)state;
    static const uint32_t graphs[] = { GRAPH_NODE, NODE_ATTRIBUTE, ATTR_G };
    static const uint32_t sequences[] = { 4, 1 };
    static const uint32_t optionals[] = { 9, 1 };
    wire w = { 0 };
    size_t graph = wire_begin(&w, MODEL_GRAPH);
    nest(&w, graphs, 3, 99);
    wire_end(&w, graph);
    outcome o;
    accept(&o, &w);
    assert_int_equal(o.scan.n_messages, 101);
    done(&o, &w);

    graph = wire_begin(&w, MODEL_GRAPH);
    nest(&w, graphs, 3, 100);
    wire_end(&w, graph);
    refuse(&w, PARE_EFORMAT, "nested 100 deep at most");

    graph = wire_begin(&w, MODEL_GRAPH);
    nest(&w, graphs, 3, 3 * 2907);
    wire_end(&w, graph);
    refuse(&w, PARE_EFORMAT, "graph.node[0].attribute[0].g.node[0].attribute[0]....");

    for (int i = 0; i < 2; i++) {
        graph = wire_begin(&w, MODEL_GRAPH);
        const size_t input = wire_begin(&w, 11);
        const size_t type = wire_begin(&w, 2);
        nest(&w, i ? optionals : sequences, 2, 2 * 4354);
        wire_end(&w, type);
        wire_end(&w, input);
        wire_end(&w, graph);
        refuse(&w, PARE_EFORMAT, "nested 100 deep at most");
    }
}

/* n times the same two bytes inside of the graph or the model: each an empty message. */
static void empty_messages(wire *w, uint32_t in, uint32_t field, size_t n)
{
    const size_t mark = in ? wire_begin(w, in) : 0;
    for (size_t i = 0; i < n; i++) {
        wire_tag(w, field, 2);
        wire_value(w, 0);
    }
    if (in) wire_end(w, mark);
}

static void bombs_are_refused_early(void **state)
{
    (void)state;
    static const struct {
        uint32_t in, field;
        size_t n;
        pare_status status;
        const char *fragment;
        uint64_t n_messages;
    } bombs[] = {
        { MODEL_GRAPH, GRAPH_NODE, 10000000, PARE_EBUDGET, "1000000 nodes at most", 1000003 },
        { MODEL_GRAPH, GRAPH_INITIALIZER, 10000000, PARE_EBUDGET, "5000000 messages at most",
          5000001 },
        { 0, MODEL_FUNCTION, 10000000, PARE_EBUDGET, "10000 functions at most", 10002 },
        { 0, MODEL_GRAPH, 80000, PARE_EFORMAT, "graph: expected at most one, found a second", 2 },
    };
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        wire w = { 0 };
        empty_messages(&w, bombs[i].in, bombs[i].field, bombs[i].n);
        outcome o;
        scan(&o, &w);
        assert_int_equal(o.status, bombs[i].status);
        if (!strstr(o.t.ctx.message, bombs[i].fragment)) fail_msg("%s", o.t.ctx.message);
        assert_int_equal(o.scan.n_messages, bombs[i].n_messages);
        assert_in_range(test_ctx_peak_bytes(&o.t), 0, 100 << 20);
        done(&o, &w);
    }
}

static void counts_of_one_thing_are_limited(void **state)
{
    (void)state;
    wire w = { 0 };
    size_t graph = wire_begin(&w, MODEL_GRAPH);
    empty_messages(&w, GRAPH_NODE, NODE_ATTRIBUTE, 4097);
    wire_end(&w, graph);
    refuse(&w, PARE_EFORMAT, "graph.node[0].attribute: expected 4096 entries at most");

    for (int packed = 0; packed < 2; packed++) {
        graph = wire_begin(&w, MODEL_GRAPH);
        const size_t tensor = wire_begin(&w, GRAPH_INITIALIZER);
        const size_t run = packed ? wire_begin(&w, TENSOR_DIMS) : 0;
        for (int i = 0; i < 1000000; i++) {
            if (packed) wire_value(&w, 1);
            else wire_int(&w, TENSOR_DIMS, 1);
        }
        if (packed) wire_end(&w, run);
        wire_end(&w, tensor);
        wire_end(&w, graph);
        refuse(&w, PARE_EFORMAT, "graph.initializer[0].dims: expected 64 entries at most");
    }

    char *name = malloc(5000);
    memset(name, 'x', 4999);
    name[4999] = '\0';
    graph = wire_begin(&w, MODEL_GRAPH);
    wire_text(&w, GRAPH_NAME, name);
    wire_end(&w, graph);
    refuse(&w, PARE_EFORMAT, "graph.name: expected text of 4096 bytes at most, found 4999");
    free(name);
}

static void a_oneof_has_one_member(void **state)
{
    (void)state;
    wire w = { 0 };
    const size_t graph = wire_begin(&w, MODEL_GRAPH);
    const size_t input = wire_begin(&w, 11);
    const size_t type = wire_begin(&w, 2);
    wire_end(&w, wire_begin(&w, 1));
    wire_end(&w, wire_begin(&w, 4));
    wire_end(&w, type);
    wire_end(&w, input);
    wire_end(&w, graph);
    refuse(&w, PARE_EFORMAT, "graph.input[0].type.sequence_type: expected one member of the oneof");
}

static void the_skeleton_stays_in_its_budget(void **state)
{
    (void)state;
    wire w = { 0 };
    const size_t graph = wire_begin(&w, MODEL_GRAPH);
    for (int i = 0; i < 30000; i++)
        wire_text(&w, GRAPH_NAME, "a name that is some 40 bytes long, for once");
    wire_end(&w, graph);
    outcome o;
    test_ctx_init(&o.t);
    o.t.ctx.opts.max_memory_bytes = 1 << 20;
    o.status =
        pare_onnx_scan_message(&o.t.ctx, &o.scan, &onnx__model_proto__descriptor, w.data, w.n);
    assert_int_equal(o.status, PARE_EBUDGET);
    assert_non_null(strstr(o.t.ctx.message, "memory budget of 1 MiB"));
    done(&o, &w);
}

/* A small model with a bit of everything, whole and cut at every byte. */
static void build_small(wire *w)
{
    wire_int(w, 1, 8);
    wire_text(w, 2, "test");
    const size_t graph = wire_begin(w, MODEL_GRAPH);
    const size_t node = wire_begin(w, GRAPH_NODE);
    wire_text(w, 1, "x");
    wire_text(w, 4, "Cast");
    const size_t attr = wire_begin(w, NODE_ATTRIBUTE);
    wire_text(w, ATTR_NAME, "to");
    wire_float(w, 2, 0.5f);
    wire_bytes(w, ATTR_S, "\0\xff", 2);
    wire_int(w, ATTR_INTS, -1);
    wire_end(w, attr);
    wire_end(w, node);
    const size_t tensor = wire_begin(w, GRAPH_INITIALIZER);
    wire_int(w, TENSOR_DIMS, 2);
    wire_int(w, TENSOR_INT32S, 1);
    wire_int(w, TENSOR_INT32S, 300);
    wire_end(w, tensor);
    wire_end(w, graph);
    wire_tag(w, 77, 1);
    wire_raw(w, "12345678", 8);
}

static void every_cut_is_noticed(void **state)
{
    (void)state;
    wire w = { 0 };
    build_small(&w);
    for (size_t n = 0; n <= w.n; n++) {
        uint8_t *cut = malloc(n ? n : 1); /* so that a sanitizer sees one byte too far */
        memcpy(cut, w.data, n);
        test_ctx t;
        test_ctx_init(&t);
        pare_onnx_scan scan;
        const pare_status st =
            pare_onnx_scan_message(&t.ctx, &scan, &onnx__model_proto__descriptor, cut, n);
        if (st) {
            assert_int_equal(st, PARE_EFORMAT);
        } else { /* what the scanner lets through, protobuf-c parses */
            Onnx__ModelProto *m = onnx__model_proto__unpack(NULL, scan.n_skeleton, scan.skeleton);
            assert_non_null(m);
            onnx__model_proto__free_unpacked(m, NULL);
        }
        pare_onnx_scan_free(&t.ctx, &scan);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
        free(cut);
    }
    wire_free(&w);
}

static pare_status scan_small(pare_ctx *ctx, void *user)
{
    const wire *w = user;
    pare_onnx_scan scan;
    const pare_status st =
        pare_onnx_scan_message(ctx, &scan, &onnx__model_proto__descriptor, w->data, w->n);
    pare_onnx_scan_free(ctx, &scan);
    return st;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    wire w = { 0 };
    build_small(&w);
    test_ctx_torture(scan_small, &w);
    wire_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contents_become_stubs),
        cmocka_unit_test(scattered_payloads_are_joined),
        cmocka_unit_test(unknown_fields_are_kept_as_stubs),
        cmocka_unit_test(packed_ints_are_accepted),
        cmocka_unit_test(broken_wire_formats_are_refused),
        cmocka_unit_test(text_for_people_need_not_be_utf8),
        cmocka_unit_test(messages_name_the_way),
        cmocka_unit_test(payload_runs_hold_whole_numbers),
        cmocka_unit_test(nesting_stops_at_100),
        cmocka_unit_test(bombs_are_refused_early),
        cmocka_unit_test(counts_of_one_thing_are_limited),
        cmocka_unit_test(a_oneof_has_one_member),
        cmocka_unit_test(the_skeleton_stays_in_its_budget),
        cmocka_unit_test(every_cut_is_noticed),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return test_run(tests);
}
