/* DATA.yaml as plain data: what the user wrote, checked as far as that goes without looking at the
 * data itself. The grammar is in docs/data.md. */
#ifndef FORMATS_DATASET_DESC_H
#define FORMATS_DATASET_DESC_H

#include "base/arena.h"
#include "base/contract/dataset.h"
#include "formats/dataset/data.h"
#include "formats/dataset/preprocess.h"

enum { PARE_DATA_MAX_SPLITS = 16 };

/* What an input is made from. */
typedef enum pare_fill {
    PARE_FILL_SOURCE, /* samples */
    PARE_FILL_VALUE,  /* the same number everywhere, in the shape that the model has */
    PARE_FILL_FILE,   /* the array of a .npy, the same for all samples */
} pare_fill;

typedef struct pare_input_desc {
    const char *name; /* of the model's input; "" for the only one */
    const char *at;   /* where it stands, for messages: "DATA.yaml:3: " or "" */
    pare_fill fill;
    double value;
    const char *path;   /* of the source, as it is opened */
    const char *format; /* NULL: to be found out */
    const char *key;    /* of the array in a .npz; NULL */
    const pare_preprocess *preprocess; /* NULL: none */
} pare_input_desc;

typedef struct pare_labels_desc {
    const char *at;
    const char *text; /* as written: "folders", a key, a file; NULL: no labels */
    const char *path; /* text as a file */
    const char *key;  /* of the array in it; NULL */
    int64_t offset;
} pare_labels_desc;

typedef enum pare_part {
    PARE_PART_COUNT,   /* first */
    PARE_PART_PERCENT, /* of all, percent */
    PARE_PART_ROWS,    /* first to last */
    PARE_PART_REST,
} pare_part;

typedef struct pare_split_desc {
    const char *at;
    pare_data_split split;
    pare_part part;
    uint64_t first, last;
    double percent;
} pare_split_desc;

typedef struct pare_data_desc {
    const pare_input_desc *inputs; /* [n_inputs] */
    size_t n_inputs;
    pare_labels_desc labels;
    const char *output; /* NULL: the first */
    pare_split_desc splits[PARE_DATA_MAX_SPLITS]; /* [n_splits] as they stand */
    size_t n_splits;
    const char *golden_sample, *golden_output; /* paths; NULL: none */
    const pare_data_metric *metrics;                /* [n_metrics] */
    size_t n_metrics;
    bool skip_unreadable;
    bool is_direct; /* there is no yaml: the path is the source */
    pare_arena arena;
} pare_data_desc;

/* "calibrate", "eval", "train"; "all". */
const char *pare_data_split_name(pare_data_split split);

/* Reads path when it ends in .yaml, .yml or .json, and describes it as the source of the only input
 * otherwise. EFORMAT naming line, key and what was expected. The caller frees *out, also after a
 * failure. */
pare_status pare_data_describe(pare_ctx *ctx, pare_data_desc *out, const char *path);

/* The same for the text of a yaml, which messages call name and whose folder is name's. */
pare_status pare_data_describe_text(pare_ctx *ctx, pare_data_desc *out, const char *name,
                                    const char *text, size_t n_bytes);
void pare_data_desc_free(pare_data_desc *desc);

#endif
