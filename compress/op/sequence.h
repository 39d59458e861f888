/* Parameters of operators on sequences and optionals. */
#ifndef PARE_OP_SEQUENCE_H
#define PARE_OP_SEQUENCE_H

#include "op/eval.h"

typedef struct pare_sequence_empty_params {
    pare_dtype dtype;
} pare_sequence_empty_params;

typedef struct pare_split_to_sequence_params {
    int64_t axis;
    bool keep_dims;           /* only where the sizes are not given */
} pare_split_to_sequence_params;

typedef struct pare_concat_from_sequence_params {
    int64_t axis;
    bool new_axis;            /* stack along a new axis */
} pare_concat_from_sequence_params;

typedef struct pare_optional_params {
    const pare_type *type;    /* of the element, where there is no input; NULL: not given */
} pare_optional_params;

pare_eval_fn pare_sequence_construct_eval, pare_sequence_empty_eval, pare_sequence_insert_eval;
pare_eval_fn pare_sequence_erase_eval, pare_sequence_at_eval, pare_sequence_length_eval;
pare_eval_fn pare_sequence_map_eval, pare_split_to_sequence_eval, pare_concat_from_sequence_eval;

#endif
