/* Whole residual blocks: which are found, which goes first, what stands in for it. */
#include "prune/blocks.h"

#include "op/eval.h"
#include "prune/blocks_find.h"
#include "support/memory_data.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 4, SAMPLES = 40 };

static const int64_t sample_dims[] = { 1, WIDTH };

static float sample_at(uint64_t sample, int64_t i)
{
    return (float)((sample * 37 + (uint64_t)i * 101 + sample * sample * 13) % 223) / 111 - 1;
}

/* Three blocks of two products each: of little weight, the same for every input, of much weight;
 * and a sum that is none, as nothing but it needs what it adds. */
static pare_model *make_network(pare_ctx *ctx)
{
    static char text[8192];
    static const float scales[] = { 0.01f, 0, 1 };
    size_t at = (size_t)snprintf(text, sizeof(text),
                                 "<ir_version: 8, opset_import: [\"\" : 17]>\n"
                                 "g (float[N,%d] x) => (float[N,%d] y) <", WIDTH, WIDTH);
    for (int k = 0; k < 3; k++)
        for (int half = 0; half < 2; half++) {
            at += (size_t)snprintf(text + at, sizeof(text) - at, "float[%d,%d] %c%d = {", WIDTH,
                                   WIDTH, half ? 'b' : 'a', k);
            for (int i = 0; i < WIDTH * WIDTH; i++)
                at += (size_t)snprintf(
                    text + at, sizeof(text) - at, "%s%.9g", i ? ", " : "",
                    (double)((float)((k * 31 + half * 17 + i * 53) % 41) / 20 - 1) *
                        (double)(half ? scales[k] : 1));
            at += (size_t)snprintf(text + at, sizeof(text) - at, "}, ");
        }
    snprintf(text + at, sizeof(text) - at,
             "float[%d] c = {0.5, -0.25, 2, 1}> {\n"
             "  h0 = MatMul(x, a0)\n  r0 = Relu(h0)\n  f0 = MatMul(r0, b0)\n  s0 = Add(x, f0)\n"
             "  h1 = MatMul(s0, a1)\n  r1 = Relu(h1)\n  f1 = Gemm(r1, b1, c)\n  s1 = Add(f1, s0)\n"
             "  h2 = MatMul(s1, a2)\n  r2 = Relu(h2)\n  f2 = MatMul(r2, b2)\n  s2 = Add(s1, f2)\n"
             "  t = Tanh(s2)\n  u = Add(t, s2)\n  y = Relu(u)\n}\n", WIDTH);
    return test_model_parse(ctx, text);
}

static double difference(pare_ctx *ctx, const pare_model *a, const pare_model *b)
{
    double most = 0;
    for (uint64_t s = 0; s < 20; s++) {
        pare_tensor *x = NULL;
        pare_datum *ya = NULL, *yb = NULL;
        float data[WIDTH];
        for (int i = 0; i < WIDTH; i++) data[i] = sample_at(s, i);
        assert_int_equal(pare_tensor_from(ctx, &x, PARE_FLOAT, 2, sample_dims, data), PARE_OK);
        const pare_eval_input input = { "x", { .kind = PARE_TYPE_TENSOR, .tensor = x } };
        assert_int_equal(pare_eval_model(ctx, &ya, a, &input, 1, NULL), PARE_OK);
        assert_int_equal(pare_eval_model(ctx, &yb, b, &input, 1, NULL), PARE_OK);
        for (int i = 0; i < WIDTH; i++)
            most = fmax(most, fabs((double)((const float *)ya[0].tensor->payload.data)[i] -
                                   (double)((const float *)yb[0].tensor->payload.data)[i]));
        pare_datums_free(ctx, ya, 1);
        pare_datums_free(ctx, yb, 1);
        pare_tensor_unref(x);
    }
    return most;
}

static pare_status prune(pare_ctx *ctx, pare_model *m, double limit, bool has_data,
                         pare_block_report *report)
{
    test_memory_data memory;
    test_memory_data_init(&memory, SAMPLES, 2, sample_dims, sample_at);
    const int64_t one[] = { 1, WIDTH };
    const pare_input_shape shape = { "x", 2, one };
    const pare_infer_opts shapes = { .inputs = &shape, .n_inputs = 1 };
    const pare_block_opts opts = { .limit = limit, .shapes = &shapes,
                                   .data = has_data ? &memory.data : NULL };
    return pare_prune_blocks(ctx, m, &opts, report);
}

static void sums_of_a_shortcut_and_a_branch_are_found(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    pare_model *m = make_network(&ctx);
    pare_shapes *shapes = NULL;
    pare_residual *blocks = NULL;
    size_t n = 0;
    assert_int_equal(pare_infer(&ctx, &shapes, m, NULL), PARE_OK);
    assert_int_equal(pare_residuals_find(&ctx, &blocks, &n, m, shapes), PARE_OK);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(blocks[i].branch_slot, i == 1 ? 0 : 1);
        assert_int_equal(blocks[i].n_nodes, 3);
        assert_int_equal(blocks[i].n_channels, WIDTH);
    }
    pare_free(&ctx, blocks);
    pare_shapes_free(&ctx, shapes);
    pare_model_free(&ctx, m);
}

static void a_block_that_adds_a_constant_goes_first_and_is_made_up_for(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_block_report report;
    pare_ctx_init(&ctx, NULL);
    pare_model *m = make_network(&ctx), *original = make_network(&ctx);
    assert_int_equal(prune(&ctx, m, 0.7, true, &report), PARE_OK);
    assert_int_equal(report.n_blocks, 3);
    assert_int_equal(report.n_gone, 1);
    assert_true(report.blocks[1].is_gone);
    assert_string_equal(report.blocks[1].name, "s1");
    assert_true(report.error < 1e-12);
    assert_true(fabs(report.cost_left - 2.0 / 3) < 1e-9);
    assert_true(difference(&ctx, m, original) < 1e-5);
    pare_block_report_free(&ctx, &report);
    pare_model_free(&ctx, m);
    pare_model_free(&ctx, original);
}

static void more_go_until_it_is_cheap_enough_the_heaviest_last(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_block_report report;
    pare_ctx_init(&ctx, NULL);
    for (int has_data = 0; has_data < 2; has_data++) {
        pare_model *m = make_network(&ctx);
        assert_int_equal(prune(&ctx, m, 0.4, has_data, &report), PARE_OK);
        assert_int_equal(report.n_gone, 2);
        assert_false(report.blocks[2].is_gone);
        pare_block_report_free(&ctx, &report);
        pare_model_free(&ctx, m);
    }
}

static void a_model_without_blocks_is_refused(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_block_report report;
    pare_ctx_init(&ctx, NULL);
    pare_model *m = test_model_parse(&ctx, "<ir_version: 8, opset_import: [\"\" : 17]>\n"
                                           "g (float[N,4] x) => (float[N,4] y) {\n"
                                           "  y = Add(x, x)\n}\n");
    assert_int_equal(prune(&ctx, m, 0.5, false, &report), PARE_EUNSUPPORTED);
    pare_block_report_free(&ctx, &report);
    pare_model_free(&ctx, m);
}

static pare_status prune_network(pare_ctx *ctx, void *user)
{
    pare_block_report report = { 0 };
    pare_model *m = NULL;
    pare_status st = pare_model_clone(ctx, &m, user);
    if (!st) st = prune(ctx, m, 0.7, true, &report);
    pare_block_report_free(ctx, &report);
    pare_model_free(ctx, m);
    return st;
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    pare_model *m = make_network(&ctx);
    test_ctx_torture(prune_network, m);
    pare_model_free(&ctx, m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_of_a_shortcut_and_a_branch_are_found),
        cmocka_unit_test(a_block_that_adds_a_constant_goes_first_and_is_made_up_for),
        cmocka_unit_test(more_go_until_it_is_cheap_enough_the_heaviest_last),
        cmocka_unit_test(a_model_without_blocks_is_refused),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return test_run(tests);
}
