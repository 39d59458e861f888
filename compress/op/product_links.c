#include "op/conv.h"
#include "op/linker.h"
#include "op/matmul.h"

/* What is summed over is tied to the weights; outputs go by themselves. */

/* Filters lie by the channels `rows` of all groups, [rows, places of a group, taps...]. A group
 * goes as a whole, with its inputs and outputs; else the same places of all groups do. */
static void link_filters(pare_links *l, int64_t group, pare_axis_ref rows, pare_axis_ref places)
{
    const pare_axis_ref x = pare_in_axis(0, 1), y = pare_out_axis(0, 1);
    const int64_t n_x = pare_link_extent(l, x), n_y = pare_link_extent(l, y);
    pare_link_tie(l, pare_in_axis(0, 0), pare_out_axis(0, 0));
    pare_link_tie(l, pare_in_axis(1, 0), rows);
    pare_link_inner(l, places, pare_in_axis(1, 1));
    pare_link_tie(l, pare_in_axis(2, 0), y); /* bias */
    if (group <= 1 || n_x % group || n_y % group) return;
    pare_link_outer(l, x, n_x / group, y, n_y / group);
    pare_follow_count_attr(l, "group", 0, x, n_x / group);
}

pare_status pare_conv_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_conv_params *p = l->params;
    link_filters(l, p->group, pare_out_axis(0, 1), pare_in_axis(0, 1));
    if (l->n_in > 3) pare_link_alike(l, 3, 0, NULL); /* FusedConv: what is added */
    return PARE_OK;
}

pare_status pare_conv_transpose_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_conv_transpose_params *p = l->params;
    link_filters(l, p->group, pare_in_axis(0, 1), pare_out_axis(0, 1));
    return PARE_OK;
}

pare_status pare_gemm_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_gemm_params *p = l->params;
    const pare_info *c = pare_link_in(l, 2);
    pare_link_tie(l, pare_in_axis(0, p->trans_a), pare_out_axis(0, 0));
    pare_link_tie(l, pare_in_axis(0, !p->trans_a), pare_in_axis(1, p->trans_b));
    pare_link_tie(l, pare_in_axis(1, !p->trans_b), pare_out_axis(0, 1));
    if (c && c->rank <= 2) pare_link_spread(l, 2, 0, 2 - c->rank);
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

pare_status pare_matmul_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_matmul_params *p = l->params;
    const pare_info *a = pare_link_in(l, 0), *b = pare_link_in(l, 1), *y = pare_link_out(l, 0);
    if (!a || !b || !y || !a->rank || !b->rank || p->trans_batch_a || p->trans_batch_b)
        return PARE_OK;
    const bool has_rows = a->rank > 1, has_columns = b->rank > 1;
    const uint32_t a_sum = has_rows ? a->rank - 1 - p->trans_a : 0;
    const uint32_t b_sum = has_columns ? b->rank - 2 + p->trans_b : 0;
    const uint32_t y_matrix = (uint32_t)has_rows + has_columns;
    if (y->rank < y_matrix) return PARE_OK;
    pare_link_tie(l, pare_in_axis(0, a_sum), pare_in_axis(1, b_sum));
    if (has_rows)
        pare_link_tie(l, pare_in_axis(0, a->rank - 2 + p->trans_a),
                      pare_out_axis(0, y->rank - y_matrix));
    if (has_columns)
        pare_link_tie(l, pare_in_axis(1, b->rank - 1 - p->trans_b), pare_out_axis(0, y->rank - 1));
    link_batch(l, 0, a, y, y_matrix);
    link_batch(l, 1, b, y, y_matrix);
    return PARE_OK;
}
