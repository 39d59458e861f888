#include "recipe/limit.h"

#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A unit and how many of the metric's own unit it is. */
typedef struct limit_unit {
    const char *name; /* NULL ends the table */
    double factor;
} limit_unit;

static const limit_unit energies[] = {
    { "pJ", 1e-9 }, { "nJ", 1e-6 }, { "uJ", 1e-3 }, { "\xc2\xb5J", 1e-3 }, { "mJ", 1 },
    { "J", 1e3 }, { "kJ", 1e6 }, { "uWh", 3.6 }, { "mWh", 3600 }, { "Wh", 3.6e6 }, { NULL, 0 },
};
static const limit_unit times[] = {
    { "ns", 1e-6 }, { "us", 1e-3 }, { "\xc2\xb5s", 1e-3 }, { "ms", 1 }, { "s", 1e3 }, { NULL, 0 },
};
static const limit_unit counts[] = {
    { "", 1 }, { "k", 1e3 }, { "M", 1e6 }, { "G", 1e9 }, { "T", 1e12 }, { NULL, 0 },
};
static const limit_unit sizes[] = {
    { "", 1 }, { "B", 1 }, { "KB", 1e3 }, { "MB", 1e6 }, { "GB", 1e9 }, { "TB", 1e12 },
    { "KiB", 0x1p10 }, { "MiB", 0x1p20 }, { "GiB", 0x1p30 }, { "TiB", 0x1p40 }, { NULL, 0 },
};

typedef struct limit_kind {
    const char *name;
    const limit_unit *units; /* NULL: a plain number */
    bool exact_case;         /* mJ is not MJ */
    const char *form;
} limit_kind;

static const limit_kind kinds[PARE_N_LIMITS] = {
    [PARE_LIMIT_DROP] = { "max-drop", NULL, false, "percentage points, such as 0.5" },
    [PARE_LIMIT_AGREEMENT] = { "min-agreement", NULL, false, "a share, such as 99%" },
    [PARE_LIMIT_ENERGY] = { "max-energy", energies, true,
                            "a percentage or an energy, such as 45% or 5mJ" },
    [PARE_LIMIT_LATENCY] = { "max-latency", times, true,
                             "a percentage or a time, such as 60% or 12ms" },
    [PARE_LIMIT_MACS] = { "max-macs", counts, false,
                          "a percentage or a count, such as 50% or 2G" },
    [PARE_LIMIT_PARAMS] = { "max-params", counts, false,
                            "a percentage or a count, such as 50% or 10M" },
    [PARE_LIMIT_SIZE] = { "max-size", sizes, false,
                          "a percentage or a size, such as 30% or 25MB" },
    [PARE_LIMIT_FLASH] = { "max-flash", sizes, false,
                           "a percentage or a size, such as 30% or 1MiB" },
    [PARE_LIMIT_RAM] = { "max-ram", sizes, false,
                         "a percentage or a size, such as 50% or 256KiB" },
};

pare_limit_kind pare_limit_find(const char *name)
{
    int k = 0;
    while (k < PARE_N_LIMITS && !pare_str_eq(kinds[k].name, name)) k++;
    return (pare_limit_kind)k;
}

const char *pare_limit_name(pare_limit_kind kind)
{
    return kinds[kind].name;
}

const char *pare_limit_form(pare_limit_kind kind)
{
    return kinds[kind].form;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Decimal digits with a fraction, no sign and no exponent; sets *unit to what follows, without one
 * space in front. */
static bool read_number(const char *text, double *value, const char **unit)
{
    size_t n = strspn(text, "0123456789");
    if (!n || n > 18) return false;
    if (text[n] == '.') {
        const size_t fraction = strspn(text + n + 1, "0123456789");
        if (!fraction || fraction > 18) return false;
        n += 1 + fraction;
    }
    char digits[48];
    snprintf(digits, sizeof(digits), "%.*s", (int)n, text);
    *value = strtod(digits, NULL);
    *unit = text + n + (text[n] == ' ' && text[n + 1]);
    return true;
}

static bool read_with_unit(pare_limit *out, const limit_kind *kind, double value, const char *unit)
{
    for (const limit_unit *u = kind->units; u && u->name; u++) {
        if ((kind->exact_case ? strcmp(unit, u->name) : strcasecmp(unit, u->name)) != 0) continue;
        out->value = value * u->factor;
        return true;
    }
    return false;
}

bool pare_limit_read(pare_limit *out, pare_limit_kind kind, const char *text)
{
    pare_limit limit = { .given = true, .text = text };
    const char *unit = NULL;
    double value = 0;
    if (!read_number(text, &value, &unit)) return false;
    const bool percent = pare_str_eq(unit, "%");
    if (kind == PARE_LIMIT_DROP) { /* points, which people also write as per cent */
        limit.value = value;
        if ((*unit && !percent && !pare_str_eq(unit, "pp")) || value > 100) return false;
    } else if (kind == PARE_LIMIT_AGREEMENT) {
        limit.value = percent ? value / 100 : value;
        if ((*unit && !percent) || limit.value > 1) return false;
    } else if (percent) {
        limit.relative = true;
        limit.value = value / 100;
    } else if (!read_with_unit(&limit, &kinds[kind], value, unit)) {
        return false;
    }
    *out = limit;
    return true;
}
