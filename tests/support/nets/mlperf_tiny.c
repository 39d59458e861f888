/* The four networks of MLPerf Tiny (Banbury et al. 2021) as their Keras sources have them:
 * convolutions with bias in front of normalisation, TensorFlow's padding. Visual wake words is
 * in mobilenet.c. */
#include "support/nets/layer.h"

static net_conv_opts conv(int64_t out, int64_t k, int64_t stride)
{
    const net_window win = { .k = k, .stride = stride, .same = true };
    return (net_conv_opts){ .out = out, .win = win, .bias = true };
}

/* Image classification: ResNet-8 for CIFAR-10; shortcuts are convolutions without normalisation. */
void net_build_tiny_resnet8(net *n);
void net_build_tiny_resnet8(net *n)
{
    net_map x = net_image(n, "input", 3, 32, 32);
    x = net_conv_bn(n, "stem", x, conv(16, 3, 1), NET_RELU);
    for (int i = 0; i < 3; i++) {
        const size_t mark = net_enter(n, "stack%d", i + 1);
        const int64_t out = 16 << i, stride = i ? 2 : 1;
        net_map y = net_conv_bn(n, "1", x, conv(out, 3, stride), NET_RELU);
        y = net_conv_bn(n, "2", y, conv(out, 3, 1), NET_LINEAR);
        if (i) x = net_conv(n, "shortcut", x, conv(out, 1, 2));
        x = net_act_map(n, "relu", net_add(n, "add", x, y), NET_RELU);
        net_leave(n, mark);
    }
    x = net_avgpool(n, "pool", x, (net_window){ .k = 8, .stride = 8 });
    x = net_gemm(n, "fc", net_flatten(n, "flatten", x), 10);
    pare_emit(&n->b, "Softmax", x.value);
    x.value = net_name(n, "softmax");
    net_output(n, "probabilities", x);
}

/* Keyword spotting: a depthwise separable network over 49 frames of 10 coefficients. */
void net_build_tiny_dscnn(net *n);
void net_build_tiny_dscnn(net *n)
{
    net_map x = net_image(n, "input", 1, 49, 10);
    const net_window stem = { .kh = 10, .kw = 4, .stride = 2, .same = true };
    x = net_conv_bn(n, "stem", x, (net_conv_opts){ .out = 64, .win = stem, .bias = true },
                    NET_RELU);
    for (int i = 0; i < 4; i++) {
        const size_t mark = net_enter(n, "blocks.%d", i);
        net_conv_opts depthwise = conv(64, 3, 1);
        depthwise.groups = 64;
        x = net_conv_bn(n, "dw", x, depthwise, NET_RELU);
        x = net_conv_bn(n, "pw", x, conv(64, 1, 1), NET_RELU);
        net_leave(n, mark);
    }
    x = net_avgpool(n, "pool", x, (net_window){ .kh = 25, .kw = 5 });
    x = net_gemm(n, "fc", net_flatten(n, "flatten", x), 12);
    pare_emit(&n->b, "Softmax", x.value);
    x.value = net_name(n, "softmax");
    net_output(n, "probabilities", x);
}

static net_map dense(net *n, net_map x, int64_t out)
{
    x = net_batchnorm(n, "bn", net_gemm(n, "dense", x, out));
    return net_act_map(n, "relu", x, NET_RELU);
}

/* Anomaly detection: an autoencoder over 640 values. */
void net_build_tiny_autoencoder(net *n);
void net_build_tiny_autoencoder(net *n)
{
    static const int64_t widths[] = { 128, 128, 128, 128, 8, 128, 128, 128, 128 };
    const int64_t dims[] = { n->opts.batch, 640 };
    net_map x = { pare_build_input(&n->b, "input", net_type(n, PARE_FLOAT, 2, dims)), 640, 0, 0 };
    for (int i = 0; i < 9; i++) {
        const size_t mark = net_enter(n, "layers.%d", i);
        x = dense(n, x, widths[i]);
        net_leave(n, mark);
    }
    net_output(n, "output", net_gemm(n, "out", x, 640));
}
