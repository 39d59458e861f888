#include "quant/solve.h"

#include "base/checked.h"
#include "base/linalg.h"
#include "quant/hqq.h"
#include "quant/solve_rows.h"
#include "run/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

/* Of moments, and of how many numbers there are for each row that was seen: few rows leave
 * directions open in which errors would look free. */
static const double default_damping = 0.01, damping_per_row = 0.1;

/* Everything about one node; matrices are those of the group under way. */
typedef struct solver {
    pare_ctx *ctx;
    const pare_linear *linear;
    const pare_solve_opts *opts;
    pare_solution *out;
    pare_linalg *linalg;
    const float *elements;    /* the weights */
    const float *bias;        /* [out] of the node; NULL: none, or not constant */
    pare_solve_group group;
    int64_t first, n_rows;    /* rows of the group */
    double damping;           /* what is added to the diagonal */
    double *h, *spare;        /* [n, n] */
    double *mean;             /* [n] of rows; 0 where outputs are not shifted */
    float *wanted;            /* [n_rows, n] */
    double *errors;           /* [3][n_rows of all groups]: errors, rtn_errors, powers */
    void *block;              /* panels of both matrices */
    void *scratch;            /* [n_workers][scratch_bytes] */
    size_t scratch_bytes;
    bool *bad;                /* [n_workers] weights that are not finite */
} solver;

const char *pare_algorithm_name(pare_algorithm algorithm)
{
    static const char *const names[] = { "auto", "rtn", "scale-fit", "gptq", "awq", "hqq" };
    return (int)algorithm < PARE_N_ALGORITHMS ? names[algorithm] : NULL;
}

/* --- matrices of a group ---------------------------------------------------------------------- */

/* Moments per row of data, about the mean if outputs are shifted. */
static void average(solver *s, int64_t g)
{
    const pare_gram *gram = s->opts->gram;
    const int64_t n = gram->n;
    const double per = 1 / (double)gram->n_rows, *from = gram->moments + g * n * n;
    for (int64_t i = 0; i < n; i++)
        s->mean[i] = s->opts->may_shift ? gram->sums[g * n + i] * per : 0;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            s->h[i * n + j] = from[i * n + j] * per - s->mean[i] * s->mean[j];
}

/* Dampens; false when inputs never vary. */
static bool dampen(solver *s)
{
    const int64_t n = s->group.n;
    double mean = 0;
    for (int64_t i = 0; i < n; i++) mean += s->h[i * n + i] / (double)n;
    const double open = damping_per_row * (double)n / (double)s->opts->gram->n_rows;
    s->damping = (s->opts->damping > 0 ? s->opts->damping : default_damping + open) * mean;
    if (!(s->damping > 0) || !isfinite(s->damping)) return false;
    float *importance = (float *)(uintptr_t)s->group.importance;
    float *diagonal = (float *)(uintptr_t)s->group.diagonal;
    for (int64_t i = 0; i < n; i++) {
        const double d = s->h[i * n + i];
        importance[i] = (float)(d > mean * 1e-6 ? d : mean * 1e-6);
        s->h[i * n + i] += s->damping;
        diagonal[i] = (float)s->h[i * n + i];
    }
    return true;
}

/* Columns from the largest diagonal on, equal ones in their order. */
static void order_columns(solver *s)
{
    const int64_t n = s->group.n;
    int64_t *order = (int64_t *)(uintptr_t)s->group.order;
    int64_t *spare = (int64_t *)(void *)s->spare;
    const float *d = s->group.diagonal;
    for (int64_t i = 0; i < n; i++) order[i] = i;
    for (int64_t width = 1; width < n; width *= 2) { /* merging is stable */
        for (int64_t at = 0; at < n; at += 2 * width) {
            const int64_t mid = at + width < n ? at + width : n;
            const int64_t end = mid + width < n ? mid + width : n;
            int64_t a = at, b = mid;
            for (int64_t k = at; k < end; k++)
                spare[k] = b >= end || (a < mid && d[order[a]] >= d[order[b]]) ? order[a++]
                                                                              : order[b++];
        }
        memcpy(order, spare, (size_t)n * sizeof(*order));
    }
}

/* H and U as panels. U is the inverse of R, H = R R' in the order of the sweep, R upper triangular:
 * the factor of the matrix read backwards. */
static pare_status pack(solver *s)
{
    const int64_t n = s->group.n, *order = s->group.order;
    const int panel = s->group.kernels->gemm.panel;
    float *moments = (float *)(uintptr_t)s->group.moments;
    float *upper = (float *)(uintptr_t)s->group.upper;
    const size_t bytes = (size_t)(s->group.pitch * n) * sizeof(float);
    double added = 0;
    memset(moments, 0, bytes);
    memset(upper, 0, bytes);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            moments[j / panel * panel * n + i * panel + j % panel] = (float)s->h[i * n + j];
    double *backwards = pare_alloc(s->ctx, (size_t)(n * n) * sizeof(double));
    if (!backwards) return pare_fail_memory(s->ctx, (size_t)(n * n) * sizeof(double));
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            backwards[i * n + j] = s->h[order[n - 1 - i] * n + order[n - 1 - j]];
    const pare_status st =
        pare_linalg_cholesky_jitter(s->ctx, s->linalg, n, backwards, s->spare, &added);
    pare_free(s->ctx, backwards);
    if (st) return st;
    pare_linalg_lower_inverse(s->linalg, n, s->spare);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i; j < n; j++)
            upper[j / panel * panel * n + i * panel + j % panel] =
                (float)s->spare[(n - 1 - i) * n + n - 1 - j];
    return PARE_OK;
}

/* --- what weights are to be ------------------------------------------------------------------- */

static double bias_of(const solver *s, int64_t o)
{
    return s->bias ? (double)s->linear->bias_factor * (double)s->bias[o] : 0;
}

/* Right-hand sides: what targets and rows have in common, pulled towards the weights as they are.
 */
static void fill_targets(const solver *s, double *rhs)
{
    const pare_gram *gram = s->opts->gram;
    const int64_t n = gram->n, g = s->first / s->n_rows;
    const double per = 1 / (double)gram->n_rows, factor = 1 / (double)s->linear->factor;
    for (int64_t r = 0; r < s->n_rows; r++) {
        const int64_t o = s->first + r;
        const double *products = gram->products + o * n;
        const double target = gram->target_sums[o] * per, bias = bias_of(s, o);
        for (int64_t i = 0; i < n; i++) {
            const double sum = gram->sums[g * n + i] * per;
            const double off = s->opts->may_shift ? target * s->mean[i] : bias * sum;
            rhs[r * n + i] =
                factor * (products[i] * per - off) + s->damping * (double)s->wanted[r * n + i];
        }
    }
}

static pare_status find_wanted(solver *s)
{
    const int64_t n = s->group.n;
    for (int64_t r = 0; r < s->n_rows; r++)
        pare_linear_get_row(s->linear, s->first + r, s->elements, s->wanted + r * n);
    if (!s->opts->gram->products || s->linear->factor == 0) return PARE_OK;
    double *rhs = pare_alloc(s->ctx, (size_t)(s->n_rows * n) * sizeof(*rhs)), added = 0;
    if (!rhs) return pare_fail_memory(s->ctx, (size_t)(s->n_rows * n) * sizeof(*rhs));
    fill_targets(s, rhs);
    const pare_status st =
        pare_linalg_cholesky_jitter(s->ctx, s->linalg, n, s->h, s->spare, &added);
    if (!st) {
        pare_linalg_cholesky_solve(s->linalg, n, s->spare, s->n_rows, rhs);
        for (int64_t i = 0; i < s->n_rows * n; i++) s->wanted[i] = (float)rhs[i];
    }
    pare_free(s->ctx, rhs);
    return st;
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Rows of a task, with what they need in front of the scratch memory of the worker. */
static void run_task(void *user, uint32_t task, uint32_t worker)
{
    solver *s = user;
    const pare_solve_group *g = &s->group;
    const int64_t at = (int64_t)task * PARE_SOLVE_ROWS, left = s->n_rows - at;
    const int64_t total = s->linear->out, o = s->first + at;
    const size_t matrix = (size_t)(PARE_SOLVE_ROWS * g->pitch);
    float *original = (float *)(void *)((uint8_t *)s->scratch + worker * s->scratch_bytes);
    float *wanted = original + matrix;
    const pare_solve_rows rows = {
        .n_rows = (int)(left < PARE_SOLVE_ROWS ? left : PARE_SOLVE_ROWS), .original = original,
        .wanted = wanted, .codes = s->out->codes->codes + o * g->n,
        .scales = s->out->codes->scales + o * g->n_segments,
        .zeros = s->out->codes->zeros + o * g->n_segments, .errors = s->errors + o,
        .rtn_errors = s->errors + total + o, .powers = s->errors + 2 * total + o,
    };
    memset(original, 0, 2 * matrix * sizeof(float));
    float sum = 0;
    for (int r = 0; r < rows.n_rows; r++) {
        pare_linear_get_row(s->linear, o + r, s->elements, original + r * g->pitch);
        memcpy(wanted + r * g->pitch, s->wanted + (at + r) * g->n, (size_t)g->n * sizeof(float));
        for (int64_t i = 0; i < g->n; i++)
            sum += 0 * (original[r * g->pitch + i] + wanted[r * g->pitch + i]);
    }
    if (sum == 0) pare_solve_rows_run(g, &rows, wanted + matrix);
    else s->bad[worker] = true;
}

static pare_status run_rows(solver *s, pare_pool *pool)
{
    const uint32_t n_workers = pare_pool_size(pool);
    memset(s->bad, 0, n_workers * sizeof(*s->bad));
    pare_pool_run(pool, (uint32_t)((s->n_rows + PARE_SOLVE_ROWS - 1) / PARE_SOLVE_ROWS), run_task,
                  s);
    for (uint32_t w = 0; w < n_workers; w++)
        if (s->bad[w])
            return pare_fail(s->ctx, PARE_EFORMAT,
                             "expected finite weights, found NaN or infinity");
    return PARE_OK;
}

/* Differences of mean outputs. */
static void find_shifts(solver *s)
{
    const pare_gram *gram = s->opts->gram;
    const pare_solve_group *g = &s->group;
    const pare_weight_codes *c = s->out->codes;
    const double factor = (double)s->linear->factor;
    for (int64_t r = 0; r < s->n_rows; r++) {
        const int64_t o = s->first + r;
        double lost = 0, left = 0;
        for (int64_t k = 0; k < g->n_segments; k++)
            for (int64_t i = g->segments[k]; i < g->segments[k + 1]; i++) {
                const int64_t at = o * g->n_segments + k;
                const double meant = (double)((float)(c->codes[o * g->n + i] - c->zeros[at]) *
                                              c->scales[at]);
                lost += ((double)s->wanted[r * g->n + i] - meant) * s->mean[i];
                left += meant * s->mean[i];
            }
        s->out->shift[o] = (float)(factor * lost);
        if (gram->products)
            s->out->shift[o] = (float)(gram->target_sums[o] / (double)gram->n_rows -
                                       factor * left - bias_of(s, o));
    }
}

/* --- start and end ---------------------------------------------------------------------------- */

static pare_status take(pare_ctx *ctx, void *out, int64_t n, size_t size)
{
    size_t bytes = 0;
    if (!pare_mul_size((size_t)n, size, &bytes)) return pare_fail_memory(ctx, SIZE_MAX);
    void *p = pare_alloc_zero(ctx, bytes + 1);
    memcpy(out, &p, sizeof(p));
    return p ? PARE_OK : pare_fail_memory(ctx, bytes);
}

static void *aligned(void *p)
{
    return (void *)(((uintptr_t)p + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
}

static pare_status make_segments(solver *s)
{
    const pare_weight_codes *c = s->out->codes;
    pare_solve_group *g = &s->group;
    const int64_t block = c->form.block ? c->form.block : c->row, parts = g->n / c->row;
    int64_t *segments = NULL;
    g->row = c->row;
    g->n_segments = parts * c->blocks;
    PARE_TRY(take(s->ctx, &segments, g->n_segments + 1, sizeof(*segments)));
    g->segments = segments;
    for (int64_t p = 0; p < parts; p++)
        for (int64_t b = 0; b < c->blocks; b++) *segments++ = p * c->row + b * block;
    *segments = g->n;
    return PARE_OK;
}

static pare_status start(solver *s, pare_pool *pool)
{
    pare_ctx *ctx = s->ctx;
    pare_solve_group *g = &s->group;
    PARE_TRY(pare_plan_kernels(ctx, &g->kernels));
    const pare_linalg_opts opts = { .level = pare_isa_name(g->kernels->isa) };
    const int panel = g->kernels->gemm.panel;
    g->form = &s->out->codes->form;
    g->signed_scale = s->opts->weights.signed_scale;
    g->fit_only = s->out->algorithm == PARE_ALGORITHM_SCALE_FIT;
    g->n = s->opts->gram->n;
    g->pitch = (g->n + panel - 1) / panel * panel;
    s->n_rows = s->linear->out / s->linear->group;
    PARE_TRY(pare_linalg_open(ctx, &s->linalg, &opts));
    PARE_TRY(make_segments(s));
    PARE_TRY(take(ctx, &s->h, g->n * g->n, sizeof(double)));
    PARE_TRY(take(ctx, &s->spare, g->n * g->n + g->n, sizeof(double)));
    PARE_TRY(take(ctx, &s->mean, g->n, sizeof(double)));
    PARE_TRY(take(ctx, &s->wanted, s->n_rows * g->n, sizeof(float)));
    PARE_TRY(take(ctx, &s->errors, 3 * s->linear->out, sizeof(double)));
    PARE_TRY(take(ctx, &g->order, g->n, sizeof(int64_t)));
    PARE_TRY(take(ctx, &g->importance, g->n, sizeof(float)));
    PARE_TRY(take(ctx, &g->diagonal, g->n, sizeof(float)));
    PARE_TRY(take(ctx, &s->block, 2 * g->pitch * g->n + ALIGNMENT, sizeof(float)));
    g->moments = aligned(s->block);
    g->upper = g->moments + g->pitch * g->n;
    s->scratch_bytes = pare_solve_scratch_bytes(g) +
                       2 * (size_t)(PARE_SOLVE_ROWS * g->pitch) * sizeof(float);
    const int64_t n_workers = pare_pool_size(pool);
    PARE_TRY(take(ctx, &s->bad, n_workers, sizeof(bool)));
    PARE_TRY(take(ctx, &s->scratch, n_workers, s->scratch_bytes + ALIGNMENT));
    if (s->opts->may_shift) PARE_TRY(take(ctx, &s->out->shift, s->linear->out, sizeof(float)));
    return PARE_OK;
}

static void end(solver *s)
{
    const pare_solve_group *g = &s->group;
    pare_linalg_close(s->ctx, s->linalg);
    pare_free(s->ctx, (void *)(uintptr_t)g->segments);
    pare_free(s->ctx, (void *)(uintptr_t)g->order);
    pare_free(s->ctx, (void *)(uintptr_t)g->importance);
    pare_free(s->ctx, (void *)(uintptr_t)g->diagonal);
    pare_free(s->ctx, s->h);
    pare_free(s->ctx, s->spare);
    pare_free(s->ctx, s->mean);
    pare_free(s->ctx, s->wanted);
    pare_free(s->ctx, s->errors);
    pare_free(s->ctx, s->block);
    pare_free(s->ctx, s->scratch);
    pare_free(s->ctx, s->bad);
}

static pare_status solve_group(solver *s, int64_t g, pare_pool *pool)
{
    s->first = g * s->n_rows;
    average(s, g);
    if (!dampen(s)) { /* outputs are constant: any codes do, so those of rounding stay */
        memset(s->mean, 0, (size_t)s->group.n * sizeof(double));
        return PARE_OK;
    }
    PARE_TRY(find_wanted(s));
    order_columns(s);
    PARE_TRY(pack(s));
    PARE_TRY(run_rows(s, pool));
    if (s->opts->may_shift) find_shifts(s);
    return PARE_OK;
}

static void sum_errors(const solver *s)
{
    double sums[3] = { 0 };
    const int64_t out = s->linear->out;
    for (int k = 0; k < 3; k++)
        for (int64_t o = 0; o < out; o++) sums[k] += s->errors[k * out + o];
    s->out->error = sums[2] > 0 ? sums[0] / sums[2] : 0;
    s->out->rtn_error = sums[2] > 0 ? sums[1] / sums[2] : 0;
}

static pare_status solve(solver *s, const pare_model *model, pare_pool *pool)
{
    const pare_linear *l = s->linear;
    pare_tensor *dense = NULL, *bias = NULL;
    pare_status st = pare_tensor_densify(s->ctx, &dense, model->values[l->weight].tensor);
    if (!st && l->bias != PARE_NONE && model->values[l->bias].tensor)
        st = pare_tensor_densify(s->ctx, &bias, model->values[l->bias].tensor);
    if (!st) st = start(s, pool);
    if (!st) {
        s->elements = (const float *)(const void *)dense->payload.data;
        if (bias && bias->dtype == PARE_FLOAT && bias->n_elements == l->out)
            s->bias = (const float *)(const void *)bias->payload.data;
        for (int64_t g = 0; g < l->group && !st; g++) st = solve_group(s, g, pool);
    }
    if (!st) sum_errors(s);
    if (st == PARE_EFORMAT)
        pare_fail_in(s->ctx, st, "weights '%s'", model->values[l->weight].name);
    end(s);
    pare_tensor_unref(bias);
    pare_tensor_unref(dense);
    return st;
}

static bool is_known(const pare_solve_opts *opts, const pare_tensor *weights)
{
    return opts->gram && opts->gram->n_rows && !opts->weights.per_tensor &&
           weights->dtype == PARE_FLOAT;
}

static pare_algorithm choose(const pare_solve_opts *opts, bool known)
{
    const pare_weight_form *form = &opts->weights.form;
    const bool may_fit = !form->pair_safe && !opts->weights.per_tensor;
    pare_algorithm a = opts->algorithm;
    if (a == PARE_ALGORITHM_AUTO) a = PARE_ALGORITHM_GPTQ;
    if (a == PARE_ALGORITHM_AWQ) a = PARE_ALGORITHM_SCALE_FIT;
    if (a == PARE_ALGORITHM_GPTQ && !known)
        a = form->high - form->low < 16 ? PARE_ALGORITHM_SCALE_FIT : PARE_ALGORITHM_RTN;
    return a > PARE_ALGORITHM_RTN && a != PARE_ALGORITHM_GPTQ && !may_fit ? PARE_ALGORITHM_RTN : a;
}

pare_status pare_weights_solve(pare_ctx *ctx, pare_solution *out, const pare_model *model,
                               const pare_linear *linear, pare_pool *pool,
                               const pare_solve_opts *opts)
{
    const pare_gram *gram = opts->gram;
    const bool known = is_known(opts, model->values[linear->weight].tensor);
    *out = (pare_solution){ .algorithm = choose(opts, known), .error = NAN, .rtn_error = NAN };
    if (gram && gram->n_rows &&
        (gram->groups != linear->group || gram->n != linear->taps * linear->in ||
         gram->out != linear->out))
        return pare_fail(ctx, PARE_EUSAGE, "moments are not those of the node");
    const bool by_moments = known && (out->algorithm == PARE_ALGORITHM_GPTQ ||
                                               out->algorithm == PARE_ALGORITHM_SCALE_FIT);
    pare_weight_opts first = opts->weights;
    first.importance = NULL;
    first.fit = !by_moments && out->algorithm == PARE_ALGORITHM_SCALE_FIT;
    pare_status st = pare_weights_quantize(ctx, &out->codes, model, linear, pool, &first);
    if (!st && out->algorithm == PARE_ALGORITHM_HQQ)
        st = pare_weights_hqq(ctx, out->codes, model, linear, pool);
    if (!st && by_moments) {
        solver s = { .ctx = ctx, .linear = linear, .opts = opts, .out = out };
        st = solve(&s, model, pool);
    }
    if (st) pare_solution_free(ctx, out);
    return st;
}

void pare_solution_free(pare_ctx *ctx, pare_solution *s)
{
    if (!s) return;
    pare_weight_codes_free(ctx, s->codes);
    pare_free(ctx, s->shift);
    s->codes = NULL;
    s->shift = NULL;
}
