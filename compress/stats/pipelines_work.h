/* What pipelines*.c share. */
#ifndef PARE_STATS_PIPELINES_WORK_H
#define PARE_STATS_PIPELINES_WORK_H

#include "stats/pipelines.h"

/* What there is to judge by. */
typedef struct pare_judging {
    pare_answers *answers; /* [pipelines] */
    const int64_t *labels; /* [n_samples]; negative: none */
    uint64_t n_samples, seed; /* samples that were looked at so far */
    double n_looks;        /* that are taken at most */
    uint32_t *counts;      /* [n_classes] of scratch memory */
    bool has_twins;
} pare_judging;

/* Agreement, entropy and score of answers; counts [n_classes] is scratch memory. */
void pare_pipeline_rate(pare_pipeline_score *out, const pare_answers *answers, uint32_t *counts,
                        int64_t n_classes);

/* Fills the verdict from the scores. ENOMEM. */
pare_status pare_pipelines_judge(pare_ctx *ctx, pare_pipelines *out, const pare_judging *judging);

/* The twin of an image [1,C,H,W], [1,H,W,C], [1,H,W] or [H,W]: mirrored left to right, or, of one
 * channel, shifted to the right with its edge repeated. *out is NULL when the tensor is no image.
 */
pare_status pare_image_twin(pare_ctx *ctx, pare_tensor **out, const pare_tensor *image);

#endif
