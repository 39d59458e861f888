/* How the axes of a call's inputs and outputs hang together, for pruning: which positions have to
 * stay or go with each other, what cannot go at all, and which numbers in attributes and constant
 * inputs follow from sizes. All of it is said of axes of constant size above 1; others take no
 * part.
 *
 * A facet says what is exact: where the positions that it ties to each other are removed together,
 * what stays is computed as before. Axes that a facet says nothing of are frozen, and so are those
 * of a call whose facet is PARE_TODO. */
#ifndef PARE_OP_LINKS_H
#define PARE_OP_LINKS_H

#include "op/op.h"

/* An axis of an operand of the call; the last one is rank - 1. */
typedef struct pare_axis_ref {
    bool is_output;
    uint32_t operand;
    uint32_t axis;
} pare_axis_ref;

/* An axis is cut into blocks of equal size where that is said; what goes then are whole blocks, or
 * the same places of all blocks. */
typedef enum pare_link_kind {
    PARE_LINK_TIE,            /* positions of a with as many of b, in order */
    PARE_LINK_INNER,          /* places within blocks of a_block positions of a with those of b */
    PARE_LINK_OUTER,          /* blocks of a_block positions of a with blocks of b_block of b */
    PARE_LINK_RESHAPE,        /* axes of a's operand with those of b's, in row-major order */
    PARE_LINK_FREE,           /* positions of a may go by themselves */
    PARE_LINK_FREEZE,         /* none may go */
    PARE_LINK_LOSSY,          /* they may, but what stays is then computed otherwise (norms) */
} pare_link_kind;

typedef struct pare_link {
    pare_link_kind kind;
    pare_axis_ref a, b;
    int64_t start;            /* TIE: position i of a, the shorter one, with start + i */
    int64_t a_block, b_block; /* OUTER; INNER: a_block for both */
    const char *why;          /* FREEZE, LOSSY: for people: "sums over it" */
    bool adds;                /* LOSSY: what goes is added up, times what b has there (a again: as
                                 it is), so that zeros change nothing */
} pare_link;

/* A number that says how large something is, and so has to follow. */
typedef enum pare_follow_kind {
    PARE_FOLLOW_COUNT,        /* how many blocks of `block` positions are left on the axis */
    PARE_FOLLOW_POSITION,     /* a place on the axis: moves up by what is removed before it */
    PARE_FOLLOW_TAIL,         /* how many positions there are at its end */
    PARE_FOLLOW_ROOT,         /* 1 / sqrt(block), which the attribute says where it is not there or
                                 0: to be written down when places within blocks go */
} pare_follow_kind;

typedef struct pare_follow {
    pare_follow_kind kind;
    pare_axis_ref of;
    int64_t block;            /* COUNT, ROOT */
    const char *attribute;    /* where the number stands; NULL: in input `input` */
    uint32_t input;
    uint32_t element;         /* which of several */
} pare_follow;

/* What a facet works on and fills. Operands that are omitted are NULL. */
typedef struct pare_links {
    pare_ctx *ctx;
    const pare_call *call;
    const void *params;
    pare_shapes *shapes;
    uint32_t n_in, n_out;
    const pare_info *const *in;
    const pare_info *const *out;
    pare_link *items;         /* [n] */
    size_t n, cap;
    pare_follow *follows;     /* [n_follows] */
    size_t n_follows, follows_cap;
    pare_status status;       /* sticky: a maker below could not get memory */
} pare_links;

/* Asks a node's operator and hands its answer to `take`, for as long as that runs. *why then tells,
 * for people, why nothing is known of the call; NULL: something is. What take returns; ENOMEM. */
typedef pare_status pare_links_take(void *user, const pare_links *links, const char *why);
pare_status pare_links_of(pare_ctx *ctx, const pare_model *model, pare_node_id node,
                          pare_shapes *shapes, pare_links_take *take, void *user);

#endif
