#include "op/coster.h"
#include "op/rnn.h"

#include <string.h>

/* Each step multiplies the input by W and the state by R, then goes through the gates. X [steps,
 * batch, size]; W [directions, gates * hidden, size], which DynamicQuantizeLSTM turns around. */

/* Per hidden number and step: gates, sums of products and biases, and what becomes of the state. */
typedef struct cell_row {
    const char *name;
    uint64_t gates; /* rows of W and R per hidden number */
    uint64_t ops;
} cell_row;

static const cell_row cells[] = {
    { "RNN", 1, PARE_OPS_TANH + 2 },
    { "GRU", 3, 2 * PARE_OPS_SIGMOID + PARE_OPS_TANH + 6 + 5 },
    { "LSTM", 4, 3 * PARE_OPS_SIGMOID + 2 * PARE_OPS_TANH + 8 + 4 },
    { "DynamicQuantizeLSTM", 4, 3 * PARE_OPS_SIGMOID + 2 * PARE_OPS_TANH + 8 + 4 },
};

static const cell_row *cell_of(const char *name)
{
    const cell_row *cell = cells;
    while (strcmp(cell->name, name) != 0) cell++;
    return cell;
}

pare_status pare_rnn_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    enum { PEEPHOLES = 7, PEEPHOLE_OPS = 6 };
    const pare_rnn_params *p = io->params;
    const cell_row *cell = cell_of(io->call->op->name);
    const bool quantized = io->call->op->n_in.min > PEEPHOLES;
    const pare_info *x = pare_cost_in(io, 0);
    const pare_dtype dtype = pare_cost_in_dtype(io, 0);
    const uint64_t directions = p->direction == PARE_RNN_BIDIRECTIONAL ? 2 : 1;
    const uint64_t runs = pare_cost_mul(io, directions, pare_cost_dims(io, x, 0, 2));
    const uint64_t batch = pare_cost_dim(io, x, p->batch_first ? 0 : 1);
    const uint64_t hidden = p->hidden_size ? (uint64_t)p->hidden_size
                                           : pare_cost_dim(io, pare_cost_in(io, 2), 2);
    const uint64_t rows = pare_cost_mul(io, cell->gates, hidden);
    const uint64_t depth = pare_cost_add(io, pare_cost_dim(io, x, 2), hidden);
    /* [batch, size + hidden] x [size + hidden, gates], once per step and direction */
    pare_cost_product(cost, io, batch ? runs / batch : 0, batch, rows, depth);
    cost->work = PARE_WORK_RECURRENT;
    cost->mac_weight = pare_cost_in_dtype(io, 1);
    cost->mac_activation = quantized ? PARE_UINT8 : dtype;
    const uint64_t peepholes = pare_cost_in(io, PEEPHOLES) ? PEEPHOLE_OPS : 0;
    const uint64_t states = pare_cost_mul(io, runs, hidden);
    pare_cost_ops(cost, io, states, cell->ops + peepholes + (p->has_clip ? 2 : 0), dtype);
    if (!quantized) return PARE_OK;
    pare_cost_ops(cost, io, pare_cost_mul(io, runs, depth), 2 + PARE_OPS_QUANTIZE, dtype);
    pare_cost_ops(cost, io, pare_cost_mul(io, runs, rows), PARE_OPS_DEQUANTIZE, dtype);
    return PARE_OK;
}
