/* BERT-base (Devlin et al. 2018) and the MiniLM encoders (Wang et al. 2020), with pooler. */
#include "support/nets/seq.h"

typedef struct plan {
    int variant;
    int64_t layers, d, heads;
} plan;

static const plan plans[] = {
    { 12, 12, 768, 12 },
    { 6, 6, 384, 12 },
    { 1200, 12, 384, 12 },
};

static pare_value_id text_input(net *n, const char *name)
{
    const int64_t dims[] = { n->opts.batch, n->opts.seq };
    return pare_build_input(&n->b, name, net_type(n, PARE_INT64, 2, dims));
}

/* 0 where a token counts, -10000 where it is padding: [batch, 1, 1, s] */
static pare_value_id score_mask(net *n, pare_value_id mask)
{
    pare_emit(&n->b, "Unsqueeze", mask, net_i64(n, "mask.axes", 2, (const int64_t[]){ 1, 2 }));
    const pare_value_id wide = net_name(n, "mask.unsqueeze");
    pare_emit(&n->b, "Cast", wide);
    pare_build_int(&n->b, "to", PARE_FLOAT);
    const pare_value_id real = net_name(n, "mask.cast");
    pare_emit(&n->b, "Sub", net_scalar(n, "mask.one", 1.0f), real);
    const pare_value_id hidden = net_name(n, "mask.sub");
    pare_emit(&n->b, "Mul", hidden, net_scalar(n, "mask.low", -10000.0f));
    return net_name(n, "mask");
}

static net_seq encoder_layer(net *n, net_seq x, int64_t heads, pare_value_id mask)
{
    const net_attention_opts attention = {
        .heads = heads, .mask = mask, .out = "attention.output.dense",
        .qkv = { "attention.self.query", "attention.self.key", "attention.self.value" },
    };
    net_seq y = net_add_seq(n, "attention.output.add", net_attention(n, x, attention), x);
    x = net_layernorm(n, "attention.output.LayerNorm", y, 1e-12f);
    y = net_linear(n, "intermediate.dense", x, 4 * x.d);
    y = net_linear(n, "output.dense", net_act_seq(n, "intermediate.gelu", y, NET_GELU), x.d);
    return net_layernorm(n, "output.LayerNorm", net_add_seq(n, "output.add", y, x), 1e-12f);
}

static net_seq embed(net *n, pare_value_id ids, pare_value_id kinds, int64_t d)
{
    const int64_t s = n->opts.seq == NET_SYMBOLIC ? n->row->seq : n->opts.seq;
    const size_t mark = net_enter(n, "embeddings");
    const pare_value_id words = net_embed(n, "word_embeddings", ids, 30522, d);
    const pare_value_id places = net_embed(n, "position_embeddings", net_positions(n, ids), 512, d);
    const pare_value_id types = net_embed(n, "token_type_embeddings", kinds, 2, d);
    pare_emit(&n->b, "Add", words, types);
    const pare_value_id sum = net_name(n, "add");
    pare_emit(&n->b, "Add", sum, places);
    const net_seq x = { net_name(n, "add_1"), s, d };
    const net_seq y = net_layernorm(n, "LayerNorm", x, 1e-12f);
    net_leave(n, mark);
    return y;
}

void net_build_bert(net *n);
void net_build_bert(net *n)
{
    const plan *p = plans;
    while (p->variant != n->row->variant) p++;
    const pare_value_id ids = text_input(n, "input_ids"), kept = text_input(n, "attention_mask");
    const pare_value_id kinds = text_input(n, "token_type_ids");
    net_seq x = embed(n, ids, kinds, p->d);
    const pare_value_id mask = score_mask(n, kept);
    for (int64_t i = 0; i < p->layers; i++) {
        const size_t mark = net_enter(n, "encoder.layer.%d", (int)i);
        x = encoder_layer(n, x, p->heads, mask);
        net_leave(n, mark);
    }
    pare_build_name(&n->b, x.value, "last_hidden_state");
    const int64_t dims[] = { n->opts.batch, n->opts.seq, p->d };
    pare_build_output(&n->b, x.value, net_type(n, PARE_FLOAT, 3, dims));
    pare_emit(&n->b, "Gather", x.value, net_i64(n, "pooler.first", 1, (const int64_t[]){ 0 }));
    pare_build_int(&n->b, "axis", 1);
    net_map pooled = { net_name(n, "pooler.token"), p->d, 1, 1 };
    pooled = net_gemm(n, "pooler.dense", net_flatten(n, "pooler.flatten", pooled), p->d);
    net_output(n, "pooler_output", net_act_map(n, "pooler.activation", pooled, NET_TANH));
}
