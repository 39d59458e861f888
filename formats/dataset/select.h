/* Which samples: by content and class, never by place. All functions are pure: the same content
 * and classes give the same choice in whatever order the samples lie. */
#ifndef FORMATS_DATASET_SELECT_H
#define FORMATS_DATASET_SELECT_H

#include "formats/dataset/desc.h"
#include "formats/hash.h"

/* The samples of a source, equal ones once. */
typedef struct pare_distinct {
    uint32_t *rows;   /* [n] ascending */
    uint8_t *splits;  /* [n] pare_data_split of each; ALL: of none */
    size_t n;
    uint64_t n_duplicates, n_conflicts; /* left out; of them, with another class than what stayed */
} pare_distinct;

/* Of n rows with these hashes and classes [n] (NULL: none), keeps the first of equal ones. ENOMEM.
 * The caller frees with pare_distinct_free. */
pare_status pare_distinct_find(pare_ctx *ctx, pare_distinct *out, const pare_hash128 *hashes,
                               const int64_t *classes, size_t n);
void pare_distinct_free(pare_ctx *ctx, pare_distinct *distinct); /* accepts zeroes */

/* Shares the samples out among the splits of a description, n_rows being what the source has.
 * EFORMAT where they are too few, or rows overlap or are not there. */
pare_status pare_distinct_split(pare_ctx *ctx, pare_distinct *d, const pare_data_desc *desc,
                                const pare_hash128 *hashes, const int64_t *classes,
                                uint64_t n_rows);

/* Orders rows [n] such that any first part of them is spread over classes in proportion, and is
 * settled by seed, content and classes alone. ENOMEM. */
pare_status pare_spread(pare_ctx *ctx, uint32_t *rows, size_t n, uint64_t seed,
                        const pare_hash128 *hashes, const int64_t *classes);

#endif
