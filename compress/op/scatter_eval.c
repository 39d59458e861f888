#include "kernels/arithmetic.h"
#include "kernels/copy.h"
#include "op/move.h"
#include "op/mover.h"
#include "op/spread.h"

#include <inttypes.h>

/* The data, then updates one after the other, in row-major order: where two meet, the later one
 * replaces, or is added to and so on. Each step of a reduction is rounded to the element type. */

/* What updates do to an element. */
typedef struct writer {
    pare_mover m;
    pare_dtype dtype;
    const pare_tensor *updates;
    pare_wide wide;           /* NONE: they replace it */
    pare_pair_f32 *f32;
    pare_pair_f64 *f64;
    pare_pair_i64 *i64;
    pare_pair_u64 *u64;
} writer;

static void choose(writer *w, int reduction)
{
    static const writer rows[] = {
        [PARE_SCATTER_ADD] = { .f32 = pare_add_f32_ref, .f64 = pare_add_f64_ref,
                               .i64 = pare_add_i64_ref, .u64 = pare_add_u64_ref },
        [PARE_SCATTER_MUL] = { .f32 = pare_mul_f32_ref, .f64 = pare_mul_f64_ref,
                               .i64 = pare_mul_i64_ref, .u64 = pare_mul_u64_ref },
        [PARE_SCATTER_MAX] = { .f32 = pare_max_f32_ref, .f64 = pare_max_f64_ref,
                               .i64 = pare_max_i64_ref, .u64 = pare_max_u64_ref },
        [PARE_SCATTER_MIN] = { .f32 = pare_min_f32_ref, .f64 = pare_min_f64_ref,
                               .i64 = pare_min_i64_ref, .u64 = pare_min_u64_ref },
    };
    *w = rows[reduction];
}

/* Output 0 as a copy of the data. */
static pare_status copy_data(pare_ctx *ctx, pare_eval_io *io, const pare_tensor *data,
                             pare_mover *m)
{
    PARE_TRY(pare_mover_out(ctx, io, 0, NULL, m));
    pare_mover_run(m, 0, data, 0, data->n_elements);
    return PARE_OK;
}

static pare_status start(pare_ctx *ctx, pare_eval_io *io, writer *w)
{
    const pare_scatter_params *p = io->params;
    const pare_tensor *data = NULL;
    PARE_TRY(pare_eval_need(ctx, io, 0, &data));
    choose(w, p->reduction);
    w->dtype = data->dtype;
    w->updates = pare_eval_tensor(io, 2);
    if (!w->updates || w->updates->dtype != data->dtype)
        return pare_call_fail(ctx, io->call, "updates: expected %s, found %s",
                              pare_dtype_name(data->dtype),
                              w->updates ? pare_dtype_name(w->updates->dtype) : "none");
    if (p->reduction != PARE_SCATTER_NONE) {
        w->wide = pare_wide_of(data->dtype);
        if (w->wide == PARE_WIDE_NONE) return pare_eval_no_type(ctx, io, data->dtype);
    }
    return copy_data(ctx, io, data, &w->m);
}

/* One element, read from the updates at from and combined with the one at to. */
static void combine(const writer *w, int64_t to, int64_t from)
{
    pare_wide_block a;
    pare_wide_block b;
    pare_wide_load(w->dtype, w->m.to, to, 1, 1, &a);
    pare_wide_load(w->dtype, pare_eval_data(w->updates), from, 1, 1, &b);
    switch (w->wide) {
    case PARE_WIDE_F32: a.f32[0] = w->f32(a.f32[0], b.f32[0]); break;
    case PARE_WIDE_F64: a.f64[0] = w->f64(a.f64[0], b.f64[0]); break;
    case PARE_WIDE_I64: a.i64[0] = w->i64(a.i64[0], b.i64[0]); break;
    case PARE_WIDE_U64: a.u64[0] = w->u64(a.u64[0], b.u64[0]); break;
    case PARE_WIDE_NONE: return;
    }
    pare_wide_store(w->dtype, w->m.to, to, 1, &a);
}

/* Runs of updates from element `from` on, at places at [n], which count runs. */
static void write_runs(const writer *w, int64_t from, int64_t run, const int64_t *at, int64_t n)
{
    if (w->wide == PARE_WIDE_NONE) {
        pare_put_ref(w->m.bits, w->m.to, 0, pare_mover_elements(w->updates), from, run, at, n);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < run; k++) combine(w, at[i] * run + k, from + i * run + k);
}

/* --- ScatterElements -------------------------------------------------------------------------- */

static pare_status check_elements(pare_ctx *ctx, const pare_eval_io *io, const pare_tensor *indices,
                                  const pare_tensor *updates, uint32_t axis)
{
    const pare_tensor *y = io->out[0].tensor;
    for (uint32_t k = 0; k < y->rank; k++) {
        if (indices->dims[k] != updates->dims[k])
            return pare_call_fail(ctx, io->call,
                                  "updates: expected %" PRId64 " on axis %" PRIu32
                                  ", as in the indices, found %" PRId64,
                                  indices->dims[k], k, updates->dims[k]);
        if (k != axis && indices->dims[k] > y->dims[k])
            return pare_call_fail(ctx, io->call,
                                  "indices: expected at most %" PRId64 " on axis %" PRIu32
                                  ", found %" PRId64,
                                  y->dims[k], k, indices->dims[k]);
    }
    return PARE_OK;
}

pare_status pare_scatter_elements_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_scatter_params *p = io->params;
    const pare_tensor *indices = NULL;
    int64_t at[PARE_WIDE_BLOCK];
    int64_t strides[PARE_MAX_DIMS];
    uint32_t axis = 0;
    pare_spread s;
    writer w;
    PARE_TRY(start(ctx, io, &w));
    PARE_TRY(pare_eval_need(ctx, io, 1, &indices));
    const pare_tensor *y = io->out[0].tensor;
    PARE_TRY(pare_eval_axis(ctx, io, p->axis, y->rank, &axis));
    PARE_TRY(check_elements(ctx, io, indices, w.updates, axis));
    pare_strides(y->rank, y->dims, strides);
    const int64_t stride = strides[axis];
    strides[axis] = 0;
    pare_spread_start(&s, indices->rank, indices->dims);
    pare_spread_add_strides(&s, strides);
    while (pare_spread_next(&s)) {
        PARE_TRY(pare_eval_indices(ctx, io, "indices", indices, s.out, s.n, y->dims[axis],
                                   io->call->version >= 11, at));
        for (int64_t i = 0; i < s.n; i++) at[i] = s.in[0] + i * s.step[0] + at[i] * stride;
        write_runs(&w, s.out, 1, at, s.n);
    }
    return pare_mover_finish(ctx, io, 0);
}

/* --- ScatterND -------------------------------------------------------------------------------- */

/* Updates are the dims of the indices but the last, then those of the data that are not indexed. */
static pare_status check_slices(pare_ctx *ctx, const pare_eval_io *io, const pare_tensor *indices,
                                const pare_tensor *updates, uint32_t depth)
{
    const pare_tensor *y = io->out[0].tensor;
    for (uint32_t k = 0; k < updates->rank; k++) {
        const int64_t want = k + 1 < indices->rank ? indices->dims[k]
                                                   : y->dims[k + 1 - indices->rank + depth];
        if (updates->dims[k] != want)
            return pare_call_fail(ctx, io->call,
                                  "updates: expected %" PRId64 " on axis %" PRIu32
                                  ", found %" PRId64,
                                  want, k, updates->dims[k]);
    }
    return PARE_OK;
}

pare_status pare_scatter_nd_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *indices = NULL;
    int64_t at[PARE_WIDE_BLOCK];
    writer w;
    PARE_TRY(start(ctx, io, &w));
    PARE_TRY(pare_eval_need(ctx, io, 1, &indices));
    const pare_tensor *y = io->out[0].tensor;
    const uint32_t depth = (uint32_t)indices->dims[indices->rank - 1];
    PARE_TRY(check_slices(ctx, io, indices, w.updates, depth));
    const int64_t n_updates = w.updates->n_elements;
    const int64_t run = pare_count(y->dims, depth, y->rank);
    const int64_t tuples = n_updates ? n_updates / run : 0;
    const int64_t block = depth ? PARE_WIDE_BLOCK / depth : PARE_WIDE_BLOCK;
    for (int64_t i = 0; i < tuples; i += block) {
        const int64_t n = tuples - i < block ? tuples - i : block;
        PARE_TRY(pare_eval_positions(ctx, io, indices, i, n, depth, y->dims, at));
        write_runs(&w, i * run, run, at, n);
    }
    return pare_mover_finish(ctx, io, 0);
}

/* --- TensorScatter ---------------------------------------------------------------------------- */

static pare_status check_cache(pare_ctx *ctx, const pare_eval_io *io, const pare_tensor *update,
                               const pare_tensor *where, uint32_t axis)
{
    const pare_tensor *y = io->out[0].tensor;
    if (!axis)
        return pare_call_fail(ctx, io->call, "attribute 'axis': expected any axis but 0, found 0");
    for (uint32_t k = 0; k < y->rank; k++)
        if (k != axis && update->dims[k] != y->dims[k])
            return pare_call_fail(ctx, io->call,
                                  "update: expected %" PRId64 " on axis %" PRIu32
                                  ", found %" PRId64,
                                  y->dims[k], k, update->dims[k]);
    if (where && (where->dtype != PARE_INT64 || where->n_elements != y->dims[0]))
        return pare_call_fail(ctx, io->call,
                              "write_indices: expected %" PRId64 " of int64, found %" PRId64
                              " of %s",
                              y->dims[0], where->n_elements, pare_dtype_name(where->dtype));
    return PARE_OK;
}

/* Where the first update of a batch goes; later ones follow. */
static pare_status first_place(pare_ctx *ctx, const pare_eval_io *io, const pare_tensor *where,
                               int64_t batch, int64_t n, int64_t dim, int64_t *out)
{
    const bool circular = ((const pare_tensor_scatter_params *)io->params)->circular;
    *out = where ? pare_wide_i64_at(PARE_INT64, pare_eval_data(where), batch) : 0;
    if (*out < 0 || (!circular && (n > dim || *out > dim - n)))
        return pare_call_fail(ctx, io->call,
                              "write_indices: expected room for %" PRId64 " in %" PRId64
                              ", found a start at %" PRId64,
                              n, dim, *out);
    *out = dim ? *out % dim : 0;
    return PARE_OK;
}

pare_status pare_tensor_scatter_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor_scatter_params *p = io->params;
    const pare_tensor *update = NULL;
    const pare_tensor *where = pare_eval_tensor(io, 2);
    uint32_t axis = 0;
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 1, &update));
    PARE_TRY(pare_eval_same_types(ctx, io, 0, 2));
    PARE_TRY(copy_data(ctx, io, pare_eval_tensor(io, 0), &m));
    const pare_tensor *y = io->out[0].tensor;
    PARE_TRY(pare_eval_axis(ctx, io, p->axis, y->rank, &axis));
    PARE_TRY(check_cache(ctx, io, update, where, axis));
    if (!update->n_elements) return PARE_OK;
    const int64_t dim = y->dims[axis];
    const int64_t n = update->dims[axis];
    const int64_t run = pare_count(y->dims, axis + 1, y->rank);
    const int64_t rows = pare_count(y->dims, 1, axis); /* of each batch */
    for (int64_t r = 0; r < y->dims[0] * rows; r++) {
        int64_t first = 0;
        PARE_TRY(first_place(ctx, io, where, r / rows, n, dim, &first));
        if (!dim) return pare_call_fail(ctx, io->call, "expected room for updates, found none");
        for (int64_t done = 0; done < n;) {
            const int64_t rest = n - done < dim - first ? n - done : dim - first;
            pare_mover_run(&m, (r * dim + first) * run, update, (r * n + done) * run, rest * run);
            done += rest;
            first = 0;
        }
    }
    return pare_mover_finish(ctx, io, 0);
}
