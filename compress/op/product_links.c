#include "op/conv.h"
#include "op/linker.h"
#include "op/matmul.h"

/* What is summed over is tied to the weights; outputs go by themselves. */

void pare_link_filters(pare_links *l, const pare_filters *f, pare_axis_ref rows,
                       pare_axis_ref places)
{
    const pare_axis_ref x = pare_in_axis(0, 1), y = pare_out_axis(0, 1);
    const int64_t n_x = pare_link_extent(l, x), n_y = pare_link_extent(l, y);
    pare_link_tie(l, pare_in_axis(0, 0), pare_out_axis(0, 0));
    pare_link_tie(l, pare_in_axis(f->weight, 0), rows);
    pare_link_inner(l, places, pare_in_axis(f->weight, 1));
    pare_link_tie(l, pare_in_axis(f->bias, 0), y);
    if (f->group <= 1 || n_x % f->group || n_y % f->group) return;
    pare_link_outer(l, x, n_x / f->group, y, n_y / f->group);
    pare_follow_count_attr(l, "group", 0, x, n_x / f->group);
}

pare_status pare_conv_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_conv_params *p = l->params;
    const pare_filters f = { p->group, 1, 2 };
    pare_link_filters(l, &f, pare_out_axis(0, 1), pare_in_axis(0, 1));
    if (l->n_in > 3) pare_link_alike(l, 3, 0, NULL); /* FusedConv: what is added */
    return PARE_OK;
}

pare_status pare_conv_transpose_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_conv_transpose_params *p = l->params;
    const pare_filters f = { p->group, 1, 2 };
    pare_link_filters(l, &f, pare_in_axis(0, 1), pare_out_axis(0, 1));
    return PARE_OK;
}

void pare_link_gemm(pare_links *l, uint32_t a, uint32_t b, uint32_t c)
{
    const pare_gemm_params *p = l->params;
    const pare_info *added = pare_link_in(l, c);
    pare_link_tie(l, pare_in_axis(a, p->trans_a), pare_out_axis(0, 0));
    pare_link_tie(l, pare_in_axis(a, !p->trans_a), pare_in_axis(b, p->trans_b));
    pare_link_sum(l, pare_in_axis(a, !p->trans_a), pare_in_axis(b, p->trans_b));
    pare_link_tie(l, pare_in_axis(b, !p->trans_b), pare_out_axis(0, 1));
    if (added && added->rank <= 2) pare_link_spread(l, c, 0, 2 - added->rank);
}

pare_status pare_gemm_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    pare_link_gemm(l, 0, 1, 2);
    return PARE_OK;
}

/* Leading axes of an operand, in front of its matrix or vector. */
static void link_batch(pare_links *l, uint32_t operand, const pare_info *x, const pare_info *y,
                       uint32_t y_matrix)
{
    const uint32_t n = x->rank > 2 ? x->rank - 2 : 0;
    const uint32_t n_out = y->rank - y_matrix;
    for (uint32_t k = 0; k < n && n <= n_out; k++)
        pare_link_tie(l, pare_in_axis(operand, k), pare_out_axis(0, n_out - n + k));
}

void pare_link_matmul(pare_links *l, uint32_t a_input, uint32_t b_input, bool trans_a, bool trans_b)
{
    const pare_info *a = pare_link_in(l, a_input), *b = pare_link_in(l, b_input);
    const pare_info *y = pare_link_out(l, 0);
    if (!a || !b || !y || !a->rank || !b->rank) return;
    const bool has_rows = a->rank > 1, has_columns = b->rank > 1;
    const uint32_t a_sum = has_rows ? a->rank - 1 - trans_a : 0;
    const uint32_t b_sum = has_columns ? b->rank - 2 + trans_b : 0;
    const uint32_t y_matrix = (uint32_t)has_rows + has_columns;
    if (y->rank < y_matrix) return;
    pare_link_tie(l, pare_in_axis(a_input, a_sum), pare_in_axis(b_input, b_sum));
    pare_link_sum(l, pare_in_axis(a_input, a_sum), pare_in_axis(b_input, b_sum));
    if (has_rows)
        pare_link_tie(l, pare_in_axis(a_input, a->rank - 2 + trans_a),
                      pare_out_axis(0, y->rank - y_matrix));
    if (has_columns)
        pare_link_tie(l, pare_in_axis(b_input, b->rank - 1 - trans_b),
                      pare_out_axis(0, y->rank - 1));
    link_batch(l, a_input, a, y, y_matrix);
    link_batch(l, b_input, b, y, y_matrix);
}

pare_status pare_matmul_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_matmul_params *p = l->params;
    if (!p->trans_batch_a && !p->trans_batch_b)
        pare_link_matmul(l, 0, 1, p->trans_a, p->trans_b);
    return PARE_OK;
}
