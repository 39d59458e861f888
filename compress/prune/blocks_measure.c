#include "prune/blocks_measure.h"

#include "op/wide.h"
#include "run/runner.h"
#include "stats/feed.h"

#include <math.h>

enum { MOST_BYTES = 256 << 20 };

struct pare_block_judge {
    const pare_dataset *data;
    pare_pool *pool;
    size_t n_outputs;
    uint64_t n, step;         /* samples 0, step, 2 step, ... */
    pare_datum **outputs;     /* [n] of the original, each [n_outputs]; NULL: left out */
};

/* --- running ---------------------------------------------------------------------------------- */

/* One sample; *out stays NULL where the data set leaves it out. */
static pare_status run_sample(pare_ctx *ctx, const pare_feed *feed, uint64_t sample,
                              pare_runner *runner, pare_pool *pool, pare_datum **out)
{
    const size_t n = feed->data->n_inputs;
    pare_tensor **tensors = pare_alloc_zero(ctx, (n + 1) * sizeof(pare_tensor *));
    pare_eval_input *inputs = pare_alloc_zero(ctx, (n + 1) * sizeof(*inputs));
    bool skipped = false;
    pare_status st = PARE_OK;
    *out = NULL;
    if (!tensors || !inputs) st = pare_fail_memory(ctx, n * sizeof(*inputs));
    if (!st) st = pare_feed_read(ctx, feed->data, sample, tensors, &skipped);
    if (!st && !skipped) st = pare_feed_inputs(ctx, feed, tensors, inputs);
    if (!st && !skipped) {
        st = pare_runner_run(ctx, out, runner, pool, inputs, n);
        if (st) st = pare_feed_name(ctx, feed->data, sample, st);
    }
    if (inputs) pare_feed_drop(ctx, feed, inputs);
    for (size_t i = 0; tensors && i < n; i++) pare_tensor_unref(tensors[i]);
    pare_free(ctx, tensors);
    pare_free(ctx, inputs);
    return st;
}

static uint64_t bytes_of(const pare_datum *outputs, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; outputs && i < n; i++)
        if (outputs[i].kind == PARE_TYPE_TENSOR) sum += pare_tensor_size_bytes(outputs[i].tensor);
    return sum;
}

static pare_status run_original(pare_ctx *ctx, pare_block_judge *j, const pare_model *model,
                                const pare_feed *feed)
{
    pare_runner *runner = NULL;
    uint64_t n_bytes = 0;
    pare_status st = pare_runner_new(ctx, &runner, model, NULL);
    for (uint64_t i = 0; !st && i < j->n; i++) {
        st = run_sample(ctx, feed, i * j->step, runner, j->pool, &j->outputs[i]);
        if (!st) n_bytes += bytes_of(j->outputs[i], j->n_outputs);
        if (n_bytes > MOST_BYTES) j->n = i + 1;
        pare_report_count(ctx, "measure", "samples", i + 1, j->n);
    }
    pare_runner_free(ctx, runner);
    return st;
}

pare_status pare_block_judge_new(pare_ctx *ctx, pare_block_judge **out, const pare_model *model,
                                 const pare_dataset *data, uint64_t n_samples, pare_pool *pool)
{
    pare_feed feed = { 0 };
    pare_block_judge *j = pare_alloc_zero(ctx, sizeof(*j));
    *out = j;
    if (!j) return pare_fail_memory(ctx, sizeof(*j));
    *j = (pare_block_judge){ .data = data, .pool = pool, .n_outputs = model->graph->outputs.n };
    j->n = n_samples && n_samples < data->n ? n_samples : data->n;
    j->step = j->n ? data->n / j->n : 1;
    j->outputs = pare_alloc_zero(ctx, (size_t)(j->n + 1) * sizeof(pare_datum *));
    if (!j->outputs) return pare_fail_memory(ctx, (size_t)j->n * sizeof(pare_datum *));
    pare_status st = pare_feed_begin(ctx, &feed, data, model);
    if (!st) st = run_original(ctx, j, model, &feed);
    pare_feed_end(ctx, &feed);
    return st;
}

void pare_block_judge_free(pare_ctx *ctx, pare_block_judge *j)
{
    if (!j) return;
    for (uint64_t i = 0; j->outputs && i < j->n; i++)
        if (j->outputs[i]) pare_datums_free(ctx, j->outputs[i], j->n_outputs);
    pare_free(ctx, j->outputs);
    pare_free(ctx, j);
}

/* --- comparing -------------------------------------------------------------------------------- */

typedef struct noise {
    double noise, signal;
} noise;

static bool is_float(const pare_datum *x)
{
    return x->kind == PARE_TYPE_TENSOR && (pare_wide_of(x->tensor->dtype) == PARE_WIDE_F32 ||
                                           pare_wide_of(x->tensor->dtype) == PARE_WIDE_F64);
}

static void compare(const pare_datum *got, const pare_datum *want, noise *sum)
{
    pare_wide_block a, b;
    if (!is_float(got) || !is_float(want)) return;
    const pare_tensor *x = got->tensor, *y = want->tensor;
    if (x->n_elements != y->n_elements) {
        sum->noise = INFINITY;
        return;
    }
    for (int64_t i = 0; i < y->n_elements; i += PARE_WIDE_BLOCK) {
        const int64_t rest = y->n_elements - i;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        pare_wide_load_as(PARE_WIDE_F64, x->dtype, x->payload.data, i, 1, n, a.f64);
        pare_wide_load_as(PARE_WIDE_F64, y->dtype, y->payload.data, i, 1, n, b.f64);
        for (int64_t k = 0; k < n; k++) {
            sum->noise += (a.f64[k] - b.f64[k]) * (a.f64[k] - b.f64[k]);
            sum->signal += b.f64[k] * b.f64[k];
        }
    }
}

/* --- means ------------------------------------------------------------------------------------ */

typedef struct averages {
    const pare_residual *blocks; /* [n_blocks] */
    size_t n_blocks;
    const pare_value_id *values; /* [n_blocks] their branches; PARE_NONE: not wanted */
    double *const *sums;      /* [n_blocks] by channel */
    uint64_t *counts;         /* [n_blocks] elements of each channel */
} averages;

static void add_channels(const pare_observed *seen, const pare_residual *b, double *sums,
                         uint64_t *count)
{
    int64_t at[PARE_MAX_DIMS] = { 0 };
    int64_t n = 1;
    for (uint32_t k = 0; k < seen->rank; k++) n *= seen->dims[k];
    for (int64_t i = 0; i < n; i++) {
        int64_t place = 0;
        double x;
        for (uint32_t k = 0; k < seen->rank; k++)
            if (seen->dims[k] > 1) place += at[k] * seen->strides[k];
        pare_wide_load_as(PARE_WIDE_F64, seen->dtype, seen->data, place, 1, 1, &x);
        sums[at[b->channel_axis]] += x;
        for (uint32_t k = seen->rank; k-- > 0; at[k] = 0)
            if (++at[k] < seen->dims[k]) break;
    }
    *count += b->n_channels ? (uint64_t)(n / b->n_channels) : 0;
}

static pare_status see(void *user, pare_ctx *ctx, const pare_observed *seen)
{
    const averages *a = user;
    (void)ctx;
    for (size_t i = 0; i < a->n_blocks; i++) {
        const pare_residual *b = &a->blocks[i];
        const bool fits = a->values[i] == seen->value && seen->data && seen->rank == b->rank &&
                          seen->dims[b->channel_axis] == b->n_channels;
        if (fits) add_channels(seen, b, a->sums[i], &a->counts[i]);
    }
    return PARE_OK;
}

/* --- together --------------------------------------------------------------------------------- */

static pare_status run_all(pare_ctx *ctx, const pare_block_judge *j, const pare_model *model,
                           averages *a, size_t n_kept, noise *sums)
{
    pare_feed feed = { 0 };
    pare_runner *runner = NULL;
    const pare_runner_opts opts = { .kept = a->values, .n_kept = n_kept,
                                    .observe = n_kept ? see : NULL, .user = a };
    pare_status st = pare_feed_begin(ctx, &feed, j->data, model);
    if (!st) st = pare_runner_new(ctx, &runner, model, &opts);
    for (uint64_t i = 0; !st && i < j->n; i++) {
        pare_datum *out = NULL;
        if (!j->outputs[i]) continue;
        st = run_sample(ctx, &feed, i * j->step, runner, j->pool, &out);
        for (size_t k = 0; out && k < j->n_outputs; k++)
            compare(&out[k], &j->outputs[i][k], &sums[k]);
        if (out) pare_datums_free(ctx, out, j->n_outputs);
    }
    pare_runner_free(ctx, runner);
    pare_feed_end(ctx, &feed);
    return st;
}

static double error_of(const noise *sums, size_t n)
{
    double error = 0;
    size_t n_known = 0;
    for (size_t k = 0; k < n; k++) {
        if (!(sums[k].signal > 0)) continue;
        error += sums[k].noise / sums[k].signal;
        n_known++;
    }
    return isfinite(error) ? error / (double)(n_known ? n_known : 1) : (double)INFINITY;
}

static void finish_means(const averages *a)
{
    for (size_t i = 0; i < a->n_blocks; i++)
        for (int64_t c = 0; c < a->blocks[i].n_channels; c++)
            a->sums[i][c] = a->counts[i] ? a->sums[i][c] / (double)a->counts[i] : 0;
}

pare_status pare_block_judge_run(pare_ctx *ctx, const pare_block_judge *judge,
                                 const pare_model *model, const pare_residual *blocks,
                                 size_t n_blocks, double *const *means, double *error)
{
    const size_t n = means ? n_blocks : 0;
    pare_residual *wanted = pare_alloc_zero(ctx, (n + 1) * sizeof(*wanted));
    pare_value_id *values = pare_alloc(ctx, (n + 1) * sizeof(*values));
    double **sums = pare_alloc_zero(ctx, (n + 1) * sizeof(*sums));
    uint64_t *counts = pare_alloc_zero(ctx, (n + 1) * sizeof(*counts));
    noise *noises = pare_alloc_zero(ctx, (judge->n_outputs + 1) * sizeof(*noises));
    pare_status st = PARE_OK;
    size_t n_wanted = 0;
    if (!wanted || !values || !sums || !counts || !noises)
        st = pare_fail_memory(ctx, (n + 1) * sizeof(*wanted));
    for (size_t i = 0; !st && i < n; i++) {
        const bool is_there = model->nodes[blocks[i].sum].graph != NULL;
        if (!means[i] || blocks[i].n_channels < 1 || !is_there) continue;
        for (int64_t c = 0; c < blocks[i].n_channels; c++) means[i][c] = 0;
        wanted[n_wanted] = blocks[i];
        sums[n_wanted] = means[i];
        values[n_wanted++] =
            model->nodes[blocks[i].sum].inputs[blocks[i].branch_slot].value;
    }
    averages a = { wanted, n_wanted, values, sums, counts };
    if (!st) st = run_all(ctx, judge, model, &a, n_wanted, noises);
    if (!st) finish_means(&a);
    if (!st) *error = error_of(noises, judge->n_outputs);
    void *const owned[] = { wanted, values, sums, counts, noises };
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) pare_free(ctx, owned[i]);
    return st;
}
