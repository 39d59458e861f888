/* Parameters of Cast, CastLike and BitCast. */
#ifndef PARE_OP_CAST_H
#define PARE_OP_CAST_H

#include "op/attrs.h"

typedef enum pare_cast_round {
    PARE_CAST_UP,
    PARE_CAST_DOWN,
    PARE_CAST_NEAREST,
} pare_cast_round;

typedef struct pare_cast_params {
    pare_dtype to;            /* UNDEFINED: that of input 1 (CastLike) */
    bool saturate;            /* of float 8 results */
    int round_mode;           /* pare_cast_round, of float8e8m0 results */
} pare_cast_params;

pare_eval_fn pare_cast_eval, pare_bit_cast_eval;

#endif
