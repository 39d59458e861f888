/* What running a model on a target costs: operations, traffic, memory, time and energy, per layer
 * and whole, each with where it comes from. An estimate by formulas (docs/energy.md): nothing is
 * measured and no tensor is computed; of weights, only zeros are counted.
 *
 * A layer is a group of nodes that the target's runtime does as one (sched/fusion.h with the
 * target's own rules). Counts, bytes, joules and times are per inference: those of one run with the
 * shapes given, over opts.batch. RAM and flash are of the run.
 *
 * Energy has four terms, all of them visible:
 *     compute   operations by type, times pJ each
 *     memory    bytes moved by level, times pJ each
 *     static    time, times the power that is drawn whatever happens
 *     overhead  per layer, and per run
 */
#ifndef PARE_ENERGY_ENERGY_H
#define PARE_ENERGY_ENERGY_H

#include "base/contract/report.h"
#include "base/contract/target.h"
#include "op/infer.h"
#include "sched/fusion.h"

typedef enum pare_term {
    PARE_TERM_COMPUTE,
    PARE_TERM_MEMORY,
    PARE_TERM_STATIC,
    PARE_TERM_OVERHEAD,
    PARE_N_TERMS
} pare_term;

/* What a layer's time comes from. */
typedef enum pare_bound {
    PARE_BOUND_NONE, /* it takes none, or the target says nothing about time */
    PARE_BOUND_COMPUTE,
    PARE_BOUND_MEMORY,
    PARE_BOUND_LAUNCH,
} pare_bound;

enum {
    PARE_ESTIMATE_DRAWS = 200,
    PARE_STORE_WEIGHTS = PARE_MAX_LEVELS, /* hardware.weights, behind the levels */
    PARE_N_STORES = PARE_MAX_LEVELS + 1,
};

/* All zero: one inference per run, cold, static power as the target has it. */
typedef struct pare_estimate_opts {
    uint64_t batch;     /* inferences that a run with these shapes makes; 0: 1 */
    bool steady_state;  /* weights that fit into a level are there from the run before */
    bool charge_static; /* static power, even where the target leaves it out (marginal) */
    bool no_bands;      /* no draws: low and high are NaN. For searches */
    bool ignore_zeros;  /* weights are not read: zeros get no credit, sparsity is NaN */
    uint64_t seed;      /* of the draws; those of two estimates are comparable only if equal */
} pare_estimate_opts;

typedef struct pare_estimate_layer {
    const char *name;         /* of the node the group hangs on, else of its first output */
    const char *op;           /* its operator: "Conv", "com.microsoft.Gelu" */
    pare_node_id node;
    uint32_t n_nodes;         /* that are done as one */
    uint32_t depth;           /* of its graph: 0 main graph, more: nested or a function's */
    double times;             /* how often it runs per run of the model; counts below include it */
    pare_work work;
    uint64_t macs, other_ops; /* as the graph has them: zeros, and what fusing saves, included */
    pare_arithmetic mac_type, op_type; /* that the target does them in */
    const char *weight_type;  /* as stored; NULL: no weights */
    const char *activation_type; /* as stored, of the first input, else output; NULL */
    uint64_t weight_bytes, input_bytes, output_bytes; /* each operand once, wherever it lies */
    double bytes[PARE_N_STORES]; /* moved, by level */
    double terms_uj[PARE_N_TERMS];
    double uj;                /* their sum; NaN: the target has no hardware */
    double us;                /* NaN: the target says nothing about time */
    pare_bound bound;
    uint32_t bound_store;     /* MEMORY: level, or PARE_STORE_WEIGHTS */
    double intensity;         /* operations (2 per MAC) per byte of the store that takes longest */
    double sparsity;          /* share of the product's weights that is zero; NaN */
    const char *credit;       /* pattern of the target that its zeros have; NULL: none */
    uint64_t ram_bytes;       /* living while it runs */
    bool modelled;            /* false: the operator's cost is not known */
} pare_estimate_layer;

/* A value that is in memory at the peak. */
typedef struct pare_estimate_holder {
    const char *name;         /* of the value */
    const char *layer;        /* that makes it; NULL: an input of the model */
    uint64_t bytes;
} pare_estimate_holder;

typedef struct pare_estimate {
    const pare_target *target; /* borrowed */
    pare_estimate_opts opts;
    bool has_energy, has_time;

    pare_estimate_layer *layers; /* [n_layers] in execution order; what takes nothing (views, what
                                 constants alone make) is left out */
    size_t n_layers;

    uint64_t params;          /* elements of weights */
    uint64_t macs, other_ops, flops; /* flops = 2 macs + other_ops */
    double macs_by_type[PARE_N_ARITHMETIC], ops_by_type[PARE_N_ARITHMETIC]; /* as they are done */
    double bytes[PARE_N_STORES]; /* moved, by level */
    uint64_t weight_traffic_bytes, activation_traffic_bytes; /* of the last level and the store of
                                 weights; their sum is dram_bytes */
    uint64_t dram_bytes;
    double terms_uj[PARE_N_TERMS];
    pare_band energy_uj;      /* value: the sum of the terms; low and high: p10, p90 of the draws */
    pare_band latency_us;
    double energy_p50_uj, latency_p50_us; /* medians of the draws */

    uint64_t ram_peak_bytes;  /* activations, in the target's types */
    const uint64_t *ram_steps; /* [n_ram_steps] over the main graph's schedule */
    const char *const *ram_step_names; /* [n_ram_steps] of the layers */
    size_t n_ram_steps;
    size_t ram_peak_step;
    const pare_estimate_holder *holders; /* [n_holders] at the peak, the largest first */
    size_t n_holders;
    uint64_t flash_bytes;     /* weights as stored, sparse ones with their indices */
    double sparsity;          /* share of all weights that is zero; NaN: not counted */

    const char *const *unmodelled; /* [n_unmodelled] "Op (node)", 1000 at the most: no MACs,
                                       elementwise traffic */
    size_t n_unmodelled;
    const char *const *warnings; /* [n_warnings] one line each */
    size_t n_warnings;

    const double *energy_draws; /* [PARE_ESTIMATE_DRAWS] in uJ, in the order of the draws; NULL */
    const double *latency_draws; /* likewise, us */
    struct pare_layer_work *works; /* [n_layers] energy/price.h: what layers are priced by */
    struct pare_coefs *coefs; /* energy/coefs.h: the target's numbers, and their draws */
    const double *amounts;    /* [PARE_COEF_N_ENERGY] what each coefficient of energy is multiplied
                                 by: energy = sum of amounts x values; for fits */
    double peak_seconds[PARE_N_WORK]; /* MACs over the peak rate, by class: time at efficiency 1 */
    pare_arena arena;         /* of all strings and lists but layers */
} pare_estimate;

/* Estimates a model. shapes: of pare_infer with every dimension bound to a number; what stays
 * unknown is listed as unmodelled. opts may be NULL. The target is borrowed for as long as the
 * estimate lives; model and shapes are not. The caller frees *out with pare_estimate_free. EFORMAT:
 * a cycle, a rule of the target that names no operator, weights that cannot be decoded; ENOMEM;
 * EBUDGET: functions that call too much. Takes under 10 us per node and, unless zeros are ignored,
 * reads all weights of products. */
pare_status pare_estimate_make(pare_ctx *ctx, pare_estimate **out, const pare_model *model,
                               pare_shapes *shapes, const pare_target *target,
                               const pare_estimate_opts *opts);
void pare_estimate_free(pare_ctx *ctx, pare_estimate *estimate); /* accepts NULL */

/* Energy of one layer with the ends of its band, in uJ; NaN without draws. */
pare_band pare_estimate_layer_band(const pare_estimate *estimate, size_t layer);

/* What two estimates say of each other: b over a. Draws are shared where the target is the same, so
 * that what both have wrong cancels. */
typedef struct pare_estimate_ratio {
    pare_band energy, latency; /* NaN where either is not known */
    int energy_order, latency_order; /* -1: b takes less, 1: more, 0: the estimate cannot tell */
} pare_estimate_ratio;

/* Differences below this share are never ordered: the model of traffic is not that good. */
#define PARE_ESTIMATE_LEAST_DIFFERENCE 0.02

/* Both estimates must have draws and the same seed, else bands are NaN and orders 0. An order is
 * given where the band from p10 to p90 lies on one side of 1 and the value is further from it than
 * PARE_ESTIMATE_LEAST_DIFFERENCE. */
pare_estimate_ratio pare_estimate_compare(const pare_estimate *a, const pare_estimate *b);

/* The groups of a target as rules for pare_fusion_find; none given: what runtimes commonly fuse.
 * Lists live in the arena, names are borrowed. EFORMAT, naming the nearest, for operators and
 * operands that do not exist; ENOMEM. */

pare_status pare_target_fusion(pare_ctx *ctx, pare_fusion_rules *out, pare_arena *arena,
                               const pare_target *target);

#endif
