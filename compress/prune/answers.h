/* What a model answers for some samples, and how far another one is from that: how sensitive the
 * whole is to what happens to a part. */
#ifndef PARE_PRUNE_ANSWERS_H
#define PARE_PRUNE_ANSWERS_H

#include "base/contract/dataset.h"
#include "base/pool.h"
#include "ir/model.h"

typedef struct pare_answers pare_answers;

/* Runs the model on n samples of the data set, evenly spread over the n_all from `first` on, whose
 * inputs and answers (of the output that is scored, else the first) are kept. As running gives;
 * ENOMEM. The caller frees *out. */
typedef struct pare_answers_opts {
    const pare_dataset *data;
    uint64_t first, n_all, n; /* n at most n_all */
    pare_pool *pool;
} pare_answers_opts;

pare_status pare_answers_new(pare_ctx *ctx, pare_answers **out, const pare_model *model,
                             const pare_answers_opts *opts);
void pare_answers_free(pare_ctx *ctx, pare_answers *answers); /* accepts NULL */

/* How far the answers of a model, with the same inputs and outputs, are from them: mean over rows
 * of the divergence of Kullback and Leibler where these are classes, else squared error by signal;
 * summed in the order of samples. As running gives. */
pare_status pare_answers_distance(pare_ctx *ctx, const pare_answers *answers,
                                  const pare_model *model, double *distance);

#endif
