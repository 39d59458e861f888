/* Small float networks with seeded weights, of every kind that pare treats differently. */
#include "formats/onnx/onnx.h"
#include "support/nets/seq.h"
#include "testdata/makers.h"

static void begin(net *n, pare_ctx *ctx, const char *name, int64_t batch, int64_t opset)
{
    const net_opts opts = {
        .weights = NET_WEIGHTS_SEEDED, .seed = 1, .batch = batch, .opset = opset,
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

pare_status make_tiny_residual(pare_ctx *ctx, const char *path)
{
    net n;
    begin(&n, ctx, "tiny_residual", 1, 15);
    net_map x = net_image(&n, "image", 3, 16, 16);
    x = net_conv_bn(&n, "stem", x, net_square(8, 3, 1, 1), NET_RELU);
    const size_t mark = net_enter(&n, "block");
    net_map y = net_conv_bn(&n, "1", x, net_square(8, 3, 1, 1), NET_RELU);
    y = net_conv_bn(&n, "2", y, net_square(8, 3, 1, 1), NET_LINEAR);
    x = net_act_map(&n, "relu", net_add(&n, "add", y, x), NET_RELU);
    net_leave(&n, mark);
    x = net_flatten(&n, "flatten", net_global_pool(&n, "pool", x));
    net_output(&n, "logits", net_gemm(&n, "fc", x, 10));
    return save(&n, path);
}

pare_status make_tiny_depthwise(pare_ctx *ctx, const char *path)
{
    net n;
    begin(&n, ctx, "tiny_depthwise", NET_SYMBOLIC, 14);
    net_map x = net_image(&n, "image", 3, 16, 16);
    const net_window stem = { .k = 3, .stride = 2, .same = true };
    x = net_conv_bn(&n, "stem", x, (net_conv_opts){ .out = 8, .win = stem }, NET_HSWISH);
    const size_t mark = net_enter(&n, "block");
    net_map y = net_conv_bn(&n, "expand", x, net_square(16, 1, 1, 1), NET_RELU6);
    y = net_conv_bn(&n, "dw", y, net_square(16, 3, 1, 16), NET_RELU6);
    y = net_squeeze_excite(&n, "se", y, 4, NET_RELU, NET_HSIGMOID);
    y = net_conv_bn(&n, "project", y, net_square(8, 1, 1, 1), NET_LINEAR);
    x = net_add(&n, "add", x, y);
    net_leave(&n, mark);
    x = net_flatten(&n, "flatten", net_global_pool(&n, "pool", x));
    net_output(&n, "logits", net_gemm(&n, "fc", x, 10));
    return save(&n, path);
}

enum { TOKENS = 32, WIDTH = 8, CONTEXT = 16, HEADS = 2 };

/* One layer, normalised before (decoder) its parts. */
static net_seq decoder_layer(net *n, net_seq x, pare_value_id mask)
{
    const net_attention_opts attention = {
        .heads = HEADS, .mask = mask, .split = true, .qkv = { "attn.qkv" }, .out = "attn.proj",
    };
    net_seq y = net_attention(n, net_layernorm(n, "norm1", x, 1e-5f), attention);
    x = net_add_seq(n, "add1", x, y);
    y = net_linear(n, "mlp.fc1", net_layernorm(n, "norm2", x, 1e-5f), 2 * x.d);
    y = net_linear(n, "mlp.fc2", net_act_seq(n, "mlp.gelu", y, NET_GELU_TANH), x.d);
    return net_add_seq(n, "add2", x, y);
}

/* A decoder over tokens: symbolic batch and length, causal mask, head tied to the token table. */
pare_status make_tiny_transformer_fused(pare_ctx *ctx, const char *path)
{
    net n;
    begin(&n, ctx, "tiny_transformer_fused", NET_SYMBOLIC, 17);
    const int64_t both[] = { NET_SYMBOLIC, NET_SYMBOLIC };
    const int64_t out[] = { NET_SYMBOLIC, NET_SYMBOLIC, TOKENS };
    const pare_type *type = net_type(&n, PARE_INT64, 2, both);
    const pare_value_id ids = pare_build_input(&n.b, "ids", type);
    const pare_value_id places = net_positions(&n, ids), mask = net_causal_mask(&n, places);
    const int64_t table_dims[] = { TOKENS, WIDTH };
    const pare_value_id table = net_param(&n, "tokens.weight", NET_INIT_WEIGHT, 2, 2, table_dims);
    pare_emit(&n.b, "Gather", table, ids);
    const pare_value_id words = net_name(&n, "tokens");
    pare_emit(&n.b, "Add", words, net_embed(&n, "places", places, CONTEXT, WIDTH));
    net_seq x = { net_name(&n, "embed"), CONTEXT, WIDTH };
    const size_t mark = net_enter(&n, "layer");
    x = decoder_layer(&n, x, mask);
    net_leave(&n, mark);
    x = net_layernorm(&n, "norm", x, 1e-5f);
    pare_emit(&n.b, "Transpose", table);
    pare_build_ints(&n.b, "perm", (const int64_t[]){ 1, 0 }, 2);
    const pare_value_id head = net_name(&n, "head.weight");
    pare_emit(&n.b, "MatMul", x.value, head);
    const pare_value_id logits = net_name(&n, "head");
    pare_build_name(&n.b, logits, "logits");
    pare_build_output(&n.b, logits, net_type(&n, PARE_FLOAT, 3, out));
    return save(&n, path);
}

/* An encoder over 6 tokens that normalises after its parts and classifies the first token. */
pare_status make_tiny_transformer_decomposed(pare_ctx *ctx, const char *path)
{
    net n;
    const net_attention_opts plain = {
        .heads = HEADS, .mask = PARE_NONE, .qkv = { "query", "key", "value" }, .out = "dense",
    };
    begin(&n, ctx, "tiny_transformer_decomposed", 1, 13);
    const int64_t dims[] = { 1, 6 };
    const pare_type *type = net_type(&n, PARE_INT64, 2, dims);
    const pare_value_id ids = pare_build_input(&n.b, "ids", type);
    const pare_value_id words = net_embed(&n, "tokens", ids, TOKENS, WIDTH);
    const pare_value_id places = net_positions(&n, ids);
    pare_emit(&n.b, "Add", words, net_embed(&n, "places", places, 6, WIDTH));
    net_seq x = { net_name(&n, "embed"), 6, WIDTH };
    x = net_layernorm(&n, "norm0", x, 1e-12f);
    const size_t mark = net_enter(&n, "layer");
    x = net_layernorm(&n, "norm1", net_add_seq(&n, "add1", net_attention(&n, x, plain), x), 1e-12f);
    net_seq y = net_act_seq(&n, "gelu", net_linear(&n, "fc1", x, 2 * WIDTH), NET_GELU);
    y = net_linear(&n, "fc2", y, WIDTH);
    x = net_layernorm(&n, "norm2", net_add_seq(&n, "add2", y, x), 1e-12f);
    net_leave(&n, mark);
    pare_emit(&n.b, "Gather", x.value, net_i64(&n, "first", 0, (const int64_t[]){ 0 }));
    pare_build_int(&n.b, "axis", 1);
    const net_map first = { net_name(&n, "class"), WIDTH, 0, 0 };
    net_output(&n, "logits", net_gemm(&n, "classifier", first, 3));
    return save(&n, path);
}

/* One output of the detector's head: a 1x1 convolution, reshaped to [1, rows, 256] and squashed. */
static pare_value_id head(net *n, const char *layer, net_map x, int64_t rows)
{
    const size_t mark = net_enter(n, "%s", layer);
    const net_conv_opts o = { .out = rows, .win = { .k = 1 }, .bias = true };
    const net_map y = net_conv(n, "conv", x, o);
    pare_emit(&n->b, "Reshape", y.value, net_i64(n, "shape", 3, (const int64_t[]){ 1, rows, -1 }));
    const pare_value_id flat = net_name(n, "reshape");
    net_leave(n, mark);
    return net_activate(n, layer, flat, NET_SIGMOID);
}

/* The ten best scores of any class with their boxes. */
static void best_boxes(net *n, pare_value_id scores, pare_value_id boxes)
{
    const int64_t dims[][3] = { { 1, 10, 0 }, { 1, 10, 4 } };
    pare_emit(&n->b, "ReduceMax", scores);
    pare_build_ints(&n->b, "axes", (const int64_t[]){ 1 }, 1);
    pare_build_int(&n->b, "keepdims", 0);
    const pare_value_id best = net_name(n, "best");
    const pare_value_id in[] = { best, net_i64(n, "k", 1, (const int64_t[]){ 10 }) };
    pare_emit_n(&n->b, "TopK", in, 2, 2);
    pare_build_int(&n->b, "axis", 1);
    const pare_value_id top = net_name(n, "topk"), places = pare_build_out(&n->b, 1);
    pare_emit(&n->b, "Unsqueeze", places, net_i64(n, "last", 1, (const int64_t[]){ 2 }));
    const pare_value_id rows = net_name(n, "rows");
    pare_emit(&n->b, "Expand", rows, net_i64(n, "fours", 3, (const int64_t[]){ 1, 10, 4 }));
    const pare_value_id index = net_name(n, "index");
    pare_emit(&n->b, "GatherElements", boxes, index);
    pare_build_int(&n->b, "axis", 1);
    const pare_value_id chosen = net_name(n, "chosen");
    pare_build_name(&n->b, top, "top_scores");
    pare_build_output(&n->b, top, net_type(n, PARE_FLOAT, 2, dims[0]));
    pare_build_name(&n->b, chosen, "top_boxes");
    pare_build_output(&n->b, chosen, net_type(n, PARE_FLOAT, 3, dims[1]));
}

static void suppress(net *n, pare_value_id boxes, pare_value_id scores)
{
    const int64_t dims[] = { NET_SYMBOLIC, 3 };
    const float overlap = 0.5f, score = 0.4f;
    pare_emit(&n->b, "NonMaxSuppression", boxes, scores,
              net_i64(n, "most", 1, (const int64_t[]){ 3 }),
              pare_build_floats(&n->b, "overlap", &overlap, 1, (const int64_t[]){ 1 }),
              pare_build_floats(&n->b, "score", &score, 1, (const int64_t[]){ 1 }));
    const pare_value_id kept = net_name(n, "nms");
    pare_build_name(&n->b, kept, "kept");
    pare_build_output(&n->b, kept, net_type(n, PARE_INT64, 2, dims));
}

/* Two scales joined by Resize and Concat, boxes and scores of two classes, TopK and suppression. */
pare_status make_tiny_detector(pare_ctx *ctx, const char *path)
{
    net n;
    const float scales[] = { 1, 1, 2, 2 };
    begin(&n, ctx, "tiny_detector", 1, 13);
    const net_map image = net_image(&n, "image", 3, 32, 32);
    const net_map fine = net_conv_bn(&n, "fine", image, net_square(6, 3, 2, 1), NET_RELU);
    net_map coarse = net_conv_bn(&n, "coarse", fine, net_square(8, 3, 2, 1), NET_RELU);
    const pare_value_id by = pare_build_floats(&n.b, "scales", scales, 1, (const int64_t[]){ 4 });
    pare_emit(&n.b, "Resize", coarse.value, PARE_NONE, by);
    pare_build_string(&n.b, "mode", "nearest");
    pare_build_string(&n.b, "coordinate_transformation_mode", "asymmetric");
    pare_build_string(&n.b, "nearest_mode", "floor");
    coarse = (net_map){ net_name(&n, "upsample"), 8, 16, 16 };
    const net_map both = net_concat(&n, "concat", (const net_map[]){ fine, coarse }, 2);
    const pare_value_id scores = head(&n, "scores", both, 2), raw = head(&n, "boxes", both, 4);
    pare_emit(&n.b, "Transpose", raw);
    pare_build_ints(&n.b, "perm", (const int64_t[]){ 0, 2, 1 }, 3);
    const pare_value_id boxes = net_name(&n, "corners");
    best_boxes(&n, scores, boxes);
    suppress(&n, boxes, scores);
    return save(&n, path);
}
