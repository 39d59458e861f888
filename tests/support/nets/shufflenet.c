/* ShuffleNet v2 (Ma et al. 2018). */
#include "support/nets/layer.h"

/* Channel c of group g of two goes to 2c + g. */
static net_map shuffle(net *n, net_map x)
{
    pare_emit(&n->b, "Reshape", x.value,
              net_i64(n, "groups", 5, (const int64_t[]){ 0, 2, x.c / 2, x.h, x.w }));
    x.value = net_name(n, "grouped");
    pare_emit(&n->b, "Transpose", x.value);
    pare_build_ints(&n->b, "perm", (const int64_t[]){ 0, 2, 1, 3, 4 }, 5);
    x.value = net_name(n, "transposed");
    pare_emit(&n->b, "Reshape", x.value,
              net_i64(n, "flat", 4, (const int64_t[]){ 0, x.c, x.h, x.w }));
    x.value = net_name(n, "shuffled");
    return x;
}

static net_map main_branch(net *n, net_map x, int64_t out, int64_t stride)
{
    x = net_conv_bn(n, "pw1", x, net_square(out, 1, 1, 1), NET_RELU);
    x = net_conv_bn(n, "dw", x, net_square(out, 3, stride, out), NET_LINEAR);
    return net_conv_bn(n, "pw2", x, net_square(out, 1, 1, 1), NET_RELU);
}

static net_map unit(net *n, net_map x, int64_t out, int64_t stride)
{
    net_map parts[2];
    if (stride == 2) {
        parts[0] = net_conv_bn(n, "side_dw", x, net_square(x.c, 3, 2, x.c), NET_LINEAR);
        parts[0] = net_conv_bn(n, "side_pw", parts[0], net_square(out / 2, 1, 1, 1), NET_RELU);
        parts[1] = main_branch(n, x, out / 2, 2);
    } else {
        const int64_t half[] = { x.c / 2, x.c / 2 };
        const pare_value_id in[] = { x.value, net_i64(n, "halves", 2, half) };
        pare_emit_n(&n->b, "Split", in, 2, 2);
        pare_build_int(&n->b, "axis", 1);
        parts[0] = (net_map){ net_name(n, "split"), x.c / 2, x.h, x.w };
        parts[1] = parts[0];
        parts[1].value = pare_build_out(&n->b, 1);
        parts[1] = main_branch(n, parts[1], out / 2, 1);
    }
    return shuffle(n, net_concat(n, "concat", parts, 2));
}

/* variant: 0.5, 1.0, 1.5 or 2.0 times ten */
void net_build_shufflenet(net *n);
void net_build_shufflenet(net *n)
{
    static const struct {
        int variant;
        int64_t out[4];
    } widths[] = {
        { 5, { 48, 96, 192, 1024 } },
        { 10, { 116, 232, 464, 1024 } },
        { 15, { 176, 352, 704, 1024 } },
        { 20, { 244, 488, 976, 2048 } },
    };
    static const int repeats[] = { 4, 8, 4 };
    int row = 0;
    while (widths[row].variant != n->row->variant) row++;
    net_map x = net_image(n, "input", 3, 224, 224);
    x = net_conv_bn(n, "stem", x, net_square(24, 3, 2, 1), NET_RELU);
    x = net_maxpool(n, "maxpool", x, (net_window){ .k = 3, .stride = 2, .pad = 1 });
    for (int s = 0; s < 3; s++) {
        for (int i = 0; i < repeats[s]; i++) {
            const size_t mark = net_enter(n, "stage%d.%d", s + 2, i);
            x = unit(n, x, widths[row].out[s], i ? 1 : 2);
            net_leave(n, mark);
        }
    }
    x = net_conv_bn(n, "last", x, net_square(widths[row].out[3], 1, 1, 1), NET_RELU);
    pare_emit(&n->b, "ReduceMean", x.value);
    pare_build_ints(&n->b, "axes", (const int64_t[]){ 2, 3 }, 2);
    pare_build_int(&n->b, "keepdims", 0);
    x = (net_map){ net_name(n, "mean"), x.c, 0, 0 };
    net_output(n, "logits", net_gemm(n, "fc", x, 1000));
}
