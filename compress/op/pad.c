#include "op/content.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/list.h"
#include "op/move.h"
#include "op/mover.h"

#include <inttypes.h>

/* Adds elements around a tensor, or takes some away where a pad is negative. Version 1 calls the
 * attribute paddings, 2 pads; 11 makes pads and value inputs, 18 adds axes, 19 the mode wrap. */

static pare_status pad_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const words[] = { "constant", "reflect", "edge", "wrap", NULL };
    pare_pad_params *p = params;
    PARE_TRY(pare_get_word(ctx, call, "mode", words, PARE_PAD_CONSTANT, &p->mode));
    if (p->mode == PARE_PAD_WRAP && call->version < 19)
        return pare_call_fail(ctx, call, "attribute 'mode': expected no 'wrap' before opset 19");
    if (call->version >= 11) return PARE_OK;
    const char *name = call->version < 2 ? "paddings" : "pads";
    PARE_TRY(pare_need_attr(ctx, call, name));
    PARE_TRY(pare_get_ints(ctx, call, name, &p->pads));
    return pare_get_float(ctx, call, "value", 0, &p->value);
}

typedef struct frame {
    const pare_info *x;
    pare_num fill;
    pare_num begin[PARE_MAX_DIMS], end[PARE_MAX_DIMS]; /* by axis; 0 where nothing is asked for */
    uint32_t axes[PARE_MAX_DIMS];
    uint32_t n;               /* axes that are padded */
} frame;

static pare_num element(const void *user, const int64_t *at)
{
    const frame *f = user;
    int64_t from[PARE_MAX_DIMS];
    for (uint32_t k = 0; k < f->x->rank; k++) {
        from[k] = at[k] - f->begin[k].i;
        if (from[k] < 0 || from[k] >= f->x->dims[k].i) return f->fill;
    }
    return pare_content_at(f->x, from);
}

/* What is put around: 0, unless the attribute or input 2 says something else. */
static pare_num fill_value(const pare_infer_io *io)
{
    const pare_pad_params *p = io->params;
    const pare_info *value = pare_in(io, 2);
    if (io->call->version < 11) return pare_num_real((double)p->value);
    if (value) return pare_info_at(value, 0);
    const pare_dtype_class class = pare_dtype_of(pare_in_dtype(io, 0))->class;
    return class == PARE_CLASS_FLOAT ? pare_num_real(0) : pare_num_int(0);
}

static pare_status pad_axes(pare_ctx *ctx, const pare_infer_io *io, frame *f, bool *known)
{
    const pare_ints none = { 0 };
    pare_list axes;
    *known = true;
    PARE_TRY(pare_list_get(ctx, io, none, 3, &axes));
    f->n = axes.given ? axes.n : f->x->rank;
    for (uint32_t i = 0; !axes.given && i < f->n; i++) f->axes[i] = i;
    return axes.given ? pare_list_axes(ctx, io, "axes", &axes, f->x->rank, f->axes, known)
                      : PARE_OK;
}

/* Begin and end of every axis. */
static pare_status read_frame(pare_ctx *ctx, const pare_infer_io *io, frame *f)
{
    const pare_pad_params *p = io->params;
    pare_list pads;
    bool known = true;
    PARE_TRY(pare_list_get(ctx, io, p->pads, 1, &pads));
    if (!pare_info_has_rank(f->x)) return PARE_OK;
    PARE_TRY(pad_axes(ctx, io, f, &known));
    if (known && pads.has_length && pads.n != 2 * f->n)
        return pare_call_fail(ctx, io->call,
                              "pads: expected two for each of %" PRIu32 " axes, found %" PRIu32,
                              f->n, pads.n);
    for (uint32_t k = 0; k < f->x->rank; k++)
        f->begin[k] = f->end[k] = known ? pare_num_int(0) : pare_num_unknown();
    for (uint32_t i = 0; known && i < f->n; i++) {
        f->begin[f->axes[i]] = pare_list_at(&pads, i);
        f->end[f->axes[i]] = pare_list_at(&pads, f->n + i);
    }
    return PARE_OK;
}

/* Numbers that coordinates can be computed with. */
static bool is_small(pare_num n)
{
    return n.kind == PARE_NUM_INT && n.i >= -INT32_MAX && n.i <= INT32_MAX;
}

static pare_status pad_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_pad_params *p = io->params;
    pare_exprs *exprs = io->shapes->exprs;
    frame f = { .x = pare_in(io, 0), .fill = fill_value(io) };
    pare_num *dims = NULL;
    bool exact = true;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    PARE_TRY(read_frame(ctx, io, &f));
    if (!pare_info_has_rank(f.x)) return PARE_OK;
    pare_info y = pare_info_ranked(io->shapes, f.x->dtype, f.x->rank, &dims);
    for (uint32_t k = 0; k < f.x->rank; k++) {
        dims[k] = pare_num_add(exprs, pare_num_add(exprs, f.x->dims[k], f.begin[k]), f.end[k]);
        exact = exact && is_small(f.begin[k]);
        if (dims[k].kind == PARE_NUM_INT && dims[k].i < 0)
            return pare_call_fail(ctx, io->call,
                                  "pads: expected to leave a dim >= 0 of axis %" PRIu32
                                  ", found %" PRId64,
                                  k, dims[k].i);
    }
    if (f.x->content && exact && p->mode == PARE_PAD_CONSTANT)
        pare_content_fill(io->shapes, &y, element, &f);
    io->out[0] = y;
    return PARE_OK;
}

pare_status pare_pad_amounts(pare_ctx *ctx, const pare_infer_io *io, int64_t *begin, int64_t *end,
                             bool *known)
{
    frame f = { .x = pare_in(io, 0) };
    *known = false;
    PARE_TRY(read_frame(ctx, io, &f));
    if (!pare_info_has_rank(f.x)) return PARE_OK;
    *known = true;
    for (uint32_t k = 0; k < f.x->rank; k++) {
        begin[k] = f.begin[k].i;
        end[k] = f.end[k].i;
        if (f.begin[k].kind != PARE_NUM_INT || f.end[k].kind != PARE_NUM_INT) *known = false;
    }
    return PARE_OK;
}

static pare_status pad_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_info *in[4];
    const pare_infer_io as_infer = pare_eval_as_infer(io, in);
    int64_t begin[PARE_MAX_DIMS] = { 0 };
    int64_t end[PARE_MAX_DIMS] = { 0 };
    bool known = false;
    PARE_TRY(pare_pad_amounts(ctx, &as_infer, begin, end, &known));
    if (!pare_info_has_rank(in[0]))
        return pare_call_fail(ctx, io->call, "input 0: expected a tensor, found none");
    if (!known)
        return pare_call_fail(ctx, io->call, "pads: expected integers, found others");
    return pare_pad_eval(ctx, io, begin, end);
}

const pare_op pare_op_pad = {
    .domain = "", .name = "Pad", .since = 1,
    .n_in = { 1, 4 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_pad_params),
    .resolve = pad_resolve, .infer = pad_infer, .eval = pad_eval,
    .cost = pare_move_cost,
    .links = pare_pad_links,
};
