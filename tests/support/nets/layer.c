#include "support/nets/layer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *scoped(const net *n, const char *name, char out[NET_NAME_BYTES])
{
    const int length = snprintf(out, NET_NAME_BYTES, "%s%s", n->scope, name);
    assert(length > 0 && length < NET_NAME_BYTES);
    return out;
}

size_t net_enter(net *n, const char *fmt, ...)
{
    const size_t mark = strlen(n->scope);
    va_list args;
    va_start(args, fmt);
    const int length = vsnprintf(n->scope + mark, sizeof(n->scope) - mark, fmt, args);
    va_end(args);
    assert(length > 0 && mark + (size_t)length + 1 < sizeof(n->scope));
    memcpy(n->scope + mark + (size_t)length, ".", 2);
    return mark;
}

void net_leave(net *n, size_t mark)
{
    n->scope[mark] = '\0';
}

pare_value_id net_name(net *n, const char *layer)
{
    char path[NET_NAME_BYTES], name[NET_NAME_BYTES + 8];
    if (n->b.status) return PARE_NONE;
    scoped(n, layer, path);
    for (char *c = path; *c; c++) {
        if (*c == '.') *c = '/';
    }
    snprintf(name, sizeof(name), "/%s", path);
    n->b.status = pare_node_set_name(n->b.ctx, n->model, n->b.last, name);
    snprintf(name, sizeof(name), "/%s_out", path);
    const pare_value_id out = pare_build_out(&n->b, 0);
    pare_build_name(&n->b, out, name);
    return out;
}

pare_value_id net_scalar(net *n, const char *name, float value)
{
    char full[NET_NAME_BYTES];
    return pare_build_scalar(&n->b, scoped(n, name, full), value);
}

pare_value_id net_i64(net *n, const char *name, uint32_t count, const int64_t *v)
{
    char full[NET_NAME_BYTES];
    const int64_t dims[] = { count };
    pare_tensor *tensor = NULL;
    if (!n->b.status)
        n->b.status = pare_tensor_from(n->b.ctx, &tensor, PARE_INT64, count ? 1 : 0, dims, v);
    return pare_build_const(&n->b, scoped(n, name, full), tensor);
}

/* --- parameters ------------------------------------------------------------------------------- */

static pare_tensor *zero_tensor(net *n, uint32_t rank, const int64_t *dims)
{
    pare_tensor *tensor = NULL;
    uint64_t n_bytes = sizeof(float);
    for (uint32_t i = 0; i < rank; i++)
        n_bytes *= (uint64_t)dims[i];
    const pare_bytes view = { .data = n->zeros->data, .n = n_bytes };
    assert(n_bytes <= n->zeros->n_bytes);
    n->b.status = pare_tensor_wrap(n->b.ctx, &tensor, PARE_FLOAT, rank, dims, PARE_ENC_DENSE, view,
                                   n->zeros);
    return tensor;
}

static pare_tensor *seeded_tensor(net *n, const char *name, net_init init, int64_t fan_in,
                                  uint32_t rank, const int64_t *dims)
{
    pare_tensor *tensor = NULL;
    uint8_t *data = NULL;
    pare_status st = pare_tensor_new(n->b.ctx, &tensor, PARE_FLOAT, rank, dims);
    if (!st) st = pare_tensor_own(n->b.ctx, &tensor, &data);
    if (!st)
        net_fill((float *)(void *)data, (size_t)tensor->n_elements, n->opts.seed, name, init,
                 fan_in);
    n->b.status = st;
    return tensor;
}

pare_value_id net_param(net *n, const char *name, net_init init, int64_t fan_in, uint32_t rank,
                        const int64_t *dims)
{
    char full[NET_NAME_BYTES];
    if (n->b.status) return PARE_NONE;
    scoped(n, name, full);
    pare_tensor *tensor = n->opts.weights == NET_WEIGHTS_NONE
                              ? zero_tensor(n, rank, dims)
                              : seeded_tensor(n, full, init, fan_in, rank, dims);
    return pare_build_const(&n->b, full, tensor);
}

/* --- feature maps ----------------------------------------------------------------------------- */

net_map net_image(net *n, const char *name, int64_t c, int64_t h, int64_t w)
{
    const int64_t dims[] = { n->opts.batch, c, h, w };
    const pare_type *type = net_type(n, PARE_FLOAT, 4, dims);
    return (net_map){ pare_build_input(&n->b, name, type), c, h, w };
}

/* Kernel, steps and the padding of one side; total padding and output size along one axis. */
typedef struct span {
    int64_t k, stride, before, after, out;
} span;

static span span_of(const net_window *win, int64_t k, int64_t in)
{
    span s = { .k = k ? k : win->k, .stride = win->stride ? win->stride : 1 };
    if (win->same) {
        s.out = (in + s.stride - 1) / s.stride;
        const int64_t total = (s.out - 1) * s.stride + s.k - in;
        s.before = total > 0 ? total / 2 : 0;
        s.after = total > 0 ? total - s.before : 0;
        return s;
    }
    s.before = s.after = win->pad;
    const int64_t room = in + 2 * win->pad - s.k;
    s.out = (room + (win->ceil ? s.stride - 1 : 0)) / s.stride + 1;
    /* A window may not start in the padding behind the end. */
    if (win->ceil && (s.out - 1) * s.stride >= in + win->pad) s.out--;
    return s;
}

static void window_attrs(net *n, const span *y, const span *x)
{
    pare_build_ints(&n->b, "kernel_shape", (const int64_t[]){ y->k, x->k }, 2);
    pare_build_ints(&n->b, "strides", (const int64_t[]){ y->stride, x->stride }, 2);
    pare_build_ints(&n->b, "pads", (const int64_t[]){ y->before, x->before, y->after, x->after },
                    4);
}

net_map net_conv(net *n, const char *layer, net_map x, net_conv_opts o)
{
    const int64_t groups = o.groups ? o.groups : 1, depth = x.c / groups;
    const span sy = span_of(&o.win, o.win.kh, x.h), sx = span_of(&o.win, o.win.kw, x.w);
    const int64_t dims[] = { o.out, depth, sy.k, sx.k };
    const int64_t fan_in = depth * sy.k * sx.k;
    const size_t mark = net_enter(n, "%s", layer);
    const pare_value_id w = net_param(n, "weight", NET_INIT_WEIGHT, fan_in, 4, dims);
    const pare_value_id bias =
        o.bias ? net_param(n, "bias", NET_INIT_SHIFT, 0, 1, dims) : PARE_NONE;
    net_leave(n, mark);
    pare_emit_n(&n->b, "Conv", (const pare_value_id[]){ x.value, w, bias }, o.bias ? 3 : 2, 1);
    window_attrs(n, &sy, &sx);
    if (groups != 1) pare_build_int(&n->b, "group", groups);
    n->macs += (uint64_t)(o.out * sy.out * sx.out * fan_in);
    return (net_map){ net_name(n, layer), o.out, sy.out, sx.out };
}

net_map net_batchnorm(net *n, const char *layer, net_map x)
{
    const size_t mark = net_enter(n, "%s", layer);
    const pare_value_id in[] = {
        x.value,
        net_param(n, "weight", NET_INIT_SCALE, 0, 1, &x.c),
        net_param(n, "bias", NET_INIT_SHIFT, 0, 1, &x.c),
        net_param(n, "running_mean", NET_INIT_SHIFT, 0, 1, &x.c),
        net_param(n, "running_var", NET_INIT_SCALE, 0, 1, &x.c),
    };
    net_leave(n, mark);
    pare_emit_n(&n->b, "BatchNormalization", in, 5, 1);
    pare_build_float(&n->b, "epsilon", 1e-5f);
    x.value = net_name(n, layer);
    return x;
}

net_map net_act_map(net *n, const char *layer, net_map x, net_act act)
{
    x.value = net_activate(n, layer, x.value, act);
    return x;
}

net_map net_conv_bn(net *n, const char *layer, net_map x, net_conv_opts o, net_act act)
{
    const size_t mark = net_enter(n, "%s", layer);
    x = net_conv(n, "conv", x, o);
    x = net_batchnorm(n, "bn", x);
    x = net_act_map(n, "act", x, act);
    net_leave(n, mark);
    return x;
}

static net_map pool(net *n, const char *op, const char *layer, net_map x, const net_window *win)
{
    const span sy = span_of(win, win->kh, x.h), sx = span_of(win, win->kw, x.w);
    pare_emit(&n->b, op, x.value);
    window_attrs(n, &sy, &sx);
    if (win->ceil) pare_build_int(&n->b, "ceil_mode", 1);
    return (net_map){ net_name(n, layer), x.c, sy.out, sx.out };
}

net_map net_maxpool(net *n, const char *layer, net_map x, net_window win)
{
    return pool(n, "MaxPool", layer, x, &win);
}

net_map net_avgpool(net *n, const char *layer, net_map x, net_window win)
{
    return pool(n, "AveragePool", layer, x, &win);
}

net_map net_global_pool(net *n, const char *layer, net_map x)
{
    pare_emit(&n->b, "GlobalAveragePool", x.value);
    return (net_map){ net_name(n, layer), x.c, 1, 1 };
}

net_map net_add(net *n, const char *layer, net_map a, net_map b)
{
    assert(a.c == b.c && a.h == b.h && a.w == b.w);
    pare_emit(&n->b, "Add", a.value, b.value);
    a.value = net_name(n, layer);
    return a;
}

net_map net_concat(net *n, const char *layer, const net_map *parts, uint32_t n_parts)
{
    pare_value_id in[64];
    net_map y = { PARE_NONE, 0, parts[0].h, parts[0].w };
    assert(n_parts <= 64);
    for (uint32_t i = 0; i < n_parts; i++) {
        assert(parts[i].h == y.h && parts[i].w == y.w);
        in[i] = parts[i].value;
        y.c += parts[i].c;
    }
    pare_emit_n(&n->b, "Concat", in, n_parts, 1);
    pare_build_int(&n->b, "axis", 1);
    y.value = net_name(n, layer);
    return y;
}

net_map net_squeeze_excite(net *n, const char *layer, net_map x, int64_t squeezed, net_act act,
                           net_act gate)
{
    const size_t mark = net_enter(n, "%s", layer);
    const net_conv_opts down = { .out = squeezed, .win = { .k = 1 }, .bias = true };
    const net_conv_opts up = { .out = x.c, .win = { .k = 1 }, .bias = true };
    net_map s = net_global_pool(n, "pool", x);
    s = net_act_map(n, "act", net_conv(n, "fc1", s, down), act);
    s = net_act_map(n, "gate", net_conv(n, "fc2", s, up), gate);
    pare_emit(&n->b, "Mul", x.value, s.value);
    x.value = net_name(n, "scale");
    net_leave(n, mark);
    return x;
}

net_map net_flatten(net *n, const char *layer, net_map x)
{
    pare_emit(&n->b, "Flatten", x.value);
    pare_build_int(&n->b, "axis", 1);
    return (net_map){ net_name(n, layer), x.c * x.h * x.w, 0, 0 };
}

net_map net_gemm(net *n, const char *layer, net_map x, int64_t out)
{
    const size_t mark = net_enter(n, "%s", layer);
    const pare_value_id w =
        net_param(n, "weight", NET_INIT_WEIGHT, x.c, 2, (const int64_t[]){ out, x.c });
    const pare_value_id bias = net_param(n, "bias", NET_INIT_SHIFT, 0, 1, &out);
    net_leave(n, mark);
    assert(!x.h);
    pare_emit(&n->b, "Gemm", x.value, w, bias);
    pare_build_int(&n->b, "transB", 1);
    n->macs += (uint64_t)(out * x.c);
    return (net_map){ net_name(n, layer), out, 0, 0 };
}

void net_output(net *n, const char *name, net_map x)
{
    const int64_t dims[] = { n->opts.batch, x.c, x.h, x.w };
    pare_build_name(&n->b, x.value, name);
    pare_build_output(&n->b, x.value, net_type(n, PARE_FLOAT, x.h ? 4 : 2, dims));
}
