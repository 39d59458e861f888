#include "energy/quantity.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DECIMALS = 15 };

typedef struct unit {
    double factor; /* NULL name ends a table; the smallest comes first */
    const char *name;
} unit;

/* The nearest number of three significant digits. */
static double rounded(double value)
{
    char text[32];
    snprintf(text, sizeof(text), "%.2e", value);
    return strtod(text, NULL);
}

const char *pare_quantity_plain(char *out, double value)
{
    const double v = rounded(value);
    if (!isfinite(v)) {
        snprintf(out, PARE_QUANTITY_BYTES, "%s", isnan(v) ? "unknown" : "endless");
        return out;
    }
    const int exponent = v == 0 ? 0 : (int)floor(log10(fabs(v)) + 1e-9);
    int decimals = exponent >= 2 ? 0 : 2 - exponent;
    if (decimals > MAX_DECIMALS) decimals = MAX_DECIMALS;
    snprintf(out, PARE_QUANTITY_BYTES, "%.*f", decimals, v);
    if (!strchr(out, '.')) return out;
    size_t n = strlen(out);
    while (out[n - 1] == '0') out[--n] = 0;
    if (out[n - 1] == '.') out[n - 1] = 0;
    return out;
}

/* In the largest unit of which it is one or more. */
static const char *in_unit(char *out, double value, const unit *units)
{
    const unit *best = units;
    char number[PARE_QUANTITY_BYTES];
    const double v = fabs(rounded(value));
    for (const unit *u = units; u->name; u++)
        if (v >= u->factor * (1 - 1e-9)) best = u;
    pare_quantity_plain(number, rounded(value) / best->factor);
    snprintf(out, PARE_QUANTITY_BYTES, "%.30s%s%s", number, *best->name ? " " : "", best->name);
    return out;
}

const char *pare_quantity_joules(char *out, double joules)
{
    static const unit units[] = { { 1e-12, "pJ" }, { 1e-9, "nJ" }, { 1e-6, "uJ" }, { 1e-3, "mJ" },
                                  { 1, "J" },      { 1e3, "kJ" },  { 1e6, "MJ" },  { 1e9, "GJ" },
                                  { 0, NULL } };
    return in_unit(out, joules, units);
}

const char *pare_quantity_kwh(char *out, double kwh)
{
    static const unit units[] = { { 1e-9, "uWh" }, { 1e-6, "mWh" }, { 1e-3, "Wh" }, { 1, "kWh" },
                                  { 1e3, "MWh" },  { 1e6, "GWh" },  { 0, NULL } };
    return in_unit(out, kwh, units);
}

const char *pare_quantity_grams(char *out, double grams)
{
    static const unit units[] = { { 1e-6, "ug" }, { 1e-3, "mg" }, { 1, "g" },
                                  { 1e3, "kg" },  { 1e6, "t" },   { 0, NULL } };
    return in_unit(out, grams, units);
}

const char *pare_quantity_count(char *out, double count)
{
    static const unit units[] = { { 1, "" },    { 1e3, "k" },  { 1e6, "M" },
                                  { 1e9, "G" }, { 1e12, "T" }, { 0, NULL } };
    return in_unit(out, count, units);
}

/* Up to two days in hours, up to two years in days. */
const char *pare_quantity_seconds(char *out, double seconds)
{
    static const unit units[] = { { 1e-6, "us" }, { 1e-3, "ms" }, { 1, "s" },
                                  { 60, "min" },  { 3600, "h" },  { 0, NULL } };
    static const unit days = { 86400, "days" };
    static const unit years = { 365.25 * 86400, "years" };
    char number[PARE_QUANTITY_BYTES];
    if (!(seconds >= 2 * days.factor)) return in_unit(out, seconds, units);
    const unit *u = seconds >= 2 * years.factor ? &years : &days;
    pare_quantity_plain(number, seconds / u->factor);
    snprintf(out, PARE_QUANTITY_BYTES, "%.30s %s", number, u->name);
    return out;
}
