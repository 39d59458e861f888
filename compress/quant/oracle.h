/* What a quantized model will run as on a target: which operators become integer kernels there,
 * which stay in floats and why, what share of the MACs that is, and whether it will be faster.
 *
 * The target's rules say what its runtime does with Q and DQ on loading (rewrites) and which groups
 * of them it makes one kernel of (groups). The oracle does the same to a clone of the model, of any
 * author and form (Q/DQ, QOperator, dynamic, weights only). Nothing is executed. */
#ifndef PARE_QUANT_ORACLE_H
#define PARE_QUANT_ORACLE_H

#include "base/contract/target.h"
#include "op/info.h"

/* How a node runs. */
#define PARE_RUNS(X)                                                                          \
    X(FLOAT, "float")             /* as it is, in floats */                                   \
    X(INTEGER, "integer")         /* as an integer kernel */                                  \
    X(MOVE, "move")               /* hands integers on: the pair around it is dropped */      \
    X(WEIGHT_ONLY, "weight-only") /* float activations times integer weights (MatMulNBits) */ \
    X(GONE, "gone")               /* goes into another node, or repeats what it does */       \
    X(PAIR, "executed")           /* a Q or DQ that is executed */                            \
    X(CONSTANT, "constant")       /* computed on loading */                                   \
    X(OTHER, "other")             /* has nothing to do with floats: shapes, control flow */

typedef enum pare_runs {
#define PARE_RUNS_ENUM(symbol, name) PARE_RUNS_##symbol,
    PARE_RUNS(PARE_RUNS_ENUM)
#undef PARE_RUNS_ENUM
        PARE_N_RUNS
} pare_runs;

/* How far predictions of time are off, as a factor (one standard deviation of the logarithm), on
 * networks that a target's table was not fitted to: of 19 such, 3 were within 25 %
 * (docs/fusion.md). */
#define PARE_ORACLE_TIME_SPREAD 3.0

/* One node of the main graph. */
typedef struct pare_oracle_row {
    pare_node_id node;
    const char *name; /* "" where it has none */
    const char *op;   /* "Conv", "com.microsoft.QGemm" */
    pare_runs runs;
    const char *becomes; /* "QLinearConv"; the operator itself where it stays */
    const char *reason;  /* one line, why a node next to Q or DQ does not run in integers, or
                               what a GONE one goes into; NULL: nothing to say */
    uint64_t macs;
    bool product; /* a convolution or product of matrices */
    double share; /* of the predicted time of the model; NaN */
} pare_oracle_row;

typedef struct pare_oracle {
    pare_oracle_row *rows; /* [n_rows] in execution order */
    size_t n_rows;
    uint64_t n_runs[PARE_N_RUNS];
    uint64_t n_added; /* Q and DQ that the runtime puts in and then executes */
    uint64_t n_products, n_integer_products;
    uint64_t macs, integer_macs; /* of all nodes whose cost is known */
    double integer_share;        /* integer_macs over macs; 0 without MACs */
    double time_ns, float_time_ns; /* in units of the target's table; 0 without one */
    /* The prediction is off by up to a factor of PARE_ORACLE_TIME_SPREAD in two cases of three. */
    double time_ratio; /* predicted time over that of the same model in floats; NaN: the target
                               has no times, or nothing is known */
    bool is_quantized; /* something in it is */
    const char *const *warnings; /* [n_warnings] one line each: what makes it slow */
    size_t n_warnings;
    pare_arena arena; /* of texts and rows */
} pare_oracle;

/* Judges a model. shapes: of pare_infer, best with every dimension bound to a number; nodes of
 * unknown cost count no MACs. Rules without groups get those that follow from their operators.
 * EUNSUPPORTED when the target says nothing about integers; EFORMAT for a cycle; ENOMEM, EBUDGET.
 * The caller frees *out with pare_oracle_free. */
pare_status pare_oracle_run(pare_ctx *ctx, pare_oracle **out, const pare_model *model,
                            pare_shapes *shapes, const pare_target_rules *rules);
void pare_oracle_free(pare_ctx *ctx, pare_oracle *oracle); /* accepts NULL */

/* The totals in a few lines of text, each ending in a newline: what runs in integers, what does not
 * and why (equal reasons together, the most MACs first), the prediction, the warnings. ENOMEM; the
 * text dies with the oracle. */
pare_status pare_oracle_text(pare_ctx *ctx, const char **out, pare_oracle *oracle);

const char *pare_runs_name(pare_runs runs);

#endif
