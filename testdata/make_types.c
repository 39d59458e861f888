/* Networks in narrow types: float16, int8 with Q/DQ nodes, int4 in blocks; and every payload
 * form. */
#include "formats/onnx/onnx.h"
#include "support/nets/layer.h"
#include "support/wire.h"
#include "testdata/makers.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void begin(net *n, pare_ctx *ctx, const char *name, int64_t opset)
{
    const net_opts opts = {
        .weights = NET_WEIGHTS_SEEDED, .seed = 1, .batch = NET_SYMBOLIC, .opset = opset,
    };
    net_begin(n, ctx, name, &opts);
}

static pare_status save(net *n, const char *path)
{
    pare_model *model = NULL;
    pare_ctx *ctx = n->b.ctx;
    pare_status st = net_end(n, &model);
    if (!st) st = pare_onnx_save(ctx, model, path, NULL);
    pare_model_free(ctx, model);
    return st;
}

/* An initializer of any type from dense bytes, called scope + name. */
static pare_value_id constant(net *n, const char *name, pare_dtype dtype, uint32_t rank,
                              const int64_t *dims, const void *data)
{
    char full[2 * NET_NAME_BYTES];
    pare_tensor *tensor = NULL;
    if (n->b.status) return PARE_NONE;
    n->b.status = pare_tensor_from(n->b.ctx, &tensor, dtype, rank, dims, data);
    snprintf(full, sizeof(full), "%s%s", n->scope, name);
    return pare_build_const(&n->b, full, tensor);
}

/* --- float16 ---------------------------------------------------------------------------------- */

/* Nearest, ties to even, for what is neither NaN nor beyond the range nor below the normal one. */
static uint16_t half_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude < 0x38800000) return (uint16_t)sign; /* below 2^-14: to zero */
    const uint32_t shifted = magnitude - 0x38000000;
    return (uint16_t)(sign | (shifted + 0xfff + (shifted >> 13 & 1)) >> 13);
}

static pare_value_id half_param(net *n, const char *name, net_init init, int64_t fan_in,
                                uint32_t rank, const int64_t *dims)
{
    enum { MOST = 512 };
    float floats[MOST];
    uint16_t halves[MOST];
    size_t count = 1;
    for (uint32_t i = 0; i < rank; i++)
        count *= (size_t)dims[i];
    assert(count <= MOST);
    net_fill(floats, count, n->opts.seed, name, init, fan_in);
    for (size_t i = 0; i < count; i++)
        halves[i] = half_of(floats[i]);
    return constant(n, name, PARE_FLOAT16, rank, dims, halves);
}

/* Inside float16, outside float, as converters leave it. */
pare_status make_tiny_fp16(pare_ctx *ctx, const char *path)
{
    net n;
    const int64_t filters[] = { 8, 3, 3, 3 }, matrix[] = { 10, 8 };
    begin(&n, ctx, "tiny_fp16", 13);
    net_map x = net_image(&n, "image", 3, 8, 8);
    pare_emit(&n.b, "Cast", x.value);
    pare_build_int(&n.b, "to", PARE_FLOAT16);
    x.value = net_name(&n, "to_half");
    pare_emit(&n.b, "Conv", x.value, half_param(&n, "conv.weight", NET_INIT_WEIGHT, 27, 4, filters),
              half_param(&n, "conv.bias", NET_INIT_SHIFT, 0, 1, filters));
    pare_build_ints(&n.b, "kernel_shape", (const int64_t[]){ 3, 3 }, 2);
    pare_build_ints(&n.b, "pads", (const int64_t[]){ 1, 1, 1, 1 }, 4);
    x = (net_map){ net_name(&n, "conv"), 8, 8, 8 };
    x = net_flatten(&n, "flatten",
                    net_global_pool(&n, "pool", net_act_map(&n, "relu", x, NET_RELU)));
    pare_emit(&n.b, "Gemm", x.value, half_param(&n, "fc.weight", NET_INIT_WEIGHT, 8, 2, matrix),
              half_param(&n, "fc.bias", NET_INIT_SHIFT, 0, 1, matrix));
    pare_build_int(&n.b, "transB", 1);
    pare_emit(&n.b, "Cast", net_name(&n, "fc"));
    pare_build_int(&n.b, "to", PARE_FLOAT);
    net_output(&n, "logits", (net_map){ net_name(&n, "to_float"), 10, 0, 0 });
    return save(&n, path);
}

/* --- int8 ------------------------------------------------------------------------------------- */

static pare_value_id byte_scalar(net *n, const char *name, uint8_t value)
{
    return constant(n, name, PARE_UINT8, 0, NULL, &value);
}

/* x through uint8 and back. */
static net_map squeezed(net *n, const char *layer, net_map x, float scale, uint8_t zero)
{
    const size_t mark = net_enter(n, "%s", layer);
    const pare_value_id s = net_scalar(n, "scale", scale), z = byte_scalar(n, "zero_point", zero);
    pare_emit(&n->b, "QuantizeLinear", x.value, s, z);
    const pare_value_id q = net_name(n, "quantize");
    net_leave(n, mark);
    pare_emit(&n->b, "DequantizeLinear", q, s, z);
    x.value = net_name(n, layer);
    return x;
}

enum { MOST_ROWS = 16, MOST_WEIGHTS = 512 };

/* Weights [rows, ...] of the layer as int8 with one scale per row, and its bias as int32 at the
 * scale of the products; both behind DequantizeLinear. */
static void int8_params(net *n, uint32_t rank, const int64_t *dims, float x_scale,
                        pare_value_id out[2])
{
    float w[MOST_WEIGHTS], bias[MOST_ROWS], scales[MOST_ROWS], products[MOST_ROWS];
    int8_t w8[MOST_WEIGHTS], zeros[MOST_ROWS] = { 0 };
    int32_t bias32[MOST_ROWS];
    const size_t rows = (size_t)dims[0];
    size_t row = 1;
    for (uint32_t i = 1; i < rank; i++)
        row *= (size_t)dims[i];
    assert(rows <= MOST_ROWS && rows * row <= MOST_WEIGHTS);
    net_fill(w, rows * row, n->opts.seed, n->scope, NET_INIT_WEIGHT, (int64_t)row);
    net_fill(bias, rows, n->opts.seed + 1, n->scope, NET_INIT_SHIFT, 0);
    for (size_t r = 0; r < rows; r++) {
        float most = 0;
        for (size_t i = 0; i < row; i++)
            most = fmaxf(most, fabsf(w[r * row + i]));
        scales[r] = most / 127.0f;
        products[r] = scales[r] * x_scale;
        for (size_t i = 0; i < row; i++)
            w8[r * row + i] = (int8_t)lrintf(w[r * row + i] / scales[r]);
        bias32[r] = (int32_t)lrintf(bias[r] / products[r]);
    }
    pare_emit(&n->b, "DequantizeLinear", constant(n, "weight", PARE_INT8, rank, dims, w8),
              constant(n, "weight.scale", PARE_FLOAT, 1, dims, scales),
              constant(n, "weight.zero_point", PARE_INT8, 1, dims, zeros));
    pare_build_int(&n->b, "axis", 0);
    out[0] = net_name(n, "weight_dq");
    pare_emit(&n->b, "DequantizeLinear", constant(n, "bias", PARE_INT32, 1, dims, bias32),
              constant(n, "bias.scale", PARE_FLOAT, 1, dims, products));
    pare_build_int(&n->b, "axis", 0);
    out[1] = net_name(n, "bias_dq");
}

/* 3x3 convolution and Relu over x, which comes at x_scale. */
static net_map int8_conv(net *n, const char *layer, net_map x, int64_t out, int64_t groups,
                         int64_t stride, float x_scale)
{
    pare_value_id params[2];
    const int64_t dims[] = { out, x.c / groups, 3, 3 };
    const size_t mark = net_enter(n, "%s", layer);
    int8_params(n, 4, dims, x_scale, params);
    pare_emit(&n->b, "Conv", x.value, params[0], params[1]);
    pare_build_ints(&n->b, "kernel_shape", dims + 2, 2);
    pare_build_ints(&n->b, "pads", (const int64_t[]){ 1, 1, 1, 1 }, 4);
    pare_build_ints(&n->b, "strides", (const int64_t[]){ stride, stride }, 2);
    pare_build_int(&n->b, "group", groups);
    x = (net_map){ net_name(n, "conv"), out, x.h / stride, x.w / stride };
    x = net_act_map(n, "relu", x, NET_RELU);
    net_leave(n, mark);
    return x;
}

/* Convolutions, one of them depthwise, and a Gemm in the Q/DQ form. */
pare_status make_tiny_qdq(pare_ctx *ctx, const char *path)
{
    net n;
    pare_value_id fc[2];
    const int64_t matrix[] = { 10, 8 };
    const float in = 1.0f / 64, mid = 1.0f / 32;
    begin(&n, ctx, "tiny_qdq", 13);
    net_map x = squeezed(&n, "input_q", net_image(&n, "image", 3, 8, 8), in, 128);
    x = squeezed(&n, "conv1_q", int8_conv(&n, "conv1", x, 8, 1, 1, in), mid, 0);
    x = squeezed(&n, "conv2_q", int8_conv(&n, "conv2", x, 8, 8, 2, mid), mid, 0);
    x = squeezed(&n, "pool_q", net_global_pool(&n, "pool", x), mid, 0);
    x = net_flatten(&n, "flatten", x);
    x = squeezed(&n, "flatten_q", x, mid, 0);
    const size_t mark = net_enter(&n, "fc");
    int8_params(&n, 2, matrix, mid, fc);
    net_leave(&n, mark);
    pare_emit(&n.b, "Gemm", x.value, fc[0], fc[1]);
    pare_build_int(&n.b, "transB", 1);
    x = squeezed(&n, "output_q", (net_map){ net_name(&n, "fc"), 10, 0, 0 }, mid, 128);
    net_output(&n, "logits", x);
    return save(&n, path);
}

/* --- int4 ------------------------------------------------------------------------------------- */

/* `count` pseudo-random values of 4 bits, two to a byte. */
static void nibbles(const net *n, const char *name, size_t count, uint8_t *out)
{
    float floats[512];
    assert(count <= 512 && count % 2 == 0);
    net_fill(floats, count, n->opts.seed, name, NET_INIT_SHIFT, 0);
    for (size_t i = 0; i < count; i += 2) {
        const unsigned low = (unsigned)lrintf((floats[i] + 0.2f) * 37.0f) & 15;
        const unsigned high = (unsigned)lrintf((floats[i + 1] + 0.2f) * 37.0f) & 15;
        out[i / 2] = (uint8_t)(low | high << 4);
    }
}

static pare_value_id scales_of(net *n, const char *name, uint32_t rank, const int64_t *dims)
{
    float scales[64];
    size_t count = 1;
    for (uint32_t i = 0; i < rank; i++)
        count *= (size_t)dims[i];
    assert(count <= 64);
    net_fill(scales, count, n->opts.seed, name, NET_INIT_SCALE, 0);
    for (size_t i = 0; i < count; i++)
        scales[i] *= 1.0f / 16;
    return constant(n, name, PARE_FLOAT, rank, dims, scales);
}

/* x times a matrix [depth, width] of 4-bit weights in blocks of 16 along the depth. */
static pare_value_id blocked_matmul(net *n, const char *layer, pare_value_id x, pare_dtype dtype,
                                    int64_t depth, int64_t width)
{
    uint8_t packed[256], zeros[32];
    const int64_t dims[] = { depth, width }, blocks[] = { depth / 16, width };
    const size_t mark = net_enter(n, "%s", layer);
    nibbles(n, n->scope, (size_t)(depth * width), packed);
    nibbles(n, "zeros", (size_t)(depth / 16 * width), zeros);
    const pare_value_id in[] = {
        constant(n, "weight", dtype, 2, dims, packed),
        scales_of(n, "scale", 2, blocks),
        dtype == PARE_UINT4 ? constant(n, "zero_point", dtype, 2, blocks, zeros) : PARE_NONE,
    };
    pare_emit_n(&n->b, "DequantizeLinear", in, dtype == PARE_UINT4 ? 3 : 2, 1);
    pare_build_int(&n->b, "axis", 0);
    pare_build_int(&n->b, "block_size", 16);
    const pare_value_id weight = net_name(n, "dequantize");
    net_leave(n, mark);
    pare_emit(&n->b, "MatMul", x, weight);
    return net_name(n, layer);
}

/* int4 blocks without and uint4 blocks with zero points, then com.microsoft's form of the same. */
pare_status make_tiny_int4(pare_ctx *ctx, const char *path)
{
    net n;
    uint8_t packed[64], zeros[8];
    const int64_t in[] = { NET_SYMBOLIC, 32 }, blob[] = { 8, 1, 8 }, eight = 8;
    begin(&n, ctx, "tiny_int4", 21);
    if (!n.b.status)
        n.b.status = pare_opsets_add(ctx, n.model, &n.model->opsets, "com.microsoft", 1, NULL);
    pare_value_id x = pare_build_input(&n.b, "x", net_type(&n, PARE_FLOAT, 2, in));
    x = blocked_matmul(&n, "signed", x, PARE_INT4, 32, 16);
    x = net_activate(&n, "relu", x, NET_RELU);
    x = blocked_matmul(&n, "unsigned", x, PARE_UINT4, 16, 16);
    nibbles(&n, "packed", 128, packed);
    nibbles(&n, "packed.zero_points", 16, zeros);
    const size_t mark = net_enter(&n, "packed");
    pare_emit(&n.b, "MatMulNBits", x, constant(&n, "weight", PARE_UINT8, 3, blob, packed),
              scales_of(&n, "scales", 1, &eight),
              constant(&n, "zero_points", PARE_UINT8, 1, &eight, zeros));
    pare_build_domain(&n.b, "com.microsoft");
    pare_build_int(&n.b, "K", 16);
    pare_build_int(&n.b, "N", 8);
    pare_build_int(&n.b, "bits", 4);
    pare_build_int(&n.b, "block_size", 16);
    net_leave(&n, mark);
    net_output(&n, "y", (net_map){ net_name(&n, "packed"), 8, 0, 0 });
    return save(&n, path);
}

/* --- payload forms ---------------------------------------------------------------------------- */

/* The tensor whose payload is what was written to w; w is emptied. */
static pare_tensor *formed(net *n, pare_dtype dtype, pare_encoding encoding, int64_t count, wire *w)
{
    pare_tensor *tensor = NULL;
    pare_buf *owner = NULL;
    const int64_t dims[] = { count };
    pare_status st = n->b.status;
    if (!st) st = pare_buf_new(n->b.ctx, &owner, w->n);
    if (!st) {
        memcpy(owner->data, w->data, w->n);
        const pare_bytes payload = { .data = owner->data, .n = w->n };
        st = pare_tensor_wrap(n->b.ctx, &tensor, dtype, 1, dims, encoding, payload, owner);
    }
    pare_buf_unref(owner);
    wire_free(w);
    *w = (wire){ 0 };
    n->b.status = st;
    return tensor;
}

static void give_out(net *n, const char *name, pare_value_id value, pare_dtype dtype, int64_t count)
{
    pare_emit(&n->b, "Identity", value);
    const pare_value_id out = net_name(n, name);
    pare_build_name(&n->b, out, name);
    pare_build_output(&n->b, out, net_type(n, dtype, 1, &count));
}

/* An initializer with a payload in a form other than raw_data, and an output that shows it. */
static void show(net *n, const char *name, pare_dtype dtype, pare_encoding encoding, wire *w)
{
    char weight[NET_NAME_BYTES];
    snprintf(weight, sizeof(weight), "%s.payload", name);
    pare_value_id value = pare_build_const(&n->b, weight, formed(n, dtype, encoding, 3, w));
    if (dtype == PARE_BFLOAT16) { /* numpy has none */
        value = pare_emit(&n->b, "Cast", value);
        pare_build_int(&n->b, "to", PARE_FLOAT);
        dtype = PARE_FLOAT;
    }
    give_out(n, name, value, dtype, 3);
}

static void varints(wire *w, const int64_t v[3])
{
    for (int i = 0; i < 3; i++)
        wire_value(w, (uint64_t)v[i]);
}

/* One row per element type that int32_data can hold here: three values as they stand in the
 * file. */
static void show_int32_data(net *n)
{
    static const struct {
        const char *name;
        pare_dtype dtype;
        int64_t values[3];
    } rows[] = {
        { "int32", PARE_INT32, { 0, -1, INT32_MIN } },
        { "int16", PARE_INT16, { 300, -300, INT16_MIN } },
        { "int8", PARE_INT8, { 5, -5, INT8_MIN } },
        { "uint16", PARE_UINT16, { 0, 300, UINT16_MAX } },
        { "uint8", PARE_UINT8, { 0, 200, UINT8_MAX } },
        { "bool", PARE_BOOL, { 1, 0, 1 } },
        { "float16", PARE_FLOAT16, { 0x3c00, 0xc000, 0x7bff } },
        { "bfloat16", PARE_BFLOAT16, { 0x3f80, 0xc000, 0x7f00 } },
    };
    wire w = { 0 };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        varints(&w, rows[i].values);
        show(n, rows[i].name, rows[i].dtype, PARE_ENC_INT32_DATA, &w);
    }
}

/* The typed fields of TensorProto instead of raw_data, in initializers and in an attribute. */
pare_status make_tiny_payloads(pare_ctx *ctx, const char *path)
{
    net n;
    wire w = { 0 };
    const float floats[] = { 0.5f, -1.25f, 3e38f };
    const double doubles[] = { 0.1, -1e300, 5e-324 };
    begin(&n, ctx, "tiny_payloads", 21);
    wire_raw(&w, floats, sizeof(floats));
    show(&n, "float", PARE_FLOAT, PARE_ENC_FLOAT_DATA, &w);
    wire_raw(&w, doubles, sizeof(doubles));
    show(&n, "double", PARE_DOUBLE, PARE_ENC_DOUBLE_DATA, &w);
    varints(&w, (const int64_t[]){ 1, -1, INT64_MIN });
    show(&n, "int64", PARE_INT64, PARE_ENC_INT64_DATA, &w);
    varints(&w, (const int64_t[]){ 0, 300, -1 });
    show(&n, "uint64", PARE_UINT64, PARE_ENC_UINT64_DATA, &w);
    varints(&w, (const int64_t[]){ 0, 300, UINT32_MAX });
    show(&n, "uint32", PARE_UINT32, PARE_ENC_UINT64_DATA, &w);
    show_int32_data(&n);

    wire_value(&w, 0x21); /* two elements to a byte, as raw_data would have them */
    wire_value(&w, 0x07);
    pare_tensor *narrow = formed(&n, PARE_INT4, PARE_ENC_INT32_DATA, 3, &w);
    const pare_value_id nibble = pare_build_const(&n.b, "int4.payload", narrow);
    pare_emit(&n.b, "DequantizeLinear", nibble, net_scalar(&n, "int4.scale", 0.5f));
    give_out(&n, "int4", net_name(&n, "int4.dequantize"), PARE_FLOAT, 3);

    wire_raw(&w, floats, sizeof(floats));
    pare_tensor *tensor = formed(&n, PARE_FLOAT, PARE_ENC_FLOAT_DATA, 3, &w);
    pare_emit_n(&n.b, "Constant", NULL, 0, 1);
    if (!n.b.status) pare_build_attr(&n.b, pare_attr_tensor(n.model, "value", tensor));
    pare_tensor_unref(tensor);
    give_out(&n, "attribute", net_name(&n, "attribute.constant"), PARE_FLOAT, 3);
    return save(&n, path);
}
