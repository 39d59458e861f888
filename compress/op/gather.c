#include "op/content.h"

#include "kernels/copy.h"
#include "op/costs.h"
#include "op/linker.h"
#include "op/move.h"
#include "op/mover.h"
#include "op/spread.h"
#include "op/wide.h"

#include <inttypes.h>

/* Gather: dims of the data with one axis replaced by those of the indices. GatherElements: dims of
 * the indices. GatherND: the last axis of the indices leads into the data. Indices below 0 count
 * from the end from version 11 on (before, they were not allowed). */

static pare_status axis_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_axis_params *p = params;
    return pare_get_int(ctx, call, "axis", 0, &p->axis);
}

/* Indices, where they are known, must lie in [-dim, dim). */
static pare_status check_indices(pare_ctx *ctx, const pare_infer_io *io, pare_num dim)
{
    const pare_info *indices = pare_in(io, 1);
    if (!indices || !indices->content || dim.kind != PARE_NUM_INT) return PARE_OK;
    for (uint32_t i = 0; i < indices->n_content; i++) {
        const pare_num n = indices->content[i];
        if (n.kind == PARE_NUM_INT && (n.i < -dim.i || n.i >= dim.i))
            return pare_call_fail(ctx, io->call,
                                  "indices: expected %" PRId64 " to %" PRId64 ", found %" PRId64,
                                  -dim.i, dim.i - 1, n.i);
    }
    return PARE_OK;
}

typedef struct view {
    const pare_info *data, *indices;
    uint32_t axis;
} view;

/* An index that is known, from the front. */
static bool index_at(const view *v, const int64_t *at, uint32_t axis, int64_t *out)
{
    const pare_num n = pare_content_at(v->indices, at);
    if (n.kind != PARE_NUM_INT) return false;
    const int64_t dim = v->data->dims[axis].i;
    *out = n.i < 0 ? n.i + dim : n.i;
    return *out >= 0 && *out < dim;
}

static pare_num gathered(const void *user, const int64_t *at)
{
    const view *v = user;
    int64_t from[PARE_MAX_DIMS];
    for (uint32_t k = 0; k < v->axis; k++) from[k] = at[k];
    if (!index_at(v, at + v->axis, v->axis, &from[v->axis])) return pare_num_unknown();
    for (uint32_t k = v->axis + 1; k < v->data->rank; k++)
        from[k] = at[k - 1 + v->indices->rank];
    return pare_content_at(v->data, from);
}

static pare_status gather_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_axis_params *p = io->params;
    view v = { .data = pare_in(io, 0), .indices = pare_in(io, 1) };
    pare_num *dims = NULL;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    if (!pare_info_has_rank(v.data)) return PARE_OK;
    PARE_TRY(pare_need_rank(ctx, io, 0, 1, PARE_MAX_DIMS));
    PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, v.data->rank, &v.axis));
    PARE_TRY(check_indices(ctx, io, v.data->dims[v.axis]));
    if (!pare_info_has_rank(v.indices)) return PARE_OK;
    const uint32_t rank = v.data->rank - 1 + v.indices->rank;
    pare_info y = pare_info_ranked(io->shapes, v.data->dtype, rank, &dims);
    for (uint32_t k = 0; k < v.axis; k++) dims[k] = v.data->dims[k];
    for (uint32_t k = 0; k < v.indices->rank; k++) dims[v.axis + k] = v.indices->dims[k];
    for (uint32_t k = v.axis + 1; k < v.data->rank; k++)
        dims[k - 1 + v.indices->rank] = v.data->dims[k];
    if (v.data->content) pare_content_fill(io->shapes, &y, gathered, &v);
    io->out[0] = y;
    return PARE_OK;
}

/* For each place before the axis: the slices behind it that the indices name. */
static pare_status gather_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_axis_params *p = io->params;
    const pare_tensor *x = NULL;
    const pare_tensor *indices = NULL;
    int64_t index[PARE_WIDE_BLOCK];
    uint32_t axis = 0;
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_eval_need(ctx, io, 1, &indices));
    PARE_TRY(pare_eval_axis(ctx, io, p->axis, x->rank, &axis));
    PARE_TRY(pare_mover_out(ctx, io, 0, x, &m));
    const int64_t dim = x->dims[axis];
    const int64_t inner = pare_count(x->dims, axis + 1, x->rank);
    const int64_t outer = io->out[0].tensor->n_elements ? pare_count(x->dims, 0, axis) : 0;
    for (int64_t at = 0; at < indices->n_elements; at += PARE_WIDE_BLOCK) {
        const int64_t rest = indices->n_elements - at;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        PARE_TRY(pare_eval_indices(ctx, io, "indices", indices, at, n, dim,
                                   io->call->version >= 11, index));
        for (int64_t o = 0; o < outer; o++)
            pare_pick_ref(m.bits, m.to, (o * indices->n_elements + at) * inner,
                          pare_mover_elements(x), o * dim * inner, inner, index, n);
    }
    return PARE_OK;
}

static pare_num gathered_element(const void *user, const int64_t *at)
{
    const view *v = user;
    int64_t from[PARE_MAX_DIMS];
    for (uint32_t k = 0; k < v->data->rank; k++) from[k] = at[k];
    if (!index_at(v, at, v->axis, &from[v->axis])) return pare_num_unknown();
    for (uint32_t k = 0; k < v->data->rank; k++)
        if (from[k] >= v->data->dims[k].i) return pare_num_unknown();
    return pare_content_at(v->data, from);
}

static pare_status gather_elements_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_axis_params *p = io->params;
    view v = { .data = pare_in(io, 0), .indices = pare_in(io, 1) };
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    if (pare_info_has_rank(v.data)) {
        PARE_TRY(pare_need_rank(ctx, io, 0, 1, PARE_MAX_DIMS));
        PARE_TRY(pare_need_rank(ctx, io, 1, v.data->rank, v.data->rank));
        PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, v.data->rank, &v.axis));
        PARE_TRY(check_indices(ctx, io, v.data->dims[v.axis]));
    }
    if (!pare_info_has_rank(v.indices)) return PARE_OK;
    io->out[0] =
        pare_info_tensor(io->shapes, pare_in_dtype(io, 0), v.indices->rank, v.indices->dims);
    if (pare_info_has_rank(v.data) && v.data->content)
        pare_content_fill(io->shapes, &io->out[0], gathered_element, &v);
    return PARE_OK;
}

/* A dim other than the axis may be shorter in the indices than in the data, not longer. */
static pare_status check_rows(pare_ctx *ctx, const pare_eval_io *io, const pare_tensor *x,
                              const pare_tensor *indices, uint32_t axis)
{
    for (uint32_t k = 0; k < x->rank; k++)
        if (k != axis && indices->dims[k] > x->dims[k])
            return pare_call_fail(ctx, io->call,
                                  "indices: expected at most %" PRId64 " on axis %" PRIu32
                                  ", found %" PRId64,
                                  x->dims[k], k, indices->dims[k]);
    return PARE_OK;
}

static pare_status gather_elements_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_axis_params *p = io->params;
    const pare_tensor *x = NULL;
    const pare_tensor *indices = NULL;
    int64_t at[PARE_WIDE_BLOCK];
    int64_t strides[PARE_MAX_DIMS];
    uint32_t axis = 0;
    pare_spread s;
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_eval_need(ctx, io, 1, &indices));
    PARE_TRY(pare_eval_axis(ctx, io, p->axis, x->rank, &axis));
    PARE_TRY(pare_mover_out(ctx, io, 0, x, &m));
    PARE_TRY(check_rows(ctx, io, x, indices, axis));
    pare_strides(x->rank, x->dims, strides);
    const int64_t stride = strides[axis];
    strides[axis] = 0; /* the place on the axis is the index's */
    pare_spread_start(&s, indices->rank, indices->dims);
    pare_spread_add_strides(&s, strides);
    while (pare_spread_next(&s)) {
        PARE_TRY(pare_eval_indices(ctx, io, "indices", indices, s.out, s.n, x->dims[axis], true,
                                   at));
        for (int64_t i = 0; i < s.n; i++) at[i] = s.in[0] + i * s.step[0] + at[i] * stride;
        pare_pick_ref(m.bits, m.to, s.out, pare_mover_elements(x), 0, 1, at, s.n);
    }
    return PARE_OK;
}

static pare_status gather_nd_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_gather_nd_params *p = params;
    return pare_get_int_in(ctx, call, "batch_dims", 0, 0, PARE_MAX_DIMS, &p->batch_dims);
}

static pare_status gather_nd_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_gather_nd_params *p = io->params;
    const pare_info *data = pare_in(io, 0);
    const pare_info *indices = pare_in(io, 1);
    pare_num *dims = NULL;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    const uint32_t batch = (uint32_t)p->batch_dims;
    PARE_TRY(pare_need_rank(ctx, io, 0, batch + 1, PARE_MAX_DIMS));
    PARE_TRY(pare_need_rank(ctx, io, 1, batch + 1, PARE_MAX_DIMS));
    if (!pare_info_has_rank(data) || !pare_info_has_rank(indices)) return PARE_OK;
    const pare_num depth = indices->dims[indices->rank - 1];
    if (depth.kind != PARE_NUM_INT) return PARE_OK;
    if (depth.i < 1 || depth.i > data->rank - batch)
        return pare_call_fail(ctx, io->call,
                              "indices: expected a last dim of 1 to %" PRIu32 ", found %" PRId64,
                              data->rank - batch, depth.i);
    const uint32_t skipped = batch + (uint32_t)depth.i;
    const uint32_t rank = indices->rank - 1 + data->rank - skipped;
    pare_info y = pare_info_ranked(io->shapes, data->dtype, rank, &dims);
    for (uint32_t k = 0; k + 1 < indices->rank; k++) dims[k] = indices->dims[k];
    for (uint32_t k = 0; k < batch; k++)
        PARE_TRY(pare_same_dim(ctx, io, "batch dims", indices->dims[k], data->dims[k], &dims[k]));
    for (uint32_t k = skipped; k < data->rank; k++)
        dims[indices->rank - 1 + k - skipped] = data->dims[k];
    io->out[0] = y;
    return PARE_OK;
}

static pare_status gather_nd_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const uint32_t batch = (uint32_t)((const pare_gather_nd_params *)io->params)->batch_dims;
    const pare_tensor *x = NULL;
    const pare_tensor *indices = NULL;
    int64_t at[PARE_WIDE_BLOCK];
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_eval_need(ctx, io, 1, &indices));
    PARE_TRY(pare_mover_out(ctx, io, 0, x, &m));
    if (!io->out[0].tensor->n_elements) return PARE_OK;
    const uint32_t depth = (uint32_t)indices->dims[indices->rank - 1];
    const int64_t run = pare_count(x->dims, batch + depth, x->rank);
    const int64_t data = pare_count(x->dims, batch, x->rank); /* elements of one batch */
    const int64_t tuples = pare_count(indices->dims, batch, indices->rank - 1);
    const int64_t n_batches = pare_count(x->dims, 0, batch);
    const int64_t block = PARE_WIDE_BLOCK / depth;
    for (int64_t b = 0; b < n_batches; b++) {
        for (int64_t i = 0; i < tuples; i += block) {
            const int64_t n = tuples - i < block ? tuples - i : block;
            PARE_TRY(pare_eval_positions(ctx, io, indices, b * tuples + i, n, depth,
                                         x->dims + batch, at));
            pare_pick_ref(m.bits, m.to, (b * tuples + i) * run, pare_mover_elements(x), b * data,
                          run, at, n);
        }
    }
    return PARE_OK;
}

const pare_op pare_op_gather = {
    .domain = "", .name = "Gather", .since = 1,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_axis_params),
    .resolve = axis_resolve, .infer = gather_infer, .eval = gather_eval,
    .cost = pare_pick_cost,
    .links = pare_gather_links,
};

const pare_op pare_op_gather_elements = {
    .domain = "", .name = "GatherElements", .since = 11,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_axis_params),
    .resolve = axis_resolve, .infer = gather_elements_infer, .eval = gather_elements_eval,
    .cost = pare_pick_cost,
    .links = pare_gather_elements_links,
};

const pare_op pare_op_gather_nd = {
    .domain = "", .name = "GatherND", .since = 11,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_gather_nd_params),
    .resolve = gather_nd_resolve, .infer = gather_nd_infer, .eval = gather_nd_eval,
    .cost = pare_pick_cost,
    .links = pare_gather_nd_links,
};
