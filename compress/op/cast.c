#include "op/cast.h"

#include "op/content.h"
#include "op/costs.h"
#include "op/linker.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>

/* Conversion of elements. Before version 6 Cast names the type in words ("FLOAT"); version 19 adds
 * saturate, 24 round_mode. BitCast keeps the bits, of types that are equally wide. */

static pare_status resolve_rounding(pare_ctx *ctx, pare_cast_params *p, const pare_call *call)
{
    static const char *const words[] = { "up", "down", "nearest", NULL };
    PARE_TRY(pare_get_flag(ctx, call, "saturate", true, &p->saturate));
    return pare_get_word(ctx, call, "round_mode", words, PARE_CAST_UP, &p->round_mode);
}

static pare_status type_by_word(pare_ctx *ctx, const pare_call *call, pare_dtype *out)
{
    char name[32] = "";
    pare_bytes word = { 0 };
    PARE_TRY(pare_get_text(ctx, call, "to", &word));
    for (size_t i = 0; i < word.n && i + 1 < sizeof(name); i++)
        name[i] = (char)tolower(word.data[i]);
    *out = pare_dtype_by_name(name);
    if (*out != PARE_DTYPE_UNDEFINED) return PARE_OK;
    return pare_call_fail(ctx, call, "attribute 'to': expected an element type, found '%s'", name);
}

static pare_status cast_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_cast_params *p = params;
    PARE_TRY(pare_need_attr(ctx, call, "to"));
    PARE_TRY(resolve_rounding(ctx, p, call));
    if (call->version < 6) return type_by_word(ctx, call, &p->to);
    PARE_TRY(pare_get_dtype(ctx, call, "to", PARE_DTYPE_UNDEFINED, &p->to));
    if (p->to != PARE_DTYPE_UNDEFINED) return PARE_OK;
    return pare_call_fail(ctx, call, "attribute 'to': expected an element type, found 0");
}

static pare_status cast_like_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    return resolve_rounding(ctx, params, call);
}

/* An integer brought into the range of a type as two's complement has it. */
static pare_num wrap_int(int64_t v, pare_dtype to)
{
    switch (to) {
    case PARE_INT64: return pare_num_int(v);
    case PARE_INT32: return pare_num_int((int32_t)v);
    case PARE_INT16: return pare_num_int((int16_t)v);
    case PARE_INT8: return pare_num_int((int8_t)v);
    case PARE_UINT64: return v >= 0 ? pare_num_int(v) : pare_num_unknown();
    case PARE_UINT32: return pare_num_int((uint32_t)v);
    case PARE_UINT16: return pare_num_int((uint16_t)v);
    case PARE_UINT8: return pare_num_int((uint8_t)v);
    case PARE_BOOL: return pare_num_int(v != 0);
    default: return pare_num_unknown();
    }
}

static pare_num real_to(double v, pare_dtype to)
{
    switch (to) {
    case PARE_DOUBLE: return pare_num_real(v);
    case PARE_FLOAT: return pare_num_real((double)(float)v);
    case PARE_FLOAT16: /* whole numbers that it holds; the rest is left to running */
        return v == trunc(v) && fabs(v) <= 2048 ? pare_num_real(v) : pare_num_unknown();
    case PARE_BOOL: return pare_num_int(v != 0);
    case PARE_INT64:
    case PARE_INT32: /* what does not fit is for the machine to say */
        return fabs(v) < 2147483648.0 ? pare_num_int((int64_t)v) : pare_num_unknown();
    default: return pare_num_unknown();
    }
}

static pare_num convert(pare_num n, pare_dtype to)
{
    const bool is_float = pare_dtype_of(to)->class == PARE_CLASS_FLOAT;
    if (n.kind == PARE_NUM_INT) return is_float ? real_to((double)n.i, to) : wrap_int(n.i, to);
    if (n.kind == PARE_NUM_REAL) return real_to(n.r, to);
    /* Dims fit the types that models compute them in. */
    const bool is_wide = to == PARE_INT64 || to == PARE_INT32 || to == PARE_UINT64;
    return n.kind == PARE_NUM_EXPR && is_wide ? n : pare_num_unknown();
}

static void convert_content(pare_shapes *shapes, pare_info *y, const pare_info *x)
{
    pare_num content[PARE_MAX_CONTENT];
    if (!x->content) return;
    for (uint32_t i = 0; i < x->n_content; i++) content[i] = convert(x->content[i], y->dtype);
    pare_info_set_content(shapes, y, content, x->n_content);
}

static pare_status cast_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_cast_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    const pare_dtype to = p->to == PARE_DTYPE_UNDEFINED ? pare_in_dtype(io, 1) : p->to;
    io->out[0] = pare_info_unranked(to);
    if (!pare_info_is_tensor(x)) return PARE_OK;
    PARE_TRY(pare_infer_same(ctx, io));
    if (x->dtype == to) io->out[0] = *x;
    if (x->dtype == to) return PARE_OK;
    io->out[0].dtype = to;
    convert_content(io->shapes, &io->out[0], x);
    return PARE_OK;
}

static pare_status bit_cast_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_cast_params *p = params;
    PARE_TRY(pare_need_attr(ctx, call, "to"));
    return pare_get_dtype(ctx, call, "to", PARE_DTYPE_UNDEFINED, &p->to);
}

static pare_status bit_cast_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_cast_params *p = io->params;
    const unsigned from = pare_dtype_of(pare_in_dtype(io, 0))->bits;
    const unsigned to = pare_dtype_of(p->to)->bits;
    if (from && to != from)
        return pare_call_fail(ctx, io->call,
                              "attribute 'to': expected a type of %u bits, found %s", from,
                              pare_dtype_name(p->to));
    io->out[0] = pare_info_unranked(p->to);
    PARE_TRY(pare_infer_same(ctx, io));
    io->out[0].dtype = p->to;
    return PARE_OK;
}

const pare_op pare_op_cast = {
    .domain = "", .name = "Cast", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_cast_params),
    .resolve = cast_resolve, .infer = cast_infer, .eval = pare_cast_eval,
    .cost = pare_cast_cost,
    .links = pare_elementwise_links,
};

const pare_op pare_op_cast_like = {
    .domain = "", .name = "CastLike", .since = 15,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_cast_params),
    .resolve = cast_like_resolve, .infer = cast_infer, .eval = pare_cast_eval,
    .cost = pare_cast_cost,
    .links = pare_elementwise_links,
};

const pare_op pare_op_bit_cast = {
    .domain = "", .name = "BitCast", .since = 26,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_cast_params),
    .resolve = bit_cast_resolve, .infer = bit_cast_infer, .eval = pare_bit_cast_eval,
    .cost = PARE_NA(cost),
    .links = PARE_TODO(links),
};
