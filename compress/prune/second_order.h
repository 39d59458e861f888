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

/* The model with the consumer's weights, and its bias where it has one of its own, as they would be
 * now. ENOMEM, EBUDGET. */
pare_status pare_surgeon_write(pare_ctx *ctx, const pare_surgeon *surgeon, pare_model *model);

/* Called when so many classes are gone. */
typedef pare_status pare_removal_seen_fn(void *user, uint32_t n_gone);

typedef struct pare_removal_opts {
    const uint32_t *levels;   /* [n_levels] ascending: at these, `seen` is called */
    size_t n_levels;
    pare_removal_seen_fn *seen;
    void *user;
} pare_removal_opts;

/* The order of the classes that out holds, as many as out->n says. Greedy: always the class next
 * whose removal adds least. Consumers without moments (NULL) count nothing. opts may be NULL.
 * Surgeons are spoilt. ENOMEM. */
pare_status pare_removal_order(pare_ctx *ctx, pare_removal *out, const pare_axes_found *axes,
                               pare_surgeon *const *surgeons, size_t n_surgeons,
                               const pare_removal_opts *opts);

#endif
