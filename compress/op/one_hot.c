#include "op/list.h"

#include "kernels/copy.h"
#include "op/costs.h"
#include "op/linker.h"
#include "op/move.h"
#include "op/mover.h"
#include "op/wide.h"

#include <inttypes.h>
#include <math.h>

/* Indices as vectors with one place marked: a new axis of `depth` elements. Version 11 counts
 * indices below 0 from the end. */

static pare_status one_hot_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_axis_params *p = params;
    return pare_get_int(ctx, call, "axis", -1, &p->axis);
}

static pare_status one_hot_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_axis_params *p = io->params;
    const pare_info *indices = pare_in(io, 0);
    const pare_ints none = { 0 };
    pare_list depth;
    uint32_t axis = 0;
    pare_num *dims = NULL;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 2));
    PARE_TRY(pare_list_get(ctx, io, none, 1, &depth));
    const pare_num n = pare_list_at(&depth, 0);
    if (n.kind == PARE_NUM_INT && n.i < 0)
        return pare_call_fail(ctx, io->call, "depth: expected a number >= 0, found %" PRId64, n.i);
    if (!pare_info_has_rank(indices)) return PARE_OK;
    PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, indices->rank + 1, &axis));
    pare_info y =
        pare_info_ranked(io->shapes, pare_in_dtype(io, 2), indices->rank + 1, &dims);
    for (uint32_t k = 0; k < indices->rank; k++) dims[k < axis ? k : k + 1] = indices->dims[k];
    dims[axis] = n;
    io->out[0] = y;
    return PARE_OK;
}

/* Indices [at, at + n) brought to [0, depth); -1 for those that name no place. */
static void find_places(const pare_tensor *indices, int64_t at, int64_t n, int64_t depth,
                        bool negative, int64_t *out)
{
    const pare_wide wide = pare_wide_of(indices->dtype);
    const bool is_real = wide == PARE_WIDE_F32 || wide == PARE_WIDE_F64;
    pare_wide_block b;
    if (is_real) {
        pare_wide_load_as(PARE_WIDE_F64, indices->dtype, pare_eval_data(indices), at, 1, n, &b);
        for (int64_t i = 0; i < n; i++) {
            const bool is_whole = fabs(b.f64[i]) < 9e18 && b.f64[i] == trunc(b.f64[i]);
            out[i] = is_whole ? (int64_t)b.f64[i] : INT64_MIN;
        }
    } else {
        pare_wide_load(indices->dtype, pare_eval_data(indices), at, 1, n, &b);
        for (int64_t i = 0; i < n; i++)
            out[i] = wide == PARE_WIDE_U64 && b.u64[i] > INT64_MAX ? INT64_MIN : b.i64[i];
    }
    for (int64_t i = 0; i < n; i++) {
        if (negative && out[i] < 0 && out[i] >= -depth) out[i] += depth;
        if (out[i] < 0 || out[i] >= depth) out[i] = -1;
    }
}

/* Everything is off, then one place of each vector is on. */
static pare_status one_hot_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *indices = NULL;
    const pare_tensor *values = NULL;
    int64_t place[PARE_WIDE_BLOCK];
    uint32_t axis = 0;
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &indices));
    PARE_TRY(pare_eval_need(ctx, io, 2, &values));
    if (values->n_elements != 2)
        return pare_call_fail(ctx, io->call, "values: expected 2, found %" PRId64,
                              values->n_elements);
    if (pare_wide_of(indices->dtype) == PARE_WIDE_NONE)
        return pare_eval_no_type(ctx, io, indices->dtype);
    PARE_TRY(pare_mover_out(ctx, io, 0, values, &m));
    const pare_tensor *y = io->out[0].tensor;
    if (!y->n_elements) return PARE_OK;
    PARE_TRY(pare_eval_axis(ctx, io, ((const pare_axis_params *)io->params)->axis, y->rank,
                            &axis));
    const void *value = pare_mover_elements(values);
    const int64_t depth = y->dims[axis];
    const int64_t inner = pare_count(y->dims, axis + 1, y->rank);
    pare_copy_ref(m.bits, m.to, 0, 1, value, 0, 0, y->n_elements);
    for (int64_t at = 0; at < indices->n_elements; at += PARE_WIDE_BLOCK) {
        const int64_t rest = indices->n_elements - at;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        find_places(indices, at, n, depth, io->call->version >= 11, place);
        for (int64_t i = 0; i < n; i++) {
            const int64_t outer = (at + i) / inner;
            const int64_t to = (outer * depth + place[i]) * inner + (at + i) % inner;
            if (place[i] >= 0) pare_copy_ref(m.bits, m.to, to, 1, value, 1, 1, 1);
        }
    }
    return PARE_OK;
}

const pare_op pare_op_one_hot = {
    .domain = "", .name = "OneHot", .since = 9,
    .n_in = { 3, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_axis_params),
    .resolve = one_hot_resolve, .infer = one_hot_infer, .eval = one_hot_eval,
    .cost = pare_one_hot_cost,
    .links = pare_one_hot_links,
};
