#include "support/eval.h"
#include "support/test.h"

#define PAIR "float[2,2] x = {1, 3, 5, 5}, float[2] s = {1, 2}, float[2] b = {0, 1}"

static void layers(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 17, PAIR, "y, y2, y3 = LayerNormalization<epsilon = 0.25>(x, s)",
          "float[2,2] {-0.8944272, 1.788854, 0, 0}; float[2,1] {2, 5}; "
          "float[2,1] {0.8944272, 2}" },
        { 17, PAIR, "y = LayerNormalization<epsilon = 0.25>(x, s, b)",
          "float[2,2] {-0.8944272, 2.788854, 0, 1}" },
        /* scale spread over all of X */
        { 17, "float[2,2] x = {1, 3, 5, 7}, float[2,1] s = {1, 2}",
          "y = LayerNormalization<epsilon = 3.0>(x, s)", "float[2,2] {-0.5, 0.5, -1, 1}" },
        { 17, "float[1,2,2] x = {1, 3, 1, 3}, float s = {2}",
          "y, y2 = LayerNormalization<axis = 1, epsilon = 3.0>(x, s)",
          "float[1,2,2] {-1, 1, -1, 1}; float[1,1,1] {2}" },
        { 17, "double[2] x = {1, 3}, double[2] s = {1, 1}",
          "y, y2 = LayerNormalization<epsilon = 3.0>(x, s)",
          "double[2] {-0.5, 0.5}; float[1] {2}" },
        { 17, "float16[2] x = {15360, 16896}, float16[2] s = {15360, 15360}",
          "y, y2 = LayerNormalization<epsilon = 3.0, stash_type = 16>(x, s)",
          "float16[2] {-0.5, 0.5}; bfloat16[1] {2}" },
        { 23, "float16[2] x = {15360, 18176}, float[2] s = {1, 2}",
          "y = RMSNormalization<epsilon = 11.0>(x, s)", "float[2] {0.1666667, 2.333333}" },
        { 17, "float[2] x = {1, 7}, float[2] s = {1, 2}",
          "y, y2 = SimplifiedLayerNormalization<epsilon = 11.0>(x, s)",
          "float[2] {0.1666667, 2.333333}; float[1] {0.1666667}" },
        { 17, "float[2] x = {1, 7}, float[3] s = {1, 2, 3}", "y = LayerNormalization(x, s)",
          "error: expected a shape that broadcasts" },
        { 17, "float[2] x = {1, 7}, int32[2] s = {1, 2}", "y = LayerNormalization(x, s)",
          "error: int32" },
        { 17, "float[0,2] x = {}, float[2] s = {1, 2}", "y, y2 = LayerNormalization(x, s)",
          "float[0,2] {}; float[0,1] {}" },
        { 17, "float[2,0] x = {}, float[0] s = {}", "y = LayerNormalization(x, s)",
          "float[2,0] {}" },
    };
    TEST_EVAL(rows);
}

static void skips(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 17,
          "float[1,1,2] x = {1, 2}, float[1,1,2] k = {0, 1}, float[2] s = {1, 2}, "
          "float[2] b = {0, 1}",
          "y, y2, y3, y4 = com.microsoft.SkipLayerNormalization<epsilon = 3.0>(x, k, s, b)",
          "float[1,1,2] {-0.5, 2}; float[1,1,1] {2}; float[1,1,1] {0.5}; float[1,1,2] {1, 3}" },
        { 17,
          "float[2,1,2] x = {1, 2, 1, 2}, float[1,2] k = {0, 0}, float[2] s = {1, 2}, "
          "float[2] b = {0, 1}",
          "y, y2, y3, y4 = com.microsoft.SkipLayerNormalization<epsilon = 3.0>(x, k, s, \"\", b)",
          "float[2,1,2] {-0.5, 1, -0.5, 1}; float[2,1,1] {2, 2}; float[2,1,1] {0.5, 0.5}; "
          "float[2,1,2] {1, 3, 1, 3}" },
        { 17, "float[1,2] x = {0, 3}, float[1,2] k = {1, 4}, float[2] s = {1, 2}",
          "y, y2, y3, y4 = com.microsoft.SkipSimplifiedLayerNormalization<epsilon = 11.0>(x, k, s)",
          "float[1,2] {0.1666667, 2.333333}; float[1,1] {0}; float[1,1] {0.1666667}; "
          "float[1,2] {1, 7}" },
        { 17, "float[1,2] x = {0, 3}, float[1,3] k = {1, 4, 5}, float[2] s = {1, 2}",
          "y = com.microsoft.SkipSimplifiedLayerNormalization(x, k, s)", "error: input 0" },
    };
    TEST_EVAL(rows);
}

#define CHANNELS                                                                                   \
    "float[2,2] x = {1, 10, 3, 30}, float[2] s = {1, 2}, float[2] b = {0, 1}, "                    \
    "float[2] m = {4, 8}, float[2] v = {1, 16}"

static void batches(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 15, CHANNELS, "y = BatchNormalization<epsilon = 0.0>(x, s, b, m, v)",
          "float[2,2] {-3, 2, -1, 12}" },
        { 15, CHANNELS,
          "y, y2, y3 = BatchNormalization<training_mode = 1, epsilon = 0.0, momentum = 0.5>"
          "(x, s, b, m, v)",
          "float[2,2] {-1, -1, 1, 3}; float[2] {3, 14}; float[2] {1, 58}" },
        { 9, CHANNELS,
          "y, y2, y3, y4, y5 = BatchNormalization<epsilon = 0.0, momentum = 0.5>(x, s, b, m, v)",
          "float[2,2] {-1, -1, 1, 3}; float[2] {3, 14}; float[2] {1, 58}; float[2] {2, 20}; "
          "float[2] {1, 100}" },
        { 6, CHANNELS, "y = BatchNormalization<epsilon = 0.0, is_test = 1>(x, s, b, m, v)",
          "float[2,2] {-3, 2, -1, 12}" },
        /* statistics of each element of an image */
        { 7,
          "float[2,1,2] x = {1, 2, 3, 4}, float[1,2] s = {1, 2}, float[1,2] b = {0, 0}, "
          "float[1,2] m = {1, 2}, float[1,2] v = {1, 4}",
          "y = BatchNormalization<spatial = 0, epsilon = 0.0>(x, s, b, m, v)",
          "float[2,1,2] {0, 0, 2, 2}" },
        { 7,
          "float[2,1,2] x = {1, 2, 3, 4}, float[1,2] s = {1, 2}, float[1,2] b = {0, 0}, "
          "float[1,2] m = {1, 2}, float[1,2] v = {1, 4}",
          "y, y2 = BatchNormalization<spatial = 0, epsilon = 0.0, momentum = 0.0>(x, s, b, m, v)",
          "float[2,1,2] {-1, -2, 1, 2}; float[1,2] {2, 3}" },
        { 15, "float[3] x = {1, 2, 3}, float[1] s = {2}, float[1] z = {0}, float[1] v = {4}",
          "y = BatchNormalization<epsilon = 0.0>(x, s, z, z, v)", "float[3] {1, 2, 3}" },
        { 7,
          "float[2,1,2] x = {1, 2, 3, 4}, float[1] s = {1}",
          "y = BatchNormalization<spatial = 0>(x, s, s, s, s)", "error: expected 2 numbers" },
        { 15, "float[0,2] x = {}, float[2] s = {1, 1}",
          "y = BatchNormalization<training_mode = 1>(x, s, s, s, s)", "float[0,2] {}" },
    };
    TEST_EVAL(rows);
}

static void others(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "float[1,3,1] x = {1, 2, 3}",
          "y = LRN<size = 3, alpha = 3.0, beta = 1.0, bias = 0.0>(x)",
          "float[1,3,1] {0.2, 0.1428571, 0.2307692}" },
        { 13, "float[2] x = {1, 2}", "y = LRN<size = 3>(x)", "error: expected 2 axes" },
        { 13, "float[0,3,2] x = {}", "y = LRN<size = 3>(x)", "float[0,3,2] {}" },
        { 13, "float[2,2] x = {3, 4, 0, 0}", "y = LpNormalization(x)",
          "float[2,2] {0.6, 0.8, 0, 0}" },
        { 13, "float[2,2] x = {3, 4, -1, 4}", "y = LpNormalization<axis = 0, p = 1>(x)",
          "float[2,2] {0.75, 0.5, -0.25, 0.5}" },
        { 13, "float[2,1,1,2] x = {1, 3, 1, 3}", "y = MeanVarianceNormalization(x)",
          "float[2,1,1,2] {-1, 1, -1, 1}" },
        { 13, "float[2,2] x = {1, 1, 3, 3}", "y = MeanVarianceNormalization<axes = [0]>(x)",
          "float[2,2] {-1, -1, 1, 1}" },
        { 13, "float[2,2] x = {1, 1, 3, 3}", "y = MeanVarianceNormalization(x)", "error: found 2" },
    };
    TEST_EVAL(rows);
}

#define SCORES "float[2,3] x = {-1, -2, -3, -4, -5, -6}, int64[2] t = {2, 0}"

static void losses(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, SCORES, "y = NegativeLogLikelihoodLoss(x, t)", "float {3.5}" },
        { 13, SCORES ", float[3] w = {1, 0, 3}", "y = NegativeLogLikelihoodLoss(x, t, w)",
          "float {3.25}" },
        { 13, SCORES, "y = NegativeLogLikelihoodLoss<reduction = \"none\", ignore_index = 2>(x, t)",
          "float[2] {0, 4}" },
        { 13, SCORES, "y = NegativeLogLikelihoodLoss<ignore_index = 2>(x, t)", "float {4}" },
        { 13, "float[1,2,2] x = {1, 2, 3, 4}, int32[1,2] t = {1, 0}",
          "y = NegativeLogLikelihoodLoss<reduction = \"sum\">(x, t)", "float {-5}" },
        { 13, "float[1,2] x = {0, 0}, int64[1] t = {1}", "y, y2 = SoftmaxCrossEntropyLoss(x, t)",
          "float {0.6931472}; float[1,2] {-0.6931472, -0.6931472}" },
        { 13, "float[1,2,2] x = {0, 1, 0, 1}, int64[1,2] t = {1, -1}",
          "y = SoftmaxCrossEntropyLoss<ignore_index = -1>(x, t)", "float {0.6931472}" },
        { 13, "float[1,2] x = {0, 0}, int64[1] t = {2}", "y = SoftmaxCrossEntropyLoss(x, t)",
          "error: expected one of 2 classes, found 2" },
        { 13, "float[1,2] x = {0, 0}, int64[1] t = {-1}", "y = NegativeLogLikelihoodLoss(x, t)",
          "error: found -1" },
        { 13, "float[1,2] x = {0, 0}, int64[1] t = {5}",
          "y = NegativeLogLikelihoodLoss<ignore_index = 5>(x, t)", "float {nan}" },
        { 13, "float[1,2] x = {0, 0}, int64[2] t = {0, 0}", "y = NegativeLogLikelihoodLoss(x, t)",
          "error: expected the shape of the scores" },
        { 13, "float[1,2] x = {0, 0}, int64[1] t = {0}, float[1] w = {1}",
          "y = NegativeLogLikelihoodLoss(x, t, w)", "error: expected 2 numbers" },
        { 13, "float[0,2] x = {}, int64[0] t = {}",
          "y = NegativeLogLikelihoodLoss<reduction = \"sum\">(x, t)", "float {0}" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers),
        cmocka_unit_test(skips),
        cmocka_unit_test(batches),
        cmocka_unit_test(others),
        cmocka_unit_test(losses),
    };
    return test_run(tests);
}
