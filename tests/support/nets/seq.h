/* Layers of transformers: over tokens [batch, s, d]. Names as in layer.h. */
#ifndef TESTS_SUPPORT_NETS_SEQ_H
#define TESTS_SUPPORT_NETS_SEQ_H

#include "support/nets/layer.h"

typedef struct net_seq {
    pare_value_id value;
    int64_t s; /* as counted; the graph's own may be symbolic */
    int64_t d;
} net_seq;

typedef struct net_attention_opts {
    int64_t heads;
    pare_value_id mask;    /* added to the scores [batch, heads, s, s]; PARE_NONE: none */
    bool split;            /* one product for queries, keys and values, then Split; else three */
    const char *qkv[3];    /* names of the three products; with split, the first is the one's */
    const char *out;       /* name of the output product */
} net_attention_opts;

/* y = x weight + bias with weight [d, out], as MatMul and Add. */
net_seq net_linear(net *n, const char *layer, net_seq x, int64_t out);

/* Normalisation over the last axis: LayerNormalization from opset 17 on, before that as
 * ReduceMean, Sub, Pow, ReduceMean, Add, Sqrt, Div, Mul and Add, the way exporters wrote it. */
net_seq net_layernorm(net *n, const char *layer, net_seq x, float eps);

/* Full multi-head attention over x. */
net_seq net_attention(net *n, net_seq x, net_attention_opts o);

net_seq net_act_seq(net *n, const char *layer, net_seq x, net_act act);
net_seq net_add_seq(net *n, const char *layer, net_seq a, net_seq b);

/* 0, 1, ... up to the length of ids [batch, s], as int64 [s]. */
pare_value_id net_positions(net *n, pare_value_id ids);

/* Mask over places [s]: 0 where a key is not behind the query, else -10000, as float [s, s]. */
pare_value_id net_causal_mask(net *n, pare_value_id places);

/* Table [rows, d] called layer + ".weight", looked up with ids [batch, s] or [s]. */
pare_value_id net_embed(net *n, const char *layer, pare_value_id ids, int64_t rows, int64_t d);

#endif
