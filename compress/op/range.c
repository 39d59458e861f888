#include "op/content.h"

#include <math.h>

/* start, start + delta, ... as long as limit is not reached. */

typedef struct progression {
    pare_num start, delta;
    pare_shapes *shapes;
    pare_dtype dtype;
} progression;

static pare_num element(const void *user, const int64_t *at)
{
    const progression *p = user;
    pare_exprs *x = p->shapes->exprs;
    pare_num n = pare_num_add(x, p->start, pare_num_mul(x, p->delta, pare_num_int(at[0])));
    if (n.kind == PARE_NUM_REAL && p->dtype == PARE_FLOAT) n.r = (double)(float)n.r;
    return n;
}

/* ceil((limit - start) / delta), at least 0. */
static pare_num count(pare_exprs *x, pare_num start, pare_num limit, pare_num delta)
{
    const pare_num zero = pare_num_int(0);
    const pare_num span = pare_num_sub(x, limit, start);
    if (span.kind == PARE_NUM_REAL && delta.kind == PARE_NUM_REAL) {
        const double n = ceil(span.r / delta.r);
        if (!(n > 0)) return isnan(n) ? pare_num_unknown() : zero;
        return n < (double)INT32_MAX ? pare_num_int((int64_t)n) : pare_num_unknown();
    }
    if (delta.kind != PARE_NUM_INT || span.kind == PARE_NUM_REAL) return pare_num_unknown();
    const pare_num ahead = delta.i < 0 ? pare_num_sub(x, zero, span) : span;
    const pare_num step = delta.i < 0 ? pare_num_sub(x, zero, delta) : delta;
    const pare_num n = pare_num_is(step, 1) ? ahead : pare_num_ceildiv(x, ahead, step);
    return pare_num_at_least(x, n, 0) ? n : pare_num_max(x, n, zero);
}

static pare_status range_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_num limit = pare_info_at(pare_in(io, 1), 0);
    const progression p = { pare_info_at(pare_in(io, 0), 0), pare_info_at(pare_in(io, 2), 0),
                            io->shapes, pare_first_dtype(io) };
    if (pare_num_is(p.delta, 0) || (p.delta.kind == PARE_NUM_REAL && p.delta.r == 0))
        return pare_call_fail(ctx, io->call, "delta: expected any number but 0, found 0");
    const pare_num n = count(io->shapes->exprs, p.start, limit, p.delta);
    io->out[0] = pare_info_tensor(io->shapes, p.dtype, 1, &n);
    pare_content_fill(io->shapes, &io->out[0], element, &p);
    return PARE_OK;
}

const pare_op pare_op_range = {
    .domain = "", .name = "Range", .since = 11,
    .n_in = { 3, 3 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = range_infer, .eval = PARE_TODO(eval),
};
