/* An opened data set, shared by all choices of its samples. Inside of formats/dataset only. */
#ifndef FORMATS_DATASET_SHARED_H
#define FORMATS_DATASET_SHARED_H

#include "formats/dataset/labels.h"
#include "formats/dataset/select.h"
#include "formats/dataset/source.h"

#include <stdatomic.h>

/* A source that inputs and labels may read from together. */
typedef struct pare_opened {
    const char *path;
    pare_files *files;
} pare_opened;

/* An input of the model and what its tensors are made from. */
typedef struct pare_data_feed {
    const pare_input_desc *desc;
    const pare_data_input *want; /* NULL: no model is known */
    pare_source source;          /* of PARE_FILL_SOURCE */
    pare_tensor *constant;       /* of the others */
    bool has_batch;
} pare_data_feed;

typedef struct pare_shared {
    atomic_uint_least32_t refs;
    pare_data_desc desc; /* its arena holds all that lives as long */
    pare_data_input *wants; /* [n_wants] copies of the model's inputs */
    size_t n_wants;
    pare_opened *opened; /* [n_opened] */
    size_t n_opened, cap_opened;
    pare_data_feed *feeds; /* [n_feeds] */
    size_t n_feeds;
    const pare_source *first; /* of the feeds: it names the samples */
    const char **names;       /* [n_feeds] of the inputs */
    bool *has_batch;          /* [n_feeds] */
    pare_labels labels;
    pare_hash128 *hashes; /* [first->n] of all inputs together */
    pare_distinct distinct;
    uint64_t max_bytes;
} pare_shared;

/* Opens sources, finds equal samples, shares them out. On failure *s is to be closed all the
 * same. */
pare_status pare_shared_open(pare_ctx *ctx, pare_shared *s, const char *path,
                             const pare_data_opts *opts);
void pare_shared_close(pare_ctx *ctx, pare_shared *s); /* what is in it, not s */

/* The files at a path, opened once. They live as long as s. */
pare_status pare_shared_files(pare_ctx *ctx, pare_shared *s, const char *path, pare_files **out);

/* The tensor of a source's row as input `feed` takes it. A reference for the caller. */
pare_status pare_data_feed_read(pare_ctx *ctx, const pare_data_feed *feed,
                                const pare_source *source, uint64_t row, pare_tensor **out);

/* The tensor that a feed of the other kinds gives for every sample; sets constant, has_batch. */
pare_status pare_data_feed_fill(pare_ctx *ctx, pare_data_feed *feed);

/* The golden sample's tensors, out [n_feeds], and the output that is wanted for it. */
pare_status pare_shared_golden(pare_ctx *ctx, pare_shared *s, pare_tensor **out,
                               pare_tensor **output);

#endif
