/* The dimension algebra: which positions of which axes of a model can only go together.
 *
 * An axis is a product of factors, from the outermost to the innermost: [768] read as 12 heads of
 * 64. A factor is a list of elements; a position of the axis stays while the elements of all its
 * factors do, so that what is left is always a box. Links of the operators (op/links.h) unite
 * elements of different axes into classes, which stay or go as one. Residuals, concatenations,
 * splits, reshapes, heads and groups need no cases of their own. */
#ifndef PARE_PRUNE_AXES_H
#define PARE_PRUNE_AXES_H

#include "op/links.h"

/* What is told apart on an axis: elements `first` to `first + size - 1` stand for positions p by
 * p / stride % size. */
typedef struct pare_factor {
    uint32_t axis;
    int64_t stride, size;
    uint32_t first;
    uint32_t group;           /* PARE_NONE: none of it can go */
} pare_factor;

typedef struct pare_axis_info {
    pare_value_id value;
    uint32_t axis;            /* of the value */
    int64_t extent;           /* 0: not known, or 1: it has no factors */
    uint32_t first_factor, n_factors; /* outermost first */
} pare_axis_info;

/* Elements that go together. */
typedef struct pare_class {
    uint32_t group;           /* PARE_NONE: cannot go */
    bool is_frozen, is_lossy;
    pare_node_id by;          /* node that froze it, or made it lossy; PARE_NONE: an input or output
                                 of the graph, or nested graphs */
    const char *why;
} pare_class;

/* Factors that have classes in common: what a person calls the width of a layer. */
typedef struct pare_axis_group {
    uint32_t first_factor;    /* the first of its factors, in the order of the nodes */
    uint32_t n_factors;
    uint32_t n_classes;       /* that can go; one of them has to stay in each factor */
    bool is_lossy;
    uint32_t factor;          /* the one that names the group: of the first axis that a product's
                                 outputs lie on, else first_factor */
} pare_axis_group;

/* A number in the model that follows from what stays (op/links.h). */
typedef struct pare_axis_follow {
    pare_node_id node;
    pare_follow follow;
    uint32_t axis;
} pare_axis_follow;

typedef struct pare_axes_found {
    pare_arena arena;
    uint32_t *first_axis;     /* [n_values + 1] by value handle: its axes are
                                 axes[first_axis[v]] .. axes[first_axis[v + 1] - 1] */
    size_t n_values;
    pare_axis_info *axes;     /* [n_axes] */
    size_t n_axes;
    pare_factor *factors;     /* [n_factors] */
    size_t n_factors;
    uint32_t *class_of;       /* [n_elements] */
    size_t n_elements;
    pare_class *classes;      /* [n_classes] */
    size_t n_classes;
    pare_axis_group *groups;  /* [n_groups] in the order of the nodes */
    size_t n_groups;
    pare_axis_follow *follows; /* [n_follows] */
    size_t n_follows;
} pare_axes_found;

typedef struct pare_axes_opts {
    bool edges_free;          /* inputs and outputs of the graph may be pruned, too */
} pare_axes_opts;

/* Works it out for the main graph and the branches of If in it; opts may be NULL. Inputs and
 * outputs of the graph, what other nested graphs read, and axes of unknown size stay as they are.
 * EFORMAT when the graph has a cycle; ENOMEM. The caller frees *out with pare_axes_free. Linear in
 * the sizes of all axes, but for the factors that have to be found: a few passes over the nodes. */
pare_status pare_axes_find(pare_ctx *ctx, pare_axes_found **out, const pare_model *model,
                           pare_shapes *shapes, const pare_axes_opts *opts);
void pare_axes_free(pare_ctx *ctx, pare_axes_found *axes); /* accepts NULL */

/* Whether axes of a graph's values are told apart: the main graph, and branches of If in such. */
bool pare_axes_cover(const pare_model *model, const pare_graph *graph);

/* Axis of a value; NULL where the model has no such axis of constant size above 1. */
const pare_axis_info *pare_axes_of(const pare_axes_found *axes, pare_value_id value, uint32_t axis);

/* Whether position p of an axis stays when classes marked in gone [n_classes] go. */
bool pare_axis_keeps(const pare_axes_found *axes, const pare_axis_info *axis, const bool *gone,
                     int64_t p);

/* Whether any axis of a value loses positions. */
bool pare_axes_shrink(const pare_axes_found *axes, pare_value_id value, const bool *gone);

/* Positions that stay. */
int64_t pare_axis_left(const pare_axes_found *axes, const pare_axis_info *axis, const bool *gone);

#endif
