#include "op/content.h"
#include "op/list.h"
#include "op/move.h"

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
    pare_num begin[PARE_MAX_DIMS];
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

static pare_status pad_dim(pare_ctx *ctx, const pare_infer_io *io, const frame *f,
                           const pare_list *pads, uint32_t i, pare_num *dim)
{
    pare_exprs *x = io->shapes->exprs;
    *dim = pare_num_add(x, *dim, pare_list_at(pads, i));
    *dim = pare_num_add(x, *dim, pare_list_at(pads, f->n + i));
    if (dim->kind != PARE_NUM_INT || dim->i >= 0) return PARE_OK;
    return pare_call_fail(ctx, io->call,
                          "pads: expected to leave a dim >= 0 of axis %" PRIu32
                          ", found %" PRId64,
                          f->axes[i], dim->i);
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

static pare_status pad_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_pad_params *p = io->params;
    frame f = { .x = pare_in(io, 0), .fill = fill_value(io) };
    pare_list pads;
    pare_num *dims = NULL;
    bool known = true;
    bool exact = true;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    PARE_TRY(pare_list_get(ctx, io, p->pads, 1, &pads));
    if (!pare_info_has_rank(f.x)) return PARE_OK;
    pare_info y = pare_info_ranked(io->shapes, f.x->dtype, f.x->rank, &dims);
    PARE_TRY(pad_axes(ctx, io, &f, &known));
    if (known && pads.has_length && pads.n != 2 * f.n)
        return pare_call_fail(ctx, io->call,
                              "pads: expected two for each of %" PRIu32 " axes, found %" PRIu32,
                              f.n, pads.n);
    for (uint32_t k = 0; known && k < f.x->rank; k++) {
        dims[k] = f.x->dims[k];
        f.begin[k] = pare_num_int(0);
    }
    for (uint32_t i = 0; known && i < f.n; i++) {
        f.begin[f.axes[i]] = pare_list_at(&pads, i);
        exact = exact && f.begin[f.axes[i]].kind == PARE_NUM_INT &&
                f.begin[f.axes[i]].i >= -INT32_MAX && f.begin[f.axes[i]].i <= INT32_MAX;
        PARE_TRY(pad_dim(ctx, io, &f, &pads, i, &dims[f.axes[i]]));
    }
    if (f.x->content && known && exact && p->mode == PARE_PAD_CONSTANT)
        pare_content_fill(io->shapes, &y, element, &f);
    io->out[0] = y;
    return PARE_OK;
}

const pare_op pare_op_pad = {
    .domain = "", .name = "Pad", .since = 1,
    .n_in = { 1, 4 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_pad_params),
    .resolve = pad_resolve, .infer = pad_infer, .eval = PARE_TODO(eval),
};
