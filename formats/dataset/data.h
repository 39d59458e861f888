/* Opening data sets: a DATA.yaml, or directly a folder, tar, zip, .npz, .npy, IDX file, CIFAR
 * batches or folder of test vectors (docs/data.md has the grammar).
 *
 * Opening reads every sample once, to find duplicates and to choose by content; reading a sample
 * later touches only its own bytes. Memory grows by some 100 bytes per row and 300 per file, never
 * by their content: what is compressed is unpacked once into a temporary file that has no name. */
#ifndef FORMATS_DATASET_DATA_H
#define FORMATS_DATASET_DATA_H

#include "base/contract/dataset.h"
#include "ir/dtype.h"

/* An input of the model that samples are made for. */
typedef struct pare_data_input {
    const char *name;
    pare_dtype dtype;    /* elements are converted to it; UNDEFINED: they stay as they are */
    bool has_shape;
    uint32_t rank;
    const int64_t *dims; /* [rank] -1: any */
} pare_data_input;

/* Which samples. Choices depend on the content of samples only, and are spread over classes in
 * proportion where labels are known; they are then given in the order of the source. */
typedef enum pare_data_split {
    PARE_DATA_ALL,
    PARE_DATA_CALIBRATE, /* what `split` of the yaml calls so; what no part takes where it does not
                            name it; all where there is no `split` */
    PARE_DATA_EVAL,      /* likewise */
    PARE_DATA_TRAIN,     /* likewise */
} pare_data_split;

typedef struct pare_data_choice {
    pare_data_split split;
    uint64_t skip; /* leaves out what a choice of `take = skip` of the same split and seed takes:
                      how calibration and evaluation on one set without a split share no sample */
    uint64_t take; /* at most that many; 0: all that are left */
    uint64_t seed; /* another seed, another choice; a split is the same for every seed */
} pare_data_choice;

typedef struct pare_data_opts {
    const pare_data_input *inputs; /* [n_inputs] of the model; NULL: no model is known */
    size_t n_inputs;
    int64_t n_classes; /* labels must be below it; 0: not known */
    pare_data_choice choice;
    uint64_t max_bytes; /* that a compressed source may unpack to; 0: 64 GiB */
} pare_data_opts;

/* Opens a data set. Warnings go to ctx (duplicates, labels that fit no file). EFORMAT naming file,
 * line or row, what was expected and found, for what is wrong in the description or the data, and
 * when no sample is left; EUNSUPPORTED for sources outside of what is read; EIO, EBUDGET, ENOMEM.
 * The caller closes *out; ctx may go before it when its allocator stays. */
pare_status pare_data_open(pare_ctx *ctx, pare_dataset **out, const char *path,
                           const pare_data_opts *opts);

/* Another choice of the samples of an opened set, without reading them again; each is closed on
 * its own. */
pare_status pare_data_choose(pare_ctx *ctx, pare_dataset **out, const pare_dataset *from,
                             const pare_data_choice *choice);

/* The same samples with other steps between a source and an input: what `pare data check` compares.
 * EUSAGE when the input is not made from a source. Closed on its own. */
struct pare_preprocess;
pare_status pare_data_variant(pare_ctx *ctx, pare_dataset **out, const pare_dataset *from,
                              size_t input, const struct pare_preprocess *steps);

/* What the description says about an input, and about labels. Lives as long as the data set. */
typedef struct pare_data_facts {
    const char *format;                   /* "images", "idx"; NULL: not made from a source */
    const struct pare_preprocess *steps;  /* NULL: none */
    int64_t label_offset;
} pare_data_facts;
pare_data_facts pare_data_facts_of(const pare_dataset *data, size_t input);

/* Whether the yaml has a split of that name. */
bool pare_data_has_split(const pare_dataset *data, pare_data_split split);

void pare_data_close(pare_ctx *ctx, pare_dataset *data); /* accepts NULL */

#endif
