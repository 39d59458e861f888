#include "support/eval.h"
#include "support/test.h"

/* One token, two experts that the router likes alike. */
#define TWO_EXPERTS                                                                                \
    "float[1,1] x = {1}, float[1,2] r = {0, 0}, float[2,1,1] w = {1, 2}, float[2,1,1] v = {10, 100}"

static void experts_are_weighed(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, TWO_EXPERTS, "y = com.microsoft.MoE<k = 2>(x, r, w, \"\", v)",
          "float[1,1] {105}" },
        { 13, TWO_EXPERTS, "y = com.microsoft.MoE<k = 1>(x, r, w, \"\", v)", "float[1,1] {5}" },
        { 13, TWO_EXPERTS,
          "y = com.microsoft.MoE<k = 1, normalize_routing_weights = 1>(x, r, w, \"\", v)",
          "float[1,1] {10}" },
        { 13, TWO_EXPERTS ", float[2,1] b = {-9, -1}, float[2,1] c = {4, 6}",
          "y = com.microsoft.MoE<k = 2>(x, r, w, b, v, c)", "float[1,1] {55}" },
        { 13, TWO_EXPERTS, "y = com.microsoft.MoE<k = 3>(x, r, w, \"\", v)",
          "error: attribute 'k': expected at most 2, found 3" },
        { 13, TWO_EXPERTS, "y = com.microsoft.MoE<use_sparse_mixer = 1>(x, r, w, \"\", v)",
          "error: use_sparse_mixer is not implemented" },
        { 13, TWO_EXPERTS ", float[3] b = {1, 2, 3}", "y = com.microsoft.MoE(x, r, w, b, v)",
          "error: input 3: expected 2 elements, found 3" },
        { 13, "float[0,1] x = {}, float[0,1] r = {}, float[1,1,1] w = {1}",
          "y = com.microsoft.MoE(x, r, w, \"\", w)", "float[0,1] {}" },
    };
    TEST_EVAL(rows);
}

/* alpha 0: gate / 2 * (linear + 1) */
#define SWIGLU "activation_type = \"swiglu\", activation_alpha = 0.0, activation_beta = 1.0, "
#define ONE_EXPERT                                                                                 \
    "float[1,1] x = {1}, float[1,1] r = {5}, float[1,4,1] w = {4, 3, 2, 5}, "                      \
    "float[1,1,2] v = {1, 10}"

static void gated_linear_units(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, ONE_EXPERT, "y = com.microsoft.MoE<" SWIGLU "swiglu_fusion = 1>(x, r, w, \"\", v)",
          "float[1,1] {68}" },
        { 13, ONE_EXPERT, "y = com.microsoft.MoE<" SWIGLU "swiglu_fusion = 2>(x, r, w, \"\", v)",
          "float[1,1] {96}" },
        { 13, ONE_EXPERT,
          "y = com.microsoft.MoE<" SWIGLU
          "swiglu_fusion = 2, swiglu_limit = 2.0>(x, r, w, \"\", v)",
          "float[1,1] {33}" },
        { 13,
          "float[1,1] x = {1}, float[1,1] r = {5}, float[1,2,1] w = {4, 3}, float[1,1,2] v = {1, "
          "10}, "
          "float[1,2,1] u = {2, 5}",
          "y = com.microsoft.MoE<" SWIGLU "swiglu_fusion = 0>(x, r, w, \"\", v, \"\", u)",
          "float[1,1] {96}" },
        { 13, ONE_EXPERT, "y = com.microsoft.MoE<activation_type = \"relu\">(x, r, w, \"\", v)",
          "error: FC1: expected 2 rows, found 4" },
        { 13, ONE_EXPERT, "y = com.microsoft.MoE<activation_type = \"tanh\">(x, r, w, \"\", v)",
          "error: activation_type" },
    };
    TEST_EVAL(rows);
}

/* codes 10, 5 twice; then 10, 5 and 5, 10 */
#define PACKED                                                                                     \
    "float[1,2] x = {4, 2}, float[1,1] r = {5}, uint8[1,2,1] w = {90, 90}, "                       \
    "float[1,2] s = {0.5, 0.5}, uint8[1,2,1] v = {90, 165}, float[1,2] t = {1, 2}"
#define QMOE "com.microsoft.QMoE<activation_type = \"identity\">"

static void packed_experts(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, PACKED, "y = " QMOE "(x, r, w, s, \"\", v, t)", "float[1,2] {-1, -2}" },
        { 13, PACKED ", uint8[1,1] z = {33}",
          "y = " QMOE "(x, r, w, s, \"\", v, t, \"\", \"\", \"\", \"\", z)",
          "float[1,2] {-13, -56}" },
        { 13, PACKED ", float[1,1] m = {3}",
          "y = " QMOE "(x, r, w, s, \"\", v, t, \"\", \"\", \"\", \"\", \"\", \"\", \"\", m)",
          "float[1,2] {-3, -6}" },
        { 13, PACKED ", uint8[1,2] z = {33, 0}",
          "y = " QMOE "(x, r, w, s, \"\", v, t, \"\", \"\", \"\", \"\", z)",
          "error: input 11: expected 1 bytes, found 2" },
        { 13, PACKED,
          "y = com.microsoft.QMoE<quant_type = \"fp4\">(x, r, w, s, \"\", v, t)",
          "error: quant_type other than 'int' is not implemented" },
        { 13, PACKED, "y = com.microsoft.QMoE<block_size = 16>(x, r, w, s, \"\", v, t)",
          "error: expected a divisor of 2, found 16" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(experts_are_weighed),
        cmocka_unit_test(gated_linear_units),
        cmocka_unit_test(packed_experts),
    };
    return test_run(tests);
}
