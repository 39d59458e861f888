#include "base/quantity.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

typedef struct unit {
    const char *name; /* "" is the unit of a bare number; NULL ends the table */
    uint64_t factor;
} unit;

enum { MAX_FRACTION_DIGITS = 6 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool find_unit(const unit *units, const char *name, uint64_t *factor)
{
    for (; units->name; units++) {
        if (strcasecmp(units->name, name) != 0) continue;
        *factor = units->factor;
        return true;
    }
    return false;
}

/* "12", "1.5 GiB": digits, fraction, unit. */
static bool read_quantity(const char *text, const unit *units, uint64_t *out)
{
    if (!is_digit(*text)) return false;
    uint64_t whole = 0;
    for (; is_digit(*text); text++) {
        if (__builtin_mul_overflow(whole, 10, &whole)) return false;
        if (__builtin_add_overflow(whole, (uint64_t)(*text - '0'), &whole)) return false;
    }
    uint64_t fraction = 0, scale = 1;
    if (*text == '.') {
        if (!is_digit(*++text)) return false;
        for (int n = 0; is_digit(*text); text++, n++) {
            if (n == MAX_FRACTION_DIGITS) return false;
            fraction = fraction * 10 + (uint64_t)(*text - '0');
            scale *= 10;
        }
    }
    if (*text == ' ' && text[1]) text++;
    uint64_t factor = 0, product = 0;
    if (!find_unit(units, text, &factor)) return false;
    if (__builtin_mul_overflow(whole, factor, &product)) return false;
    /* No overflow: fraction < scale <= 10^6 and factors are below 2^41. */
    return !__builtin_add_overflow(product, fraction * factor / scale, out);
}

bool pare_read_size(const char *text, uint64_t *bytes)
{
    static const unit units[] = {
        { "", 1 }, { "B", 1 },
        { "KB", UINT64_C(1000) }, { "MB", UINT64_C(1000000) },
        { "GB", UINT64_C(1000000000) }, { "TB", UINT64_C(1000000000000) },
        { "KiB", UINT64_C(1) << 10 }, { "MiB", UINT64_C(1) << 20 },
        { "GiB", UINT64_C(1) << 30 }, { "TiB", UINT64_C(1) << 40 },
        { NULL, 0 },
    };
    return read_quantity(text, units, bytes);
}

bool pare_read_count(const char *text, uint64_t *out)
{
    static const unit units[] = {
        { "", 1 }, { "k", 1000 }, { "M", 1000000 }, { "G", 1000000000 }, { NULL, 0 },
    };
    return read_quantity(text, units, out);
}

bool pare_read_duration(const char *text, uint64_t *millis)
{
    static const unit units[] = {
        { "", 1000 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "min", 60000 },
        { "h", 3600000 }, { "d", 86400000 }, { NULL, 0 },
    };
    return read_quantity(text, units, millis);
}

bool pare_read_int(const char *text, int64_t *out)
{
    const char *digits = text + (*text == '-');
    if (!is_digit(*digits)) return false; /* strtoll would skip spaces and take a plus sign */
    char *end = NULL;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (errno || *end) return false;
    *out = value;
    return true;
}

bool pare_read_number(const char *text, double *out)
{
    const char *digits = text + (*text == '-');
    if (!is_digit(*digits)) return false; /* strtod would take spaces, hexadecimal and "nan" */
    char *end = NULL;
    const double value = strtod(text, &end);
    if (*end || !isfinite(value)) return false;
    *out = value;
    return true;
}
