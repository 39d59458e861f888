/* Samples of a data set as inputs of a model: which is which, and in the type that it takes. */
#ifndef PARE_STATS_FEED_H
#define PARE_STATS_FEED_H

#include "base/contract/dataset.h"

#include "op/eval.h"

/* How inputs of a data set are called, and of what type they are, in a model. */
typedef struct pare_feed {
    const pare_dataset *data;
    const char **names;       /* [data->n_inputs] the model's */
    pare_dtype *dtypes;       /* [data->n_inputs]; UNDEFINED: any */
} pare_feed;

/* Finds each input of the data by its name; where both have just one, that. EFORMAT when data do
 * not say for which input they are; ENOMEM. The caller frees what it holds with pare_feed_end in
 * every case. */
pare_status pare_feed_begin(pare_ctx *ctx, pare_feed *feed, const pare_dataset *data,
                            const pare_model *model);
void pare_feed_end(pare_ctx *ctx, pare_feed *feed);

/* Makes the inputs of a sample, out [data->n_inputs], to be dropped with pare_feed_drop; floats
 * become the type that the model takes. *skipped: the data set could not read it and was allowed to
 * leave it out. EFORMAT, naming the sample, for what cannot be read and for NaN. */
pare_status pare_feed_load(pare_ctx *ctx, const pare_feed *feed, uint64_t sample,
                           pare_eval_input *out, bool *skipped);
void pare_feed_drop(pare_ctx *ctx, const pare_feed *feed, pare_eval_input *inputs);

#endif
