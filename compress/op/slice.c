#include "op/content.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/list.h"
#include "op/move.h"
#include "op/mover.h"

#include <inttypes.h>
#include <string.h>

/* A range of indices along some axes. Version 10 made the attributes inputs and added steps. Bounds
 * below 0 count from the end; then they are cut to what there is. */

static pare_status slice_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_slice_params *p = params;
    if (call->version >= 10) return PARE_OK;
    PARE_TRY(pare_need_attr(ctx, call, "starts"));
    PARE_TRY(pare_need_attr(ctx, call, "ends"));
    PARE_TRY(pare_get_ints(ctx, call, "starts", &p->starts));
    PARE_TRY(pare_get_ints(ctx, call, "ends", &p->ends));
    return pare_get_ints(ctx, call, "axes", &p->axes);
}

/* The range asked for along one axis. */
typedef struct range {
    pare_num start, end, step;
} range;

/* Everything asked for, as far as it is known. */
typedef struct request {
    const pare_info *x;
    pare_list starts, ends, axes, steps;
    uint32_t n;               /* ranges */
    int64_t first[PARE_MAX_DIMS], step[PARE_MAX_DIMS]; /* by axis of x, where these are known */
    bool exact;               /* they are */
} request;

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    if (v > high) v = high;
    return v < low ? low : v;
}

/* A range of known numbers over a dim that is known: its first index and how many. */
static int64_t count(int64_t dim, range r, int64_t *first)
{
    int64_t start = r.start.i < 0 ? r.start.i + dim : r.start.i;
    int64_t end = r.end.i < 0 ? r.end.i + dim : r.end.i;
    *first = 0;
    if (r.step.i > 0) {
        start = clamp(start, 0, dim);
        end = clamp(end, 0, dim);
        *first = start;
        return end > start ? (end - start - 1) / r.step.i + 1 : 0;
    }
    if (!dim) return 0;
    start = clamp(start, 0, dim - 1);
    end = clamp(end, -1, dim - 1);
    *first = start;
    const int64_t step = r.step.i == INT64_MIN ? INT64_MAX : -r.step.i;
    return start > end ? (start - end - 1) / step + 1 : 0;
}

/* Exporters write "to the last" as a number that no axis reaches: 10^9, 2^31-1, 2^63-1. */
enum { FAR = 1000000000 };

static bool is_far(pare_num n)
{
    return n.kind == PARE_NUM_INT && n.i >= FAR;
}

static bool is_far_below(pare_num n)
{
    return n.kind == PARE_NUM_INT && n.i <= -FAR;
}

/* A bound as index from the front, cut to [0, dim]. */
static pare_num forward_bound(pare_exprs *x, pare_num dim, pare_num bound)
{
    const pare_num zero = pare_num_int(0);
    if (is_far(bound)) return dim;
    if (is_far_below(bound) || pare_num_is(bound, 0)) return zero;
    if (pare_num_at_least(x, bound, 0)) return pare_num_min(x, bound, dim);
    if (pare_num_at_least(x, pare_num_sub(x, zero, bound), 1))
        return pare_num_max(x, pare_num_add(x, dim, bound), zero);
    return pare_num_unknown();
}

static pare_num not_negative(pare_exprs *x, pare_num n)
{
    return pare_num_at_least(x, n, 0) ? n : pare_num_max(x, n, pare_num_int(0));
}

/* How many, where not all is a known integer. */
static pare_num count_symbolic(pare_exprs *x, pare_num dim, range r)
{
    pare_num n = pare_num_unknown();
    if (r.step.kind != PARE_NUM_INT) return n;
    const bool to_end = is_far(r.end) || pare_num_equal(r.end, dim);
    if (r.step.i < 0) {
        if (!pare_num_is(r.start, -1) || !is_far_below(r.end)) return n;
        n = dim; /* the whole axis, backwards */
    } else if (to_end && pare_num_at_least(x, r.start, 0)) {
        n = not_negative(x, pare_num_sub(x, dim, r.start));
    } else if (to_end && r.start.kind == PARE_NUM_INT && !is_far_below(r.start)) {
        n = pare_num_min(x, pare_num_int(-r.start.i), dim); /* the last ones */
    } else {
        const pare_num start = forward_bound(x, dim, r.start);
        const pare_num end = forward_bound(x, dim, r.end);
        n = not_negative(x, pare_num_sub(x, end, start));
        if (pare_num_is(r.end, 0) && pare_num_at_least(x, r.start, 0)) n = pare_num_int(0);
    }
    if (r.step.i == 1 || r.step.i == -1) return n;
    return r.step.i == INT64_MIN ? pare_num_unknown()
                                 : pare_num_ceildiv(x, n, pare_num_int(r.step.i < 0 ? -r.step.i
                                                                                    : r.step.i));
}

static pare_status read_request(pare_ctx *ctx, const pare_infer_io *io, request *q)
{
    const pare_slice_params *p = io->params;
    const pare_ints none = { 0 };
    PARE_TRY(pare_list_get(ctx, io, p->starts, 1, &q->starts));
    PARE_TRY(pare_list_get(ctx, io, p->ends, 2, &q->ends));
    PARE_TRY(pare_list_get(ctx, io, p->axes, 3, &q->axes));
    PARE_TRY(pare_list_get(ctx, io, none, 4, &q->steps));
    const pare_list *const lists[] = { &q->starts, &q->ends, &q->axes, &q->steps };
    const pare_list *first = NULL;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (!lists[i]->has_length) continue;
        if (!first) first = lists[i];
        if (lists[i]->n == first->n) continue;
        return pare_call_fail(ctx, io->call,
                              "starts, ends, axes and steps: expected the same number of each, "
                              "found %" PRIu32 " and %" PRIu32,
                              first->n, lists[i]->n);
    }
    q->n = first ? first->n : PARE_NONE;
    return PARE_OK;
}

/* One range: the size it leaves, and where it starts. */
static pare_status cut(pare_ctx *ctx, const pare_infer_io *io, request *q, uint32_t i,
                       uint32_t axis, pare_num *dim)
{
    const range r = { pare_list_at(&q->starts, i), pare_list_at(&q->ends, i),
                      q->steps.given ? pare_list_at(&q->steps, i) : pare_num_int(1) };
    if (pare_num_is(r.step, 0))
        return pare_call_fail(ctx, io->call, "steps: expected any number but 0, found 0");
    if (dim->kind != PARE_NUM_INT || r.start.kind != PARE_NUM_INT || r.end.kind != PARE_NUM_INT ||
        r.step.kind != PARE_NUM_INT) {
        *dim = count_symbolic(io->shapes->exprs, *dim, r);
        q->step[axis] = 0;
        q->exact = false;
        return PARE_OK;
    }
    *dim = pare_num_int(count(dim->i, r, &q->first[axis]));
    q->step[axis] = r.step.i;
    return PARE_OK;
}

static pare_num element(const void *user, const int64_t *at)
{
    const request *q = user;
    int64_t from[PARE_MAX_DIMS];
    for (uint32_t k = 0; k < q->x->rank; k++) /* at is 0 where the step could overflow */
        from[k] = q->first[k] + (at[k] ? at[k] * q->step[k] : 0);
    return pare_content_at(q->x, from);
}

/* Cuts every axis that is asked for; dims [rank of x] stay unknown where any may be cut. */
static pare_status cut_all(pare_ctx *ctx, const pare_infer_io *io, request *q, pare_num *dims)
{
    uint32_t axes[PARE_MAX_DIMS];
    if (q->axes.given) {
        bool known = true;
        PARE_TRY(pare_list_axes(ctx, io, "axes", &q->axes, q->x->rank, axes, &known));
        if (!known) q->n = PARE_NONE;
    }
    q->exact = q->n != PARE_NONE;
    if (!q->exact) return PARE_OK;
    if (q->n > q->x->rank)
        return pare_call_fail(ctx, io->call,
                              "starts: expected at most %" PRIu32 " axes, found %" PRIu32,
                              q->x->rank, q->n);
    for (uint32_t k = 0; k < q->x->rank; k++) {
        dims[k] = q->x->dims[k];
        q->step[k] = 1;
    }
    for (uint32_t i = 0; i < q->n; i++) {
        const uint32_t axis = q->axes.given ? axes[i] : i;
        PARE_TRY(cut(ctx, io, q, i, axis, &dims[axis]));
    }
    return PARE_OK;
}

static pare_status slice_infer(pare_ctx *ctx, pare_infer_io *io)
{
    request q = { .x = pare_in(io, 0) };
    pare_num *dims = NULL;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    PARE_TRY(read_request(ctx, io, &q));
    if (!pare_info_has_rank(q.x)) return PARE_OK;
    pare_info y = pare_info_ranked(io->shapes, q.x->dtype, q.x->rank, &dims);
    PARE_TRY(cut_all(ctx, io, &q, dims));
    if (q.x->content && q.exact) pare_content_fill(io->shapes, &y, element, &q);
    io->out[0] = y;
    return PARE_OK;
}

pare_status pare_slice_starts(pare_ctx *ctx, const pare_infer_io *io, int64_t *first, int64_t *step,
                              bool *known)
{
    request q = { .x = pare_in(io, 0) };
    pare_num dims[PARE_MAX_DIMS];
    *known = false;
    memset(step, 0, PARE_MAX_DIMS * sizeof(*step));
    if (!pare_info_has_rank(q.x)) return PARE_OK;
    PARE_TRY(read_request(ctx, io, &q));
    PARE_TRY(cut_all(ctx, io, &q, dims));
    *known = q.exact;
    for (uint32_t k = 0; q.n != PARE_NONE && k < q.x->rank; k++) {
        first[k] = q.first[k];
        step[k] = q.step[k];
    }
    return PARE_OK;
}

static pare_status slice_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_info *in[5];
    const pare_infer_io as_infer = pare_eval_as_infer(io, in);
    const pare_tensor *x = NULL;
    pare_num dims[PARE_MAX_DIMS];
    int64_t strides[PARE_MAX_DIMS];
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_mover_out(ctx, io, 0, x, &m)); /* fails unless all bounds are known */
    request q = { .x = in[0] };
    PARE_TRY(read_request(ctx, &as_infer, &q));
    PARE_TRY(cut_all(ctx, &as_infer, &q, dims));
    if (!io->out[0].tensor->n_elements) return PARE_OK;
    pare_strides(x->rank, x->dims, strides);
    pare_box box = { .rank = x->rank };
    for (uint32_t k = 0; k < x->rank; k++) {
        box.dims[k] = dims[k].i;
        box.from += q.first[k] * strides[k];
        box.from_strides[k] = dims[k].i > 1 ? q.step[k] * strides[k] : 0;
    }
    pare_strides(x->rank, box.dims, box.to_strides);
    pare_mover_box(&m, x, &box);
    return PARE_OK;
}

const pare_op pare_op_slice = {
    .domain = "", .name = "Slice", .since = 1,
    .n_in = { 1, 5 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_slice_params),
    .resolve = slice_resolve, .infer = slice_infer, .eval = slice_eval,
    .cost = pare_pick_cost,
    .links = pare_slice_links,
};
