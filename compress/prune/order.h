/* In which order the classes of every width go, and what that costs. */
#ifndef PARE_PRUNE_ORDER_H
#define PARE_PRUNE_ORDER_H

#include "base/contract/dataset.h"
#include "base/linalg.h"
#include "base/pool.h"
#include "op/infer.h"
#include "prune/answers.h"
#include "prune/consumers.h"
#include "prune/criteria.h"
#include "prune/removal.h"

typedef struct pare_order_opts {
    const pare_criterion *criterion;
    const pare_bn_scales *scales;
    const pare_consumers *consumers;
    const pare_answers *answers; /* of the original: costs are how far answers get from these; NULL:
                                    costs are what the criterion says */
    double answers_part;      /* of all samples, that this asks for */
    const uint32_t *least;    /* [axes->n_groups] classes that stay */
    const pare_dataset *data; /* NULL: none, and no criterion that needs some */
    uint64_t first, n_samples; /* of the data */
    pare_pool *pool;
    const pare_linalg *linalg;
    const pare_infer_opts *shapes; /* that multiplications are counted for */
} pare_order_opts;

/* Removals of groups of which something may go, and that a consumer reads. *n_forwards: how often
 * all samples were run, counted on. As pare_gram_run; ENOMEM. */
pare_status pare_order_groups(pare_ctx *ctx, pare_removals *removals, const pare_model *model,
                              const pare_axes_found *axes, const pare_order_opts *opts,
                              double *n_forwards);

#endif
