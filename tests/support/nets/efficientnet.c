/* EfficientNet-B0 (Tan and Le 2019). */
#include "support/nets/layer.h"

static net_map block(net *n, net_map x, int64_t expand, int64_t out, int64_t k, int64_t stride)
{
    net_map y = x;
    if (expand != 1) y = net_conv_bn(n, "expand", y, net_square(x.c * expand, 1, 1, 1), NET_SWISH);
    y = net_conv_bn(n, "dw", y, net_square(y.c, k, stride, y.c), NET_SWISH);
    y = net_squeeze_excite(n, "se", y, x.c / 4, NET_SWISH, NET_SIGMOID);
    y = net_conv_bn(n, "project", y, net_square(out, 1, 1, 1), NET_LINEAR);
    return stride == 1 && x.c == out ? net_add(n, "add", x, y) : y;
}

void net_build_efficientnet(net *n);
void net_build_efficientnet(net *n)
{
    static const struct {
        int64_t expand, out, repeats, stride, k;
    } stages[] = {
        { 1, 16, 1, 1, 3 }, { 6, 24, 2, 2, 3 }, { 6, 40, 2, 2, 5 }, { 6, 80, 3, 2, 3 },
        { 6, 112, 3, 1, 5 }, { 6, 192, 4, 2, 5 }, { 6, 320, 1, 1, 3 },
    };
    net_map x = net_image(n, "input", 3, 224, 224);
    x = net_conv_bn(n, "stem", x, net_square(32, 3, 2, 1), NET_SWISH);
    for (int s = 0; s < 7; s++) {
        for (int i = 0; i < stages[s].repeats; i++) {
            const size_t mark = net_enter(n, "stage%d.%d", s + 1, i);
            const int64_t stride = i ? 1 : stages[s].stride;
            x = block(n, x, stages[s].expand, stages[s].out, stages[s].k, stride);
            net_leave(n, mark);
        }
    }
    x = net_conv_bn(n, "last", x, net_square(1280, 1, 1, 1), NET_SWISH);
    x = net_flatten(n, "flatten", net_global_pool(n, "pool", x));
    net_output(n, "logits", net_gemm(n, "fc", x, 1000));
}
