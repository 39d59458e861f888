/* Models written field by field, because pare's own writer would not write them so. Numbers are
 * those of formats/onnx/onnx.proto. */
#include "support/files.h"
#include "support/nets/layer.h"
#include "support/wire.h"
#include "testdata/makers.h"

#include <stdio.h>
#include <string.h>

static void entry(wire *w, uint32_t field, const char *key, const char *value)
{
    const size_t mark = wire_begin(w, field);
    wire_text(w, 1, key);
    wire_text(w, 2, value);
    wire_end(w, mark);
}

static void opset(wire *w, const char *domain, int64_t version)
{
    const size_t mark = wire_begin(w, 8);
    wire_text(w, 1, domain);
    wire_int(w, 2, version);
    wire_end(w, mark);
}

/* A tensor dimension: a symbol, or the number where param is NULL. */
typedef struct dim {
    const char *param;
    int64_t value;
    const char *denotation;
} dim;

/* TypeProto of float elements in field 2 of a ValueInfoProto. */
static void float_type(wire *w, const dim *dims, size_t rank, const char *denotation)
{
    const size_t type = wire_begin(w, 2), tensor = wire_begin(w, 1);
    wire_int(w, 1, PARE_FLOAT);
    const size_t shape = wire_begin(w, 2);
    for (size_t i = 0; i < rank; i++) {
        const size_t mark = wire_begin(w, 1);
        if (dims[i].param) wire_text(w, 2, dims[i].param);
        else wire_int(w, 1, dims[i].value);
        if (dims[i].denotation) wire_text(w, 3, dims[i].denotation);
        wire_end(w, mark);
    }
    wire_end(w, shape);
    wire_end(w, tensor);
    if (denotation) wire_text(w, 6, denotation);
    wire_end(w, type);
}

static void value_info(wire *w, uint32_t field, const char *name, const dim *dims, size_t rank)
{
    const size_t mark = wire_begin(w, field);
    wire_text(w, 1, name);
    float_type(w, dims, rank, NULL);
    wire_end(w, mark);
}

/* An open NodeProto in `field` with inputs a and b; b, a and name may be NULL: absent. */
static size_t node(wire *w, uint32_t field, const char *op_type, const char *a, const char *b,
                   const char *output, const char *name)
{
    const size_t mark = wire_begin(w, field);
    if (a) wire_text(w, 1, a);
    if (b) wire_text(w, 1, b);
    wire_text(w, 2, output);
    if (name) wire_text(w, 3, name);
    wire_text(w, 4, op_type);
    return mark;
}

static pare_status write_out(wire *w, const char *path)
{
    test_write_file(path, w->data, w->n);
    wire_free(w);
    return PARE_OK;
}

/* --- external data ---------------------------------------------------------------------------- */

/* An initializer in another file; length 0: to its end. */
static void external(wire *w, const char *name, const int64_t dims[2], const char *location,
                     int64_t offset, int64_t length)
{
    char number[24];
    const size_t mark = wire_begin(w, 5);
    for (int i = 0; i < 2 && dims[i]; i++)
        wire_int(w, 1, dims[i]);
    wire_int(w, 2, PARE_FLOAT);
    wire_text(w, 8, name);
    entry(w, 13, "location", location);
    if (offset) {
        snprintf(number, sizeof(number), "%lld", (long long)offset);
        entry(w, 13, "offset", number);
    }
    if (length) {
        snprintf(number, sizeof(number), "%lld", (long long)length);
        entry(w, 13, "length", number);
    }
    wire_int(w, 14, 1);
    wire_end(w, mark);
}

/* path with another ending than ".onnx". */
static void beside(char out[TEST_PATH_BYTES], const char *path, const char *ending)
{
    snprintf(out, TEST_PATH_BYTES, "%.*s%s", (int)(strlen(path) - strlen(".onnx")), path, ending);
}

/* Two data files: one in pages of 4096 bytes, one packed without gaps, its last tensor without a
 * length. The model as Python tools write it. */
pare_status make_tiny_external(pare_ctx *ctx, const char *path)
{
    static float pages[2 * 1024 + 32];
    float packed[8 + 4];
    char file[TEST_PATH_BYTES];
    wire w = { 0 };
    (void)ctx;
    net_fill(pages, 64, 1, "first.weight", NET_INIT_WEIGHT, 8);
    net_fill(pages + 2 * 1024, 32, 1, "second.weight", NET_INIT_WEIGHT, 8);
    net_fill(packed, 8, 1, "first.bias", NET_INIT_SHIFT, 0);
    net_fill(packed + 8, 4, 1, "second.bias", NET_INIT_SHIFT, 0);
    beside(file, path, ".data");
    test_write_file(file, pages, sizeof(pages));
    beside(file, path, ".bias");
    test_write_file(file, packed, sizeof(packed));

    wire_int(&w, 1, 8);
    wire_text(&w, 2, "pare testdata");
    const size_t graph = wire_begin(&w, 7);
    wire_end(&w,
             node(&w, 1, "MatMul", "x", "first.weight", "a", "first"));
    wire_end(&w, node(&w, 1, "Add", "a", "first.bias", "b", "shift"));
    wire_end(&w, node(&w, 1, "Relu", "b", NULL, "c", "relu"));
    wire_end(&w,
             node(&w, 1, "MatMul", "c", "second.weight", "d", "second"));
    wire_end(&w, node(&w, 1, "Add", "d", "second.bias", "y", "shift2"));
    wire_text(&w, 2, "tiny_external");
    external(&w, "first.weight", (const int64_t[]){ 8, 8 }, "tiny_external.data", 0, 256);
    external(&w, "first.bias", (const int64_t[]){ 8, 0 }, "tiny_external.bias", 0, 32);
    external(&w, "second.weight", (const int64_t[]){ 8, 4 }, "tiny_external.data", 8192, 128);
    external(&w, "second.bias", (const int64_t[]){ 4, 0 }, "tiny_external.bias", 32, 0);
    value_info(&w, 11, "x", (const dim[]){ { "batch", 0, NULL }, { NULL, 8, NULL } }, 2);
    value_info(&w, 12, "y", (const dim[]){ { "batch", 0, NULL }, { NULL, 4, NULL } }, 2);
    wire_end(&w, graph);
    opset(&w, "", 13);
    return write_out(&w, path);
}

/* --- everything that can be said about a model ------------------------------------------------ */

static void described_nodes(wire *w)
{
    size_t mark = node(w, 1, "Mul", "image", "gain", "h", "amplify");
    wire_text(w, 6, "makes it louder");
    wire_text(w, 7, "");
    entry(w, 9, "namespace", "front/amplify");
    const size_t device = wire_begin(w, 10); /* NodeDeviceConfigurationProto */
    wire_text(w, 1, "two");
    const size_t sharding = wire_begin(w, 2);
    wire_text(w, 1, "gain");
    wire_int(w, 2, 0);
    wire_int(w, 2, 1);
    wire_end(w, sharding);
    wire_int(w, 3, 0);
    wire_end(w, device);
    wire_end(w, mark);

    mark = node(w, 1, "LeakyRelu", "h", NULL, "k", "bend");
    const size_t attribute = wire_begin(w, 5);
    wire_text(w, 1, "alpha");
    wire_float(w, 2, 0.25f);
    wire_text(w, 13, "slope below zero");
    wire_int(w, 20, 1);
    wire_end(w, attribute);
    wire_end(w, mark);

    mark = node(w, 1, "Twice", "k", NULL, "y", "double");
    wire_text(w, 7, "local");
    wire_end(w, mark);
}

static void described_graph(wire *w)
{
    const float gain[] = { 0.5f, 2.0f };
    const dim dims[] = { { "batch", 0, "DATA_BATCH" }, { NULL, 2, "DATA_CHANNEL" } };
    const size_t graph = wire_begin(w, 7);
    described_nodes(w);
    wire_text(w, 2, "tiny_metadata");
    size_t mark = wire_begin(w, 5);
    wire_int(w, 1, 2);
    wire_int(w, 2, PARE_FLOAT);
    wire_text(w, 8, "gain");
    wire_bytes(w, 9, gain, sizeof(gain));
    wire_text(w, 12, "by channel");
    entry(w, 16, "unit", "none");
    wire_end(w, mark);
    wire_text(w, 10, "A graph with \"notes\"\nof two lines.");
    mark = wire_begin(w, 11);
    wire_text(w, 1, "image");
    float_type(w, dims, 2, "IMAGE");
    wire_text(w, 3, "what the camera saw");
    entry(w, 4, "range", "0-1");
    wire_end(w, mark);
    mark = wire_begin(w, 12);
    wire_text(w, 1, "y");
    float_type(w, dims, 2, "TENSOR");
    wire_text(w, 3, "");
    wire_end(w, mark);
    value_info(w, 13, "h", dims, 2);
    mark = wire_begin(w, 14); /* quantization_annotation */
    wire_text(w, 1, "h");
    entry(w, 2, "SCALE_TENSOR", "gain");
    entry(w, 2, "ZERO_POINT_TENSOR", "not there");
    wire_end(w, mark);
    entry(w, 16, "layout", "NC");
    entry(w, 16, "empty", "");
    wire_end(w, graph);
}

/* TrainingInfoProto: initialization sets gain to ones, algorithm halves it. */
static void training(wire *w)
{
    const dim two = { NULL, 2, NULL };
    const float half = 0.5f;
    const size_t info = wire_begin(w, 20);
    size_t graph = wire_begin(w, 1);
    size_t mark = node(w, 1, "Constant", NULL, NULL, "ones", NULL);
    const size_t attribute = wire_begin(w, 5),
                 tensor = (wire_text(w, 1, "value"), wire_begin(w, 5));
    const float ones[] = { 1, 1 };
    wire_int(w, 1, 2);
    wire_int(w, 2, PARE_FLOAT);
    wire_bytes(w, 9, ones, sizeof(ones));
    wire_end(w, tensor);
    wire_int(w, 20, 4);
    wire_end(w, attribute);
    wire_end(w, mark);
    wire_text(w, 2, "start");
    value_info(w, 12, "ones", &two, 1);
    wire_end(w, graph);
    graph = wire_begin(w, 2);
    wire_end(w, node(w, 1, "Mul", "gain", "half", "next", NULL));
    wire_text(w, 2, "step");
    mark = wire_begin(w, 5);
    wire_int(w, 2, PARE_FLOAT);
    wire_text(w, 8, "half");
    wire_bytes(w, 9, &half, sizeof(half));
    wire_end(w, mark);
    value_info(w, 12, "next", &two, 1);
    wire_end(w, graph);
    entry(w, 3, "gain", "ones");
    entry(w, 4, "gain", "next");
    wire_end(w, info);
}

static void described_function(wire *w)
{
    const size_t function = wire_begin(w, 25);
    wire_text(w, 1, "Twice");
    wire_text(w, 4, "a");
    wire_text(w, 5, "b");
    wire_end(w, node(w, 7, "Add", "a", "a", "b", "sum"));
    wire_text(w, 8, "adds a value to itself");
    const size_t import = wire_begin(w, 9);
    wire_text(w, 1, "");
    wire_int(w, 2, 18);
    wire_end(w, import);
    wire_text(w, 10, "local");
    entry(w, 14, "origin", "testdata");
    wire_end(w, function);
}

/* Notes at every level, denotations, annotations, training, devices, and a field that nobody
 * knows. */
pare_status make_tiny_metadata(pare_ctx *ctx, const char *path)
{
    wire w = { 0 };
    (void)ctx;
    wire_int(&w, 1, 11);
    wire_text(&w, 2, "pare testdata");
    wire_text(&w, 3, "1.0-beta");
    wire_text(&w, 4, "org.example");
    wire_int(&w, 5, -3);
    wire_text(&w, 6, "Everything that can be said about a model.");
    described_graph(&w);
    opset(&w, "", 18);
    opset(&w, "local", 1);
    entry(&w, 14, "author", "pare");
    entry(&w, 14, "licence", "");
    training(&w);
    described_function(&w);
    const size_t device = wire_begin(&w, 26); /* DeviceConfigurationProto */
    wire_text(&w, 1, "two");
    wire_int(&w, 2, 2);
    wire_text(&w, 3, "left");
    wire_text(&w, 3, "right");
    wire_end(&w, device);
    wire_text(&w, 1000, "from a later version");
    return write_out(&w, path);
}

/* --- written unusually ------------------------------------------------------------------------ */

/* A varint with three bytes more than it needs. */
static void long_varint(wire *w, uint8_t value)
{
    const uint8_t bytes[] = { value | 0x80, 0x80, 0x80, 0x00 };
    wire_raw(w, bytes, sizeof(bytes));
}

/* Allowed, but not as protobuf libraries write it: fields in falling order, repeated numbers packed
 * where the schema says unpacked and the reverse, varints longer than need be, a scalar field given
 * twice (the last one counts). */
pare_status make_tiny_noncanonical(pare_ctx *ctx, const char *path)
{
    wire w = { 0 };
    const dim dims[] = { { "batch", 0, NULL }, { NULL, 2, NULL }, { NULL, 3, NULL } };
    (void)ctx;
    opset(&w, "", 13);
    const size_t graph = wire_begin(&w, 7);
    value_info(&w, 12, "y", (const dim[]){ dims[0], dims[2], dims[1] }, 3);
    value_info(&w, 11, "x", dims, 3);
    const size_t tensor = wire_begin(&w, 5);
    wire_text(&w, 8, "w");
    wire_float(&w, 4, 0.5f); /* float_data, unpacked */
    wire_float(&w, 4, -1.0f);
    const size_t packed_floats = wire_begin(&w, 4); /* the rest packed */
    const float more[] = { 2, 0.25f, 1, -2 };
    wire_raw(&w, more, sizeof(more));
    wire_end(&w, packed_floats);
    wire_int(&w, 2, PARE_FLOAT);
    const size_t packed_dims = wire_begin(&w, 1);
    wire_value(&w, 2);
    wire_value(&w, 3);
    wire_end(&w, packed_dims);
    wire_end(&w, tensor);
    wire_text(&w, 2, "overridden");
    wire_text(&w, 2, "tiny_noncanonical");
    wire_end(&w, node(&w, 1, "Mul", "x", "w", "h", "first"));
    const size_t mark = node(&w, 1, "Transpose", "h", NULL, "y", "second");
    const size_t attribute = wire_begin(&w, 5);
    wire_tag(&w, 20, 0);
    long_varint(&w, 7); /* INTS */
    const size_t packed_ints = wire_begin(&w, 8);
    wire_value(&w, 0);
    wire_value(&w, 2);
    wire_value(&w, 1);
    wire_end(&w, packed_ints);
    wire_text(&w, 1, "perm");
    wire_end(&w, attribute);
    wire_end(&w, mark);
    wire_end(&w, graph);
    wire_text(&w, 2, "pare testdata");
    wire_int(&w, 1, 3);
    wire_tag(&w, 1, 0);
    long_varint(&w, 8);
    return write_out(&w, path);
}
