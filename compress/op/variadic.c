#include "op/elementwise.h"

#include "op/costs.h"
#include "op/linker.h"

/* Functions of any number of inputs; before opset 8 all shapes were equal, which broadcasting
 * covers. */

static pare_num sum(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)params;
    return pare_num_add(exprs, x[0], x[1]);
}

static pare_num max(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)params;
    return pare_num_max(exprs, x[0], x[1]);
}

static pare_num min(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)params;
    return pare_num_min(exprs, x[0], x[1]);
}

static const pare_element_row contents[] = {
    { "Max", max },
    { "Min", min },
    { "Sum", sum },
    { 0 },
};

static pare_status variadic_infer(pare_ctx *ctx, pare_infer_io *io)
{
    PARE_TRY(pare_broadcast(ctx, io, pare_first_dtype(io), io->in, io->n_in, &io->out[0]));
    /* more than two are not met where shapes are computed */
    if (io->n_in == 2) pare_content_apply(io, pare_element_of(contents, io->call->op->name), 2);
    return PARE_OK;
}

/*      symbol  name */
#define VARIADIC_OPS(X)                                                                            \
    X(max,      "Max")                                                                             \
    X(mean,     "Mean")                                                                            \
    X(min,      "Min")                                                                             \
    X(sum,      "Sum")

#define VARIADIC_OP(symbol, text)                                                                  \
    const pare_op pare_op_##symbol = {                                                             \
        .domain = "", .name = text, .since = 1,                                                    \
        .n_in = { 1, PARE_MANY }, .n_out = { 1, 1 },                                               \
        .resolve = PARE_NA(resolve), .infer = variadic_infer, .eval = pare_variadic_eval,          \
        .cost = pare_variadic_cost,                                                                \
        .links = pare_elementwise_links,                                                           \
    };
VARIADIC_OPS(VARIADIC_OP)
