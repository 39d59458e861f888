#include "kernels/convert.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

/* Value of a code, from the definition of the format alone. */
static double value_of(const pare_small_float *f, uint32_t code)
{
    const uint32_t magnitude = code & ((1u << (f->bits - 1)) - 1);
    const int fraction = (int)(magnitude & ((1u << f->mantissa_bits) - 1));
    const int exponent = (int)(magnitude >> f->mantissa_bits);
    const double sign = code >> (f->bits - 1) ? -1 : 1;
    if (!exponent) return sign * ldexp(fraction, 1 - f->bias - f->mantissa_bits);
    return sign * ldexp((1 << f->mantissa_bits) + fraction,
                        exponent - f->bias - f->mantissa_bits);
}

static const struct {
    const char *name;
    const pare_small_float *format;
    double max, smallest;
} formats[] = {
    { "float16", &pare_float16, 65504, 0x1p-24 },
    { "bfloat16", &pare_bfloat16, 0x1.fep127, 0x1p-133 },
    { "float8e4m3fn", &pare_float8e4m3fn, 448, 0x1p-9 },
    { "float8e4m3fnuz", &pare_float8e4m3fnuz, 240, 0x1p-10 },
    { "float8e5m2", &pare_float8e5m2, 57344, 0x1p-16 },
    { "float8e5m2fnuz", &pare_float8e5m2fnuz, 57344, 0x1p-17 },
    { "float4e2m1", &pare_float4e2m1, 6, 0.5 },
};
enum { N_FORMATS = sizeof(formats) / sizeof(formats[0]) };

static void every_code_survives(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_FORMATS; k++) {
        const pare_small_float *f = formats[k].format;
        assert_true(value_of(f, f->max_code) == formats[k].max);
        assert_true(value_of(f, 1) == formats[k].smallest);
        for (uint32_t code = 0; code < 1u << f->bits; code++) {
            const uint32_t magnitude = code & ((1u << (f->bits - 1)) - 1);
            const float x = pare_small_decode_ref(f, (uint16_t)code);
            const uint16_t back = pare_small_encode_ref(f, PARE_OVERFLOW_INFINITE, (double)x);
            if (magnitude <= f->max_code && (f->has_negative_zero || code != f->nan_code)) {
                if ((double)x != value_of(f, code) || back != code)
                    fail_msg("%s: code %x is %g and becomes %x", formats[k].name, code, (double)x,
                             back);
            } else if (f->infinity_code && magnitude == f->infinity_code) {
                assert_true(isinf(x) && back == code);
            } else {
                assert_true(isnan(x) && isnan(pare_small_decode_ref(f, back)));
            }
        }
    }
}

/* Between neighbours the middle goes to the even code, everything else to the nearer one. */
static void encoding_rounds_to_nearest_even(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_FORMATS; k++) {
        const pare_small_float *f = formats[k].format;
        for (uint32_t code = 0; code < f->max_code; code++) {
            const double low = value_of(f, code);
            const double high = value_of(f, code + 1);
            const double middle = low + (high - low) / 2;
            const uint16_t even = (uint16_t)(code & 1 ? code + 1 : code);
            const uint16_t sign = (uint16_t)(1u << (f->bits - 1));
            const uint16_t minus = even || f->has_negative_zero ? even | sign : 0;
            assert_int_equal(pare_small_encode_ref(f, PARE_OVERFLOW_SATURATE, middle), even);
            assert_int_equal(pare_small_encode_ref(f, PARE_OVERFLOW_SATURATE, -middle), minus);
            assert_int_equal(
                pare_small_encode_ref(f, PARE_OVERFLOW_SATURATE, nextafter(middle, 0)), code);
            assert_int_equal(
                pare_small_encode_ref(f, PARE_OVERFLOW_SATURATE, nextafter(middle, INFINITY)),
                code + 1);
        }
    }
}

static void overflow_saturates_or_does_not(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_FORMATS; k++) {
        const pare_small_float *f = formats[k].format;
        const double huge[] = { 2 * formats[k].max, 1e300, INFINITY };
        for (size_t i = 0; i < 3; i++) {
            const uint16_t high = pare_small_encode_ref(f, PARE_OVERFLOW_SATURATE, huge[i]);
            const uint16_t beyond = pare_small_encode_ref(f, PARE_OVERFLOW_INFINITE, huge[i]);
            assert_int_equal(high, f->max_code);
            if (f == &pare_float4e2m1) assert_int_equal(beyond, f->max_code);
            else assert_int_equal(beyond, f->infinity_code ? f->infinity_code : f->nan_code);
        }
        assert_int_equal(pare_small_encode_ref(f, PARE_OVERFLOW_INFINITE, 1e-310), 0);
    }
    assert_int_equal(pare_small_encode_ref(&pare_float4e2m1, PARE_OVERFLOW_SATURATE, NAN), 8);
    /* half a step above the largest is a tie; 448 is even and keeps it */
    assert_int_equal(pare_small_encode_ref(&pare_float8e4m3fn, PARE_OVERFLOW_INFINITE, 464), 0x7e);
    assert_int_equal(pare_small_encode_ref(&pare_float16, PARE_OVERFLOW_INFINITE, 65520), 0x7c00);
}

/* 1 + 2^-11 + 2^-40 rounds up from double, but would be a tie after going through float. */
static void doubles_round_once(void **state)
{
    (void)state;
    const double x = 1 + 0x1p-11 + 0x1p-40;
    assert_int_equal(pare_small_encode_ref(&pare_float16, PARE_OVERFLOW_INFINITE, x), 0x3c01);
    assert_int_equal(pare_small_encode_ref(&pare_float16, PARE_OVERFLOW_INFINITE, (double)(float)x),
                     0x3c00);
}

static void e8m0_rounds_as_told(void **state)
{
    (void)state;
    for (int code = 0; code < 255; code++) {
        const double x = ldexp(1, code - 127);
        assert_true((double)pare_e8m0_decode_ref((uint8_t)code) == x);
        for (int round = PARE_E8M0_UP; round <= PARE_E8M0_NEAREST; round++)
            assert_int_equal(pare_e8m0_encode_ref((pare_e8m0_round)round, false, x), code);
        if (code == 254) continue;
        assert_int_equal(pare_e8m0_encode_ref(PARE_E8M0_UP, true, x * 1.01), code + 1);
        assert_int_equal(pare_e8m0_encode_ref(PARE_E8M0_DOWN, true, x * 1.99), code);
        assert_int_equal(pare_e8m0_encode_ref(PARE_E8M0_NEAREST, true, x * 1.5), code + 1);
        assert_int_equal(pare_e8m0_encode_ref(PARE_E8M0_NEAREST, true, x * 1.49), code);
    }
    assert_int_equal(pare_e8m0_encode_ref(PARE_E8M0_UP, true, 0), 0);
    assert_int_equal(pare_e8m0_encode_ref(PARE_E8M0_NEAREST, false, 0), 255);
    assert_int_equal(pare_e8m0_encode_ref(PARE_E8M0_UP, true, INFINITY), 254);
    assert_int_equal(pare_e8m0_encode_ref(PARE_E8M0_UP, false, INFINITY), 255);
    assert_int_equal(pare_e8m0_encode_ref(PARE_E8M0_UP, true, NAN), 255);
    assert_int_equal(pare_e8m0_encode_ref(PARE_E8M0_UP, true, 1e300), 254);
    assert_int_equal(pare_e8m0_encode_ref(PARE_E8M0_DOWN, true, 1e-300), 0);
    assert_true(isnan(pare_e8m0_decode_ref(255)));
}

static void packing_leaves_neighbours_alone(void **state)
{
    (void)state;
    for (uint32_t bits = 2; bits <= 4; bits += 2) {
        for (int64_t start = 0; start < 5; start++) {
            uint8_t packed[8];
            uint8_t codes[12];
            uint8_t all[16];
            memset(packed, 0xff, sizeof(packed));
            for (int i = 0; i < 7; i++) codes[i] = (uint8_t)(i * 37);
            pare_pack_bits_ref(bits, start, 7, codes, packed);
            pare_unpack_bits_ref(bits, 0, 16, packed, all);
            const uint8_t mask = (uint8_t)((1u << bits) - 1);
            for (int i = 0; i < 16; i++) {
                const bool is_inside = i >= start && i < start + 7;
                assert_int_equal(all[i], is_inside ? codes[i - start] & mask : mask);
            }
        }
    }
}

static void floats_truncate_to_integers(void **state)
{
    (void)state;
    assert_int_equal(pare_f64_to_i64_ref(-1.9), -1);
    assert_true(pare_f64_to_i64_ref(1e300) == INT64_MIN);
    assert_true(pare_f64_to_i64_ref(NAN) == INT64_MIN);
    assert_true(pare_f64_to_i64_ref(-0x1p63) == INT64_MIN);
    assert_true(pare_f64_to_u64_ref(0x1.8p63) == UINT64_C(3) << 62);
    assert_true(pare_f64_to_u64_ref(-1) == UINT64_MAX);
    assert_true(pare_f64_to_u64_ref(0x1p64) == UINT64_C(1) << 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_survives),
        cmocka_unit_test(encoding_rounds_to_nearest_even),
        cmocka_unit_test(overflow_saturates_or_does_not),
        cmocka_unit_test(doubles_round_once),
        cmocka_unit_test(e8m0_rounds_as_told),
        cmocka_unit_test(packing_leaves_neighbours_alone),
        cmocka_unit_test(floats_truncate_to_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
