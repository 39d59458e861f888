/* What a model comes to, by the figures that budgets are about: estimates of energy/ on the target
 * that decides. */
#ifndef PARE_PRUNE_METER_H
#define PARE_PRUNE_METER_H

#include "base/contract/target.h"
#include "op/infer.h"
#include "prune/settings.h"

typedef struct pare_prune_meter {
    const pare_target *target;
    const pare_infer_opts *shapes; /* every dim known */
    uint64_t batch;           /* inferences that one run with these makes; 0: 1 */
    double other_bytes;       /* of the file, beside constants */
} pare_prune_meter;

typedef struct pare_prune_figures {
    double values[PARE_N_PRUNE_FIGURES]; /* mJ, ms, count, bytes; NaN: the target does not tell */
} pare_prune_figures;

/* Fills the meter so that `model` is file_bytes large (0: as large as its constants). Borrows
 * target and shapes. */
void pare_prune_meter_set(pare_prune_meter *meter, const pare_target *target,
                          const pare_infer_opts *shapes, uint64_t batch, const pare_model *model,
                          uint64_t file_bytes);

/* Measures a model. As pare_infer and pare_estimate_make. */
pare_status pare_prune_measure(pare_ctx *ctx, pare_prune_figures *out,
                               const pare_prune_meter *meter, const pare_model *model);

/* "energy", "multiplications" and so on, for messages. */
const char *pare_prune_figure_name(pare_prune_figure figure);

#endif
