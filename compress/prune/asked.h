/* Settings as numbers, once it is known that they do not contradict each other. */
#ifndef PARE_PRUNE_ASKED_H
#define PARE_PRUNE_ASKED_H

#include "prune/prune.h"
#include "prune/sparse_pattern.h"

typedef struct pare_prune_asked {
    pare_prune_what what;     /* never AUTO; of single weights CHANNELS, with a pattern */
    bool has_pattern;
    pare_sparse_pattern pattern;
    double sparsity;          /* share of weights that goes; 0: as limits say, or n:m */
    int64_t round_to;         /* 1 at least */
    bool has_budget;          /* a figure has one */
    bool has_goal;            /* max_drop or min_agreement is what decides how much goes */
} pare_prune_asked;

/* EUSAGE, in words, naming the option. */
pare_status pare_prune_ask(pare_ctx *ctx, pare_prune_asked *out, const pare_prune_job *job);

#endif
