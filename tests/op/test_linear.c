/* Linear nodes are seen without any memory: none is ever left as it was for want of it. */
#include "op/linear.h"

#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

static const char text[] =
    "<ir_version: 8, opset_import: [\"\" : 13]>\n"
    "g (float[1,4,6,6] x, float[2,4] z) => (float[] y, float[] a, float[] b, float[] c) <"
    "float[2,2,3,1] u = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, float[4,1,1,1] v = {1, 2, 3, 4}, "
    "float[4,2] w = {1, 2, 3, 4, 5, 6, 7, 8}, float[2] d = {1, 2}> {"
    "y = Conv<group = 2, auto_pad = \"SAME_UPPER\", strides = [2, 1]>(x, u, d)\n"
    "a = ConvTranspose<group = 2, dilations = [1, 2]>(x, v)\n"
    "b = Gemm<alpha = 0.5>(z, w, d)\nc = MatMul(z, w) }";

static void needs_no_memory(void **state)
{
    (void)state;
    test_ctx t, empty;
    test_ctx_init(&t);
    test_ctx_init(&empty);
    pare_model *model = test_model_parse(&t.ctx, text);
    uint32_t n = 0;
    for (pare_node_id id = model->graph->first_node; id != PARE_NONE; id = model->nodes[id].next) {
        pare_linear l;
        test_ctx_fail_at(&empty, 0);
        assert_true(pare_linear_of(&empty.ctx, &l, model, id));
        assert_false(empty.failed); /* it did not ask for any */
        n++;
    }
    assert_int_equal(n, 4);
    pare_model_free(&t.ctx, model);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(needs_no_memory) };
    return test_run(tests);
}
