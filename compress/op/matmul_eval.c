#include "op/elementwise.h"
#include "op/matmul.h"
#include "op/product.h"

/* Products in the type of A and B, narrow floats in float, rounded at the end. */

typedef struct matmul_job {
    pare_product product;
    pare_product_operand a, b;
    pare_reals as, bs, y;
} matmul_job;

/* Batch axes turn (axis 0 goes behind the others), then the last two swap. */
static void transpose(pare_product_operand *x, bool batch, bool matrix)
{
    for (uint32_t d = 0; batch && d + 2 < x->rank; d++) pare_product_swap_axes(x, d, d + 1);
    if (matrix && x->rank >= 2) pare_product_swap_axes(x, x->rank - 2, x->rank - 1);
}

static void scale(pare_reals *y, int64_t n, float alpha)
{
    if (alpha == 1) return;
    for (int64_t i = 0; i < n; i++) {
        if (y->wide == PARE_WIDE_F64) ((double *)y->owned)[i] *= (double)alpha;
        else ((float *)y->owned)[i] *= alpha;
    }
}

static pare_status run(pare_ctx *ctx, pare_eval_io *io, matmul_job *j, const pare_tensor *const *in,
                       const pare_matmul_params *p)
{
    const pare_wide wide = pare_wide_of(in[0]->dtype);
    const pare_num n = pare_info_n_elements(io->shapes, &io->info[0]);
    if (n.kind != PARE_NUM_INT) return pare_fail_memory(ctx, SIZE_MAX);
    pare_product_operand_of(&j->a, in[0]);
    pare_product_operand_of(&j->b, in[1]);
    transpose(&j->a, p->trans_batch_a, p->trans_a);
    transpose(&j->b, p->trans_batch_b, p->trans_b);
    pare_product_matmul(&j->product, &j->a, &j->b);
    j->product.type = pare_product_type_of(wide);
    PARE_TRY(pare_reals_load(ctx, &j->as, in[0], wide));
    PARE_TRY(pare_reals_load(ctx, &j->bs, in[1], wide));
    PARE_TRY(pare_reals_new(ctx, &j->y, wide, n.i));
    PARE_TRY(pare_product_run(ctx, &j->product, j->as.data, j->bs.data, j->y.owned));
    if (pare_reals_wide(in[0]->dtype)) scale(&j->y, n.i, p->alpha);
    return pare_reals_out(ctx, io, 0, &j->y);
}

static pare_status eval_product(pare_ctx *ctx, pare_eval_io *io, const pare_matmul_params *p)
{
    const pare_tensor *in[2] = { NULL, NULL };
    PARE_TRY(pare_element_inputs(ctx, io, 2, in));
    PARE_TRY(pare_element_same_type(ctx, io, 2, in));
    if (!pare_wide_of(in[0]->dtype)) return pare_eval_no_type(ctx, io, in[0]->dtype);
    matmul_job *j = pare_alloc_zero(ctx, sizeof(*j));
    if (!j) return pare_fail_memory(ctx, sizeof(*j));
    const pare_status st = run(ctx, io, j, in, p);
    pare_reals_free(ctx, &j->as);
    pare_reals_free(ctx, &j->bs);
    pare_reals_free(ctx, &j->y);
    pare_free(ctx, j);
    return st;
}

pare_status pare_matmul_eval(pare_ctx *ctx, pare_eval_io *io)
{
    static const pare_matmul_params plain = { .alpha = 1 };
    return eval_product(ctx, io, &plain);
}

pare_status pare_fused_matmul_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return eval_product(ctx, io, io->params);
}
