#include "support/nets/nets.h"

#include "support/nets/layer.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <string.h>

/* Parameters and MACs of every network are exactly the published ones, and building them takes next
 * to no memory. */
static void test_counts(void **state)
{
    size_t n_rows;
    const net_row *rows = net_rows(&n_rows);
    (void)state;
    assert_true(n_rows >= 36);
    for (size_t i = 0; i < n_rows; i++) {
        test_ctx t;
        pare_model *model = NULL;
        uint64_t macs = 0;
        test_ctx_init(&t);
        const pare_status st = net_build(&t.ctx, &model, rows[i].name, NULL, &macs);
        if (st) fail_msg("%s: %s", rows[i].name, t.ctx.message);
        const uint64_t params = net_count_params(model);
        if (params != rows[i].params || macs != rows[i].macs)
            fail_msg("%s: %llu parameters, %llu MACs; expected %llu and %llu", rows[i].name,
                     (unsigned long long)params, (unsigned long long)macs,
                     (unsigned long long)rows[i].params, (unsigned long long)rows[i].macs);
        pare_model_free(&t.ctx, model);
        assert_true(test_ctx_peak_bytes(&t) < 8 << 20);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

/* What else the tables of the counts say. */
static void test_other_lengths(void **state)
{
    static const struct {
        const char *name;
        int64_t seq;
        uint64_t macs;
    } cases[] = {
        { "bert-base", 384, 35333406720 },
        { "gpt2-body", 1, 84953088 },
        { "gpt2-body", 1024, 106300440576 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_ctx t;
        pare_model *model = NULL;
        uint64_t macs = 0;
        test_ctx_init(&t);
        const net_opts opts = { .seq = cases[i].seq };
        assert_int_equal(net_build(&t.ctx, &model, cases[i].name, &opts, &macs), PARE_OK);
        assert_int_equal(macs, cases[i].macs);
        pare_model_free(&t.ctx, model);
    }
}

/* The first float initializer with this name. */
static const float *weights_of(const pare_model *model, const char *name)
{
    const pare_value_id id = pare_graph_find(model->graph, name);
    assert_true(id != PARE_NONE);
    return (const float *)(const void *)pare_value_at(model, id)->tensor->payload.data;
}

/* Weights come from seed and name: the same in networks of other depth, others for another seed. */
static void test_weights_depend_on_names(void **state)
{
    static const char *name = "layer1.0.1.conv.weight";
    test_ctx t;
    pare_model *small = NULL, *large = NULL, *other = NULL;
    net_opts opts = { .weights = NET_WEIGHTS_SEEDED, .seed = 7 };
    (void)state;
    test_ctx_init(&t);
    assert_int_equal(net_build(&t.ctx, &small, "resnet20", &opts, NULL), PARE_OK);
    assert_int_equal(net_build(&t.ctx, &large, "resnet56", &opts, NULL), PARE_OK);
    opts.seed = 8;
    assert_int_equal(net_build(&t.ctx, &other, "resnet20", &opts, NULL), PARE_OK);
    const size_t n_bytes = sizeof(float) * 16 * 16 * 9;
    assert_memory_equal(weights_of(small, name), weights_of(large, name), n_bytes);
    assert_memory_not_equal(weights_of(small, name), weights_of(other, name), n_bytes);
    assert_memory_not_equal(weights_of(small, name), weights_of(small, "layer1.0.2.conv.weight"),
                            n_bytes);
    pare_model_free(&t.ctx, small);
    pare_model_free(&t.ctx, large);
    pare_model_free(&t.ctx, other);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Mean and variance are those the initialisation promises. */
static void test_weights_have_he_variance(void **state)
{
    enum { N = 1 << 16 };
    static float weights[N];
    double sum = 0, squares = 0;
    (void)state;
    net_fill(weights, N, 1, "w", NET_INIT_WEIGHT, 50);
    for (int i = 0; i < N; i++) {
        sum += (double)weights[i];
        squares += (double)weights[i] * (double)weights[i];
    }
    assert_true(sum / N > -0.005 && sum / N < 0.005);
    assert_true(squares / N > 0.039 && squares / N < 0.041); /* 2 / 50 */
}

static unsigned count_nodes(const pare_model *model, const char *op_type)
{
    unsigned n = 0;
    for (size_t i = 0; i < model->n_nodes; i++)
        n += !strcmp(pare_node_at(model, (pare_node_id)i)->op_type, op_type);
    return n;
}

/* An older or newer opset has other nodes for the same layer; dimensions can be symbols. */
static void test_options(void **state)
{
    test_ctx t;
    pare_model *model = NULL;
    net_opts opts = { .opset = 13, .batch = NET_SYMBOLIC, .seq = NET_SYMBOLIC };
    (void)state;
    test_ctx_init(&t);
    assert_int_equal(net_build(&t.ctx, &model, "minilm-l6", &opts, NULL), PARE_OK);
    assert_int_equal(count_nodes(model, "LayerNormalization"), 0);
    assert_int_equal(count_nodes(model, "ReduceMean"), 2 * 13);
    assert_string_equal(model->graph->inputs.items[0].type->dims[0].param, "batch");
    assert_string_equal(model->graph->inputs.items[0].type->dims[1].param, "seq");
    pare_model_free(&t.ctx, model);
    opts.opset = 20;
    assert_int_equal(net_build(&t.ctx, &model, "minilm-l6", &opts, NULL), PARE_OK);
    assert_int_equal(count_nodes(model, "LayerNormalization"), 13);
    assert_int_equal(count_nodes(model, "Gelu"), 6);
    pare_model_free(&t.ctx, model);
    assert_int_equal(net_build(&t.ctx, &model, "lenet", NULL, NULL), PARE_EUSAGE);
    assert_string_equal(t.ctx.message, "no network is called 'lenet'");
}

static pare_status build_small(pare_ctx *ctx, void *user)
{
    pare_model *model = NULL;
    const net_opts opts = { .weights = NET_WEIGHTS_SEEDED };
    (void)user;
    const pare_status st = net_build(ctx, &model, "tiny-autoencoder", &opts, NULL);
    if (!st) pare_model_free(ctx, model);
    return st;
}

static void test_memory_failures(void **state)
{
    (void)state;
    assert_true(test_ctx_torture(build_small, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_other_lengths),
        cmocka_unit_test(test_weights_depend_on_names),
        cmocka_unit_test(test_weights_have_he_variance),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_memory_failures),
    };
    return test_run(tests);
}
