#include "kernels/activation.h"
#include "op/elementwise.h"
#include "op/spread.h"

typedef struct activation_row {
    const char *name;
    pare_activation_f32 *f32;
    pare_activation_f64 *f64;
} activation_row;

static const activation_row rows[] = {
    { "Celu", pare_celu_f32_ref, pare_celu_f64_ref },
    { "Elu", pare_elu_f32_ref, pare_elu_f64_ref },
    { "HardSigmoid", pare_hard_sigmoid_f32_ref, pare_hard_sigmoid_f64_ref },
    { "HardSwish", pare_hard_swish_f32_ref, pare_hard_swish_f64_ref },
    { "LeakyRelu", pare_leaky_relu_f32_ref, pare_leaky_relu_f64_ref },
    { "Mish", pare_mish_f32_ref, pare_mish_f64_ref },
    { "QuickGelu", pare_swish_f32_ref, pare_swish_f64_ref },
    { "Selu", pare_selu_f32_ref, pare_selu_f64_ref },
    { "Shrink", pare_shrink_f32_ref, pare_shrink_f64_ref },
    { "Softsign", pare_softsign_f32_ref, pare_softsign_f64_ref },
    { "Swish", pare_swish_f32_ref, pare_swish_f64_ref },
    { "ThresholdedRelu", pare_thresholded_relu_f32_ref, pare_thresholded_relu_f64_ref },
    /* what is left: Gelu, BiasGelu, FastGelu */
    { NULL, pare_gelu_f32_ref, pare_gelu_f64_ref },
};
static const activation_row gelu_tanh = { NULL, pare_gelu_tanh_f32_ref, pare_gelu_tanh_f64_ref };

static const activation_row *row_of(const pare_eval_io *io)
{
    const pare_unary_params *p = io->params;
    const activation_row *row = rows;
    while (row->name && !pare_str_eq(row->name, io->call->op->name)) row++;
    return !row->name && p->tanh_approximation ? &gelu_tanh : row;
}

/* In float, or in double for what float does not hold. */
static void apply(const activation_row *row, const pare_unary_params *p, pare_wide wide, int64_t n,
                  pare_wide_block *x)
{
    const double a = (double)p->alpha;
    const double b = (double)p->beta;
    if (wide == PARE_WIDE_F32)
        for (int64_t i = 0; i < n; i++) x->f32[i] = row->f32(p->alpha, p->beta, x->f32[i]);
    else
        for (int64_t i = 0; i < n; i++) x->f64[i] = row->f64(a, b, x->f64[i]);
}

pare_status pare_activation_eval(pare_ctx *ctx, pare_eval_io *io)
{
    static const pare_unary_params none = { 0 };
    const pare_unary_params *p = io->call->op->params_bytes ? io->params : &none;
    const activation_row *row = row_of(io);
    const pare_tensor *x = NULL;
    void *y = NULL;
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    /* only Shrink is for integers, too */
    const bool is_float = pare_dtype_of(x->dtype)->class == PARE_CLASS_FLOAT;
    if (pare_wide_of(x->dtype) == PARE_WIDE_NONE ||
        (!is_float && row->f32 != pare_shrink_f32_ref))
        return pare_eval_no_type(ctx, io, x->dtype);
    const pare_wide wide = pare_wide_of(x->dtype) == PARE_WIDE_F32 ? PARE_WIDE_F32 : PARE_WIDE_F64;
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    for (int64_t at = 0; at < x->n_elements; at += PARE_WIDE_BLOCK) {
        const int64_t rest = x->n_elements - at;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        pare_wide_block block;
        pare_wide_load_as(wide, x->dtype, pare_eval_data(x), at, 1, n, &block);
        apply(row, p, wide, n, &block);
        pare_wide_store_as(wide, PARE_STORE_DEFAULT, x->dtype, y, at, n, &block);
    }
    return PARE_OK;
}

/* Gelu of the sum of both inputs, of which the second is optional and broadcast. */
pare_status pare_bias_gelu_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const activation_row *row = row_of(io);
    const pare_tensor *in[2] = { NULL, NULL };
    pare_spread s;
    void *y = NULL;
    if (!pare_eval_tensor(io, 1)) return pare_activation_eval(ctx, io);
    PARE_TRY(pare_element_inputs(ctx, io, 2, in));
    PARE_TRY(pare_element_same_type(ctx, io, 2, in));
    const pare_dtype dtype = in[0]->dtype;
    const pare_wide wide = pare_wide_of(dtype);
    if (pare_dtype_of(dtype)->class != PARE_CLASS_FLOAT) return pare_eval_no_type(ctx, io, dtype);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    PARE_TRY(pare_element_spread(ctx, io, 2, in, &s));
    while (pare_spread_next(&s)) {
        pare_wide_block x;
        pare_wide_block bias;
        pare_wide_load(dtype, pare_eval_data(in[0]), s.in[0], s.step[0], s.n, &x);
        pare_wide_load(dtype, pare_eval_data(in[1]), s.in[1], s.step[1], s.n, &bias);
        if (wide == PARE_WIDE_F32)
            for (int64_t i = 0; i < s.n; i++) x.f32[i] += bias.f32[i];
        else
            for (int64_t i = 0; i < s.n; i++) x.f64[i] += bias.f64[i];
        apply(row, io->params, wide, s.n, &x);
        pare_wide_store(dtype, y, s.out, s.n, &x);
    }
    return PARE_OK;
}
