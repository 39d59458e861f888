#include "op/inferer.h"

#include "op/costs.h"
#include "op/nested.h"
#include "op/parts.h"

#include <inttypes.h>

/* One of two graphs. Where the condition is known, the other one never runs, and what cannot be
 * there is of no concern: exporters leave the branch for ranks that a value does not have. */

static pare_status if_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_if_params *p = params;
    PARE_TRY(pare_get_graph(ctx, call, "then_branch", &p->then_branch));
    return pare_get_graph(ctx, call, "else_branch", &p->else_branch);
}

/* Infers a branch. *out is NULL when it cannot run, that is, when some call in it contradicts its
 * inputs. */
static pare_status infer_branch(pare_ctx *ctx, pare_infer_io *io, const pare_graph *graph,
                                bool is_dead, const pare_info **out)
{
    pare_inferer *inf = io->inferer;
    const size_t n_issues = io->shapes->n_issues;
    const uint64_t n_failures = inf->n_failures;
    inf->n_branches++;
    const pare_status st = pare_infer_subgraph(ctx, io, graph, NULL, 0, out);
    inf->n_branches--;
    if (inf->n_failures > n_failures) *out = NULL;
    inf->n_failures = n_failures;
    if (is_dead) io->shapes->n_issues = n_issues;
    return st;
}

/* The condition is not known: what holds in both branches. One that cannot run is not the one that
 * does, so then the other counts. */
static pare_status infer_both(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_if_params *p = io->params;
    const pare_info *yes = NULL;
    const pare_info *no = NULL;
    PARE_TRY(infer_branch(ctx, io, p->then_branch, false, &yes));
    PARE_TRY(infer_branch(ctx, io, p->else_branch, false, &no));
    if (!yes && !no)
        return pare_call_fail(ctx, io->call, "expected a branch that can run, found none");
    for (uint32_t i = 0; i < io->n_out; i++)
        io->out[i] = !no ? yes[i] : !yes ? no[i] : pare_info_join(io->shapes, &yes[i], &no[i]);
    return PARE_OK;
}

static pare_status if_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_if_params *p = io->params;
    const pare_num condition = pare_info_at(pare_in(io, 0), 0);
    const pare_info *taken = NULL;
    const pare_info *dead = NULL;
    PARE_TRY(pare_need_body(ctx, io->call, "then_branch", p->then_branch, 0, io->n_out));
    PARE_TRY(pare_need_body(ctx, io->call, "else_branch", p->else_branch, 0, io->n_out));
    if (condition.kind != PARE_NUM_INT) return infer_both(ctx, io);
    PARE_TRY(infer_branch(ctx, io, condition.i ? p->else_branch : p->then_branch, true, &dead));
    PARE_TRY(pare_infer_subgraph(ctx, io, condition.i ? p->then_branch : p->else_branch, NULL, 0,
                                 &taken));
    for (uint32_t i = 0; i < io->n_out; i++) io->out[i] = taken[i];
    return PARE_OK;
}

static pare_status if_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_if_params *p = io->params;
    int64_t condition = 0;
    PARE_TRY(pare_eval_integer(ctx, io, 0, &condition));
    const pare_graph *branch = condition ? p->then_branch : p->else_branch;
    PARE_TRY(pare_need_body(ctx, io->call, condition ? "then_branch" : "else_branch", branch, 0,
                            io->n_out));
    pare_datum *outputs = pare_alloc(ctx, branch->outputs.n * sizeof(*outputs));
    if (!outputs) return pare_fail_memory(ctx, branch->outputs.n * sizeof(*outputs));
    const pare_status st = pare_eval_subgraph(ctx, io, branch, NULL, 0, outputs);
    for (size_t i = 0; !st && i < branch->outputs.n; i++) {
        if (i < io->n_out) io->out[i] = outputs[i];
        else pare_datum_drop(ctx, &outputs[i]);
    }
    pare_free(ctx, outputs);
    return st;
}

const pare_op pare_op_if = {
    .domain = "", .name = "If", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, PARE_MANY },
    .params_bytes = sizeof(pare_if_params),
    .resolve = if_resolve, .infer = if_infer, .eval = if_eval,
    .cost = pare_if_cost,
    .links = PARE_TODO(links),
};
