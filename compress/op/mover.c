#include "op/mover.h"

#include "kernels/copy.h"
#include "op/wide.h"

#include <assert.h>
#include <inttypes.h>

uint32_t pare_mover_bits(pare_dtype dtype)
{
    return dtype == PARE_STRING ? 8 * (uint32_t)sizeof(pare_bytes) : pare_dtype_of(dtype)->bits;
}

const void *pare_mover_elements(const pare_tensor *tensor)
{
    return tensor->encoding == PARE_ENC_STRINGS ? (const void *)tensor->strings
                                                : tensor->payload.data;
}

pare_status pare_mover_out_as(pare_ctx *ctx, pare_eval_io *io, uint32_t i,
                              const pare_tensor *source, pare_dtype dtype, uint32_t rank,
                              const int64_t *dims, pare_mover *m)
{
    m->bits = pare_mover_bits(dtype);
    m->to = NULL;
    if (dtype != PARE_STRING) return pare_eval_out_as(ctx, io, i, dtype, rank, dims, &m->to);
    pare_bytes *strings = NULL;
    PARE_TRY(pare_eval_out_strings(ctx, io, i, rank, dims, &strings,
                                   source ? source->owner : NULL));
    m->to = strings;
    return PARE_OK;
}

pare_status pare_mover_out(pare_ctx *ctx, pare_eval_io *io, uint32_t i, const pare_tensor *source,
                           pare_mover *m)
{
    int64_t dims[PARE_MAX_DIMS];
    PARE_TRY(pare_eval_out_dims(ctx, io, i, dims));
    return pare_mover_out_as(ctx, io, i, source, io->info[i].dtype, io->info[i].rank, dims, m);
}

pare_status pare_mover_finish(pare_ctx *ctx, pare_eval_io *io, uint32_t i)
{
    const pare_tensor *tensor = io->out[i].tensor;
    return tensor->encoding == PARE_ENC_STRINGS ? pare_eval_own_strings(ctx, io, i) : PARE_OK;
}

void pare_mover_run(const pare_mover *m, int64_t to, const pare_tensor *from, int64_t at,
                    int64_t n)
{
    pare_copy_ref(m->bits, m->to, to, 1, pare_mover_elements(from), at, 1, n);
}

/* --- boxes ------------------------------------------------------------------------------------ */

/* Drops axes of size 1 and merges neighbours that are passed as one. False: there is nothing. */
static bool simplify(pare_box *b)
{
    uint32_t kept = 0;
    for (uint32_t d = 0; d < b->rank; d++) {
        if (!b->dims[d]) return false;
        if (b->dims[d] == 1) continue;
        uint32_t k = kept;
        int64_t dim = b->dims[d];
        if (k && b->to_strides[k - 1] == b->to_strides[d] * dim &&
            b->from_strides[k - 1] == b->from_strides[d] * dim)
            dim *= b->dims[--k];
        b->dims[k] = dim;
        b->to_strides[k] = b->to_strides[d];
        b->from_strides[k] = b->from_strides[d];
        kept = k + 1;
    }
    b->rank = kept;
    return true;
}

/* Rows of a plane are copied in tiles where columns are far apart in the source, so that what is
 * read stays in the cache. */
enum { TILE = 32 };

static void move_plane(const pare_mover *m, const void *from, const pare_box *b, int64_t to_at,
                       int64_t from_at)
{
    const uint32_t row = b->rank - 2;
    const uint32_t col = b->rank - 1;
    const bool is_near = b->from_strides[col] >= -1 && b->from_strides[col] <= 1;
    const int64_t width = is_near ? b->dims[col] : TILE;
    for (int64_t c = 0; c < b->dims[col]; c += width) {
        const int64_t n = b->dims[col] - c < width ? b->dims[col] - c : width;
        for (int64_t r = 0; r < b->dims[row]; r++)
            pare_copy_ref(m->bits, m->to,
                          to_at + r * b->to_strides[row] + c * b->to_strides[col],
                          b->to_strides[col], from,
                          from_at + r * b->from_strides[row] + c * b->from_strides[col],
                          b->from_strides[col], n);
    }
}

void pare_mover_box(const pare_mover *m, const pare_tensor *from, const pare_box *box)
{
    pare_box b = *box;
    int64_t at[PARE_MAX_DIMS] = { 0 };
    if (!simplify(&b)) return;
    const void *elements = pare_mover_elements(from);
    if (b.rank < 2) {
        pare_copy_ref(m->bits, m->to, b.to, b.rank ? b.to_strides[0] : 1, elements, b.from,
                      b.rank ? b.from_strides[0] : 1, b.rank ? b.dims[0] : 1);
        return;
    }
    for (;;) {
        move_plane(m, elements, &b, b.to, b.from);
        uint32_t d = b.rank - 2;
        for (; d > 0; d--) {
            b.to += b.to_strides[d - 1];
            b.from += b.from_strides[d - 1];
            if (++at[d - 1] < b.dims[d - 1]) break;
            b.to -= b.dims[d - 1] * b.to_strides[d - 1];
            b.from -= b.dims[d - 1] * b.from_strides[d - 1];
            at[d - 1] = 0;
        }
        if (!d) return;
    }
}

void pare_box_add(pare_box *box, int64_t dim, int64_t to_stride, int64_t from_stride)
{
    if (dim == 1) return;
    assert(box->rank < PARE_MAX_DIMS);
    box->dims[box->rank] = dim;
    box->to_strides[box->rank] = to_stride;
    box->from_strides[box->rank++] = from_stride;
}

void pare_mover_permute(const pare_mover *m, const pare_tensor *from, uint32_t rank,
                        const int64_t *dims, const uint32_t *perm)
{
    int64_t strides[PARE_MAX_DIMS];
    pare_box box = { .rank = rank };
    pare_strides(rank, dims, strides);
    for (uint32_t k = 0; k < rank; k++) {
        box.dims[k] = dims[perm[k]];
        box.from_strides[k] = strides[perm[k]];
    }
    pare_strides(rank, box.dims, box.to_strides);
    pare_mover_box(m, from, &box);
}

/* --- dims and inputs -------------------------------------------------------------------------- */

/* Next to a dim of 0 products may overflow: they wrap, and are not used. */
static int64_t times(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

void pare_strides(uint32_t rank, const int64_t *dims, int64_t *out)
{
    int64_t stride = 1;
    for (uint32_t d = rank; d-- > 0;) {
        out[d] = stride;
        stride = times(stride, dims[d]);
    }
}

int64_t pare_count(const int64_t *dims, uint32_t from, uint32_t to)
{
    int64_t n = 1;
    for (uint32_t d = from; d < to; d++) n = times(n, dims[d]);
    return n;
}

pare_status pare_eval_reshaped(pare_ctx *ctx, pare_eval_io *io, uint32_t i,
                               const pare_tensor *tensor)
{
    int64_t dims[PARE_MAX_DIMS];
    int64_t n = 0;
    PARE_TRY(pare_eval_out_dims(ctx, io, i, dims));
    const uint32_t rank = io->info[i].rank;
    if (pare_tensor_count(ctx, &n, rank, dims) || n != tensor->n_elements)
        return pare_call_fail(ctx, io->call,
                              "shape: expected one of %" PRId64 " elements, found another",
                              tensor->n_elements);
    return pare_eval_out_view(ctx, io, i, tensor, tensor->dtype, rank, dims);
}

pare_status pare_eval_need(pare_ctx *ctx, const pare_eval_io *io, uint32_t i,
                           const pare_tensor **out)
{
    *out = pare_eval_tensor(io, i);
    if (*out) return PARE_OK;
    return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected a tensor, found none", i);
}

pare_status pare_eval_same_types(pare_ctx *ctx, const pare_eval_io *io, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        const pare_tensor *x = NULL;
        PARE_TRY(pare_eval_need(ctx, io, i, &x));
        const pare_dtype first = pare_eval_tensor(io, from)->dtype;
        if (x->dtype != first)
            return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected %s, found %s", i,
                                  pare_dtype_name(first), pare_dtype_name(x->dtype));
    }
    return PARE_OK;
}

pare_status pare_reshape_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = NULL;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    return pare_eval_reshaped(ctx, io, 0, x);
}

pare_infer_io pare_eval_as_infer(const pare_eval_io *io, const pare_info **in)
{
    for (uint32_t i = 0; i < io->n_in; i++) in[i] = io->in[i] ? &io->in_info[i] : NULL;
    return (pare_infer_io){ .call = io->call, .params = io->params, .shapes = io->shapes,
                            .n_in = io->n_in, .n_out = io->n_out, .in = in };
}

pare_status pare_eval_axis(pare_ctx *ctx, const pare_eval_io *io, int64_t axis, uint32_t rank,
                           uint32_t *out)
{
    const pare_infer_io as_infer = { .call = io->call, .shapes = io->shapes };
    return pare_axis(ctx, &as_infer, "attribute 'axis'", axis, rank, out);
}

static pare_status need_index_type(pare_ctx *ctx, const pare_eval_io *io, const char *what,
                                   const pare_tensor *tensor)
{
    if (tensor->dtype == PARE_INT32 || tensor->dtype == PARE_INT64) return PARE_OK;
    return pare_call_fail(ctx, io->call, "%s: expected int32 or int64, found %s", what,
                          pare_dtype_name(tensor->dtype));
}

static pare_status fail_index(pare_ctx *ctx, const pare_eval_io *io, const char *what, int64_t low,
                              int64_t dim, int64_t found, int64_t at)
{
    return pare_call_fail(ctx, io->call,
                          "%s: expected %" PRId64 " to %" PRId64 ", found %" PRId64
                          " as element %" PRId64,
                          what, low, dim - 1, found, at);
}

pare_status pare_eval_positions(pare_ctx *ctx, const pare_eval_io *io, const pare_tensor *tensor,
                                int64_t at, int64_t n, uint32_t depth, const int64_t *dims,
                                int64_t *out)
{
    int64_t index[PARE_WIDE_BLOCK];
    int64_t strides[PARE_MAX_DIMS];
    assert(n * depth <= PARE_WIDE_BLOCK);
    PARE_TRY(need_index_type(ctx, io, "indices", tensor));
    pare_wide_load(tensor->dtype, pare_eval_data(tensor), at * depth, 1, n * depth, index);
    pare_strides(depth, dims, strides);
    const int64_t bad = pare_positions_ref(depth, dims, strides, n, index, out);
    if (bad < 0) return PARE_OK;
    const int64_t dim = dims[bad % depth];
    return fail_index(ctx, io, "indices", -dim, dim, index[bad], at * depth + bad);
}

pare_status pare_eval_indices(pare_ctx *ctx, const pare_eval_io *io, const char *what,
                              const pare_tensor *tensor, int64_t at, int64_t n, int64_t dim,
                              bool negative, int64_t *out)
{
    assert(n <= PARE_WIDE_BLOCK);
    PARE_TRY(need_index_type(ctx, io, what, tensor));
    pare_wide_load(tensor->dtype, pare_eval_data(tensor), at, 1, n, out);
    const int64_t low = negative ? -dim : 0;
    const int64_t bad = pare_from_front_ref(low, dim, n, out);
    return bad < 0 ? PARE_OK : fail_index(ctx, io, what, low, dim, out[bad], at + bad);
}
