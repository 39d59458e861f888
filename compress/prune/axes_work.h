/* The algebra under work. Inside of prune only. */
#ifndef PARE_PRUNE_AXES_WORK_H
#define PARE_PRUNE_AXES_WORK_H

#include "prune/axes.h"

enum { PARE_MAX_CUTS = 8 };

/* A link between axes of the model. */
typedef struct pare_axis_tie {
    pare_link_kind kind;      /* without FREE */
    uint32_t a, b;            /* axes; RESHAPE: the first of n_a and n_b axes with as many
                                 elements */
    uint32_t n_a, n_b;
    int64_t start;
    int64_t a_block, b_block;
    const char *why;
} pare_axis_tie;

/* What one node says: ties [first, end), and the axes that it touches. */
typedef struct pare_axis_node {
    pare_node_id node;
    uint32_t first_tie, end_tie;
    uint32_t first_touched, end_touched;
    uint32_t first_free, end_free;
    const char *why;          /* that nothing is known; else NULL */
} pare_axis_node;

/* Strides at which an axis is cut, ascending, each dividing the next; 1 and the extent left out. */
typedef struct pare_axis_cuts {
    uint8_t n;
    bool is_broken;           /* cuts do not divide each other: the axis stays whole, and frozen */
    int64_t at[PARE_MAX_CUTS];
} pare_axis_cuts;

typedef struct pare_axes_work {
    pare_ctx *ctx;
    const pare_model *model;
    pare_shapes *shapes;
    bool edges_free;
    pare_axes_found *found;
    pare_axis_cuts *cuts;     /* by axis */
    pare_axis_tie *ties;
    size_t n_ties, ties_cap;
    pare_axis_node *nodes;    /* in the order of execution */
    size_t n_nodes, nodes_cap;
    uint32_t *touched;        /* axes of operands */
    size_t n_touched, touched_cap;
    uint32_t *free;           /* axes that a node lets go by themselves */
    size_t n_free, free_cap;
    size_t follows_cap;
    uint32_t *parent;         /* by element */
    pare_class *marks;        /* by element that stands for its class */
    bool *is_zero;            /* by value: it is, where its parameters are (axes_zero.c) */
    uint32_t *stamp;          /* by factor: the last node that spoke of it, plus 1 */
} pare_axes_work;

/* axes_collect.c: axes of all values, and what nodes say. */
pare_status pare_axes_collect(pare_axes_work *w);

/* axes_zero.c: values that are zero at positions where all their parameters are; asked for of what
 * nodes read, noted of what they make. Constants count as zero there. */
pare_status pare_axes_begin_zeros(pare_axes_work *w);
void pare_axes_note_zeros(pare_axes_work *w, pare_node_id node);

/* axes_sizes.c: whether the sizes that a Shape node gives are computed with, so that another size
 * would be another function; else they only say again how large something is. ENOMEM. */
pare_status pare_axes_size_matters(const pare_axes_work *w, pare_node_id shape, bool *out);

/* axes_cut.c: cuts of all axes, until none follows from another. */
void pare_axes_cut(pare_axes_work *w);

/* Cuts of a row of n axes taken as one, each axis' own and the borders between them; broken where
 * they do not divide each other. */
pare_axis_cuts pare_axes_flat_cuts(const pare_axes_work *w, uint32_t first, uint32_t n);

/* axes_unite.c: elements for all factors, united by the ties; frozen and lossy ones marked. */
pare_status pare_axes_unite(pare_axes_work *w);
uint32_t pare_axes_root(pare_axes_work *w, uint32_t element);

/* axes_group.c: classes and groups. */
pare_status pare_axes_group_up(pare_axes_work *w);

static inline int64_t pare_axis_extent(const pare_axes_work *w, uint32_t axis)
{
    return w->found->axes[axis].extent;
}

#endif
