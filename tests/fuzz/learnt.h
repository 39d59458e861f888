/* What operators read, learnt from what their resolve functions refuse. */
#ifndef TESTS_FUZZ_LEARNT_H
#define TESTS_FUZZ_LEARNT_H

#include "op/op.h"

#include <stdbool.h>

enum { LEARNT_MAX_ATTRS = 40 };

typedef struct learnt_attr {
    const char *name;
    pare_attr_type type;
    char choices[256];        /* "A, B": what text may be; "": any */
    bool is_needed;
    bool is_refused;          /* while learning: so is what it is set to */
} learnt_attr;

typedef struct learnt_op {
    const pare_op *op;
    learnt_attr attrs[LEARNT_MAX_ATTRS];
    uint32_t n_attrs;
    uint32_t n_recipes;
} learnt_op;

/* All operators that have an eval [*n]; made by the first call. */
const learnt_op *learnt_ops(uint32_t *n);

#endif
