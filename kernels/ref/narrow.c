#include "kernels/narrow.h"

#include "kernels/convert.h"
#include "kernels/quantize.h"

static void to_f16(int64_t n, const float *x, uint16_t *y)
{
    pare_f32_to_small16_ref(&pare_float16, n, x, y);
}

static void to_bf16(int64_t n, const float *x, uint16_t *y)
{
    pare_f32_to_small16_ref(&pare_bfloat16, n, x, y);
}

static void from_f16(int64_t n, const uint16_t *x, float *y)
{
    pare_small16_to_f32_ref(&pare_float16, n, x, y);
}

static void from_bf16(int64_t n, const uint16_t *x, float *y)
{
    pare_small16_to_f32_ref(&pare_bfloat16, n, x, y);
}

static void round_f16(int64_t n, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++) {
        uint16_t half = 0;
        to_f16(1, x + i, &half);
        from_f16(1, &half, y + i);
    }
}

static int64_t quantized(float x, float scale, int64_t zero, int64_t low, int64_t high)
{
    int64_t y = 0;
    pare_scale_down_f32_ref(1, &x, &scale, 0);
    pare_round_to_range_ref(1, &x, &zero, 0, low, high, &y);
    return y;
}

static void quantize_u8(int64_t n, const float *x, const float *scale, const int32_t *zero,
                        int64_t step, uint8_t *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = (uint8_t)quantized(x[i], scale[i * step], zero[i * step], 0, UINT8_MAX);
}

static void quantize_s8(int64_t n, const float *x, const float *scale, const int32_t *zero,
                        int64_t step, int8_t *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = (int8_t)quantized(x[i], scale[i * step], zero[i * step], INT8_MIN, INT8_MAX);
}

static float dequantized(int64_t x, float scale, int64_t zero)
{
    float y = 0;
    pare_dequantize_i64_ref(1, &x, &zero, &scale, 0, &y);
    return y;
}

static void dequantize_u8(int64_t n, const uint8_t *x, const float *scale, const int32_t *zero,
                          int64_t step, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = dequantized(x[i], scale[i * step], zero[i * step]);
}

static void dequantize_s8(int64_t n, const int8_t *x, const float *scale, const int32_t *zero,
                          int64_t step, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = dequantized(x[i], scale[i * step], zero[i * step]);
}

const pare_narrow_kernels pare_narrow_ref = {
    .to_f16 = to_f16,
    .to_bf16 = to_bf16,
    .from_f16 = from_f16,
    .from_bf16 = from_bf16,
    .round_f16 = round_f16,
    .quantize_u8 = quantize_u8,
    .quantize_s8 = quantize_s8,
    .dequantize_u8 = dequantize_u8,
    .dequantize_s8 = dequantize_s8,
};
