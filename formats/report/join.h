/* Layers of two models side by side, by name. */
#ifndef FORMATS_REPORT_JOIN_H
#define FORMATS_REPORT_JOIN_H

#include "base/contract/report.h"
#include "base/ctx.h"

typedef struct pare_layer_pair {
    const pare_report_layer *before, *after; /* one of them may be NULL */
} pare_layer_pair;

/* Pairs the layers of `after` (NULL: there is only `before`) with those of the same name of
 * `before`, the first of a name with the first. *pairs, which the caller frees with pare_free, has
 * the layers of `after` in order, then those that only `before` has. ENOMEM. */
pare_status pare_layers_join(pare_ctx *ctx, pare_layer_pair **pairs, size_t *n,
                             const pare_report_model *before, const pare_report_model *after);

/* Energy of a layer, 0 where there is no layer or nothing is known of it. */
double pare_layer_energy(const pare_report_layer *layer);

/* Sorts pairs by the larger energy of the two, the largest first; equal ones stay in order. */
pare_status pare_layers_by_energy(pare_ctx *ctx, pare_layer_pair *pairs, size_t n);

#endif
