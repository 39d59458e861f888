/* What operations that are not MACs weigh, in simple operations. The weights of the functions are
 * onnx-tool's, so that its sums can be compared; composed ones are sums of these. A test holds
 * docs/counting.md to this list. */
#ifndef PARE_OP_COST_WEIGHTS_H
#define PARE_OP_COST_WEIGHTS_H

/*    symbol       weight             what */
#define PARE_COST_WEIGHTS(X)                                                                       \
    X(SIMPLE,       1,                 "add, subtract, multiply, compare, round")                  \
    X(DIV,          4,                 "divide, reciprocal")                                       \
    X(SQRT,         24,                "square root")                                              \
    X(EXP,          32,                "exp")                                                      \
    X(LOG,          43,                "log")                                                      \
    X(SIN,          39,                "sin, cos, atan")                                           \
    X(TAN,          2 * 39 + 4,        "tan: sin / cos")                                           \
    X(ASIN,         39 + 24 + 4 + 2,   "asin, acos: atan(x / sqrt(1 - x x))")                      \
    X(SINH,         32 + 4 + 2,        "sinh, cosh: (e + 1 / e) / 2")                              \
    X(ASINH,        43 + 24 + 3,       "asinh, acosh: log(x + sqrt(x x + 1))")                     \
    X(ATANH,        43 + 4 + 3,        "atanh: log((1 + x) / (1 - x)) / 2")                        \
    X(ERF,          32 + 4 + 13,       "erf: a polynomial, exp, a division")                       \
    X(TANH,         32 + 4 + 3,        "tanh: (e - 1) / (e + 1)")                                  \
    X(SIGMOID,      32 + 4 + 2,        "sigmoid: 1 / (1 + exp(-x))")                               \
    X(SOFTPLUS,     43 + 32 + 1,       "softplus: log(1 + exp(x))")                                \
    X(POW,          43 + 32 + 1,       "power: exp(y log(x))")                                     \
    X(SOFTMAX,      32 + 4 + 3,        "softmax: maximum, subtract, exp, sum, divide")             \
    X(LOG_SOFTMAX,  32 + 4,            "log softmax: the same without the division")               \
    X(NORMAL,       43 + 24 + 39 + 4,  "a normal random number")                                   \
    X(UNIFORM,      4,                 "a uniform random number")                                  \
    X(QUANTIZE,     4 + 4,             "quantize: divide, round, add, two bounds")                 \
    X(REQUANTIZE,   5,                 "requantize: multiply, round, add, two bounds")             \
    X(DEQUANTIZE,   2,                 "dequantize: subtract, multiply")

enum {
#define PARE_COST_WEIGHT_ENUM(symbol, weight, what) PARE_OPS_##symbol = (weight),
    PARE_COST_WEIGHTS(PARE_COST_WEIGHT_ENUM)
#undef PARE_COST_WEIGHT_ENUM
};

#endif
