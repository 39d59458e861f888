/* SqueezeNet 1.0 (Iandola et al. 2016) and 1.1. All pools round up. */
#include "support/nets/layer.h"

static net_map conv_relu(net *n, const char *layer, net_map x, net_conv_opts o)
{
    const size_t mark = net_enter(n, "%s", layer);
    o.bias = true;
    x = net_act_map(n, "relu", net_conv(n, "conv", x, o), NET_RELU);
    net_leave(n, mark);
    return x;
}

static net_map fire(net *n, net_map x, int64_t squeeze, int64_t expand)
{
    x = conv_relu(n, "squeeze", x, (net_conv_opts){ .out = squeeze, .win = { .k = 1 } });
    const net_map parts[] = {
        conv_relu(n, "expand1x1", x, (net_conv_opts){ .out = expand, .win = { .k = 1 } }),
        conv_relu(n, "expand3x3", x, (net_conv_opts){ .out = expand, .win = { .k = 3, .pad = 1 } }),
    };
    return net_concat(n, "concat", parts, 2);
}

void net_build_squeezenet(net *n);
void net_build_squeezenet(net *n)
{
    static const int64_t squeezed[] = { 16, 16, 32, 32, 48, 48, 64, 64 };
    const bool v11 = n->row->variant == 11;
    const net_window half = { .k = 3, .stride = 2, .ceil = true };
    const net_window stem = { .k = v11 ? 3 : 7, .stride = 2 };
    net_map x = net_image(n, "input", 3, 224, 224);
    x = conv_relu(n, "stem", x, (net_conv_opts){ .out = v11 ? 64 : 96, .win = stem });
    x = net_maxpool(n, "pool0", x, half);
    for (int i = 0; i < 8; i++) {
        const bool pool = v11 ? i == 1 || i == 3 : i == 2 || i == 6;
        const size_t mark = net_enter(n, "fire%d", i + 2);
        x = fire(n, x, squeezed[i], 4 * squeezed[i]);
        if (pool) x = net_maxpool(n, "pool", x, half);
        net_leave(n, mark);
    }
    x = conv_relu(n, "classifier", x, (net_conv_opts){ .out = 1000, .win = { .k = 1 } });
    net_output(n, "logits", net_flatten(n, "flatten", net_global_pool(n, "pool", x)));
}
