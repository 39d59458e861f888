/* What figures can be compared by: one row each, with the words and units of it. Tables, tiles,
 * limits and baselines all read the same rows. */
#ifndef FORMATS_REPORT_METRIC_H
#define FORMATS_REPORT_METRIC_H

#include "base/contract/report.h"
#include "formats/report/doc.h"

/* Numbers for people: three digits at most, the unit behind a space. */
enum { PARE_UNIT_BYTES = 48 };
void pare_unit_energy(char out[PARE_UNIT_BYTES], double mj);      /* "5.21 mJ" */
void pare_unit_time(char out[PARE_UNIT_BYTES], double ms);        /* "13.4 ms" */
void pare_unit_bytes(char out[PARE_UNIT_BYTES], double n_bytes);  /* "4.96 MB" */
void pare_unit_count(char out[PARE_UNIT_BYTES], double n);        /* "3.86 G" */
void pare_unit_percent(char out[PARE_UNIT_BYTES], double share);  /* "47.1 %" */
void pare_unit_number(char out[PARE_UNIT_BYTES], double value);   /* "0.314" */

/* What has to be the same in two runs for their figures to be comparable. */
enum {
    PARE_NEEDS_TARGET = 1,
    PARE_NEEDS_SHAPES = 2,
    PARE_NEEDS_DATA = 4,
};

typedef struct pare_metric {
    const char *key;          /* "energy" */
    const char *title;        /* "Energy per inference" */
    const char *short_title;  /* "Energy" */
    const char *field;        /* of report.json's before and after: "energy_mj" */
    const char *less, *more;  /* "less energy", "more energy" */
    const char *same;         /* "the energy", as in 3 times the energy */
    const char *about;        /* one sentence */
    uint32_t needs;
    bool higher_is_better;    /* and differences are points, not ratios */
    pare_band (*value)(const pare_report_figures *figures); /* NaN: not known; exact: no width */
    void (*unit)(char out[PARE_UNIT_BYTES], double value);
} pare_metric;

enum {
    PARE_METRIC_ENERGY,
    PARE_METRIC_LATENCY,
    PARE_METRIC_SIZE,
    PARE_METRIC_RAM,
    PARE_METRIC_ACCURACY,
    PARE_METRIC_FLASH,
    PARE_METRIC_PARAMS,
    PARE_METRIC_MACS,
    PARE_METRIC_OTHER_OPS,
    PARE_METRIC_TRAFFIC,
    PARE_N_METRICS
};
extern const pare_metric pare_metrics[PARE_N_METRICS];

/* The metric of a key, or NULL. */
const pare_metric *pare_metric_find(const char *key);

/* A model's figure against the first model's on one target: NaN where either is not known. Bands of
 * estimates come from ratios with shared draws. */
pare_band pare_metric_ratio(const pare_metric *metric, const pare_report_model *base,
                            const pare_report_model *model, size_t target);

/* Whether the band leaves no doubt about which is less: both ends on one side of 1, and an estimate
 * (a band with width) further from it than PARE_LEAST_DIFFERENCE. */
#define PARE_LEAST_DIFFERENCE 0.02
bool pare_band_decides(pare_band ratio);

/* "69 % less energy", "2.4 times the energy", "the same energy". */
void pare_metric_words(pare_doc *doc, const pare_metric *metric, double ratio);

/* "64 to 73 % less", "8 % less to 5 % more"; nothing for a band without width. */
void pare_band_words(pare_doc *doc, pare_band ratio);

#endif
