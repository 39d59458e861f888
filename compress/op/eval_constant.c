#include "kernels/copy.h"
#include "op/evaluator.h"

#include <inttypes.h>

/* Initializers as values. */

/* Flat position of entry i: its index, or the one that its coordinates make. False: out of range.
 * */
static bool position(const pare_sparse_tensor *s, const int64_t *indices, bool linear, int64_t i,
                     int64_t n, int64_t *out)
{
    int64_t at = linear ? indices[i] : 0;
    for (uint32_t d = 0; !linear && d < s->rank; d++) {
        const int64_t index = indices[i * s->rank + d];
        if (index < 0 || index >= s->dims[d]) return false;
        at = at * s->dims[d] + index;
    }
    *out = at;
    return at >= 0 && at < n;
}

static pare_status scatter(pare_ctx *ctx, const pare_sparse_tensor *s, const pare_tensor *values,
                           const pare_tensor *indices, uint8_t *to, int64_t n)
{
    const uint32_t bits = pare_dtype_of(values->dtype)->bits;
    for (int64_t i = 0; i < values->n_elements; i++) {
        int64_t at = 0;
        if (!position(s, pare_eval_data(indices), indices->rank == 1, i, n, &at))
            return pare_fail(ctx, PARE_EFORMAT,
                             "sparse tensor: expected indices within its dims, found entry %" PRId64
                             " outside",
                             i);
        pare_copy_ref(bits, to, at, 1, values->payload.data, i, 1, 1);
    }
    return PARE_OK;
}

pare_status pare_evaluator_sparse(pare_ctx *ctx, pare_tensor **out,
                                  const pare_sparse_tensor *sparse)
{
    pare_tensor *values = NULL;
    pare_tensor *indices = NULL;
    pare_tensor *dense = NULL;
    *out = NULL;
    if (!sparse->values || !sparse->indices || sparse->indices->dtype != PARE_INT64 ||
        !pare_dtype_of(sparse->values->dtype)->bits)
        return pare_fail(ctx, PARE_EUNSUPPORTED,
                         "sparse tensor: expected numbers as values and int64 indices");
    pare_status st = pare_tensor_densify(ctx, &values, sparse->values);
    if (!st) st = pare_tensor_densify(ctx, &indices, sparse->indices);
    if (!st) st = pare_tensor_new(ctx, &dense, values->dtype, sparse->rank, sparse->dims);
    const int64_t per_entry = indices && indices->rank == 1 ? 1 : sparse->rank;
    if (!st && indices->n_elements != values->n_elements * per_entry)
        st = pare_fail(ctx, PARE_EFORMAT, "sparse tensor: expected an index for each value");
    if (!st) st = scatter(ctx, sparse, values, indices, dense->owner->data, dense->n_elements);
    pare_tensor_unref(values);
    pare_tensor_unref(indices);
    if (st) pare_tensor_unref(dense);
    else *out = dense;
    return st;
}
