/* What removing channels costs once the rest has made up for it, as well as least squares can
 * (optimal brain surgeon: LeCun 1990, Hassibi 1993; for channels OSSCAR, Meng 2024). */
#ifndef PARE_PRUNE_SECOND_ORDER_H
#define PARE_PRUNE_SECOND_ORDER_H

#include "base/linalg.h"
#include "prune/consumers.h"
#include "prune/removal.h"
#include "stats/gram.h"

/* One consumer under the knife. */
typedef struct pare_surgeon pare_surgeon;

/* From the moments of the consumer's rows, and its weights in the model. EFORMAT when weights are
 * no numbers; ENOMEM. The caller frees *out. */
pare_status pare_surgeon_new(pare_ctx *ctx, pare_surgeon **out, const pare_linalg *linalg,
                             const pare_model *model, const pare_consumer *consumer,
                             const pare_gram *gram);
void pare_surgeon_free(pare_ctx *ctx, pare_surgeon *surgeon); /* accepts NULL */

/* Greedy: always the class next whose removal adds least. Consumers without moments (NULL) count
 * nothing. ENOMEM; the caller frees what it gets with pare_removal_free. Surgeons are spoilt. */
pare_status pare_removal_order(pare_ctx *ctx, pare_removal *out, const pare_axes_found *axes,
                               uint32_t group, pare_surgeon *const *surgeons, size_t n_surgeons);

#endif
