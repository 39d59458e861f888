#include "support/eval.h"
#include "support/test.h"

/* Rows of 16 codes, as block_size wants at least as many. */
#define CODES_0 "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15"
#define CODES_1 "15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0"
#define MINUS_8 "-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7"

static void gathering_blocks(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 21, "uint4[2,16] x = {" CODES_0 ", " CODES_1 "}, int64[1] i = {-1}, "
          "float[2,1] s = {1, 2}, uint4[2,1] z = {0, 15}",
          "y = com.microsoft.GatherBlockQuantized<block_size = 16>(x, i, s, z)",
          "float[1,16] {0, -2, -4, -6, -8, -10, -12, -14, -16, -18, -20, -22, -24, -26, -28, "
          "-30}" },
        { 21, "int4[1,16] x = {" MINUS_8 "}, int32 i = {0}, float16[1,1] s = {15360}",
          "y = com.microsoft.GatherBlockQuantized<block_size = 16>(x, i, s)",
          "float16[16] {" MINUS_8 "}" },
        { 21, "uint8[1,8] x = {16, 50, 84, 118, 152, 186, 220, 254}, int64[1] i = {0}, "
          "float[1,1] s = {1}",
          "y = com.microsoft.GatherBlockQuantized<block_size = 16>(x, i, s)",
          "float[1,16] {" MINUS_8 "}" },
        { 21, "uint8[1,8] x = {16, 50, 84, 118, 152, 186, 220, 254}, int64[1] i = {0}, "
          "float[1,1] s = {1}, uint8[1,1] z = {4}",
          "y = com.microsoft.GatherBlockQuantized<block_size = 16, bits = 8>(x, i, s, z)",
          "float[1,8] {12, 46, 80, 114, 148, 182, 216, 250}" },
        { 21, "uint4[16,1] x = {" CODES_0 "}, int64[2] i = {0, 0}, float[1,1] s = {2}",
          "y = com.microsoft.GatherBlockQuantized<block_size = 16, quantize_axis = 0, "
          "gather_axis = 1>(x, i, s)",
          "float[16,2] {0, 0, 2, 2, 4, 4, 6, 6, 8, 8, 10, 10, 12, 12, 14, 14, 16, 16, 18, 18, "
          "20, 20, 22, 22, 24, 24, 26, 26, 28, 28, 30, 30}" },
        { 21, "uint4[2,2] x = {1, 2, 3, 4}, int64[1] i = {1}, float[1,2] s = {1, 10}, "
          "uint4[1,2] z = {1, 2}",
          "y = com.microsoft.GatherBlockQuantized<block_size = 16, quantize_axis = 0>"
          "(x, i, s, z)", "float[1,2] {2, 20}" },
        { 21, "uint4[1,2] x = {1, 2}, int64[1] i = {1}, float[1,1] s = {1}",
          "y = com.microsoft.GatherBlockQuantized<block_size = 16>(x, i, s)",
          "error: indices: expected -1 to 0, found 1" },
        { 21, "uint8[1,2] x = {1, 2}, int64[1] i = {0}, float[1,1] s = {1}",
          "y = com.microsoft.GatherBlockQuantized<block_size = 16, bits = 5>(x, i, s)",
          "error: expected 2, 4 or 8, found 5" },
        { 21, "uint4[1,2] x = {1, 2}, int64[1] i = {0}, float[1,1] s = {1}, uint4[1,2] z = {1, 1}",
          "y = com.microsoft.GatherBlockQuantized<block_size = 16>(x, i, s, z)",
          "error: zero_points: expected 1 on axis 1, found 2" },
        { 21, "uint8[1,2] x = {1, 2}, int64[1] i = {0}, float[1,1] s = {1}",
          "y = com.microsoft.GatherBlockQuantized<block_size = 16, gather_axis = 1>(x, i, s)",
          "error: attribute 'gather_axis': expected any but the last" },
    };
    TEST_EVAL(rows);
}

#define TABLES                                                                                     \
    "float[2,2] w = {0, 4, 8, 2}, float[3,2] p = {1, 1, 0, 0, 5, 5}, float[1,2] q = {2, 0}, "      \
    "float[2] g = {1, 2}, float[2] b = {0, 1}, "

static void embedding(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, TABLES "int32[1,2] i = {1, 0}",
          "y, y2, y3 = com.microsoft.EmbedLayerNormalization<epsilon = 0.0>"
          "(i, \"\", w, p, \"\", g, b)",
          "float[1,2,2] {1, -1, -1, 3}; int32[1] {0}; float[1,2,2] {9, 3, 0, 4}" },
        { 13, TABLES "int32[2,2] i = {1, 0, 0, 0}, int32[2,2] s = {0, 0, 0, 0}, "
          "int32[2,2] m = {1, 1, 1, 0}, int32[1,2] o = {2, 0}",
          "y, y2, y3 = com.microsoft.EmbedLayerNormalization<epsilon = 0.0>"
          "(i, s, w, p, q, g, b, m, o)",
          "float[2,2,2] {1, -1, -1, 3, -1, 3, -1, 3}; int32[2] {2, 1}; "
          "float[2,2,2] {15, 7, 3, 5, 7, 9, 3, 5}" },
        { 13, TABLES "int32[1,1] i = {2}",
          "y = com.microsoft.EmbedLayerNormalization(i, \"\", w, p, \"\", g, b)",
          "error: word: expected 0 to 1, found 2" },
        { 13, TABLES "int32[1,4] i = {0, 0, 0, 0}",
          "y = com.microsoft.EmbedLayerNormalization(i, \"\", w, p, \"\", g, b)",
          "error: position embedding: expected 4 rows, found 3" },
        { 13, TABLES "int32[1,1] i = {0}, float[3] h = {1, 1, 1}",
          "y = com.microsoft.EmbedLayerNormalization(i, \"\", w, p, \"\", h, b)",
          "error: input 5: expected 2 floats, found 3 of float" },
        { 13, TABLES "int32[1,1] i = {0}, float v = {1}",
          "y = com.microsoft.EmbedLayerNormalization(i, \"\", v, p, \"\", g, b)",
          "error: inputs 0 and 2: expected 2 axes, found 2 and 0" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gathering_blocks),
        cmocka_unit_test(embedding),
    };
    return test_run(tests);
}
