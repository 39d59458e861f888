/* A group being measured, as layer.c and quantized.c see it. Inside of energy only. */
#ifndef PARE_ENERGY_MEASURE_H
#define PARE_ENERGY_MEASURE_H

#include "energy/estimator.h"

#include <string.h>

/* A group being measured, for one execution. */
typedef struct pare_measure {
    pare_frame *f;
    const pare_group *g;
    uint32_t group;
    bool modelled;
    bool is_quantized; /* computed in integers between DequantizeLinear and
                                 QuantizeLinear */
    bool only_moves;   /* and passes integers on as they are: no requantizing */
    pare_arithmetic quantized_type;
    double macs, other_ops;           /* as the graph has them */
    double ops;                       /* as they are done */
    double ops_of[PARE_N_ARITHMETIC]; /* of these, by the type that the model asks for */
    pare_cost product;                /* of the node with most MACs; none: macs 0 */
    pare_node_id product_node;
    pare_work work;
    bool moves;      /* some node is no view */
    double launches; /* of kernels */
    pare_traffic traffic;
    double weight_bytes, input_bytes, output_bytes;
    const char *weight_type, *activation_type;
    pare_zeros zeros;
} pare_measure;

static inline bool pare_is_op(const pare_node *n, const char *name)
{
    return n->op_type && !*pare_node_domain(n) && !strcmp(n->op_type, name);
}

static inline const pare_node *pare_measure_node(const pare_measure *m, pare_node_id id)
{
    return &m->f->est->model->nodes[id];
}

static inline pare_dtype pare_measure_dtype(const pare_measure *m, pare_value_id value)
{
    return pare_shapes_of(m->f->est->shapes, value)->dtype;
}

/* quantized.c: */

/* The type of more bits; PARE_N_ARITHMETIC stands for none. */
pare_arithmetic pare_arithmetic_wider(pare_arithmetic a, pare_arithmetic b);

/* Whether a node of the group makes the value. */
bool pare_measure_is_inside(const pare_measure *m, pare_value_id value);

/* The DequantizeLinear through which a node of the group reads a value, when the group does it
 * itself: as a member, or on reading; NULL: it reads the value as it is. */
const pare_node *pare_measure_dequantized_by(const pare_measure *m, const pare_node *reader,
                                             pare_value_id value);

/* Sets is_quantized, only_moves and quantized_type. */
void pare_measure_find_quantized(pare_measure *m);

/* What part of a node's other operations is left to do once its group is fused. */
double pare_measure_share_done(const pare_measure *m, const pare_node *n);

/* Adds what a group of floats has to do with inputs that come from DequantizeLinear. */
void pare_measure_add_dequantized(pare_measure *m);

#endif
