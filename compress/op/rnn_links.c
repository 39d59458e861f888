#include "op/linker.h"
#include "op/rnn.h"

/* A unit goes from all gates, with what remembers it; both directions have the same units. Inputs
 * go with their weights. */

enum { X, W, R, B, LENS, INITIAL_H, INITIAL_C, PEEPHOLES };

/* Batches of the input with those of an operand. */
static void link_batch(pare_links *l, pare_axis_ref of)
{
    const pare_rnn_params *p = l->params;
    pare_link_tie(l, pare_in_axis(X, p->batch_first ? 0 : 1), of);
}

pare_status pare_rnn_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_rnn_params *p = l->params;
    const pare_axis_ref units = pare_in_axis(R, 2);
    const uint32_t batch = p->batch_first ? 0 : 1;
    pare_link_tie(l, pare_in_axis(X, 2), pare_in_axis(W, 2));
    pare_link_inner(l, pare_in_axis(W, 1), units);
    pare_link_inner(l, pare_in_axis(R, 1), units);
    pare_link_inner(l, pare_in_axis(B, 1), units);
    pare_link_inner(l, pare_in_axis(PEEPHOLES, 1), units);
    for (uint32_t i = INITIAL_H; i <= INITIAL_C; i++) {
        pare_link_tie(l, pare_in_axis(i, 2), units);
        link_batch(l, pare_in_axis(i, batch));
    }
    link_batch(l, pare_in_axis(LENS, 0));
    pare_link_tie(l, pare_out_axis(0, 3), units);
    link_batch(l, pare_out_axis(0, p->batch_first ? 0 : 2));
    for (uint32_t o = 1; o < l->n_out; o++) {
        pare_link_tie(l, pare_out_axis(o, 2), units);
        link_batch(l, pare_out_axis(o, batch));
    }
    pare_follow_count_attr(l, "hidden_size", 0, units, 1);
    return PARE_OK;
}
