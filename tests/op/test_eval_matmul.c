#include "support/eval.h"
#include "support/test.h"

static void products_of_any_rank(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "float[2,2] a = {1, 2, 3, 4}, float[2,2] b = {5, 6, 7, 8}", "y = MatMul(a, b)",
          "float[2,2] {19, 22, 43, 50}" },
        { 13, "float[2] a = {1, 2}, float[2] b = {3, 4}", "y = MatMul(a, b)", "float {11}" },
        { 13, "float[2] a = {1, 2}, float[2,1,2,1] b = {3, 4, 5, 6}", "y = MatMul(a, b)",
          "float[2,1,1] {11, 17}" },
        { 13, "float[2,1,1,2] a = {1, 2, 3, 4}, float[2,2,1] b = {1, 1, 2, 1}", "y = MatMul(a, b)",
          "float[2,2,1,1] {3, 4, 7, 10}" },
        { 13, "double[1,2] a = {1, 0.5}, double[2,1] b = {3, 4}", "y = MatMul(a, b)",
          "double[1,1] {5}" },
        { 13, "int32[1,2] a = {2147483647, 1}, int32[2,1] b = {2, 3}", "y = MatMul(a, b)",
          "int32[1,1] {1}" },
        { 13, "uint64[1,1] a = {18446744073709551615}, uint64[1,1] b = {3}", "y = MatMul(a, b)",
          "uint64[1,1] {18446744073709551613}" },
        { 13, "float[2,0] a = {}, float[0,1] b = {}", "y = MatMul(a, b)", "float[2,1] {0, 0}" },
        { 13, "float[0,2] a = {}, float[2,1] b = {1, 2}", "y = MatMul(a, b)", "float[0,1] {}" },
        /* 1 + 2^-11 is rounded to even after the sum, not before */
        { 13, "float16[1,2] a = {15360, 4096}, float16[2,1] b = {15360, 15360}", "y = MatMul(a, b)",
          "float16[1,1] {1}" },
        { 13, "float[1,2] a = {1, 2}, double[2,1] b = {1, 2}", "y = MatMul(a, b)",
          "error: input 1: expected float, found double" },
    };
    TEST_EVAL(rows);
}

static void fused_products(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "float[2,1] a = {1, 2}, float[1,2] b = {3, 4}",
          "y = com.microsoft.FusedMatMul<transA = 1, transB = 1, alpha = 0.5>(a, b)",
          "float[1,1] {5.5}" },
        /* a is [batch 2, 3 rows...] with the batch behind: [rows, batch, inner] */
        { 13, "float[1,2,2] a = {1, 2, 3, 4}, float[2,2,1] b = {1, 1, 1, 2}",
          "y = com.microsoft.FusedMatMul<transBatchA = 1>(a, b)", "float[2,1,1] {3, 11}" },
        { 13, "float[1,2] a = {1, 2}, float[1,2] b = {3, 4}",
          "y = com.microsoft.TransposeMatMul<transB = 1>(a, b)", "float[1,1] {11}" },
        { 13, "float[1,2] a = {1, -2}, float[2,2] b = {1, 2, 3, 4}, float[2] c = {1, 10}",
          "y = com.microsoft.FusedGemm<activation = \"Relu\">(a, b, c)", "float[1,2] {0, 4}" },
        { 13, "float[1,2] a = {1, -2}, float[2,2] b = {1, 2, 3, 4}",
          "y = com.microsoft.FusedGemm<activation = \"LeakyRelu\", activation_alpha = 0.5>(a, b)",
          "float[1,2] {-2.5, -3}" },
        { 13, "float[1,1] a = {1}", "y = com.microsoft.FusedGemm<activation = \"Sine\">(a, a)",
          "error: 'Sine' is not implemented" },
        { 13, "int32[1,2] a = {1, 2}, int32[2,1] b = {3, 4}, int32[1] c = {5}",
          "y = Gemm<beta = 2.0>(a, b, c)", "int32[1,1] {21}" },
        { 13, "float[2,2] a = {1, 2, 3, 4}, float[2,1] c = {10, 20}",
          "y = Gemm<transB = 1, alpha = 2.0>(a, a, c)", "float[2,2] {20, 32, 42, 70}" },
        { 13, "float[2,2] a = {1, 2, 3, 4}, float[3] c = {10, 20, 30}", "y = Gemm(a, a, c)",
          "error: input 2: expected a shape" },
    };
    TEST_EVAL(rows);
}

static void integer_products(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "uint8[2,2] a = {1, 2, 3, 4}, int8[2,2] b = {-1, 2, 3, -4}",
          "y = MatMulInteger(a, b)", "int32[2,2] {5, -6, 9, -10}" },
        { 13, "uint8[2,2] a = {1, 2, 3, 4}, int8[2,2] b = {-1, 2, 3, -4}, uint8[2] z = {1, 3}, "
              "int8[2] w = {-1, 2}",
          "y = MatMulInteger(a, b, z, w)", "int32[2,2] {4, -6, 4, -6}" },
        { 13, "uint8[1,2,1] a = {5, 6}, uint8[1,1,1] b = {7}, uint8[1,2,1] z = {1, 2}",
          "y = MatMulInteger(a, b, z)", "int32[1,2,1] {28, 28}" },
        { 13, "uint8[1] a = {5}, uint8[1] b = {7}, uint8 z = {1}", "y = MatMulInteger(a, b, z, z)",
          "int32 {24}" },
        { 13, "uint8[2,2] a = {1, 2, 3, 4}, uint8[3] z = {1, 3, 4}", "y = MatMulInteger(a, a, z)",
          "error: one for each row of A or column of B" },
        { 13, "int32[1,1] a = {1}", "y = MatMulInteger(a, a)", "error: int32" },
        { 21, "uint8[1,2] a = {11, 12}, float sa = {0.5}, uint8 za = {10}, "
              "int8[2,2] b = {1, 2, 3, 4}, float[2] sb = {1, 2}, int8[2] zb = {0, 1}, "
              "float sy = {0.25}, int8 zy = {-3}",
          "y = QLinearMatMul(a, sa, za, b, sb, zb, sy, zy)", "int8[1,2] {11, 25}" },
        { 21, "uint8[2,1] a = {11, 12}, float[2] sa = {0.5, 100}, uint8[2] za = {10, 10}, "
              "uint8[1,1] b = {3}, float16 sb = {15360}, uint8 zb = {0}, float16 sy = {15360}, "
              "uint8 zy = {1}",
          "y = QLinearMatMul(a, sa, za, b, sb, zb, sy, zy)", "uint8[2,1] {3, 255}" },
        { 21, "float8e4m3fn[1,2] a = {56, 64}, float8e4m3fn[2,1] b = {56, 64}, float s = {2}, "
              "float8e4m3fn z = {0}",
          "y = QLinearMatMul(a, s, z, b, s, z, s, z)",
          "float8e4m3fn[1,1] {10}" },
    };
    TEST_EVAL(rows);
}

static void quantized_products(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "uint8[1,2] a = {1, 2}, int8[2,2] b = {3, 4, 5, 6}, float s = {0.5}, "
              "float[2] t = {1, 2}, uint8 z = {1}, float[2] bias = {0.5, 1}",
          "y = com.microsoft.MatMulIntegerToFloat(a, b, s, t, z, \"\", bias)",
          "float[1,2] {3, 7}" },
        /* range -1..4: scale 5/255, zero point 51, codes 0, 255 */
        { 13, "float[1,2] a = {-1, 4}, int8[2,1] b = {1, 2}, float s = {51}",
          "y = com.microsoft.DynamicQuantizeMatMul(a, b, s)", "float[1,1] {357}" },
        { 13, "float[1,2] a = {-1, 4}, int8[2,1] b = {1, 2}, float s = {51}, float[2] c = {1, 2}",
          "y = com.microsoft.DynamicQuantizeMatMul(a, b, s, \"\", c)",
          "error: bias: expected 1 numbers, found 2" },
        { 13, "uint8[2,1] a = {1, 2}, float s = {0.5}, uint8 z = {0}, int8[1,2] b = {3, 4}, "
              "int8 w = {1}, int32[1] c = {10}",
          "y = com.microsoft.QGemm<transA = 1, transB = 1, alpha = 2.0>(a, s, z, b, s, w, c)",
          "float[1,1] {9}" },
        { 13, "uint8[1,2] a = {1, 2}, float s = {0.5}, uint8 z = {0}, int8[1,2] b = {3, 4}, "
              "int8 w = {1}, int32[1] c = {10}, uint8 q = {3}",
          "y = com.microsoft.QGemm<transB = 1>(a, s, z, b, s, w, c, s, q)", "uint8[1,1] {12}" },
    };
    TEST_EVAL(rows);
}

static void sums_over_letters(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "float[2,2] a = {1, 2, 3, 4}", "y = Einsum<equation = \"ii->i\">(a)",
          "float[2] {1, 4}" },
        { 13, "float[2,2] a = {1, 2, 3, 4}", "y = Einsum<equation = \"ii\">(a)", "float {5}" },
        { 13, "float[2,2] a = {1, 2, 3, 4}", "y = Einsum<equation = \"ba\">(a)",
          "float[2,2] {1, 3, 2, 4}" },
        { 13, "float[2] a = {1, 2}, float[2] b = {3, 4}",
          "y = Einsum<equation = \"i,j->ji\">(a, b)", "float[2,2] {3, 6, 4, 8}" },
        { 13, "float[1,2,2] a = {1, 2, 3, 4}, float[2,2] b = {1, 0, 0, 2}",
          "y = Einsum<equation = \"...ij,jk->...ik\">(a, b)", "float[1,2,2] {1, 4, 3, 8}" },
        { 13, "float[2] a = {1, 2}, float[2,2] b = {1, 2, 3, 4}, float[2] c = {1, 10}",
          "y = Einsum<equation = \"i,ij,j->\">(a, b, c)", "float {107}" },
        { 13, "int32[2] a = {1, 2}, int32 b = {5}", "y = Einsum<equation = \",i->i\">(b, a)",
          "int32[2] {5, 10}" },
        { 13, "float[2,1] a = {1, 2}, float[2,3] b = {1, 2, 3, 4, 5, 6}",
          "y = Einsum<equation = \"ij,ij->i\">(a, b)", "float[2] {6, 30}" },
        { 13, "float[2] a = {1, 2}", "y = Einsum<equation = \"i->ii\">(a)",
          "error: expected output axis 'i' once" },
        { 13, "float[2] a = {1, 2}, float[3] b = {3, 4, 5}",
          "y = Einsum<equation = \"i,i\">(a, b)", "error: axes of one letter" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_of_any_rank),
        cmocka_unit_test(fused_products),
        cmocka_unit_test(integer_products),
        cmocka_unit_test(quantized_products),
        cmocka_unit_test(sums_over_letters),
    };
    return test_run(tests);
}
