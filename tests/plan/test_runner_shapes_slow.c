/* A thousand shapes of one model: memory stays that of one plan. */
#include "run/runner.h"
#include "base/budget.h"
#include "formats/onnx/onnx.h"
#include "op/sample.h"
#include "support/bench.h"
#include "support/files.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST = 128, N_SHAPES = 1000 };

static void run(pare_ctx *ctx, pare_runner *runner, const pare_model *model, int64_t batch,
                int64_t length)
{
    const pare_value *v = &model->values[model->graph->inputs.items[0].value];
    const int64_t dims[] = { batch, length };
    const pare_input_shape shape = { v->name, 2, dims };
    const pare_infer_opts shapes = { .inputs = &shape, .n_inputs = 1 };
    const pare_sample_opts opts = { .seed = (uint64_t)length, .shapes = &shapes, .quiet = true };
    pare_eval_input *inputs = NULL;
    pare_datum *out = NULL;
    size_t n = 0;
    assert_int_equal(pare_sample_inputs(ctx, &inputs, &n, model, &opts), PARE_OK);
    const pare_status st = pare_runner_run(ctx, &out, runner, NULL, inputs, n);
    if (st) fail_msg("%lld x %lld: %s", (long long)batch, (long long)length, ctx->message);
    assert_int_equal(out[0].tensor->dims[1], length);
    pare_datums_free(ctx, out, model->graph->outputs.n);
    pare_sample_free(ctx, inputs, n);
}

static uint64_t live(const pare_budget *budget)
{
    return atomic_load(&budget->live_bytes);
}

/* What is alive is counted exactly. What the process holds, once the heap has had its first plans,
 * says that nothing is lost between allocations either. */
static void memory_does_not_grow(void **state)
{
    (void)state;
    char path[TEST_PATH_BYTES];
    pare_ctx plain, ctx;
    pare_budget budget;
    pare_model *model = NULL;
    pare_runner *runner = NULL;
    if (!test_shared_path(path, "data/models/text/bytegpt-4l128.onnx")) test_skip("no real models");
    pare_ctx_init(&plain, NULL);
    pare_budget_init(&budget, &plain, UINT64_MAX);
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .allocator = pare_budget_allocator(&budget) });
    const double before = bench_anonymous_mib(getpid());
    assert_int_equal(pare_onnx_open(&ctx, &model, path, NULL), PARE_OK);
    assert_int_equal(pare_runner_new(&ctx, &runner, model, NULL), PARE_OK);
    run(&ctx, runner, model, 8, LONGEST);
    const uint64_t one_bytes = live(&budget);
    for (int i = 0; i < 4; i++) run(&ctx, runner, model, 8, LONGEST - i);
    const double one = bench_anonymous_mib(getpid()) - before;
    const pare_runner_stats first = pare_runner_stats_of(runner);
    uint64_t most_bytes = 0;
    for (int i = 0; i < N_SHAPES; i++) { /* every length, with every batch up to 8, mixed */
        run(&ctx, runner, model, 1 + i % 8, 1 + i * 37 / 8 % LONGEST);
        if (live(&budget) > most_bytes) most_bytes = live(&budget);
    }
    const double all = bench_anonymous_mib(getpid()) - before;
    const pare_runner_stats last = pare_runner_stats_of(runner);
    printf("alive: %.2f MiB with one plan, at most %.2f MiB (%.3f times); process: %.2f MiB, then "
           "%.2f MiB (%.3f times)\n%zu plans of %.2f MiB, weights %.2f MiB, workspace %.2f MiB, "
           "%llu plans made\n",
           (double)one_bytes / 1048576, (double)most_bytes / 1048576,
           (double)most_bytes / (double)one_bytes, one, all, all / one, last.n_plans,
           (double)last.plan_bytes / 1048576, (double)last.pack_bytes / 1048576,
           (double)last.workspace_bytes / 1048576, (unsigned long long)last.n_planned);
    assert_true((double)most_bytes < 1.2 * (double)one_bytes);
    assert_true(all < 1.2 * one);
    assert_true(last.n_planned > 900);
    assert_int_equal(last.n_packed, first.n_packed);
    assert_int_equal(last.pack_bytes, first.pack_bytes);
    assert_int_equal(last.workspace_bytes, first.workspace_bytes);
    pare_runner_free(&ctx, runner);
    pare_model_free(&ctx, model);
    assert_int_equal(live(&budget), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(memory_does_not_grow) };
    return test_run(tests);
}
