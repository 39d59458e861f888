#include "prune/normal.h"

#include <math.h>
#include <string.h>

/* What is added to the diagonal of second moments, as a part of its mean: and for each number of a
 * row that is not seen a hundred times, since few rows leave directions open. */
static const double damping = 1e-3;

/* --- memory ----------------------------------------------------------------------------------- */

static pare_status take(pare_ctx *ctx, void *out, int64_t n, size_t size)
{
    void *const p = pare_alloc_zero(ctx, (size_t)n * size + 1);
    memcpy(out, &p, sizeof(p));
    return p ? PARE_OK : pare_fail_memory(ctx, (size_t)n * size);
}

pare_status pare_normal_open(pare_ctx *ctx, pare_normal *out, const pare_normal_job *job)
{
    const pare_linear *l = job->linear;
    *out = (pare_normal){ .ctx = ctx, .job = job, .n = l->in * l->taps, .rows = l->out / l->group };
    const int64_t size = out->rows * out->n, square = job->weights_only ? 0 : out->n * out->n;
    PARE_TRY(pare_tensor_densify(ctx, &out->dense, job->model->values[l->weight].tensor));
    PARE_TRY(take(ctx, &out->h, square, sizeof(double)));
    PARE_TRY(take(ctx, &out->lower, square, sizeof(double)));
    PARE_TRY(take(ctx, &out->mean, out->n, sizeof(double)));
    PARE_TRY(take(ctx, &out->row, out->n, sizeof(float)));
    PARE_TRY(take(ctx, &out->original, 3 * size + out->rows, sizeof(double)));
    out->cross = out->original + size;
    out->wanted = out->cross + size;
    out->power = out->wanted + size;
    return PARE_OK;
}

void pare_normal_close(pare_normal *s)
{
    pare_tensor_unref(s->dense);
    pare_free(s->ctx, s->h);
    pare_free(s->ctx, s->lower);
    pare_free(s->ctx, s->mean);
    pare_free(s->ctx, s->row);
    pare_free(s->ctx, s->original);
    *s = (pare_normal){ .ctx = s->ctx };
}

/* --- a group ---------------------------------------------------------------------------------- */

static double bias_of(const pare_normal *s, int64_t o)
{
    const pare_linear *l = s->job->linear;
    const pare_tensor *t = l->bias == PARE_NONE ? NULL : s->job->model->values[l->bias].tensor;
    float b;
    if (!t || t->dtype != PARE_FLOAT || t->n_elements != l->out || t->encoding != PARE_ENC_DENSE)
        return 0;
    memcpy(&b, t->payload.data + (size_t)o * sizeof(b), sizeof(b));
    return (double)l->bias_factor * (double)b;
}

static pare_status read_weights(pare_normal *s)
{
    float sum = 0;
    const float *elements = (const float *)(const void *)s->dense->payload.data;
    for (int64_t r = 0; r < s->rows; r++) {
        pare_linear_get_row(s->job->linear, s->group * s->rows + r, elements, s->row);
        for (int64_t i = 0; i < s->n; i++) {
            s->original[r * s->n + i] = (double)s->row[i];
            sum += 0 * s->row[i];
        }
    }
    if (sum == 0) return PARE_OK;
    return pare_fail(s->ctx, PARE_EFORMAT, "'%s': expected finite weights, found NaN or infinity",
                     s->job->model->values[s->job->linear->weight].name);
}

static void average(pare_normal *s)
{
    const pare_gram *gram = s->job->gram;
    const int64_t n = s->n;
    if (!gram) {
        for (int64_t i = 0; i < n * n; i++) s->h[i] = i % (n + 1) == 0;
        return;
    }
    const double per = 1 / (double)gram->n_rows, *from = gram->moments + s->group * n * n;
    for (int64_t i = 0; i < n; i++)
        s->mean[i] = s->job->free_mean ? gram->sums[s->group * n + i] * per : 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            s->h[i * n + j] = from[i * n + j] * per - s->mean[i] * s->mean[j];
}

/* What targets and rows have in common, and how much targets vary. */
static void fill_targets(pare_normal *s)
{
    const pare_gram *gram = s->job->gram;
    const int64_t n = s->n;
    const double per = 1 / (double)gram->n_rows, factor = 1 / (double)s->job->linear->factor;
    for (int64_t r = 0; r < s->rows; r++) {
        const int64_t o = s->group * s->rows + r;
        const double *products = gram->products + o * n;
        const double target = gram->target_sums[o] * per, bias = bias_of(s, o);
        const double square = gram->target_squares[o] * per;
        const double off = s->job->free_mean ? target : bias;
        for (int64_t i = 0; i < n; i++)
            s->cross[r * n + i] =
                factor * (products[i] * per - off * gram->sums[s->group * n + i] * per);
        s->power[r] = factor * factor * (square - 2 * off * target + off * off);
        s->signal += factor * factor * (square - target * target);
    }
}

/* Outputs are to stay as they are. */
static void fill_own(pare_normal *s)
{
    const int64_t n = s->n;
    const pare_gram *gram = s->job->gram;
    pare_linalg_multiply(s->job->linalg, false, s->rows, n, n, s->original, s->h, s->cross);
    for (int64_t r = 0; r < s->rows; r++) {
        double power = 0, mean = 0;
        for (int64_t i = 0; i < n; i++) {
            power += s->original[r * n + i] * s->cross[r * n + i];
            if (gram)
                mean += s->original[r * n + i] * gram->sums[s->group * n + i] /
                        (double)gram->n_rows;
        }
        s->power[r] = power;
        s->signal += s->job->free_mean ? power : power - mean * mean;
    }
}

/* Dampens h, and finds the weights that are best where all may be used. */
static pare_status find_wanted(pare_normal *s)
{
    const int64_t n = s->n;
    double mean = 0, jitter = 0;
    for (int64_t i = 0; i < n; i++) mean += s->h[i * n + i] / (double)n;
    const double rows = s->job->gram ? (double)s->job->gram->n_rows : INFINITY;
    s->added = damping * (1 + (double)n / rows) * mean;
    if (!(s->added > 0)) s->added = 1e-30;
    for (int64_t i = 0; i < n; i++) s->h[i * n + i] += s->added;
    for (int64_t i = 0; i < s->rows * n; i++)
        s->wanted[i] = s->cross[i] + s->added * s->original[i];
    PARE_TRY(pare_linalg_cholesky_jitter(s->ctx, s->job->linalg, n, s->h, s->lower, &jitter));
    pare_linalg_cholesky_solve(s->job->linalg, n, s->lower, s->rows, s->wanted);
    return PARE_OK;
}

pare_status pare_normal_load(pare_normal *s, int64_t group)
{
    s->group = group;
    PARE_TRY(read_weights(s));
    if (s->job->weights_only) return PARE_OK;
    average(s);
    if (s->job->gram && s->job->gram->products && s->job->linear->factor != 0) fill_targets(s);
    else fill_own(s);
    return find_wanted(s);
}

/* --- what weights come to --------------------------------------------------------------------- */

double pare_normal_error(const pare_normal *s, const double *w, double *scratch)
{
    const int64_t n = s->n;
    double sum = 0;
    pare_linalg_multiply(s->job->linalg, false, s->rows, n, n, w, s->h, scratch);
    for (int64_t r = 0; r < s->rows; r++) {
        sum += s->power[r];
        for (int64_t i = r * n; i < (r + 1) * n; i++)
            sum += w[i] * (scratch[i] - s->added * w[i] - 2 * s->cross[i]);
    }
    return sum > 0 ? sum : 0;
}

float pare_normal_shift(const pare_normal *s, int64_t r, const double *w)
{
    const pare_gram *gram = s->job->gram;
    const int64_t o = s->group * s->rows + r;
    const bool has_targets = gram && gram->products && s->job->linear->factor != 0;
    double moved = 0;
    for (int64_t i = 0; i < s->n; i++)
        moved += ((has_targets ? 0 : s->original[r * s->n + i]) - w[i]) * s->mean[i];
    moved *= (double)s->job->linear->factor;
    if (has_targets) moved += gram->target_sums[o] / (double)gram->n_rows - bias_of(s, o);
    return (float)moved;
}
