#include "support/infer.h"
#include "support/test.h"

static void boxes_are_selected(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 10, "float[N,B,4] b, float[N,C,B] s", "", "y = NonMaxSuppression(b, s)", "int64[?,3]" },
        { 11, "float[1,6,4] b, float[1,2,6] s, int64[1] m, float[1] i, float[1] t", "",
          "y = NonMaxSuppression<center_point_box = 1>(b, s, m, i, t)", "int64[?,3]" },
        { 11, "float[1,6,4] b, float[1,2,7] s", "", "y = NonMaxSuppression(b, s)", "error: boxes" },
        { 11, "float[1,6,5] b, float[1,2,6] s", "", "y = NonMaxSuppression(b, s)",
          "error: numbers of a box" },
    };
    TEST_INFER(rows);
}

static void transforms_have_frequencies(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 17, "float[N,10,1] x", "", "y = DFT(x)", "float[N,10,2]" },
        { 17, "float[N,T,1] x", "", "y = DFT<onesided = 1>(x)", "float[N,floor(T / 2) + 1,2]" },
        { 17, "float[3,10,8,1] x", "", "y = DFT<axis = 2, onesided = 1>(x)", "float[3,10,5,2]" },
        { 20, "float[N,10,8,1] x", "int64 a = {1}", "y = DFT(x, \"\", a)", "float[N,10,8,2]" },
        { 20, "float[N,10,1] x, int64 a", "", "y = DFT(x, \"\", a)", "float[N,10,2]" },
        { 20, "float[N,10,1] x", "int64 n = {16}", "y = DFT<onesided = 1>(x, n)", "float[N,9,2]" },
        { 20, "float[N,9,2] x", "", "y = DFT<onesided = 1, inverse = 1>(x)", "float[N,16,1]" },
        { 20, "float[N,9,2] x", "int64 a = {2}", "y = DFT(x, \"\", a)", "error: than the last" },
        { 17, "float[N,100,1] x, float[16] w", "int64 s = {8}", "y = STFT(x, s, w)",
          "float[N,11,9,2]" },
        { 17, "float[N,100,1] x", "int64 s = {8}, int64 f = {20}",
          "y = STFT<onesided = 0>(x, s, \"\", f)", "float[N,11,20,2]" },
        { 17, "float[N,100,1] x, float[16] w", "int64 s = {0}", "y = STFT(x, s, w)",
          "error: frame_step" },
        { 17, "", "int64 n = {10}", "y = HannWindow(n)", "float[10]" },
        { 17, "int32 n", "", "y = HammingWindow<output_datatype = 11>(n)", "double[?]" },
        { 17, "", "int64 n = {-1}", "y = BlackmanWindow(n)", "error: size" },
        { 17, "float l, float h, int64 r", "int64 b = {8}, int64 n = {64}",
          "y = MelWeightMatrix(b, n, r, l, h)", "float[33,8]" },
    };
    TEST_INFER(rows);
}

static void strings_keep_their_shapes(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 20, "string[N,1] a, string[3] b", "", "y = StringConcat(a, b)", "string[N,3]" },
        { 10, "string[4] a", "", "y = StringNormalizer(a)", "string[4]" },
        { 10, "string[1,4] a", "", "y = StringNormalizer<stopwords = [\"a\"]>(a)", "string[1,?]" },
        { 20, "string[N,2] a", "", "y, y2 = StringSplit(a)", "string[N,2,?]; int64[N,2]" },
        { 20, "string[N,2] a", "", "y = RegexFullMatch<pattern = \"a\">(a)", "bool[N,2]" },
        { 9, "int64[N,C] a", "", "y = TfIdfVectorizer<mode = \"TF\", ngram_indexes = [0, 4, 2]>(a)",
          "float[N,5]" },
        { 9, "int64[N,C] a", "",
          "y = TfIdfVectorizer<mode = \"TF\", ngram_indexes = [9223372036854775807]>(a)",
          "error: ngram_indexes" },
        { 20, "uint8[N] a", "", "y = ImageDecoder<pixel_format = \"Grayscale\">(a)",
          "uint8[?,?,1]" },
    };
    TEST_INFER(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boxes_are_selected),
        cmocka_unit_test(transforms_have_frequencies),
        cmocka_unit_test(strings_keep_their_shapes),
    };
    return test_run(tests);
}
