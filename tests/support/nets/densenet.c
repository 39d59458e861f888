/* DenseNet-121 (Huang et al. 2016): norm and activation come in front of each convolution. */
#include "support/nets/layer.h"

static net_map bn_relu_conv(net *n, const char *layer, net_map x, int64_t out, int64_t k)
{
    const size_t mark = net_enter(n, "%s", layer);
    x = net_act_map(n, "relu", net_batchnorm(n, "norm", x), NET_RELU);
    x = net_conv(n, "conv", x, (net_conv_opts){ .out = out, .win = { .k = k, .pad = k / 2 } });
    net_leave(n, mark);
    return x;
}

static net_map dense_block(net *n, net_map x, int layers)
{
    enum { GROWTH = 32 };
    for (int i = 0; i < layers; i++) {
        const size_t mark = net_enter(n, "layer%d", i + 1);
        net_map y = bn_relu_conv(n, "1", x, 4 * GROWTH, 1);
        y = bn_relu_conv(n, "2", y, GROWTH, 3);
        x = net_concat(n, "concat", (const net_map[]){ x, y }, 2);
        net_leave(n, mark);
    }
    return x;
}

void net_build_densenet(net *n);
void net_build_densenet(net *n)
{
    static const int layers[] = { 6, 12, 24, 16 };
    net_map x = net_image(n, "input", 3, 224, 224);
    const net_window stem = { .k = 7, .stride = 2, .pad = 3 };
    x = net_conv_bn(n, "stem", x, (net_conv_opts){ .out = 64, .win = stem }, NET_RELU);
    x = net_maxpool(n, "pool0", x, (net_window){ .k = 3, .stride = 2, .pad = 1 });
    for (int i = 0; i < 4; i++) {
        size_t mark = net_enter(n, "block%d", i + 1);
        x = dense_block(n, x, layers[i]);
        net_leave(n, mark);
        if (i == 3) break;
        mark = net_enter(n, "transition%d", i + 1);
        x = bn_relu_conv(n, "0", x, x.c / 2, 1);
        x = net_avgpool(n, "pool", x, (net_window){ .k = 2, .stride = 2 });
        net_leave(n, mark);
    }
    x = net_act_map(n, "relu", net_batchnorm(n, "norm", x), NET_RELU);
    x = net_flatten(n, "flatten", net_global_pool(n, "pool", x));
    net_output(n, "logits", net_gemm(n, "fc", x, 1000));
}
