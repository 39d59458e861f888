/* Costs of what counts MACs, each reckoned by hand. */
#include "support/costs.h"
#include "support/test.h"

static void convolutions(void **state)
{
    (void)state;
    static const test_cost_row rows[] = {
        { 11, "float[1,3,8,8] x, float[4,3,3,3] w", "", "y = Conv<pads = [1, 1, 1, 1]>(x, w)",
          "conv 6912 float*float = 1x4x64x27, window 9" },
        { 11, "float[1,3,8,8] x, float[4,3,3,3] w, float[4] b", "",
          "y = Conv<pads = [1, 1, 1, 1]>(x, w, b)",
          "conv 6912 float*float = 1x4x64x27, window 9, 256 float" },
        { 11, "float[1,3,8,8] x, float[4,3,3,3] w", "",
          "y = Conv<pads = [1, 1, 1, 1], strides = [2, 2]>(x, w)",
          "conv 1728 float*float = 1x4x16x27, window 2.25" },
        { 11, "float[1,3,8,8] x, float[5,3,1,1] w", "", "y = Conv(x, w)",
          "pointwise 960 float*float = 1x5x64x3" },
        { 11, "float[1,3,8,8] x, float[6,1,3,3] w", "", "y = Conv<group = 3>(x, w)",
          "depthwise 1944 float*float = 3x2x36x9, window 9" },
        { 11, "float16[2,16,4,4] x, float16[8,8,3,3] w", "",
          "y = Conv<group = 2, auto_pad = \"SAME_UPPER\">(x, w)",
          "conv 18432 float16*float16 = 4x4x16x72, window 9" },
        { 11, "float[1,2,10] x, float[4,2,3] w", "", "y = Conv<dilations = [2]>(x, w)",
          "conv 144 float*float = 1x4x6x6, window 3" },
        { 11, "float[1,2,3,3] x, float[2,4,2,2] w, float[4] b", "",
          "y = ConvTranspose<strides = [2, 2]>(x, w, b)",
          "conv 288 float*float = 1x2x9x16, 144 float" },
        { 10, "uint8[1,1,3,3] x, uint8[1,1,2,2] w, uint8 z", "", "y = ConvInteger(x, w, z)",
          "conv 16 uint8*uint8 = 1x1x4x4, window 4, 4 int32" },
        { 13, "uint8[1,3,8,8] x, float s, uint8 z, int8[4,3,3,3] w, int8 v", "",
          "y = QLinearConv<pads = [1, 1, 1, 1]>(x, s, z, w, s, v, s, z)",
          "conv 6912 uint8*int8 = 1x4x64x27, window 9, 1280 int32" },
        { 13, "float[1,3,8,8] x, float[4,3,1,1] w, float[4] b", "",
          "y = com.microsoft.FusedConv<activation = \"Sigmoid\">(x, w, b)",
          "pointwise 768 float*float = 1x4x64x3, 9984 float" },
        { 19, "float[1,1,3,3] x, float[1,1,2,2] w, float[1,8,2,2] o", "", "y = DeformConv(x, w, o)",
          "conv 16 float*float = 1x1x4x4, window 4, 112 float" },
        { 27, "float[1,2,5] x, float[2,1,3] w", "",
          "y = CausalConvWithState<activation = \"silu\">(x, w)",
          "depthwise 30 float*float = 2x1x5x3, window 3, 390 float" },
        { 11, "float[N,3,8,8] x, float[4,3,3,3] w", "", "y = Conv(x, w)",
          "unmodelled: (Conv): cost: expected known shapes, found output 0 as "
          "float[N,4,6,6]" },
    };
    TEST_COSTS(rows);
}

static void matrix_products(void **state)
{
    (void)state;
    static const test_cost_row rows[] = {
        { 13, "float[2,3] a, float[3,4] b, float[4] c", "", "y = Gemm(a, b, c)",
          "gemv 24 float*float = 1x2x4x3, 8 float" },
        { 13, "float[3,8] a, float[16,3] b", "",
          "y = Gemm<transA = 1, transB = 1, alpha = 0.5>(a, b)",
          "gemm 384 float*float = 1x8x16x3, 128 float" },
        { 13, "float[2,3] a, float[3,4] b, float[4] c", "",
          "y = com.microsoft.FusedGemm<activation = \"Relu\">(a, b, c)",
          "gemv 24 float*float = 1x2x4x3, 16 float" },
        { 13, "uint8[8,3] a, float s, uint8 z, int8[3,8] b, int8 v", "",
          "y = com.microsoft.QGemm(a, s, z, b, s, v, , s, z)",
          "gemm 192 uint8*int8 = 1x8x8x3, 320 int32" },
        { 13, "float[2,8,16] a, float[16,32] b", "", "y = MatMul(a, b)",
          "gemm 8192 float*float = 1x16x32x16" },
        { 13, "float[2,4,8,16] a, float[2,4,16,8] b", "", "y = MatMul(a, b)",
          "gemm 8192 float*float = 8x8x8x16" },
        { 13, "float[5,8,3] a, float[1,3,8] b", "", "y = MatMul(a, b)",
          "gemm 960 float*float = 5x8x8x3" },
        { 13, "float[3] a, float[3] b", "", "y = MatMul(a, b)",
          "gemv 3 float*float = 1x1x1x3" },
        { 13, "float[7,8,3] a, float[3] b", "", "y = MatMul(a, b)",
          "gemv 168 float*float = 7x8x1x3" },
        { 13, "float[0,3] a, float[3,4] b", "", "y = MatMul(a, b)",
          "gemv 0 float*float = 1x0x4x3" },
        { 13, "uint8[8,3] a, int8[3,8] b", "", "y = MatMulInteger(a, b)",
          "gemm 192 uint8*int8 = 1x8x8x3" },
        { 13, "uint8[8,3] a, float s, uint8 z, uint8[3,8] b", "",
          "y = QLinearMatMul(a, s, z, b, s, z, s, z)",
          "gemm 192 uint8*uint8 = 1x8x8x3, 320 int32" },
        { 13, "float[8,3] a, int8[3,8] b, float s", "",
          "y = com.microsoft.DynamicQuantizeMatMul(a, b, s)",
          "gemm 192 uint8*int8 = 1x8x8x3, 368 float" },
        { 13, "uint8[8,3] a, int8[3,8] b, float s, float[8] c", "",
          "y = com.microsoft.MatMulIntegerToFloat(a, b, s, s, , , c)",
          "gemm 192 uint8*int8 = 1x8x8x3, 192 float" },
        { 13, "float[8,32] a, uint8[8,1,16] b, float[8] s", "",
          "y = com.microsoft.MatMulNBits<K = 32, N = 8, bits = 4, block_size = 32>(a, b, s)",
          "gemm 2048 float*uint4 = 1x8x8x32, 256 float, 256 to dequantize" },
        { 13, "float[8,32] a, uint8[8,1,16] b, float[8] s", "",
          "y = com.microsoft.MatMulNBits<K = 32, N = 8, bits = 4, block_size = 32, "
          "accuracy_level = 4>(a, b, s)",
          "gemm 2048 int8*uint4 = 1x8x8x32, 2304 float, 256 to dequantize" },
        { 13, "float[3,8] a, float[3,8] b", "",
          "y = com.microsoft.FusedMatMul<transA = 1, alpha = 2.0>(a, b)",
          "gemm 192 float*float = 1x8x8x3, 64 float" },
        { 13, "float[8,2,3] a, float[2,3,8] b", "",
          "y = com.microsoft.FusedMatMul<transBatchA = 1>(a, b)",
          "gemm 384 float*float = 2x8x8x3" },
    };
    TEST_COSTS(rows);
}

static void sums_of_products(void **state)
{
    (void)state;
    static const test_cost_row rows[] = {
        { 12, "float[2,3,4] a, float[2,4,5] b", "", "y = Einsum<equation = \"bij,bjk->bik\">(a, b)",
          "gemm 120 float*float = 2x3x5x4" },
        { 12, "float[2,3] a, float[3,4] b, float[4,5] c", "",
          "y = Einsum<equation = \"ij,jk,kl->il\">(a, b, c)", "gemm 64 float*float = 1x2x5x4" },
        { 12, "float[2,2,3,4] a, float[2,2,4,5] b", "",
          "y = Einsum<equation = \"...ij,...jk\">(a, b)", "gemm 240 float*float = 4x3x5x4" },
        { 12, "float[3,4] a", "", "y = Einsum<equation = \"ij->ji\">(a)", "move" },
        { 12, "float[3,4] a", "", "y = Einsum<equation = \"ij->i\">(a)", "elementwise, 12 float" },
        { 12, "float[5] a, float[5] b", "", "y = Einsum<equation = \"i,i->i\">(a, b)",
          "elementwise, 5 float" },
        { 12, "float[3,3] a", "", "y = Einsum<equation = \"ii->i\">(a)", "move" },
    };
    TEST_COSTS(rows);
}

static void attention(void **state)
{
    (void)state;
    static const test_cost_row rows[] = {
        { 23, "float[1,2,4,8] q, float[1,2,6,8] k", "", "y = Attention(q, k, k)",
          "attention 768 float*float = 2x4x6x16, 1920 float" },
        { 23, "float[1,4,16] q, float[1,6,16] k", "",
          "y = Attention<q_num_heads = 2, kv_num_heads = 2>(q, k, k)",
          "attention 768 float*float = 2x4x6x16, 1920 float" },
        { 23, "float[1,2,1,8] q, float[1,2,5,8] p", "",
          "y, pk, pv = Attention<is_causal = 1>(q, q, q, , p, p)",
          "attention 192 float*float = 2x1x6x16, 492 float" },
        { 23, "float[1,4,16] q", "", "y = Attention(q, q, q)", "unmodelled: no number of heads" },
        { 26, "float[1,2,4,8] q", "", "y = ai.onnx.preview.FlexAttention(q, q, q)",
          "attention 512 float*float = 2x4x4x16, 1280 float" },
        { 17, "float[1,4,16] x, float[16,48] w, float[48] b", "",
          "y = com.microsoft.Attention<num_heads = 2>(x, w, b)",
          "attention 3584 float*float = 1x4x48x16, 1472 float" },
        { 17, "uint8[1,4,16] x, int8[16,48] w, float[48] b, float s", "",
          "y = com.microsoft.QAttention<num_heads = 2>(x, w, b, s, s)",
          "attention 3584 uint8*int8 = 1x4x48x16, 1856 float" },
        { 17, "float[1,4,16] q, float[1,6,16] k, float[1,6,16] v, float[48] b", "",
          "y = com.microsoft.MultiHeadAttention<num_heads = 2>(q, k, v, b)",
          "attention 768 float*float = 2x4x6x16, 2176 float" },
        { 17, "float[1,4,2,3,8] q", "", "y = com.microsoft.MultiHeadAttention<num_heads = 2>(q)",
          "attention 512 float*float = 2x4x4x16, 1280 float" },
        { 17, "float[1,1,16] q, float[1,1,8] k, float[1,1,20,8] p, int32[1] s", "int32 t = {6}",
          "y = com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 1, do_rotary = 1>"
          "(q, k, k, p, p, s, t)",
          "attention 192 float*float = 2x1x6x16, 564 float" },
        { 17, "float[1,1,32] q, float[1,1,20,8] p, int32[1] s, int32 t", "",
          "y = com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 1>"
          "(q, , , p, p, s, t)",
          "attention 640 float*float = 2x1x20x16, 1640 float" },
        { 27, "float[1,3,4] q, float[1,3,6] v", "",
          "y = LinearAttention<q_num_heads = 2, kv_num_heads = 2, update_rule = \"linear\">"
          "(q, q, v)",
          "recurrent 72 float*float = 6x1x3x2, 18 float" },
        { 27, "float[1,3,4] q, float[1,3,6] v, float[1,3,2] d, float[1,3,2] r", "",
          "y = LinearAttention<q_num_heads = 2, kv_num_heads = 2>(q, q, v, , d, r)",
          "recurrent 108 float*float = 6x1x3x4, 474 float" },
        { 23, "float[1,2,3,8] x, float[3,4] c", "int64[1,3] p = {0, 1, 2}",
          "y = RotaryEmbedding(x, c, c, p)", "elementwise, 144 float" },
        { 23, "float[1,2,3,8] x, float[3,2] c", "int64[1,3] p = {0, 1, 2}",
          "y = RotaryEmbedding<rotary_embedding_dim = 4>(x, c, c, p)", "elementwise, 72 float" },
    };
    TEST_COSTS(rows);
}

static void recurrent_layers(void **state)
{
    (void)state;
    static const test_cost_row rows[] = {
        { 14, "float[5,2,3] x, float[1,16,3] w, float[1,16,4] r", "",
          "y = LSTM<hidden_size = 4>(x, w, r)",
          "recurrent 1120 float*float = 5x2x16x7, 8160 float" },
        { 14, "float[5,2,3] x, float[2,12,3] w, float[2,12,4] r", "",
          "y = GRU<hidden_size = 4, direction = \"bidirectional\">(x, w, r)",
          "recurrent 1680 float*float = 10x2x12x7, 10080 float" },
        { 14, "float[2,5,3] x, float[1,4,3] w, float[1,4,4] r", "",
          "y = RNN<layout = 1>(x, w, r)", "recurrent 280 float*float = 5x2x4x7, 1640 float" },
    };
    TEST_COSTS(rows);
}

/* Two tokens of three experts: one expert's weights need not be read. */
static void experts(void **state)
{
    (void)state;
    static const test_cost_row rows[] = {
        { 17, "float[2,4] x, float[2,3] p, float[3,8,4] w, float[3,4,8] v", "",
          "y = com.microsoft.MoE<k = 1>(x, p, w, , v)",
          "gemm 128 float*float = 1x2x4x8, 272 float, in2 64, in4 64" },
        { 17, "float[2,4] x, float[2,3] p, uint8[3,8,2] w, uint8[3,4,4] v, float[3,8] s, "
          "float[3,4] t", "",
          "y = com.microsoft.QMoE<k = 2>(x, p, w, s, , v, t)",
          "gemm 256 float*uint4 = 1x4x4x8, 496 float, 192 to dequantize" },
    };
    TEST_COSTS(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions),     cmocka_unit_test(matrix_products),
        cmocka_unit_test(sums_of_products), cmocka_unit_test(attention),
        cmocka_unit_test(recurrent_layers), cmocka_unit_test(experts),
    };
    return test_run(tests);
}
