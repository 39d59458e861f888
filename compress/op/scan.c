#include "op/nested.h"

#include "op/costs.h"

#include <inttypes.h>

/* Runs its body over the slices of some inputs, carrying states. Body inputs: states, then one
 * slice of each scan input; outputs: states, then one slice of each scan output. */

static pare_status directions_resolve(pare_ctx *ctx, pare_scan_params *p, const pare_call *call)
{
    const char *name = p->batched ? "directions" : "scan_input_directions";
    PARE_TRY(pare_get_ints(ctx, call, name, &p->input_directions));
    if (p->batched) return PARE_OK;
    PARE_TRY(pare_get_ints(ctx, call, "scan_output_directions", &p->output_directions));
    PARE_TRY(pare_get_ints(ctx, call, "scan_input_axes", &p->input_axes));
    return pare_get_ints(ctx, call, "scan_output_axes", &p->output_axes);
}

static pare_status check_list(pare_ctx *ctx, const pare_call *call, const char *what,
                              pare_ints list, uint32_t n)
{
    if (!list.found || list.n == n) return PARE_OK;
    return pare_call_fail(ctx, call, "%s: expected %" PRIu32 " values, found %" PRIu32, what, n,
                          list.n);
}

static pare_status scan_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_scan_params *p = params;
    int64_t n_scan = 0;
    p->batched = call->version < 9;
    const int64_t n_in = (int64_t)call->node->n_inputs - p->batched;
    PARE_TRY(pare_get_graph(ctx, call, "body", &p->body));
    PARE_TRY(pare_need_attr(ctx, call, "num_scan_inputs"));
    PARE_TRY(pare_get_int_in(ctx, call, "num_scan_inputs", 1, 1, n_in, &n_scan));
    p->n_scan_inputs = (uint32_t)n_scan;
    p->n_states = (uint32_t)(n_in - n_scan);
    if (call->node->n_outputs < p->n_states)
        return pare_call_fail(ctx, call,
                              "expected at least %" PRIu32 " outputs, found %" PRIu32, p->n_states,
                              call->node->n_outputs);
    p->n_scan_outputs = call->node->n_outputs - p->n_states;
    PARE_TRY(directions_resolve(ctx, p, call));
    PARE_TRY(check_list(ctx, call, "input directions", p->input_directions, p->n_scan_inputs));
    PARE_TRY(check_list(ctx, call, "output directions", p->output_directions, p->n_scan_outputs));
    PARE_TRY(check_list(ctx, call, "input axes", p->input_axes, p->n_scan_inputs));
    return check_list(ctx, call, "output axes", p->output_axes, p->n_scan_outputs);
}

/* A tensor without one of its axes. */
static pare_info without_axis(pare_shapes *shapes, const pare_info *x, uint32_t axis)
{
    pare_num *dims = NULL;
    const pare_info info = pare_info_ranked(shapes, x->dtype, x->rank - 1, &dims);
    for (uint32_t k = 0; k < x->rank; k++)
        if (k != axis) dims[k < axis ? k : k - 1] = x->dims[k];
    return info;
}

static pare_info with_axis(pare_shapes *shapes, const pare_info *x, uint32_t axis, pare_num dim)
{
    pare_num *dims = NULL;
    const pare_info info = pare_info_ranked(shapes, x->dtype, x->rank + 1, &dims);
    for (uint32_t k = 0; k < x->rank; k++) dims[k < axis ? k : k + 1] = x->dims[k];
    dims[axis] = dim;
    return info;
}

/* What the scan is over: its length, and with version 8 the batch. */
typedef struct scanned {
    pare_num length, batch;
} scanned;

/* Takes one axis off a tensor, whose dim must agree with *dim. */
static pare_status peel(pare_ctx *ctx, pare_infer_io *io, const char *what, int64_t axis,
                        pare_info *x, pare_num *dim)
{
    uint32_t at = 0;
    if (pare_info_is_tensor(x)) { /* content and constant are of the whole */
        x->content = NULL;
        x->n_content = 0;
        x->constant = NULL;
    }
    if (!pare_info_has_rank(x)) return PARE_OK;
    PARE_TRY(pare_axis(ctx, io, what, axis, x->rank, &at));
    PARE_TRY(pare_same_dim(ctx, io, what, *dim, x->dims[at], dim));
    *x = without_axis(io->shapes, x, at);
    return PARE_OK;
}

/* Infos of the body's inputs. */
static pare_status body_inputs(pare_ctx *ctx, pare_infer_io *io, pare_info *inputs, scanned *s)
{
    const pare_scan_params *p = io->params;
    for (uint32_t i = 0; i < p->n_states + p->n_scan_inputs; i++) {
        const pare_info *in = pare_in(io, i + p->batched);
        inputs[i] = in ? *in : pare_info_unknown();
        if (p->batched) PARE_TRY(peel(ctx, io, "batch axis", 0, &inputs[i], &s->batch));
        if (i < p->n_states) continue;
        const uint32_t k = i - p->n_states;
        const int64_t axis = k < p->input_axes.n ? p->input_axes.v[k] : 0;
        PARE_TRY(peel(ctx, io, "scan axis", axis, &inputs[i], &s->length));
    }
    return PARE_OK;
}

static pare_status scan_output(pare_ctx *ctx, pare_infer_io *io, const pare_info *each, uint32_t i,
                               const scanned *s, pare_info *out)
{
    const pare_scan_params *p = io->params;
    const int64_t given = i < p->output_axes.n ? p->output_axes.v[i] : 0;
    uint32_t axis = 0;
    *out = pare_info_is_tensor(each) ? pare_info_unranked(each->dtype) : pare_info_unknown();
    if (!pare_info_has_rank(each)) return PARE_OK;
    PARE_TRY(pare_axis(ctx, io, "scan output axis", given, each->rank + 1, &axis));
    *out = with_axis(io->shapes, each, axis, s->length);
    if (p->batched && out->has_rank) *out = with_axis(io->shapes, out, 0, s->batch);
    return PARE_OK;
}

static pare_status scan_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_scan_params *p = io->params;
    const uint32_t n = p->n_states + p->n_scan_inputs;
    const pare_info *outputs = NULL;
    scanned s = { 0 };
    PARE_TRY(pare_need_body(ctx, io->call, "body", p->body, n, io->n_out));
    pare_info *inputs = pare_arena_array(&io->shapes->arena, n, sizeof(*inputs));
    if (!inputs) return pare_arena_fail(ctx, &io->shapes->arena);
    PARE_TRY(body_inputs(ctx, io, inputs, &s));
    PARE_TRY(
        pare_infer_repeated(ctx, io, p->body, inputs, n, 0, p->n_states, 0, &outputs));
    for (uint32_t i = 0; i < p->n_states; i++) {
        io->out[i] = inputs[i];
        if (p->batched && inputs[i].has_rank)
            io->out[i] = with_axis(io->shapes, &inputs[i], 0, s.batch);
    }
    for (uint32_t i = 0; i < p->n_scan_outputs; i++)
        PARE_TRY(scan_output(ctx, io, &outputs[p->n_states + i], i, &s,
                             &io->out[p->n_states + i]));
    return PARE_OK;
}

const pare_op pare_op_scan = {
    .domain = "", .name = "Scan", .since = 8,
    .n_in = { 1, PARE_MANY }, .n_out = { 1, PARE_MANY },
    .params_bytes = sizeof(pare_scan_params),
    .resolve = scan_resolve, .infer = scan_infer, .eval = pare_scan_eval,
    .cost = pare_scan_cost,
    .links = PARE_TODO(links),
};
