#include "base/nearest.h"
#include "energy/quantity.h"
#include "energy/use.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Values of --use: a number, a unit, and what they are per. */

#define SECONDS_OF_DAY 86400.0
#define DAYS_OF_MONTH 30.4375
#define SECONDS_OF_MONTH (SECONDS_OF_DAY * DAYS_OF_MONTH)

enum { TEXT_BYTES = PARE_USE_PATH_BYTES + 64 };

typedef struct unit {
    const char *name; /* NULL ends a table */
    double factor;
} unit;

/* Seconds. "m" is left to people's guesses, and so to none. */
static const unit times[] = {
    { "us", 1e-6 }, { "ms", 1e-3 },
    { "s", 1 }, { "sec", 1 }, { "second", 1 },
    { "min", 60 }, { "minute", 60 },
    { "h", 3600 }, { "hour", 3600 },
    { "d", SECONDS_OF_DAY }, { "day", SECONDS_OF_DAY },
    { "week", 7 * SECONDS_OF_DAY },
    { "month", SECONDS_OF_MONTH },
    { "y", 12 * SECONDS_OF_MONTH }, { "year", 12 * SECONDS_OF_MONTH },
    { NULL, 0 },
};
static const unit counts[] = {
    { "", 1 }, { "k", 1e3 }, { "K", 1e3 }, { "M", 1e6 }, { "G", 1e9 }, { "T", 1e12 }, { NULL, 0 },
};
static const unit grams[] = {
    { "mg", 1e-3 }, { "g", 1 }, { "kg", 1e3 }, { "t", 1e6 }, { NULL, 0 },
};
static const unit energies[] = { /* kWh */
    { "Wh", 1e-3 }, { "kWh", 1 }, { "MWh", 1e3 }, { "GWh", 1e6 }, { NULL, 0 },
};
static const unit joules[] = {
    { "mJ", 1e-3 }, { "J", 1 }, { "kJ", 1e3 }, { "MJ", 1e6 },
    { "mWh", 3.6 }, { "Wh", 3600 }, { "kWh", 3.6e6 }, { NULL, 0 },
};
static const unit watts[] = {
    { "nW", 1e-9 }, { "uW", 1e-6 }, { "mW", 1e-3 }, { "W", 1 }, { NULL, 0 },
};
static const unit amperes[] = {
    { "nA", 1e-9 }, { "uA", 1e-6 }, { "mA", 1e-3 }, { "A", 1 }, { NULL, 0 },
};
static const unit ampere_hours[] = { /* coulombs */
    { "uAh", 3.6e-3 }, { "mAh", 3.6 }, { "Ah", 3600 }, { NULL, 0 },
};
static const unit volts[] = { { "mV", 1e-3 }, { "V", 1 }, { NULL, 0 } };
static const unit none[] = { { "", 1 }, { NULL, 0 } };
static const unit shares[] = { { "", 1 }, { "%", 0.01 }, { NULL, 0 } };

static void skip_spaces(const char **at)
{
    while (**at == ' ') (*at)++;
}

/* Decimal digits, a fraction, an exponent; nothing that strtod takes beside. */
static bool read_number(const char **at, double *out)
{
    char digits[64];
    size_t n = 0;
    skip_spaces(at);
    const char *p = *at;
    while (isdigit((unsigned char)*p) || *p == '.') p++;
    if (p > *at && (*p == 'e' || *p == 'E')) {
        const char *q = p + 1;
        if (*q == '-' || *q == '+') q++;
        if (isdigit((unsigned char)*q)) {
            while (isdigit((unsigned char)*q)) q++;
            p = q;
        }
    }
    n = (size_t)(p - *at);
    if (!n || n >= sizeof(digits)) return false;
    memcpy(digits, *at, n);
    digits[n] = 0;
    char *end = NULL;
    *out = strtod(digits, &end);
    if (*end || !isfinite(*out)) return false;
    *at = p;
    return true;
}

/* A unit of the table, which ends where letters do. Prefixes differ by case (m, M). */
static bool read_unit(const char **at, const unit *units, double *factor)
{
    skip_spaces(at);
    const char *p = *at;
    while (isalpha((unsigned char)*p) || *p == '%') p++;
    const size_t n = (size_t)(p - *at);
    for (; units->name; units++) {
        if (strlen(units->name) != n || memcmp(units->name, *at, n) != 0) continue;
        *factor = units->factor;
        *at = p;
        return true;
    }
    return false;
}

static bool read_quantity(const char **at, const unit *units, double *out)
{
    double factor = 1;
    if (!read_number(at, out) || !read_unit(at, units, &factor)) return false;
    *out *= factor;
    return true;
}

static bool read_sign(const char **at, char sign)
{
    skip_spaces(at);
    if (**at != sign) return false;
    (*at)++;
    return true;
}

static bool ends(const char *at)
{
    skip_spaces(&at);
    return !*at;
}

/* --- keys ------------------------------------------------------------------------------------- */

/* Reads a value; false: it is not what the key expects. */
typedef bool read_fn(pare_usage *use, const char *text);

static bool read_volume(pare_usage *use, const char *text)
{
    double n = 0;
    double period = 1;
    if (!read_quantity(&text, counts, &n) || !read_sign(&text, '/') ||
        !read_unit(&text, times, &period) || !ends(text) || n <= 0)
        return false;
    use->per_month = n * (SECONDS_OF_MONTH / period);
    return isfinite(use->per_month);
}

static bool read_every(pare_usage *use, const char *text)
{
    double seconds = 0;
    if (!read_quantity(&text, times, &seconds) || !ends(text) || seconds <= 0) return false;
    use->every_s = seconds;
    return true;
}

/* "381g", "381 g/kWh", "381". */
static bool read_intensity(pare_usage *use, const char *text)
{
    double g = 0;
    double per = 1;
    const char *number = text;
    if (!read_quantity(&text, grams, &g)) {
        text = number;
        if (!read_quantity(&text, none, &g)) return false;
    }
    if (read_sign(&text, '/') && !read_unit(&text, energies, &per)) return false;
    if (!ends(text)) return false;
    use->g_per_kwh = g / per;
    use->grid[0] = 0;
    use->grid_year = 0;
    return true;
}

static bool read_grid(pare_usage *use, const char *text)
{
    const pare_power_grid *grid = pare_grid_find(text, NULL);
    if (!grid) return isdigit((unsigned char)*text) && read_intensity(use, text);
    use->g_per_kwh = grid->g_per_kwh;
    use->grid_year = grid->year;
    snprintf(use->grid, sizeof(use->grid), "%s", grid->code);
    return true;
}

static bool read_hourly(pare_usage *use, const char *text)
{
    if (!*text || strlen(text) >= sizeof(use->hourly)) return false;
    snprintf(use->hourly, sizeof(use->hourly), "%s", text);
    return true;
}

static bool read_pue(pare_usage *use, const char *text)
{
    size_t n = 0;
    const pare_pue_row *rows = pare_pue_all(&n);
    for (size_t i = 0; i < n; i++) {
        if (strcasecmp(rows[i].name, text) != 0) continue;
        use->pue = rows[i].pue;
        return true;
    }
    double pue = 0;
    if (!read_quantity(&text, none, &pue) || !ends(text) || pue < 1 || pue > 10) return false;
    use->pue = pue;
    return true;
}

/* "0.25EUR", "0.25 EUR/kWh", "80EUR/MWh". */
static bool read_price(pare_usage *use, const char *text)
{
    double price = 0;
    double per = 1;
    if (!read_number(&text, &price)) return false;
    skip_spaces(&text);
    for (int i = 0; i < 3; i++)
        if (!isalpha((unsigned char)text[i])) return false;
    if (isalpha((unsigned char)text[3])) return false;
    char currency[4] = { 0 };
    for (int i = 0; i < 3; i++) currency[i] = (char)toupper((unsigned char)text[i]);
    text += 3;
    if (read_sign(&text, '/') && !read_unit(&text, energies, &per)) return false;
    if (!ends(text)) return false;
    memcpy(use->currency, currency, sizeof(currency));
    use->price_per_kwh = price / per;
    return true;
}

/* "220mAh@3V", "12Wh". */
static bool read_battery(pare_usage *use, const char *text)
{
    const char *at = text;
    double amount = 0;
    double voltage = 1;
    char number[PARE_QUANTITY_BYTES];
    if (read_quantity(&at, ampere_hours, &amount)) {
        if (!read_sign(&at, '@') || !read_quantity(&at, volts, &voltage)) return false;
        snprintf(use->battery, sizeof(use->battery), "%.12s mAh at ",
                 pare_quantity_plain(number, amount / 3.6));
        const size_t n = strlen(use->battery);
        snprintf(use->battery + n, sizeof(use->battery) - n, "%.8s V",
                 pare_quantity_plain(number, voltage));
    } else {
        at = text;
        if (!read_quantity(&at, joules, &amount)) return false;
        snprintf(use->battery, sizeof(use->battery), "%.24s", pare_quantity_joules(number, amount));
    }
    use->battery_j = amount * voltage;
    return ends(at) && use->battery_j > 0;
}

static bool read_idle(pare_usage *use, const char *text)
{
    const char *at = text;
    double amount = 0;
    double voltage = 1;
    if (!read_quantity(&at, watts, &amount)) {
        at = text;
        if (!read_quantity(&at, amperes, &amount) || !read_sign(&at, '@') ||
            !read_quantity(&at, volts, &voltage))
            return false;
    }
    use->idle_w = amount * voltage;
    return ends(at);
}

static bool read_embodied(pare_usage *use, const char *text)
{
    double g = 0;
    double life = 0;
    if (!read_quantity(&text, grams, &g) || !read_sign(&text, '/') ||
        !read_quantity(&text, times, &life) || !ends(text) || life <= 0)
        return false;
    use->embodied_g = g;
    use->embodied_months = life / SECONDS_OF_MONTH;
    return true;
}

static bool read_share(pare_usage *use, const char *text)
{
    double share = 0;
    if (!read_quantity(&text, shares, &share) || !ends(text) || share <= 0 || share > 1)
        return false;
    use->share = share;
    return true;
}

typedef struct key_row {
    const char *name;
    read_fn *read;
    const char *expected;
} key_row;

static const key_row keys[] = {
    { "battery", read_battery, "a charge and voltage or energy such as 220mAh@3V or 12Wh" },
    { "embodied", read_embodied, "a mass per life of the device such as 150kg/4y" },
    { "every", read_every, "a time such as 1s, 10min or 1h" },
    { "grid", read_grid, "a country such as DEU, or a number such as 381g" },
    { "hourly", read_hourly, "a file of 24 or 8760 rows" },
    { "idle", read_idle, "a power such as 5uW or 2uA@3V" },
    { "price", read_price, "a price such as 0.25EUR or 0.25EUR/kWh" },
    { "pue", read_pue, "a number from 1 to 10, or one of aws, average, edge, equinix, google, "
                       "meta, microsoft" },
    { "share", read_share, "a share above 0 such as 50%" },
    { "volume", read_volume, "a rate such as 10M/month, 300/day or 2/s" },
};

enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };

/* Names that a value of this key may have been meant as. */
static const char *nearest_value(const char *key, const char *value)
{
    const char *name = NULL;
    pare_nearest nearest = { .word = value };
    size_t n = 0;
    if (strcmp(key, "grid") == 0) {
        if (!pare_grid_find(value, &name)) return name;
    } else if (strcmp(key, "pue") == 0) {
        const pare_pue_row *rows = pare_pue_all(&n);
        for (size_t i = 0; i < n; i++) pare_nearest_try(&nearest, rows[i].name);
    } else if (strcmp(key, "volume") == 0 && strchr(value, '/')) {
        nearest.word = strchr(value, '/') + 1;
        for (const unit *u = times; u->name; u++) pare_nearest_try(&nearest, u->name);
    }
    return nearest.name;
}

static pare_status refuse_value(pare_ctx *ctx, const key_row *key, const char *value)
{
    const char *nearest = nearest_value(key->name, value);
    return pare_fail(ctx, PARE_EUSAGE, "use: %s: expected %s, found '%s'%s%s%s", key->name,
                     key->expected, value, nearest ? "; did you mean '" : "",
                     nearest ? nearest : "", nearest ? "'?" : "");
}

static pare_status refuse_key(pare_ctx *ctx, const char *key)
{
    pare_nearest nearest = { .word = key };
    char all[256] = "";
    for (size_t i = 0; i < N_KEYS; i++) {
        const size_t n = strlen(all);
        pare_nearest_try(&nearest, keys[i].name);
        snprintf(all + n, sizeof(all) - n, "%s%s", i ? ", " : "", keys[i].name);
    }
    if (nearest.name)
        return pare_fail(ctx, PARE_EUSAGE, "use: unknown key '%s'; did you mean '%s'?", key,
                         nearest.name);
    return pare_fail(ctx, PARE_EUSAGE, "use: unknown key '%s': expected one of %s", key, all);
}

void pare_use_init(pare_usage *use)
{
    *use = (pare_usage){ .per_month = NAN, .every_s = NAN, .g_per_kwh = NAN, .pue = NAN,
                       .price_per_kwh = NAN, .battery_j = NAN, .idle_w = NAN, .embodied_g = NAN,
                       .embodied_months = NAN, .share = NAN };
}

pare_status pare_use_set(pare_ctx *ctx, pare_usage *use, const char *key, const char *value)
{
    for (size_t i = 0; i < N_KEYS; i++) {
        if (strcmp(keys[i].name, key) != 0) continue;
        pare_usage changed = *use;
        while (*value == ' ') value++;
        if (!keys[i].read(&changed, value)) return refuse_value(ctx, &keys[i], value);
        *use = changed;
        return PARE_OK;
    }
    return refuse_key(ctx, key);
}

static pare_status check_together(pare_ctx *ctx, const pare_usage *use)
{
    if (*use->hourly && !isnan(use->g_per_kwh))
        return pare_fail(ctx, PARE_EUSAGE, "use: expected one of grid and hourly, found both");
    if (!isnan(use->battery_j) && isnan(use->every_s) && isnan(use->per_month))
        return pare_fail(ctx, PARE_EUSAGE,
                         "use: battery: expected every, such as every=1s, or volume beside it");
    if (!isnan(use->share) && isnan(use->embodied_g))
        return pare_fail(ctx, PARE_EUSAGE, "use: share: expected embodied beside it");
    if (!isnan(use->idle_w) && isnan(use->battery_j))
        return pare_fail(ctx, PARE_EUSAGE, "use: idle: expected battery beside it");
    return PARE_OK;
}

/* Takes one "key=value" off the text, cut at the next comma. */
static pare_status take_pair(pare_ctx *ctx, pare_usage *use, const char **at)
{
    char pair[TEXT_BYTES];
    const size_t n = strcspn(*at, ",");
    if (n >= sizeof(pair))
        return pare_fail(ctx, PARE_EUSAGE, "use: expected at most %d characters, found %zu",
                         TEXT_BYTES - 1, n);
    memcpy(pair, *at, n);
    pair[n] = 0;
    *at += n + ((*at)[n] == ',');
    char *key = pair;
    while (*key == ' ') key++;
    char *value = strchr(key, '=');
    if (!value)
        return pare_fail(ctx, PARE_EUSAGE, "use: expected key=value such as grid=DEU, found '%s'",
                         key);
    *value++ = 0;
    for (size_t k = strlen(key); k && key[k - 1] == ' '; k--) key[k - 1] = 0;
    for (size_t k = strlen(value); k && value[k - 1] == ' '; k--) value[k - 1] = 0;
    return pare_use_set(ctx, use, key, value);
}

pare_status pare_use_parse(pare_ctx *ctx, pare_usage *use, const char *text)
{
    pare_usage changed = *use;
    do PARE_TRY(take_pair(ctx, &changed, &text));
    while (*text);
    PARE_TRY(check_together(ctx, &changed));
    *use = changed;
    return PARE_OK;
}
