#include "op/coster.h"
#include "op/elementwise.h"

#include <string.h>

/* What functions of one element, or of several at one place, weigh. */

enum {
    GELU = 4 + PARE_OPS_ERF,       /* x / sqrt 2, erf, + 1, * x, / 2 */
    GELU_TANH = 8 + PARE_OPS_TANH, /* x x x, two products, a sum, tanh, + 1, * x, / 2 */
};

typedef struct weight_row {
    const char *name; /* of the operator */
    uint32_t ops;     /* per element of the output; of Max and its like: per input beyond one */
} weight_row;

static const weight_row rows[] = {
    { "Abs", 1 },
    { "Acos", PARE_OPS_ASIN },
    { "Acosh", PARE_OPS_ASINH },
    { "Add", 1 },
    { "And", 1 },
    { "Asin", PARE_OPS_ASIN },
    { "Asinh", PARE_OPS_ASINH },
    { "Atan", PARE_OPS_SIN },
    { "Atanh", PARE_OPS_ATANH },
    { "BiasGelu", GELU },
    { "BitShift", 1 },
    { "BitwiseAnd", 1 },
    { "BitwiseNot", 1 },
    { "BitwiseOr", 1 },
    { "BitwiseXor", 1 },
    { "Ceil", 1 },
    { "Celu", PARE_OPS_DIV + PARE_OPS_EXP + 3 },
    { "Clip", 2 },
    { "Cos", PARE_OPS_SIN },
    { "Cosh", PARE_OPS_SINH },
    { "Div", PARE_OPS_DIV },
    { "Elu", PARE_OPS_EXP + 3 },
    { "Equal", 1 },
    { "Erf", PARE_OPS_ERF },
    { "Exp", PARE_OPS_EXP },
    { "FastGelu", GELU_TANH },
    { "Floor", 1 },
    { "Gelu", GELU },
    { "Greater", 1 },
    { "GreaterOrEqual", 1 },
    { "HardSigmoid", 4 },
    { "HardSwish", 5 },
    { "IsInf", 1 },
    { "IsNaN", 1 },
    { "LeakyRelu", 2 },
    { "Less", 1 },
    { "LessOrEqual", 1 },
    { "Log", PARE_OPS_LOG },
    { "Max", 1 },
    { "Mean", 1 },
    { "Min", 1 },
    { "Mish", PARE_OPS_SOFTPLUS + PARE_OPS_TANH + 1 },
    { "Mod", PARE_OPS_DIV + 3 },
    { "Mul", 1 },
    { "Neg", 1 },
    { "Not", 1 },
    { "Or", 1 },
    { "PRelu", 2 },
    { "Pow", PARE_OPS_POW },
    { "QuickGelu", PARE_OPS_SIGMOID + 2 },
    { "Reciprocal", PARE_OPS_DIV },
    { "Relu", 1 },
    { "Round", 1 },
    { "Selu", PARE_OPS_EXP + 4 },
    { "Shrink", 3 },
    { "Sigmoid", PARE_OPS_SIGMOID },
    { "Sign", 2 },
    { "Sin", PARE_OPS_SIN },
    { "Sinh", PARE_OPS_SINH },
    { "Softplus", PARE_OPS_SOFTPLUS },
    { "Softsign", PARE_OPS_DIV + 2 },
    { "Sqrt", PARE_OPS_SQRT },
    { "Sub", 1 },
    { "Sum", 1 },
    { "Swish", PARE_OPS_SIGMOID + 2 },
    { "Tan", PARE_OPS_TAN },
    { "Tanh", PARE_OPS_TANH },
    { "ThresholdedRelu", 1 },
    { "Xor", 1 },
};

uint64_t pare_cost_weight(const char *name, size_t n_bytes)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strlen(rows[i].name) == n_bytes && memcmp(rows[i].name, name, n_bytes) == 0)
            return rows[i].ops;
    return 0;
}

static uint64_t weight_of(const pare_cost_io *io)
{
    return pare_cost_weight(io->call->op->name, strlen(io->call->op->name));
}

pare_status pare_unary_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const uint64_t n = pare_cost_elements(io, pare_cost_in(io, 0));
    pare_cost_ops(cost, io, n, weight_of(io), pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* What has the parameters of an activation: Gelu by tanh, BiasGelu and FastGelu of x + bias. */
pare_status pare_activation_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_unary_params *p = io->params;
    const uint64_t n = pare_cost_elements(io, pare_cost_in(io, 0));
    const uint64_t each = p->tanh_approximation ? GELU_TANH : weight_of(io);
    pare_cost_ops(cost, io, n, each + (pare_cost_in(io, 1) != NULL), pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* What x^y is computed as where y is one known number: products, a root, or the general way. */
static uint64_t power_ops(const pare_info *y)
{
    static const struct {
        double y;
        uint64_t ops;
    } special[] = { { 0, 1 },
                    { 1, 1 },
                    { 2, 1 },
                    { 3, 2 },
                    { 4, 2 },
                    { 0.5, PARE_OPS_SQRT },
                    { -1, PARE_OPS_DIV },
                    { -0.5, PARE_OPS_SQRT + PARE_OPS_DIV } };
    if (!y || y->n_content != 1) return PARE_OPS_POW;
    const pare_num n = pare_info_at(y, 0);
    if (n.kind != PARE_NUM_INT && n.kind != PARE_NUM_REAL) return PARE_OPS_POW;
    const double value = n.kind == PARE_NUM_INT ? (double)n.i : n.r;
    for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
        if (value == special[i].y) return special[i].ops;
    return PARE_OPS_POW;
}

pare_status pare_binary_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const bool is_power = strcmp(io->call->op->name, "Pow") == 0;
    const uint64_t n = pare_cost_elements(io, pare_cost_out(io, 0));
    pare_cost_ops(cost, io, n, is_power ? power_ops(pare_cost_in(io, 1)) : weight_of(io),
                  pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* Max, Min, Sum, Mean of any number of tensors. */
pare_status pare_variadic_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const uint64_t n = pare_cost_elements(io, pare_cost_out(io, 0));
    const uint64_t joins = io->n_in ? io->n_in - 1 : 0;
    const uint64_t last = strcmp(io->call->op->name, "Mean") == 0 ? PARE_OPS_DIV : 0;
    pare_cost_ops(cost, io, n, joins + last, pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

pare_status pare_where_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_out(io, 0)), 1,
                  pare_cost_in_dtype(io, 1));
    return PARE_OK;
}

/* One conversion per element; nothing where the type stays. */
pare_status pare_cast_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_info *y = pare_cost_out(io, 0);
    const pare_dtype from = pare_cost_in_dtype(io, 0);
    if (pare_info_is_tensor(y) && from && y->dtype == from) pare_cost_view(cost);
    else pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_in(io, 0)), 1, from);
    if (io->n_in > 1) cost->read[1] = 0; /* CastLike: its type alone */
    return PARE_OK;
}

/* Passes its input on, unless it trains: then a random number, a comparison and a product each. */
pare_status pare_dropout_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_dropout_params *p = io->params;
    const pare_info *mode = pare_cost_in(io, 2);
    const bool trains = p->ratio_is_input ? mode && !pare_num_is(pare_info_at(mode, 0), 0)
                                          : p->training;
    if (!trains) {
        pare_cost_view(cost);
        return PARE_OK;
    }
    pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_in(io, 0)), PARE_OPS_UNIFORM + 2,
                  pare_cost_in_dtype(io, 0));
    return PARE_OK;
}
