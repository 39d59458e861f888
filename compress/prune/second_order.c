#include "prune/second_order.h"

#include "ir/graph.h"

#include <math.h>
#include <string.h>

/* Of the moments' mean diagonal: what is added to it, so that what hardly varies counts. */
static const double damping = 0.01;

struct pare_surgeon {
    const pare_linalg *linalg;
    pare_consumer consumer;
    int64_t n, out;
    double *inverse;          /* [n, n] of the damped covariance of what is left */
    double *w;                /* [out, n] weights, as adjusted so far */
    double *whole;            /* [out, n] as they were */
    double *mean;             /* [n] of the columns */
    double *covariance;       /* [n, n] of them all */
    double *drift;            /* [out, n] what is gone by then gives to each output, as covariance
                                 with the columns */
    double energy;            /* variance of all outputs */
    int64_t *cols;            /* [n] scratch */
    double *block, *side, *update; /* [b, b], [max(out, n), b], [max(out, n), n] scratch */
    int64_t room;             /* columns that block and side have room for */
};

/* --- starting --------------------------------------------------------------------------------- */

static void fill_covariance(const pare_gram *gram, double *c)
{
    const int64_t n = gram->n;
    const double rows = gram->n_rows ? (double)gram->n_rows : 1;
    double trace = 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            c[i * n + j] = gram->moments[i * n + j] / rows -
                           gram->sums[i] / rows * (gram->sums[j] / rows);
    for (int64_t i = 0; i < n; i++) trace += c[i * n + i];
    const double added = trace > 0 ? damping * trace / (double)n : 1;
    for (int64_t i = 0; i < n; i++) c[i * n + i] += added;
}

static pare_status read_weights(pare_ctx *ctx, pare_surgeon *s, const pare_model *model)
{
    pare_tensor *dense = NULL;
    const pare_linear *l = &s->consumer.linear;
    float *row = pare_alloc(ctx, (size_t)s->n * sizeof(*row));
    pare_status st = row ? pare_tensor_densify(ctx, &dense, model->values[l->weight].tensor)
                         : pare_fail_memory(ctx, (size_t)s->n * sizeof(*row));
    for (int64_t o = 0; !st && o < s->out; o++) {
        pare_linear_get_row(l, o, (const float *)(const void *)dense->payload.data, row);
        for (int64_t i = 0; i < s->n; i++) s->w[o * s->n + i] = row[i];
    }
    pare_tensor_unref(dense);
    pare_free(ctx, row);
    return st;
}

/* Trace of w c w'. */
static double output_energy(const pare_surgeon *s, const double *c)
{
    double energy = 0;
    pare_linalg_multiply(s->linalg, false, s->out, s->n, s->n, s->w, c, s->update);
    for (int64_t i = 0; i < s->out * s->n; i++) energy += s->update[i] * s->w[i];
    return energy;
}

pare_status pare_surgeon_new(pare_ctx *ctx, pare_surgeon **out, const pare_linalg *linalg,
                             const pare_model *model, const pare_consumer *consumer,
                             const pare_gram *gram)
{
    const int64_t n = gram->n, rows = consumer->linear.out > n ? consumer->linear.out : n;
    const size_t square = (size_t)n * (size_t)n * sizeof(double);
    double added = 0;
    pare_surgeon *s = *out = pare_alloc_zero(ctx, sizeof(*s));
    if (!s) return pare_fail_memory(ctx, sizeof(*s));
    *s = (pare_surgeon){ .linalg = linalg, .consumer = *consumer, .n = n,
                         .out = consumer->linear.out };
    s->inverse = pare_alloc(ctx, square);
    s->w = pare_alloc(ctx, (size_t)(s->out * n) * sizeof(double));
    s->whole = pare_alloc(ctx, (size_t)(s->out * n) * sizeof(double));
    s->mean = pare_alloc(ctx, (size_t)n * sizeof(double));
    s->covariance = pare_alloc(ctx, square);
    s->drift = pare_alloc_zero(ctx, (size_t)(s->out * n) * sizeof(double));
    s->cols = pare_alloc(ctx, (size_t)n * sizeof(*s->cols));
    s->update = pare_alloc(ctx, (size_t)(rows * n) * sizeof(double));
    double *factor = pare_alloc(ctx, square);
    pare_status st = PARE_OK;
    if (!s->inverse || !s->w || !s->whole || !s->mean || !s->covariance ||
        !s->drift || !s->cols || !s->update || !factor)
        st = pare_fail_memory(ctx, square);
    if (!st) st = read_weights(ctx, s, model);
    if (!st) {
        memcpy(s->whole, s->w, (size_t)(s->out * n) * sizeof(double));
        for (int64_t i = 0; i < n; i++)
            s->mean[i] = gram->n_rows ? gram->sums[i] / (double)gram->n_rows : 0;
        fill_covariance(gram, s->inverse);
        memcpy(s->covariance, s->inverse, square);
        s->energy = output_energy(s, s->inverse);
        st = pare_linalg_cholesky_jitter(ctx, linalg, n, s->inverse, factor, &added);
    }
    if (!st) pare_linalg_cholesky_inverse(linalg, n, factor, s->inverse);
    pare_free(ctx, factor);
    if (!st) return PARE_OK;
    pare_surgeon_free(ctx, s);
    *out = NULL;
    return st;
}

void pare_surgeon_free(pare_ctx *ctx, pare_surgeon *surgeon)
{
    if (!surgeon) return;
    void *const owned[] = { surgeon->inverse, surgeon->w, surgeon->whole, surgeon->mean,
                            surgeon->covariance, surgeon->drift, surgeon->cols, surgeon->block,
                            surgeon->side, surgeon->update };
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) pare_free(ctx, owned[i]);
    pare_free(ctx, surgeon);
}

/* --- as it would be --------------------------------------------------------------------------- */

static pare_status own_floats(pare_ctx *ctx, const pare_model *m, pare_value_id v,
                              pare_tensor **out, float **data)
{
    uint8_t *bytes = NULL;
    *out = NULL;
    *data = NULL;
    pare_status st = pare_tensor_densify(ctx, out, m->values[v].tensor);
    if (!st) st = pare_tensor_own(ctx, out, &bytes);
    *data = (float *)(void *)bytes;
    return st;
}

static pare_status write_bias(pare_ctx *ctx, const pare_surgeon *s, pare_model *model)
{
    const pare_value_id v = s->consumer.linear.bias;
    const pare_tensor *t = v == PARE_NONE ? NULL : model->values[v].tensor;
    pare_tensor *own = NULL;
    float *b;
    if (!t || t->dtype != PARE_FLOAT || t->n_elements != s->out) return PARE_OK;
    pare_status st = own_floats(ctx, model, v, &own, &b);
    for (int64_t o = 0; !st && o < s->out; o++) {
        double shift = 0;
        for (int64_t i = 0; i < s->n; i++)
            shift += (s->whole[o * s->n + i] - s->w[o * s->n + i]) * s->mean[i];
        b[o] += (float)shift;
    }
    if (!st) st = pare_value_set_tensor(ctx, model, v, own);
    pare_tensor_unref(own);
    return st;
}

pare_status pare_surgeon_write(pare_ctx *ctx, const pare_surgeon *s, pare_model *model)
{
    const pare_linear *l = &s->consumer.linear;
    pare_tensor *own = NULL;
    float *w;
    float *row = pare_alloc(ctx, (size_t)s->n * sizeof(*row));
    pare_status st = row ? PARE_OK : pare_fail_memory(ctx, (size_t)s->n * sizeof(*row));
    if (!st) st = own_floats(ctx, model, l->weight, &own, &w);
    for (int64_t o = 0; !st && o < s->out; o++) {
        for (int64_t i = 0; i < s->n; i++) row[i] = (float)s->w[o * s->n + i];
        pare_linear_put_row(l, o, row, w);
    }
    if (!st) st = pare_value_set_tensor(ctx, model, l->weight, own);
    pare_tensor_unref(own);
    pare_free(ctx, row);
    return st ? st : write_bias(ctx, s, model);
}

/* --- one class -------------------------------------------------------------------------------- */

static pare_status make_room(pare_ctx *ctx, pare_surgeon *s, int64_t b)
{
    const int64_t rows = s->out > s->n ? s->out : s->n;
    if (b <= s->room) return PARE_OK;
    pare_free(ctx, s->block);
    pare_free(ctx, s->side);
    s->block = pare_alloc(ctx, (size_t)(b * b) * sizeof(double));
    s->side = pare_alloc(ctx, (size_t)(2 * rows * b) * sizeof(double));
    s->room = s->block && s->side ? b : 0;
    return s->room ? PARE_OK : pare_fail_memory(ctx, (size_t)(rows * b) * sizeof(double));
}

/* Columns of a class, and the Cholesky factor of their part of the inverse in s->block. *b 0: the
 * consumer does not read it. */
static pare_status take_block(pare_ctx *ctx, pare_surgeon *s, const pare_axes_found *axes,
                              uint32_t class_id, int64_t *b)
{
    double jitter;
    *b = pare_consumer_columns(&s->consumer, axes, class_id, s->cols);
    if (!*b) return PARE_OK;
    PARE_TRY(make_room(ctx, s, *b));
    for (int64_t i = 0; i < *b; i++)
        for (int64_t j = 0; j < *b; j++)
            s->update[i * *b + j] = s->inverse[s->cols[i] * s->n + s->cols[j]];
    return pare_linalg_cholesky_jitter(ctx, s->linalg, *b, s->update, s->block, &jitter);
}

/* Columns of m [rows, n] side by side: out [rows, b]. */
static void pick(const pare_surgeon *s, int64_t rows, int64_t b, const double *m, double *out)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < b; i++) out[r * b + i] = m[r * s->n + s->cols[i]];
}

/* What removing the class adds: trace of w_b (inverse_bb)^-1 w_b'. */
static pare_status cost_of(pare_ctx *ctx, pare_surgeon *s, const pare_axes_found *axes,
                           uint32_t class_id, double *cost)
{
    int64_t b;
    PARE_TRY(take_block(ctx, s, axes, class_id, &b));
    if (!b || s->energy <= 0) return PARE_OK;
    double sum = 0;
    pick(s, s->out, b, s->w, s->side);
    pare_linalg_lower_solve(s->linalg, false, b, s->block, s->out, s->side);
    for (int64_t i = 0; i < s->out * b; i++) sum += s->side[i] * s->side[i];
    *cost += sum / s->energy;
    return PARE_OK;
}

/* m -= m_b (inverse_bb)^-1 inverse_b, with the old inverse's rows in `rows` [b, n]. */
static void eliminate(pare_surgeon *s, int64_t m_rows, int64_t b, double *m, const double *rows)
{
    pick(s, m_rows, b, m, s->side);
    pare_linalg_cholesky_solve(s->linalg, b, s->block, m_rows, s->side);
    pare_linalg_multiply(s->linalg, false, m_rows, s->n, b, s->side, rows, s->update);
    for (int64_t i = 0; i < m_rows * s->n; i++) m[i] -= s->update[i];
}

/* What the class would add to the error if nothing made up for it. */
static double add_drift(pare_surgeon *s, int64_t b)
{
    double sum = 0;
    for (int64_t o = 0; o < s->out; o++) {
        double *drift = s->drift + o * s->n;
        for (int64_t i = 0; i < b; i++) {
            const double w = s->whole[o * s->n + s->cols[i]];
            const double *row = s->covariance + s->cols[i] * s->n;
            sum += w * drift[s->cols[i]];
            for (int64_t j = 0; w != 0 && j < s->n; j++) drift[j] += w * row[j];
            sum += w * drift[s->cols[i]];
        }
    }
    return s->energy > 0 ? sum / s->energy : 0;
}

static pare_status remove_class(pare_ctx *ctx, pare_surgeon *s, const pare_axes_found *axes,
                                uint32_t class_id, double *bare)
{
    int64_t b;
    PARE_TRY(take_block(ctx, s, axes, class_id, &b));
    if (!b) return PARE_OK;
    *bare += add_drift(s, b);
    double *rows = pare_alloc(ctx, (size_t)(b * s->n) * sizeof(*rows));
    if (!rows) return pare_fail_memory(ctx, (size_t)(b * s->n) * sizeof(*rows));
    for (int64_t i = 0; i < b; i++)
        memcpy(rows + i * s->n, s->inverse + s->cols[i] * s->n, (size_t)s->n * sizeof(*rows));
    eliminate(s, s->out, b, s->w, rows);
    eliminate(s, s->n, b, s->inverse, rows);
    for (int64_t i = 0; i < b; i++) { /* exact zeros; a one keeps it invertible */
        for (int64_t j = 0; j < s->n; j++)
            s->inverse[s->cols[i] * s->n + j] = s->inverse[j * s->n + s->cols[i]] = 0;
        s->inverse[s->cols[i] * s->n + s->cols[i]] = 1;
        for (int64_t o = 0; o < s->out; o++) s->w[o * s->n + s->cols[i]] = 0;
    }
    pare_free(ctx, rows);
    return PARE_OK;
}

/* --- a group ---------------------------------------------------------------------------------- */

static pare_status choose_next(pare_ctx *ctx, pare_removal *r, uint32_t k,
                               const pare_axes_found *axes, pare_surgeon *const *surgeons,
                               size_t n, double *least)
{
    uint32_t best = k;
    *least = INFINITY;
    for (uint32_t i = k; i < r->n; i++) {
        double cost = 0;
        for (size_t s = 0; s < n; s++)
            if (surgeons[s]) PARE_TRY(cost_of(ctx, surgeons[s], axes, r->classes[i], &cost));
        if (cost >= *least) continue;
        *least = cost;
        best = i;
    }
    const uint32_t chosen = r->classes[best];
    memmove(r->classes + k + 1, r->classes + k, (best - k) * sizeof(*r->classes));
    r->classes[k] = chosen;
    return PARE_OK;
}

pare_status pare_removal_order(pare_ctx *ctx, pare_removal *out, const pare_axes_found *axes,
                               pare_surgeon *const *surgeons, size_t n_surgeons,
                               const pare_removal_opts *opts)
{
    size_t level = 0;
    out->error[0] = out->bare[0] = 0;
    for (uint32_t k = 0; k < out->n; k++) {
        double cost, bare = 0;
        PARE_TRY(choose_next(ctx, out, k, axes, surgeons, n_surgeons, &cost));
        for (size_t s = 0; s < n_surgeons; s++)
            if (surgeons[s])
                PARE_TRY(remove_class(ctx, surgeons[s], axes, out->classes[k], &bare));
        out->cost[k + 1] = out->error[k + 1] = out->cost[k] + cost;
        out->bare[k + 1] = out->bare[k] + bare;
        if (!opts || level == opts->n_levels || opts->levels[level] != k + 1) continue;
        level++;
        PARE_TRY(opts->seen(opts->user, k + 1));
    }
    return PARE_OK;
}
