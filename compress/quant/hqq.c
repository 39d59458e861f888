#include "quant/hqq.h"

#include <math.h>
#include <string.h>

enum { ROUNDS = 20 };

static const double norm = 0.7, start_beta = 10, beta_growth = 1.01;

typedef struct job {
    pare_weight_codes *codes;
    const pare_linear *linear;
    const float *elements;
    float *rows;              /* [pool size, taps * in] */
} job;

/* One block and its grid. */
typedef struct block {
    const pare_weight_form *form;
    int64_t n;
    const float *x;
} block;

static double code_of(const block *b, double x, double scale, double zero)
{
    const double q = nearbyint(x / scale + zero);
    return q < b->form->low ? b->form->low : q > b->form->high ? b->form->high : q;
}

static double badness(const block *b, double scale, double zero)
{
    double sum = 0;
    for (int64_t i = 0; i < b->n; i++) {
        const double x = (double)b->x[i];
        sum += pow(fabs(x - (code_of(b, x, scale, zero) - zero) * scale), norm);
    }
    return sum;
}

/* The part of an error that counts as an outlier. */
static double shrink(double error, double beta)
{
    const double size = fabs(error);
    const double left = size > 0 ? size - pow(size, norm - 1) / beta : 0;
    return left > 0 ? copysign(left, error) : 0;
}

/* The zero point of least error for a scale, as an integer. */
static int32_t best_zero(const block *b, double scale, int32_t zero)
{
    double z = zero, beta = start_beta, before = INFINITY;
    for (int round = 0; round < ROUNDS; round++, beta *= beta_growth) {
        double sum = 0, mean = 0;
        for (int64_t i = 0; i < b->n; i++) {
            const double x = (double)b->x[i], q = code_of(b, x, scale, z);
            const double error = x - (q - z) * scale;
            mean += fabs(error) / (double)b->n;
            sum += (q - (x - shrink(error, beta)) / scale) / (double)b->n;
        }
        if (!(mean < before)) break;
        before = mean;
        z = sum;
    }
    z = nearbyint(z);
    return z < b->form->low ? b->form->low : z > b->form->high ? b->form->high : (int32_t)z;
}

static void improve(const block *b, int8_t *codes, double scale, int32_t *zero)
{
    const int32_t moved = best_zero(b, scale, *zero);
    if (!(badness(b, scale, moved) < badness(b, scale, *zero))) return;
    *zero = moved;
    for (int64_t i = 0; i < b->n; i++)
        codes[i] = (int8_t)code_of(b, (double)b->x[i], scale, moved);
}

static void run(void *user, uint32_t task, uint32_t worker)
{
    const job *j = user;
    pare_weight_codes *c = j->codes;
    const int64_t n = j->linear->taps * j->linear->in, parts = n / c->row;
    const int64_t size = c->form.block ? c->form.block : c->row;
    float *row = j->rows + worker * n;
    pare_linear_get_row(j->linear, task, j->elements, row);
    for (int64_t p = 0; p < parts; p++)
        for (int64_t k = 0; k < c->blocks; k++) {
            const int64_t r = task * parts + p, at = k * size, left = c->row - at;
            const block b = { &c->form, left < size ? left : size, row + p * c->row + at };
            improve(&b, c->codes + r * c->row + at, (double)c->scales[r * c->blocks + k],
                    &c->zeros[r * c->blocks + k]);
        }
}

pare_status pare_weights_hqq(pare_ctx *ctx, pare_weight_codes *codes, const pare_model *model,
                             const pare_linear *linear, pare_pool *pool)
{
    const size_t n_bytes =
        pare_pool_size(pool) * (size_t)(linear->taps * linear->in) * sizeof(float);
    pare_tensor *w = model->values[linear->weight].tensor;
    pare_tensor *dense = NULL;
    if (codes->form.symmetric || w->dtype != PARE_FLOAT) return PARE_OK;
    PARE_TRY(pare_tensor_densify(ctx, &dense, w));
    job j = { codes, linear, (const float *)(const void *)dense->payload.data,
              pare_alloc(ctx, n_bytes) };
    if (j.rows) pare_pool_run(pool, (uint32_t)linear->out, run, &j);
    const pare_status st = j.rows ? PARE_OK : pare_fail_memory(ctx, n_bytes);
    pare_free(ctx, j.rows);
    pare_tensor_unref(dense);
    return st;
}
