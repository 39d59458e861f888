#include "op/coster.h"
#include "op/pool.h"

#include <string.h>

/* Windows, taps on padding included, and pools over everything. */

typedef struct pool_row {
    const char *name; /* what the operator's begins or ends with; the first that is found */
    uint64_t each, last; /* operations per tap, per element of the output */
} pool_row;

static const pool_row rows[] = {
    { "QLinear", 1, PARE_OPS_DIV + PARE_OPS_REQUANTIZE },
    { "Average", 1, PARE_OPS_DIV },
    { "Max", 1, 0 },
    { "Lp", 1 + PARE_OPS_POW, PARE_OPS_POW },
};

/* p 1: absolute values; 2: squares and a root. */
static pool_row row_of(const pare_cost_io *io)
{
    const pare_pool_params *p = io->params;
    const pool_row *row = rows;
    while (!strstr(io->call->op->name, row->name)) row++;
    if (row->each < PARE_OPS_POW) return *row;
    if (p->p == 1) return (pool_row){ "Lp", 2, 0 };
    if (p->p == 2) return (pool_row){ "Lp", 2, PARE_OPS_SQRT };
    return *row;
}

pare_status pare_pool_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_pool_params *p = io->params;
    const pool_row row = row_of(io);
    const uint64_t n = pare_cost_elements(io, pare_cost_out(io, 0));
    uint64_t taps = 1;
    for (uint32_t i = 0; i < p->window.kernel_shape.n; i++)
        taps = pare_cost_mul(io, taps, (uint64_t)p->window.kernel_shape.v[i]);
    pare_cost_ops(cost, io, pare_cost_mul(io, n, taps), row.each, pare_cost_in_dtype(io, 0));
    pare_cost_ops(cost, io, n, row.last, pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

pare_status pare_global_pool_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pool_row row = row_of(io);
    const pare_dtype dtype = pare_cost_in_dtype(io, 0);
    pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_in(io, 0)), row.each, dtype);
    if (row.last)
        pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_out(io, 0)), row.last, dtype);
    return PARE_OK;
}
