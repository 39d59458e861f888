#include "op/content.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/move.h"
#include "op/mover.h"

#include <inttypes.h>
#include <stdio.h>

/* Tensors one after the other along an axis, which version 4 made required (1 before). */

static pare_status concat_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_axis_params *p = params;
    if (call->version >= 4) PARE_TRY(pare_need_attr(ctx, call, "axis"));
    return pare_get_int(ctx, call, "axis", 1, &p->axis);
}

typedef struct parts {
    const pare_infer_io *io;
    uint32_t axis;
} parts;

static pare_num element(const void *user, const int64_t *at)
{
    const parts *p = user;
    int64_t from[PARE_MAX_DIMS];
    for (uint32_t k = 0; k < p->io->in[0]->rank; k++) from[k] = at[k];
    for (uint32_t i = 0; i < p->io->n_in; i++) {
        const pare_num n = p->io->in[i]->dims[p->axis];
        if (n.kind != PARE_NUM_INT) break;
        if (from[p->axis] < n.i) return pare_content_at(p->io->in[i], from);
        from[p->axis] -= n.i;
    }
    return pare_num_unknown();
}

/* Adds one part to the dims so far. */
static pare_status append(pare_ctx *ctx, const pare_infer_io *io, const pare_info *part,
                          uint32_t axis, uint32_t rank, pare_num *dims)
{
    char what[64];
    for (uint32_t k = 0; k < rank; k++) {
        if (k == axis) {
            dims[k] = pare_num_add(io->shapes->exprs, dims[k], part->dims[k]);
            continue;
        }
        snprintf(what, sizeof(what), "dim %" PRIu32 " of the inputs", k);
        PARE_TRY(pare_same_dim(ctx, io, what, dims[k], part->dims[k], &dims[k]));
    }
    return PARE_OK;
}

static pare_status concat_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_axis_params *p = io->params;
    const pare_info *first = NULL;
    parts all = { .io = io };
    pare_num *dims = NULL;
    bool complete = true;
    io->out[0] = pare_info_unranked(pare_first_dtype(io));
    for (uint32_t i = 0; i < io->n_in; i++) {
        if (!pare_info_has_rank(io->in[i])) complete = false;
        else if (!first) first = io->in[i];
    }
    if (!first) return PARE_OK;
    PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, first->rank, &all.axis));
    pare_info y = pare_info_ranked(io->shapes, pare_first_dtype(io), first->rank, &dims);
    dims[all.axis] = complete ? pare_num_int(0) : pare_num_unknown();
    for (uint32_t i = 0; i < io->n_in; i++) {
        if (!pare_info_has_rank(io->in[i])) continue;
        PARE_TRY(pare_need_rank(ctx, io, i, first->rank, first->rank));
        PARE_TRY(append(ctx, io, io->in[i], all.axis, first->rank, dims));
    }
    if (complete) pare_content_fill(io->shapes, &y, element, &all);
    io->out[0] = y;
    return PARE_OK;
}

static pare_status concat_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_axis_params *p = io->params;
    pare_mover m;
    uint32_t axis = 0;
    PARE_TRY(pare_eval_same_types(ctx, io, 0, io->n_in));
    PARE_TRY(pare_mover_out(ctx, io, 0, NULL, &m));
    const pare_tensor *y = io->out[0].tensor;
    PARE_TRY(pare_eval_axis(ctx, io, p->axis, y->rank, &axis));
    const int64_t inner = pare_count(y->dims, axis + 1, y->rank);
    const int64_t stride = pare_count(y->dims, axis, y->rank);
    pare_box box = { .rank = 2, .dims = { pare_count(y->dims, 0, axis) },
                     .to_strides = { stride, 1 }, .from_strides = { 0, 1 } };
    for (uint32_t i = 0; i < io->n_in; i++) {
        const pare_tensor *x = pare_eval_tensor(io, i);
        box.dims[1] = box.from_strides[0] = x->n_elements ? x->dims[axis] * inner : 0;
        pare_mover_box(&m, x, &box);
        box.to += box.dims[1];
    }
    return pare_mover_finish(ctx, io, 0);
}

const pare_op pare_op_concat = {
    .domain = "", .name = "Concat", .since = 1,
    .n_in = { 1, PARE_MANY }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_axis_params),
    .resolve = concat_resolve, .infer = concat_infer, .eval = concat_eval,
    .cost = pare_move_cost,
    .links = pare_concat_links,
};
