#include "energy/use.h"

#include "energy/use_text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define J_PER_KWH 3.6e6
#define J_PER_MJ 1e-3 /* a millijoule in joules */
#define SECONDS_OF_DAY 86400.0
#define SECONDS_OF_MONTH (SECONDS_OF_DAY * 30.4375)

static pare_band times(pare_band b, double factor)
{
    return (pare_band){ b.value * factor, b.low * factor, b.high * factor };
}

static pare_band plus(pare_band b, double term)
{
    return (pare_band){ b.value + term, b.low + term, b.high + term };
}

static const pare_band unknown = { NAN, NAN, NAN };

/* Weighted by the load, and the share of it that carbon-free supply of the same hour covers. */
static void reckon_hours(pare_use_result *out, const pare_hourly *h)
{
    double grams = 0;
    double load = 0;
    double matched = 0;
    for (size_t i = 0; i < h->n; i++) {
        const double here = h->load ? h->load[i] : 1;
        grams += here * h->g_per_kwh[i];
        load += here;
        if (h->clean) matched += here < h->clean[i] ? here : h->clean[i];
    }
    out->g_per_kwh = load > 0 ? grams / load : NAN;
    if (h->clean && load > 0) out->matched_share = matched / load;
}

static double inferences_per_month(const pare_usage *use)
{
    if (!isnan(use->per_month)) return use->per_month;
    return SECONDS_OF_MONTH / use->every_s;
}

static void reckon_month(pare_use_result *out, const pare_usage *use, const pare_use_input *in)
{
    const double kwh = out->per_month * J_PER_MJ / J_PER_KWH * out->pue;
    const double share = isnan(use->share) ? 1 : use->share;
    const double made = use->embodied_g * share / use->embodied_months;
    out->embodied = !isnan(made);
    out->kwh = times(in->energy_mj, kwh);
    out->base_kwh = times(in->base_mj, kwh);
    out->cost = times(out->kwh, use->price_per_kwh);
    out->base_cost = times(out->base_kwh, use->price_per_kwh);
    out->gco2e = plus(times(out->kwh, out->g_per_kwh), out->embodied ? made : 0);
    out->base_gco2e = plus(times(out->base_kwh, out->g_per_kwh), out->embodied ? made : 0);
    memcpy(out->currency, use->currency, sizeof(out->currency));
    const double each = in->energy_mj.value * J_PER_MJ / J_PER_KWH * out->pue * out->g_per_kwh;
    out->sci_g = 1000 * (each + (out->embodied ? made / out->per_month : 0));
    if (out->embodied && isnan(out->per_month)) { /* nothing to spread it over */
        out->embodied = false;
        out->sci_g = 1000 * each;
    }
}

static double battery_days(const pare_usage *use, double mj, double per_month)
{
    const double idle = isnan(use->idle_w) ? 0 : use->idle_w;
    const double watts = mj * J_PER_MJ * per_month / SECONDS_OF_MONTH + idle;
    return use->battery_j / watts / SECONDS_OF_DAY;
}

/* Compressing ran in the same building on the same grid, so that both cancel out. */
static void reckon_payback(pare_use_result *out, const pare_use_input *in)
{
    const double base = in->base_mj.value * J_PER_MJ;
    const double saved[3] = { base - in->energy_mj.value * J_PER_MJ, base * (1 - in->ratio.low),
                              base * (1 - in->ratio.high) };
    double n[3];
    for (int i = 0; i < 3; i++)
        n[i] = isnan(saved[i]) ? NAN : saved[i] > 0 ? in->compress_j / saved[i] : INFINITY;
    out->break_even = (pare_band){ n[0], n[1], n[2] };
    out->payback_days = n[0] / (out->per_month / (SECONDS_OF_MONTH / SECONDS_OF_DAY));
}

static void warn(pare_use_result *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void warn(pare_use_result *out, const char *fmt, ...)
{
    va_list args;
    if (out->n_warnings == PARE_USE_MAX_WARNINGS) return;
    va_start(args, fmt);
    vsnprintf(out->warnings[out->n_warnings], sizeof(out->warnings[0]), fmt, args);
    va_end(args);
    out->n_warnings++;
}

static void look_for_trouble(pare_use_result *out, const pare_usage *use, const pare_use_input *in)
{
    const int age = in->year - use->grid_year;
    if (use->grid_year && in->year && age > PARE_GRID_MAX_YEARS)
        warn(out, "use: the number for grid %s is of %d, %d years old: give a newer one, such as "
                  "grid=%.0fg", use->grid, use->grid_year, age, use->g_per_kwh);
    if (!isnan(use->embodied_g) && !out->embodied)
        warn(out, "use: embodied is left out: without volume there is nothing to spread it over");
    if (!isnan(use->battery_j) && isnan(use->idle_w))
        warn(out, "use: the battery's life is of inferences alone: add what the device takes in "
                  "between, such as idle=5uW");
    if (!isnan(use->every_s) && !isnan(use->per_month) && isnan(use->battery_j))
        warn(out, "use: every is left out: volume says how many inferences there are");
}

pare_status pare_use_reckon(pare_ctx *ctx, pare_use_result *out, const pare_usage *use,
                            const pare_use_input *in)
{
    if (!isfinite(in->energy_mj.value) || in->energy_mj.value < 0)
        return pare_fail(ctx, PARE_EUSAGE,
                         "use: expected a target that says what energy is, found none");
    if (*use->hourly && !in->hourly)
        return pare_fail(ctx, PARE_EUSAGE, "use: hourly: expected the rows of '%s', found none",
                         use->hourly);
    *out = (pare_use_result){ .per_month = inferences_per_month(use),
                              .pue = !isnan(use->pue)          ? use->pue
                                     : in->default_pue >= 1 ? in->default_pue
                                                               : 1,
                              .g_per_kwh = use->g_per_kwh,
                              .mj_per_correct = in->energy_mj.value / in->accuracy,
                              .base_mj_per_correct = in->base_mj.value / in->base_accuracy,
                              .battery_days = NAN,
                              .base_battery_days = NAN,
                              .break_even = unknown,
                              .payback_days = NAN,
                              .matched_share = NAN };
    if (*use->hourly) reckon_hours(out, in->hourly);
    reckon_month(out, use, in);
    if (!isnan(use->battery_j)) {
        out->battery_days = battery_days(use, in->energy_mj.value, out->per_month);
        out->base_battery_days = battery_days(use, in->base_mj.value, out->per_month);
    }
    if (!isnan(in->compress_j) && !isnan(in->base_mj.value)) reckon_payback(out, in);
    look_for_trouble(out, use, in);
    pare_use_sentence(out, use, in);
    return PARE_OK;
}
