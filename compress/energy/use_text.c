#include "energy/use_text.h"

#include "energy/quantity.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Ratio with its band; energy of an inference with its kind; the month; payback. Parts of which
 * nothing is known are left out. */

typedef char text[PARE_QUANTITY_BYTES];

static void add(pare_use_result *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(pare_use_result *out, const char *fmt, ...)
{
    const size_t n = strlen(out->sentence);
    va_list args;
    va_start(args, fmt);
    vsnprintf(out->sentence + n, sizeof(out->sentence) - n, fmt, args);
    va_end(args);
}

/* Whether both ends of the band lie on one side of 1, or there is no band. */
static bool is_sure(pare_band ratio)
{
    return isnan(ratio.low) || ratio.high < 1 || ratio.low > 1;
}

/* "0.53x the energy (0.48x to 0.58x): " */
static void add_ratio(pare_use_result *out, pare_band ratio)
{
    text value, low, high;
    pare_quantity_plain(value, ratio.value);
    if (isnan(ratio.low)) {
        add(out, "%sx the energy: ", value);
        return;
    }
    pare_quantity_plain(low, ratio.low);
    pare_quantity_plain(high, ratio.high);
    add(out, "%sx the energy (%sx to %sx%s): ", value, low, high,
        is_sure(ratio) ? "" : ", which may be no difference");
}

/* "1.28 mJ instead of 2.41 mJ per inference (estimated, 0.8 mJ to 3.8 mJ)" */
static void add_inference(pare_use_result *out, const pare_use_input *in)
{
    text here, base, low, high;
    add(out, "%s", pare_quantity_joules(here, in->energy_mj.value * 1e-3));
    if (!isnan(in->base_mj.value))
        add(out, " instead of %s", pare_quantity_joules(base, in->base_mj.value * 1e-3));
    add(out, " per inference (%s", in->kind);
    if (!isnan(in->energy_mj.low))
        add(out, ", %s to %s", pare_quantity_joules(low, in->energy_mj.low * 1e-3),
            pare_quantity_joules(high, in->energy_mj.high * 1e-3));
    add(out, ")");
}

/* "5.55 kWh, 2.11 kg CO2e and 1.39 EUR", of what is known. */
static void add_sums(pare_use_result *out, double kwh, double grams, double cost)
{
    text a, b, c;
    const bool both = !isnan(grams) && !isnan(cost);
    add(out, "%s", pare_quantity_kwh(a, kwh));
    if (!isnan(grams)) add(out, "%s%s CO2e", both ? ", " : " and ", pare_quantity_grams(b, grams));
    if (!isnan(cost)) add(out, " and %s %s", pare_quantity_plain(c, cost), out->currency);
}

/* " (PUE 1.56, DEU of 2023, operational only)" */
static void add_origin(pare_use_result *out, const pare_usage *use)
{
    text value;
    const bool carbon = !isnan(out->g_per_kwh);
    if (out->pue == 1 && !carbon) return;
    add(out, " (");
    if (out->pue != 1) add(out, "PUE %s", pare_quantity_plain(value, out->pue));
    if (out->pue != 1 && carbon) add(out, ", ");
    if (carbon) {
        if (*use->hourly) add(out, "hourly mean of ");
        else if (*use->grid) add(out, "%s of %d at ", use->grid, use->grid_year);
        add(out, "%s g/kWh, %s", pare_quantity_plain(value, out->g_per_kwh),
            out->embodied ? "embodied included" : "operational only");
    }
    add(out, ")");
}

static void add_month(pare_use_result *out, const pare_usage *use)
{
    text n;
    add(out, "; %s inferences a month take ", pare_quantity_count(n, out->per_month));
    add_sums(out, out->kwh.value, out->gco2e.value, out->cost.value);
    add_origin(out, use);
    if (isnan(out->base_kwh.value)) return;
    const double less = out->base_kwh.value - out->kwh.value;
    add(out, ", ");
    add_sums(out, fabs(less), fabs(out->base_gco2e.value - out->gco2e.value),
             fabs(out->base_cost.value - out->cost.value));
    add(out, less < 0 ? " more" : " less");
}

/* Without a volume, what a thousand inferences emit. */
static void add_thousand(pare_use_result *out, const pare_usage *use)
{
    text g;
    add(out, "; 1000 inferences emit %s CO2e", pare_quantity_grams(g, out->sci_g));
    add_origin(out, use);
}

static void add_battery(pare_use_result *out, const pare_usage *use)
{
    text here, base, every;
    add(out, "; a battery of %s lasts %s", use->battery,
        pare_quantity_seconds(here, out->battery_days * 86400));
    if (!isnan(out->base_battery_days))
        add(out, " instead of %s", pare_quantity_seconds(base, out->base_battery_days * 86400));
    if (!isnan(use->every_s) && isnan(use->per_month))
        add(out, " at one inference every %s", pare_quantity_seconds(every, use->every_s));
    else add(out, " at %s inferences a month", pare_quantity_count(every, out->per_month));
}

static void add_payback(pare_use_result *out, const pare_use_input *in)
{
    text spent, n, time;
    pare_quantity_joules(spent, in->compress_j);
    if (isinf(out->break_even.value)) {
        add(out, "; the %s that compressing took are never paid back", spent);
        return;
    }
    add(out, "; the %s that compressing took are paid back after %s inferences", spent,
        pare_quantity_count(n, ceil(out->break_even.value)));
    if (!isnan(out->payback_days))
        add(out, " (%s)", pare_quantity_seconds(time, out->payback_days * 86400));
}

void pare_use_sentence(pare_use_result *out, const pare_usage *use, const pare_use_input *in)
{
    pare_band ratio = in->ratio;
    if (isnan(ratio.value))
        ratio = (pare_band){ in->energy_mj.value / in->base_mj.value, NAN, NAN };
    out->sentence[0] = 0;
    if (isfinite(ratio.value)) add_ratio(out, ratio);
    add_inference(out, in);
    const bool priced = !isnan(out->g_per_kwh) || !isnan(out->cost.value);
    if (!isnan(out->battery_days)) add_battery(out, use);
    if (!isnan(out->per_month) && (priced || isnan(out->battery_days))) add_month(out, use);
    if (isnan(out->per_month) && !isnan(out->g_per_kwh)) add_thousand(out, use);
    if (!isnan(out->break_even.value)) add_payback(out, in);
    add(out, ".");
}
