#include "ir/number.h"

#include "base/checked.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DIGITS = 400, MAX_EXPONENT = 100000 };

/* Lays out what "%.*e" made, [-]d<sep>ddde[+-]ddd, whatever the locale's separator is. Numbers of
 * moderate size get no exponent. */
static void lay_out(char out[PARE_NUMBER_BYTES], const char *scientific, int max_plain)
{
    char digits[24];
    int n = 0;
    const char *p = scientific;
    char *q = out;
    if (*p == '-') *q++ = *p++;
    for (; *p != 'e'; p++)
        if (*p >= '0' && *p <= '9') digits[n++] = *p;
    const int exponent = (int)strtol(p + 1, NULL, 10);
    while (n > 1 && digits[n - 1] == '0') n--;
    const bool plain = exponent >= -5 && exponent < max_plain;
    int point = plain ? exponent + 1 : 1; /* digits in front of the point */
    if (point <= 0) {
        *q++ = '0';
        *q++ = '.';
        for (; point < 0; point++) *q++ = '0';
        point = n;
    }
    for (int i = 0; i < n; i++) {
        if (i == point) *q++ = '.';
        *q++ = digits[i];
    }
    for (int i = n; i < point; i++) *q++ = '0';
    if (!plain) q += snprintf(q, 8, "e%d", exponent);
    *q = '\0';
}

static const char *not_finite(char out[PARE_NUMBER_BYTES], bool negative, bool infinite, bool plain,
                              uint64_t bits)
{
    if (infinite) snprintf(out, PARE_NUMBER_BYTES, "%sinf", negative ? "-" : "");
    else if (plain) snprintf(out, PARE_NUMBER_BYTES, "%snan", negative ? "-" : "");
    else snprintf(out, PARE_NUMBER_BYTES, "nan(%" PRIu64 ")", bits);
    return out;
}

const char *pare_number_f32(char out[PARE_NUMBER_BYTES], float v)
{
    char text[PARE_NUMBER_BYTES];
    uint32_t bits = 0;
    memcpy(&bits, &v, sizeof(bits));
    if (!isfinite(v))
        return not_finite(out, signbit(v), isinf(v), (bits & 0x7fffffff) == 0x7fc00000, bits);
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof(text), "%.*e", digits - 1, (double)v);
        if (strtof(text, NULL) == v) break;
    }
    lay_out(out, text, 9);
    return out;
}

const char *pare_number_f64(char out[PARE_NUMBER_BYTES], double v)
{
    char text[PARE_NUMBER_BYTES];
    uint64_t bits = 0;
    memcpy(&bits, &v, sizeof(bits));
    if (!isfinite(v)) {
        const bool plain = (bits & INT64_MAX) == UINT64_C(0x7ff8000000000000);
        return not_finite(out, signbit(v), isinf(v), plain, bits);
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*e", digits - 1, v);
        if (strtod(text, NULL) == v) break;
    }
    lay_out(out, text, 17);
    return out;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The same number as [-]digits e exponent: without a point, every locale reads it alike. */
static bool without_point(char out[MAX_DIGITS + 16], const char *text, size_t n)
{
    const char *p = text;
    const char *end = text + n;
    char *q = out;
    size_t n_digits = 0;
    int exponent = 0;
    if (p < end && *p == '-') *q++ = *p++;
    for (bool behind_point = false; p < end && (is_digit(*p) || *p == '.'); p++) {
        if (*p == '.') {
            if (behind_point || !n_digits) return false;
            behind_point = true;
            continue;
        }
        if (n_digits++ == MAX_DIGITS) return false;
        *q++ = *p;
        if (behind_point) exponent--;
    }
    if (!n_digits) return false;
    if (p < end) {
        if (*p != 'e' && *p != 'E') return false;
        p++;
        const bool negative = p < end && *p == '-';
        if (p < end && (*p == '+' || *p == '-')) p++;
        if (p == end) return false;
        int written = 0;
        for (; p < end; p++) {
            if (!is_digit(*p)) return false;
            if (written < MAX_EXPONENT) written = written * 10 + (*p - '0');
        }
        exponent += negative ? -written : written;
    }
    snprintf(q, (size_t)(out + MAX_DIGITS + 16 - q), "e%d", exponent);
    return true;
}

bool pare_number_read_f32(const char *text, size_t n, float *out)
{
    char plain[MAX_DIGITS + 16];
    if (!without_point(plain, text, n)) return false;
    *out = strtof(plain, NULL);
    return isfinite(*out);
}

bool pare_number_read_f64(const char *text, size_t n, double *out)
{
    char plain[MAX_DIGITS + 16];
    if (!without_point(plain, text, n)) return false;
    *out = strtod(plain, NULL);
    return isfinite(*out);
}

bool pare_number_read_u64(const char *text, size_t n, uint64_t *out)
{
    uint64_t v = 0;
    if (!n) return false;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(text[i]) || !pare_mul_u64(v, 10, &v) ||
            !pare_add_u64(v, (uint64_t)(text[i] - '0'), &v))
            return false;
    }
    *out = v;
    return true;
}

bool pare_number_read_i64(const char *text, size_t n, int64_t *out)
{
    const bool negative = n && *text == '-';
    uint64_t v = 0;
    if (!pare_number_read_u64(text + negative, n - negative, &v)) return false;
    if (v > (uint64_t)INT64_MAX + negative) return false;
    *out = (int64_t)(negative ? -v : v);
    return true;
}
