#include "op/move.h"
#include "op/mover.h"
#include "op/wide.h"

#include <inttypes.h>

/* What pads below 0 leave of the input is put in its place; then, axis by axis, the planes around
 * it are filled: with a value, or with planes that stand there already. So reflections and
 * repetitions are those of what is left, and wider ones than it go on periodically. */

/* Where the rest of the input goes. */
typedef struct place {
    int64_t from[PARE_MAX_DIMS], to[PARE_MAX_DIMS], size[PARE_MAX_DIMS];
    bool is_empty;
} place;

static void find_place(const pare_tensor *x, const int64_t *begin, const int64_t *end, place *p)
{
    p->is_empty = false;
    for (uint32_t k = 0; k < x->rank; k++) {
        const int64_t dim = x->dims[k];
        const int64_t low = begin[k] >= 0 ? 0 : begin[k] < -dim ? dim : -begin[k];
        const int64_t high = end[k] >= 0 ? dim : end[k] < -dim ? 0 : dim + end[k];
        p->from[k] = low;
        p->to[k] = begin[k] > 0 ? begin[k] : 0;
        p->size[k] = high > low ? high - low : 0;
        p->is_empty = p->is_empty || !p->size[k];
    }
}

static void move_rest(const pare_mover *m, const pare_tensor *x, const pare_tensor *y,
                      const place *p)
{
    int64_t from_strides[PARE_MAX_DIMS];
    pare_box box = { .rank = x->rank };
    pare_strides(x->rank, x->dims, from_strides);
    pare_strides(y->rank, y->dims, box.to_strides);
    for (uint32_t k = 0; k < x->rank; k++) {
        box.dims[k] = p->size[k];
        box.from_strides[k] = from_strides[k];
        box.from += p->from[k] * from_strides[k];
        box.to += p->to[k] * box.to_strides[k];
    }
    pare_mover_box(m, x, &box);
}

/* The plane that a plane r places from the first is like; there are n > 0. */
static int64_t like(int mode, int64_t r, int64_t n)
{
    if (mode == PARE_PAD_EDGE || n == 1) return r < 0 ? 0 : n - 1;
    const int64_t period = mode == PARE_PAD_WRAP ? n : 2 * (n - 1);
    const int64_t at = (r % period + period) % period;
    return at < n ? at : period - at;
}

/* Fills the planes around the place along one axis, in the part of y that is filled so far. */
static void fill_around(const pare_mover *m, const pare_tensor *y, const place *p, uint32_t axis,
                        int mode)
{
    pare_box box = { .rank = y->rank };
    int64_t origin = 0;
    pare_strides(y->rank, y->dims, box.to_strides);
    for (uint32_t k = 0; k < y->rank; k++) {
        box.from_strides[k] = box.to_strides[k];
        box.dims[k] = k < axis ? y->dims[k] : k == axis ? 1 : p->size[k];
        if (k > axis) origin += p->to[k] * box.to_strides[k];
    }
    const int64_t stride = box.to_strides[axis];
    const int64_t first = p->to[axis];
    for (int64_t i = 0; i < y->dims[axis]; i++) {
        if (i == first) i += p->size[axis];
        if (i == y->dims[axis]) break;
        box.to = origin + i * stride;
        box.from = origin + (first + like(mode, i - first, p->size[axis])) * stride;
        pare_mover_box(m, y, &box);
    }
}

/* The value to fill with, a tensor of one element to be unrefed; NULL: the zeros that are there. */
static pare_status get_value(pare_ctx *ctx, const pare_eval_io *io, const pare_tensor *x,
                             pare_tensor **out)
{
    const pare_pad_params *p = io->params;
    pare_tensor *value = io->call->version < 11 || !pare_eval_tensor(io, 2) ? NULL
                                                                            : io->in[2]->tensor;
    *out = NULL;
    if (p->mode != PARE_PAD_CONSTANT) return PARE_OK;
    if (value && (value->dtype != x->dtype || value->n_elements != 1))
        return pare_call_fail(ctx, io->call,
                              "constant_value: expected one %s, found %" PRId64 " of %s",
                              pare_dtype_name(x->dtype), value->n_elements,
                              pare_dtype_name(value->dtype));
    *out = pare_tensor_ref(value);
    if (io->call->version >= 11 || p->value == 0) return PARE_OK;
    if (pare_wide_of(x->dtype) == PARE_WIDE_NONE) return pare_eval_no_type(ctx, io, x->dtype);
    PARE_TRY(pare_tensor_new(ctx, out, x->dtype, 0, NULL));
    pare_wide_store_as(PARE_WIDE_F32, PARE_STORE_DEFAULT, x->dtype, (*out)->owner->data, 0, 1,
                       &p->value);
    return PARE_OK;
}

pare_status pare_pad_eval(pare_ctx *ctx, pare_eval_io *io, const int64_t *begin,
                          const int64_t *end)
{
    const int mode = ((const pare_pad_params *)io->params)->mode;
    const pare_tensor *x = NULL;
    pare_tensor *value = NULL;
    pare_mover m;
    place p;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_mover_out(ctx, io, 0, NULL, &m));
    PARE_TRY(get_value(ctx, io, x, &value));
    const pare_tensor *y = io->out[0].tensor;
    if (value) {
        const pare_box all = { .rank = 1, .dims = { y->n_elements }, .to_strides = { 1 } };
        pare_mover_box(&m, value, &all);
    }
    find_place(x, begin, end, &p);
    if (!p.is_empty) move_rest(&m, x, y, &p);
    else if (mode != PARE_PAD_CONSTANT && y->n_elements)
        return pare_call_fail(ctx, io->call, "input 0: expected an element to repeat, found none");
    for (uint32_t k = 0; mode != PARE_PAD_CONSTANT && y->n_elements && k < y->rank; k++)
        fill_around(&m, y, &p, k, mode);
    const pare_status st = pare_mover_finish(ctx, io, 0);
    pare_tensor_unref(value); /* now that its string is copied */
    return st;
}
