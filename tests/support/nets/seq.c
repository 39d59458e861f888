#include "support/nets/seq.h"

#include <assert.h>
#include <math.h>

net_seq net_linear(net *n, const char *layer, net_seq x, int64_t out)
{
    const size_t mark = net_enter(n, "%s", layer);
    const int64_t dims[] = { x.d, out };
    const pare_value_id w = net_param(n, "weight", NET_INIT_WEIGHT, x.d, 2, dims);
    const pare_value_id bias = net_param(n, "bias", NET_INIT_SHIFT, 0, 1, &out);
    pare_emit(&n->b, "MatMul", x.value, w);
    const pare_value_id product = net_name(n, "matmul");
    net_leave(n, mark);
    pare_emit(&n->b, "Add", product, bias);
    n->macs += (uint64_t)(x.s * x.d * out);
    return (net_seq){ net_name(n, layer), x.s, out };
}

static pare_value_id mean_of_last(net *n, const char *layer, pare_value_id x)
{
    const int64_t last = -1;
    if (n->opts.opset >= 18) {
        pare_emit(&n->b, "ReduceMean", x, net_i64(n, "axes", 1, &last));
    } else {
        pare_emit(&n->b, "ReduceMean", x);
        pare_build_ints(&n->b, "axes", &last, 1);
    }
    return net_name(n, layer);
}

static void decomposed(net *n, pare_value_id x, pare_value_id scale, pare_value_id shift, float eps)
{
    const pare_value_id mean = mean_of_last(n, "mean", x);
    pare_emit(&n->b, "Sub", x, mean);
    const pare_value_id centred = net_name(n, "sub");
    pare_emit(&n->b, "Pow", centred, net_scalar(n, "two", 2.0f));
    const pare_value_id square = net_name(n, "pow");
    const pare_value_id variance = mean_of_last(n, "variance", square);
    pare_emit(&n->b, "Add", variance, net_scalar(n, "eps", eps));
    const pare_value_id safe = net_name(n, "add");
    pare_emit(&n->b, "Sqrt", safe);
    const pare_value_id deviation = net_name(n, "sqrt");
    pare_emit(&n->b, "Div", centred, deviation);
    const pare_value_id normal = net_name(n, "div");
    pare_emit(&n->b, "Mul", normal, scale);
    const pare_value_id scaled = net_name(n, "mul");
    pare_emit(&n->b, "Add", scaled, shift);
}

net_seq net_layernorm(net *n, const char *layer, net_seq x, float eps)
{
    const size_t mark = net_enter(n, "%s", layer);
    const pare_value_id scale = net_param(n, "weight", NET_INIT_SCALE, 0, 1, &x.d);
    const pare_value_id shift = net_param(n, "bias", NET_INIT_SHIFT, 0, 1, &x.d);
    if (n->opts.opset >= 17) {
        pare_emit(&n->b, "LayerNormalization", x.value, scale, shift);
        pare_build_int(&n->b, "axis", -1);
        pare_build_float(&n->b, "epsilon", eps);
    } else {
        decomposed(n, x.value, scale, shift, eps);
    }
    net_leave(n, mark);
    x.value = net_name(n, layer);
    return x;
}

/* [batch, s, d] to heads first; keys come with their last two axes swapped. */
static pare_value_id heads_first(net *n, const char *layer, pare_value_id x, int64_t heads,
                                 int64_t d, bool swapped)
{
    const int64_t shape[] = { 0, 0, heads, d / heads };
    const int64_t plain[] = { 0, 2, 1, 3 }, keys[] = { 0, 2, 3, 1 };
    const size_t mark = net_enter(n, "%s", layer);
    pare_emit(&n->b, "Reshape", x, net_i64(n, "shape", 4, shape));
    const pare_value_id split = net_name(n, "reshape");
    net_leave(n, mark);
    pare_emit(&n->b, "Transpose", split);
    pare_build_ints(&n->b, "perm", swapped ? keys : plain, 4);
    return net_name(n, layer);
}

static void queries_keys_values(net *n, net_seq x, const net_attention_opts *o,
                                pare_value_id out[3])
{
    if (!o->split) {
        for (int i = 0; i < 3; i++)
            out[i] = net_linear(n, o->qkv[i], x, x.d).value;
        return;
    }
    const net_seq all = net_linear(n, o->qkv[0], x, 3 * x.d);
    const int64_t sizes[] = { x.d, x.d, x.d };
    const pare_value_id in[] = { all.value, net_i64(n, "split.sizes", 3, sizes) };
    pare_emit_n(&n->b, "Split", in, 2, 3);
    pare_build_int(&n->b, "axis", 2);
    net_name(n, "split");
    for (uint32_t i = 0; i < 3; i++)
        out[i] = pare_build_out(&n->b, i);
}

static pare_value_id weigh(net *n, net_seq x, const net_attention_opts *o,
                           const pare_value_id qkv[3])
{
    const float scale = sqrtf((float)(x.d / o->heads));
    const pare_value_id q = heads_first(n, "q_heads", qkv[0], o->heads, x.d, false);
    const pare_value_id k = heads_first(n, "k_heads", qkv[1], o->heads, x.d, true);
    const pare_value_id v = heads_first(n, "v_heads", qkv[2], o->heads, x.d, false);
    pare_emit(&n->b, "MatMul", q, k);
    pare_value_id scores = net_name(n, "scores");
    pare_emit(&n->b, "Div", scores, net_scalar(n, "scale", scale));
    scores = net_name(n, "scaled");
    if (o->mask != PARE_NONE) {
        pare_emit(&n->b, "Add", scores, o->mask);
        scores = net_name(n, "masked");
    }
    pare_emit(&n->b, "Softmax", scores);
    pare_build_int(&n->b, "axis", -1);
    const pare_value_id weights = net_name(n, "softmax");
    pare_emit(&n->b, "MatMul", weights, v);
    n->macs += (uint64_t)(2 * x.s * x.s * x.d);
    return net_name(n, "context");
}

net_seq net_attention(net *n, net_seq x, net_attention_opts o)
{
    pare_value_id qkv[3];
    assert(x.d % o.heads == 0);
    queries_keys_values(n, x, &o, qkv);
    const pare_value_id context = weigh(n, x, &o, qkv);
    pare_emit(&n->b, "Transpose", context);
    pare_build_ints(&n->b, "perm", (const int64_t[]){ 0, 2, 1, 3 }, 4);
    const pare_value_id back = net_name(n, "tokens_first");
    const int64_t shape[] = { 0, 0, x.d };
    pare_emit(&n->b, "Reshape", back, net_i64(n, "merge.shape", 3, shape));
    const net_seq merged = { net_name(n, "merge"), x.s, x.d };
    return net_linear(n, o.out, merged, x.d);
}

net_seq net_act_seq(net *n, const char *layer, net_seq x, net_act act)
{
    x.value = net_activate(n, layer, x.value, act);
    return x;
}

net_seq net_add_seq(net *n, const char *layer, net_seq a, net_seq b)
{
    assert(a.d == b.d);
    pare_emit(&n->b, "Add", a.value, b.value);
    a.value = net_name(n, layer);
    return a;
}

pare_value_id net_embed(net *n, const char *layer, pare_value_id ids, int64_t rows, int64_t d)
{
    const size_t mark = net_enter(n, "%s", layer);
    const pare_value_id table =
        net_param(n, "weight", NET_INIT_EMBED, 0, 2, (const int64_t[]){ rows, d });
    net_leave(n, mark);
    pare_emit(&n->b, "Gather", table, ids);
    return net_name(n, layer);
}

pare_value_id net_positions(net *n, pare_value_id ids)
{
    const int64_t zero = 0, one = 1;
    const size_t mark = net_enter(n, "positions");
    pare_emit(&n->b, "Shape", ids);
    const pare_value_id shape = net_name(n, "shape");
    pare_emit(&n->b, "Gather", shape, net_i64(n, "axis", 0, &one));
    const pare_value_id length = net_name(n, "length");
    const pare_value_id from = net_i64(n, "from", 0, &zero), step = net_i64(n, "step", 0, &one);
    pare_emit(&n->b, "Range", from, length, step);
    const pare_value_id all = net_name(n, "range");
    net_leave(n, mark);
    return all;
}

pare_value_id net_causal_mask(net *n, pare_value_id places)
{
    const int64_t zero = 0, one = 1;
    const size_t scope = net_enter(n, "mask");
    pare_emit(&n->b, "Unsqueeze", places, net_i64(n, "row_axis", 1, &one));
    const pare_value_id queries = net_name(n, "queries");
    pare_emit(&n->b, "Unsqueeze", places, net_i64(n, "column_axis", 1, &zero));
    const pare_value_id keys = net_name(n, "keys");
    pare_emit(&n->b, "LessOrEqual", keys, queries);
    const pare_value_id seen = net_name(n, "seen");
    pare_emit(&n->b, "Where", seen, net_scalar(n, "keep", 0.0f), net_scalar(n, "drop", -10000.0f));
    const pare_value_id mask = net_name(n, "where");
    net_leave(n, scope);
    return mask;
}
