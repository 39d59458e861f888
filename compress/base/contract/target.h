/* A target: where a model will run, as plain data. Files of targets are read by formats/target.h.
 *
 * Every number carries where it comes from and how far it may be off, so that an estimate can be
 * traced and its band is honest. Units: joules are picojoules (pJ) where one operation or byte is
 * meant; rates are per second; sizes are bytes; power is watts. */
#ifndef PARE_BASE_CONTRACT_TARGET_H
#define PARE_BASE_CONTRACT_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a number came to be, the best first. The last column is the factor that it may be off by (one
 * standard deviation) where nothing is said about it. */
#define PARE_FIGURE_KINDS(X)                                                                 \
    X(MEASURED, "measured", 1.1)                                                             \
    X(FITTED, "fitted", 1.2)       /* to measurements */                                     \
    X(PUBLISHED, "published", 1.5) /* read in the source that is named */                    \
    X(DERIVED, "derived", 1.5)     /* computed from published ones */                        \
    X(RECALLED, "recalled", 1.5)   /* believed to stand in the source, not read again */     \
    X(ESTIMATED, "estimated", 1.8)

typedef enum pare_figure_kind {
    PARE_FIGURE_NONE, /* not given */
#define PARE_FIGURE_ENUM(symbol, name, factor) PARE_FIGURE_##symbol,
    PARE_FIGURE_KINDS(PARE_FIGURE_ENUM)
#undef PARE_FIGURE_ENUM
    PARE_N_FIGURE_KINDS
} pare_figure_kind;

typedef struct pare_figure {
    double value;
    double spread; /* standard deviation of ln(value) */
    pare_figure_kind kind;
    const char *source; /* key of a pare_source of the target; NULL: none */
    const char *note;   /* why, how; NULL: none */
} pare_figure;

/* Types that arithmetic is done in. */
#define PARE_ARITHMETIC(X)      \
    X(FLOAT64, "float64", 64)   \
    X(FLOAT32, "float32", 32)   \
    X(FLOAT16, "float16", 16)   \
    X(BFLOAT16, "bfloat16", 16) \
    X(FLOAT8, "float8", 8)      \
    X(INT32, "int32", 32)       \
    X(INT16, "int16", 16)       \
    X(INT8, "int8", 8)          \
    X(INT4, "int4", 4)

typedef enum pare_arithmetic {
#define PARE_ARITHMETIC_ENUM(symbol, name, bits) PARE_ARITH_##symbol,
    PARE_ARITHMETIC(PARE_ARITHMETIC_ENUM)
#undef PARE_ARITHMETIC_ENUM
        PARE_N_ARITHMETIC
} pare_arithmetic;

/* Classes of work that reach different shares of a machine's peak. */
#define PARE_WORK(X)                                                                   \
    X(CONV, "conv")           /* dense convolution with a window */                    \
    X(POINTWISE, "pointwise") /* convolution of one tap */                             \
    X(DEPTHWISE, "depthwise") /* convolution with few channels per group */            \
    X(GEMM, "gemm")           /* matrix times matrix */                                \
    X(GEMV, "gemv")           /* matrix times few vectors: bound by reading weights */ \
    X(ATTENTION, "attention")                                                          \
    X(RECURRENT, "recurrent")                                                          \
    X(ELEMENTWISE, "elementwise") /* maps, norms, reductions, pooling */               \
    X(MOVE, "move")               /* bytes only: Transpose, Concat, Gather */

typedef enum pare_work {
#define PARE_WORK_ENUM(symbol, name) PARE_WORK_##symbol,
    PARE_WORK(PARE_WORK_ENUM)
#undef PARE_WORK_ENUM
        PARE_N_WORK
} pare_work;

typedef struct pare_source {
    const char *key;    /* "jouppi2021" */
    const char *text;   /* authors, title, where, year */
    const char *url;    /* NULL: none */
    const char *bibtex; /* an entry; NULL: made from text */
} pare_source;

/* A store between registers and main memory, or main memory, or where weights lie. */
typedef struct pare_memory_level {
    const char *name;           /* "L2", "L3", "DRAM", "flash" */
    pare_figure capacity_bytes; /* NONE: unbounded */
    double usable;              /* share of it that one layer's data may count on; default 0.5 */
    pare_figure pj_per_byte;    /* read or written once */
    pare_figure bytes_per_s;
} pare_memory_level;

/* A pattern of zeros that the target makes use of. */
typedef struct pare_sparsity_credit {
    const char *pattern;         /* "2:4", "block_1x4", "unstructured" */
    double min_sparsity;         /* share of zeros from which it pays */
    double mac_time, mac_energy; /* of a skipped operation, as a share of a dense one: 0 to 1 */
    double weight_bytes;         /* of the stored weights, as a share of dense; 0: as stored */
} pare_sparsity_credit;

enum { PARE_MAX_LEVELS = 6, PARE_MAX_CREDITS = 8 };

typedef struct pare_hardware {
    pare_figure
        mac_pj[PARE_N_ARITHMETIC]; /* effective: arithmetic, registers, issue, first cache */
    pare_figure alu_pj[PARE_N_ARITHMETIC];     /* any other operation */
    pare_figure macs_per_s[PARE_N_ARITHMETIC]; /* dense peak */
    pare_figure alu_per_s[PARE_N_ARITHMETIC];
    uint8_t fallback[PARE_N_ARITHMETIC]; /* type that is used where both figures above are NONE;
                                 itself: none */
    pare_figure efficiency[PARE_N_WORK]; /* share of the peak that is reached */
    pare_figure bandwidth_efficiency;
    pare_memory_level
        levels[PARE_MAX_LEVELS]; /* [n_levels] from small and near to far; the last one
                                 holds everything */
    size_t n_levels;
    double near_bytes; /* what one layer may count on in stores nearer than the first level
                          (registers, first cache), whose traffic mac_pj covers; 0: layers read
                          their operands from the first level once */
    pare_memory_level weights; /* where weights lie when not in the last level (flash); name NULL:
                                 they do */
    pare_figure launch_s;      /* time per group of nodes, whatever it computes */
    pare_figure launch_nj;     /* energy of it, beside static power */
    pare_figure call_uj;       /* energy per inference that no operator explains */
    pare_figure static_w;      /* power while an inference runs that operations do not explain */
    bool marginal;             /* static_w is not charged unless asked for */
    pare_sparsity_credit credits[PARE_MAX_CREDITS]; /* [n_credits] */
    size_t n_credits;
    const char *boundary; /* "chip", "package", "board", "system": what the joules are of */
    double pue;           /* default power usage effectiveness */
    bool energy_only;     /* no latency can be said */
} pare_hardware;

/* Groups of operators that the runtime computes as one, in the form of sched/fusion.h as text. In a
 * quantized model the same groups stand between DequantizeLinear (before) and QuantizeLinear (the
 * last part). */
typedef struct pare_target_part {
    const char *const *ops; /* [n_ops] "Conv", "com.microsoft.Gelu" */
    size_t n_ops;
    const char *const *operands; /* [n_operands] "scalar", "channel", "last", "constant", "same",
                                 "any" */
    size_t n_operands;
} pare_target_part;

typedef struct pare_target_group {
    const char *name;
    bool cluster;                  /* else a chain: the first part is the anchor */
    const pare_target_part *parts; /* [n_parts] */
    size_t n_parts;
    const char *const *before; /* [n_before] chain: operators that are taken in where they make the
                                  anchor's inputs: "DequantizeLinear" */
    size_t n_before;
} pare_target_group;

/* A form of numbers of few bits that the runtime computes with. */
typedef enum pare_granularity {
    PARE_PER_TENSOR,
    PARE_PER_CHANNEL, /* of the weights' output channels */
    PARE_PER_BLOCK,   /* of the summed axis */
} pare_granularity;

typedef struct pare_quant_form {
    const char *type; /* name of the element type in ONNX: "int8", "uint4" */
    bool zero_point;  /* any zero point; false: zero only */
    pare_granularity per;
    int64_t min_block, max_block; /* PER_BLOCK: powers of two in this range; else 0 */
} pare_quant_form;

/* An operator in integers. */
typedef enum pare_quant_role {
    PARE_QUANT_COMPUTES, /* has a kernel that reads and writes integers */
    PARE_QUANT_MOVES,    /* passes integers on: input and output share scale and zero point */
    PARE_QUANT_ABSORBED, /* disappears into the range of the Q behind it: Relu, Clip */
} pare_quant_role;

typedef struct pare_quant_op {
    const char *op;      /* "Conv", "com.microsoft.Gelu" */
    pare_quant_role role;
    const char *becomes; /* "QLinearConv"; NULL: nothing else, or not known */
    bool dynamic;        /* activations may be quantized while the model runs */
    bool weight_only;    /* takes float activations and weights of few bits (MatMulNBits) */
} pare_quant_op;

/* What a runtime does to the Q and DQ of a model that it loads, in this order and again until
 * nothing changes, before it looks for groups of them. */
#define PARE_QDQ_REWRITES(X)                                                                     \
    X(NOTHING, "drop-nothing")    /* Identity, Expand to the same shape and their like go */     \
    X(MERGE, "merge-equal")       /* nodes that compute the same of the same become one */       \
    X(DOUBLE, "double-pairs")     /* of Q, DQ, Q, DQ in a row the inner two go */                \
    X(GEMM, "add-into-gemm")      /* MatMul and an Add of a bias become Gemm */                  \
    X(PROPAGATE, "propagate")     /* pairs are put around moves next to Q and DQ */              \
    X(FLOATS, "float-constants")  /* float weights and biases next to them become integers */    \
    X(WHERE, "scalar-where")      /* of Where, a scalar next to a DQ becomes an integer */       \
    X(OWN_DQ, "own-dq")           /* each reader of a DQ gets one of its own */                  \
    X(TRANSPOSES, "cancel-transposes") /* that undo each other, through what works by element */ \
    X(ABSORB, "absorb")           /* Relu and Clip that a Q repeats go */                        \
    X(UNSIGNED, "unsigned")       /* pairs of int8 become pairs of uint8 */                      \
    X(DYNAMIC, "dynamic")         /* MatMulInteger with what scales it becomes one node */       \
    X(CLEAN, "drop-idle")         /* at last: a DQ before a Q of the same grid goes with it */

typedef enum pare_qdq_rewrite {
#define PARE_QDQ_REWRITE_ENUM(symbol, name) PARE_QDQ_##symbol,
    PARE_QDQ_REWRITES(PARE_QDQ_REWRITE_ENUM)
#undef PARE_QDQ_REWRITE_ENUM
        PARE_N_QDQ_REWRITES
} pare_qdq_rewrite;

/* What has to stand behind an operator for it to run in integers. */
typedef enum pare_quant_writes {
    PARE_WRITES_Q,        /* one Q per output, nothing else */
    PARE_WRITES_OPTIONAL, /* that, or anything: the outcome is then `otherwise` */
    PARE_WRITES_FLOAT,    /* no Q */
    PARE_WRITES_ANY,      /* whatever there is: it is left as it is */
} pare_quant_writes;

/* Which element types of a group are equal. */
typedef enum pare_quant_alike {
    PARE_ALIKE_NONE,
    PARE_ALIKE_OUTPUT, /* those of the first input and the output */
    PARE_ALIKE_ALL,    /* those of all inputs and the output */
} pare_quant_alike;

/* Whether activations of int8 do. */
typedef enum pare_quant_sign {
    PARE_SIGNED_ANY,
    PARE_SIGNED_WITH_WEIGHTS, /* if input 1 is int8, too */
    PARE_SIGNED_NEVER,
} pare_quant_sign;

/* What input 2 has to be. */
typedef enum pare_quant_bias {
    PARE_BIAS_ANY,
    PARE_BIAS_INT32,  /* int32 behind a DQ whose scale nobody looks at: a wrong one gives wrong
                         results */
    PARE_BIAS_SCALED, /* int32 with scale x_scale * w_scale */
} pare_quant_bias;

/* An operator between DQ and Q that the runtime makes one kernel of, and what that takes. */
typedef struct pare_quant_group {
    const char *const *ops;  /* [n_ops] */
    size_t n_ops;
    const char *becomes;     /* NULL: what pare_quant_op says, or the operator itself on integers */
    const char *otherwise;   /* WRITES_OPTIONAL: what it becomes without a Q; NULL: as becomes */
    uint32_t reads;          /* inputs that come from DQ, no more and no less; 0: all */
    bool weights_only;       /* input 1 alone comes from a DQ, of constants (bias: float or DQ) */
    pare_quant_writes writes;
    pare_quant_alike alike;
    pare_quant_sign sign;
    uint32_t bits, weight_bits; /* bit n set: n bits are possible; of input 1 in groups that have
                                   weights (bias, sign, weights_only); 0: as bits */
    bool same_grid;          /* Q repeats scale and zero point of the DQ, all scalar constants, zero
                                points written */
    bool positive;           /* scale above 0 */
    bool zero_points;        /* of inputs 0 and 1 are written */
    pare_quant_bias bias;    /* and, where it is not ANY, attribute beta is 1 */
    bool absorbs;            /* a Relu or Clip that the Q repeats may stand in between */
    const char *mode;        /* that attribute `mode`, where written, has to have; NULL: any */
    int64_t since;           /* version of the operator that it starts from */
} pare_quant_group;

/* How long operators take there, one thread: for the ratio of a quantized model to its float one,
 * so that only proportions matter. NaN: not known. */
typedef struct pare_quant_time {
    double float_ns[PARE_N_WORK], integer_ns[PARE_N_WORK]; /* per 1000 MACs, or elements written by
                                 ELEMENTWISE and MOVE */
    double quantize_ns, dequantize_ns;  /* per 1000 elements of Q and DQ that are executed */
    double node_ns;                     /* per node, whatever it does */
    double integer_node_ns;             /* the same of integer kernels */
    double conv_integer_ns;             /* per 1000 MACs of ConvInteger, which many runtimes do by a
                                           plain loop */
    bool known;
} pare_quant_time;

typedef enum pare_saturation {
    PARE_EXACT,       /* sums of products of 8 bits are exact */
    PARE_SATURATES16, /* pairs of products are summed in 16 bits and saturate (x86 without VNNI) */
} pare_saturation;

typedef struct pare_target_quant {
    const char *const *formats; /* [n_formats] the preferred first: "qdq", "qoperator" */
    size_t n_formats;
    const pare_quant_form *weights; /* [n_weights] the preferred first */
    size_t n_weights;
    const pare_quant_form *activations; /* [n_activations] the preferred first */
    size_t n_activations;
    bool same_sign; /* signed activations need signed weights */
    const pare_quant_op *ops; /* [n_ops] what is not there stays float */
    size_t n_ops;
    const char *const *ignored; /* [n_ignored] operators that are better left in float although a
                                   kernel is there */
    size_t n_ignored;
    pare_saturation saturation;
    bool power_of_two; /* scales must be powers of two */
    bool single_consumer; /* the output of an operator in integers goes to one Q only, and is no
                             output of the graph */
    bool full_integer; /* an operator that stays float does not run at all */
    int64_t qdq_opset; /* that Q and DQ of 8 bits are best written in; 0: any */
    const pare_quant_group *groups; /* [n_groups] tried in this order; none: as ops say */
    size_t n_groups;
    uint32_t rewrites; /* bit pare_qdq_rewrite set: is done on loading */
    const char *const *propagates; /* [n_propagates] moves that PROPAGATE goes through */
    size_t n_propagates;
    pare_quant_time time;
} pare_target_quant;

/* What runs there, and how. */
typedef struct pare_target_rules {
    const char *runtime;          /* "onnxruntime 1.30"; NULL: none in particular */
    int64_t min_opset, max_opset; /* that it loads; 0: any */
    const char *const *domains;   /* [n_domains] "ai.onnx", "com.microsoft"; none: any */
    size_t n_domains;
    const char *const *operators; /* [n_operators] all that there are; none: any */
    size_t n_operators;
    const char *const *types;     /* [n_types] of floats it computes in, "float32" first */
    size_t n_types;
    int64_t round_channels;       /* counts of channels that waste nothing are multiples of it; 1 */
    pare_target_quant quant;
    bool has_quant;               /* false: nothing is known about integers there */
} pare_target_rules;

typedef struct pare_target {
    const char *name, *title, *about;
    const char *like;                /* target that it was made from; NULL: none */
    int64_t version;                 /* of the file's content */
    const char *runtime;             /* as rules.runtime */
    pare_target_rules rules;
    const pare_target_group *groups; /* [n_groups] in the order in which they are tried; none:
                                        pare's own */
    size_t n_groups;
    pare_hardware hardware;
    bool has_hardware; /* false: rules only; nothing can be said about energy */
    pare_figure flash_bytes, ram_bytes;
    int64_t batch;              /* default for dynamic batch dimensions */
    const pare_source *sources; /* [n_sources] that figures name */
    size_t n_sources;
    double fit_error; /* leave-one-out, as a share; of fitted targets, else NaN */
} pare_target;

#endif
