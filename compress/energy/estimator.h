/* The state of one estimate, shared by estimate.c, frame.c, layer.c and traffic.c. Inside of energy
 * only. */
#ifndef PARE_ENERGY_ESTIMATOR_H
#define PARE_ENERGY_ESTIMATOR_H

#include "energy/price.h"
#include "energy/zeros.h"
#include "op/cost.h"
#include "sched/liveness.h"

enum { PARE_MAX_ESTIMATED_CALLS = 5000000 }; /* nodes, counting bodies at each call */

/* What is known about a value, by handle. */
typedef struct pare_value_state {
    pare_value_id root;   /* that it is a view of; itself: none */
    uint32_t made, last;  /* steps of its graph; made PARE_NONE: given from outside */
    bool is_const;        /* an initializer, or made of constants alone: a weight */
    bool is_absorbed;     /* a DequantizeLinear that all its users do while they read */
    bool is_counted;      /* zeros of it are known */
} pare_value_state;

typedef struct pare_estimator {
    pare_ctx *ctx;
    pare_estimate *e;
    const pare_model *model;
    pare_shapes *shapes;
    const pare_hardware *hw;
    pare_fusion_rules rules;
    bool *takes_dequantize;      /* [rules.n] its groups read what is quantized */
    pare_value_state *values;    /* [model->n_values] */
    uint32_t bits[PARE_N_DTYPES]; /* of activations in the target's types */
    double usable[PARE_MAX_LEVELS]; /* bytes; INFINITY: unbounded */
    uint32_t resident_weights;   /* level that weights stay in from run to run; else the last */
    pare_layer_work *works;      /* [e->n_layers] */
    size_t layers_cap, works_cap, unmodelled_cap, warnings_cap;
    const char **unmodelled, **warnings;
    uint64_t n_calls;
    double batch;
    uint64_t weights, zeros;                  /* counted */
    uint64_t uncredited;                      /* zeros that products have and the target does not
                                                 make use of */
    uint64_t product_weights;
    uint64_t changed_type[PARE_N_ARITHMETIC]; /* products done in another type than they are in */
    uint64_t n_floats;                        /* layers in float, where the target runs integers
                                                 only */
    uint64_t n_unmodelled, n_unpriced, n_branches, n_guessed_loops, n_unknown_sizes;
} pare_estimator;

/* One graph being gone through. */
typedef struct pare_frame {
    pare_estimator *est;
    const pare_graph *graph;
    pare_groups *groups;
    pare_liveness *live;
    uint32_t *over[PARE_MAX_LEVELS]; /* [groups->n + 1] steps so far at which more lives than the
                                        level holds; NULL: unbounded */
    bool *is_folded;         /* [groups->n] made of constants: done before the first run */
    uint64_t *ram;           /* [groups->n] bytes while a group runs, nested graphs included */
    uint64_t base_ram;       /* of the graphs around */
    double times;            /* runs per run of the model */
    uint32_t depth;
} pare_frame;

/* frame.c: adds the layers of a graph; *peak is the most bytes that live in it. */
pare_status pare_frame_run(pare_estimator *est, const pare_graph *graph, double times,
                           uint32_t depth, uint64_t base_ram, uint64_t *peak, bool is_main);

/* Bytes of a value in memory: constants and what is never there count 0. False: not known. */
bool pare_frame_bytes(const pare_frame *f, pare_value_id value, uint64_t *out);

/* The DequantizeLinear that makes a value in this graph, or NULL. */
const pare_node *pare_frame_dequantize(const pare_frame *f, pare_value_id value);

/* Whether group g does the DequantizeLinear of its anchor's inputs while it reads. */
bool pare_frame_takes_dequantize(const pare_frame *f, const pare_group *group);

/* layer.c: adds the layer of a group, unless it takes nothing; *cost is that of its anchor. */
pare_status pare_layer_add(pare_frame *f, uint32_t group, pare_cost *cost);

/* A value as a layer reads or writes it. */
typedef struct pare_operand {
    pare_value_id value;
    bool is_const;
    double elements, bytes;
    uint32_t bits;
    uint32_t home;        /* nearest level that holds it; n_levels - 1: the last */
} pare_operand;

/* traffic.c: what it comes to when a group reads or writes `elements` of a value; negative: all. */
pare_operand pare_operand_read(const pare_frame *f, uint32_t group, pare_value_id value,
                               double elements);
pare_operand pare_operand_write(const pare_frame *f, uint32_t group, pare_value_id value,
                                double elements);

/* What one execution of a layer moves. */
typedef struct pare_traffic {
    double bytes[PARE_N_STORES];
    double far_weight_bytes; /* weights, of the last level or the store of weights */
} pare_traffic;

/* Adds an operand to the levels that it passes. */
void pare_traffic_add(const pare_estimator *est, pare_traffic *traffic,
                      const pare_operand *operand);

/* Adds what reading an operand `times` more comes to, from the levels whose nearer store does not
 * hold it. */
void pare_traffic_add_again(const pare_estimator *est, pare_traffic *traffic,
                            const pare_operand *operand, double times);

/* Adds what a product [m,k] x [k,n] re-reads as its operands do not fit into the nearer store. */
void pare_traffic_add_product(const pare_estimator *est, pare_traffic *traffic,
                              const pare_cost *cost, const pare_operand *weight,
                              const pare_operand *input, const pare_operand *output);

/* estimate.c: lines for people. */
pare_status pare_estimate_warn(pare_estimator *est, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
pare_status pare_estimate_unmodelled(pare_estimator *est, const char *op, const char *name);

/* weights.c: zeros of the weights that a product reads. weight: the input as stored, behind any
 * DequantizeLinear `dq`; NULL: none. ENOMEM, EFORMAT. */
pare_status pare_product_zeros(pare_estimator *est, pare_zeros *out, const pare_node *product,
                               pare_value_id weight, const pare_node *dq);

/* Operands of a product: inputs a (data) and b (weights). */
void pare_product_slots(const pare_node *node, uint32_t *a, uint32_t *b);

#endif
