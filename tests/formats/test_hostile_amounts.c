/* Files that ask for too much: refused early, in little memory and time. */
#include "support/files.h"
#include "support/onnx_wire.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { MIB = 1 << 20 };

/* --- amounts ---------------------------------------------------------------------------------- */

/* n empty messages of a field; in: the field of the model around them, or 0. */
static void put_empty(wire *w, uint32_t in, uint32_t field, size_t n)
{
    const size_t mark = in ? wire_begin(w, in) : 0;
    for (size_t i = 0; i < n; i++) {
        wire_tag(w, field, 2);
        wire_value(w, 0);
    }
    if (in) wire_end(w, mark);
}

static void bombs_stay_in_their_budget(void **state)
{
    (void)state;
    static const struct {
        uint32_t in, field;
        size_t n;
        pare_status status;
        const char *what;
    } bombs[] = {
        { MODEL_GRAPH, GRAPH_NODE, 10000000, PARE_EBUDGET, "1000000 nodes at most" },
        { MODEL_GRAPH, GRAPH_INITIALIZER, 10000000, PARE_EBUDGET, "5000000 messages at most" },
        { MODEL_GRAPH, GRAPH_INITIALIZER, 4000000, PARE_EBUDGET, "memory budget of 192 MiB" },
        { 0, MODEL_FUNCTION, 10000000, PARE_EBUDGET, "10000 functions at most" },
        { MODEL_GRAPH, 99, 10000000, PARE_EBUDGET, "memory budget of 192 MiB" },
        { MODEL_GRAPH, GRAPH_VALUE_INFO, 4000000, PARE_EBUDGET, "memory budget of 192 MiB" },
        { 0, MODEL_PROPS, 3000000, PARE_EBUDGET, "memory budget of 192 MiB" },
        { 0, MODEL_GRAPH, 80000, PARE_EFORMAT, "expected at most one, found a second" },
    };
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        wire w = { 0 };
        put_empty(&w, bombs[i].in, bombs[i].field, bombs[i].n);
        onnx_wire_refuse_within(&w, bombs[i].status, NULL, bombs[i].what, UINT64_C(600) * MIB);
    }
}

/* 33 graphs inside of each other: three messages each, so protobuf's own limit lets them
 * through. */
static void nested_graphs_stop_at_32(void **state)
{
    (void)state;
    for (int levels = 31; levels <= 33; levels += 2) {
        wire w = { 0 };
        size_t marks[3 * 40];
        int n = 0;
        const size_t graph = onnx_wire_begin_graph(&w);
        for (int i = 0; i < levels; i++) {
            marks[n++] = onnx_wire_begin_node(&w, GRAPH_NODE, "If", "_", "");
            marks[n++] = onnx_wire_begin_attr(&w, NODE_ATTR, "a", PARE_ATTR_GRAPH);
            marks[n++] = wire_begin(&w, ATTR_G);
        }
        while (n) wire_end(&w, marks[--n]);
        onnx_wire_end_graph(&w, graph);
        if (levels < 33)
            onnx_wire_accept(&w); /* the message keeps the end of the way, where it happens */
        else
            onnx_wire_refuse(
                &w, "node 'n' (If): attribute 'a': ", "at most 32 graphs inside of each other");
    }
}

static void nested_types_stop_at_32(void **state)
{
    (void)state;
    for (int levels = 30; levels <= 40; levels += 10) {
        wire w = { 0 };
        size_t marks[2 * 40];
        int n = 0;
        const size_t graph = onnx_wire_begin_graph(&w);
        const size_t input = wire_begin(&w, GRAPH_INPUT);
        wire_text(&w, 1, "x");
        const size_t type = wire_begin(&w, 2);
        for (int i = 0; i < levels; i++) {
            marks[n++] = wire_begin(&w, 4);
            marks[n++] = wire_begin(&w, 1);
        }
        while (n) wire_end(&w, marks[--n]);
        wire_end(&w, type);
        wire_end(&w, input);
        onnx_wire_end_graph(&w, graph);
        if (levels < 40) onnx_wire_accept(&w);
        else
            onnx_wire_refuse(&w, "input 0 'x': ", "expected 32 types inside of each other at most");
    }
}

/* More than 4 GiB of zeros in a file with holes: in one packed run, and in two that would have
 * to be joined. */
static void gigabytes_of_zeros_cost_nothing(void **state)
{
    (void)state;
    enum { RUNS = 2 };
    const uint64_t run = (UINT64_C(1) << 32) + 1016;
    char dir[TEST_PATH_BYTES];
    char path[TEST_PATH_BYTES];
    test_join(path, test_temp_dir(dir), "zeros.onnx");
    for (int n_runs = 1; n_runs <= RUNS; n_runs++) {
        wire head = { 0 };
        wire_int(&head, MODEL_IR_VERSION, 8);
        onnx_wire_opset(&head, MODEL_OPSET, "", 17);
        wire tensor = { 0 };
        wire_int(&tensor, TENSOR_TYPE, PARE_INT32);
        wire_text(&tensor, TENSOR_NAME, "w");
        const uint64_t n_tensor = tensor.n + (uint64_t)n_runs * (run + 6);
        wire_tag(&head, MODEL_GRAPH, 2);
        wire_value(&head, n_tensor + 6);
        wire_tag(&head, GRAPH_INITIALIZER, 2);
        wire_value(&head, n_tensor);
        wire_raw(&head, tensor.data, tensor.n);
        const int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        uint64_t at = 0;
        for (int i = 0; i < n_runs; i++, at += run) {
            wire_tag(&head, TENSOR_INT32S, 2);
            wire_value(&head, run);
            assert_int_equal(pwrite(fd, head.data, head.n, (off_t)at), head.n);
            at += head.n;
            head.n = 0;
        }
        assert_int_equal(ftruncate(fd, (off_t)at), 0);
        close(fd);
        test_ctx t;
        pare_model *model = NULL;
        test_ctx_init(&t);
        const pare_status st = pare_onnx_open(&t.ctx, &model, path, NULL);
        assert_int_equal(st, n_runs == 1 ? PARE_EFORMAT : PARE_EBUDGET);
        const char *what =
            n_runs == 1 ? "int32_data: payload: expected 1 entries" : "memory budget";
        if (!strstr(t.ctx.message, what)) fail_msg("%s", t.ctx.message);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
        assert_in_range(test_ctx_peak_bytes(&t), 0, MIB);
        wire_free(&head);
        wire_free(&tensor);
    }
    test_remove_tree(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bombs_stay_in_their_budget),
        cmocka_unit_test(nested_graphs_stop_at_32),
        cmocka_unit_test(nested_types_stop_at_32),
        cmocka_unit_test(gigabytes_of_zeros_cost_nothing),
    };
    return test_run(tests);
}
