/* Layers of networks over the sticky builder (ir/build.h): nothing is done after a failure.
 *
 * Every layer has a name such as "conv1", set behind the scope it is built in ("layer1.0"):
 * parameters are called "layer1.0.conv1.weight", nodes "/layer1/0/conv1". */
#ifndef TESTS_SUPPORT_NETS_LAYER_H
#define TESTS_SUPPORT_NETS_LAYER_H

#include "ir/build.h"
#include "support/nets/nets.h"

enum { NET_NAME_BYTES = 128 };

typedef struct net {
    pare_builder b;
    pare_model *model;
    const net_row *row;         /* NULL: a model of testdata/ */
    net_opts opts;              /* batch and opset are set, seq too for text models */
    uint64_t macs;
    pare_buf *zeros;            /* NET_WEIGHTS_NONE: what all parameters are views of */
    char scope[NET_NAME_BYTES]; /* "" or ends in '.' */
} net;

/* Starts and ends a model by hand; net_build does this for the rows of the list. net_end checks the
 * result and hands it over in *out, or frees it on failure. */
void net_begin(net *n, pare_ctx *ctx, const char *graph_name, const net_opts *opts);
pare_status net_end(net *n, pare_model **out);

/* Opens a scope inside of the current one; leave with what enter returned. */
size_t net_enter(net *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void net_leave(net *n, size_t mark);

/* Gives the node emitted last and its first output the layer's name; returns that output. */
pare_value_id net_name(net *n, const char *layer);

/* --- parameters ------------------------------------------------------------------------------- */

typedef enum net_init {
    NET_INIT_WEIGHT, /* around 0 with variance 2 / fan_in (He et al. 2015) */
    NET_INIT_SCALE,  /* 1 +- 0.2 */
    NET_INIT_SHIFT,  /* 0 +- 0.2 */
    NET_INIT_EMBED,  /* around 0 with variance 0.02^2 */
} net_init;

/* n floats of a distribution from (seed, name); fan_in is for WEIGHT. */
void net_fill(float *out, size_t n_floats, uint64_t seed, const char *name, net_init init,
              int64_t fan_in);

/* A float initializer called scope + name. */
pare_value_id net_param(net *n, const char *name, net_init init, int64_t fan_in, uint32_t rank,
                        const int64_t *dims);

/* --- feature maps: [batch, c, h, w] ----------------------------------------------------------- */

typedef struct net_map {
    pare_value_id value;
    int64_t c, h, w;
} net_map;

typedef enum net_act {
    NET_LINEAR,
    NET_RELU,
    NET_RELU6,
    NET_HSWISH,
    NET_HSIGMOID,
    NET_SWISH,
    NET_SIGMOID,
    NET_GELU,
    NET_GELU_TANH,
    NET_TANH,
} net_act;

typedef struct net_window {
    int64_t k;          /* kernel, both sides */
    int64_t kh, kw;     /* where they differ */
    int64_t stride;     /* 0: 1 */
    int64_t pad;        /* all four sides */
    bool same;          /* instead of pad: as TensorFlow's SAME, more at the end */
    bool ceil;          /* pools: round the output up */
} net_window;

typedef struct net_conv_opts {
    int64_t out;
    net_window win;
    int64_t groups;     /* 0: 1 */
    bool bias;
} net_conv_opts;

/* The usual k x k convolution, padded to keep its size at stride 1, without bias. */
static inline net_conv_opts net_square(int64_t out, int64_t k, int64_t stride, int64_t groups)
{
    return (net_conv_opts){ out, { .k = k, .stride = stride, .pad = k / 2 }, groups, false };
}

/* The image input [batch, c, h, w]. */
net_map net_image(net *n, const char *name, int64_t c, int64_t h, int64_t w);

net_map net_conv(net *n, const char *layer, net_map x, net_conv_opts o);
net_map net_batchnorm(net *n, const char *layer, net_map x);
net_map net_act_map(net *n, const char *layer, net_map x, net_act act);

/* Convolution "conv" without bias (unless o has one), normalisation "bn", activation. */
net_map net_conv_bn(net *n, const char *layer, net_map x, net_conv_opts o, net_act act);

net_map net_maxpool(net *n, const char *layer, net_map x, net_window win);
net_map net_avgpool(net *n, const char *layer, net_map x, net_window win);
net_map net_global_pool(net *n, const char *layer, net_map x);
net_map net_add(net *n, const char *layer, net_map a, net_map b);
net_map net_concat(net *n, const char *layer, const net_map *parts, uint32_t n_parts);

/* Squeeze and excitation: x * gate(fc2(act(fc1(mean(x))))), fc being 1x1 convolutions with bias. */
net_map net_squeeze_excite(net *n, const char *layer, net_map x, int64_t squeezed, net_act act,
                           net_act gate);

/* [batch, c, h, w] to [batch, c*h*w], and a Gemm with weight [out, in] over it. */
net_map net_flatten(net *n, const char *layer, net_map x);
net_map net_gemm(net *n, const char *layer, net_map x, int64_t out);

/* Makes the map (flattened when h is 0) the graph's output. */
void net_output(net *n, const char *name, net_map x);

/* --- any value -------------------------------------------------------------------------------- */

pare_value_id net_activate(net *n, const char *layer, pare_value_id x, net_act act);

/* A float scalar; an int64 vector (count 0: a scalar): initializers called scope + name. */
pare_value_id net_scalar(net *n, const char *name, float value);
pare_value_id net_i64(net *n, const char *name, uint32_t count, const int64_t *v);

/* A tensor type with batch (and seq, where dims has NET_SYMBOLIC) as the options say. */
const pare_type *net_type(net *n, pare_dtype dtype, uint32_t rank, const int64_t *dims);

#endif
