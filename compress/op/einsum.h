/* Parameters of Einsum. */
#ifndef PARE_OP_EINSUM_H
#define PARE_OP_EINSUM_H

#include "op/shape.h"

typedef struct pare_einsum_params {
    pare_bytes equation;      /* checked: letters, commas, spaces, "...", at most one "->" */
} pare_einsum_params;

#endif
