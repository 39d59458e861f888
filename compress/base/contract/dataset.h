/* Data sets as the library sees them: samples by number, each a tensor per input of the model.
 * Implemented in formats/dataset (formats/dataset/data.h opens one); calibration, evaluation,
 * repair and training read through it. All functions may be called by several threads at once,
 * each with a context of its own. */
#ifndef PARE_BASE_CONTRACT_DATASET_H
#define PARE_BASE_CONTRACT_DATASET_H

#include "base/ctx.h"

#include <stdbool.h>

struct pare_tensor;

enum { PARE_NO_LABEL = -1 };

/* How answers are scored. */
typedef struct pare_data_metric {
    const char *name;           /* "top1" */
    const char *const *command; /* [n_command] an external program and its arguments; NULL: built
                                   in */
    size_t n_command;
    bool higher_is_better; /* of an external one */
} pare_data_metric;

/* What had to be done to the samples, for reports. */
typedef struct pare_dataset_counts {
    uint64_t rows;       /* that the source has */
    uint64_t duplicates; /* left out, as an equal sample is in the source */
    uint64_t conflicts;  /* of them: their label is not that of the one that stayed */
} pare_dataset_counts;

typedef struct pare_dataset {
    uint64_t n; /* samples */
    size_t n_inputs;
    const char *const *inputs; /* [n_inputs] names of model inputs; "" for the only one */
    const bool *has_batch;     /* [n_inputs] the first dim of the input's tensors is a batch of 1:
                                  tensors of several samples may be joined along it. False: the
                                  tensor is what the model takes, as it is (test vectors, states) */
    bool has_labels;
    const char *metric;         /* first one asked for, e.g. "top1"; NULL: none */
    const pare_data_metric *metrics; /* [n_metrics] all of them */
    size_t n_metrics;
    const char *output; /* name of the output that is scored; NULL: the first */
    uint64_t content_hash; /* of the samples and their order; the same for folder, tar and zip */
    char sha256[65];       /* of the samples, their order, their labels, and what is done to them
                              before a model sees them; 64 hexadecimal digits */
    pare_dataset_counts counts;
    const char *golden_sample; /* name of a sample (see `golden`) that the user's own pipeline was
                                  run on; NULL: none */
    void *self;

    /* Makes the tensors of a sample, out [n_inputs], dense, references for the caller. EFORMAT
     * naming the file for a sample that cannot be read; where the user allowed to skip those, OK
     * with all of out NULL: the caller leaves the sample out and counts it. */
    pare_status (*load)(void *self, pare_ctx *ctx, uint64_t sample, struct pare_tensor **out);

    /* Class of a sample, offset applied; PARE_NO_LABEL without one. */
    int64_t (*label)(void *self, uint64_t sample);

    /* The tensor of labels of a sample where they are more than a class (token ids); NULL: there
     * are none. A reference for the caller. */
    pare_status (*labels)(void *self, pare_ctx *ctx, uint64_t sample, struct pare_tensor **out);

    /* The tensor that output number `output` of the model shall be, where the source says so
     * (test vectors); NULL: it does not. *out is NULL for outputs beyond those that it has. A
     * reference for the caller. */
    pare_status (*expected)(void *self, pare_ctx *ctx, uint64_t sample, size_t output,
                            struct pare_tensor **out);

    /* Makes the tensors of the golden sample, like load, and the output that the user's pipeline
     * gave for it; NULL: there is none. */
    pare_status (*golden)(void *self, pare_ctx *ctx, struct pare_tensor **out,
                          struct pare_tensor **output);

    /* Name for messages and lists of worst samples: "val-dev/n01440764_1234.JPEG", "row 17".
     * Written to out, which it returns. */
    const char *(*name)(void *self, uint64_t sample, char *out, size_t out_bytes);

    /* Place of a sample in the source before anything was left out: rows of arrays as they are,
     * files in the order of their names. What a file of predictions counts by. */
    uint64_t (*row)(void *self, uint64_t sample);
} pare_dataset;

#endif
