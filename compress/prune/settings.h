/* What a user asks of pruning: the options of the step, as flags of the verb and keys of a recipe
 * say them. Plain values; 0 everywhere is the default. */
#ifndef PARE_PRUNE_SETTINGS_H
#define PARE_PRUNE_SETTINGS_H

#include "base/contract/recipe.h"

/* What is taken out. */
typedef enum pare_prune_what {
    PARE_PRUNE_WHAT_AUTO,     /* channels, or single weights where a pattern is given */
    PARE_PRUNE_CHANNELS,      /* of every width, heads and hidden sizes among them */
    PARE_PRUNE_HEADS,         /* of attention alone */
    PARE_PRUNE_BLOCKS,        /* whole blocks around which a residual goes */
    PARE_PRUNE_RANK,          /* products become two thinner ones */
} pare_prune_what;

/* What tells which channels or weights matter. */
typedef enum pare_prune_criterion {
    PARE_PRUNE_CRITERION_AUTO, /* second order with data, else l2 */
    PARE_PRUNE_L1,
    PARE_PRUNE_L2,
    PARE_PRUNE_BN_SCALE,      /* scale of the BatchNormalization behind */
    PARE_PRUNE_FPGM,          /* distance to the other channels */
    PARE_PRUNE_ACTIVATION,    /* mean square of the channel, by its readers' weights */
    PARE_PRUNE_SECOND_ORDER,  /* what removal costs after repair */
    PARE_PRUNE_MAGNITUDE,     /* of single weights */
    PARE_PRUNE_WANDA,         /* magnitude times the norm of what it is multiplied by */
    PARE_PRUNE_SPARSEGPT,     /* second order, weights one after the other */
} pare_prune_criterion;

/* What is done about the loss. */
typedef enum pare_prune_repair {
    PARE_PRUNE_REPAIR_AUTO,   /* least squares with data, else what needs none */
    PARE_PRUNE_REPAIR_NONE,
    PARE_PRUNE_REPAIR_STATS,  /* means, and variances, of what is left */
    PARE_PRUNE_REPAIR_LEAST_SQUARES,
} pare_prune_repair;

/* What may remain of a figure, or be lost of the answers. */
typedef enum pare_prune_figure {
    PARE_PRUNE_ENERGY,
    PARE_PRUNE_LATENCY,
    PARE_PRUNE_MACS,
    PARE_PRUNE_PARAMS,
    PARE_PRUNE_SIZE,
    PARE_PRUNE_FLASH,
    PARE_PRUNE_RAM,
    PARE_N_PRUNE_FIGURES
} pare_prune_figure;

typedef struct pare_prune_settings {
    int what, criterion, repair; /* the enums above */
    const char *pattern;      /* of single weights: "unstructured", "2:4", "4x1"; NULL: none */
    const char *sparsity;     /* "50%" of them become zero; NULL: 50 %, or as N:M says */
    const char *round_to;     /* "auto": as the target counts channels (default); "8" */
    pare_option_list include; /* patterns of nodes (ir/pattern.h) that may be pruned; none: all */
    pare_option_list exclude; /* that stay as they are */
    pare_option_list floors;  /* "PATTERN=25%" or "PATTERN=16": what stays of a width at least */
    bool sparse_storage;      /* zeros of weights are not stored */
    const char *limits[PARE_N_PRUNE_FIGURES]; /* "75%", "5mJ": as recipes write them; NULL: none */
} pare_prune_settings;

#endif
