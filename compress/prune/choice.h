/* Which widths and nodes a user lets go, and how far: patterns and floors of prune/settings.h. */
#ifndef PARE_PRUNE_CHOICE_H
#define PARE_PRUNE_CHOICE_H

#include "prune/axes.h"
#include "prune/settings.h"

/* What stays of a width at least. */
typedef struct pare_prune_floor {
    char *pattern;
    bool is_share;
    double value;             /* share, or count */
} pare_prune_floor;

typedef struct pare_prune_choice {
    pare_ctx *ctx;
    const pare_prune_settings *settings;
    pare_prune_floor *floors; /* [n_floors] */
    size_t n_floors;
    bool heads_only;
    const pare_model *model;  /* that what follows is of */
    const pare_axes_found *axes;
    bool *is_heads;           /* [axes->n_groups] */
    pare_node_id first, last; /* of its products */
    pare_status status;       /* what went wrong while it was asked: all then stays */
} pare_prune_choice;

/* Reads the settings. EUSAGE, naming option and text, for patterns that can match nothing and
 * floors that are none; warns of patterns that match no node of the model. ENOMEM. *out is to be
 * freed in every case. */
pare_status pare_prune_choice_make(pare_ctx *ctx, pare_prune_choice *out,
                                   const pare_prune_settings *settings, const pare_model *model);
void pare_prune_choice_free(pare_prune_choice *choice);

/* A pare_prune_least_fn: nodes whose outputs lie along the width decide. It may go where all of
 * them match `include` and none `exclude`; the largest floor that one of them asks for counts. */
uint32_t pare_prune_choice_least(void *choice, const pare_model *model,
                                 const pare_axes_found *axes, uint32_t group);

/* Whether a node is to stay as it is. */
bool pare_prune_choice_keeps(void *choice, const pare_model *model, pare_node_id node);

#endif
