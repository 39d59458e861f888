#include "support/onnx_wire.h"

#include "ir/check.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void onnx_wire_opset(wire *w, uint32_t field, const char *domain, int64_t version)
{
    const size_t opset = wire_begin(w, field);
    if (domain) wire_text(w, 1, domain);
    wire_int(w, 2, version);
    wire_end(w, opset);
}

void onnx_wire_model(wire *w, void (*fill)(wire *w))
{
    wire_int(w, MODEL_IR_VERSION, 8);
    const size_t graph = wire_begin(w, MODEL_GRAPH);
    wire_text(w, GRAPH_NAME, "main");
    fill(w);
    wire_end(w, graph);
    onnx_wire_opset(w, MODEL_OPSET, "", 17);
}

void onnx_wire_value(wire *w, uint32_t field, const char *name, int n_dims)
{
    const size_t info = wire_begin(w, field);
    wire_text(w, 1, name);
    const size_t type = wire_begin(w, 2);
    const size_t tensor = wire_begin(w, 1);
    wire_int(w, 1, PARE_FLOAT);
    const size_t shape = wire_begin(w, 2);
    for (int i = 0; i < n_dims; i++) {
        const size_t dim = wire_begin(w, 1);
        wire_int(w, 1, 2);
        wire_end(w, dim);
    }
    wire_end(w, shape);
    wire_end(w, tensor);
    wire_end(w, type);
    wire_end(w, info);
}

/* One field per word of text; "_" is the empty name. */
static void put_names(wire *w, uint32_t field, const char *text)
{
    while (*text) {
        const size_t n = strcspn(text, " ");
        const int omitted = n == 1 && *text == '_';
        wire_bytes(w, field, text, omitted ? 0 : n);
        text += n + (text[n] == ' ');
    }
}

size_t onnx_wire_begin_node(wire *w, uint32_t field, const char *op, const char *inputs,
                            const char *outputs)
{
    const size_t node = wire_begin(w, field);
    put_names(w, NODE_INPUT, inputs);
    put_names(w, NODE_OUTPUT, outputs);
    wire_text(w, NODE_NAME, "n");
    wire_text(w, NODE_OP, op);
    return node;
}

void onnx_wire_node(wire *w, uint32_t field, const char *op, const char *inputs,
                    const char *outputs)
{
    wire_end(w, onnx_wire_begin_node(w, field, op, inputs, outputs));
}

size_t onnx_wire_begin_attr(wire *w, uint32_t field, const char *name, int type)
{
    const size_t attr = wire_begin(w, field);
    if (name) wire_text(w, ATTR_NAME, name);
    if (type) wire_int(w, ATTR_TYPE, type);
    return attr;
}

size_t onnx_wire_begin_tensor(wire *w, uint32_t field, const char *name, int type,
                              const int64_t *dims)
{
    const size_t tensor = wire_begin(w, field);
    for (; *dims != -1; dims++) wire_int(w, TENSOR_DIMS, *dims);
    wire_int(w, TENSOR_TYPE, type);
    if (name) wire_text(w, TENSOR_NAME, name);
    return tensor;
}

void onnx_wire_entry(wire *w, uint32_t field, const char *key, const char *value)
{
    const size_t entry = wire_begin(w, field);
    wire_text(w, 1, key);
    wire_text(w, 2, value);
    wire_end(w, entry);
}

/* A branch of an If: y = Op(h), with h from the graph around it. */
static void put_branch(wire *w, const char *name, const char *op)
{
    const size_t attr = onnx_wire_begin_attr(w, NODE_ATTR, name, PARE_ATTR_GRAPH);
    const size_t graph = wire_begin(w, ATTR_G);
    wire_text(w, GRAPH_NAME, name);
    onnx_wire_node(w, GRAPH_NODE, op, "h", "b");
    onnx_wire_value(w, GRAPH_OUTPUT, "b", 1);
    wire_end(w, graph);
    wire_end(w, attr);
}

void onnx_wire_rich_graph(wire *w)
{
    static const int64_t dims[] = { 2, -1 };
    static const float weight[2] = { 1, 2 };
    onnx_wire_node(w, GRAPH_NODE, "Add", "x w", "h");
    const size_t branch = onnx_wire_begin_node(w, GRAPH_NODE, "If", "c", "y");
    put_branch(w, "then_branch", "Relu");
    put_branch(w, "else_branch", "Neg");
    size_t attr = onnx_wire_begin_attr(w, NODE_ATTR, "texts", PARE_ATTR_STRINGS);
    wire_text(w, ATTR_STRINGS, "a");
    wire_text(w, ATTR_STRINGS, "");
    wire_end(w, attr);
    attr = onnx_wire_begin_attr(w, NODE_ATTR, "table", PARE_ATTR_TENSOR);
    const size_t table = onnx_wire_begin_tensor(w, ATTR_T, NULL, PARE_INT64, dims);
    wire_int(w, TENSOR_INT64S, -1);
    wire_int(w, TENSOR_INT64S, 300);
    wire_end(w, table);
    wire_end(w, attr);
    wire_end(w, branch);
    const size_t tensor = onnx_wire_begin_tensor(w, GRAPH_INITIALIZER, "w", PARE_FLOAT, dims);
    wire_bytes(w, TENSOR_RAW, weight, sizeof(weight));
    wire_end(w, tensor);
    onnx_wire_value(w, GRAPH_INPUT, "x", 1);
    onnx_wire_value(w, GRAPH_INPUT, "c", 0);
    onnx_wire_value(w, GRAPH_OUTPUT, "y", 1);
    onnx_wire_value(w, GRAPH_VALUE_INFO, "h", 1);
    onnx_wire_value(w, GRAPH_VALUE_INFO, "gone", 1);
}

pare_status onnx_wire_open(pare_ctx *ctx, pare_model **out, const wire *w)
{
    uint8_t *copy = malloc(w->n ? w->n : 1);
    assert_non_null(copy);
    if (w->n) memcpy(copy, w->data, w->n);
    pare_buf *bytes = NULL;
    pare_status st = pare_buf_wrap(ctx, &bytes, copy, w->n, free, copy);
    if (st) free(copy);
    else st = pare_onnx_open_bytes(ctx, out, bytes, "test.onnx", NULL);
    pare_buf_unref(bytes);
    return st;
}

/* Of work: others may be busy, too. */
static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void onnx_wire_refuse_within(wire *w, pare_status status, const char *where, const char *what,
                             uint64_t peak_bytes)
{
    test_ctx t;
    pare_model *model = NULL;
    test_ctx_init(&t);
    const double begin = seconds();
    const pare_status st = onnx_wire_open(&t.ctx, &model, w);
    if (st != status || (where && !strstr(t.ctx.message, where)) ||
        (what && !strstr(t.ctx.message, what)))
        fail_msg("expected %s with '%s' and '%s', found %s: %s", pare_status_name(status), where,
                 what, pare_status_name(st), st ? t.ctx.message : "");
    assert_true(strncmp(t.ctx.message, "test.onnx: ", 11) == 0);
    assert_null(model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
    assert_in_range(test_ctx_peak_bytes(&t), 0, peak_bytes);
    if (seconds() - begin > 5) fail_msg("%s: took %.1f s", what, seconds() - begin);
    wire_free(w);
}

void onnx_wire_refuse(wire *w, const char *where, const char *what)
{
    onnx_wire_refuse_within(w, PARE_EFORMAT, where, what, 1 << 20);
}

void onnx_wire_accept(wire *w)
{
    test_ctx t;
    pare_model *model = NULL;
    test_ctx_init(&t);
    if (onnx_wire_open(&t.ctx, &model, w)) fail_msg("%s", t.ctx.message);
    if (pare_graph_check(&t.ctx, model, NULL)) fail_msg("%s", t.ctx.message);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
    wire_free(w);
}

size_t onnx_wire_begin_graph(wire *w)
{
    wire_int(w, MODEL_IR_VERSION, 8);
    const size_t graph = wire_begin(w, MODEL_GRAPH);
    wire_text(w, GRAPH_NAME, "main");
    return graph;
}

void onnx_wire_end_graph(wire *w, size_t graph)
{
    wire_end(w, graph);
    onnx_wire_opset(w, MODEL_OPSET, "", 17);
}
