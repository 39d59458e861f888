/* ResNet (He et al. 2015) as torchvision has it, and the small ones for CIFAR-10. */
#include "support/nets/layer.h"

#include <stdio.h>

/* What a variant is made of. */
typedef struct plan {
    int variant;
    int blocks[4];
    bool bottleneck;
    bool stride_first; /* v1: stride in the first 1x1; else in the 3x3 */
} plan;

static const plan plans[] = {
    { 18, { 2, 2, 2, 2 }, false, false },
    { 34, { 3, 4, 6, 3 }, false, false },
    { 50, { 3, 4, 6, 3 }, true, false },
    { 501, { 3, 4, 6, 3 }, true, true },
    { 101, { 3, 4, 23, 3 }, true, false },
    { 152, { 3, 8, 36, 3 }, true, false },
};

static net_map block(net *n, net_map x, const plan *p, int64_t width, int64_t stride)
{
    const int64_t out = p->bottleneck ? 4 * width : width;
    net_map y = x, shortcut = x;
    if (p->bottleneck) {
        y = net_conv_bn(n, "1", y, net_square(width, 1, p->stride_first ? stride : 1, 1), NET_RELU);
        y = net_conv_bn(n, "2", y, net_square(width, 3, p->stride_first ? 1 : stride, 1), NET_RELU);
        y = net_conv_bn(n, "3", y, net_square(out, 1, 1, 1), NET_LINEAR);
    } else {
        y = net_conv_bn(n, "1", y, net_square(width, 3, stride, 1), NET_RELU);
        y = net_conv_bn(n, "2", y, net_square(out, 3, 1, 1), NET_LINEAR);
    }
    if (stride != 1 || x.c != out)
        shortcut = net_conv_bn(n, "downsample", x, net_square(out, 1, stride, 1), NET_LINEAR);
    return net_act_map(n, "relu", net_add(n, "add", y, shortcut), NET_RELU);
}

static net_map stages(net *n, net_map x, const plan *p, int n_stages, int64_t width)
{
    for (int stage = 0; stage < n_stages; stage++, width *= 2) {
        for (int i = 0; i < p->blocks[stage]; i++) {
            const size_t mark = net_enter(n, "layer%d.%d", stage + 1, i);
            x = block(n, x, p, width, stage > 0 && i == 0 ? 2 : 1);
            net_leave(n, mark);
        }
    }
    return x;
}

static void head(net *n, net_map x, int64_t classes)
{
    x = net_flatten(n, "flatten", net_global_pool(n, "pool", x));
    net_output(n, "logits", net_gemm(n, "fc", x, classes));
}

void net_build_resnet(net *n);
void net_build_resnet(net *n)
{
    const plan *p = plans;
    while (p->variant != n->row->variant) p++;
    net_map x = net_image(n, "input", 3, 224, 224);
    x = net_conv_bn(n, "stem", x, net_square(64, 7, 2, 1), NET_RELU);
    x = net_maxpool(n, "maxpool", x, (net_window){ .k = 3, .stride = 2, .pad = 1 });
    head(n, stages(n, x, p, 4, 64), 1000);
}

/* variant = 6 blocks + 2 layers; shortcuts that change shape are 1x1 convolutions (option B). */
void net_build_resnet_cifar(net *n);
void net_build_resnet_cifar(net *n)
{
    const int blocks = (n->row->variant - 2) / 6;
    const plan p = { n->row->variant, { blocks, blocks, blocks, 0 }, false, false };
    net_map x = net_image(n, "input", 3, 32, 32);
    x = net_conv_bn(n, "stem", x, net_square(16, 3, 1, 1), NET_RELU);
    head(n, stages(n, x, &p, 3, 16), 10);
}
