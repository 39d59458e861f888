#include "support/compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static double half(uint16_t bits)
{
    const int exponent = (bits >> 10) & 31;
    const double fraction = (bits & 1023) / 1024.0;
    const double sign = bits & 0x8000 ? -1 : 1;
    if (exponent == 31) return bits & 1023 ? (double)NAN : sign * (double)INFINITY;
    return sign * (exponent ? ldexp(1 + fraction, exponent - 15) : ldexp(fraction, -14));
}

static double single(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof(value));
    return (double)value;
}

/* Number i of a floating-point payload; complex numbers count twice. */
static double number(pare_dtype dtype, const uint8_t *data, int64_t i)
{
    uint16_t h = 0;
    uint32_t f = 0;
    double d = 0;
    switch (dtype) {
    case PARE_FLOAT16: memcpy(&h, data + 2 * i, 2); return half(h);
    case PARE_BFLOAT16: memcpy(&h, data + 2 * i, 2); return single((uint32_t)h << 16);
    case PARE_FLOAT:
    case PARE_COMPLEX64: memcpy(&f, data + 4 * i, 4); return single(f);
    default: memcpy(&d, data + 8 * i, 8); return d;
    }
}

static bool is_close(double got, double want, compare_rule rule)
{
    if (isinf(rule.atol)) return true;
    if (isnan(got) || isnan(want)) return isnan(got) && isnan(want);
    if (isinf(got) || isinf(want)) return got == want;
    return fabs(got - want) <= rule.atol + rule.rtol * fabs(want);
}

static bool has_tolerance(pare_dtype dtype)
{
    return dtype == PARE_FLOAT || dtype == PARE_DOUBLE || dtype == PARE_FLOAT16 ||
           dtype == PARE_BFLOAT16 || dtype == PARE_COMPLEX64 || dtype == PARE_COMPLEX128;
}

static bool compare_numbers(const pare_tensor *got, const pare_tensor *want, compare_rule rule,
                            char *why, size_t why_bytes)
{
    const bool complex = pare_dtype_of(want->dtype)->class == PARE_CLASS_COMPLEX;
    const int64_t n = want->n_elements * (complex ? 2 : 1);
    for (int64_t i = 0; i < n; i++) {
        const double g = number(got->dtype, got->payload.data, i);
        const double w = number(want->dtype, want->payload.data, i);
        if (is_close(g, w, rule)) continue;
        snprintf(why, why_bytes, "element %" PRId64 ": %.9g, expected %.9g", i, g, w);
        return false;
    }
    return true;
}

static bool compare_strings(const pare_tensor *got, const pare_tensor *want, char *why,
                            size_t why_bytes)
{
    for (int64_t i = 0; i < want->n_elements; i++) {
        const pare_bytes g = got->strings[i];
        const pare_bytes w = want->strings[i];
        if (g.n == w.n && (!g.n || memcmp(g.data, w.data, g.n) == 0)) continue;
        snprintf(why, why_bytes, "string %" PRId64 ": '%.*s', expected '%.*s'", i, (int)g.n,
                 (const char *)g.data, (int)w.n, (const char *)w.data);
        return false;
    }
    return true;
}

static bool compare_exactly(const pare_tensor *got, const pare_tensor *want, char *why,
                            size_t why_bytes)
{
    for (size_t i = 0; i < want->payload.n; i++) {
        if (got->payload.data[i] == want->payload.data[i]) continue;
        snprintf(why, why_bytes, "byte %zu: %d, expected %d", i, got->payload.data[i],
                 want->payload.data[i]);
        return false;
    }
    return true;
}

static bool compare_tensors(const pare_tensor *got, const pare_tensor *want, compare_rule rule,
                            char *why, size_t why_bytes)
{
    if (got->dtype != want->dtype) {
        snprintf(why, why_bytes, "type %s, expected %s", pare_dtype_name(got->dtype),
                 pare_dtype_name(want->dtype));
        return false;
    }
    if (got->rank != want->rank ||
        (want->rank && memcmp(got->dims, want->dims, want->rank * sizeof(*want->dims)) != 0)) {
        snprintf(why, why_bytes, "shape of rank %" PRIu32 " and %" PRId64
                 " elements, expected rank %" PRIu32 " and %" PRId64,
                 got->rank, got->n_elements, want->rank, want->n_elements);
        return false;
    }
    if (want->encoding == PARE_ENC_STRINGS) return compare_strings(got, want, why, why_bytes);
    if (has_tolerance(want->dtype)) return compare_numbers(got, want, rule, why, why_bytes);
    return compare_exactly(got, want, why, why_bytes);
}

bool compare_datums(const pare_datum *got, const pare_datum *want, compare_rule rule, char *why,
                    size_t why_bytes)
{
    if (got->kind != want->kind || got->n_items != want->n_items) {
        snprintf(why, why_bytes, "kind %d of %zu items, expected %d of %zu", (int)got->kind,
                 got->n_items, (int)want->kind, want->n_items);
        return false;
    }
    if (want->kind == PARE_TYPE_TENSOR)
        return compare_tensors(got->tensor, want->tensor, rule, why, why_bytes);
    for (size_t i = 0; i < want->n_items; i++)
        if (!compare_datums(&got->items[i], &want->items[i], rule, why, why_bytes)) return false;
    return true;
}
