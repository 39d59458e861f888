#include "op/elementwise.h"
#include "op/spread.h"

#include <inttypes.h>

pare_status pare_element_inputs(pare_ctx *ctx, const pare_eval_io *io, uint32_t n,
                                const pare_tensor **in)
{
    for (uint32_t i = 0; i < n; i++) {
        in[i] = pare_eval_tensor(io, i);
        if (!in[i])
            return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected a tensor, found none",
                                  i);
    }
    return PARE_OK;
}

pare_status pare_element_same_type(pare_ctx *ctx, const pare_eval_io *io, uint32_t n,
                                   const pare_tensor *const *in)
{
    for (uint32_t i = 1; i < n; i++)
        if (in[i]->dtype != in[0]->dtype)
            return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected %s, found %s", i,
                                  pare_dtype_name(in[0]->dtype), pare_dtype_name(in[i]->dtype));
    return PARE_OK;
}

static pare_status fail_broadcast(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, uint32_t axis)
{
    return pare_call_fail(ctx, io->call,
                          "input %" PRIu32 ": expected a shape that broadcasts to the output's, "
                          "found axis %" PRIu32 " to differ", i, axis);
}

pare_status pare_element_spread(pare_ctx *ctx, const pare_eval_io *io, uint32_t n,
                                const pare_tensor *const *in, pare_spread *s)
{
    const pare_tensor *y = io->out[0].tensor;
    pare_spread_start(s, y->rank, y->dims);
    for (uint32_t i = 0; i < n; i++) {
        if (in[i]->rank > y->rank) return fail_broadcast(ctx, io, i, 0);
        const int64_t *dims = y->dims + (y->rank - in[i]->rank);
        for (uint32_t d = 0; d < in[i]->rank; d++)
            if (in[i]->dims[d] != 1 && in[i]->dims[d] != dims[d])
                return fail_broadcast(ctx, io, i, d);
        pare_spread_add(s, in[i]->rank, in[i]->dims);
    }
    return PARE_OK;
}
