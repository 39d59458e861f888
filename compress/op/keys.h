/* Elements as integers that stand in the same order (kernels/order.h). */
#ifndef PARE_OP_KEYS_H
#define PARE_OP_KEYS_H

#include "op/eval.h"
#include "op/wide.h"

/* keys [n] of elements start, start + step, ... of a tensor that has a wide type. */
void pare_keys_load(const pare_tensor *x, int64_t start, int64_t step, int64_t n, int64_t *keys);

#endif
