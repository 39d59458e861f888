/* Passes: rewrites of a model in memory that keep what it computes. A pass is a file with one
 * const struct and a row in pass_list.h; README.md says how to add one. Passes know no files. */
#ifndef PARE_PASS_PASS_H
#define PARE_PASS_PASS_H

#include "ir/model.h"

typedef struct pare_pass_opts {
    uint64_t max_memory_bytes; /* for values that are computed; 0: PARE_PASS_MEMORY_BYTES */
    bool may_grow;             /* a fold may add PARE_PASS_GROWTH_BYTES, or as much again as it is
                                  made of: for running, not for writing */
    const pare_value_id *variable; /* [n_variable]: initializers that will change */
    size_t n_variable;
} pare_pass_opts;

#define PARE_PASS_MEMORY_BYTES (UINT64_C(1) << 30)
#define PARE_PASS_GROWTH_BYTES (UINT64_C(1) << 20)

/* What passes did; each adds to it. */
typedef struct pare_pass_stats {
    uint64_t n_folded;        /* nodes whose outputs became constants */
    uint64_t n_nodes;         /* nodes taken out, the folded ones among them */
    uint64_t n_initializers;  /* initializers taken out */
    uint64_t n_functions;     /* functions taken out */
} pare_pass_stats;

/* Changes the model, or leaves it alone where it cannot do better. Fails with ENOMEM, EBUDGET,
 * ECANCELED, the model then being consistent, though perhaps half changed. */
typedef pare_status pare_pass_fn(pare_ctx *ctx, pare_model *model, const pare_pass_opts *opts,
                                 pare_pass_stats *stats);

typedef struct pare_pass {
    const char *name;         /* "fold-constants" */
    const char *summary;      /* one line */
    pare_pass_fn *run;
} pare_pass;

/* All passes, sorted by name. */
const pare_pass *const *pare_pass_all(size_t *n);

/* The pass with this name, or NULL. */
const pare_pass *pare_pass_find(const char *name);

/* Runs a pass, then pare_graph_check. opts may be NULL; stats gains. */
pare_status pare_pass_run(pare_ctx *ctx, pare_model *model, const pare_pass *pass,
                          const pare_pass_opts *opts, pare_pass_stats *stats);

/* Runs what every model may have: fold-constants, dead-code. *stats starts at 0. */
pare_status pare_optimize(pare_ctx *ctx, pare_model *model, const pare_pass_opts *opts,
                          pare_pass_stats *stats);

/* Whether the passes changed anything. */
bool pare_pass_changed(const pare_pass_stats *stats);

/* Nodes in all graphs and functions that belong to the model. */
uint64_t pare_count_nodes(const pare_model *model);

#endif
