/* Dimensions of inputs that nobody has said, for estimates and random inputs only. */
#ifndef CLI_UNSET_DIMS_H
#define CLI_UNSET_DIMS_H

#include "cli/shapes.h"

typedef struct pare_dims_set {
    pare_infer_opts opts;  /* all of given's, and what was missing; memory is the arena's */
    uint64_t n_inferences; /* that one run with these shapes makes: the leading dimension of inputs
                              that leave it open; else 1 */
} pare_dims_set;

/* Completes given: leading dimensions that are open become `batch`, all others 1. With `warn` each
 * of the latter is warned about by name, as are inputs of unknown rank; `path` is put in front.
 * given must live as long as *out. ENOMEM. */
pare_status pare_dims_complete(pare_ctx *ctx, pare_arena *arena, pare_dims_set *out,
                               const pare_model *model, const pare_infer_opts *given,
                               int64_t batch, bool warn, const char *path);

#endif
