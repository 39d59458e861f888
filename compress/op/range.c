#include "op/content.h"

#include "op/costs.h"
#include "op/mover.h"
#include "op/wide.h"

#include <inttypes.h>
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

/* Input i, one number of the first one's type, loaded as a wide type. */
static pare_status read_number(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, pare_wide wide,
                               void *out)
{
    const pare_tensor *x = NULL;
    PARE_TRY(pare_eval_need(ctx, io, i, &x));
    if (x->n_elements != 1)
        return pare_call_fail(ctx, io->call,
                              "input %" PRIu32 ": expected one number, found %" PRId64, i,
                              x->n_elements);
    pare_wide_load_as(wide, x->dtype, pare_eval_data(x), 0, 1, 1, out);
    return PARE_OK;
}

/* Element i is start + i * delta, computed in double and rounded once. */
static pare_status real_range(pare_ctx *ctx, pare_eval_io *io, pare_dtype dtype)
{
    double v[3];
    void *y = NULL;
    for (uint32_t i = 0; i < 3; i++)
        PARE_TRY(read_number(ctx, io, i, PARE_WIDE_F64, &v[i]));
    const double n = ceil((v[1] - v[0]) / v[2]);
    if (isnan(n) || n > 9e18 || v[2] == 0)
        return pare_call_fail(ctx, io->call,
                              "expected a finite number of steps, found %g to %g by %g", v[0],
                              v[1], v[2]);
    const int64_t count = n > 0 ? (int64_t)n : 0;
    PARE_TRY(pare_eval_out_as(ctx, io, 0, dtype, 1, &count, &y));
    for (int64_t at = 0; at < count; at += PARE_WIDE_BLOCK) {
        const int64_t part = count - at < PARE_WIDE_BLOCK ? count - at : PARE_WIDE_BLOCK;
        pare_wide_block b;
        for (int64_t i = 0; i < part; i++) b.f64[i] = v[0] + v[2] * (double)(at + i);
        pare_wide_store_as(PARE_WIDE_F64, PARE_STORE_DEFAULT, dtype, y, at, part, &b);
    }
    return PARE_OK;
}

static pare_status whole_range(pare_ctx *ctx, pare_eval_io *io, pare_dtype dtype)
{
    int64_t v[3];
    void *y = NULL;
    for (uint32_t i = 0; i < 3; i++)
        PARE_TRY(read_number(ctx, io, i, PARE_WIDE_I64, &v[i]));
    if (!v[2]) return pare_call_fail(ctx, io->call, "delta: expected any number but 0, found 0");
    const bool is_down = v[2] < 0;
    const uint64_t span = is_down ? (uint64_t)v[0] - (uint64_t)v[1]
                                  : (uint64_t)v[1] - (uint64_t)v[0];
    const uint64_t step = is_down ? 0 - (uint64_t)v[2] : (uint64_t)v[2];
    const bool is_empty = is_down ? v[0] <= v[1] : v[0] >= v[1];
    const uint64_t n = is_empty ? 0 : (span - 1) / step + 1;
    const int64_t count = n > INT64_MAX ? INT64_MAX : (int64_t)n;
    PARE_TRY(pare_eval_out_as(ctx, io, 0, dtype, 1, &count, &y));
    for (int64_t at = 0; at < count; at += PARE_WIDE_BLOCK) {
        const int64_t part = count - at < PARE_WIDE_BLOCK ? count - at : PARE_WIDE_BLOCK;
        pare_wide_block b;
        for (int64_t i = 0; i < part; i++)
            b.i64[i] = (int64_t)((uint64_t)v[0] + (uint64_t)v[2] * (uint64_t)(at + i));
        pare_wide_store_as(PARE_WIDE_I64, PARE_STORE_DEFAULT, dtype, y, at, part, &b);
    }
    return PARE_OK;
}

static pare_status range_eval(pare_ctx *ctx, pare_eval_io *io)
{
    PARE_TRY(pare_eval_same_types(ctx, io, 0, 3));
    const pare_dtype dtype = pare_eval_tensor(io, 0)->dtype;
    switch (pare_wide_of(dtype)) {
    case PARE_WIDE_F32:
    case PARE_WIDE_F64: return real_range(ctx, io, dtype);
    case PARE_WIDE_I64: return whole_range(ctx, io, dtype);
    default: return pare_eval_no_type(ctx, io, dtype);
    }
}

const pare_op pare_op_range = {
    .domain = "", .name = "Range", .since = 11,
    .n_in = { 3, 3 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = range_infer, .eval = range_eval,
    .cost = pare_fill_cost,
    .links = PARE_NA(links),
};
