/* AlexNet (Krizhevsky et al. 2012): torchvision's one column, and Caffe's with groups and LRN. */
#include "support/nets/layer.h"

typedef struct stage {
    int64_t out, k, stride, pad, groups;
    bool norm, pool;
} stage;

static const stage torchvision[] = {
    { 64, 11, 4, 2, 1, false, true }, { 192, 5, 1, 2, 1, false, true },
    { 384, 3, 1, 1, 1, false, false }, { 256, 3, 1, 1, 1, false, false },
    { 256, 3, 1, 1, 1, false, true },
};

static const stage caffe[] = {
    { 96, 11, 4, 0, 1, true, true }, { 256, 5, 1, 2, 2, true, true },
    { 384, 3, 1, 1, 1, false, false }, { 384, 3, 1, 1, 2, false, false },
    { 256, 3, 1, 1, 2, false, true },
};

static net_map local_norm(net *n, net_map x)
{
    pare_emit(&n->b, "LRN", x.value);
    pare_build_int(&n->b, "size", 5);
    x.value = net_name(n, "norm");
    return x;
}

void net_build_alexnet(net *n);
void net_build_alexnet(net *n)
{
    const bool is_caffe = n->row->variant == 1;
    const int64_t side = is_caffe ? 227 : 224;
    net_map x = net_image(n, "input", 3, side, side);
    for (int i = 0; i < 5; i++) {
        const stage *s = is_caffe ? &caffe[i] : &torchvision[i];
        const size_t mark = net_enter(n, "features.%d", i);
        const net_window win = { .k = s->k, .stride = s->stride, .pad = s->pad };
        x = net_conv(n, "conv", x, (net_conv_opts){ s->out, win, s->groups, true });
        x = net_act_map(n, "relu", x, NET_RELU);
        if (s->norm) x = local_norm(n, x);
        if (s->pool) x = net_maxpool(n, "pool", x, (net_window){ .k = 3, .stride = 2 });
        net_leave(n, mark);
    }
    x = net_flatten(n, "flatten", x);
    x = net_act_map(n, "relu1", net_gemm(n, "fc1", x, 4096), NET_RELU);
    x = net_act_map(n, "relu2", net_gemm(n, "fc2", x, 4096), NET_RELU);
    net_output(n, "logits", net_gemm(n, "fc3", x, 1000));
}
