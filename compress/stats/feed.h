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

/* Reads a sample: tensors [data->n_inputs], NULL before, become the caller's to unref; they stay
 * NULL where *skipped (the data set could not read it and was allowed to leave it out). Fails as
 * data->load, whose messages name the file. */
pare_status pare_feed_read(pare_ctx *ctx, const pare_dataset *data, uint64_t sample,
                           struct pare_tensor **tensors, bool *skipped);

/* EFORMAT for NaN among what was read. */
pare_status pare_feed_check(pare_ctx *ctx, const pare_dataset *data,
                            struct pare_tensor *const *tensors);

/* Makes inputs of what was read, out [data->n_inputs], to be dropped with pare_feed_drop: floats
 * become the type that the model takes. ENOMEM. */
pare_status pare_feed_inputs(pare_ctx *ctx, const pare_feed *feed, pare_tensor *const *tensors,
                             pare_eval_input *out);
void pare_feed_drop(pare_ctx *ctx, const pare_feed *feed, pare_eval_input *inputs);

/* Puts the name of a sample in front of the message of a failure that is its fault. Returns st. */
pare_status pare_feed_name(pare_ctx *ctx, const pare_dataset *data, uint64_t sample,
                           pare_status st);

#endif
