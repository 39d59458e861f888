#include "support/eval.h"
#include "support/test.h"

static void transforms(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 17, "float[1,4,1] x = {1, 2, 3, 4}", "y = DFT(x)",
          "float[1,4,2] {10, 0, -2, 2, -2, 0, -2, -2}" },
        { 17, "float[1,4,1] x = {1, 2, 3, 4}", "y = DFT<onesided = 1>(x)",
          "float[1,3,2] {10, 0, -2, 2, -2, 0}" },
        { 17, "float[2,2,1] x = {1, 2, 3, 5}", "y = DFT<axis = 0>(x)",
          "float[2,2,2] {4, 0, 7, 0, -2, 0, -3, 0}" },
        { 20, "float16[1,2,1] x = {15360, 16384}, int64 n = {1}", "y = DFT(x, n)",
          "float16[1,1,2] {1, 0}" },
        { 20, "float[2,1] x = {1, 2}, int64 n = {4}, int64 a = {0}", "y = DFT(x, n, a)",
          "float[4,2] {3, 0, 1, -2, -1, 0, 1, 2}" },
        { 20, "float[1,4,2] x = {10, 0, -2, 2, -2, 0, -2, -2}", "y = DFT<inverse = 1>(x)",
          "float[1,4,2] {1, 0, 2, 0, 3, 0, 4, 0}" },
        { 20, "float[1,3,2] x = {10, 9, -2, 2, -2, 9}", "y = DFT<inverse = 1, onesided = 1>(x)",
          "float[1,4,1] {1, 2, 3, 4}" },
        { 20, "float[1,4,3] x = {0,0,0,0,0,0,0,0,0,0,0,0}", "y = DFT(x)",
          "error: expected a last axis of 1" },
        { 20, "float[1,4,1] x = {1, 2, 3, 4}, int64 n = {0}", "y = DFT(x, n)",
          "error: expected 1 or more" },
        { 20, "float[1,4,1] x = {1, 2, 3, 4}, int64 n = {-5}", "y = DFT(x, n)",
          "error: expected 1 or more" },
        { 20, "float[1,4,1] x = {1, 2, 3, 4}, int64 n = {9223372036854775807}", "y = DFT(x, n)",
          "error: expected less than 2^63" },
        { 20, "float[1,4,1] x = {1, 2, 3, 4}, int64 a = {7}", "y = DFT(x, \"\", a)",
          "error: found 7" },
        { 20, "float[1,1,1] x = {1}", "y = DFT<onesided = 1, inverse = 1>(x)",
          "error: expected 1 or more" },
        { 20, "float[0,4,1] x = {}", "y = DFT(x)", "float[0,4,2] {}" },
    };
    TEST_EVAL(rows);
}

static void short_transforms(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 17, "float[1,5,1] x = {1, 2, 3, 4, 5}, int64 s = {2}, float[2] w = {1, 0.5}",
          "y = STFT(x, s, w)", "float[1,2,2,2] {2, 0, 0, 0, 5, 0, 1, 0}" },
        { 17, "float[1,4,1] x = {1, 2, 3, 4}, int64 s = {2}, int64 n = {2}",
          "y = STFT<onesided = 0>(x, s, \"\", n)", "float[1,2,2,2] {3, 0, -1, 0, 7, 0, -1, 0}" },
        { 17, "float[1,2,2] x = {1, 1, 2, 0}, int64 s = {1}, float[2] w = {1, 1}",
          "y = STFT<onesided = 0>(x, s, w)", "float[1,1,2,2] {3, 1, -1, 1}" },
        { 17, "float[1,4,1] x = {1, 2, 3, 4}, int64 s = {0}, int64 n = {2}",
          "y = STFT(x, s, \"\", n)", "error: frame_step" },
        { 17, "float[1,4,1] x = {1, 2, 3, 4}, int64 s = {1}, int64 n = {5}",
          "y = STFT(x, s, \"\", n)", "error: expected at most 4 samples" },
        { 17, "float[1,4,1] x = {1, 2, 3, 4}, int64 s = {1}, int64 n = {0}",
          "y = STFT(x, s, \"\", n)", "error: expected 1 or more" },
    };
    TEST_EVAL(rows);
}

static void windows(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 17, "int64 n = {4}", "y = HannWindow(n)", "float[4] {0, 0.5, 1, 0.5}" },
        { 17, "int64 n = {3}", "y = HannWindow<periodic = 0>(n)", "float[3] {0, 1, 0}" },
        { 17, "int32 n = {2}", "y = HammingWindow<output_datatype = 11>(n)",
          "double[2] {0.08695652, 1}" },
        { 17, "int64 n = {4}", "y = BlackmanWindow(n)", "float[4] {-1.387779e-17, 0.34, 1, 0.34}" },
        { 17, "int64 n = {1}", "y = BlackmanWindow<periodic = 0>(n)", "float[1] {1}" },
        { 17, "int64 n = {0}", "y = HannWindow<periodic = 0>(n)", "float[0] {}" },
        { 17, "int64 n = {3}", "y = HannWindow<output_datatype = 8>(n)", "error: string" },
        { 17,
          "int64 b = {2}, int64 n = {8}, int64 r = {16}, float l = {0}, float h = {8}",
          "y = MelWeightMatrix(b, n, r, l, h)",
          "float[5,2] {0, 0, 1, 0, 0, 1, 0, 0, 0, 0}" },
        { 17, "int64 b = {2}, int64 n = {8}, int64 r = {0}, float l = {0}, float h = {8}",
          "y = MelWeightMatrix(b, n, r, l, h)", "error: sample_rate" },
        { 17, "int64 b = {1}, int64 n = {2}, int64 r = {1}, float l = {1e13}, float h = {8}",
          "y = MelWeightMatrix(b, n, r, l, h)", "error: lower_edge_hertz" },
        { 17, "int64 b = {1}, int64 n = {2}, int64 r = {1}, float l = {5}, float h = {1e9}",
          "y = MelWeightMatrix(b, n, r, l, h)", "float[2,1] {0, 0}" },
    };
    TEST_EVAL(rows);
}

static void random_numbers(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        /* numpy.random.RandomState(0).randn(3) * 2 + 1 */
        { 1, "", "y = RandomNormal<shape = [3], seed = 0.0, mean = 1.0, scale = 2.0>()",
          "float[3] {4.528105, 1.800314, 2.957476}" },
        { 1, "float16[1,3] x = {0, 0, 0}",
          "y = RandomUniformLike<dtype = 1, seed = 7.0, low = -1.0, high = 2.0>(x)",
          "float[1,3] {-0.7710751, 1.339756, 0.3152277}" },
        { 1, "double[3] x = {0, 0, 0}", "y = RandomNormalLike<seed = 42.0>(x)",
          "double[3] {0.4967142, -0.1382643, 0.6476885}" },
        { 1, "", "y = RandomUniform<shape = [0]>()", "float[0] {}" },
        /* nodes without a seed draw other numbers than each other, those with one the same */
        { 13, "",
          "a = RandomUniform<shape = [3]>()\nb = RandomUniform<shape = [3]>()\ny = Equal(a, b)",
          "bool[3] {0, 0, 0}" },
        { 13, "",
          "a = RandomNormal<shape = [3], seed = -1e30>()\n"
          "b = RandomNormal<shape = [3], seed = -1e30>()\ny = Equal(a, b)",
          "bool[3] {1, 1, 1}" },
        { 1, "int32[1] x = {0}", "y = RandomUniformLike(x)", "error: int32" },
        { 15, "float[4] x = {0, 1, 0.1, 0.9}", "y = Bernoulli<seed = 5.0, dtype = 9>(x)",
          "bool[4] {0, 1, 0, 0}" },
        { 7, "float[2,3] x = {-inf, 0, -inf, 5, -inf, -inf}",
          "y = Multinomial<sample_size = 4, dtype = 7>(x)", "int64[2,4] {1, 1, 1, 1, 0, 0, 0, 0}" },
        { 7, "float[1,2] x = {nan, 0}", "y = Multinomial(x)", "error: found none in row 0" },
        { 7, "float[1,0] x = {}", "y = Multinomial(x)", "error: found none in row 0" },
        { 7, "float[0,3] x = {}", "y = Multinomial(x)", "int32[0,1] {}" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transforms),
        cmocka_unit_test(short_transforms),
        cmocka_unit_test(windows),
        cmocka_unit_test(random_numbers),
    };
    return test_run(tests);
}
