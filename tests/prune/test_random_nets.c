/* Of networks put together at random and every group of their axes: the model whose weights are
 * zero where positions are to go gives what the model without these positions gives; also with some
 * of all groups gone at once. */
#include "op/eval.h"
#include "op/infer.h"
#include "prune/mask.h"
#include "prune/prepare.h"
#include "prune/shrink.h"
#include "support/models.h"
#include "support/pruned.h"
#include "support/random_nets.h"
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N_NETS = 240, N_BLOCKS = 4 };

static const double largest_error = 1e-5; /* of the output's range */

typedef struct tally {
    size_t n_groups, n_lossy, n_off, n_without, n_idle;
    uint64_t kinds;
} tally;

typedef struct job {
    pare_ctx *ctx;
    const pare_model *model;
    const pare_axes_found *axes;
    pare_eval_input input;
    uint64_t seed;
    const pare_tensor *whole; /* what the model gives */
    size_t *n_idle;           /* groups that it does not need */
} job;

static double difference(const pare_tensor *a, const pare_tensor *b)
{
    const float *x = (const float *)(const void *)a->payload.data;
    const float *y = (const float *)(const void *)b->payload.data;
    double most = 0, range = 1e-30;
    assert_int_equal(a->n_elements, b->n_elements);
    for (int64_t i = 0; i < b->n_elements; i++) {
        range = fmax(range, fabs((double)y[i]));
        most = fmax(most, isnan(x[i]) != isnan(y[i]) ? INFINITY : fabs((double)x[i] - y[i]));
    }
    return most / range;
}

/* Both ways, with what is marked gone. */
static bool holds(const job *j, const bool *gone, const char *what)
{
    pare_model *masked = NULL, *small = NULL;
    pare_datum *want = NULL, *got = NULL;
    assert_int_equal(pare_model_clone(j->ctx, &masked, j->model), PARE_OK);
    assert_int_equal(pare_model_clone(j->ctx, &small, j->model), PARE_OK);
    assert_int_equal(pare_prune_mask(j->ctx, masked, j->axes, gone), PARE_OK);
    pare_status st = pare_shrink(j->ctx, small, j->axes, gone);
    if (!st) st = pare_eval_model(j->ctx, &want, masked, &j->input, 1, NULL);
    if (!st) st = pare_eval_model(j->ctx, &got, small, &j->input, 1, NULL);
    const double error = st ? INFINITY : difference(got[0].tensor, want[0].tensor);
    const bool is_same = error <= largest_error;
    if (!is_same)
        printf("net %llu, %s: %s%g\n", (unsigned long long)j->seed, what,
               st ? j->ctx->message : "off by ", st ? 0 : error);
    if (!st) *j->n_idle += difference(want[0].tensor, j->whole) < 1e-4;
    pare_datums_free(j->ctx, want, 1);
    pare_datums_free(j->ctx, got, 1);
    pare_model_free(j->ctx, masked);
    pare_model_free(j->ctx, small);
    return is_same;
}

static const char *name_of(const job *j, uint32_t group)
{
    const pare_factor *f = &j->axes->factors[j->axes->groups[group].factor];
    return j->model->values[j->axes->axes[f->axis].value].name;
}

static void check_groups(const job *j, tally *t)
{
    bool *gone = calloc(j->axes->n_classes + 1, sizeof(*gone));
    bool *all = calloc(j->axes->n_classes + 1, sizeof(*all));
    size_t n = 0;
    for (uint32_t g = 0; g < j->axes->n_groups; g++) {
        pare_rng rng = { .state = j->seed * 1000 + g };
        if (j->axes->groups[g].is_lossy) {
            t->n_lossy++;
            continue;
        }
        if (!test_prune_choose(j->axes, g, &rng, gone)) continue;
        t->n_groups++;
        n++;
        t->n_off += !holds(j, gone, name_of(j, g));
        for (size_t c = 0; c < j->axes->n_classes; c++) all[c] |= gone[c];
    }
    if (n > 1) t->n_off += !holds(j, all, "all groups");
    t->n_without += n < 2;
    free(gone);
    free(all);
}

static void check_net(uint64_t seed, tally *t)
{
    pare_ctx ctx;
    pare_shapes *shapes = NULL;
    pare_axes_found *axes = NULL;
    pare_datum *whole = NULL;
    uint32_t kinds = 0;
    const test_random_opts opts = { seed, N_BLOCKS, seed % 3 == 2 };
    pare_ctx_init(&ctx, NULL);
    pare_model *model = test_random_net(&ctx, &opts, &kinds);
    pare_tensor *x = test_random_input(&ctx, seed);
    t->kinds |= kinds;
    assert_int_equal(pare_prune_prepare(&ctx, model), PARE_OK);
    assert_int_equal(pare_infer(&ctx, &shapes, model, NULL), PARE_OK);
    assert_int_equal(pare_axes_find(&ctx, &axes, model, shapes, NULL), PARE_OK);
    assert_int_equal(pare_axes_settle(&ctx, axes, model), PARE_OK);
    job j = { &ctx, model, axes, { "x", { .kind = PARE_TYPE_TENSOR, .tensor = x } }, seed, NULL,
              &t->n_idle };
    assert_int_equal(pare_eval_model(&ctx, &whole, model, &j.input, 1, NULL), PARE_OK);
    j.whole = whole[0].tensor;
    check_groups(&j, t);
    pare_datums_free(&ctx, whole, 1);
    pare_axes_free(&ctx, axes);
    pare_shapes_free(&ctx, shapes);
    pare_tensor_unref(x);
    pare_model_free(&ctx, model);
}

static void masked_networks_equal_smaller_ones(void **state)
{
    (void)state;
    tally t = { 0 };
    const char *only = getenv("NET_ONLY");
    for (uint64_t seed = 0; seed < N_NETS; seed++)
        if (!only || strtoull(only, NULL, 10) == seed) check_net(seed, &t);
    printf("%d networks, %zu groups, %zu lossy, %zu off, %zu that do nothing, %zu networks with "
           "less than two groups\n", N_NETS, t.n_groups, t.n_lossy, t.n_off, t.n_idle, t.n_without);
    assert_int_equal(t.n_off, 0);
    if (only) return;
    assert_int_equal(t.kinds, (1u << TEST_RANDOM_KINDS) - 1);
    assert_true(t.n_groups > 1000);
    assert_true(t.n_idle < t.n_groups / 10);
    assert_int_equal(t.n_without, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(masked_networks_equal_smaller_ones) };
    return test_run(tests);
}
