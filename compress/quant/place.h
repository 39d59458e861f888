/* Placement: which operators of a model will run in integers on a target, and so which values are
 * to be quantized. The target's rules decide; nothing is quantized that would not fuse there. */
#ifndef PARE_QUANT_PLACE_H
#define PARE_QUANT_PLACE_H

#include "base/contract/target.h"

#include "op/info.h"

/* What becomes of a node. */
typedef enum pare_place_role {
    PARE_PLACE_FLOAT,         /* stays as it is */
    PARE_PLACE_PRODUCT,       /* multiplies by weights, or one value by another, in integers */
    PARE_PLACE_COMPUTE,       /* any other operator in integers */
    PARE_PLACE_MOVE,          /* hands integers on as they are */
    PARE_PLACE_ABSORBED,      /* goes into the range of the value it makes */
} pare_place_role;

typedef struct pare_placement {
    uint8_t *roles;           /* by node handle: pare_place_role */
    size_t n_nodes;
    bool *quantized;          /* by value handle: float32 values of the main graph that get a Q and
                                 DQs. Weights and biases are not among them */
    pare_value_id *grid;      /* by value handle: the value whose scale and zero point it has,
                                 itself or the first of those that must share them */
    size_t n_values;
    uint64_t n_products, n_float_products; /* products in integers, and those left as they are */
} pare_placement;

typedef struct pare_place_opts {
    /* Whether a node is to stay as it is, asked of all that could be quantized; NULL: none. */
    bool (*keep_float)(void *user, pare_node_id node);
    void *user;
} pare_place_opts;

/* Decides for the main graph. shapes tell types (pare_infer); opts may be NULL. EUNSUPPORTED
 * when the target says nothing about integers; EFORMAT when the graph has a cycle; ENOMEM. The
 * caller frees *out with pare_placement_free. */
pare_status pare_place(pare_ctx *ctx, pare_placement **out, const pare_model *model,
                       const pare_shapes *shapes, const pare_target_rules *rules,
                       const pare_place_opts *opts);
void pare_placement_free(pare_ctx *ctx, pare_placement *placement); /* accepts NULL */

#endif
