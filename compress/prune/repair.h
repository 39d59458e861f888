/* Repair without training: what is left of the weights makes up, as well as least squares can, for
 * what went. */
#ifndef PARE_PRUNE_REPAIR_H
#define PARE_PRUNE_REPAIR_H

#include "base/linalg.h"
#include "base/pool.h"
#include "op/infer.h"
#include "prune/consumers.h"
#include "stats/gram.h"

typedef struct pare_repair_opts {
    const pare_dataset *data;
    uint64_t first, n_samples; /* of data; n_samples 0: to the end. A quarter of them chooses how
                                  far to go */
    pare_pool *pool;
    const pare_linalg *linalg;
    const pare_infer_opts *shapes; /* that n_forwards is counted for */
    int sweeps;               /* over all nodes; 1 at least */
    bool statistics;          /* outputs are scaled and shifted, so that their means and variances
                                 are the reference's; nothing is solved, in one sweep */
} pare_repair_opts;

typedef struct pare_repair_report {
    uint64_t n_repaired;      /* nodes that got new weights */
    uint64_t n_left;          /* where none were better, or whose rows are not had */
    double n_forwards;        /* of the model over all samples, in all sweeps */
    double n_reference_forwards; /* likewise */
} pare_repair_report;

/* Solves the weights and biases of every linear node that what went makes a difference to, in the
 * order of execution:
 *
 *     model      masked (prune/mask.h), of the shapes of the original; its weights change
 *     reference  the original, whose handles are those of the model
 *
 * Inputs are those of the masked model, as far as it is repaired by then; targets are the
 * reference's outputs, or where an Add of the shape of the output alone reads it, what that Add
 * gave less what the model's other summand gives: so that errors of a shortcut are taken up, too.
 * From the second sweep on, where a Relu or Clip follows, outputs that it makes equal are not told
 * apart. Weights of what is to go stay zero. The ridge, which pulls towards the weights that are
 * there, is what does best on samples held out; no change is one of the choices. As pare_gram_run,
 * and pare_walk_new. */
pare_status pare_repair(pare_ctx *ctx, pare_model *model, const pare_model *reference,
                        const pare_axes_found *axes, const bool *gone,
                        const pare_repair_opts *opts, pare_repair_report *report);

#endif
