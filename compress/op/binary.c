#include "op/elementwise.h"

#include "op/costs.h"
#include "op/linker.h"

#include <inttypes.h>
#include <math.h>

/* Functions of two inputs, element by element, with NumPy broadcasting since opset 7. */

static pare_status binary_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_binary_params *p = params;
    p->legacy = call->version < 7;
    if (!p->legacy) return PARE_OK;
    PARE_TRY(pare_get_flag(ctx, call, "broadcast", false, &p->broadcast));
    p->has_axis = pare_call_attr(call, "axis") != NULL;
    return pare_get_int(ctx, call, "axis", 0, &p->axis);
}

static pare_status mod_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_binary_params *p = params;
    return pare_get_flag(ctx, call, "fmod", false, &p->fmod);
}

static pare_status bit_shift_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const words[] = { "LEFT", "RIGHT", NULL };
    pare_binary_params *p = params;
    int word = 0;
    PARE_TRY(pare_need_attr(ctx, call, "direction"));
    PARE_TRY(pare_get_word(ctx, call, "direction", words, 0, &word));
    p->left = word == 0;
    return PARE_OK;
}

/* --- contents --------------------------------------------------------------------------------- */

static pare_num add(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)params;
    return pare_num_add(exprs, x[0], x[1]);
}

static pare_num sub(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)params;
    return pare_num_sub(exprs, x[0], x[1]);
}

static pare_num mul(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)params;
    return pare_num_mul(exprs, x[0], x[1]);
}

static pare_num divide(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)params;
    if (x[0].kind == PARE_NUM_REAL && x[1].kind == PARE_NUM_REAL)
        return pare_num_real(x[0].r / x[1].r);
    return pare_num_truncdiv(exprs, x[0], x[1]);
}

static pare_num mod(pare_exprs *exprs, const void *params, const pare_num *x)
{
    const pare_binary_params *p = params;
    const bool sign_matters =
        !pare_num_at_least(exprs, x[0], 0) || !pare_num_at_least(exprs, x[1], 0);
    if (x[0].kind == PARE_NUM_REAL || x[1].kind == PARE_NUM_REAL) return pare_num_unknown();
    return p->fmod && sign_matters ? pare_num_unknown() : pare_num_mod(exprs, x[0], x[1]);
}

enum { MAX_EXPONENT = 64 };

static pare_num power(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)params;
    if (x[0].kind == PARE_NUM_REAL && x[1].kind == PARE_NUM_REAL)
        return pare_num_real(pow(x[0].r, x[1].r));
    if (x[1].kind != PARE_NUM_INT || x[1].i < 0 || x[1].i > MAX_EXPONENT) return pare_num_unknown();
    pare_num result = pare_num_int(1);
    for (int64_t i = 0; i < x[1].i; i++) result = pare_num_mul(exprs, result, x[0]);
    return result;
}

/* Whether a number is known, as a real: what comparisons need. */
static bool as_real(pare_num n, double *out)
{
    if (n.kind == PARE_NUM_INT && n.i > -(INT64_C(1) << 53) && n.i < INT64_C(1) << 53) {
        *out = (double)n.i;
        return true;
    }
    *out = n.r;
    return n.kind == PARE_NUM_REAL;
}

static pare_num equal(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)params;
    double a;
    double b;
    if (as_real(x[0], &a) && as_real(x[1], &b)) return pare_num_int(a == b);
    if (x[0].kind == PARE_NUM_EXPR && pare_num_equal(x[0], x[1])) return pare_num_int(1);
    /* a dimension, which is never negative, against -1: common in exported Expand */
    if (x[1].kind == PARE_NUM_INT && x[1].i < 0 && pare_num_at_least(exprs, x[0], 0))
        return pare_num_int(0);
    return pare_num_unknown();
}

static pare_num less(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)params;
    double a;
    double b;
    if (as_real(x[0], &a) && as_real(x[1], &b)) return pare_num_int(a < b);
    if (x[1].kind == PARE_NUM_INT && pare_num_at_least(exprs, x[0], x[1].i)) return pare_num_int(0);
    return pare_num_unknown();
}

static pare_num greater(pare_exprs *exprs, const void *params, const pare_num *x)
{
    const pare_num swapped[2] = { x[1], x[0] };
    if (x[1].kind == PARE_NUM_INT && x[1].i < INT64_MAX && x[0].kind == PARE_NUM_EXPR &&
        pare_num_at_least(exprs, x[0], x[1].i + 1))
        return pare_num_int(1);
    return less(exprs, params, swapped);
}

static pare_num negate(pare_num n)
{
    return n.kind == PARE_NUM_INT ? pare_num_int(!n.i) : n;
}

/* Not for NaN, which no dimension is computed from. */
static pare_num less_or_equal(pare_exprs *exprs, const void *params, const pare_num *x)
{
    double a;
    double b;
    if (as_real(x[0], &a) && as_real(x[1], &b)) return pare_num_int(a <= b);
    return negate(greater(exprs, params, x));
}

static pare_num greater_or_equal(pare_exprs *exprs, const void *params, const pare_num *x)
{
    const pare_num swapped[2] = { x[1], x[0] };
    double a;
    double b;
    if (as_real(x[0], &a) && as_real(x[1], &b)) return less_or_equal(exprs, params, swapped);
    return negate(less(exprs, params, x));
}

static pare_num and(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)exprs;
    (void)params;
    if (pare_num_is(x[0], 0) || pare_num_is(x[1], 0)) return pare_num_int(0);
    if (x[0].kind != PARE_NUM_INT || x[1].kind != PARE_NUM_INT) return pare_num_unknown();
    return pare_num_int(1);
}

static pare_num or(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)exprs;
    (void)params;
    if ((x[0].kind == PARE_NUM_INT && x[0].i) || (x[1].kind == PARE_NUM_INT && x[1].i))
        return pare_num_int(1);
    if (x[0].kind != PARE_NUM_INT || x[1].kind != PARE_NUM_INT) return pare_num_unknown();
    return pare_num_int(0);
}

static pare_num xor(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)exprs;
    (void)params;
    if (x[0].kind != PARE_NUM_INT || x[1].kind != PARE_NUM_INT) return pare_num_unknown();
    return pare_num_int(!x[0].i != !x[1].i);
}

/* --- shapes ----------------------------------------------------------------------------------- */

/* Before opset 7 the output has the shape of input 0. */
static pare_status infer_shape(pare_ctx *ctx, pare_infer_io *io, pare_dtype dtype)
{
    const pare_binary_params *p = io->params;
    if (!p->legacy) return pare_broadcast(ctx, io, dtype, io->in, 2, &io->out[0]);
    PARE_TRY(pare_infer_same(ctx, io));
    io->out[0].dtype = dtype;
    return PARE_OK;
}

/* The type of input 0: the other one may be of another type for Pow. */
static pare_dtype first_or_second(const pare_infer_io *io)
{
    const pare_info *a = pare_in(io, 0);
    return pare_info_is_tensor(a) && a->dtype ? a->dtype : pare_first_dtype(io);
}

static const pare_element_row arithmetic[] = {
    { "Add", add },
    { "Div", divide },
    { "Mod", mod },
    { "Mul", mul },
    { "Pow", power },
    { "Sub", sub },
    { 0 },
};

static const pare_element_row tests[] = {
    { "And", and },
    { "Equal", equal },
    { "Greater", greater },
    { "GreaterOrEqual", greater_or_equal },
    { "Less", less },
    { "LessOrEqual", less_or_equal },
    { "Or", or },
    { "Xor", xor },
    { 0 },
};

static pare_status arithmetic_infer(pare_ctx *ctx, pare_infer_io *io)
{
    PARE_TRY(infer_shape(ctx, io, first_or_second(io)));
    pare_content_apply(io, pare_element_of(arithmetic, io->call->op->name), 2);
    return PARE_OK;
}

static pare_status test_infer(pare_ctx *ctx, pare_infer_io *io)
{
    PARE_TRY(infer_shape(ctx, io, PARE_BOOL));
    pare_content_apply(io, pare_element_of(tests, io->call->op->name), 2);
    return PARE_OK;
}

/*      symbol            name             since  resolve            infer             eval */
#define BINARY_OPS(X)                                                                              \
    X(add,               "Add",            1,   binary_resolve,    arithmetic_infer,  arithmetic)  \
    X(and,               "And",            1,   binary_resolve,    test_infer,        arithmetic)  \
    X(bit_shift,         "BitShift",       11,  bit_shift_resolve, arithmetic_infer,  arithmetic)  \
    X(bitwise_and,       "BitwiseAnd",     18,  binary_resolve,    arithmetic_infer,  arithmetic)  \
    X(bitwise_or,        "BitwiseOr",      18,  binary_resolve,    arithmetic_infer,  arithmetic)  \
    X(bitwise_xor,       "BitwiseXor",     18,  binary_resolve,    arithmetic_infer,  arithmetic)  \
    X(div,               "Div",            1,   binary_resolve,    arithmetic_infer,  arithmetic)  \
    X(equal,             "Equal",          1,   binary_resolve,    test_infer,        compare)     \
    X(greater,           "Greater",        1,   binary_resolve,    test_infer,        compare)     \
    X(greater_or_equal,  "GreaterOrEqual", 12,  binary_resolve,    test_infer,        compare)     \
    X(less,              "Less",           1,   binary_resolve,    test_infer,        compare)     \
    X(less_or_equal,     "LessOrEqual",    12,  binary_resolve,    test_infer,        compare)     \
    X(mod,               "Mod",            10,  mod_resolve,       arithmetic_infer,  arithmetic)  \
    X(mul,               "Mul",            1,   binary_resolve,    arithmetic_infer,  arithmetic)  \
    X(or,                "Or",             1,   binary_resolve,    test_infer,        arithmetic)  \
    X(pow,               "Pow",            1,   binary_resolve,    arithmetic_infer,  pow)         \
    X(sub,               "Sub",            1,   binary_resolve,    arithmetic_infer,  arithmetic)  \
    X(xor,               "Xor",            1,   binary_resolve,    test_infer,        arithmetic)

#define BINARY_OP(symbol, text, first, resolver, inferer, evaluator)                               \
    const pare_op pare_op_##symbol = {                                                             \
        .domain = "", .name = text, .since = first,                                                \
        .n_in = { 2, 2 }, .n_out = { 1, 1 },                                                       \
        .params_bytes = sizeof(pare_binary_params),                                                \
        .resolve = resolver, .infer = inferer, .eval = pare_##evaluator##_eval,                    \
        .cost = pare_binary_cost,                                                                  \
        .links = pare_binary_links,                                                                \
    };
BINARY_OPS(BINARY_OP)

/* The slope is broadcast to X, never the other way. */
const pare_op pare_op_prelu = {
    .domain = "", .name = "PRelu", .since = 1,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = pare_infer_same, .eval = pare_prelu_eval,
    .cost = pare_binary_cost,
    .links = pare_prelu_links,
};
