#include "op/conv.h"
#include "op/linker.h"
#include "op/matmul.h"
#include "op/move.h"
#include "op/ms_qlinear.h"

/* Products and others on integers: as their float forms, with a scale and a zero point by channel
 * where there is more than one. */

static void link_parameters(pare_links *l, const uint32_t *inputs, uint32_t n, pare_axis_ref of)
{
    for (uint32_t i = 0; i < n; i++) pare_link_tie(l, pare_in_axis(inputs[i], 0), of);
}

pare_status pare_conv_integer_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    static const uint32_t by_filter[] = { 3 };
    const pare_conv_params *p = l->params;
    const pare_filters f = { p->group, 1, PARE_NONE };
    pare_link_filters(l, &f, pare_out_axis(0, 1), pare_in_axis(0, 1));
    link_parameters(l, by_filter, 1, pare_out_axis(0, 1));
    return PARE_OK;
}

/* x, scale, zero point, w, scale, zero point, scale and zero point of y, bias */
pare_status pare_qlinear_conv_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    static const uint32_t by_filter[] = { 4, 5 };
    const pare_conv_params *p = l->params;
    const pare_filters f = { p->group, 3, 8 };
    pare_link_filters(l, &f, pare_out_axis(0, 1), pare_in_axis(0, 1));
    link_parameters(l, by_filter, 2, pare_out_axis(0, 1));
    return PARE_OK;
}

/* Numbers by row of A, [m] or [..., m, 1], or by column of B, [n] or [..., 1, n]. */
static void link_rows(pare_links *l, uint32_t input, bool is_column)
{
    const pare_info *x = pare_link_in(l, input), *y = pare_link_out(l, 0);
    if (!x || !y || y->rank < 2 || !x->rank) return;
    if (is_column) pare_link_spread(l, input, 0, x->rank <= y->rank ? y->rank - x->rank : 0);
    else if (x->rank == 1) pare_link_tie(l, pare_in_axis(input, 0), pare_out_axis(0, y->rank - 2));
    else if (x->rank == y->rank) pare_link_spread(l, input, 0, 0);
}

/* A and B, their parameters by row and by column. */
static void link_product(pare_links *l, uint32_t b, const uint32_t *by_row, uint32_t n_by_row,
                         const uint32_t *by_column, uint32_t n_by_column)
{
    pare_link_matmul(l, 0, b, false, false);
    for (uint32_t i = 0; i < n_by_row; i++) link_rows(l, by_row[i], false);
    for (uint32_t i = 0; i < n_by_column; i++) link_rows(l, by_column[i], true);
}

/* A, B, zero points */
pare_status pare_matmul_integer_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    static const uint32_t a[] = { 2 }, b[] = { 3 };
    link_product(l, 1, a, 1, b, 1);
    return PARE_OK;
}

/* a, scale, zero point, b, scale, zero point, scale and zero point of y */
pare_status pare_qlinear_matmul_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    static const uint32_t a[] = { 1, 2 }, b[] = { 4, 5 };
    link_product(l, 3, a, 2, b, 2);
    return PARE_OK;
}

/* A, B, scale of B, zero point of B, bias */
pare_status pare_dynamic_quantize_matmul_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    static const uint32_t b[] = { 2, 3, 4 };
    link_product(l, 1, NULL, 0, b, 3);
    return PARE_OK;
}

/* A, B, scales, zero points, bias */
pare_status pare_matmul_integer_to_float_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    static const uint32_t a[] = { 2, 4 }, b[] = { 3, 5, 6 };
    link_product(l, 1, a, 2, b, 3);
    return PARE_OK;
}

/* A, scale, zero point, B, scale, zero point, C, scale and zero point of y */
pare_status pare_qgemm_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    static const uint32_t by_column[] = { 4, 5 };
    pare_link_gemm(l, 0, 3, 6);
    link_parameters(l, by_column, 2, pare_out_axis(0, 1));
    return PARE_OK;
}

/* --- element by element ----------------------------------------------------------------------- */

static void link_broadcast(pare_links *l, const uint32_t *inputs, uint32_t n)
{
    const pare_info *y = pare_link_out(l, 0);
    for (uint32_t i = 0; y && i < n; i++) {
        const pare_info *x = pare_link_in(l, inputs[i]);
        if (x && x->rank <= y->rank) pare_link_spread(l, inputs[i], 0, y->rank - x->rank);
    }
}

pare_status pare_qlinear_binary_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    static const uint32_t inputs[] = { 0, 3 };
    link_broadcast(l, inputs, 2);
    return PARE_OK;
}

pare_status pare_qlinear_where_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    static const uint32_t inputs[] = { 0, 1, 4 };
    link_broadcast(l, inputs, 3);
    return PARE_OK;
}

/* All inputs but the first are one number each. */
pare_status pare_first_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    pare_link_alike(l, 0, 0, NULL);
    return PARE_OK;
}

pare_status pare_qlinear_softmax_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_qlinear_params *p = l->params;
    const pare_info *x = pare_link_in(l, 0);
    if (!x) return PARE_OK;
    const int64_t axis = p->axis < 0 ? p->axis + x->rank : p->axis;
    for (uint32_t k = 0; k < x->rank; k++)
        if (k == axis || (p->softmax_opset < 13 && k > axis))
            pare_link_freeze(l, pare_in_axis(0, k), "a softmax is over it");
        else
            pare_link_tie(l, pare_in_axis(0, k), pare_out_axis(0, k));
    return PARE_OK;
}

pare_status pare_qlinear_concat_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_qlinear_params *p = l->params;
    pare_link_joined(l, p->axis, 2, 3);
    return PARE_OK;
}

/* --- weights in blocks ------------------------------------------------------------------------ */

/* A, B [n, blocks, bytes], scales and zero points [n, blocks] or in one row, group index, bias.
 * Outputs go by themselves, inputs in whole blocks: but where zero points of several blocks share a
 * byte. */
pare_status pare_matmul_nbits_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_matmul_nbits_params *p = l->params;
    const pare_info *a = pare_link_in(l, 0), *y = pare_link_out(l, 0);
    if (!a || !y || !a->rank || a->rank != y->rank) return PARE_OK;
    const pare_axis_ref out = pare_out_axis(0, y->rank - 1), in = pare_in_axis(0, a->rank - 1);
    const int64_t n_blocks = p->k / p->block_size;
    const bool has_whole_blocks = n_blocks * p->block_size == p->k && !pare_link_in(l, 3) &&
                                  !pare_link_in(l, 4);
    for (uint32_t k = 0; k + 1 < a->rank; k++)
        pare_link_tie(l, pare_in_axis(0, k), pare_out_axis(0, k));
    pare_link_tie(l, pare_in_axis(1, 0), out);
    pare_link_tie(l, pare_in_axis(5, 0), out);
    for (uint32_t i = 2; i < 4; i++) {
        const int64_t n = pare_link_extent(l, pare_in_axis(i, 0));
        if (n % p->n == 0) pare_link_outer(l, pare_in_axis(i, 0), n / p->n, out, 1);
    }
    pare_follow_count_attr(l, "N", 0, out, 1);
    if (!has_whole_blocks) return PARE_OK;
    pare_link_outer(l, in, p->block_size, pare_in_axis(1, 1), 1);
    pare_link_tie(l, pare_in_axis(2, 1), pare_in_axis(1, 1));
    if (pare_link_in(l, 2) && pare_link_in(l, 2)->rank == 1)
        pare_link_inner(l, pare_in_axis(2, 0), pare_in_axis(1, 1));
    pare_follow_count_attr(l, "K", 0, in, 1);
    return PARE_OK;
}
