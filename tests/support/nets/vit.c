/* Vision transformers with patches of 16 (Dosovitskiy et al. 2020), and DeiT-tiny, which has the
 * same layers (Touvron et al. 2020). */
#include "support/nets/seq.h"

static net_seq encoder_layer(net *n, net_seq x, int64_t heads)
{
    const net_attention_opts attention = {
        .heads = heads, .mask = PARE_NONE, .split = true, .qkv = { "attn.qkv" }, .out = "attn.proj",
    };
    net_seq y = net_attention(n, net_layernorm(n, "norm1", x, 1e-6f), attention);
    x = net_add_seq(n, "add1", x, y);
    y = net_linear(n, "mlp.fc1", net_layernorm(n, "norm2", x, 1e-6f), 4 * x.d);
    y = net_linear(n, "mlp.fc2", net_act_seq(n, "mlp.act", y, NET_GELU), x.d);
    return net_add_seq(n, "add2", x, y);
}

/* The class token, once per image of x. */
static pare_value_id class_token(net *n, net_seq x)
{
    const pare_value_id token =
        net_param(n, "cls_token", NET_INIT_EMBED, 0, 3, (const int64_t[]){ 1, 1, x.d });
    if (n->opts.batch == 1) return token;
    pare_emit(&n->b, "Shape", x.value);
    pare_build_int(&n->b, "start", 0);
    pare_build_int(&n->b, "end", 1);
    const pare_value_id batch = net_name(n, "batch");
    pare_emit(&n->b, "Concat", batch, net_i64(n, "token.shape", 2, (const int64_t[]){ 1, x.d }));
    pare_build_int(&n->b, "axis", 0);
    const pare_value_id shape = net_name(n, "token_shape");
    pare_emit(&n->b, "Expand", token, shape);
    return net_name(n, "tokens");
}

static net_seq embed(net *n, int64_t d)
{
    const net_map image = net_image(n, "input", 3, 224, 224);
    const net_conv_opts patches = { .out = d, .win = { .k = 16, .stride = 16 }, .bias = true };
    const net_map grid = net_conv(n, "patch_embed", image, patches);
    pare_emit(&n->b, "Reshape", grid.value, net_i64(n, "flat", 3, (const int64_t[]){ 0, d, 196 }));
    const pare_value_id flat = net_name(n, "flatten");
    pare_emit(&n->b, "Transpose", flat);
    pare_build_ints(&n->b, "perm", (const int64_t[]){ 0, 2, 1 }, 3);
    net_seq x = { net_name(n, "tokens_last"), 197, d };
    const pare_value_id token = class_token(n, x);
    pare_emit(&n->b, "Concat", token, x.value);
    pare_build_int(&n->b, "axis", 1);
    x.value = net_name(n, "with_class");
    const pare_value_id places =
        net_param(n, "pos_embed", NET_INIT_EMBED, 0, 3, (const int64_t[]){ 1, 197, d });
    pare_emit(&n->b, "Add", x.value, places);
    x.value = net_name(n, "embedded");
    return x;
}

/* variant: the width */
void net_build_vit(net *n);
void net_build_vit(net *n)
{
    const int64_t d = n->row->variant;
    net_seq x = embed(n, d);
    for (int i = 0; i < 12; i++) {
        const size_t mark = net_enter(n, "blocks.%d", i);
        x = encoder_layer(n, x, d / 64);
        net_leave(n, mark);
    }
    x = net_layernorm(n, "norm", x, 1e-6f);
    pare_emit(&n->b, "Gather", x.value, net_i64(n, "first", 1, (const int64_t[]){ 0 }));
    pare_build_int(&n->b, "axis", 1);
    const net_map token = { net_name(n, "class"), d, 1, 1 };
    net_output(n, "logits", net_gemm(n, "head", net_flatten(n, "class_flat", token), 1000));
}
