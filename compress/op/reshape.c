#include "op/content.h"
#include "op/linker.h"
#include "op/list.h"
#include "op/move.h"
#include "op/mover.h"

#include <inttypes.h>

/* Same elements, other dims. Version 1 has the shape as attribute, 5 as input; 14 adds allowzero.
 * One dim may be -1: what is left; 0 copies the input's dim at that place. */

static pare_status reshape_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_reshape_params *p = params;
    if (call->version < 5) return pare_get_ints(ctx, call, "shape", &p->shape);
    if (call->version < 14) return PARE_OK;
    return pare_get_flag(ctx, call, "allowzero", false, &p->allow_zero);
}

/* A wanted shape while it is being worked out. */
typedef struct target {
    pare_num *dims;
    uint32_t rank;
    uint32_t rest;            /* axis of the -1; PARE_NONE: none */
    uint32_t n_unknown;       /* elements of the wanted shape that are not known */
    uint32_t unknown;         /* the last of them */
    bool copied[PARE_MAX_DIMS]; /* axes that are the input's */
} target;

static pare_status copy_dim(pare_ctx *ctx, const pare_infer_io *io, const pare_info *x, uint32_t i,
                            target *t)
{
    if (!pare_info_has_rank(x)) return PARE_OK;
    if (i >= x->rank)
        return pare_call_fail(ctx, io->call,
                              "shape: expected 0 only in the %" PRIu32
                              " dims of the input, found it in dim %" PRIu32,
                              x->rank, i);
    t->dims[i] = x->dims[i];
    t->copied[i] = true;
    return PARE_OK;
}

static pare_status read_target(pare_ctx *ctx, const pare_infer_io *io, const pare_list *shape,
                               target *t)
{
    const pare_reshape_params *p = io->params;
    for (uint32_t i = 0; i < t->rank; i++) {
        const pare_num dim = pare_list_at(shape, i);
        t->dims[i] = dim;
        if (dim.kind == PARE_NUM_UNKNOWN) {
            t->n_unknown++;
            t->unknown = i;
        } else if (pare_num_is(dim, 0) && !p->allow_zero) {
            t->dims[i] = pare_num_unknown();
            PARE_TRY(copy_dim(ctx, io, pare_in(io, 0), i, t));
        } else if (pare_num_is(dim, -1)) {
            if (t->rest != PARE_NONE)
                return pare_call_fail(ctx, io->call, "shape: expected one -1, found two");
            t->dims[i] = pare_num_unknown();
            t->rest = i;
        } else if (dim.kind == PARE_NUM_INT && dim.i < 0) {
            return pare_call_fail(ctx, io->call, "shape: expected -1 or more, found %" PRId64,
                                  dim.i);
        }
    }
    return PARE_OK;
}

/* Product of the dims that were not copied, but for axis `without`. */
static pare_num product(const pare_infer_io *io, const target *t, const pare_num *dims,
                        uint32_t rank, uint32_t without)
{
    pare_num n = pare_num_int(1);
    for (uint32_t i = 0; i < rank; i++)
        if (i != without && !(i < t->rank && t->copied[i]))
            n = pare_num_mul(io->shapes->exprs, n, dims[i]);
    return n;
}

/* Works out the one dim that the number of elements leaves, and checks that they are as many. */
static pare_status solve(pare_ctx *ctx, const pare_infer_io *io, const pare_info *x, target *t)
{
    uint32_t open = t->rest;
    if (t->n_unknown > 1 || (t->n_unknown && open != PARE_NONE)) return PARE_OK;
    if (t->n_unknown) open = t->unknown;
    const pare_num have = product(io, t, x->dims, x->rank, PARE_NONE);
    const pare_num want = product(io, t, t->dims, t->rank, open);
    const bool known = have.kind == PARE_NUM_INT && want.kind == PARE_NUM_INT;
    const bool fits = open == PARE_NONE ? have.i == want.i
                      : want.i ? have.i % want.i == 0 : have.i == 0;
    if (known && !fits)
        return pare_call_fail(ctx, io->call,
                              "shape: expected to divide %" PRId64
                              " elements without rest, found %" PRId64,
                              have.i, want.i);
    if (open != PARE_NONE && !pare_num_is(want, 0))
        t->dims[open] = pare_num_floordiv(io->shapes->exprs, have, want);
    return PARE_OK;
}

static pare_status reshape_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_reshape_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    pare_list shape;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    PARE_TRY(pare_list_get(ctx, io, p->shape, 1, &shape));
    if (!shape.has_length || shape.n > PARE_MAX_DIMS) return PARE_OK;
    target t = { .rank = shape.n, .rest = PARE_NONE };
    pare_info y = pare_info_ranked(io->shapes, pare_in_dtype(io, 0), shape.n, &t.dims);
    PARE_TRY(read_target(ctx, io, &shape, &t));
    if (pare_info_has_rank(x)) PARE_TRY(solve(ctx, io, x, &t));
    pare_content_keep(io->shapes, &y, x);
    io->out[0] = y;
    return PARE_OK;
}

const pare_op pare_op_reshape = {
    .domain = "", .name = "Reshape", .since = 1,
    .n_in = { 1, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_reshape_params),
    .resolve = reshape_resolve, .infer = reshape_infer, .eval = pare_reshape_eval,
    .cost = PARE_NA(cost),
    .links = pare_reshape_links,
};
