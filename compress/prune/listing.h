/* What of a model can be pruned, for people: its widths, who makes and reads them, what one channel
 * of each costs, and why others stay. */
#ifndef PARE_PRUNE_LISTING_H
#define PARE_PRUNE_LISTING_H

#include "base/arena.h"
#include "ir/model.h"
#include "prune/meter.h"

/* What a node has to do with a width. */
typedef enum pare_prune_role {
    PARE_PRUNE_MAKES,         /* a product: so many outputs */
    PARE_PRUNE_READS,         /* a product that sums over it */
    PARE_PRUNE_BOTH,
    PARE_PRUNE_FOLLOWS,       /* works on each channel alone: norms, activations, sums */
} pare_prune_role;

typedef struct pare_prune_member {
    const char *node, *op;    /* its name, or that of its output; "Conv" */
    pare_prune_role role;
} pare_prune_member;

/* A width: what goes together. */
typedef struct pare_prune_width {
    const char *name;         /* of the value that it is known by */
    uint32_t n_channels;      /* that could go, all but one */
    bool is_heads;            /* of attention: what goes are whole ones */
    const char *lossy;        /* why what stays would be computed otherwise, so that it is left
                                 alone; NULL: it would not */
    const pare_prune_member *members; /* [n_members] in the order of the nodes */
    size_t n_members;
    double per_channel[PARE_N_PRUNE_FIGURES]; /* what one costs: mJ, ms, count, bytes; NaN */
} pare_prune_width;

/* A product whose number of outputs cannot change. */
typedef struct pare_prune_stuck {
    const char *node, *op;
    const char *by, *by_op;   /* node that is why; NULL: the graph itself */
    const char *why;
    int64_t n_outputs;
    uint64_t macs;
} pare_prune_stuck;

/* The same reason, counted. */
typedef struct pare_prune_blocker {
    const char *op;           /* operator; NULL: the graph itself */
    const char *why;
    uint64_t n_products, macs;
} pare_prune_blocker;

typedef struct pare_prune_listing {
    pare_arena arena;
    pare_prune_figures figures; /* of the whole model */
    double macs, prunable_macs; /* of all nodes; of those that shrink when something goes */
    uint64_t n_unmodelled;    /* nodes whose cost is not known */
    pare_prune_width *widths; /* [n_widths] in the order of the nodes */
    size_t n_widths;
    pare_prune_stuck *stuck;  /* [n_stuck] in the order of the nodes */
    size_t n_stuck, stuck_cap;
    pare_prune_blocker *blockers; /* [n_blockers] those with most multiplications first */
    size_t n_blockers, blockers_cap;
} pare_prune_listing;

/* Lists a model, which stays as it is. Takes two clones and an estimate per width. EFORMAT when the
 * graph has a cycle; as pare_prune_measure; ENOMEM, EBUDGET. *out is to be freed in every case. */
pare_status pare_prune_list(pare_ctx *ctx, pare_prune_listing *out, const pare_model *model,
                            const pare_prune_meter *meter);
void pare_prune_listing_free(pare_prune_listing *listing); /* accepts zeroed */

#endif
