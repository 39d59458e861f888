/* What tells which channels of a width matter least, without looking at what their going does. */
#ifndef PARE_PRUNE_CRITERIA_H
#define PARE_PRUNE_CRITERIA_H

#include "prune/axes.h"
#include "prune/consumers.h"
#include "prune/settings.h"
#include "stats/gram.h"

/* Scales of BatchNormalization nodes, as they are before they are folded. */
typedef struct pare_bn_scales {
    struct pare_bn_scale {
        pare_value_id in, out;
        pare_tensor *scale;   /* a reference */
    } *items;                 /* [n] */
    size_t n;
} pare_bn_scales;

/* ENOMEM. The caller frees it in every case. */
pare_status pare_bn_scales_find(pare_ctx *ctx, pare_bn_scales *out, const pare_model *model);
void pare_bn_scales_free(pare_ctx *ctx, pare_bn_scales *scales);

/* What there is to judge by. */
typedef struct pare_scoring {
    const pare_model *model;
    const pare_axes_found *axes;
    const pare_bn_scales *scales;
    const pare_consumers *consumers;
    const pare_gram *grams;   /* [consumers->n]; moments NULL: not had */
} pare_scoring;

/* Adds scores to those of the classes of a group, scores [axes->n_classes]: those of each layer
 * that has a say are divided by their mean. *n counts these layers. ENOMEM. */
typedef pare_status pare_score_fn(pare_ctx *ctx, const pare_scoring *s, uint32_t group,
                                  double *scores, size_t *n);

typedef struct pare_criterion {
    pare_prune_criterion id;
    const char *name;         /* as settings have it */
    bool needs_data;
    pare_score_fn *score;     /* NULL: removals are tried (prune/order.h) */
} pare_criterion;

/* NULL: it is none for channels; auto: by whether there are data. */
const pare_criterion *pare_criterion_find(pare_prune_criterion id, bool has_data);

#endif
