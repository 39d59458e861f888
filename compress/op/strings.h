/* Parameters of operators on strings, and of ImageDecoder. */
#ifndef PARE_OP_STRINGS_H
#define PARE_OP_STRINGS_H

#include "op/eval.h"

typedef enum pare_case_change {
    PARE_CASE_NONE,
    PARE_CASE_LOWER,
    PARE_CASE_UPPER,
} pare_case_change;

typedef struct pare_string_normalizer_params {
    int case_change;          /* pare_case_change */
    bool is_case_sensitive;   /* of stop words */
    pare_bytes locale;
    const pare_attr *stopwords; /* strings; NULL: none */
} pare_string_normalizer_params;

typedef struct pare_string_split_params {
    pare_bytes delimiter;     /* empty: runs of white space */
    bool has_max;
    int64_t max_split;
} pare_string_split_params;

typedef struct pare_regex_params {
    pare_bytes pattern;       /* RE2 syntax */
} pare_regex_params;

typedef enum pare_tf_idf_mode {
    PARE_TF,
    PARE_IDF,
    PARE_TFIDF,
} pare_tf_idf_mode;

typedef struct pare_tf_idf_params {
    int mode;                 /* pare_tf_idf_mode */
    int64_t min_gram, max_gram, max_skip;
    pare_ints counts, indexes, pool_ints;
    pare_floats weights;
    const pare_attr *pool_strings; /* NULL: pool_ints */
} pare_tf_idf_params;

typedef struct pare_image_decoder_params {
    bool grayscale, bgr;      /* else RGB */
} pare_image_decoder_params;

pare_eval_fn pare_string_concat_eval, pare_string_normalizer_eval, pare_string_split_eval;
pare_eval_fn pare_regex_full_match_eval, pare_tf_idf_eval;

#endif
