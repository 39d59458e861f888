/* Surveys as bytes: what a calibration found, kept for the next one. Little-endian, with a version,
 * what it was made of, and a check sum; nothing in it is believed unread. */
#ifndef PARE_STATS_SURVEY_FILE_H
#define PARE_STATS_SURVEY_FILE_H

#include "base/buf.h"
#include "stats/survey.h"

enum { PARE_SURVEY_FILE_VERSION = 1 };

/* What a survey is of. */
typedef struct pare_survey_origin {
    uint64_t model;           /* pare_survey_model_hash */
    uint64_t data;            /* pare_survey_data_hash; 0: none at hand, any will do */
} pare_survey_origin;

/* Of nodes, names and weights; the same whatever file the model came from. ENOMEM. */
pare_status pare_survey_model_hash(pare_ctx *ctx, uint64_t *out, const pare_model *model);

/* Of the samples, their order, and what the first one is made into. What loading gives. */
pare_status pare_survey_data_hash(pare_ctx *ctx, uint64_t *out, const pare_dataset *data);

/* Surveys of one model without axes, over samples that do not overlap; names stand for values.
 * ENOMEM. The caller unrefs *out. */
pare_status pare_survey_encode(pare_ctx *ctx, pare_buf **out, const pare_model *model,
                               const pare_survey *const *surveys, size_t n_surveys,
                               const pare_survey_origin *origin);

/* Reads max_surveys of them at most, for values of this model; out [max_surveys] is filled with
 * NULL beyond those that there are. EFORMAT, saying what is wrong: no such file, cut short or
 * damaged, another version, another model, other data, a value that the model does not have;
 * ENOMEM. */
pare_status pare_survey_decode(pare_ctx *ctx, pare_survey **out, size_t max_surveys,
                               const void *bytes, size_t n_bytes, const pare_model *model,
                               const pare_survey_origin *origin);

#endif
