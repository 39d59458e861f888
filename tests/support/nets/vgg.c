/* VGG16 (Simonyan and Zisserman 2014), without batch normalisation. */
#include "support/nets/layer.h"

void net_build_vgg(net *n);
void net_build_vgg(net *n)
{
    static const int64_t stages[][3] = {
        { 64, 64, 0 }, { 128, 128, 0 }, { 256, 256, 256 }, { 512, 512, 512 }, { 512, 512, 512 },
    };
    net_map x = net_image(n, "input", 3, 224, 224);
    for (int s = 0; s < 5; s++) {
        const size_t mark = net_enter(n, "features.%d", s);
        for (int i = 0; i < 3 && stages[s][i]; i++) {
            const size_t inner = net_enter(n, "%d", i);
            const net_conv_opts o = { stages[s][i], { .k = 3, .pad = 1 }, 1, true };
            x = net_act_map(n, "relu", net_conv(n, "conv", x, o), NET_RELU);
            net_leave(n, inner);
        }
        x = net_maxpool(n, "pool", x, (net_window){ .k = 2, .stride = 2 });
        net_leave(n, mark);
    }
    x = net_flatten(n, "flatten", x);
    x = net_act_map(n, "relu1", net_gemm(n, "fc1", x, 4096), NET_RELU);
    x = net_act_map(n, "relu2", net_gemm(n, "fc2", x, 4096), NET_RELU);
    net_output(n, "logits", net_gemm(n, "fc3", x, 1000));
}
