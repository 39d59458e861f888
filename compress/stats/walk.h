/* Walking through a model, over many samples: it is run piece by piece, in the order of execution,
 * and what the pieces behind need of a sample is kept. So weights may change behind each piece, and
 * every node is run once for good.
 *
 * A walk stops in front of nodes. Piece number k runs what is between stops k - 1 and k, and, to be
 * looked at, whatever else of the model is asked for. */
#ifndef PARE_STATS_WALK_H
#define PARE_STATS_WALK_H

#include "base/contract/dataset.h"

#include "op/eval.h"

typedef struct pare_walk pare_walk;

typedef struct pare_walk_opts {
    const pare_node_id *stops; /* [n_stops] nodes of the main graph, in the order of execution */
    size_t n_stops;
    const pare_dataset *data;
    uint64_t first, n_samples; /* of the data set */
    uint64_t max_memory_bytes; /* of what is kept; what is beyond lies in files without a name; 0:
                                  256 MiB */
    const char *dir;          /* for these; NULL: /tmp */
    const double *weight;     /* [n_nodes] what running a node costs; NULL: the same for all */
} pare_walk_opts;

/* The model is borrowed: its weights may change, its nodes may not. EFORMAT when the graph has a
 * cycle, or data do not say for which input they are; ENOMEM. The caller frees *out. */
pare_status pare_walk_new(pare_ctx *ctx, pare_walk **out, const pare_model *model,
                          const pare_walk_opts *opts);
void pare_walk_free(pare_ctx *ctx, pare_walk *walk); /* accepts NULL */

uint64_t pare_walk_samples(const pare_walk *walk);

/* The piece to be run now, as a model whose outputs are what is to be kept and behind these the
 * values [n] (no initializers); handles are the model's. ENOMEM, EBUDGET. The caller frees it. */
pare_status pare_walk_part(pare_ctx *ctx, pare_walk *walk, pare_model **out,
                           const pare_value_id *values, size_t n);

/* What the part takes, for sample number `sample` of the walk: *inputs are to be freed with
 * pare_walk_drop. Where the data set skipped the sample, *inputs is NULL. Called by several threads
 * at once, for different samples. What the data set gives; ENOMEM. */
pare_status pare_walk_inputs(pare_ctx *ctx, pare_walk *walk, uint64_t sample,
                             pare_eval_input **inputs, size_t *n);
void pare_walk_drop(pare_ctx *ctx, pare_eval_input *inputs, size_t n); /* accepts NULL */

/* Keeps what there is to keep of the part's outputs, which are left NONE. Likewise. EIO when it
 * does not fit on the disk. */
pare_status pare_walk_keep(pare_ctx *ctx, pare_walk *walk, uint64_t sample, pare_datum *outputs);

/* Goes on to the next piece, when all samples were kept; lets go of what nobody needs any more. */
void pare_walk_next(pare_ctx *ctx, pare_walk *walk);

/* How often the whole model was run by now, over all samples: parts by the weights of nodes. */
double pare_walk_forwards(const pare_walk *walk);

#endif
