#include "op/reduce.h"

#include "op/costs.h"
#include "op/linker.h"

/* Reductions over a set of axes, which became an input at opset 18, for ReduceSum at 13. */

static pare_status resolve_from(pare_ctx *ctx, void *params, const pare_call *call,
                                int64_t input_since)
{
    pare_reduce_params *p = params;
    p->axes_are_input = call->version >= input_since;
    if (!p->axes_are_input) PARE_TRY(pare_get_ints(ctx, call, "axes", &p->axes));
    PARE_TRY(pare_get_flag(ctx, call, "noop_with_empty_axes", false, &p->noop_without_axes));
    return pare_get_flag(ctx, call, "keepdims", true, &p->keep_dims);
}

static pare_status reduce_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    return resolve_from(ctx, params, call, 18);
}

static pare_status reduce_sum_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    return resolve_from(ctx, params, call, 13);
}

/* How many axes there are, as far as the shape of the axes input says; -1: not known. */
static int64_t count_axes(const pare_infer_io *io)
{
    const pare_info *axes = pare_in(io, 1);
    if (!axes) return 0;
    if (!pare_info_has_rank(axes) || axes->rank != 1 || axes->dims[0].kind != PARE_NUM_INT)
        return -1;
    return axes->dims[0].i;
}

/* Marks the reduced axes of x. *known is false when the axes are computed and not followed. */
static pare_status find_axes(pare_ctx *ctx, const pare_infer_io *io, const pare_info *x,
                             bool *marks, bool *known)
{
    const pare_reduce_params *p = io->params;
    int64_t content[PARE_MAX_CONTENT];
    pare_ints axes = p->axes;
    *known = true;
    if (p->axes_are_input && pare_in(io, 1)) {
        axes = (pare_ints){ .v = content, .found = true };
        *known = pare_input_ints(io, 1, content, &axes.n);
        if (!*known) return PARE_OK;
    }
    const bool all = !axes.n && !p->noop_without_axes;
    if (all) axes.n = 0;
    PARE_TRY(pare_axes(ctx, io, "axes", axes.v, axes.n, x->rank, marks));
    for (uint32_t i = 0; all && i < x->rank; i++) marks[i] = true;
    return PARE_OK;
}

pare_status pare_reduce_axes(pare_ctx *ctx, const pare_infer_io *io, bool *marks, bool *known)
{
    return find_axes(ctx, io, pare_in(io, 0), marks, known);
}

pare_status pare_reduce_marks(pare_ctx *ctx, const pare_eval_io *io, bool *marks)
{
    const bool has_axes = io->n_in > 1 && io->in[1];
    const pare_info *in[] = { &io->in_info[0], has_axes ? &io->in_info[1] : NULL };
    const pare_infer_io infer = { .call = io->call, .params = io->params, .shapes = io->shapes,
                                  .n_in = 2, .in = in };
    bool known = false;
    PARE_TRY(find_axes(ctx, &infer, in[0], marks, &known));
    if (known) return PARE_OK;
    return pare_call_fail(ctx, io->call, "input 1 (axes): expected a list of integers");
}

/* The shape when only the number of axes is known: its rank. */
static pare_info reduced_by_count(const pare_infer_io *io, const pare_info *x)
{
    const pare_reduce_params *p = io->params;
    const int64_t n = count_axes(io);
    pare_num *dims = NULL;
    if (p->keep_dims) return pare_info_ranked(io->shapes, x->dtype, x->rank, &dims);
    if (n <= 0 || n > x->rank) return pare_info_unranked(x->dtype);
    return pare_info_ranked(io->shapes, x->dtype, x->rank - (uint32_t)n, &dims);
}

static pare_status infer_reduce(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_reduce_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    bool marks[PARE_MAX_DIMS];
    bool known = false;
    io->out[0] = pare_info_unranked(x ? x->dtype : PARE_DTYPE_UNDEFINED);
    if (!pare_info_has_rank(x)) return PARE_OK;
    PARE_TRY(find_axes(ctx, io, x, marks, &known));
    if (!known) {
        io->out[0] = reduced_by_count(io, x);
        return PARE_OK;
    }
    pare_num dims[PARE_MAX_DIMS];
    uint32_t rank = 0;
    for (uint32_t i = 0; i < x->rank; i++) {
        if (!marks[i]) dims[rank++] = x->dims[i];
        else if (p->keep_dims) dims[rank++] = pare_num_int(1);
    }
    io->out[0] = pare_info_tensor(io->shapes, x->dtype, rank, dims);
    return PARE_OK;
}

/* Follows the content where a whole vector is reduced to one element. */
static pare_status infer_followed(pare_ctx *ctx, pare_infer_io *io,
                                  pare_num (*fn)(pare_exprs *exprs, pare_num a, pare_num b))
{
    const pare_info *x = pare_in(io, 0);
    PARE_TRY(infer_reduce(ctx, io));
    if (!x || !x->content || !x->n_content) return PARE_OK;
    if (!pare_num_is(pare_info_n_elements(io->shapes, &io->out[0]), 1)) return PARE_OK;
    pare_num result = x->content[0];
    for (uint32_t i = 1; i < x->n_content; i++)
        result = fn(io->shapes->exprs, result, x->content[i]);
    pare_info_set_content(io->shapes, &io->out[0], &result, 1);
    return PARE_OK;
}

static pare_status reduce_sum_infer(pare_ctx *ctx, pare_infer_io *io)
{
    return infer_followed(ctx, io, pare_num_add);
}

static pare_status reduce_prod_infer(pare_ctx *ctx, pare_infer_io *io)
{
    return infer_followed(ctx, io, pare_num_mul);
}

static pare_status reduce_max_infer(pare_ctx *ctx, pare_infer_io *io)
{
    return infer_followed(ctx, io, pare_num_max);
}

static pare_status reduce_min_infer(pare_ctx *ctx, pare_infer_io *io)
{
    return infer_followed(ctx, io, pare_num_min);
}

/*      symbol               name               resolve             infer */
#define REDUCTIONS(X)                                                                              \
    X(reduce_l1,             "ReduceL1",        reduce_resolve,     infer_reduce)                  \
    X(reduce_l2,             "ReduceL2",        reduce_resolve,     infer_reduce)                  \
    X(reduce_log_sum,        "ReduceLogSum",    reduce_resolve,     infer_reduce)                  \
    X(reduce_log_sum_exp,    "ReduceLogSumExp", reduce_resolve,     infer_reduce)                  \
    X(reduce_max,            "ReduceMax",       reduce_resolve,     reduce_max_infer)              \
    X(reduce_mean,           "ReduceMean",      reduce_resolve,     infer_reduce)                  \
    X(reduce_min,            "ReduceMin",       reduce_resolve,     reduce_min_infer)              \
    X(reduce_prod,           "ReduceProd",      reduce_resolve,     reduce_prod_infer)             \
    X(reduce_sum,            "ReduceSum",       reduce_sum_resolve, reduce_sum_infer)              \
    X(reduce_sum_square,     "ReduceSumSquare", reduce_resolve,     infer_reduce)

#define REDUCTION(symbol, text, resolver, inferer)                                                 \
    const pare_op pare_op_##symbol = {                                                             \
        .domain = "", .name = text, .since = 1,                                                    \
        .n_in = { 1, 2 }, .n_out = { 1, 1 },                                                       \
        .params_bytes = sizeof(pare_reduce_params),                                                \
        .resolve = resolver, .infer = inferer, .eval = pare_reduce_eval,                           \
        .cost = pare_reduce_cost,                                                                  \
        .links = pare_reduce_links,                                                                \
    };
REDUCTIONS(REDUCTION)
