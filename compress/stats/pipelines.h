/* Which way of feeding a network is right: pipelines of preprocessing compared on the same samples.
 *
 * With labels by accuracy, allowing for labels that are counted from another number. Without labels
 * by how a network behaves that sees what it was trained on: it answers a sample and its twin (the
 * image mirrored; shifted by a fourteenth where there is one channel, since mirrored digits are no
 * digits) alike, and over many samples it gives many classes. Alike is 1 / rank of the one's class
 * in the other's answer, both ways. The score is the product of both. How sure a network is of its
 * answers says nothing: one that is fed wrongly is often surest.
 *
 * A pipeline is better than the one in use only where a paired test says so: McNemar's for labels,
 * for the score one that swaps the pipelines' answers sample by sample, both times corrected for
 * the number of pipelines that were tried and of looks that may be taken: samples are doubled until
 * the answer is clear, or there are no more. */
#ifndef PARE_STATS_PIPELINES_H
#define PARE_STATS_PIPELINES_H

#include "base/pool.h"
#include "ir/model.h"
#include "stats/paired.h"

struct pare_dataset;

typedef struct pare_pipeline {
    const char *name;
    const struct pare_dataset *data; /* the same samples for all */
} pare_pipeline;

typedef struct pare_pipelines_opts {
    pare_pool *pool;
    size_t input;          /* of data->inputs: the image */
    const char *output;    /* of the model; NULL: the first */
    const uint64_t *samples; /* [n_samples] to look at; NULL: the first ones of data */
    uint64_t n_samples;
    uint64_t seed;
} pare_pipelines_opts;

/* Labels may be off by -1, 0 or 1: index 0 to 2 of what is counted for each. */
enum { PARE_N_OFFSETS = 3 };

typedef struct pare_pipeline_score {
    uint64_t n;                       /* samples: fewer where it was soon out of the question */
    uint64_t n_right[PARE_N_OFFSETS]; /* answers that are label - 1, label, label + 1 */
    double agreement;                 /* how alike samples and their twins are answered, 0 to 1 */
    double entropy;                   /* of the distribution of classes, 0 to 1: as even as it
                                         can be with so many samples */
    double score;                     /* agreement times entropy; NaN: there are no twins */
} pare_pipeline_score;

typedef struct pare_pipelines {
    size_t n;
    pare_pipeline_score *scores; /* [n] */
    int64_t n_classes;
    uint64_t n_samples, n_labelled; /* that were looked at */
    bool labels_fit;   /* some pipeline is right more often than guessing would be */
    int64_t offset;    /* to be added to labels */
    double offset_p;   /* of the test that says so; 1 when it is 0 */
    bool by_labels;    /* what `best` was found by */
    size_t best;       /* the best pipeline among those with all samples */
    double p_value;    /* that it is better than the first by chance only, corrected; 1: it is the
                          first */
    bool is_offset;    /* the offset is beyond doubt */
    bool is_better;    /* best is not the first, beyond doubt and by so much that it matters */
} pare_pipelines;

/* Compares list [n], of which the first is the one in use. EFORMAT when samples have different
 * shapes or do not fit the model, EUNSUPPORTED when the output is no row of classes; as running
 * the model; ENOMEM, ECANCELED. */
pare_status pare_pipelines_compare(pare_ctx *ctx, pare_pipelines *out, const pare_model *model,
                                   const pare_pipeline *list, size_t n,
                                   const pare_pipelines_opts *opts);
void pare_pipelines_free(pare_ctx *ctx, pare_pipelines *pipelines); /* accepts zeroes */

/* What a network made of samples, in the order in which they are looked at. */
typedef struct pare_answers {
    int32_t *of[2]; /* [n] classes of samples, and of their twins */
    float *alike;   /* [n] 0 to 1 */
    uint64_t n;
} pare_answers;

/* Probability that answers exchanged at random between two pipelines, of as many samples, differ in
 * score by as much as these do. ENOMEM. */
pare_status pare_pipelines_p_value(pare_ctx *ctx, double *out, const pare_answers *a,
                                   const pare_answers *b, int64_t n_classes, uint64_t seed);

#endif
