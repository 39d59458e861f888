/* Values at run time, outside of any graph: what a model is given and what it gives. */
#ifndef PARE_IR_DATUM_H
#define PARE_IR_DATUM_H

#include "ir/tensor.h"

/* A value at run time. */
typedef struct pare_datum {
    pare_type_kind kind;      /* NONE: an omitted input or output */
    pare_tensor *tensor;      /* TENSOR: DENSE or STRINGS, one reference */
    struct pare_datum
        *items; /* SEQUENCE: [n_items]; OPTIONAL: the value, if it has one; on the heap */
    size_t n_items;
} pare_datum;

/* Takes one more reference to everything a datum holds. ENOMEM leaves *out NONE. */
pare_status pare_datum_copy(pare_ctx *ctx, pare_datum *out, const pare_datum *from);

/* Lets go of what a datum holds and makes it NONE. */
void pare_datum_drop(pare_ctx *ctx, pare_datum *datum);

/* Drops n datums and frees the array that they stand in. Accepts NULL. */
void pare_datums_free(pare_ctx *ctx, pare_datum *datums, size_t n);

#endif
