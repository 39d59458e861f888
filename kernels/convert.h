/* Conversion between element types: small floats of every ONNX format, integers packed into bytes.
 *
 * Encoding rounds to the nearest value, ties to the even code, with one rounding from the double
 * that is given; a float is a double already, so nothing is rounded twice. Decoding is exact. */
#ifndef KERNELS_CONVERT_H
#define KERNELS_CONVERT_H

#include <stdbool.h>
#include <stdint.h>

/* A format of up to 16 bits with a sign bit above exponent and mantissa. A code without its sign
 * above max_code is infinite (infinity_code) or no number. */
typedef struct pare_small_float {
    uint8_t bits, mantissa_bits;
    int16_t bias;
    uint16_t max_code;        /* of the largest finite number */
    uint16_t infinity_code;   /* 0: the format has no infinity */
    uint16_t nan_code;        /* what NaN becomes: -0 in float4e2m1, which has none */
    bool has_negative_zero;   /* false: the code of -0 is the one NaN (the FNUZ formats) */
} pare_small_float;

extern const pare_small_float pare_float16;
extern const pare_small_float pare_bfloat16;
extern const pare_small_float pare_float8e4m3fn;
extern const pare_small_float pare_float8e4m3fnuz;
extern const pare_small_float pare_float8e5m2;
extern const pare_small_float pare_float8e5m2fnuz;
extern const pare_small_float pare_float4e2m1;

/* What a number beyond the largest finite one, infinity included, becomes. */
typedef enum pare_overflow {
    PARE_OVERFLOW_INFINITE,   /* infinity; else NaN; else the largest finite number of its sign */
    PARE_OVERFLOW_SATURATE,   /* the largest finite number of its sign */
} pare_overflow;

uint16_t pare_small_encode_ref(const pare_small_float *format, pare_overflow overflow, double x);
float pare_small_decode_ref(const pare_small_float *format, uint16_t code);

/* x [n] in 16 bits each, of a 16-bit format. */
void pare_small16_to_f32_ref(const pare_small_float *format, int64_t n, const uint16_t *x,
                             float *y);
void pare_f32_to_small16_ref(const pare_small_float *format, int64_t n, const float *x,
                             uint16_t *y);

/* float8e8m0: 2^(code - 127) without sign; 255 is NaN. */
typedef enum pare_e8m0_round {
    PARE_E8M0_UP,             /* to the power of two that is not smaller */
    PARE_E8M0_DOWN,
    PARE_E8M0_NEAREST,        /* ties up */
} pare_e8m0_round;

/* Signs are dropped. Saturating: 0 and what is too small become code 0, infinity and what is too
 * large 254; else all these become NaN. */
uint8_t pare_e8m0_encode_ref(pare_e8m0_round round, bool saturate, double x);
float pare_e8m0_decode_ref(uint8_t code);

/* Integers of `bits` (2 or 4) bits, packed low bits first: elements [start, start + n) of x as
 * codes, one per byte. */
void pare_unpack_bits_ref(uint32_t bits, int64_t start, int64_t n, const uint8_t *x,
                          uint8_t *codes);

/* The reverse; bits of y that belong to other elements stay as they are. */
void pare_pack_bits_ref(uint32_t bits, int64_t start, int64_t n, const uint8_t *codes, uint8_t *y);

/* Float to integer: towards zero; what no int64 holds, and NaN, becomes the smallest int64. */
int64_t pare_f64_to_i64_ref(double x);

/* Towards zero; values in (-2^63, 0) wrap, what neither uint64 nor int64 holds, and NaN, becomes
 * 2^63. */
uint64_t pare_f64_to_u64_ref(double x);

#endif
