/* Parameters of com.microsoft.GatherBlockQuantized. */
#ifndef PARE_OP_BLOCK_GATHER_H
#define PARE_OP_BLOCK_GATHER_H

#include "op/attrs.h"

typedef struct pare_block_gather_params {
    int64_t gather_axis, quantize_axis; /* as given: may be negative */
    int64_t bits;             /* of an element, in data of uint8; else the type's */
    int64_t block_size;       /* elements that share a scale */
} pare_block_gather_params;

pare_eval_fn pare_block_gather_eval; /* op/eval.h */

#endif
