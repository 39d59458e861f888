/* Usual ways of feeding a network of images, made from the one in use: what `pare data check`
 * compares. Each differs in one thing, or in colour and numbers together. */
#ifndef FORMATS_DATASET_CANDIDATES_H
#define FORMATS_DATASET_CANDIDATES_H

#include "formats/dataset/preprocess.h"

/* What a candidate changes, as bits. */
enum {
    PARE_CHANGE_COLOR = 1,
    PARE_CHANGE_NUMBERS = 2,
    PARE_CHANGE_PLACE = 4,
};

typedef struct pare_candidate {
    char name[48]; /* "imagenet bgr", "squashed" */
    uint32_t changes;
    pare_preprocess steps;
} pare_candidate;

typedef struct pare_candidate_opts {
    uint32_t channels;      /* of the network's input: 1 or 3 */
    uint32_t width, height; /* likewise; 0: not known, then places are left alone */
    bool is_files;          /* images of any size; else arrays of bytes, all of one size */
} pare_candidate_opts;

enum { PARE_MAX_CANDIDATES = 20 };

/* Writes candidates to out [PARE_MAX_CANDIDATES] and returns how many: the first is `current`
 * itself, the others have other steps, each once. */
size_t pare_candidates_make(pare_candidate *out, const pare_preprocess *current,
                            const pare_candidate_opts *opts);

#endif
