#include "op/matmul.h"

#include "op/reals.h"

#include <string.h>

/* Matrices as rows against rows: pare_gemm's form. */

/* A matrix [rows, columns] with element (i, j) at i * row_step + j * column_step, copied so that
 * rows follow each other. */
static void arrange(void *to, const void *from, int64_t rows, int64_t columns, int64_t row_step,
                    int64_t column_step, size_t width)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            memcpy(pare_at_mut(to, i * columns + j, width),
                   pare_at(from, i * row_step + j * column_step, width), width);
}

/* y = alpha * y + beta * c, c [rows or 1, columns or 1] broadcast. */
static void add_scaled(pare_reals *y, int64_t m, int64_t n, float alpha, float beta,
                       const pare_reals *c, int64_t c_rows, int64_t c_columns)
{
    for (int64_t i = 0; i < m * n; i++) {
        const int64_t at = (c_rows > 1 ? i / n * c_columns : 0) + (c_columns > 1 ? i % n : 0);
        if (y->wide == PARE_WIDE_F64) {
            double *out = (double *)y->owned + i;
            *out *= (double)alpha;
            if (c->data) *out += (double)beta * ((const double *)c->data)[at];
        } else {
            float *out = (float *)y->owned + i;
            *out *= alpha;
            if (c->data) *out += beta * ((const float *)c->data)[at];
        }
    }
}

typedef struct gemm_job {
    int64_t m, n, k;
    pare_reals a, b, c, a_rows, b_rows, y;
} gemm_job;

static pare_status multiply(pare_ctx *ctx, gemm_job *j, const pare_eval_io *io)
{
    const pare_gemm_params *p = io->params;
    const pare_tensor *a = pare_eval_tensor(io, 0);
    const pare_tensor *b = pare_eval_tensor(io, 1);
    const pare_wide wide = pare_reals_wide(a->dtype);
    j->m = a->dims[p->trans_a ? 1 : 0];
    j->k = a->dims[p->trans_a ? 0 : 1];
    j->n = b->dims[p->trans_b ? 0 : 1];
    PARE_TRY(pare_reals_load(ctx, &j->a, a, wide));
    PARE_TRY(pare_reals_load(ctx, &j->b, b, wide));
    PARE_TRY(pare_reals_load(ctx, &j->c, pare_eval_tensor(io, 2), wide));
    PARE_TRY(pare_reals_new(ctx, &j->a_rows, wide, a->n_elements));
    PARE_TRY(pare_reals_new(ctx, &j->b_rows, wide, b->n_elements));
    PARE_TRY(pare_reals_new(ctx, &j->y, wide, j->m * j->n));
    arrange(j->a_rows.owned, j->a.data, j->m, j->k, p->trans_a ? 1 : j->k, p->trans_a ? j->m : 1,
            j->a.width);
    arrange(j->b_rows.owned, j->b.data, j->n, j->k, p->trans_b ? j->k : 1, p->trans_b ? 1 : j->n,
            j->b.width);
    pare_reals_gemm(wide, j->m, j->n, j->k, j->a_rows.data, j->k, j->b_rows.data, j->k, NULL,
                    j->y.owned, j->n);
    return PARE_OK;
}

/* Size of axis `axis` of C counted from the end; 1 where it has none. */
static int64_t c_size(const pare_tensor *c, uint32_t from_end)
{
    return c && c->rank >= from_end ? c->dims[c->rank - from_end] : 1;
}

pare_status pare_gemm_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_gemm_params *p = io->params;
    const pare_tensor *a = pare_eval_tensor(io, 0);
    const pare_tensor *c = pare_eval_tensor(io, 2);
    gemm_job j = { 0 };
    if (!pare_reals_wide(a->dtype)) return pare_eval_no_type(ctx, io, a->dtype);
    pare_status st = multiply(ctx, &j, io);
    const int64_t c_rows = c_size(c, 2);
    const int64_t c_columns = c_size(c, 1);
    if (!st && ((c_rows != 1 && c_rows != j.m) || (c_columns != 1 && c_columns != j.n) ||
                (c && c->rank > 2)))
        st = pare_call_fail(ctx, io->call,
                            "input 2: expected a shape that broadcasts to the output");
    if (!st) {
        add_scaled(&j.y, j.m, j.n, p->alpha, p->beta, &j.c, c_rows, c_columns);
        st = pare_reals_out(ctx, io, 0, &j.y);
    }
    pare_reals *const all[] = { &j.a, &j.b, &j.c, &j.a_rows, &j.b_rows, &j.y };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) pare_reals_free(ctx, all[i]);
    return st;
}
