#include "support/graphs.h"

#include "ir/build.h"
#include "ir/check.h"
#include "ir/limits.h"
#include "support/files.h"
#include "support/test.h"
#include "support/wire.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- in memory -------------------------------------------------------------------------------- */

static const int64_t square[] = { 4, 4 };

static pare_value_id begin(pare_builder *b, pare_ctx *ctx, pare_model **model, const char *name)
{
    *model = NULL;
    const pare_status st = pare_model_new(ctx, model, name);
    pare_builder_init(b, ctx, st ? NULL : (*model)->graph);
    b->status = st;
    if (st) return PARE_NONE;
    (*model)->ir_version = 8;
    b->status = pare_opsets_add(ctx, *model, &(*model)->opsets, "", 17, NULL);
    return pare_build_input(b, "x", pare_type_tensor(&(*model)->arena, PARE_FLOAT, 2, square));
}

static pare_status end(pare_builder *b, pare_model **out, pare_model *model, pare_value_id y)
{
    if (model)
        pare_build_output(b, y, pare_type_tensor(&model->arena, PARE_FLOAT, 2, square));
    pare_status st = b->status;
    if (!st) st = pare_graph_check(b->ctx, model, "building");
    if (st) pare_model_free(b->ctx, model);
    else *out = model;
    return st;
}

pare_status graph_chain(pare_ctx *ctx, pare_model **out, uint32_t n)
{
    pare_builder b;
    pare_model *model;
    pare_value_id y = begin(&b, ctx, &model, "chain");
    for (uint32_t i = 0; i < n && !b.status; i++) {
        char name[16];
        y = pare_emit(&b, "Conv", y);
        pare_build_int(&b, "group", 1);
        pare_build_string(&b, "auto_pad", "NOTSET");
        pare_build_ints(&b, "pads", (const int64_t[]){ 1, 1, 1, 1 }, 4);
        pare_build_ints(&b, "strides", (const int64_t[]){ 1, 1 }, 2);
        snprintf(name, sizeof(name), "n%u", i);
        if (!b.status) b.status = pare_node_set_name(ctx, model, b.last, name);
    }
    return end(&b, out, model, y);
}

pare_status graph_wide(pare_ctx *ctx, pare_model **out, uint32_t n)
{
    pare_builder b;
    pare_model *model;
    const pare_value_id x = begin(&b, ctx, &model, "wide");
    pare_value_id *branches = calloc(n, sizeof(*branches));
    assert_non_null(branches);
    for (uint32_t i = 0; i < n; i++) branches[i] = pare_emit(&b, "Relu", x);
    const pare_value_id y = pare_emit_n(&b, "Sum", branches, n, 1);
    free(branches);
    return end(&b, out, model, y);
}

/* The graph around the one that is being built gets a node If whose branches are that one, `inner`,
 * and a copy of x. */
static pare_value_id wrap(pare_builder *b, pare_value_id flag, pare_value_id x, pare_graph *inner)
{
    pare_model *model = b->graph->model;
    const pare_value_id y = pare_emit(b, "If", flag);
    pare_builder other;
    pare_graph *plain = NULL;
    if (!b->status) b->status = pare_graph_new(b->ctx, &plain, model, b->graph, "plain");
    if (b->status) return PARE_NONE;
    pare_builder_init(&other, b->ctx, plain);
    pare_build_output(&other, pare_emit(&other, "Identity", x), NULL);
    if (other.status) b->status = other.status;
    pare_build_attr(b, pare_attr_graph(model, "then_branch", inner));
    pare_build_attr(b, pare_attr_graph(model, "else_branch", plain));
    return y;
}

pare_status graph_deep(pare_ctx *ctx, pare_model **out, uint32_t n)
{
    pare_builder levels[PARE_MAX_GRAPH_DEPTH + 1];
    pare_model *model;
    const pare_value_id x = begin(&levels[0], ctx, &model, "deep");
    const pare_type *type = model ? pare_type_tensor(&model->arena, PARE_BOOL, 0, NULL) : NULL;
    const pare_value_id flag = pare_build_input(&levels[0], "flag", type);
    pare_status st = levels[0].status;
    assert_true(n <= PARE_MAX_GRAPH_DEPTH);
    for (uint32_t i = 1; i <= n && !st; i++) {
        pare_graph *graph = NULL;
        st = pare_graph_new(ctx, &graph, model, levels[i - 1].graph, "level");
        if (!st) pare_builder_init(&levels[i], ctx, graph);
    }
    if (st) {
        levels[0].status = st;
        return end(&levels[0], out, model, PARE_NONE);
    }
    pare_value_id y = pare_emit(&levels[n], "Relu", x);
    for (uint32_t i = n; i > 0 && !st; i--) {
        pare_build_output(&levels[i], y, NULL);
        y = wrap(&levels[i - 1], flag, x, levels[i].graph);
        st = levels[i].status ? levels[i].status : levels[i - 1].status;
    }
    levels[0].status = st;
    return end(&levels[0], out, model, y);
}

/* --- files ------------------------------------------------------------------------------------ */

static void put(int fd, const void *data, size_t n_bytes)
{
    const uint8_t *at = data;
    while (n_bytes) {
        const ssize_t n = write(fd, at, n_bytes);
        assert_true(n > 0);
        at += n;
        n_bytes -= (size_t)n;
    }
}

/* n_bytes of payload number `which` at the end of the file. */
static void put_payload(int fd, uint64_t n_bytes, uint32_t which, graph_filling filling)
{
    enum { PIECE = 1 << 20 };
    if (filling == GRAPH_HOLES) {
        const off_t at = lseek(fd, (off_t)n_bytes, SEEK_END);
        assert_true(at >= 0 && ftruncate(fd, at) == 0);
        return;
    }
    uint64_t *piece = malloc(PIECE), x = 88172645463325252u + which;
    assert_non_null(piece);
    for (uint64_t left = n_bytes; left;) {
        const size_t n = left < PIECE ? (size_t)left : PIECE;
        for (size_t i = 0; i < PIECE / sizeof(*piece); i++) { /* xorshift64 (Marsaglia 2003) */
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            piece[i] = x;
        }
        put(fd, piece, n);
        left -= n;
    }
    free(piece);
}

static int create(const char *path)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(fd >= 0);
    return fd;
}

static void name_of(char out[16], uint32_t i)
{
    snprintf(out, 16, "w%u", i);
}

static void entry(wire *w, const char *key, const char *value)
{
    const size_t mark = wire_begin(w, 13);
    wire_text(w, 1, key);
    wire_text(w, 2, value);
    wire_end(w, mark);
}

static void external_tensor(wire *w, uint32_t i, uint64_t n_bytes, const char *location)
{
    char text[24];
    const size_t mark = wire_begin(w, 5);
    wire_int(w, 1, (int64_t)n_bytes);
    wire_int(w, 2, PARE_INT8);
    name_of(text, i);
    wire_text(w, 8, text);
    entry(w, "location", location);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)(i * n_bytes));
    entry(w, "offset", text);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)n_bytes);
    entry(w, "length", text);
    wire_int(w, 14, 1);
    wire_end(w, mark);
}

/* Everything of the model that stands in front of the graph, and behind it. */
static void head(wire *w)
{
    wire_int(w, 1, 8);
}

static void tail(wire *w)
{
    const size_t mark = wire_begin(w, 8);
    wire_int(w, 2, 17);
    wire_end(w, mark);
}

/* A node that gives the first tensor out, so that the graph means something. */
static void identity(wire *w)
{
    const size_t mark = wire_begin(w, 1);
    wire_text(w, 1, "w0");
    wire_text(w, 2, "y");
    wire_text(w, 4, "Identity");
    wire_end(w, mark);
    wire_text(w, 2, "large");
}

static void output(wire *w)
{
    const size_t value = wire_begin(w, 12);
    wire_text(w, 1, "y");
    const size_t type = wire_begin(w, 2), tensor = wire_begin(w, 1);
    wire_int(w, 1, PARE_INT8);
    wire_end(w, tensor);
    wire_end(w, type);
    wire_end(w, value);
}

void graph_write_external(const char *path, uint32_t n_tensors, uint64_t tensor_bytes,
                          graph_filling filling)
{
    char data[TEST_PATH_BYTES];
    wire w = { 0 };
    snprintf(data, sizeof(data), "%.*s.data", (int)(strlen(path) - strlen(".onnx")), path);
    const char *slash = strrchr(data, '/');
    head(&w);
    const size_t graph = wire_begin(&w, 7);
    identity(&w);
    for (uint32_t i = 0; i < n_tensors; i++)
        external_tensor(&w, i, tensor_bytes, slash ? slash + 1 : data);
    output(&w);
    wire_end(&w, graph);
    tail(&w);
    test_write_file(path, w.data, w.n);
    wire_free(&w);
    const int fd = create(data);
    for (uint32_t i = 0; i < n_tensors; i++) put_payload(fd, tensor_bytes, i, filling);
    assert_int_equal(close(fd), 0);
}

/* What stands in front of the payload of an embedded tensor; its field in the graph is opened
 * too. */
static void tensor_head(wire *w, uint32_t i, uint64_t n_bytes)
{
    char name[16];
    wire inner = { 0 };
    name_of(name, i);
    wire_int(&inner, 1, (int64_t)n_bytes);
    wire_int(&inner, 2, PARE_INT8);
    wire_text(&inner, 8, name);
    wire_tag(&inner, 9, 2);
    wire_value(&inner, n_bytes);
    wire_tag(w, 5, 2);
    wire_value(w, inner.n + n_bytes);
    wire_raw(w, inner.data, inner.n);
    wire_free(&inner);
}

void graph_write_embedded(const char *path, uint32_t n_tensors, uint64_t tensor_bytes,
                          graph_filling filling)
{
    wire first = { 0 }, file = { 0 }, last = { 0 }, piece = { 0 };
    identity(&first);
    output(&last);
    uint64_t graph_bytes = first.n + last.n;
    for (uint32_t i = 0; i < n_tensors; i++) {
        piece.n = 0;
        tensor_head(&piece, i, tensor_bytes);
        graph_bytes += piece.n + tensor_bytes;
    }
    head(&file);
    wire_tag(&file, 7, 2);
    wire_value(&file, graph_bytes);
    wire_raw(&file, first.data, first.n);
    const int fd = create(path);
    put(fd, file.data, file.n);
    for (uint32_t i = 0; i < n_tensors; i++) {
        piece.n = 0;
        tensor_head(&piece, i, tensor_bytes);
        put(fd, piece.data, piece.n);
        put_payload(fd, tensor_bytes, i, filling);
    }
    tail(&last);
    put(fd, last.data, last.n);
    assert_int_equal(close(fd), 0);
    wire_free(&first);
    wire_free(&file);
    wire_free(&last);
    wire_free(&piece);
}
