#include "run/lower/lower.h"

#include "op/move.h"
#include "op/wide.h"

#include <string.h>

/* Gather: rows behind an axis, at places that indices name. Indices that are known and equally far
 * apart only say how memory is read. */

enum { BYTES_PER_TASK = 1 << 17 };

typedef struct gather_args {
    pare_laid x, indices, y;  /* plain */
    int64_t n_rows;           /* of y: places before the axis times indices */
    int64_t n_indices, dim;
    int64_t low;              /* of indices: 0 or -dim */
    size_t row_bytes;
    int64_t rows_per_task;
} gather_args;

static int64_t index_at(const gather_args *a, const void *indices, int64_t i)
{
    if (a->indices.dtype == PARE_INT64) return ((const int64_t *)indices)[i];
    return ((const int32_t *)indices)[i];
}

static void run_gather(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const gather_args *a = args;
    const uint8_t *x = pare_laid_address(frame, &a->x);
    const void *indices = pare_laid_address(frame, &a->indices);
    uint8_t *y = pare_laid_address(frame, &a->y);
    const int64_t first = task * a->rows_per_task;
    for (int64_t row = first; row < first + a->rows_per_task && row < a->n_rows; row++) {
        int64_t i = index_at(a, indices, row % a->n_indices);
        if (i < a->low || i >= a->dim) {
            atomic_store(frame->failed, true);
            return;
        }
        if (i < 0) i += a->dim;
        memcpy(y + (size_t)row * a->row_bytes,
               x + (size_t)(row / a->n_indices * a->dim + i) * a->row_bytes, a->row_bytes);
    }
}

/* --- planning --------------------------------------------------------------------------------- */

/* Whether indices are a constant in which each is as much larger than the one before; none lies
 * outside of [low, dim). */
static bool are_regular(const pare_tensor *t, int64_t low, int64_t dim, int64_t *first,
                        int64_t *step)
{
    if (!t || t->n_elements == 0 || (t->rank > 1 && t->n_elements > 1)) return false;
    int64_t last = 0;
    *step = 0;
    for (int64_t i = 0; i < t->n_elements; i++) {
        int64_t at = pare_wide_i64_at(t->dtype, t->payload.data, i);
        if (at < low || at >= dim) return false;
        if (at < 0) at += dim;
        if (i == 0) *first = at;
        if (i == 1) *step = at - last;
        if (i > 1 && at - last != *step) return false;
        last = at;
    }
    return true;
}

/* y as a view of x: one axis of x replaced by those of the indices. */
static pare_status give_view(pare_planner *p, pare_lowering *l, uint32_t axis, uint32_t n_axes,
                             int64_t first, int64_t step)
{
    const pare_laid *x = pare_plan_home(p, pare_lower_in(l, 0));
    pare_laid view = *x;
    for (uint32_t k = 0; k < n_axes; k++) view.strides[axis + k] = step * x->strides[axis];
    for (uint32_t k = axis + 1; k < x->rank; k++) view.strides[k - 1 + n_axes] = x->strides[k];
    view.offset += first * x->strides[axis];
    return pare_plan_part(p, pare_lower_out(l, 0), &view);
}

static pare_status give_rows(pare_planner *p, pare_lowering *l, uint32_t axis, int64_t low,
                             pare_laid *y)
{
    gather_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 0), PARE_FORM_PLAIN, &a->x));
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, 1), PARE_FORM_PLAIN, &a->indices));
    pare_laid_arrange(y, PARE_FORM_PLAIN);
    PARE_TRY(pare_plan_out(p, pare_lower_out(l, 0), y));
    a->y = *y;
    const int64_t n_elements = pare_laid_n_elements(y);
    if (n_elements == 0) return PARE_OK;
    a->dim = a->x.dims[axis];
    a->low = low;
    a->n_indices = pare_laid_n_elements(&a->indices);
    a->n_rows = a->n_indices;
    for (uint32_t k = 0; k < axis; k++) a->n_rows *= a->x.dims[k];
    a->row_bytes = (size_t)(n_elements / a->n_rows) * pare_laid_width(y);
    a->rows_per_task = (int64_t)((BYTES_PER_TASK + a->row_bytes - 1) / a->row_bytes);
    const pare_step step = {
        .run = run_gather, .args = a, .kernel = "gather",
        .n_tasks = (uint32_t)((a->n_rows + a->rows_per_task - 1) / a->rows_per_task),
        .failure = "an index lies outside of its axis",
    };
    /* rows of a constant are read at any address, so that large tables need not be copied for it */
    const bool is_constant = p->plan->buffers[a->x.buffer].kind == PARE_BUFFER_CONSTANT;
    const pare_laid *touches[] = { &a->indices, &a->y, is_constant ? NULL : &a->x };
    return pare_plan_step(p, &step, touches, 3);
}

pare_status pare_lower_gather(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_axis_params *params = l->params;
    pare_laid x, indices, y;
    int64_t first = 0;
    int64_t step = 0;
    if (!pare_plan_has(p, pare_lower_in(l, 0)) || !pare_plan_has(p, pare_lower_in(l, 1)) ||
        !pare_plan_shape(p, pare_lower_in(l, 0), &x) ||
        !pare_plan_shape(p, pare_lower_in(l, 1), &indices) ||
        !pare_plan_shape(p, pare_lower_out(l, 0), &y))
        return PARE_OK;
    if ((indices.dtype != PARE_INT64 && indices.dtype != PARE_INT32) || x.dtype != y.dtype ||
        pare_laid_n_elements(&y) == 0)
        return PARE_OK;
    const uint32_t axis = (uint32_t)(params->axis < 0 ? params->axis + x.rank : params->axis);
    const int64_t low = l->call.version >= 11 ? -x.dims[axis] : 0;
    *done = true;
    if (are_regular(pare_plan_constant(p, pare_lower_in(l, 1)), low, x.dims[axis], &first, &step))
        return give_view(p, l, axis, indices.rank, first, step);
    return give_rows(p, l, axis, low, &y);
}
