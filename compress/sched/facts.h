/* What is known about the values of a graph: from inference where there is one, else from what the
 * file declares. Inside of sched only. */
#ifndef PARE_SCHED_FACTS_H
#define PARE_SCHED_FACTS_H

#include "op/info.h"

typedef struct pare_facts {
    const pare_graph *graph;
    const pare_shapes *shapes; /* may be NULL */
} pare_facts;

/* UNDEFINED when it is not known, or the value is no tensor. */
pare_dtype pare_fact_dtype(const pare_facts *facts, pare_value_id value);

/* Whether the rank is known. */
bool pare_fact_rank(const pare_facts *facts, pare_value_id value, uint32_t *rank);

/* Whether a dimension is a known number. axis < rank. */
bool pare_fact_dim(const pare_facts *facts, pare_value_id value, uint32_t axis, int64_t *dim);

/* Whether two dimensions are certainly equal. axes < rank. */
bool pare_fact_same_dim(const pare_facts *facts, pare_value_id a, uint32_t axis_a, pare_value_id b,
                        uint32_t axis_b);

/* Whether two values certainly have the same dimensions. */
bool pare_fact_same_shape(const pare_facts *facts, pare_value_id a, pare_value_id b);

/* Whether all dimensions are known numbers whose product fits. */
bool pare_fact_n_elements(const pare_facts *facts, pare_value_id value, int64_t *n);

/* Whether the value is the same in every run: an initializer that no caller overrides, or what a
 * Constant says. */
bool pare_fact_is_constant(const pare_facts *facts, pare_value_id value);

/* Whether the value is a constant of one element. */
bool pare_fact_is_scalar(const pare_facts *facts, pare_value_id value);

/* An integer attribute, or `otherwise` where the node has none; false where it is of another type
 * or stands for an attribute of a function. */
bool pare_fact_attr(const pare_node *node, const char *name, int64_t otherwise, int64_t *out);

#endif
