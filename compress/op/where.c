#include "op/content.h"

#include "op/costs.h"
#include "op/elementwise.h"
#include "op/linker.h"

/* Elements of input 1 where input 0 holds, else of input 2; all broadcast. */

typedef struct choice {
    const pare_info *const *in;
    uint32_t rank;
} choice;

static pare_num element(const void *user, const int64_t *at)
{
    const choice *c = user;
    const pare_num condition = pare_content_spread(c->in[0], at, c->rank);
    const pare_num yes = pare_content_spread(c->in[1], at, c->rank);
    const pare_num no = pare_content_spread(c->in[2], at, c->rank);
    if (condition.kind == PARE_NUM_INT) return condition.i ? yes : no;
    return pare_num_equal(yes, no) ? yes : pare_num_unknown();
}

static pare_status where_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_dtype yes = pare_in_dtype(io, 1);
    const pare_dtype dtype = yes == PARE_DTYPE_UNDEFINED ? pare_in_dtype(io, 2) : yes;
    PARE_TRY(pare_broadcast(ctx, io, dtype, io->in, io->n_in, &io->out[0]));
    const choice c = { io->in, io->out[0].rank };
    pare_content_fill(io->shapes, &io->out[0], element, &c);
    return PARE_OK;
}

const pare_op pare_op_where = {
    .domain = "", .name = "Where", .since = 9,
    .n_in = { 3, 3 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = where_infer, .eval = pare_where_eval,
    .cost = pare_where_cost,
    .links = pare_elementwise_links,
};
