#include "op/content.h"

#include "op/costs.h"
#include "op/move.h"

#include <inttypes.h>

/* Elements found by what they are: NonZero, Compress, Unique. How many there are is known only with
 * the content. */

static pare_status non_zero_infer(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    const pare_info *x = pare_in(io, 0);
    pare_num dims[2] = { pare_num_unknown(), pare_num_unknown() };
    pare_num found[PARE_MAX_CONTENT];
    if (pare_info_has_rank(x)) dims[0] = pare_num_int(x->rank);
    io->out[0] = pare_info_tensor(io->shapes, PARE_INT64, 2, dims);
    if (!pare_info_has_rank(x) || !x->content) return PARE_OK;
    int64_t n = 0;
    for (uint32_t i = 0; i < x->n_content; i++) {
        const pare_num c = x->content[i];
        if (c.kind != PARE_NUM_INT && c.kind != PARE_NUM_REAL) return PARE_OK;
        if (c.kind == PARE_NUM_INT ? c.i != 0 : c.r != 0) found[n++] = pare_num_int(i);
    }
    dims[1] = pare_num_int(n);
    io->out[0] = pare_info_tensor(io->shapes, PARE_INT64, 2, dims);
    if (x->rank == 1) pare_info_set_content(io->shapes, &io->out[0], found, (uint32_t)n);
    return PARE_OK;
}

static pare_status flat_axis_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_flat_axis_params *p = params;
    p->flat = !pare_call_attr(call, "axis");
    PARE_TRY(pare_get_flag(ctx, call, "sorted", true, &p->sorted));
    return pare_get_int(ctx, call, "axis", 0, &p->axis);
}

/* How many of the conditions hold. */
static pare_num count_true(const pare_info *condition)
{
    int64_t n = 0;
    if (!condition || !condition->content) return pare_num_unknown();
    for (uint32_t i = 0; i < condition->n_content; i++) {
        if (condition->content[i].kind != PARE_NUM_INT) return pare_num_unknown();
        n += condition->content[i].i != 0;
    }
    return pare_num_int(n);
}

static pare_status compress_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_flat_axis_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    uint32_t axis = 0;
    const pare_num n = count_true(pare_in(io, 1));
    PARE_TRY(pare_need_rank(ctx, io, 1, 1, 1));
    io->out[0] = pare_info_tensor(io->shapes, pare_in_dtype(io, 0), 1, &n);
    if (p->flat) return PARE_OK;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    if (!pare_info_has_rank(x)) return PARE_OK;
    pare_num *dims = NULL;
    PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, x->rank, &axis));
    pare_info y = pare_info_ranked(io->shapes, x->dtype, x->rank, &dims);
    for (uint32_t k = 0; k < x->rank; k++) dims[k] = x->dims[k];
    dims[axis] = n;
    io->out[0] = y;
    return PARE_OK;
}

static pare_status unique_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_flat_axis_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    const pare_num unknown = pare_num_unknown();
    pare_num searched = p->flat ? pare_info_n_elements(io->shapes, x) : unknown;
    io->out[0] = p->flat ? pare_info_tensor(io->shapes, pare_in_dtype(io, 0), 1, &unknown)
                         : pare_info_unranked(pare_in_dtype(io, 0));
    if (!p->flat && pare_info_has_rank(x)) {
        uint32_t axis = 0;
        pare_num *dims = NULL;
        PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, x->rank, &axis));
        pare_info y = pare_info_ranked(io->shapes, x->dtype, x->rank, &dims);
        for (uint32_t k = 0; k < x->rank; k++) dims[k] = x->dims[k];
        searched = dims[axis];
        dims[axis] = unknown;
        io->out[0] = y;
    }
    for (uint32_t i = 1; i < io->n_out; i++) /* indices, inverse, counts */
        io->out[i] = pare_info_tensor(io->shapes, PARE_INT64, 1, i == 2 ? &searched : &unknown);
    return PARE_OK;
}

const pare_op pare_op_non_zero = {
    .domain = "", .name = "NonZero", .since = 9,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = non_zero_infer, .eval = pare_non_zero_eval,
    .cost = pare_non_zero_cost,
    .links = PARE_NA(links),
};

const pare_op pare_op_compress = {
    .domain = "", .name = "Compress", .since = 9,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_flat_axis_params),
    .resolve = flat_axis_resolve, .infer = compress_infer, .eval = pare_compress_eval,
    .cost = pare_compress_cost,
    .links = PARE_TODO(links),
};

const pare_op pare_op_unique = {
    .domain = "", .name = "Unique", .since = 11,
    .n_in = { 1, 1 }, .n_out = { 1, 4 },
    .params_bytes = sizeof(pare_flat_axis_params),
    .resolve = flat_axis_resolve, .infer = unique_infer, .eval = pare_unique_eval,
    .cost = pare_unique_cost,
    .links = PARE_NA(links),
};
