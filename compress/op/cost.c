#include "op/cost.h"

#include "op/coster.h"
#include "op/function_call.h"
#include "op/infer.h"


static void reset(pare_cost *cost)
{
    *cost = (pare_cost){ .work = PARE_WORK_ELEMENTWISE, .window = 1 };
    for (size_t i = 0; i < PARE_COST_OPERANDS; i++)
        cost->read[i] = cost->written[i] = PARE_COST_ALL;
}

/* Bytes cannot be counted where a tensor that is touched whole has no known size. */
static void check_operands(pare_cost_io *io, const pare_info *const *infos, uint32_t n,
                           const uint64_t *touched)
{
    for (uint32_t i = 0; i < n; i++) {
        const bool whole = i >= PARE_COST_OPERANDS || touched[i] == PARE_COST_ALL;
        if (!infos[i] || !whole || infos[i]->kind == PARE_TYPE_SEQUENCE ||
            infos[i]->kind == PARE_TYPE_MAP || infos[i]->kind == PARE_TYPE_OPTIONAL)
            continue;
        (void)pare_cost_elements(io, infos[i]);
    }
}

static pare_status tell_unknown(pare_ctx *ctx, const pare_cost_io *io)
{
    if (io->too_large)
        return pare_call_fail(ctx, io->call, "cost: expected counts below 2^64, found more");
    if (io->unknown)
        return pare_call_fail(ctx, io->call, "cost: expected known shapes, found %s", io->unknown);
    return PARE_OK;
}

pare_status pare_cost_run(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    const pare_op *op = io->call->op;
    reset(cost);
    if (op->cost == PARE_TODO(cost)) {
        pare_call_fail(ctx, io->call, "cost: depends on more than shapes");
        return PARE_EUNSUPPORTED;
    }
    if (op->cost == PARE_NA(cost)) {
        pare_cost_view(cost);
        return PARE_OK;
    }
    PARE_TRY(op->cost(ctx, cost, io));
    if (!cost->is_view) {
        check_operands(io, io->in, io->n_in, cost->read);
        check_operands(io, io->out, io->n_out, cost->written);
    }
    return tell_unknown(ctx, io);
}

static pare_status cost_operator(pare_ctx *ctx, pare_cost *cost, const pare_model *model,
                                 pare_node_id node, pare_shapes *shapes)
{
    _Alignas(16) uint8_t params[PARE_MAX_PARAMS_BYTES];
    pare_call call;
    PARE_TRY(pare_call_init(ctx, &call, model, node));
    call.bindings = shapes->call_bindings;
    call.n_bindings = shapes->n_call_bindings;
    PARE_TRY(pare_call_resolve(ctx, &call, params));
    pare_cost_io io = { .call = &call, .params = params, .shapes = shapes,
                        .n_in = call.node->n_inputs, .n_out = call.node->n_outputs };
    PARE_TRY(pare_operands_of(ctx, shapes, call.node, &io.in, &io.out));
    const pare_status st = pare_cost_run(ctx, cost, &io);
    pare_operands_free(ctx, io.in);
    return st;
}

pare_status pare_cost_of(pare_ctx *ctx, pare_cost *cost, bool *modelled, const pare_model *model,
                         pare_node_id node, pare_shapes *shapes)
{
    const pare_function *function = pare_called_function(model, &model->nodes[node]);
    *modelled = false;
    reset(cost);
    if (function) {
        pare_cost_view(cost);
        cost->function = function;
        cost->bodies[0] = function->body;
        cost->trips = 1;
        cost->trips_known = *modelled = true;
        return PARE_OK;
    }
    const pare_status st = cost_operator(ctx, cost, model, node, shapes);
    *modelled = !st;
    if (!st) return PARE_OK;
    reset(cost);
    return st == PARE_EFORMAT || st == PARE_EUNSUPPORTED ? PARE_OK : st;
}
