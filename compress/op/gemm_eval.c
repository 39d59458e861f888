#include "op/elementwise.h"
#include "op/fused_activation.h"
#include "op/matmul.h"
#include "op/product.h"
#include "op/spread.h"

/* Y = alpha * A' B' + beta * C in the type of A and B: the product in its chains, then multiplied,
 * then added; narrow floats in float, rounded at the end. */

typedef struct gemm_job {
    pare_product product;
    pare_product_operand a, b;
    pare_reals as, bs, cs, y;
} gemm_job;

/* Integers take the whole parts of alpha and beta. */
static void combine(pare_wide wide, const pare_gemm_params *p, int64_t n, void *y, const void *c,
                    int64_t c_step)
{
    const uint64_t alpha = (uint64_t)pare_f64_to_i64_ref((double)p->alpha);
    const uint64_t beta = (uint64_t)pare_f64_to_i64_ref((double)p->beta);
    for (int64_t i = 0; i < n; i++) {
        if (wide == PARE_WIDE_F32) {
            float *out = (float *)y + i;
            *out *= p->alpha;
            if (c) *out += p->beta * ((const float *)c)[i * c_step];
        } else if (wide == PARE_WIDE_F64) {
            double *out = (double *)y + i;
            *out *= (double)p->alpha;
            if (c) *out += (double)p->beta * ((const double *)c)[i * c_step];
        } else {
            uint64_t *out = (uint64_t *)y + i;
            *out *= alpha;
            if (c) *out += beta * ((const uint64_t *)c)[i * c_step];
        }
    }
}

static pare_status add_c(pare_ctx *ctx, pare_eval_io *io, gemm_job *j, int64_t m, int64_t n)
{
    const pare_tensor *c = pare_eval_tensor(io, 2);
    const int64_t dims[2] = { m, n };
    pare_spread s;
    pare_spread_start(&s, 2, dims);
    bool fits = !c || c->rank <= 2;
    for (uint32_t d = 0; c && fits && d < c->rank; d++)
        fits = c->dims[d] == 1 || c->dims[d] == dims[2 - c->rank + d];
    if (!fits)
        return pare_call_fail(ctx, io->call,
                              "input 2: expected a shape that broadcasts to the output");
    if (c) pare_spread_add(&s, c->rank, c->dims);
    while (pare_spread_next(&s)) {
        const void *from = c ? pare_at(j->cs.data, s.in[0], j->cs.width) : NULL;
        combine(j->y.wide, io->params, s.n, pare_at_mut(j->y.owned, s.out, j->y.width), from,
                c ? s.step[0] : 0);
    }
    return PARE_OK;
}

static pare_status run(pare_ctx *ctx, pare_eval_io *io, gemm_job *j, const pare_tensor *const *in,
                       const pare_fused_activation *activation)
{
    const pare_gemm_params *p = io->params;
    const pare_tensor *c = pare_eval_tensor(io, 2);
    const pare_wide wide = pare_wide_of(in[0]->dtype);
    pare_product_operand_of(&j->a, in[0]);
    pare_product_operand_of(&j->b, in[1]);
    if (p->trans_a) pare_product_swap_axes(&j->a, 0, 1);
    if (p->trans_b) pare_product_swap_axes(&j->b, 0, 1);
    pare_product_matmul(&j->product, &j->a, &j->b);
    j->product.type = pare_product_type_of(wide);
    const pare_num n = pare_info_n_elements(io->shapes, &io->info[0]);
    if (n.kind != PARE_NUM_INT) return pare_fail_memory(ctx, SIZE_MAX);
    if (c && c->dtype != in[0]->dtype) return pare_eval_no_type(ctx, io, c->dtype);
    PARE_TRY(pare_reals_load(ctx, &j->as, in[0], wide));
    PARE_TRY(pare_reals_load(ctx, &j->bs, in[1], wide));
    PARE_TRY(pare_reals_load(ctx, &j->cs, c, wide));
    PARE_TRY(pare_reals_new(ctx, &j->y, wide, n.i));
    PARE_TRY(pare_product_run(ctx, &j->product, j->as.data, j->bs.data, j->y.owned));
    PARE_TRY(add_c(ctx, io, j, j->a.dims[0], j->b.dims[1]));
    pare_fused_activation_apply(activation, &j->y, n.i);
    return pare_reals_out(ctx, io, 0, &j->y);
}

static pare_status eval_gemm(pare_ctx *ctx, pare_eval_io *io,
                             const pare_fused_activation *activation)
{
    const pare_tensor *in[2] = { NULL, NULL };
    PARE_TRY(pare_element_inputs(ctx, io, 2, in));
    PARE_TRY(pare_element_same_type(ctx, io, 2, in));
    if (!pare_wide_of(in[0]->dtype)) return pare_eval_no_type(ctx, io, in[0]->dtype);
    gemm_job *j = pare_alloc_zero(ctx, sizeof(*j));
    if (!j) return pare_fail_memory(ctx, sizeof(*j));
    const pare_status st = run(ctx, io, j, in, activation);
    pare_reals *const all[] = { &j->as, &j->bs, &j->cs, &j->y };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) pare_reals_free(ctx, all[i]);
    pare_free(ctx, j);
    return st;
}

pare_status pare_gemm_eval(pare_ctx *ctx, pare_eval_io *io)
{
    static const pare_fused_activation none = { 0 };
    return eval_gemm(ctx, io, &none);
}

pare_status pare_fused_gemm_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_gemm_params *p = io->params;
    const float given[] = { p->activation_alpha, p->activation_beta };
    const pare_tensor *a = pare_eval_tensor(io, 0);
    pare_fused_activation activation;
    if (a && p->activation.n && !pare_reals_wide(a->dtype))
        return pare_eval_no_type(ctx, io, a->dtype);
    PARE_TRY(pare_fused_activation_find(ctx, io->call, p->activation, 2, given, &activation));
    return eval_gemm(ctx, io, &activation);
}
