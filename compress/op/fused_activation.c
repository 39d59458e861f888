#include "op/fused_activation.h"

#include <math.h>
#include <string.h>

/* Between a and b; NaN stays. */
static float clip_f32(float a, float b, float x)
{
    return x < a ? a : x > b ? b : x;
}

static double clip_f64(double a, double b, double x)
{
    return x < a ? a : x > b ? b : x;
}

typedef struct row {
    const char *name;
    pare_fused_activation activation; /* with default parameters */
} row;

static const row rows[] = {
    { "Relu", { .plain_f32 = pare_relu_f32_ref, .plain_f64 = pare_relu_f64_ref } },
    { "Tanh", { .plain_f32 = pare_tanh_f32_ref, .plain_f64 = tanh } },
    { "Sigmoid", { .plain_f32 = pare_sigmoid_f32_ref, .plain_f64 = pare_sigmoid_f64_ref } },
    { "Softplus", { .plain_f32 = pare_softplus_f32_ref, .plain_f64 = pare_softplus_f64_ref } },
    { "Clip", { .f32 = clip_f32, .f64 = clip_f64, .a = -INFINITY, .b = INFINITY } },
    { "Elu", { .f32 = pare_elu_f32_ref, .f64 = pare_elu_f64_ref, .a = 1 } },
    { "HardSigmoid",
      { .f32 = pare_hard_sigmoid_f32_ref,
        .f64 = pare_hard_sigmoid_f64_ref,
        .a = 0.2f,
        .b = 0.5f } },
    { "HardSwish", { .f32 = pare_hard_swish_f32_ref, .f64 = pare_hard_swish_f64_ref } },
    { "LeakyRelu", { .f32 = pare_leaky_relu_f32_ref, .f64 = pare_leaky_relu_f64_ref, .a = 0.01f } },
    { "Softsign", { .f32 = pare_softsign_f32_ref, .f64 = pare_softsign_f64_ref } },
    { "ThresholdedRelu",
      { .f32 = pare_thresholded_relu_f32_ref, .f64 = pare_thresholded_relu_f64_ref, .a = 1 } },
};

pare_status pare_fused_activation_find(pare_ctx *ctx, const pare_call *call, pare_bytes name,
                                       uint32_t n, const float *given, pare_fused_activation *out)
{
    *out = (pare_fused_activation){ 0 };
    if (!name.n) return PARE_OK;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strlen(rows[i].name) != name.n || memcmp(rows[i].name, name.data, name.n) != 0)
            continue;
        *out = rows[i].activation;
        if (n > 0) out->a = given[0];
        if (n > 1) out->b = given[1];
        return PARE_OK;
    }
    pare_call_fail(ctx, call, "attribute 'activation': '%.*s' is not implemented",
                   name.n < 64 ? (int)name.n : 64, (const char *)name.data);
    return PARE_EUNSUPPORTED;
}

void pare_fused_activation_apply(const pare_fused_activation *activation, pare_reals *y, int64_t n)
{
    const pare_fused_activation *f = activation;
    for (int64_t i = 0; f->plain_f32 && i < n; i++) {
        if (y->wide == PARE_WIDE_F64)
            ((double *)y->owned)[i] = f->plain_f64(((double *)y->owned)[i]);
        else ((float *)y->owned)[i] = f->plain_f32(((float *)y->owned)[i]);
    }
    for (int64_t i = 0; f->f32 && i < n; i++) {
        if (y->wide == PARE_WIDE_F64)
            ((double *)y->owned)[i] =
                f->f64((double)f->a, (double)f->b, ((double *)y->owned)[i]);
        else ((float *)y->owned)[i] = f->f32(f->a, f->b, ((float *)y->owned)[i]);
    }
}
