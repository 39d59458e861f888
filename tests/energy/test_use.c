/* What --use makes of joules, reckoned by hand. */
#include "energy/quantity.h"
#include "energy/use.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <string.h>

static const pare_band no_band = { NAN, NAN, NAN };

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fabs(b);
}

#define assert_near(a, b)                                            \
    do {                                                             \
        const double found_ = (a), want_ = (b);                      \
        if (!near(found_, want_)) fail_msg("want %.12g got %.12g", want_, found_); \
    } while (0)

static pare_usage parsed(const char *text)
{
    test_ctx t;
    pare_usage use;
    test_ctx_init(&t);
    pare_use_init(&use);
    if (pare_use_parse(&t.ctx, &use, text)) fail_msg("%s: %s", text, t.ctx.message);
    return use;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void values_are_read_with_their_units(void **state)
{
    (void)state;
    const pare_usage use = parsed("volume=10M/month,grid=DEU,pue=1.56,price=0.25EUR");
    assert_near(use.per_month, 1e7);
    assert_near(use.g_per_kwh, 381);
    assert_string_equal(use.grid, "DEU");
    assert_int_equal(use.grid_year, 2023);
    assert_near(use.pue, 1.56);
    assert_near(use.price_per_kwh, 0.25);
    assert_string_equal(use.currency, "EUR");
    assert_near(parsed("volume=300/day").per_month, 300 * 30.4375);
    assert_near(parsed("volume=2.5k/s").per_month, 2500.0 * 86400 * 30.4375);
    assert_near(parsed("volume=12 k / year").per_month, 1000);
    assert_near(parsed("grid=germany").g_per_kwh, 381);
    assert_near(parsed("grid=fr").g_per_kwh, 56);
    assert_near(parsed("grid=world").g_per_kwh, 486);
    assert_near(parsed("grid=381g").g_per_kwh, 381);
    assert_near(parsed("grid=0.381kg/kWh").g_per_kwh, 381);
    assert_near(parsed("grid=42").g_per_kwh, 42);
    assert_near(parsed("grid=500kg/MWh").g_per_kwh, 500);
    assert_near(parsed("pue=google").pue, 1.1);
    assert_near(parsed("price=0.25 eur/kWh").price_per_kwh, 0.25);
    assert_near(parsed("price=80USD/MWh").price_per_kwh, 0.08);
    assert_near(parsed("battery=220mAh@3V,every=1s").battery_j, 2376);
    assert_string_equal(parsed("battery=220mAh@3V,every=1s").battery, "220 mAh at 3 V");
    assert_near(parsed("battery=12Wh,every=250ms").battery_j, 43200);
    assert_near(parsed("battery=12Wh,every=250ms").every_s, 0.25);
    assert_near(parsed("battery=40kJ,every=1h,idle=2uA@3V").idle_w, 6e-6);
    assert_near(parsed("embodied=150kg/4y").embodied_g, 150e3);
    assert_near(parsed("embodied=150kg/4y,share=50%").embodied_months, 48);
    assert_string_equal(parsed("hourly=grid 2025.csv").hourly, "grid 2025.csv");
}

static void bad_values_are_named_with_what_is_expected(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        { "grid=GERM", "use: grid: expected a country such as DEU, or a number such as 381g, found "
                       "'GERM'; did you mean 'DEU'?" },
        { "grid=Germny", "found 'Germny'; did you mean 'DEU'?" },
        { "grid=xyzzy", "found 'xyzzy'" },
        { "grid=381mpg", "found '381mpg'" },
        { "grid=-3g", "found '-3g'" },
        { "volume=10M", "use: volume: expected a rate such as 10M/month, 300/day or 2/s, found "
                        "'10M'" },
        { "volume=10M/mnth", "did you mean 'month'?" },
        { "volume=10m/month", "found '10m/month'" },
        { "volume=0/day", "found '0/day'" },
        { "volume=1e400/day", "found" },
        { "volume=0x10/day", "found" },
        { "volume=inf/day", "found" },
        { "pue=0.9", "use: pue: expected a number from 1 to 10" },
        { "pue=gogle", "did you mean 'google'?" },
        { "price=0.25", "use: price: expected a price such as 0.25EUR" },
        { "price=0.25EURO", "found '0.25EURO'" },
        { "price=0.25EUR/km", "found '0.25EUR/km'" },
        { "battery=220mAh", "use: battery: expected a charge and voltage or energy" },
        { "battery=0Wh", "found '0Wh'" },
        { "battery=12Wh", "expected every, such as every=1s, or volume beside it" },
        { "every=1", "use: every: expected a time such as 1s" },
        { "every=1m", "found '1m'" },
        { "idle=5uW", "use: idle: expected battery beside it" },
        { "share=50%", "use: share: expected embodied beside it" },
        { "embodied=1kg/0y", "found '1kg/0y'" },
        { "share=150%", "found '150%'" },
        { "hourly=", "use: hourly: expected a file" },
        { "hourly=a.csv,grid=DEU", "expected one of grid and hourly, found both" },
        { "gird=DEU", "use: unknown key 'gird'; did you mean 'grid'?" },
        { "zebra=1", "use: unknown key 'zebra': expected one of battery, embodied, every, grid" },
        { "DEU", "use: expected key=value such as grid=DEU, found 'DEU'" },
        { "", "found ''" },
        { "grid=DEU,,pue=1", "found ''" },
    };
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pare_usage use;
        pare_use_init(&use);
        if (pare_use_parse(&t.ctx, &use, rows[i].text) != PARE_EUSAGE)
            fail_msg("%s: expected a refusal", rows[i].text);
        if (!strstr(t.ctx.message, rows[i].message))
            fail_msg("%s: want '%s' got '%s'", rows[i].text, rows[i].message, t.ctx.message);
        assert_true(isnan(use.pue) && isnan(use.g_per_kwh) && !*use.hourly);
    }
}

static void grids_are_sorted_and_sane(void **state)
{
    (void)state;
    size_t n = 0;
    const pare_power_grid *grids = pare_grid_all(&n);
    assert_int_equal(n, 48);
    for (size_t i = 0; i < n; i++) {
        if (i && strcmp(grids[i - 1].code, grids[i].code) >= 0) fail_msg("%s", grids[i].code);
        assert_true(grids[i].g_per_kwh > 0 && grids[i].g_per_kwh < 1500);
        assert_true(grids[i].year >= 2022 && grids[i].year <= 2100);
        assert_ptr_equal(pare_grid_find(grids[i].alias, NULL), &grids[i]);
        assert_ptr_equal(pare_grid_find(grids[i].name, NULL), &grids[i]);
    }
    assert_non_null(strstr(pare_grid_source(), "CC BY 4.0"));
}

/* --- reckoning -------------------------------------------------------------------------------- */

static pare_use_input input_of(double mj)
{
    return (pare_use_input){ .energy_mj = { mj, mj / 2, mj * 2 }, .base_mj = no_band,
                             .ratio = no_band, .kind = "estimated", .accuracy = NAN,
                             .base_accuracy = NAN, .compress_j = NAN, .default_pue = 1 };
}

static pare_use_result reckoned(const char *text, const pare_use_input *input)
{
    test_ctx t;
    pare_use_result out;
    test_ctx_init(&t);
    const pare_usage use = parsed(text);
    if (pare_use_reckon(&t.ctx, &out, &use, input)) fail_msg("%s: %s", text, t.ctx.message);
    return out;
}

/* 10^7 inferences of 3.6 mJ are 36 kJ, 0.01 kWh; with PUE 1.5 that is 0.015. */
static void one_model_is_reckoned(void **state)
{
    (void)state;
    pare_use_input in = input_of(3.6);
    in.accuracy = 0.75;
    const pare_use_result r =
        reckoned("volume=10M/month,grid=400g,pue=1.5,price=0.20EUR", &in);
    assert_near(r.kwh.value, 0.015);
    assert_near(r.kwh.low, 0.0075);
    assert_near(r.kwh.high, 0.03);
    assert_near(r.gco2e.value, 6);
    assert_near(r.cost.value, 0.003);
    assert_near(r.sci_g, 0.0006);
    assert_near(r.mj_per_correct, 4.8);
    assert_true(isnan(r.base_kwh.value) && isnan(r.break_even.value) && isnan(r.battery_days));
    assert_string_equal(r.sentence,
                        "3.6 mJ per inference (estimated, 1.8 mJ to 7.2 mJ); 10 M inferences a "
                        "month take 15 Wh, 6 g CO2e and 0.003 EUR (PUE 1.5, 400 g/kWh, operational "
                        "only).");
    assert_int_equal(r.n_warnings, 0);
}

static void two_models_are_compared(void **state)
{
    (void)state;
    pare_use_input in = input_of(1.8);
    in.base_mj = (pare_band){ 3.6, 1.8, 7.2 };
    in.ratio = (pare_band){ 0.5, 0.45, 0.55 };
    in.compress_j = 3600;
    in.kind = "fitted";
    const pare_use_result r = reckoned("volume=1G/month,grid=DEU,price=0.25EUR", &in);
    assert_near(r.kwh.value, 0.5);
    assert_near(r.base_kwh.value, 1);
    assert_near(r.gco2e.value, 190.5);
    assert_near(r.base_cost.value, 0.25);
    assert_near(r.break_even.value, 2e6);              /* 3600 J / 1.8 mJ */
    assert_near(r.break_even.low, 3600 / (0.0036 * 0.55)); /* the most that may be saved */
    assert_near(r.payback_days, 2e6 / (1e9 / 30.4375));
    assert_string_equal(
        r.sentence,
        "0.5x the energy (0.45x to 0.55x): 1.8 mJ instead of 3.6 mJ per inference (fitted, 900 uJ "
        "to 3.6 mJ); 1 G inferences a month take 500 Wh, 190 g CO2e and 0.125 EUR (DEU of 2023 at "
        "381 g/kWh, operational only), 500 Wh, 190 g CO2e and 0.125 EUR less; the 3.6 kJ that "
        "compressing took are paid back after 2 M inferences (1.46 h).");
}

static void what_saves_nothing_never_pays_back(void **state)
{
    (void)state;
    pare_use_input in = input_of(4);
    in.base_mj = (pare_band){ 3.6, 1.8, 7.2 };
    in.ratio = (pare_band){ 4 / 3.6, 0.9, 1.3 };
    in.compress_j = 10;
    const pare_use_result r = reckoned("volume=1M/day", &in);
    assert_true(isinf(r.break_even.value) && isinf(r.payback_days));
    assert_near(r.break_even.low, 10 / (0.0036 * 0.1));
    assert_string_equal(
        r.sentence,
        "1.11x the energy (0.9x to 1.3x, which may be no difference): 4 mJ instead of 3.6 mJ per "
        "inference (estimated, 2 mJ to 8 mJ); 30.4 M inferences a month take 33.8 Wh, 3.38 Wh "
        "more; the 10 J that compressing took are never paid back.");
}

/* 2376 J at 1 mJ a second last 2.376e6 s, 27.5 days; with 1 mW between them half of it. */
static void a_battery_lasts(void **state)
{
    (void)state;
    pare_use_input in = input_of(1);
    const pare_use_result r = reckoned("battery=220mAh@3V,every=1s", &in);
    assert_near(r.battery_days, 27.5);
    assert_string_equal(r.sentence, "1 mJ per inference (estimated, 500 uJ to 2 mJ); a battery of "
                                    "220 mAh at 3 V lasts 27.5 days at one inference every 1 s.");
    assert_int_equal(r.n_warnings, 1);
    assert_non_null(strstr(r.warnings[0], "idle=5uW"));
    in.base_mj = (pare_band){ 2, 1, 4 };
    const pare_use_result idle = reckoned("battery=220mAh@3V,every=1s,idle=1mW", &in);
    assert_near(idle.battery_days, 13.75);
    assert_near(idle.base_battery_days, 27.5 / 3);
    assert_int_equal(idle.n_warnings, 0);
    assert_near(reckoned("battery=220mAh@3V,volume=86400/day", &in).battery_days, 27.5);
}

/* 24 hours: 100 g at night, 500 g by day; the load is by day alone. */
static void hours_weigh_by_their_load(void **state)
{
    (void)state;
    double g[PARE_HOURS_OF_DAY];
    double load[PARE_HOURS_OF_DAY];
    double clean[PARE_HOURS_OF_DAY];
    for (int i = 0; i < PARE_HOURS_OF_DAY; i++) {
        const bool day = i >= 6 && i < 18;
        g[i] = day ? 500 : 100;
        load[i] = day ? 2 : 0;
        clean[i] = 0.5;
    }
    pare_hourly hours = { .n = PARE_HOURS_OF_DAY, .g_per_kwh = g };
    pare_use_input in = input_of(3.6);
    in.hourly = &hours;
    assert_near(reckoned("hourly=x.csv,volume=1G/month", &in).gco2e.value, 300);
    assert_true(isnan(reckoned("hourly=x.csv,volume=1G/month", &in).matched_share));
    hours.load = load;
    hours.clean = clean;
    const pare_use_result r = reckoned("hourly=x.csv,volume=1G/month", &in);
    assert_near(r.gco2e.value, 500);
    assert_near(r.matched_share, 0.25);
    in.hourly = NULL;
    test_ctx t;
    pare_use_result out;
    test_ctx_init(&t);
    const pare_usage use = parsed("hourly=x.csv");
    assert_int_equal(pare_use_reckon(&t.ctx, &out, &use, &in), PARE_EUSAGE);
}

/* 48 kg over four years are 1 kg a month, of which the half. */
static void embodied_carbon_is_added(void **state)
{
    (void)state;
    pare_use_input in = input_of(3.6);
    const char *text = "volume=1G/month,grid=400g,embodied=48kg/4y,share=50%";
    const pare_use_result r = reckoned(text, &in);
    assert_true(r.embodied);
    assert_near(r.gco2e.value, 400 + 500);
    assert_near(r.sci_g, 900e-6);
    assert_non_null(strstr(r.sentence, "embodied included"));
    const pare_use_result without = reckoned("grid=400g,embodied=48kg/4y", &in);
    assert_false(without.embodied);
    assert_int_equal(without.n_warnings, 1);
    assert_string_equal(without.sentence,
                        "3.6 mJ per inference (estimated, 1.8 mJ to 7.2 mJ); 1000 inferences emit "
                        "400 ug CO2e (400 g/kWh, operational only).");
}

static void old_grids_are_told(void **state)
{
    (void)state;
    pare_use_input in = input_of(1);
    in.year = 2026;
    assert_int_equal(reckoned("volume=1/s,grid=DEU", &in).n_warnings, 0);
    const pare_use_result r = reckoned("volume=1/s,grid=WORLD", &in);
    assert_int_equal(r.n_warnings, 1);
    assert_string_equal(r.warnings[0], "use: the number for grid WORLD is of 2022, 4 years old: "
                                       "give a newer one, such as grid=486g");
    assert_int_equal(reckoned("volume=1/s,grid=486g", &in).n_warnings, 0);
}

static void amounts_have_three_digits(void **state)
{
    (void)state;
    char out[PARE_QUANTITY_BYTES];
    assert_string_equal(pare_quantity_joules(out, 0.00241), "2.41 mJ");
    assert_string_equal(pare_quantity_joules(out, 0.0009999), "1 mJ");
    assert_string_equal(pare_quantity_joules(out, 0), "0 pJ");
    assert_string_equal(pare_quantity_kwh(out, 12345), "12.3 MWh");
    assert_string_equal(pare_quantity_kwh(out, 3.2e-6), "3.2 mWh");
    assert_string_equal(pare_quantity_grams(out, 1860), "1.86 kg");
    assert_string_equal(pare_quantity_grams(out, 3e-9), "0.003 ug");
    assert_string_equal(pare_quantity_count(out, 4.6e6), "4.6 M");
    assert_string_equal(pare_quantity_count(out, 950), "950");
    assert_string_equal(pare_quantity_count(out, 999.9), "1 k");
    assert_string_equal(pare_quantity_seconds(out, 14.2 * 86400), "14.2 days");
    assert_string_equal(pare_quantity_seconds(out, 4000.0 * 86400), "11 years");
    assert_string_equal(pare_quantity_seconds(out, 0.036), "36 ms");
    assert_string_equal(pare_quantity_plain(out, 0.000341), "0.000341");
    assert_string_equal(pare_quantity_plain(out, 12345), "12300");
    assert_string_equal(pare_quantity_plain(out, 1e-9), "0.000000001");
    assert_string_equal(pare_quantity_plain(out, -2.5), "-2.5");
    assert_string_equal(pare_quantity_plain(out, NAN), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_with_their_units),
        cmocka_unit_test(bad_values_are_named_with_what_is_expected),
        cmocka_unit_test(grids_are_sorted_and_sane),
        cmocka_unit_test(one_model_is_reckoned),
        cmocka_unit_test(two_models_are_compared),
        cmocka_unit_test(what_saves_nothing_never_pays_back),
        cmocka_unit_test(a_battery_lasts),
        cmocka_unit_test(hours_weigh_by_their_load),
        cmocka_unit_test(embodied_carbon_is_added),
        cmocka_unit_test(old_grids_are_told),
        cmocka_unit_test(amounts_have_three_digits),
    };
    return test_run(tests);
}
