/* A survey: what chosen values of a model hold over many samples. One pass, memory that does not
 * grow with the samples, the same result for any number of threads. */
#ifndef PARE_STATS_SURVEY_H
#define PARE_STATS_SURVEY_H

#include "base/contract/dataset.h"

#include "base/pool.h"
#include "ir/model.h"
#include "stats/histogram.h"

enum { PARE_NO_AXIS = INT32_MAX };

/* A value to look at. */
typedef struct pare_survey_item {
    pare_value_id value;      /* float32 of the main graph */
    int32_t axis;             /* along which channels are told apart, -1 the last one; or
                                 PARE_NO_AXIS */
} pare_survey_item;

/* Numbers of one channel, over all samples. */
typedef struct pare_channel_moments {
    double sum, squares;      /* of finite and other numbers alike */
    float min, max;
} pare_channel_moments;

typedef struct pare_survey_value {
    pare_survey_item item;
    pare_histogram histogram;
    pare_channel_moments *channels; /* [n_channels]; NULL without an axis */
    int64_t n_channels;
    uint64_t n_per_channel;   /* numbers in each, over all samples */
    uint64_t n_seen;          /* samples in which the value came to exist */
} pare_survey_value;

typedef struct pare_survey {
    pare_survey_value *values; /* [n] in the order of the items */
    size_t n;
    uint64_t n_samples;
} pare_survey;

typedef struct pare_survey_opts {
    const pare_survey_item *items; /* [n_items] */
    size_t n_items;
    uint64_t first, n_samples; /* of the data set; n_samples 0: to its end */
    const char *phase;        /* of progress; NULL: "calibrate" */
} pare_survey_opts;

/* Runs the model, whose constants need not be folded, over samples. Inputs that the data set does
 * not have must have initializers. EFORMAT for a sample that does not fit or cannot be read, for a
 * value whose number of channels changes; EUSAGE for items that are no float32; what running gives;
 * ENOMEM. The caller frees *out with pare_survey_free. */
pare_status pare_survey_run(pare_ctx *ctx, pare_survey **out, const pare_model *model,
                            const pare_dataset *data, pare_pool *pool,
                            const pare_survey_opts *opts);

void pare_survey_free(pare_ctx *ctx, pare_survey *survey); /* accepts NULL */

#endif
