#include "op/coster.h"
#include "op/infer.h"
#include "op/nested.h"

/* Control flow costs what its bodies do, as often as they run. */

/* Whether no call of the branch contradicts its inputs: one that does is not the one that runs.
 * Inside of Ifs in it there may be such calls; where neither way is left, the If itself is one. */
static bool can_run(const pare_shapes *shapes, const pare_graph *branch)
{
    for (size_t i = 0; i < shapes->n_issues; i++) {
        const pare_shape_issue *issue = &shapes->issues[i];
        if (issue->cannot_run && branch->model->nodes[issue->node].graph == branch) return false;
    }
    return true;
}

/* The branch that runs, where the condition is known or the other one cannot; else both. */
pare_status pare_if_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_if_params *p = io->params;
    const pare_info *condition = pare_cost_in(io, 0);
    const pare_num known = condition ? pare_info_at(condition, 0) : pare_num_unknown();
    pare_cost_view(cost);
    cost->trips = 1;
    cost->trips_known = true;
    cost->bodies[0] = p->then_branch;
    if (known.kind == PARE_NUM_INT) {
        if (!known.i) cost->bodies[0] = p->else_branch;
        return PARE_OK;
    }
    const bool then_runs = can_run(io->shapes, p->then_branch);
    const bool else_runs = can_run(io->shapes, p->else_branch);
    if (then_runs != else_runs) {
        if (else_runs) cost->bodies[0] = p->else_branch;
        return PARE_OK;
    }
    cost->bodies[1] = p->else_branch;
    cost->one_body = true;
    return PARE_OK;
}

/* Whether a condition certainly holds; one that is left out does. */
static bool holds(const pare_info *condition)
{
    return !condition || pare_num_is(pare_info_at(condition, 0), 1);
}

/* At most M runs (input 0), and exactly so where the conditions before and after each hold. */
pare_status pare_loop_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_body_params *p = io->params;
    const pare_info *most = pare_cost_in(io, 0);
    const pare_info *start = pare_cost_in(io, 1);
    const pare_num m = most ? pare_info_at(most, 0) : pare_num_unknown();
    pare_cost_view(cost);
    cost->bodies[0] = p->body;
    cost->trips = 1;
    if (start && pare_num_is(pare_info_at(start, 0), 0)) {
        cost->trips = 0;
        cost->trips_known = true;
    } else if (m.kind == PARE_NUM_INT) {
        const pare_graph *body = p->body;
        const pare_value_id next = body->outputs.n ? body->outputs.items[0].value : PARE_NONE;
        cost->trips = m.i > 0 ? (uint64_t)m.i : 0;
        cost->trips_known =
            m.i <= 0 || (holds(start) && (m.i == 1 || holds(pare_shapes_of(io->shapes, next))));
    }
    return PARE_OK;
}

/* Input directions of version 8 stand behind a batch axis, and each sample is a run of its own. */
pare_status pare_scan_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_scan_params *p = io->params;
    const pare_info *x = pare_cost_in(io, p->n_states + p->batched);
    const int64_t axis = p->input_axes.n ? p->input_axes.v[0] : 0;
    pare_cost_view(cost);
    cost->bodies[0] = p->body;
    cost->trips_known = true;
    cost->trips = p->batched ? pare_cost_dims(io, x, 0, 2) : pare_cost_dim(io, x, axis);
    return PARE_OK;
}

/* Once per element of a sequence, whose length nobody knows before. */
pare_status pare_sequence_map_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_body_params *p = io->params;
    pare_cost_view(cost);
    cost->bodies[0] = p->body;
    cost->trips = 1;
    return PARE_OK;
}
