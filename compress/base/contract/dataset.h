/* Data sets as the library sees them: samples by number, each a tensor per input of the model.
 * Implemented in formats/dataset; calibration, evaluation, repair and training read through it. */
#ifndef PARE_BASE_CONTRACT_DATASET_H
#define PARE_BASE_CONTRACT_DATASET_H

#include "base/ctx.h"

#include <stdbool.h>

struct pare_tensor;

enum { PARE_NO_LABEL = -1 };

typedef struct pare_dataset {
    uint64_t n; /* samples */
    size_t n_inputs;
    const char *const *inputs; /* [n_inputs] names of model inputs; "" for the only one */
    bool has_labels;
    const char *metric;    /* first one asked for, e.g. "top1"; NULL: none */
    uint64_t content_hash; /* of the samples and their order; the same for folder, tar and zip */
    void *self;

    /* Makes the tensors of a sample, out [n_inputs], references for the caller. Called by several
     * threads at once, each with a context of its own. PARE_EFORMAT naming the file for a sample
     * that cannot be read. */
    pare_status (*load)(void *self, pare_ctx *ctx, uint64_t sample, struct pare_tensor **out);

    /* Class of a sample, offset applied; PARE_NO_LABEL without one. */
    int64_t (*label)(void *self, uint64_t sample);

    /* The tensor of labels of a sample where they are more than a class (token ids); NULL: there
     * are none. A reference for the caller. */
    pare_status (*labels)(void *self, pare_ctx *ctx, uint64_t sample, struct pare_tensor **out);

    /* Name for messages and lists of worst samples: "val-dev/n01440764_1234.JPEG", "row 17".
     * Written to out, which it returns. */
    const char *(*name)(void *self, uint64_t sample, char *out, size_t out_bytes);
} pare_dataset;

#endif
