/* GoogLeNet (Szegedy et al. 2014) as torchvision has it: batch normalisation, no auxiliary
 * classifiers, and 3x3 where the paper has 5x5. */
#include "support/nets/layer.h"

/* Widths: 1x1; 3x3 after its reduction; "5x5" after its reduction; after the pool. */
static net_map inception(net *n, const char *layer, net_map x, const int64_t w[6])
{
    const size_t mark = net_enter(n, "%s", layer);
    net_map parts[4];
    parts[0] = net_conv_bn(n, "branch1", x, net_square(w[0], 1, 1, 1), NET_RELU);
    parts[1] = net_conv_bn(n, "branch2.0", x, net_square(w[1], 1, 1, 1), NET_RELU);
    parts[1] = net_conv_bn(n, "branch2.1", parts[1], net_square(w[2], 3, 1, 1), NET_RELU);
    parts[2] = net_conv_bn(n, "branch3.0", x, net_square(w[3], 1, 1, 1), NET_RELU);
    parts[2] = net_conv_bn(n, "branch3.1", parts[2], net_square(w[4], 3, 1, 1), NET_RELU);
    const net_window same = { .k = 3, .stride = 1, .pad = 1, .ceil = true };
    parts[3] = net_maxpool(n, "branch4.0", x, same);
    parts[3] = net_conv_bn(n, "branch4.1", parts[3], net_square(w[5], 1, 1, 1), NET_RELU);
    x = net_concat(n, "concat", parts, 4);
    net_leave(n, mark);
    return x;
}

void net_build_googlenet(net *n);
void net_build_googlenet(net *n)
{
    static const struct {
        const char *layer;
        int64_t widths[6];
    } rows[] = {
        { "3a", { 64, 96, 128, 16, 32, 32 } },    { "3b", { 128, 128, 192, 32, 96, 64 } },
        { "4a", { 192, 96, 208, 16, 48, 64 } },   { "4b", { 160, 112, 224, 24, 64, 64 } },
        { "4c", { 128, 128, 256, 24, 64, 64 } },  { "4d", { 112, 144, 288, 32, 64, 64 } },
        { "4e", { 256, 160, 320, 32, 128, 128 } }, { "5a", { 256, 160, 320, 32, 128, 128 } },
        { "5b", { 384, 192, 384, 48, 128, 128 } },
    };
    const net_window half = { .k = 3, .stride = 2, .ceil = true };
    net_map x = net_image(n, "input", 3, 224, 224);
    x = net_conv_bn(n, "conv1", x, net_square(64, 7, 2, 1), NET_RELU);
    x = net_maxpool(n, "pool1", x, half);
    x = net_conv_bn(n, "conv2", x, net_square(64, 1, 1, 1), NET_RELU);
    x = net_conv_bn(n, "conv3", x, net_square(192, 3, 1, 1), NET_RELU);
    x = net_maxpool(n, "pool2", x, half);
    for (int i = 0; i < 9; i++) {
        x = inception(n, rows[i].layer, x, rows[i].widths);
        if (i == 1) x = net_maxpool(n, "pool3", x, half);
        if (i == 6)
            x = net_maxpool(n, "pool4", x, (net_window){ .k = 2, .stride = 2, .ceil = true });
    }
    x = net_flatten(n, "flatten", net_global_pool(n, "pool", x));
    net_output(n, "logits", net_gemm(n, "fc", x, 1000));
}
