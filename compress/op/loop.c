#include "op/nested.h"

#include "op/costs.h"

#include <inttypes.h>

/* Runs its body M times, or until the condition that the body gives no longer holds. Inputs M,
 * condition, carried values; body inputs: number of the run, condition, carried values; body
 * outputs: condition, carried values, scan outputs, which are stacked along a new first axis. */

static pare_status loop_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_body_params *p = params;
    return pare_get_graph(ctx, call, "body", &p->body);
}

/* A scalar, or one element where the body declares it so: runtimes give it what it declares. */
static pare_info declared_scalar(pare_shapes *shapes, const pare_graph *body, size_t i,
                                 pare_dtype dtype)
{
    const pare_type *type = body->model->values[body->inputs.items[i].value].type;
    const pare_num one = pare_num_int(1);
    const uint32_t rank = type && type->kind == PARE_TYPE_TENSOR && type->has_shape && type->rank;
    return pare_info_tensor(shapes, dtype, rank, &one);
}

/* How often the body runs, as far as that is known: M, when the condition always holds. */
static pare_num count_runs(pare_infer_io *io, const pare_info *outputs)
{
    const pare_info *max = pare_in(io, 0);
    const pare_info *start = pare_in(io, 1);
    const pare_num runs = pare_info_at(max, 0);
    const pare_num condition = pare_info_at(&outputs[0], 0);
    const pare_num zero = pare_num_int(0);
    if (start && pare_num_is(pare_info_at(start, 0), 0)) return zero;
    if (runs.kind == PARE_NUM_INT && runs.i <= 0) return zero;
    if (pare_num_is(runs, 1) && (!start || pare_num_is(pare_info_at(start, 0), 1))) return runs;
    const bool starts = !start || pare_num_is(pare_info_at(start, 0), 1);
    const bool goes_on = pare_num_is(condition, 1);
    if (runs.kind == PARE_NUM_REAL || !starts || !goes_on) return pare_num_unknown();
    return pare_num_at_least(io->shapes->exprs, runs, 0)
               ? runs : pare_num_max(io->shapes->exprs, runs, zero);
}

/* The scan output that is made of what each run gives. */
static pare_info stacked(pare_shapes *shapes, const pare_info *each, pare_num runs)
{
    pare_num *dims = NULL;
    if (!pare_info_is_tensor(each)) return pare_info_unknown();
    if (!each->has_rank) return pare_info_unranked(each->dtype);
    const pare_info info = pare_info_ranked(shapes, each->dtype, each->rank + 1, &dims);
    dims[0] = runs;
    for (uint32_t k = 0; k < each->rank; k++) dims[k + 1] = each->dims[k];
    return info;
}

static pare_status infer_body(pare_ctx *ctx, pare_infer_io *io, const pare_graph *body,
                              pare_info *inputs, const pare_info **outputs)
{
    const uint32_t n_carried = io->n_in > 2 ? io->n_in - 2 : 0;
    inputs[0] = declared_scalar(io->shapes, body, 0, PARE_INT64);
    inputs[1] = declared_scalar(io->shapes, body, 1, PARE_BOOL);
    for (uint32_t i = 0; i < n_carried; i++)
        inputs[2 + i] = io->in[2 + i] ? *io->in[2 + i] : pare_info_unknown();
    if (inputs[1].has_rank) {
        const pare_num holds = pare_num_int(1); /* or it would not run */
        pare_info_set_content(io->shapes, &inputs[1], &holds, 1);
    }
    return pare_infer_repeated(ctx, io, body, inputs, 2 + n_carried, 2, n_carried, 1, outputs);
}

static pare_status loop_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_body_params *p = io->params;
    const uint32_t n_carried = io->n_in > 2 ? io->n_in - 2 : 0;
    const pare_info *outputs = NULL;
    if (io->n_out < n_carried)
        return pare_call_fail(ctx, io->call,
                              "expected at least %" PRIu32 " outputs, found %" PRIu32, n_carried,
                              io->n_out);
    PARE_TRY(pare_need_body(ctx, io->call, "body", p->body, 2 + n_carried, 1 + io->n_out));
    pare_info *inputs = pare_arena_array(&io->shapes->arena, 2 + n_carried, sizeof(*inputs));
    if (!inputs) return pare_arena_fail(ctx, &io->shapes->arena);
    PARE_TRY(infer_body(ctx, io, p->body, inputs, &outputs));
    const pare_num runs = count_runs(io, outputs);
    const bool some = pare_num_at_least(io->shapes->exprs, runs, 1);
    for (uint32_t i = 0; i < n_carried; i++) {
        io->out[i] = some ? outputs[1 + i] : inputs[2 + i];
        if (pare_num_is(runs, 0) && io->in[2 + i]) io->out[i] = *io->in[2 + i];
    }
    for (uint32_t i = n_carried; i < io->n_out; i++)
        io->out[i] = stacked(io->shapes, &outputs[1 + i], runs);
    return PARE_OK;
}

const pare_op pare_op_loop = {
    .domain = "", .name = "Loop", .since = 1,
    .n_in = { 2, PARE_MANY }, .n_out = { 1, PARE_MANY },
    .params_bytes = sizeof(pare_body_params),
    .resolve = loop_resolve, .infer = loop_infer, .eval = pare_loop_eval,
    .cost = pare_loop_cost,
    .links = PARE_TODO(links),
};
