#include "op/product.h"

#include "base/checked.h"
#include "kernels/gemm.h"

#include <string.h>

void pare_product_operand_of(pare_product_operand *out, const pare_tensor *tensor)
{
    int64_t step = 1;
    out->rank = tensor->rank;
    for (uint32_t d = tensor->rank; d-- > 0;) {
        out->dims[d] = tensor->dims[d];
        out->steps[d] = step;
        step *= tensor->dims[d];
    }
}

void pare_product_swap_axes(pare_product_operand *operand, uint32_t i, uint32_t j)
{
    const int64_t dim = operand->dims[i];
    const int64_t step = operand->steps[i];
    operand->dims[i] = operand->dims[j];
    operand->steps[i] = operand->steps[j];
    operand->dims[j] = dim;
    operand->steps[j] = step;
}

static void add_axis(pare_product_axes *axes, int64_t size, int64_t a, int64_t b)
{
    axes->size[axes->n] = size;
    axes->a[axes->n] = a;
    axes->b[axes->n] = b;
    axes->y[axes->n++] = 0;
}

/* Gives the axes of Y, last ones first, steps from *step on. */
static void set_y_steps(pare_product_axes *axes, int64_t *step)
{
    for (uint32_t d = axes->n; d-- > 0;) {
        axes->y[d] = *step;
        *step *= axes->size[d];
    }
}

/* The batch axis that is `from_end` (1: last) of them, size 1 where the operand has none. */
static int64_t batch_axis(const pare_product_operand *x, uint32_t n, uint32_t from_end,
                          int64_t *step)
{
    *step = 0;
    if (from_end > n) return 1;
    const int64_t size = x->dims[n - from_end];
    if (size != 1) *step = x->steps[n - from_end];
    return size;
}

void pare_product_matmul(pare_product *p, const pare_product_operand *a,
                         const pare_product_operand *b)
{
    const uint32_t na = a->rank > 2 ? a->rank - 2 : 0;
    const uint32_t nb = b->rank > 2 ? b->rank - 2 : 0;
    int64_t step = 1;
    p->batch.n = p->rows.n = p->columns.n = p->inner.n = 0;
    for (uint32_t i = na > nb ? na : nb; i > 0; i--) {
        int64_t a_step = 0;
        int64_t b_step = 0;
        const int64_t a_size = batch_axis(a, na, i, &a_step);
        const int64_t b_size = batch_axis(b, nb, i, &b_step);
        add_axis(&p->batch, a_size != 1 ? a_size : b_size, a_step, b_step);
    }
    const uint32_t a_inner = a->rank - 1;
    const uint32_t b_inner = b->rank > 1 ? b->rank - 2 : 0;
    if (a->rank > 1) add_axis(&p->rows, a->dims[a->rank - 2], a->steps[a->rank - 2], 0);
    if (b->rank > 1) add_axis(&p->columns, b->dims[b->rank - 1], 0, b->steps[b->rank - 1]);
    add_axis(&p->inner, a->dims[a_inner], a->steps[a_inner], b->steps[b_inner]);
    set_y_steps(&p->columns, &step);
    set_y_steps(&p->rows, &step);
    set_y_steps(&p->batch, &step);
}

pare_product_type pare_product_type_of(pare_wide wide)
{
    if (wide == PARE_WIDE_F32) return PARE_PRODUCT_F32;
    return wide == PARE_WIDE_F64 ? PARE_PRODUCT_F64 : PARE_PRODUCT_U64;
}

/* --- running ---------------------------------------------------------------------------------- */

static const struct {
    size_t in, out; /* bytes per element */
} widths[] = {
    [PARE_PRODUCT_F32] = { 4, 4 },
    [PARE_PRODUCT_F64] = { 8, 8 },
    [PARE_PRODUCT_U64] = { 8, 8 },
    [PARE_PRODUCT_S16] = { 2, 4 },
};

/* Where the elements of a group of axes lie in both operands and the result. */
typedef struct places {
    int64_t n;
    int64_t *a, *b, *y;       /* [n] each, one block */
} places;

static pare_status find_places(pare_ctx *ctx, places *out, const pare_product_axes *axes)
{
    int64_t at[PARE_MAX_DIMS] = { 0 };
    size_t n = 1;
    size_t n_bytes = 0;
    for (uint32_t d = 0; d < axes->n; d++)
        if (!pare_mul_size(n, (size_t)axes->size[d], &n)) return pare_fail_memory(ctx, SIZE_MAX);
    if (!pare_mul_size(n, 3 * sizeof(int64_t), &n_bytes)) return pare_fail_memory(ctx, SIZE_MAX);
    out->n = (int64_t)n;
    out->a = pare_alloc_zero(ctx, n_bytes + 1);
    if (!out->a) return pare_fail_memory(ctx, n_bytes);
    out->b = out->a + n;
    out->y = out->b + n;
    for (size_t i = 0; i < n; i++) {
        for (uint32_t d = 0; d < axes->n; d++) {
            out->a[i] += at[d] * axes->a[d];
            out->b[i] += at[d] * axes->b[d];
            out->y[i] += at[d] * axes->y[d];
        }
        for (uint32_t d = axes->n; d-- > 0;) {
            if (++at[d] < axes->size[d]) break;
            at[d] = 0;
        }
    }
    return PARE_OK;
}

typedef struct runner {
    pare_product_type type;
    places batch, rows, columns, inner;
    uint8_t *a, *b, *y;       /* of one batch: [rows, inner], [columns, inner], [rows, columns] */
} runner;

static void copy_element(void *to, const void *from, size_t width)
{
    if (width == 4) memcpy(to, from, 4);
    else if (width == 2) memcpy(to, from, 2);
    else memcpy(to, from, 8);
}

enum { STRIP = 16 }; /* rows that are gathered together: in memory they often are side by side */

static void gather(void *to, const void *from, int64_t n, const int64_t *rows, int64_t k,
                   const int64_t *inner, size_t width)
{
    for (int64_t first = 0; first < n; first += STRIP) {
        const int64_t end = n - first < STRIP ? n : first + STRIP;
        for (int64_t p = 0; p < k; p++)
            for (int64_t i = first; i < end; i++)
                copy_element(pare_at_mut(to, i * k + p, width),
                             pare_at(from, rows[i] + inner[p], width), width);
    }
}

static void multiply(const runner *r)
{
    const int64_t m = r->rows.n;
    const int64_t n = r->columns.n;
    const int64_t k = r->inner.n;
    void *a = r->a;
    void *b = r->b;
    void *y = r->y;
    switch (r->type) {
    case PARE_PRODUCT_F32: pare_gemm_f32_ref(m, n, k, a, k, b, k, NULL, y, n); break;
    case PARE_PRODUCT_F64: pare_gemm_f64_ref(m, n, k, a, k, b, k, NULL, y, n); break;
    case PARE_PRODUCT_U64: pare_gemm_u64_ref(m, n, k, a, k, b, k, y, n); break;
    case PARE_PRODUCT_S16:
        pare_gemm_s32_ref(m, n, k, a, k, 0, b, k, NULL, NULL, y, n);
        break;
    }
}

static void run_batch(const runner *r, int64_t i, const void *a, const void *b, void *y)
{
    const size_t in = widths[r->type].in;
    const size_t out = widths[r->type].out;
    if (!i || r->batch.a[i] != r->batch.a[i - 1])
        gather(r->a, pare_at(a, r->batch.a[i], in), r->rows.n, r->rows.a, r->inner.n, r->inner.a,
               in);
    if (!i || r->batch.b[i] != r->batch.b[i - 1])
        gather(r->b, pare_at(b, r->batch.b[i], in), r->columns.n, r->columns.b, r->inner.n,
               r->inner.b, in);
    multiply(r);
    for (int64_t row = 0; row < r->rows.n; row++)
        for (int64_t c = 0; c < r->columns.n; c++)
            copy_element(pare_at_mut(y, r->batch.y[i] + r->rows.y[row] + r->columns.y[c], out),
                         pare_at(r->y, row * r->columns.n + c, out), out);
}

static pare_status make_room(pare_ctx *ctx, uint8_t **out, int64_t n, int64_t m, size_t width)
{
    size_t n_bytes = 0;
    if (!pare_mul_size((size_t)n, (size_t)m, &n_bytes) ||
        !pare_mul_size(n_bytes, width, &n_bytes))
        return pare_fail_memory(ctx, SIZE_MAX);
    *out = pare_alloc(ctx, n_bytes ? n_bytes : 1);
    return *out ? PARE_OK : pare_fail_memory(ctx, n_bytes);
}

static pare_status prepare(pare_ctx *ctx, runner *r, const pare_product *p)
{
    PARE_TRY(find_places(ctx, &r->batch, &p->batch));
    PARE_TRY(find_places(ctx, &r->rows, &p->rows));
    PARE_TRY(find_places(ctx, &r->columns, &p->columns));
    PARE_TRY(find_places(ctx, &r->inner, &p->inner));
    PARE_TRY(make_room(ctx, &r->a, r->rows.n, r->inner.n, widths[r->type].in));
    PARE_TRY(make_room(ctx, &r->b, r->columns.n, r->inner.n, widths[r->type].in));
    return make_room(ctx, &r->y, r->rows.n, r->columns.n, widths[r->type].out);
}

pare_status pare_product_run(pare_ctx *ctx, const pare_product *p, const void *a, const void *b,
                             void *y)
{
    runner r = { .type = p->type };
    const pare_status st = prepare(ctx, &r, p);
    for (int64_t i = 0; !st && i < r.batch.n; i++) run_batch(&r, i, a, b, y);
    void *const all[] = { r.batch.a, r.rows.a, r.columns.a, r.inner.a, r.a, r.b, r.y };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) pare_free(ctx, all[i]);
    return st;
}
