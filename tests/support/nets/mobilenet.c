/* MobileNet v1 (Howard et al. 2017), v2 (Sandler et al. 2018), v3 (Howard et al. 2019). */
#include "support/nets/layer.h"

static void head(net *n, net_map x, int64_t classes)
{
    x = net_flatten(n, "flatten", net_global_pool(n, "pool", x));
    net_output(n, "logits", net_gemm(n, "fc", x, classes));
}

/* variant: the width in hundredths; 25 is the MLPerf Tiny one, at 96x96 with two classes.
 * TensorFlow's padding: strided layers have more of it at the end. */
void net_build_mobilenet_v1(net *n);
void net_build_mobilenet_v1(net *n)
{
    static const int64_t out[] = {
        64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024
    };
    static const int64_t strides[] = { 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1 };
    const int64_t width = n->row->variant, side = width == 100 ? 224 : 96;
    net_map x = net_image(n, "input", 3, side, side);
    const net_window stem = { .k = 3, .stride = 2, .same = true };
    x = net_conv_bn(n, "stem", x, (net_conv_opts){ .out = 32 * width / 100, .win = stem },
                    NET_RELU);
    for (int i = 0; i < 13; i++) {
        const size_t mark = net_enter(n, "blocks.%d", i);
        const net_window win = { .k = 3, .stride = strides[i], .same = true };
        const net_conv_opts depthwise = { .out = x.c, .win = win, .groups = x.c };
        x = net_conv_bn(n, "dw", x, depthwise, NET_RELU);
        x = net_conv_bn(n, "pw", x, net_square(out[i] * width / 100, 1, 1, 1), NET_RELU);
        net_leave(n, mark);
    }
    head(n, x, width == 100 ? 1000 : 2);
}

static net_map inverted_v2(net *n, net_map x, int64_t expand, int64_t out, int64_t stride)
{
    net_map y = x;
    if (expand != 1) y = net_conv_bn(n, "expand", y, net_square(x.c * expand, 1, 1, 1), NET_RELU6);
    y = net_conv_bn(n, "dw", y, net_square(y.c, 3, stride, y.c), NET_RELU6);
    y = net_conv_bn(n, "project", y, net_square(out, 1, 1, 1), NET_LINEAR);
    return stride == 1 && x.c == out ? net_add(n, "add", x, y) : y;
}

void net_build_mobilenet_v2(net *n);
void net_build_mobilenet_v2(net *n)
{
    static const struct {
        int64_t expand, out, repeats, stride;
    } stages[] = {
        { 1, 16, 1, 1 }, { 6, 24, 2, 2 }, { 6, 32, 3, 2 }, { 6, 64, 4, 2 },
        { 6, 96, 3, 1 }, { 6, 160, 3, 2 }, { 6, 320, 1, 1 },
    };
    net_map x = net_image(n, "input", 3, 224, 224);
    x = net_conv_bn(n, "stem", x, net_square(32, 3, 2, 1), NET_RELU6);
    for (int s = 0; s < 7; s++) {
        for (int i = 0; i < stages[s].repeats; i++) {
            const size_t mark = net_enter(n, "stage%d.%d", s, i);
            x = inverted_v2(n, x, stages[s].expand, stages[s].out, i ? 1 : stages[s].stride);
            net_leave(n, mark);
        }
    }
    x = net_conv_bn(n, "last", x, net_square(1280, 1, 1, 1), NET_RELU6);
    head(n, x, 1000);
}

typedef struct bneck {
    int64_t k, expanded, out;
    bool excite;
    net_act act;
    int64_t stride;
} bneck;

static const bneck large[] = {
    { 3, 16, 16, false, NET_RELU, 1 }, { 3, 64, 24, false, NET_RELU, 2 },
    { 3, 72, 24, false, NET_RELU, 1 }, { 5, 72, 40, true, NET_RELU, 2 },
    { 5, 120, 40, true, NET_RELU, 1 }, { 5, 120, 40, true, NET_RELU, 1 },
    { 3, 240, 80, false, NET_HSWISH, 2 }, { 3, 200, 80, false, NET_HSWISH, 1 },
    { 3, 184, 80, false, NET_HSWISH, 1 }, { 3, 184, 80, false, NET_HSWISH, 1 },
    { 3, 480, 112, true, NET_HSWISH, 1 }, { 3, 672, 112, true, NET_HSWISH, 1 },
    { 5, 672, 160, true, NET_HSWISH, 2 }, { 5, 960, 160, true, NET_HSWISH, 1 },
    { 5, 960, 160, true, NET_HSWISH, 1 },
};

static const bneck small[] = {
    { 3, 16, 16, true, NET_RELU, 2 }, { 3, 72, 24, false, NET_RELU, 2 },
    { 3, 88, 24, false, NET_RELU, 1 }, { 5, 96, 40, true, NET_HSWISH, 2 },
    { 5, 240, 40, true, NET_HSWISH, 1 }, { 5, 240, 40, true, NET_HSWISH, 1 },
    { 5, 120, 48, true, NET_HSWISH, 1 }, { 5, 144, 48, true, NET_HSWISH, 1 },
    { 5, 288, 96, true, NET_HSWISH, 2 }, { 5, 576, 96, true, NET_HSWISH, 1 },
    { 5, 576, 96, true, NET_HSWISH, 1 },
};

/* The nearest multiple of eight that is not more than a tenth below. */
static int64_t eights(int64_t x)
{
    const int64_t near = (x + 4) / 8 * 8;
    const int64_t down = near > 8 ? near : 8;
    return 10 * down < 9 * x ? down + 8 : down;
}

static net_map inverted_v3(net *n, net_map x, const bneck *p)
{
    net_map y = x;
    if (p->expanded != x.c)
        y = net_conv_bn(n, "expand", y, net_square(p->expanded, 1, 1, 1), p->act);
    y = net_conv_bn(n, "dw", y, net_square(y.c, p->k, p->stride, y.c), p->act);
    if (p->excite) y = net_squeeze_excite(n, "se", y, eights(y.c / 4), NET_RELU, NET_HSIGMOID);
    y = net_conv_bn(n, "project", y, net_square(p->out, 1, 1, 1), NET_LINEAR);
    return p->stride == 1 && x.c == p->out ? net_add(n, "add", x, y) : y;
}

/* variant: 0 small, 1 large */
void net_build_mobilenet_v3(net *n);
void net_build_mobilenet_v3(net *n)
{
    const bool is_large = n->row->variant;
    const int n_blocks = is_large ? 15 : 11;
    net_map x = net_image(n, "input", 3, 224, 224);
    x = net_conv_bn(n, "stem", x, net_square(16, 3, 2, 1), NET_HSWISH);
    for (int i = 0; i < n_blocks; i++) {
        const size_t mark = net_enter(n, "blocks.%d", i);
        x = inverted_v3(n, x, is_large ? &large[i] : &small[i]);
        net_leave(n, mark);
    }
    x = net_conv_bn(n, "last", x, net_square(6 * x.c, 1, 1, 1), NET_HSWISH);
    x = net_flatten(n, "flatten", net_global_pool(n, "pool", x));
    x = net_act_map(n, "act", net_gemm(n, "fc1", x, is_large ? 1280 : 1024), NET_HSWISH);
    net_output(n, "logits", net_gemm(n, "fc2", x, 1000));
}
