/* GPT-2 124M (Radford et al. 2019). */
#include "support/nets/seq.h"

enum { WIDTH = 768, HEADS = 12, LAYERS = 12, VOCABULARY = 50257, CONTEXT = 1024 };

static net_seq decoder_layer(net *n, net_seq x, pare_value_id mask)
{
    const net_attention_opts attention = {
        .heads = HEADS, .mask = mask, .split = true, .qkv = { "attn.c_attn" }, .out = "attn.c_proj",
    };
    net_seq y = net_attention(n, net_layernorm(n, "ln_1", x, 1e-5f), attention);
    x = net_add_seq(n, "add_1", x, y);
    y = net_linear(n, "mlp.c_fc", net_layernorm(n, "ln_2", x, 1e-5f), 4 * x.d);
    y = net_linear(n, "mlp.c_proj", net_act_seq(n, "mlp.act", y, NET_GELU_TANH), x.d);
    return net_add_seq(n, "add_2", x, y);
}

/* Logits over the vocabulary through the transposed token table. */
static net_seq tied_head(net *n, net_seq x, pare_value_id table)
{
    pare_emit(&n->b, "Transpose", table);
    pare_build_ints(&n->b, "perm", (const int64_t[]){ 1, 0 }, 2);
    const pare_value_id weight = net_name(n, "lm_head.weight");
    pare_emit(&n->b, "MatMul", x.value, weight);
    n->macs += (uint64_t)(x.s * x.d * VOCABULARY);
    return (net_seq){ net_name(n, "lm_head"), x.s, VOCABULARY };
}

/* variant: 1 with the head over the vocabulary, whose weight is the token table; 0 without */
void net_build_gpt2(net *n);
void net_build_gpt2(net *n)
{
    const int64_t batch = n->opts.batch, seq = n->opts.seq;
    const pare_type *type = net_type(n, PARE_INT64, 2, (const int64_t[]){ batch, seq });
    const pare_value_id ids = pare_build_input(&n->b, "input_ids", type);
    const pare_value_id table = net_param(n, "wte.weight", NET_INIT_EMBED, 0, 2,
                                          (const int64_t[]){ VOCABULARY, WIDTH });
    const pare_value_id places = net_positions(n, ids), mask = net_causal_mask(n, places);
    pare_emit(&n->b, "Gather", table, ids);
    const pare_value_id words = net_name(n, "wte");
    pare_emit(&n->b, "Add", words, net_embed(n, "wpe", places, CONTEXT, WIDTH));
    net_seq x = { net_name(n, "add"), seq == NET_SYMBOLIC ? n->row->seq : seq, WIDTH };
    for (int i = 0; i < LAYERS; i++) {
        const size_t mark = net_enter(n, "h.%d", i);
        x = decoder_layer(n, x, mask);
        net_leave(n, mark);
    }
    x = net_layernorm(n, "ln_f", x, 1e-5f);
    if (n->row->variant) x = tied_head(n, x, table);
    const int64_t dims[] = { batch, seq, x.d };
    pare_build_name(&n->b, x.value, n->row->variant ? "logits" : "last_hidden_state");
    pare_build_output(&n->b, x.value, net_type(n, PARE_FLOAT, 3, dims));
}
