#include "op/content.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/list.h"
#include "op/move.h"
#include "op/mover.h"

#include <inttypes.h>

/* Cuts an axis into as many parts as there are outputs. The sizes are equal, or given: by input in
 * version 1 (or an attribute), by attribute in 2 and 11, by input from 13 on. Version 18 wants
 * num_outputs when they are not given, and lets the last part be smaller. */

static pare_status split_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_split_params *p = params;
    PARE_TRY(pare_get_int(ctx, call, "axis", 0, &p->axis));
    if (call->version < 13) PARE_TRY(pare_get_ints(ctx, call, "split", &p->split));
    if (call->version < 18 || !pare_call_attr(call, "num_outputs")) return PARE_OK;
    const int64_t n = call->node->n_outputs;
    return pare_get_int_in(ctx, call, "num_outputs", 0, n, n, &p->num_outputs);
}

/* Size of part i of n equal ones. */
static pare_status equal_part(pare_ctx *ctx, const pare_infer_io *io, pare_num dim, uint32_t i,
                              pare_num *out)
{
    pare_exprs *x = io->shapes->exprs;
    const pare_num n = pare_num_int(io->n_out);
    const pare_num last = pare_num_int((int64_t)io->n_out - 1);
    if (io->call->version < 18) {
        if (dim.kind == PARE_NUM_INT && dim.i % n.i)
            return pare_call_fail(ctx, io->call,
                                  "expected a dim that %" PRId64
                                  " outputs divide, found %" PRId64,
                                  n.i, dim.i);
        *out = pare_num_floordiv(x, dim, n);
        return PARE_OK;
    }
    *out = pare_num_ceildiv(x, dim, n);
    if (i + 1 == io->n_out) *out = pare_num_sub(x, dim, pare_num_mul(x, *out, last));
    if (out->kind == PARE_NUM_INT && out->i < 0) *out = pare_num_unknown();
    return PARE_OK;
}

/* Sizes that are given must be as many as there are outputs, and make up the axis. */
static pare_status check_sizes(pare_ctx *ctx, const pare_infer_io *io, const pare_list *sizes,
                               pare_num dim)
{
    pare_num sum = pare_num_int(0);
    if (sizes->has_length && sizes->n != io->n_out)
        return pare_call_fail(ctx, io->call,
                              "split: expected a size for each of %" PRIu32
                              " outputs, found %" PRIu32,
                              io->n_out, sizes->n);
    for (uint32_t i = 0; i < sizes->n; i++) {
        const pare_num size = pare_list_at(sizes, i);
        if (size.kind == PARE_NUM_INT && size.i < 0)
            return pare_call_fail(ctx, io->call, "split: expected sizes >= 0, found %" PRId64,
                                  size.i);
        sum = pare_num_add(io->shapes->exprs, sum, size);
    }
    if (!sizes->n || sum.kind != PARE_NUM_INT || dim.kind != PARE_NUM_INT || sum.i == dim.i)
        return PARE_OK;
    return pare_call_fail(ctx, io->call,
                          "split: expected sizes that add up to %" PRId64 ", found %" PRId64,
                          dim.i, sum.i);
}

typedef struct part {
    const pare_info *x;
    uint32_t axis;
    int64_t begin;
} part;

static pare_num element(const void *user, const int64_t *at)
{
    const part *p = user;
    int64_t from[PARE_MAX_DIMS];
    for (uint32_t k = 0; k < p->x->rank; k++) from[k] = at[k] + (k == p->axis ? p->begin : 0);
    return pare_content_at(p->x, from);
}

static pare_status split_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_split_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    part here = { .x = x };
    pare_num begin = pare_num_int(0);
    pare_list sizes;
    PARE_TRY(pare_list_get(ctx, io, p->split, 1, &sizes));
    for (uint32_t i = 0; i < io->n_out; i++)
        io->out[i] = pare_info_unranked(pare_in_dtype(io, 0));
    if (!pare_info_has_rank(x)) return PARE_OK;
    PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, x->rank, &here.axis));
    PARE_TRY(check_sizes(ctx, io, &sizes, x->dims[here.axis]));
    for (uint32_t i = 0; i < io->n_out; i++) {
        pare_num *dims = NULL;
        pare_info y = pare_info_ranked(io->shapes, x->dtype, x->rank, &dims);
        for (uint32_t k = 0; k < x->rank; k++) dims[k] = x->dims[k];
        dims[here.axis] = pare_list_at(&sizes, i);
        if (!sizes.given)
            PARE_TRY(equal_part(ctx, io, x->dims[here.axis], i, &dims[here.axis]));
        here.begin = begin.i;
        if (x->content && begin.kind == PARE_NUM_INT)
            pare_content_fill(io->shapes, &y, element, &here);
        begin = pare_num_add(io->shapes->exprs, begin, dims[here.axis]);
        io->out[i] = y;
    }
    return PARE_OK;
}

static pare_status split_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_split_params *p = io->params;
    const pare_tensor *x = NULL;
    uint32_t axis = 0;
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_eval_axis(ctx, io, p->axis, x->rank, &axis));
    const int64_t inner = pare_count(x->dims, axis + 1, x->rank);
    const int64_t row = pare_count(x->dims, axis, x->rank);
    int64_t begin = 0;
    for (uint32_t i = 0; i < io->n_out; i++) {
        PARE_TRY(pare_mover_out(ctx, io, i, x, &m));
        const pare_tensor *y = io->out[i].tensor;
        const int64_t size = y->dims[axis];
        if (size > x->dims[axis] - begin)
            return pare_call_fail(ctx, io->call,
                                  "split: expected sizes that add up to %" PRId64 ", found more",
                                  x->dims[axis]);
        const pare_box box = { .rank = 2, .from = y->n_elements ? begin * inner : 0,
                               .dims = { y->n_elements ? pare_count(x->dims, 0, axis) : 0,
                                         y->n_elements ? size * inner : 0 },
                               .to_strides = { y->n_elements ? size * inner : 0, 1 },
                               .from_strides = { row, 1 } };
        pare_mover_box(&m, x, &box);
        begin += size;
    }
    return PARE_OK;
}

const pare_op pare_op_split = {
    .domain = "", .name = "Split", .since = 1,
    .n_in = { 1, 2 }, .n_out = { 1, PARE_MANY },
    .params_bytes = sizeof(pare_split_params),
    .resolve = split_resolve, .infer = split_infer, .eval = split_eval,
    .cost = pare_move_cost,
    .links = pare_split_links,
};
