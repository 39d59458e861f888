#include "op/elementwise.h"

#include "op/costs.h"
#include "op/linker.h"

#include <math.h>

/* Functions of one input, element by element: the output has its type and shape. */

static pare_num abs_of(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)params;
    if (x->kind == PARE_NUM_REAL) return pare_num_real(fabs(x->r));
    if (pare_num_at_least(exprs, *x, 0)) return *x;
    return x->kind == PARE_NUM_INT ? pare_num_sub(exprs, pare_num_int(0), *x) : pare_num_unknown();
}

static pare_num neg_of(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)params;
    return x->kind == PARE_NUM_REAL ? pare_num_real(-x->r)
                                    : pare_num_sub(exprs, pare_num_int(0), *x);
}

/* Rounding leaves expressions, which are integers behind a cast, as they are. */
static pare_num floor_of(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)exprs;
    (void)params;
    return x->kind == PARE_NUM_REAL ? pare_num_real(floor(x->r)) : *x;
}

static pare_num ceil_of(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)exprs;
    (void)params;
    return x->kind == PARE_NUM_REAL ? pare_num_real(ceil(x->r)) : *x;
}

/* Halves go to the even neighbour; 0.5 away from an integer is exact in binary. */
static pare_num round_of(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)exprs;
    (void)params;
    if (x->kind != PARE_NUM_REAL) return *x;
    const double down = floor(x->r);
    const double rest = x->r - down;
    const bool up = rest > 0.5 || (rest == 0.5 && fmod(down, 2) != 0);
    return pare_num_real(up ? down + 1 : down);
}

static pare_num sqrt_of(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)exprs;
    (void)params;
    return x->kind == PARE_NUM_REAL ? pare_num_real(sqrt(x->r)) : pare_num_unknown();
}

static pare_num reciprocal_of(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)exprs;
    (void)params;
    return x->kind == PARE_NUM_REAL ? pare_num_real(1 / x->r) : pare_num_unknown();
}

static pare_num not_of(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)exprs;
    (void)params;
    return x->kind == PARE_NUM_INT ? pare_num_int(!x->i) : pare_num_unknown();
}

static pare_num sign_of(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)params;
    if (x->kind == PARE_NUM_INT) return pare_num_int((x->i > 0) - (x->i < 0));
    if (x->kind == PARE_NUM_REAL && !isnan(x->r)) return pare_num_real((x->r > 0) - (x->r < 0));
    return x->kind == PARE_NUM_EXPR && pare_num_at_least(exprs, *x, 1) ? pare_num_int(1)
                                                                        : pare_num_unknown();
}

static pare_num relu_of(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)params;
    if (x->kind == PARE_NUM_REAL) return x->r > 0 ? *x : pare_num_real(0);
    return pare_num_max(exprs, *x, pare_num_int(0));
}

static const pare_element_row contents[] = {
    { "Abs", abs_of },
    { "Ceil", ceil_of },
    { "Floor", floor_of },
    { "Neg", neg_of },
    { "Not", not_of },
    { "Reciprocal", reciprocal_of },
    { "Relu", relu_of },
    { "Round", round_of },
    { "Sign", sign_of },
    { "Sqrt", sqrt_of },
    { 0 },
};

static pare_status unary_infer(pare_ctx *ctx, pare_infer_io *io)
{
    PARE_TRY(pare_infer_same(ctx, io));
    pare_content_apply(io, pare_element_of(contents, io->call->op->name), 1);
    return PARE_OK;
}

/* A test of each element: the output is bool. */
static pare_status test_infer(pare_ctx *ctx, pare_infer_io *io)
{
    PARE_TRY(pare_infer_same(ctx, io));
    io->out[0].kind = PARE_TYPE_TENSOR;
    io->out[0].dtype = PARE_BOOL;
    return PARE_OK;
}

static pare_status is_inf_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_unary_params *p = params;
    PARE_TRY(pare_get_flag(ctx, call, "detect_negative", true, &p->detect_negative));
    return pare_get_flag(ctx, call, "detect_positive", true, &p->detect_positive);
}

/*      symbol       name           since  eval */
#define PLAIN_OPS(X)                                                                               \
    X(abs,         "Abs",         1,     pare_unary_eval)                                          \
    X(acos,        "Acos",        7,     pare_unary_eval)                                          \
    X(acosh,       "Acosh",       9,     pare_unary_eval)                                          \
    X(asin,        "Asin",        7,     pare_unary_eval)                                          \
    X(asinh,       "Asinh",       9,     pare_unary_eval)                                          \
    X(atan,        "Atan",        7,     pare_unary_eval)                                          \
    X(atanh,       "Atanh",       9,     pare_unary_eval)                                          \
    X(bitwise_not, "BitwiseNot",  18,    pare_unary_eval)                                          \
    X(ceil,        "Ceil",        1,     pare_unary_eval)                                          \
    X(cos,         "Cos",         7,     pare_unary_eval)                                          \
    X(cosh,        "Cosh",        9,     pare_unary_eval)                                          \
    X(erf,         "Erf",         9,     pare_unary_eval)                                          \
    X(exp,         "Exp",         1,     pare_unary_eval)                                          \
    X(floor,       "Floor",       1,     pare_unary_eval)                                          \
    X(hard_swish,  "HardSwish",   14,    pare_activation_eval)                                     \
    X(log,         "Log",         1,     pare_unary_eval)                                          \
    X(mish,        "Mish",        18,    pare_activation_eval)                                     \
    X(neg,         "Neg",         1,     pare_unary_eval)                                          \
    X(not,         "Not",         1,     pare_unary_eval)                                          \
    X(reciprocal,  "Reciprocal",  1,     pare_unary_eval)                                          \
    X(relu,        "Relu",        1,     pare_unary_eval)                                          \
    X(round,       "Round",       11,    pare_unary_eval)                                          \
    X(sigmoid,     "Sigmoid",     1,     pare_unary_eval)                                          \
    X(sign,        "Sign",        9,     pare_unary_eval)                                          \
    X(sin,         "Sin",         7,     pare_unary_eval)                                          \
    X(sinh,        "Sinh",        9,     pare_unary_eval)                                          \
    X(softplus,    "Softplus",    1,     pare_unary_eval)                                          \
    X(softsign,    "Softsign",    1,     pare_activation_eval)                                     \
    X(sqrt,        "Sqrt",        1,     pare_unary_eval)                                          \
    X(tan,         "Tan",         7,     pare_unary_eval)                                          \
    X(tanh,        "Tanh",        1,     pare_unary_eval)

#define PLAIN_OP(symbol, text, first, evaluator)                                                   \
    const pare_op pare_op_##symbol = {                                                             \
        .domain = "", .name = text, .since = first,                                                \
        .n_in = { 1, 1 }, .n_out = { 1, 1 },                                                       \
        .resolve = PARE_NA(resolve), .infer = unary_infer, .eval = evaluator,                      \
        .cost = pare_unary_cost,                                                                   \
        .links = pare_elementwise_links,                                                           \
    };
PLAIN_OPS(PLAIN_OP)

const pare_op pare_op_is_nan = {
    .domain = "", .name = "IsNaN", .since = 9,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = test_infer, .eval = pare_is_nan_eval,
    .cost = pare_unary_cost,
    .links = pare_elementwise_links,
};

const pare_op pare_op_is_inf = {
    .domain = "", .name = "IsInf", .since = 10,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_unary_params),
    .resolve = is_inf_resolve, .infer = test_infer, .eval = pare_is_inf_eval,
    .cost = pare_unary_cost,
    .links = pare_elementwise_links,
};
