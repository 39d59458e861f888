#include "support/nets/layer.h"

#include <stddef.h>

static pare_value_id clip6(net *n, pare_value_id x)
{
    const pare_value_id low = net_scalar(n, "min", 0.0f), high = net_scalar(n, "max", 6.0f);
    return pare_emit(&n->b, "Clip", x, low, high);
}

/* x * sigmoid(x) */
static pare_value_id swish(net *n, pare_value_id x)
{
    pare_emit(&n->b, "Sigmoid", x);
    return pare_emit(&n->b, "Mul", x, net_name(n, "sigmoid"));
}

/* x/2 * (1 + erf(x / sqrt 2)), as exporters wrote it before opset 20 */
static pare_value_id gelu(net *n, pare_value_id x)
{
    if (n->opts.opset >= 20) return pare_emit(&n->b, "Gelu", x);
    pare_emit(&n->b, "Div", x, net_scalar(n, "sqrt2", 1.41421356f));
    const pare_value_id scaled = net_name(n, "div");
    pare_emit(&n->b, "Erf", scaled);
    const pare_value_id erf = net_name(n, "erf");
    pare_emit(&n->b, "Add", erf, net_scalar(n, "one", 1.0f));
    const pare_value_id shifted = net_name(n, "add");
    pare_emit(&n->b, "Mul", x, shifted);
    const pare_value_id gated = net_name(n, "mul");
    return pare_emit(&n->b, "Mul", gated, net_scalar(n, "half", 0.5f));
}

/* x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) */
static pare_value_id gelu_tanh(net *n, pare_value_id x)
{
    if (n->opts.opset >= 20) {
        const pare_value_id y = pare_emit(&n->b, "Gelu", x);
        pare_build_string(&n->b, "approximate", "tanh");
        return y;
    }
    pare_emit(&n->b, "Pow", x, net_scalar(n, "three", 3.0f));
    const pare_value_id cube = net_name(n, "pow");
    pare_emit(&n->b, "Mul", cube, net_scalar(n, "c", 0.044715f));
    const pare_value_id small = net_name(n, "mul");
    pare_emit(&n->b, "Add", x, small);
    const pare_value_id sum = net_name(n, "add");
    pare_emit(&n->b, "Mul", sum, net_scalar(n, "sqrt2pi", 0.797884561f));
    const pare_value_id inner = net_name(n, "mul_1");
    pare_emit(&n->b, "Tanh", inner);
    const pare_value_id tanh = net_name(n, "tanh");
    pare_emit(&n->b, "Add", tanh, net_scalar(n, "one", 1.0f));
    const pare_value_id shifted = net_name(n, "add_1");
    pare_emit(&n->b, "Mul", x, net_scalar(n, "half", 0.5f));
    const pare_value_id halved = net_name(n, "mul_2");
    return pare_emit(&n->b, "Mul", halved, shifted);
}

static pare_value_id emit_act(net *n, pare_value_id x, net_act act)
{
    pare_value_id y = PARE_NONE;
    switch (act) {
    case NET_LINEAR: return x;
    case NET_RELU: return pare_emit(&n->b, "Relu", x);
    case NET_RELU6: return clip6(n, x);
    case NET_HSWISH: return pare_emit(&n->b, "HardSwish", x);
    case NET_HSIGMOID:
        y = pare_emit(&n->b, "HardSigmoid", x);
        pare_build_float(&n->b, "alpha", 1.0f / 6.0f);
        return y;
    case NET_SWISH: return swish(n, x);
    case NET_SIGMOID: return pare_emit(&n->b, "Sigmoid", x);
    case NET_GELU: return gelu(n, x);
    case NET_GELU_TANH: return gelu_tanh(n, x);
    case NET_TANH: return pare_emit(&n->b, "Tanh", x);
    }
    return PARE_NONE;
}

pare_value_id net_activate(net *n, const char *layer, pare_value_id x, net_act act)
{
    if (act == NET_LINEAR) return x;
    const size_t mark = net_enter(n, "%s", layer);
    emit_act(n, x, act);
    net_leave(n, mark);
    return net_name(n, layer);
}
