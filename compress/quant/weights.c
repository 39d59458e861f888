#include "quant/weights.h"

#include "base/checked.h"
#include "op/wide.h"

#include <math.h>
#include <string.h>

/* The elements as float32, in a dense tensor. */
static pare_status load(pare_ctx *ctx, const pare_value *v, pare_tensor **out)
{
    pare_tensor *dense = NULL;
    PARE_TRY(pare_tensor_densify(ctx, &dense, v->tensor));
    *out = dense;
    if (dense->dtype == PARE_FLOAT) return PARE_OK;
    *out = NULL;
    pare_status st = PARE_OK;
    const pare_wide wide = pare_wide_of(dense->dtype);
    if (wide != PARE_WIDE_F32 && wide != PARE_WIDE_F64)
        st = pare_fail(ctx, PARE_EFORMAT, "weights '%s': expected floats, found %s", v->name,
                       pare_dtype_name(dense->dtype));
    if (!st) st = pare_tensor_new(ctx, out, PARE_FLOAT, dense->rank, dense->dims);
    if (!st)
        pare_wide_load_as(PARE_WIDE_F32, dense->dtype, dense->payload.data, 0, 1,
                          dense->n_elements, (uint8_t *)(uintptr_t)(*out)->payload.data);
    pare_tensor_unref(dense);
    return st;
}

typedef struct job {
    const pare_linear *linear;
    const pare_weight_opts *opts;
    const float *elements;
    pare_weight_codes *codes;
    float *rows;              /* [pool size * row] */
    int64_t *bad;             /* [pool size] a row that is not finite; -1: none */
    int64_t per_task;
    float scale;              /* of all rows; 0: each has its own */
} job;

static bool is_finite(const float *x, int64_t n)
{
    float sum = 0; /* NaN if any is NaN or infinite: 0 * x */
    for (int64_t i = 0; i < n; i++) sum += 0 * x[i];
    return sum == 0;
}

static void get_row(const pare_linear *l, const pare_weight_codes *c, int64_t r,
                    const float *elements, float *row)
{
    if (!c->taps_apart) {
        pare_linear_get_row(l, r, elements, row);
        return;
    }
    const float *from = elements + pare_linear_at(l, r / l->taps, r % l->taps, 0);
    for (int64_t i = 0; i < l->in; i++) row[i] = from[i * l->at_in];
}

static void quantize_rows(void *user, uint32_t task, uint32_t worker)
{
    const job *j = user;
    pare_weight_codes *c = j->codes;
    float *row = j->rows + worker * c->row;
    for (int64_t k = 0, o = task * j->per_task; k < j->per_task && o < c->n_rows; k++, o++) {
        const pare_row_codes out = { c->codes + o * c->row, c->scales + o * c->blocks,
                                     c->zeros + o * c->blocks };
        get_row(j->linear, c, o, j->elements, row);
        const float *importance = j->opts->importance;
        if (importance && c->taps_apart) importance += o % j->linear->taps * c->row;
        if (!is_finite(row, c->row)) j->bad[worker] = o;
        else if (j->scale != 0) pare_row_round_to(&c->form, j->scale, c->row, row, &out);
        else if (j->opts->fit)
            pare_row_fit(&c->form, j->opts->signed_scale, c->row, row, importance, &out);
        else pare_row_round(&c->form, j->opts->signed_scale, c->row, row, &out);
    }
}

static pare_status new_codes(pare_ctx *ctx, pare_weight_codes **out, const pare_linear *l,
                             const pare_weight_opts *opts)
{
    pare_weight_codes *c = *out = pare_alloc_zero(ctx, sizeof(*c));
    if (!c) return pare_fail_memory(ctx, sizeof(*c));
    c->form = opts->form;
    c->taps_apart = opts->taps_apart;
    c->n_rows = l->out * (c->taps_apart ? l->taps : 1);
    c->row = l->in * (c->taps_apart ? 1 : l->taps);
    c->blocks = pare_row_blocks(&c->form, c->row);
    const size_t n = (size_t)(c->n_rows * c->row), n_scales = (size_t)(c->n_rows * c->blocks);
    c->codes = pare_alloc(ctx, n);
    c->scales = pare_alloc(ctx, n_scales * sizeof(float));
    c->zeros = pare_alloc(ctx, n_scales * sizeof(int32_t));
    return c->codes && c->scales && c->zeros ? PARE_OK : pare_fail_memory(ctx, n);
}

void pare_weight_codes_free(pare_ctx *ctx, pare_weight_codes *codes)
{
    if (!codes) return;
    pare_free(ctx, codes->codes);
    pare_free(ctx, codes->scales);
    pare_free(ctx, codes->zeros);
    pare_free(ctx, codes);
}

static pare_status run_rows(pare_ctx *ctx, job *j, pare_pool *pool, const char *name)
{
    const uint32_t n_workers = pare_pool_size(pool);
    const pare_weight_codes *c = j->codes;
    j->rows = pare_alloc(ctx, n_workers * (size_t)c->row * sizeof(float));
    j->bad = pare_alloc(ctx, n_workers * sizeof(*j->bad));
    j->per_task = 1 + (1 << 14) / c->row; /* enough work that sharing it out costs nothing */
    pare_status st = j->rows && j->bad ? PARE_OK : pare_fail_memory(ctx, (size_t)c->row);
    for (uint32_t w = 0; !st && w < n_workers; w++) j->bad[w] = -1;
    if (!st)
        pare_pool_run(pool, (uint32_t)((c->n_rows + j->per_task - 1) / j->per_task),
                      quantize_rows, j);
    for (uint32_t w = 0; !st && w < n_workers; w++)
        if (j->bad[w] >= 0)
            st = pare_fail(ctx, PARE_EFORMAT,
                           "weights '%s': expected finite numbers, found NaN or infinity", name);
    pare_free(ctx, j->rows);
    pare_free(ctx, j->bad);
    return st;
}

/* The largest scale that a row has. Rows that are not finite are found when they are rounded. */
static pare_status find_common_scale(pare_ctx *ctx, job *j)
{
    const pare_weight_codes *c = j->codes;
    float *row = pare_alloc(ctx, (size_t)c->row * sizeof(*row));
    if (!row) return pare_fail_memory(ctx, (size_t)c->row * sizeof(*row));
    for (int64_t o = 0; o < c->n_rows; o++) {
        get_row(j->linear, c, o, j->elements, row);
        bool is_zero = true;
        for (int64_t i = 0; i < c->row; i++) is_zero &= row[i] == 0;
        if (is_zero) continue;
        j->scale = fmaxf(j->scale, pare_row_scale(&c->form, false, c->row, row));
    }
    if (j->scale == 0) j->scale = 1;
    pare_free(ctx, row);
    return PARE_OK;
}

pare_status pare_weights_quantize(pare_ctx *ctx, pare_weight_codes **out, const pare_model *model,
                                  const pare_linear *linear, pare_pool *pool,
                                  const pare_weight_opts *opts)
{
    const pare_value *v = &model->values[linear->weight];
    pare_tensor *dense = NULL;
    *out = NULL;
    PARE_TRY(load(ctx, v, &dense));
    pare_status st = new_codes(ctx, out, linear, opts);
    job j = { .linear = linear, .opts = opts, .codes = *out };
    if (!st) {
        j.elements = (const float *)(const void *)dense->payload.data;
        if (opts->per_tensor) st = find_common_scale(ctx, &j);
        if (!st) st = run_rows(ctx, &j, pool, v->name);
    }
    pare_tensor_unref(dense);
    if (st) {
        pare_weight_codes_free(ctx, *out);
        *out = NULL;
    }
    return st;
}

/* --- scales of other types -------------------------------------------------------------------- */

static float rounded(pare_dtype type, float x)
{
    uint64_t room = 0;
    pare_wide_store_as(PARE_WIDE_F32, PARE_STORE_DEFAULT, type, &room, 0, 1, &x);
    pare_wide_load_as(PARE_WIDE_F32, type, &room, 0, 1, 1, &x);
    return x;
}

/* The number of the type that is next to a scale: neither 0 nor infinite. */
static float nearest_scale(pare_dtype type, float scale)
{
    float x = rounded(type, scale);
    float step = scale;
    while (x == 0) x = rounded(type, step *= 2);
    while (isinf(x)) x = rounded(type, step /= 2);
    return x;
}

void pare_weights_round_scales(pare_weight_codes *codes, pare_dtype type)
{
    pare_weight_codes *c = codes;
    const int64_t size = c->form.block ? c->form.block : c->row;
    for (int64_t k = 0; type != PARE_FLOAT && k < c->n_rows * c->blocks; k++) {
        const float old = c->scales[k], now = nearest_scale(type, old);
        const int64_t from = k % c->blocks * size;
        const int64_t n = c->row - from < size ? c->row - from : size;
        int8_t *code = c->codes + k / c->blocks * c->row + from;
        c->scales[k] = now;
        for (int64_t i = 0; fabsf(now - old) > fabsf(old) * 0x1p-8f && i < n; i++) {
            const float q = nearbyintf((float)(code[i] - c->zeros[k]) * (old / now)) +
                            (float)c->zeros[k];
            code[i] = (int8_t)fminf(fmaxf(q, (float)c->form.low), (float)c->form.high);
        }
    }
}

pare_status pare_weights_raise(pare_ctx *ctx, const pare_model *model, const pare_linear *linear,
                               pare_weight_codes *codes, int64_t row, float scale)
{
    pare_tensor *dense = NULL;
    PARE_TRY(load(ctx, &model->values[linear->weight], &dense));
    float *x = pare_alloc(ctx, (size_t)codes->row * sizeof(*x));
    if (x) {
        const pare_row_codes out = { codes->codes + row * codes->row,
                                     codes->scales + row * codes->blocks,
                                     codes->zeros + row * codes->blocks };
        get_row(linear, codes, row, (const float *)(const void *)dense->payload.data, x);
        pare_row_round_to(&codes->form, scale, codes->row, x, &out);
    }
    const pare_status st = x ? PARE_OK : pare_fail_memory(ctx, (size_t)codes->row * sizeof(*x));
    pare_tensor_unref(dense);
    pare_free(ctx, x);
    return st;
}

pare_status pare_weights_error(pare_ctx *ctx, double *out, const pare_model *model,
                               const pare_linear *linear, const pare_weight_codes *codes)
{
    pare_tensor *dense = NULL;
    PARE_TRY(load(ctx, &model->values[linear->weight], &dense));
    const float *elements = (const float *)(const void *)dense->payload.data;
    const size_t bytes = (size_t)codes->row * sizeof(float);
    float *row = pare_alloc(ctx, 2 * bytes), *back = row + codes->row;
    double error = 0, power = 0;
    for (int64_t o = 0; row && o < codes->n_rows; o++) {
        const pare_row_codes c = { codes->codes + o * codes->row,
                                   codes->scales + o * codes->blocks,
                                   codes->zeros + o * codes->blocks };
        get_row(linear, codes, o, elements, row);
        pare_row_restore(&codes->form, codes->row, &c, back);
        for (int64_t i = 0; i < codes->row; i++) {
            const double d = (double)row[i] - (double)back[i];
            error += d * d;
            power += (double)row[i] * (double)row[i];
        }
    }
    *out = power > 0 ? error / power : 0;
    pare_tensor_unref(dense);
    const pare_status st = row ? PARE_OK : pare_fail_memory(ctx, 2 * bytes);
    pare_free(ctx, row);
    return st;
}
