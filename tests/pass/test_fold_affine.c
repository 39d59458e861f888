/* Folding of batch norms and arithmetic along channels into weights. */
#include "pass/pass.h"

#include "op/eval.h"
#include "op/sample.h"
#include "support/compare.h"
#include "support/models.h"
#include "support/nets/nets.h"
#include "support/passes.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <string.h>

#define IR8 "<ir_version: 8, opset_import: [\"\" : 15]>\n"

#define FOLD(before, after) { "fold-affine", IR8 before, IR8 after }
#define STAYS(before) { "fold-affine", IR8 before, NULL }
#define CONV_W "float[2,1,1,1] w = {1, 2}"
#define BN "float[2] s = {2, 4}, float[2] t = {1, 1}, float[2] m = {3, 0}, float[2] v = {1, 4}"

static void folds_into_weight_and_bias(void **state)
{
    (void)state;
    static const test_pass_row rows[] = {
        /* scale 2, 2; shift 1 - 6, 1 */
        FOLD("g (float[N,1,3,3] x) => (float[N,2,3,3] y) <" CONV_W ", " BN "> {\n"
             "  c = Conv (x, w)\n"
             "  y = BatchNormalization <epsilon = 0.0> (c, s, t, m, v) }",
             "g (float[N,1,3,3] x) => (float[N,2,3,3] y) <float[2,1,1,1] w = {2, 4}, "
             BN ", float[2] bias = {-5, 1}> {\n  y = Conv (x, w, bias) }"),
        /* one after another, constants on either side */
        FOLD("g (float[N,1,3,3] x) => (float[N,2,3,3] y) <" CONV_W ", float[2] b = {1, -1}, "
             "float[2,1,1] f = {2, 3}, float[1,2,1,1] o = {1, 2}, float d = {2}> {\n"
             "  c = Conv (x, w, b)\n  e = Mul (f, c)\n  h = Sub (o, e)\n  y = Div (h, d) }",
             "g (float[N,1,3,3] x) => (float[N,2,3,3] y) <float[2,1,1,1] w = {-1, -3}, "
             "float[2] b = {-0.5, 2.5}, "
             "float[2,1,1] f = {2, 3}, float[1,2,1,1] o = {1, 2}, float d = {2}> {\n"
             "  y = Conv (x, w, b) }"),
        /* a weight that others use stays */
        FOLD("g (float[N,1,3,3] x) => (float[N,2,3,3] y, float[N,2,3,3] z) <" CONV_W ", "
             "float d = {2}> {\n  c = Conv (x, w)\n  y = Mul (c, d)\n  z = Conv (x, w) }",
             "g (float[N,1,3,3] x) => (float[N,2,3,3] y, float[N,2,3,3] z) <" CONV_W ", "
             "float d = {2}, float[2,1,1,1] w_1 = {2, 4}> {\n  y = Conv (x, w_1)\n"
             "  z = Conv (x, w) }"),
        FOLD("g (float[N,2] x) => (float[N,2] y) <float[2,2] w = {1, 2, 3, 4}, "
             "float[1] b = {1}, float[2] f = {2, 3}> {\n"
             "  c = Gemm <alpha = 2.0, transB = 1> (x, w, b)\n  y = Mul (c, f) }",
             "g (float[N,2] x) => (float[N,2] y) <float[2,2] w = {2, 4, 9, 12}, "
             "float[2] b = {2, 3}, float[2] f = {2, 3}> {\n"
             "  y = Gemm <alpha = 2.0, transB = 1> (x, w, b) }"),
        FOLD("g (float[B,N,2] x) => (float[B,N,2] y) <float[2,2] w = {1, 2, 3, 4}, "
             "float[2] f = {2, 3}> {\n  c = MatMul (x, w)\n  y = Mul (c, f) }",
             "g (float[B,N,2] x) => (float[B,N,2] y) <float[2,2] w = {2, 6, 6, 12}, "
             "float[2] f = {2, 3}> {\n  y = MatMul (x, w) }"),
        /* two groups of two outputs each */
        FOLD("g (float[N,2,1,1] x) => (float[N,4,1,1] y) <float[2,2,1,1] w = {1, 1, 1, 1}, "
             "float[4,1,1] f = {1, 2, 3, 4}> {\n"
             "  c = ConvTranspose <group = 2> (x, w)\n  y = Mul (c, f) }",
             "g (float[N,2,1,1] x) => (float[N,4,1,1] y) <float[2,2,1,1] w = {1, 2, 3, 4}, "
             "float[4,1,1] f = {1, 2, 3, 4}> {\n  y = ConvTranspose <group = 2> (x, w) }"),
    };
    test_pass_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void leaves_what_does_not_fold(void **state)
{
    (void)state;
    static const test_pass_row rows[] = {
        /* read twice; an output */
        STAYS("g (float[N,1,3,3] x) => (float[N,2,3,3] y) <" CONV_W ", float d = {2}> {\n"
              "  c = Conv (x, w)\n  e = Mul (c, d)\n  y = Add (c, e) }"),
        STAYS("g (float[N,1,3,3] x) => (float[N,2,3,3] y, float[N,2,3,3] c) <" CONV_W
              ", float d = {2}> {\n  c = Conv (x, w)\n  y = Mul (c, d) }"),
        /* along another axis, or of a higher rank; a divisor that is 0 */
        STAYS("g (float[N,1,3,2] x) => (float[N,2,3,2] y) <" CONV_W ", float[2] f = {2, 3}> {\n"
              "  c = Conv (x, w)\n  y = Mul (c, f) }"),
        STAYS("g (float[N,1,3,2] x) => (float[] y) <" CONV_W ", float[1,1,1,1,1] f = {2}> {\n"
              "  c = Conv (x, w)\n  y = Mul (c, f) }"),
        STAYS("g (float[N,1,3,2] x) => (float[N,2,3,2] y) <" CONV_W ", float f = {0}> {\n"
              "  c = Conv (x, w)\n  y = Div (c, f) }"),
        STAYS("g (float[N,1,3,2] x) => (float[N,2,3,2] y) <" CONV_W ", float f = {2}> {\n"
              "  c = Conv (x, w)\n  y = Div (f, c) }"),
        /* a product has no bias, weights that the caller may give, other types */
        STAYS("g (float[N,2] x) => (float[N,2] y) <float[2,2] w = {1, 2, 3, 4}, "
              "float[2] f = {2, 3}> {\n  c = MatMul (x, w)\n  y = Add (c, f) }"),
        STAYS("g (float[N,2] x, float[2,2] w) => (float[N,2] y) <float[2,2] w = {1, 2, 3, 4}, "
              "float[2] f = {2, 3}> {\n  c = MatMul (x, w)\n  y = Mul (c, f) }"),
        STAYS("g (double[N,2] x) => (double[N,2] y) <double[2,2] w = {1, 2, 3, 4}, "
              "double[2] f = {2, 3}> {\n  c = MatMul (x, w)\n  y = Mul (c, f) }"),
        STAYS("g (float[N,1,3,3] x) => (float[N,2,3,3] y) <" CONV_W ", " BN "> {\n"
              "  c = Conv (x, w)\n"
              "  y = BatchNormalization <training_mode = 1> (c, s, t, m, v) }"),
    };
    test_pass_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void check_network(const char *name)
{
    test_ctx t;
    test_ctx_init(&t);
    const net_opts opts = { .weights = NET_WEIGHTS_SEEDED, .seed = 5 };
    pare_model *model = NULL, *folded = NULL;
    assert_int_equal(net_build(&t.ctx, &model, name, &opts, NULL), PARE_OK);
    assert_int_equal(pare_model_clone(&t.ctx, &folded, model), PARE_OK);
    pare_pass_stats stats = { 0 };
    assert_int_equal(pare_pass_run(&t.ctx, folded, pare_pass_find("fold-affine"), NULL, &stats),
                     PARE_OK);
    assert_true(stats.n_nodes > 5);
    for (pare_node_id n = folded->graph->first_node; n != PARE_NONE; n = folded->nodes[n].next)
        assert_string_not_equal(folded->nodes[n].op_type, "BatchNormalization");

    pare_eval_input *in = NULL;
    pare_datum *a = NULL, *b = NULL;
    size_t n_in = 0;
    char why[200];
    const pare_sample_opts sample = { .seed = 1 };
    assert_int_equal(pare_sample_inputs(&t.ctx, &in, &n_in, model, &sample), PARE_OK);
    assert_int_equal(pare_eval_model(&t.ctx, &a, model, in, n_in, NULL), PARE_OK);
    assert_int_equal(pare_eval_model(&t.ctx, &b, folded, in, n_in, NULL), PARE_OK);
    if (!compare_datums(b, a, (compare_rule){ 1e-4, 1e-5 }, why, sizeof(why)))
        fail_msg("%s: %s", name, why);
    pare_datum_drop(&t.ctx, a);
    pare_datum_drop(&t.ctx, b);
    pare_free(&t.ctx, a);
    pare_free(&t.ctx, b);
    pare_sample_free(&t.ctx, in, n_in);
    pare_model_free(&t.ctx, folded);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void networks_compute_the_same(void **state)
{
    (void)state;
    check_network("resnet20");
    check_network("tiny-dscnn");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folds_into_weight_and_bias),
        cmocka_unit_test(leaves_what_does_not_fold),
        cmocka_unit_test(networks_compute_the_same),
    };
    return test_run(tests);
}
