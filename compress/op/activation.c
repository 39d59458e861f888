#include "op/elementwise.h"

#include "op/costs.h"
#include "op/linker.h"

/* Activations with parameters. Defaults are those of the opset (Selu was refined at 6). */

static pare_status get_alpha(pare_ctx *ctx, void *params, const pare_call *call, float fallback)
{
    pare_unary_params *p = params;
    return pare_get_float(ctx, call, "alpha", fallback, &p->alpha);
}

static pare_status alpha_one_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    return get_alpha(ctx, params, call, 1);
}

static pare_status leaky_relu_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    return get_alpha(ctx, params, call, 0.01f);
}

static pare_status selu_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_unary_params *p = params;
    const bool refined = call->version >= 6;
    PARE_TRY(get_alpha(ctx, params, call, refined ? 1.67326319217681884765625f : 1.6732f));
    return pare_get_float(ctx, call, "gamma", refined ? 1.05070102214813232421875f : 1.0507f,
                          &p->beta);
}

static pare_status hard_sigmoid_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_unary_params *p = params;
    PARE_TRY(get_alpha(ctx, params, call, 0.2f));
    return pare_get_float(ctx, call, "beta", 0.5f, &p->beta);
}

static pare_status shrink_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_unary_params *p = params;
    PARE_TRY(pare_get_float(ctx, call, "lambd", 0.5f, &p->alpha));
    return pare_get_float(ctx, call, "bias", 0, &p->beta);
}

static pare_status gelu_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const words[] = { "none", "tanh", NULL };
    pare_unary_params *p = params;
    int word = 0;
    PARE_TRY(pare_get_word(ctx, call, "approximate", words, 0, &word));
    p->tanh_approximation = word == 1;
    return PARE_OK;
}

static pare_status fast_gelu_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_unary_params *p = params;
    (void)ctx;
    (void)call;
    p->tanh_approximation = true;
    return PARE_OK;
}

static pare_status quick_gelu_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    return get_alpha(ctx, params, call, 1.702f);
}

/*      symbol            domain           name               since  inputs  resolve, eval */
#define ACTIVATIONS(X)                                                                             \
    X(celu,               "",              "Celu",              12,   1, alpha_one_resolve,        \
      pare_activation_eval)                                                                        \
    X(elu,                "",              "Elu",                1,   1, alpha_one_resolve,        \
      pare_activation_eval)                                                                        \
    X(gelu,               "",              "Gelu",              20,   1, gelu_resolve,             \
      pare_activation_eval)                                                                        \
    X(hard_sigmoid,       "",              "HardSigmoid",        1,   1, hard_sigmoid_resolve,     \
      pare_activation_eval)                                                                        \
    X(leaky_relu,         "",              "LeakyRelu",          1,   1, leaky_relu_resolve,       \
      pare_activation_eval)                                                                        \
    X(selu,               "",              "Selu",               1,   1, selu_resolve,             \
      pare_activation_eval)                                                                        \
    X(shrink,             "",              "Shrink",             9,   1, shrink_resolve,           \
      pare_activation_eval)                                                                        \
    X(swish,              "",              "Swish",             24,   1, alpha_one_resolve,        \
      pare_activation_eval)                                                                        \
    X(thresholded_relu,   "",              "ThresholdedRelu",   10,   1, alpha_one_resolve,        \
      pare_activation_eval)                                                                        \
    X(ms_bias_gelu,       "com.microsoft", "BiasGelu",           1,   2, PARE_NA(resolve),         \
      pare_bias_gelu_eval)                                                                         \
    X(ms_fast_gelu,       "com.microsoft", "FastGelu",           1,   2, fast_gelu_resolve,        \
      pare_bias_gelu_eval)                                                                         \
    X(ms_gelu,            "com.microsoft", "Gelu",               1,   1, PARE_NA(resolve),         \
      pare_activation_eval)                                                                        \
    X(ms_quick_gelu,      "com.microsoft", "QuickGelu",          1,   1, quick_gelu_resolve,       \
      pare_activation_eval)

#define ACTIVATION(symbol, dom, text, first, n_inputs, resolver, evaluator)                        \
    const pare_op pare_op_##symbol = {                                                             \
        .domain = dom, .name = text, .since = first,                                               \
        .n_in = { 1, n_inputs }, .n_out = { 1, 1 },                                                \
        .params_bytes = sizeof(pare_unary_params),                                                 \
        .resolve = resolver, .infer = pare_infer_same, .eval = evaluator,                          \
        .cost = pare_activation_cost,                                                              \
        .links = pare_elementwise_links,                                                           \
    };
ACTIVATIONS(ACTIVATION)
