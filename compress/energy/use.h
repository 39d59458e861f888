/* What a model's energy means where it is used: kWh, gCO2e, money, battery life, and when what
 * compressing took is paid back, in one plain sentence. Pure arithmetic on plain data.
 *
 *     kWh of a month  = inferences x J / 3.6e6 x PUE
 *     gCO2e           = kWh x grid (+ embodied), location-based: no certificates are subtracted
 *     break-even      = J of compressing / J saved by an inference
 *
 * A month is 30.4375 days. PUE multiplies whatever the joules are of. */
#ifndef PARE_ENERGY_USE_H
#define PARE_ENERGY_USE_H

#include "base/contract/hourly.h"
#include "base/contract/report.h"
#include "base/ctx.h"
#include "energy/grid.h"

enum { PARE_USE_PATH_BYTES = 1024 };

/* As the user says it; what is not given is NaN, 0 or "". */
typedef struct pare_usage {
    double per_month;         /* inferences; with `every` alone what that makes */
    double every_s;           /* from one inference to the next */
    double g_per_kwh;
    char grid[16];            /* code of the grid; "" for a plain number */
    int grid_year;            /* of the grid's number; 0: the user's own */
    char hourly[PARE_USE_PATH_BYTES]; /* file that g_per_kwh comes from instead */
    double pue;
    double price_per_kwh;
    char currency[4];
    double battery_j;
    char battery[32];         /* "220 mAh at 3 V" */
    double idle_w;            /* that the battery gives between inferences */
    double embodied_g;        /* gCO2e of making the device ... */
    double embodied_months;   /* ... that lives so long ... */
    double share;             /* ... and does this for so much of its time; 1 when not given */
} pare_usage;

void pare_use_init(pare_usage *use); /* nothing is given */

/* Reads "volume=10M/month,grid=DEU,pue=1.56,price=0.25EUR" or "battery=220mAh@3V,every=1s":
 *
 *     volume    10M/month, 300/day, 2k/s          inferences (k, M, G) per s, min, h, day, week,
 *                                                 month or year
 *     every     1s, 250ms, 10min, 1h              from one inference to the next
 *     grid      DEU, DE, Germany, EU27, WORLD, 381g, 0.381kg
 *     hourly    FILE.csv                          instead of grid; see formats/hourly.h
 *     pue       1.56, or google, aws, ...         1 or more
 *     price     0.25EUR, 0.25 EUR/kWh, 80EUR/MWh
 *     battery   220mAh@3V, 12Wh, 40kJ
 *     idle      5uW, 2uA@3V                       between inferences
 *     embodied  150kg/4y                          of the device over its life
 *     share     50%                               of the device's time
 *
 * EUSAGE, in one line: the key, what is expected, what was found and the nearest name; also where
 * two keys contradict each other. Adds to what *use has, so that a recipe and a command line may
 * both speak. */
pare_status pare_use_parse(pare_ctx *ctx, pare_usage *use, const char *text);

/* One key, e.g. of a recipe. EUSAGE. */
pare_status pare_use_set(pare_ctx *ctx, pare_usage *use, const char *key, const char *value);

/* What is said about the model, or about two of them. */
typedef struct pare_use_input {
    pare_band energy_mj;      /* of an inference */
    pare_band base_mj;        /* of the model that it is compared with; value NaN: none */
    pare_band ratio;          /* energy over base, with shared draws; value NaN: of the values,
                                 without a band */
    const char *kind;         /* "measured", "fitted" or "estimated" */
    double accuracy, base_accuracy; /* share of answers that are right, 0 to 1; NaN: not known */
    double compress_j;        /* that making the model took; NaN: not known */
    double default_pue;       /* of the target; below 1: 1 */
    const pare_hourly *hourly; /* what use->hourly holds; NULL: not read */
    int year;                 /* today's, to tell old grid data; 0: do not */
} pare_use_input;

enum { PARE_USE_MAX_WARNINGS = 4 };

/* NaN: not asked for, or not known. */
typedef struct pare_use_result {
    double per_month, pue, g_per_kwh;
    pare_band kwh, base_kwh;     /* of a month, PUE included */
    pare_band gco2e, base_gco2e; /* of a month, embodied included where it is given */
    pare_band cost, base_cost;   /* of a month */
    char currency[4];
    double sci_g;                /* gCO2e per 1000 inferences; SCI (ISO/IEC 21031) when the embodied
                                    part is given, else "operational only" */
    bool embodied;
    double mj_per_correct, base_mj_per_correct;
    double battery_days, base_battery_days;
    pare_band break_even;        /* inferences; INFINITY: never */
    double payback_days;
    double matched_share;        /* of the load, by carbon-free supply of the same hour */
    char sentence[1024];         /* ratio with its band, absolute value with its kind, the month,
                                    payback */
    char warnings[PARE_USE_MAX_WARNINGS][256]; /* [n_warnings] one line each */
    size_t n_warnings;
} pare_use_result;

/* EUSAGE where use has an hourly file and input does not, or energy_mj is not a number. */
pare_status pare_use_reckon(pare_ctx *ctx, pare_use_result *out, const pare_usage *use,
                            const pare_use_input *input);

#endif
