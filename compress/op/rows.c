#include "op/rows.h"

#include "base/checked.h"
#include "op/reals.h"

/* Appends an axis to a list that is given from the innermost one on; it is merged with the one
 * before where that passes into it. */
static void add_axis(uint32_t *n, int64_t *dims, int64_t *steps, int64_t dim, int64_t step)
{
    if (dim == 1) return;
    if (*n && steps[*n - 1] * dims[*n - 1] == step) {
        dims[*n - 1] *= dim;
        return;
    }
    dims[*n] = dim;
    steps[(*n)++] = step;
}

/* Of the dims with this mark. What does not fit belongs to a tensor without elements; room for it
 * is refused where it is asked for. */
static int64_t product_of(uint32_t rank, const int64_t *dims, const bool *marks, bool mark)
{
    int64_t n = 1;
    for (uint32_t d = 0; d < rank; d++)
        if (marks[d] == mark && !dims[d]) return 0;
    for (uint32_t d = 0; d < rank; d++)
        if (marks[d] == mark && __builtin_mul_overflow(n, dims[d], &n)) return INT64_MAX;
    return n;
}

/* Lists run from the innermost axis outwards. */
void pare_rows_start(pare_rows *r, uint32_t rank, const int64_t *dims, const bool *marks)
{
    int64_t step = 1;
    r->n = product_of(rank, dims, marks, true);
    r->n_rows = product_of(rank, dims, marks, false);
    if (!r->n_rows) r->n = 0;
    r->at = r->start = 0;
    r->n_inner = r->n_outer = 0;
    r->inner_dims[0] = r->inner_steps[0] = 1;
    if (!r->n) return;
    for (uint32_t d = rank; d-- > 0;) {
        if (marks[d]) add_axis(&r->n_inner, r->inner_dims, r->inner_steps, dims[d], step);
        else add_axis(&r->n_outer, r->outer_dims, r->outer_steps, dims[d], step);
        step *= dims[d];
    }
}

void pare_rows_start_at(pare_rows *r, uint32_t rank, const int64_t *dims, uint32_t from,
                        uint32_t to)
{
    bool marks[PARE_MAX_DIMS] = { false };
    for (uint32_t d = from; d < to; d++) marks[d] = true;
    pare_rows_start(r, rank, dims, marks);
}

void pare_rows_go(pare_rows *r, int64_t i)
{
    r->at = i;
    r->start = 0;
    for (uint32_t k = 0; k < r->n_outer; k++) {
        r->start += i % r->outer_dims[k] * r->outer_steps[k];
        i /= r->outer_dims[k];
    }
}

/* Index of the first element of run i of the row, a run being what its innermost axis passes. */
static int64_t run_start(const pare_rows *r, int64_t i)
{
    int64_t start = r->start;
    for (uint32_t k = 1; k < r->n_inner; k++) {
        start += i % r->inner_dims[k] * r->inner_steps[k];
        i /= r->inner_dims[k];
    }
    return start;
}

void pare_rows_load(const pare_rows *r, pare_wide wide, const pare_tensor *tensor, void *out)
{
    const size_t width = pare_wide_bytes(wide);
    const int64_t run = r->inner_dims[0];
    for (int64_t i = 0; i < r->n; i += run)
        pare_wide_load_as(wide, tensor->dtype, pare_eval_data(tensor), run_start(r, i / run),
                          r->inner_steps[0], run, pare_at_mut(out, i, width));
}

void pare_rows_store(const pare_rows *r, pare_wide wide, pare_dtype dtype, void *data,
                     const void *x)
{
    const size_t width = pare_wide_bytes(wide);
    const int64_t step = r->inner_steps[0];
    const int64_t run = r->inner_dims[0];
    for (int64_t i = 0; i < r->n; i += run) {
        const int64_t start = run_start(r, i / run);
        const int64_t n = step == 1 ? run : 1; /* stores are of neighbours */
        for (int64_t k = 0; k < run; k += n)
            pare_wide_store_as(wide, PARE_STORE_DEFAULT, dtype, data, start + k * step, n,
                               pare_at(x, i + k, width));
    }
}

pare_status pare_rows_room(pare_ctx *ctx, const pare_rows *r, pare_wide wide, void **out)
{
    size_t n_bytes = 0;
    if (!pare_mul_size((size_t)r->n, pare_wide_bytes(wide), &n_bytes))
        return pare_fail_memory(ctx, SIZE_MAX);
    *out = pare_alloc(ctx, n_bytes ? n_bytes : 1);
    return *out ? PARE_OK : pare_fail_memory(ctx, n_bytes);
}

pare_status pare_rows_map(pare_ctx *ctx, pare_eval_io *io, pare_wide wide, pare_rows *r,
                          pare_row_fn *fn)
{
    const pare_tensor *x = pare_eval_tensor(io, 0);
    void *row = NULL;
    void *y = NULL;
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    PARE_TRY(pare_rows_room(ctx, r, wide, &row));
    for (int64_t i = 0; r->n && i < r->n_rows; i++) {
        pare_rows_go(r, i);
        pare_rows_load(r, wide, x, row);
        fn(io->params, wide, r->n, row);
        pare_rows_store(r, wide, io->out[0].tensor->dtype, y, row);
    }
    pare_free(ctx, row);
    return PARE_OK;
}
