#include "op/shape.h"

#include <inttypes.h>

pare_status pare_axis(pare_ctx *ctx, const pare_infer_io *io, const char *what, int64_t axis,
                      uint32_t rank, uint32_t *out)
{
    const int64_t n = rank;
    if (axis < -n || axis >= n)
        return pare_call_fail(
            ctx, io->call, "%s: expected an axis from %" PRId64 " to %" PRId64 ", found %" PRId64,
            what, -n, n - 1, axis);
    *out = (uint32_t)(axis < 0 ? axis + n : axis);
    return PARE_OK;
}

pare_status pare_axes(pare_ctx *ctx, const pare_infer_io *io, const char *what, const int64_t *axes,
                      uint32_t n, uint32_t rank, bool *marks)
{
    for (uint32_t i = 0; i < PARE_MAX_DIMS; i++) marks[i] = false;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t axis = 0;
        PARE_TRY(pare_axis(ctx, io, what, axes[i], rank, &axis));
        if (marks[axis])
            return pare_call_fail(
                ctx, io->call, "%s: expected each axis once, found %" PRIu32 " twice", what, axis);
        marks[axis] = true;
    }
    return PARE_OK;
}

/* Whether broadcasting dim b to dim a certainly gives a, however large both are: b is at most a,
 * and 0 only where a is. So it is with a = T and b = min(T, 128), what is left of a table of 128
 * rows cut to length T. */
static bool covers(pare_exprs *x, pare_num a, pare_num b)
{
    const pare_num least = pare_num_min(x, a, pare_num_int(1));
    return pare_num_equal(pare_num_min(x, a, b), b) &&
           pare_num_equal(pare_num_min(x, least, b), least);
}

/* One dim of a broadcast, given what the inputs so far make it. */
static pare_status broadcast_dim(pare_ctx *ctx, const pare_infer_io *io, pare_num dim,
                                 pare_num *out)
{
    if (pare_num_is(dim, 1) || pare_num_equal(*out, dim)) return PARE_OK;
    if (pare_num_is(*out, 1)) {
        *out = dim;
        return PARE_OK;
    }
    const bool both = out->kind == PARE_NUM_INT && dim.kind == PARE_NUM_INT;
    if (both)
        return pare_call_fail(ctx, io->call,
                              "expected dims that broadcast, found %" PRId64 " against %" PRId64,
                              out->i, dim.i);
    /* A known dim other than 1 wins over an unknown one, which must be the same or 1. */
    if (out->kind == PARE_NUM_INT || covers(io->shapes->exprs, *out, dim)) return PARE_OK;
    const bool wins = dim.kind == PARE_NUM_INT || covers(io->shapes->exprs, dim, *out);
    *out = wins ? dim : pare_num_unknown();
    return PARE_OK;
}

pare_status pare_broadcast(pare_ctx *ctx, pare_infer_io *io, pare_dtype dtype,
                           const pare_info *const *in, uint32_t n, pare_info *out)
{
    uint32_t rank = 0;
    *out = pare_info_unranked(dtype);
    for (uint32_t i = 0; i < n; i++) {
        if (!pare_info_has_rank(in[i])) return PARE_OK;
        if (in[i]->rank > rank) rank = in[i]->rank;
    }
    pare_num *dims = NULL;
    pare_info result = pare_info_ranked(io->shapes, dtype, rank, &dims);
    for (uint32_t d = 0; d < rank; d++) {
        dims[d] = pare_num_int(1);
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t missing = rank - in[i]->rank;
            if (d >= missing) PARE_TRY(broadcast_dim(ctx, io, in[i]->dims[d - missing], &dims[d]));
        }
    }
    *out = result;
    return PARE_OK;
}

pare_status pare_infer_same(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    const pare_info *in = pare_in(io, 0);
    if (!in) return PARE_OK;
    io->out[0] = pare_info_alike(in);
    return PARE_OK;
}

pare_dtype pare_first_dtype(const pare_infer_io *io)
{
    for (uint32_t i = 0; i < io->n_in; i++)
        if (pare_info_is_tensor(io->in[i]) && io->in[i]->dtype != PARE_DTYPE_UNDEFINED)
            return io->in[i]->dtype;
    return PARE_DTYPE_UNDEFINED;
}

pare_status pare_need_rank(pare_ctx *ctx, const pare_infer_io *io, uint32_t i, uint32_t low,
                           uint32_t high)
{
    const pare_info *in = pare_in(io, i);
    if (!pare_info_has_rank(in) || (in->rank >= low && in->rank <= high)) return PARE_OK;
    if (low == high)
        return pare_call_fail(ctx, io->call,
                              "input %" PRIu32 ": expected rank %" PRIu32 ", found %" PRIu32, i,
                              low, in->rank);
    if (high >= PARE_MAX_DIMS)
        return pare_call_fail(
            ctx, io->call, "input %" PRIu32 ": expected rank %" PRIu32 " or more, found %" PRIu32,
            i, low, in->rank);
    return pare_call_fail(ctx, io->call,
                          "input %" PRIu32 ": expected rank %" PRIu32 " to %" PRIu32
                          ", found %" PRIu32,
                          i, low, high, in->rank);
}

pare_status pare_same_dim(pare_ctx *ctx, const pare_infer_io *io, const char *what, pare_num a,
                          pare_num b, pare_num *out)
{
    if (a.kind == PARE_NUM_INT && b.kind == PARE_NUM_INT && a.i != b.i)
        return pare_call_fail(ctx, io->call,
                              "%s: expected two equal dims, found %" PRId64 " and %" PRId64, what,
                              a.i, b.i);
    *out = b.kind == PARE_NUM_INT || a.kind == PARE_NUM_UNKNOWN ? b : a;
    return PARE_OK;
}

pare_num pare_dims_product(pare_shapes *shapes, const pare_num *dims, uint32_t from, uint32_t to)
{
    pare_num n = pare_num_int(1);
    for (uint32_t i = from; i < to; i++) n = pare_num_mul(shapes->exprs, n, dims[i]);
    return n;
}

bool pare_input_ints(const pare_infer_io *io, uint32_t i, int64_t *out, uint32_t *n)
{
    const pare_info *in = pare_in(io, i);
    if (!pare_info_ints(in, out)) return false;
    *n = in->n_content;
    return true;
}
