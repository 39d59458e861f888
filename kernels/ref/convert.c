#include "kernels/convert.h"

#include <math.h>
#include <string.h>

const pare_small_float pare_float16 = { 16, 10, 15, 0x7bff, 0x7c00, 0x7e00, true };
const pare_small_float pare_bfloat16 = { 16, 7, 127, 0x7f7f, 0x7f80, 0x7fc0, true };
const pare_small_float pare_float8e4m3fn = { 8, 3, 7, 0x7e, 0, 0x7f, true };
const pare_small_float pare_float8e4m3fnuz = { 8, 3, 8, 0x7f, 0, 0x80, false };
const pare_small_float pare_float8e5m2 = { 8, 2, 15, 0x7b, 0x7c, 0x7e, true };
const pare_small_float pare_float8e5m2fnuz = { 8, 2, 16, 0x7f, 0, 0x80, false };
const pare_small_float pare_float4e2m1 = { 4, 1, 1, 7, 0, 8, true };

enum { F64_MANTISSA = 52, F64_BIAS = 1023, F32_MANTISSA = 23, F32_BIAS = 127 };

static uint64_t f64_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static float f32_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* m / 2^shift, to nearest, ties to even; m below 2^53. */
static uint64_t shift_to_even(uint64_t m, int shift)
{
    if (shift <= 0) return m;
    if (shift > F64_MANTISSA + 2) return 0;
    const uint64_t rest = m & ((UINT64_C(1) << shift) - 1);
    const uint64_t half = UINT64_C(1) << (shift - 1);
    const uint64_t q = m >> shift;
    return q + (rest > half || (rest == half && (q & 1)));
}

/* Code of a finite number without its sign; may lie above max_code. Rounding up to the next power
 * of two carries into the exponent by itself. */
static uint64_t encode_magnitude(const pare_small_float *f, uint64_t bits)
{
    const int exponent = (int)(bits >> F64_MANTISSA & 0x7ff) - F64_BIAS;
    const int smallest = 1 - f->bias;
    const uint64_t fraction = bits & ((UINT64_C(1) << F64_MANTISSA) - 1);
    const uint64_t m = fraction | UINT64_C(1) << F64_MANTISSA;
    const int drop = F64_MANTISSA - f->mantissa_bits;
    if (exponent == -F64_BIAS) return 0; /* 0, or far below the smallest of any small format */
    if (exponent < smallest) return shift_to_even(m, drop + (smallest - exponent));
    return ((uint64_t)(exponent - smallest) << f->mantissa_bits) + shift_to_even(m, drop);
}

uint16_t pare_small_encode_ref(const pare_small_float *f, pare_overflow overflow, double x)
{
    const uint64_t bits = f64_bits(x);
    const uint16_t sign = (uint16_t)(bits >> 63 ? 1u << (f->bits - 1) : 0);
    if (isnan(x)) return f->has_negative_zero ? f->nan_code | sign : f->nan_code;
    const uint64_t code = isinf(x) ? UINT64_MAX : encode_magnitude(f, bits);
    const bool has_nan = !f->has_negative_zero || f->max_code != (1u << (f->bits - 1)) - 1;
    if (code > f->max_code && overflow == PARE_OVERFLOW_INFINITE && has_nan) {
        if (!f->has_negative_zero) return f->nan_code;
        return (f->infinity_code ? f->infinity_code : f->nan_code) | sign;
    }
    const uint16_t kept = code > f->max_code ? f->max_code : (uint16_t)code;
    return kept || f->has_negative_zero ? kept | sign : 0;
}

float pare_small_decode_ref(const pare_small_float *f, uint16_t code)
{
    const uint32_t sign = (uint32_t)(code >> (f->bits - 1) & 1) << 31;
    const uint32_t magnitude = code & ((1u << (f->bits - 1)) - 1);
    const uint32_t fraction = magnitude & ((1u << f->mantissa_bits) - 1);
    const int exponent = (int)(magnitude >> f->mantissa_bits);
    const uint32_t wide = fraction << (F32_MANTISSA - f->mantissa_bits);
    if (!f->has_negative_zero && sign && !magnitude) return f32_of_bits(0x7fc00000);
    if (f->infinity_code && magnitude == f->infinity_code) return f32_of_bits(sign | 0x7f800000);
    if (magnitude > f->max_code) return f32_of_bits(sign | 0x7fc00000);
    if (exponent || f->bias == F32_BIAS)
        return f32_of_bits(sign | (uint32_t)(exponent + F32_BIAS - f->bias) << F32_MANTISSA | wide);
    const int step = 1 - f->bias - f->mantissa_bits; /* subnormal: a multiple of 2^step */
    const float value = (float)fraction * f32_of_bits((uint32_t)(step + F32_BIAS) << F32_MANTISSA);
    return sign ? -value : value;
}

void pare_small16_to_f32_ref(const pare_small_float *format, int64_t n, const uint16_t *x,
                             float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = pare_small_decode_ref(format, x[i]);
}

void pare_f32_to_small16_ref(const pare_small_float *format, int64_t n, const float *x,
                             uint16_t *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = pare_small_encode_ref(format, PARE_OVERFLOW_INFINITE, (double)x[i]);
}

enum { E8M0_BIAS = 127, E8M0_MAX = 254, E8M0_NAN = 255 };

uint8_t pare_e8m0_encode_ref(pare_e8m0_round round, bool saturate, double x)
{
    const uint64_t bits = f64_bits(x);
    const uint64_t fraction = bits & ((UINT64_C(1) << F64_MANTISSA) - 1);
    int code = (int)(bits >> F64_MANTISSA & 0x7ff) - F64_BIAS + E8M0_BIAS;
    if (isnan(x)) return E8M0_NAN;
    if (round == PARE_E8M0_UP && fraction) code++;
    if (round == PARE_E8M0_NEAREST && fraction >> (F64_MANTISSA - 1)) code++;
    if (x == 0 || code < 0) return saturate ? 0 : E8M0_NAN;
    if (isinf(x) || code > E8M0_MAX) return saturate ? E8M0_MAX : E8M0_NAN;
    return (uint8_t)code;
}

float pare_e8m0_decode_ref(uint8_t code)
{
    if (code == E8M0_NAN) return f32_of_bits(0x7fc00000);
    if (code == 0) return f32_of_bits(0x00400000); /* 2^-127, below the smallest normal float */
    return f32_of_bits((uint32_t)code << F32_MANTISSA);
}

void pare_unpack_bits_ref(uint32_t bits, int64_t start, int64_t n, const uint8_t *x,
                          uint8_t *codes)
{
    const uint32_t per_byte = 8 / bits;
    const uint8_t mask = (uint8_t)((1u << bits) - 1);
    for (int64_t i = 0; i < n; i++) {
        const uint64_t at = (uint64_t)(start + i);
        codes[i] = (uint8_t)(x[at / per_byte] >> (at % per_byte * bits) & mask);
    }
}

void pare_pack_bits_ref(uint32_t bits, int64_t start, int64_t n, const uint8_t *codes, uint8_t *y)
{
    const uint32_t per_byte = 8 / bits;
    const uint32_t mask = (1u << bits) - 1;
    for (int64_t i = 0; i < n; i++) {
        const uint64_t at = (uint64_t)(start + i);
        const uint32_t shift = (uint32_t)(at % per_byte * bits);
        uint8_t *byte = &y[at / per_byte];
        *byte = (uint8_t)((*byte & ~(mask << shift)) | (codes[i] & mask) << shift);
    }
}

static const double two_63 = 9223372036854775808.0;

int64_t pare_f64_to_i64_ref(double x)
{
    return x >= -two_63 && x < two_63 ? (int64_t)x : INT64_MIN;
}

uint64_t pare_f64_to_u64_ref(double x)
{
    if (x >= two_63 && x < 2 * two_63) return (uint64_t)(x - two_63) + (UINT64_C(1) << 63);
    return (uint64_t)pare_f64_to_i64_ref(x);
}
