/* Where the samples of one input come from: a format each, one file and one row in
 * source_kind_list.h. Rows count from 0; all but opening and closing may be called by several
 * threads at once. */
#ifndef FORMATS_DATASET_SOURCE_H
#define FORMATS_DATASET_SOURCE_H

#include "formats/dataset/desc.h"
#include "formats/dataset/files.h"
#include "ir/tensor.h"

struct pare_source_kind;

typedef struct pare_source {
    const struct pare_source_kind *kind;
    const pare_input_desc *desc;
    const char *format;          /* that it is read as */
    const pare_data_input *want; /* what the model takes; NULL: not known */
    const char *want_name;       /* of the model's input; "" */
    const char *labels_key;      /* of labels in the same file, which are no input; NULL */
    size_t index;                /* of the input, for formats that give several */
    pare_files *files;           /* borrowed */
    uint64_t n;                  /* rows */
    bool is_whole;               /* rows are tensors as the model takes them, with their batch */
    bool is_fed;                 /* rows come as the network is fed: `preprocess` is done */
    bool has_dims;               /* rows all have these dims [rank], batch left out */
    uint32_t rank;
    int64_t dims[PARE_MAX_DIMS];
    void *self;
} pare_source;

typedef struct pare_source_kind {
    const char *const *formats; /* [n_formats] names in `format` */
    size_t n_formats;

    /* Which of its formats the files are by themselves; NULL: none. */
    const char *(*probe)(pare_ctx *ctx, const pare_files *files);

    /* Fills n, is_whole, dims and self from the rest. EFORMAT, EUNSUPPORTED, EIO, ENOMEM. */
    pare_status (*open)(pare_ctx *ctx, pare_source *s);
    void (*close)(pare_ctx *ctx, pare_source *s);

    /* Hashes of the content of all rows, into out [n]. */
    pare_status (*hash)(pare_ctx *ctx, const pare_source *s, pare_hash128 *out);

    /* A row as a tensor, with a batch of 1 in front unless is_whole; of type `as` where that costs
     * nothing more. EFORMAT naming file or row. */
    pare_status (*read)(pare_ctx *ctx, const pare_source *s, uint64_t row, pare_dtype as,
                        pare_tensor **out);

    /* The file that a row is; NULL for rows of arrays. */
    const char *(*path)(const pare_source *s, uint64_t row);

    /* The classes that the source itself tells, or NULL for kinds that tell none: into out [n].
     * word: what `labels` says, e.g. "coarse"; NULL. */
    pare_status (*labels)(pare_ctx *ctx, const pare_source *s, const char *word, int64_t *out);

    /* The tensor that output number `output` shall be; NULL: the format tells none. */
    pare_status (*expected)(pare_ctx *ctx, const pare_source *s, uint64_t row, size_t output,
                            pare_tensor **out);
} pare_source_kind;

#define PARE_SOURCE_KIND(name) extern const pare_source_kind pare_source_kind_##name;
#include "formats/dataset/source_kind_list.h"
#undef PARE_SOURCE_KIND

/* Finds the format by what desc says, or by the files, and opens it. The fields in front of n are
 * set; on failure there is nothing to close. */
pare_status pare_source_open(pare_ctx *ctx, pare_source *s);
void pare_source_close(pare_ctx *ctx, pare_source *s); /* accepts one that is not open */

/* Name of a row for messages: "SOURCE/PATH" or "SOURCE: row 17". Returns out. */
const char *pare_source_name(const pare_source *s, uint64_t row, char *out, size_t out_bytes);

#endif
