#include "base/checked.h"
#include "kernels/window.h"
#include "op/list.h"
#include "op/move.h"
#include "op/mover.h"
#include "op/wide.h"

#include <inttypes.h>
#include <string.h>

/* Blocks are added up where they overlap in the image: block after block, each sum in float, double
 * or 64-bit integers, stored once. */

typedef struct columns {
    pare_window_shape shape;
    int64_t n_taps, n_blocks, plane; /* elements of a block, blocks, elements of an image */
    int64_t *offset;          /* [n_taps] */
    void *sum, *column;       /* [plane], [n_taps], of the wide type */
} columns;

static pare_status check_list(pare_ctx *ctx, const pare_eval_io *io, const char *name,
                              pare_ints list, uint32_t n, int64_t low)
{
    if (list.found && list.n != n)
        return pare_call_fail(ctx, io->call,
                              "attribute '%s': expected %" PRIu32 " numbers, found %" PRIu32, name,
                              n, list.n);
    for (uint32_t i = 0; i < list.n; i++)
        if (list.v[i] < low)
            return pare_call_fail(ctx, io->call,
                                  "attribute '%s': expected %" PRId64 " or more, found %" PRId64,
                                  name, low, list.v[i]);
    return PARE_OK;
}

/* How many blocks fit along axis k; false where the numbers are too large, or none does. */
static bool count_blocks(pare_window_shape *s, uint32_t k, int64_t end)
{
    int64_t extent = 0;
    int64_t padded = 0;
    if (!pare_mul_i64(s->dilation[k], s->kernel[k] - 1, &extent) ||
        !pare_add_i64(s->in[k], s->begin[k], &padded) || !pare_add_i64(padded, end, &padded) ||
        extent >= padded)
        return false;
    s->out[k] = (padded - extent - 1) / s->stride[k] + 1;
    return true;
}

static pare_status read_shape(pare_ctx *ctx, const pare_eval_io *io, columns *c)
{
    const pare_col2im_params *p = io->params;
    const pare_tensor *y = io->out[0].tensor;
    const uint32_t n = y->rank - 2;
    const pare_ints none = { 0 };
    const pare_info *in[3];
    const pare_infer_io as_infer = pare_eval_as_infer(io, in);
    pare_list block;
    PARE_TRY(pare_list_get(ctx, &as_infer, none, 2, &block));
    PARE_TRY(check_list(ctx, io, "dilations", p->dilations, n, 1));
    PARE_TRY(check_list(ctx, io, "pads", p->pads, 2 * n, 0));
    PARE_TRY(check_list(ctx, io, "strides", p->strides, n, 1));
    c->shape.n_axes = (int32_t)n;
    c->n_taps = c->n_blocks = c->plane = 1;
    for (uint32_t k = 0; k < n; k++) {
        pare_window_shape *s = &c->shape;
        s->in[k] = y->dims[k + 2];
        s->kernel[k] = pare_list_at(&block, k).i;
        s->stride[k] = p->strides.found ? p->strides.v[k] : 1;
        s->dilation[k] = p->dilations.found ? p->dilations.v[k] : 1;
        s->begin[k] = p->pads.found ? p->pads.v[k] : 0;
        if (pare_list_at(&block, k).kind != PARE_NUM_INT || s->kernel[k] < 1 ||
            !count_blocks(s, k, p->pads.found ? p->pads.v[n + k] : 0) ||
            !pare_mul_i64(c->n_blocks, s->out[k], &c->n_blocks))
            return pare_call_fail(ctx, io->call,
                                  "block_shape: expected blocks that fit into axis %" PRIu32
                                  " of the image, found %" PRId64 " in %" PRId64,
                                  k, s->kernel[k], s->in[k]);
        c->n_taps *= s->kernel[k]; /* which divides a dim of the input */
        c->plane *= s->in[k];
    }
    return PARE_OK;
}

static void add_plane(const columns *c, const pare_tensor *x, int64_t plane, void *y)
{
    const pare_wide wide = pare_wide_of(x->dtype);
    memset(c->sum, 0, (size_t)c->plane * pare_wide_bytes(wide));
    for (int64_t b = 0; b < c->n_blocks; b++) {
        pare_window_taps_ref(&c->shape, b, c->offset);
        pare_wide_load(x->dtype, pare_eval_data(x), plane * c->n_taps * c->n_blocks + b,
                       c->n_blocks, c->n_taps, c->column);
        if (wide == PARE_WIDE_F32)
            pare_window_add_f32_ref(c->n_taps, c->offset, c->column, c->sum);
        else if (wide == PARE_WIDE_F64)
            pare_window_add_f64_ref(c->n_taps, c->offset, c->column, c->sum);
        else
            pare_window_add_u64_ref(c->n_taps, c->offset, c->column, c->sum);
    }
    pare_wide_store(x->dtype, y, plane * c->plane, c->plane, c->sum);
}

pare_status pare_col2im_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = NULL;
    void *data = NULL;
    columns c = { .offset = NULL };
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    const size_t width = pare_wide_bytes(pare_wide_of(x->dtype));
    if (!width) return pare_eval_no_type(ctx, io, x->dtype);
    PARE_TRY(pare_eval_out(ctx, io, 0, &data));
    const pare_tensor *y = io->out[0].tensor;
    if (!y->n_elements) return PARE_OK;
    PARE_TRY(read_shape(ctx, io, &c));
    if (x->dims[2] != c.n_blocks)
        return pare_call_fail(ctx, io->call,
                              "input 0: expected %" PRId64 " blocks, found %" PRId64, c.n_blocks,
                              x->dims[2]);
    c.offset = pare_alloc(ctx, (size_t)c.n_taps * sizeof(*c.offset));
    c.column = pare_alloc(ctx, (size_t)c.n_taps * width);
    c.sum = pare_alloc(ctx, (size_t)c.plane * width);
    pare_status st = c.offset && c.column && c.sum
                         ? PARE_OK
                         : pare_fail_memory(ctx, (size_t)(c.plane + c.n_taps) * width);
    for (int64_t i = 0; !st && i < x->dims[0] * y->dims[1]; i++) add_plane(&c, x, i, data);
    pare_free(ctx, c.offset);
    pare_free(ctx, c.column);
    pare_free(ctx, c.sum);
    return st;
}
