#include "op/content.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/list.h"
#include "op/move.h"
#include "op/mover.h"

#include <inttypes.h>

/* Axis i of the output is axis perm[i] of the input. */

static pare_status transpose_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_transpose_params *p = params;
    return pare_get_ints(ctx, call, "perm", &p->perm);
}

typedef struct view {
    const pare_info *x;
    uint32_t perm[PARE_MAX_DIMS];
} view;

static pare_num element(const void *user, const int64_t *at)
{
    const view *v = user;
    int64_t from[PARE_MAX_DIMS];
    for (uint32_t i = 0; i < v->x->rank; i++) from[v->perm[i]] = at[i];
    return pare_content_at(v->x, from);
}

static pare_status read_perm(pare_ctx *ctx, const pare_infer_io *io, const pare_ints perm,
                             uint32_t rank, uint32_t *out)
{
    const pare_list list = { .has_length = true, .n = perm.n, .ints = perm.v };
    bool known = false;
    for (uint32_t i = 0; !perm.found && i < rank; i++) out[i] = rank - 1 - i;
    if (!perm.found) return PARE_OK;
    if (perm.n != rank)
        return pare_call_fail(ctx, io->call,
                              "attribute 'perm': expected %" PRIu32 " axes, found %" PRIu32, rank,
                              perm.n);
    return pare_list_axes(ctx, io, "attribute 'perm'", &list, rank, out, &known);
}

static pare_status transpose_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_transpose_params *p = io->params;
    view v = { .x = pare_in(io, 0) };
    pare_num *dims = NULL;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    if (!pare_info_has_rank(v.x)) {
        if (p->perm.found && p->perm.n <= PARE_MAX_DIMS)
            io->out[0] = pare_info_ranked(io->shapes, pare_in_dtype(io, 0), p->perm.n, &dims);
        return PARE_OK;
    }
    PARE_TRY(read_perm(ctx, io, p->perm, v.x->rank, v.perm));
    pare_info y = pare_info_ranked(io->shapes, v.x->dtype, v.x->rank, &dims);
    for (uint32_t i = 0; i < v.x->rank; i++) dims[i] = v.x->dims[v.perm[i]];
    if (v.x->content) pare_content_fill(io->shapes, &y, element, &v);
    io->out[0] = y;
    return PARE_OK;
}

static pare_status transpose_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_transpose_params *p = io->params;
    const pare_info *in[1];
    const pare_infer_io as_infer = pare_eval_as_infer(io, in);
    const pare_tensor *x = NULL;
    uint32_t perm[PARE_MAX_DIMS];
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_mover_out(ctx, io, 0, x, &m));
    PARE_TRY(read_perm(ctx, &as_infer, p->perm, x->rank, perm));
    pare_mover_permute(&m, x, x->rank, x->dims, perm);
    return PARE_OK;
}

const pare_op pare_op_transpose = {
    .domain = "", .name = "Transpose", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_transpose_params),
    .resolve = transpose_resolve, .infer = transpose_infer, .eval = transpose_eval,
    .cost = pare_move_cost,
    .links = pare_transpose_links,
};
