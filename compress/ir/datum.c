#include "ir/datum.h"

/* Sequences hold tensors, and optionals either: the depth of a datum is that of its type, which is
 * bounded, so the recursion below is. */

void pare_datum_drop(pare_ctx *ctx, pare_datum *datum)
{
    pare_tensor_unref(datum->tensor);
    for (size_t i = 0; i < datum->n_items; i++) pare_datum_drop(ctx, &datum->items[i]);
    pare_free(ctx, datum->items);
    *datum = (pare_datum){ .kind = PARE_TYPE_NONE };
}

void pare_datums_free(pare_ctx *ctx, pare_datum *datums, size_t n)
{
    for (size_t i = 0; datums && i < n; i++) pare_datum_drop(ctx, &datums[i]);
    pare_free(ctx, datums);
}

pare_status pare_datum_copy(pare_ctx *ctx, pare_datum *out, const pare_datum *from)
{
    *out = (pare_datum){ .kind = PARE_TYPE_NONE };
    if (!from) return PARE_OK;
    pare_datum copy = { .kind = from->kind };
    if (from->n_items) {
        copy.items = pare_alloc_zero(ctx, from->n_items * sizeof(*copy.items));
        if (!copy.items) return pare_fail_memory(ctx, from->n_items * sizeof(*copy.items));
    }
    for (; copy.n_items < from->n_items; copy.n_items++) {
        const pare_status st =
            pare_datum_copy(ctx, &copy.items[copy.n_items], &from->items[copy.n_items]);
        if (!st) continue;
        pare_datum_drop(ctx, &copy);
        return st;
    }
    copy.tensor = pare_tensor_ref(from->tensor);
    *out = copy;
    return PARE_OK;
}
