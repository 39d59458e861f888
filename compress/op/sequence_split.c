#include "op/list.h"

#include "op/costs.h"
#include "op/sequence.h"

#include <inttypes.h>

/* Between tensors and sequences of their parts along an axis: SplitToSequence,
 * ConcatFromSequence. */

static pare_status split_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_split_to_sequence_params *p = params;
    PARE_TRY(pare_get_int(ctx, call, "axis", 0, &p->axis));
    return pare_get_flag(ctx, call, "keepdims", true, &p->keep_dims);
}

/* The size that every part has, where they are equal: one number cuts into parts of that size, and
 * a smaller last one; several are the sizes. */
static pare_status part_size(pare_ctx *ctx, const pare_infer_io *io, const pare_list *sizes,
                             pare_num dim, pare_num *out)
{
    const bool is_scalar = pare_info_has_rank(sizes->input) && !sizes->input->rank;
    const pare_num first = pare_list_at(sizes, 0);
    *out = first;
    for (uint32_t i = 0; i < sizes->n; i++) {
        const pare_num size = pare_list_at(sizes, i);
        if (size.kind == PARE_NUM_INT && (size.i < 0 || (is_scalar && !size.i)))
            return pare_call_fail(ctx, io->call, "split: expected sizes above 0, found %" PRId64,
                                  size.i);
        if (!pare_num_equal(size, first)) *out = pare_num_unknown();
    }
    if (!is_scalar) return PARE_OK;
    const bool known = first.kind == PARE_NUM_INT && dim.kind == PARE_NUM_INT;
    if (!known || dim.i % first.i) *out = pare_num_unknown();
    if (known && dim.i < first.i) *out = dim;
    return PARE_OK;
}

static pare_status split_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_split_to_sequence_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    const pare_ints none = { 0 };
    const pare_num one = pare_num_int(1);
    pare_list sizes;
    pare_num *dims = NULL;
    uint32_t axis = 0;
    PARE_TRY(pare_list_get(ctx, io, none, 1, &sizes));
    pare_info part = pare_info_unranked(pare_in_dtype(io, 0));
    if (pare_info_has_rank(x)) {
        PARE_TRY(pare_need_rank(ctx, io, 0, 1, PARE_MAX_DIMS));
        PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, x->rank, &axis));
        const bool drop = !sizes.given && !p->keep_dims;
        pare_num size = one;
        if (sizes.given) PARE_TRY(part_size(ctx, io, &sizes, x->dims[axis], &size));
        part = pare_info_ranked(io->shapes, x->dtype, x->rank - drop, &dims);
        for (uint32_t k = 0, to = 0; k < x->rank; k++)
            if (k != axis) dims[to++] = x->dims[k];
            else if (!drop) dims[to++] = size;
    }
    io->out[0] = pare_info_sequence(io->shapes, part);
    return PARE_OK;
}

static pare_status concat_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_concat_from_sequence_params *p = params;
    PARE_TRY(pare_need_attr(ctx, call, "axis"));
    PARE_TRY(pare_get_int(ctx, call, "axis", 0, &p->axis));
    return pare_get_flag(ctx, call, "new_axis", false, &p->new_axis);
}

static pare_status concat_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_concat_from_sequence_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    const pare_info *part = x && x->kind == PARE_TYPE_SEQUENCE ? x->elem : NULL;
    pare_num *dims = NULL;
    uint32_t axis = 0;
    io->out[0] =
        pare_info_unranked(pare_info_is_tensor(part) ? part->dtype : PARE_DTYPE_UNDEFINED);
    if (!pare_info_has_rank(part)) return PARE_OK;
    const uint32_t rank = part->rank + p->new_axis;
    PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, rank, &axis));
    pare_info y = pare_info_ranked(io->shapes, part->dtype, rank, &dims);
    for (uint32_t k = 0, from = 0; k < rank; k++) {
        if (k != axis) dims[k] = part->dims[from++];
        else if (!p->new_axis) from++;
    }
    io->out[0] = y;
    return PARE_OK;
}

const pare_op pare_op_split_to_sequence = {
    .domain = "", .name = "SplitToSequence", .since = 11,
    .n_in = { 1, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_split_to_sequence_params),
    .resolve = split_resolve, .infer = split_infer,
    .eval = pare_split_to_sequence_eval,
    .cost = pare_move_cost,
    .links = PARE_NA(links),
};

const pare_op pare_op_concat_from_sequence = {
    .domain = "", .name = "ConcatFromSequence", .since = 11,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_concat_from_sequence_params),
    .resolve = concat_resolve, .infer = concat_infer,
    .eval = pare_concat_from_sequence_eval,
    .cost = pare_move_cost,
    .links = PARE_NA(links),
};
