/* What a run came to, as plain data: verbs fill it, formats/report writes it (JSON of schema
 * pare.report/1, Markdown, HTML, CSV, JUnit).
 *
 * Strings are bytes of any origin, which writers escape; there are no absolute paths, hosts or
 * users among them. Reals that are not known are NaN, lists that are empty NULL. Everything is
 * borrowed for the time of writing. */
#ifndef PARE_BASE_CONTRACT_REPORT_H
#define PARE_BASE_CONTRACT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A value with the ends of its band (10th and 90th percentile). */
typedef struct pare_band {
    double value, low, high;
} pare_band;

typedef struct pare_report_accuracy {
    const char *metric;      /* "top1"; NULL: not evaluated */
    double value, low, high; /* as a share (0.761); 95 % interval */
    uint64_t samples;
} pare_report_accuracy;

enum { PARE_REPORT_TERMS = 4 }; /* of energy: compute, memory, static, overhead */

/* A model's figures, for one inference on one target. */
typedef struct pare_report_figures {
    bool priced; /* false: the target says nothing about hardware; energy, latency are not known */
    uint64_t params, file_bytes, macs, other_ops, flops;
    uint64_t weight_traffic_bytes, activation_traffic_bytes, dram_traffic_bytes;
    pare_band energy_mj;
    double energy_terms_mj[PARE_REPORT_TERMS];
    pare_band latency_ms; /* NaN: the target knows energy only */
    uint64_t ram_peak_bytes, flash_bytes;
    double sparsity; /* share of weights that are zero */
    pare_report_accuracy accuracy;
} pare_report_figures;

/* A model's figures against those of the first one, with shared draws: what both have wrong
 * cancels. */
typedef struct pare_report_ratio {
    pare_band energy, latency;
    bool energy_ordered, latency_ordered; /* the band excludes 1: the two can be told apart */
} pare_report_ratio;

typedef struct pare_report_change {
    uint64_t broken, repaired;
    double drop, drop_upper95; /* points; NaN */
    uint64_t samples_needed;
    double agreement; /* share of equal answers */
    bool bounded_by_agreement;
} pare_report_change;

typedef struct pare_report_layer {
    const char *name, *op;
    uint64_t macs, traffic_bytes;
    double energy_uj, latency_us;
    double intensity;  /* operations per byte of the level that bounds it */
    const char *bound; /* "compute", "memory", "launch"; NULL */
    const char *weight_type, *activation_type; /* NULL: none */
    double sparsity, sqnr_db;
    uint64_t ram_bytes;                /* living while it runs */
    double peak_ops_per_s, bytes_per_s; /* the roof over it; NaN */
    bool modelled;
} pare_report_layer;

/* What is in memory when memory is fullest. */
typedef struct pare_report_holder {
    const char *name; /* of a value */
    uint64_t bytes;
} pare_report_holder;

/* A file among those that are compared, or the one that was made. */
typedef struct pare_report_model {
    const char *name;                   /* file name without folders */
    char sha256[65];                    /* "": not computed */
    const pare_report_figures *figures; /* [report's n_targets] */
    const pare_report_ratio *ratios;    /* [n_targets]; NULL: the first model */
    const pare_report_layer *layers;    /* [n_layers] on the first target, in order */
    size_t n_layers;
    const uint64_t *ram_steps; /* [n_ram_steps] bytes over the schedule */
    const char *const *ram_step_names; /* [n_ram_steps] of layers; NULL */
    size_t n_ram_steps;
    const pare_report_holder *peak; /* [n_peak] the largest first */
    size_t n_peak;
    const char *const *unmodelled; /* [n_unmodelled] "Op (node)": what the figures leave out */
    size_t n_unmodelled;
} pare_report_model;

/* Two models whose bands of a figure overlap so far that the estimate cannot tell which is less. */
typedef struct pare_report_tie {
    size_t a, b, target;
    const char *figure; /* "energy", "latency": key of a metric (formats/report/metric.h) */
    pare_band ratio;    /* b to a */
} pare_report_tie;

/* Something that a step took out of a model, or thinned. */
typedef struct pare_report_removed {
    const char *name;         /* of the value, sum or node that it is known by */
    const char *what;         /* it is counted in: "channels", "heads", "blocks", "rank",
                                 "weights" */
    uint64_t before, after;
    double error_before, error_after; /* repair: noise by signal of what reads it; NaN */
    const char *why;          /* this one; NULL */
} pare_report_removed;

typedef struct pare_report_step {
    const char *name, *options;
    double seconds;
    pare_report_figures before, after;
    const char *const *skipped; /* [n_skipped] */
    size_t n_skipped;
    const pare_report_removed *removed; /* [n_removed] in the order of the nodes */
    size_t n_removed;
} pare_report_step;

typedef struct pare_report_gate {
    const char *name;          /* "max-energy" */
    const char *model;         /* that it is about */
    const char *limit, *value; /* "45 %", "47.1 %" */
    bool passed;
    bool comparable; /* false: there is nothing to judge it by, hence it did not pass */
    const char *reason, *remedy; /* why it failed, or how near it is; NULL */
} pare_report_gate;

typedef struct pare_report_use {
    const char *sentence; /* NULL: no --use */
    double kwh, gco2e, cost; /* per month, of the last model; NaN */
    const char *currency;
} pare_report_use;

/* A figure of the last model, held against the same figure of an earlier report. */
typedef struct pare_report_since_row {
    const char *figure;  /* key of a metric (formats/report/metric.h) */
    double was, is;      /* NaN: not known */
    double most;         /* how much worse it may be: a share, of accuracy points; NaN: any */
    const char *differs; /* why the two cannot be compared; NULL: they can */
} pare_report_since_row;

typedef struct pare_report_since {
    const char *model, *tool_version;  /* of the earlier report; NULL: it does not say */
    const pare_report_since_row *rows; /* [n] */
    size_t n;                          /* 0: there is no earlier report */
} pare_report_since;

/* Samples that decided something, or that judged. */
typedef struct pare_report_data {
    const char *role, *name; /* "calibration", "evaluation"; as it was given, without folders */
    const char *sha256;
    uint64_t samples;
} pare_report_data;

typedef struct pare_report_target {
    const char *name;
    int64_t version;
    const char *kind;     /* of the joules: "measured", "fitted", "estimated" */
    const char *boundary; /* what they are of: "chip", "package", "board", "system"; NULL */
} pare_report_target;

typedef struct pare_report {
    const char *verb;         /* "compare" */
    const char *tool_version, *kernel_level, *recipe;
    const char *recipe_text;  /* the recipe in full; NULL: there is none */
    uint64_t seed;
    const pare_report_target *targets; /* [n_targets] the first decides */
    size_t n_targets;
    const pare_report_model *models; /* [n_models] the first is the base ("before"), the last is
                                        "after" */
    size_t n_models;
    const pare_report_tie *ties;
    size_t n_ties;
    pare_report_change change;
    bool has_change;
    const pare_report_step *steps;
    size_t n_steps;
    const pare_report_gate *gates;
    size_t n_gates;
    pare_report_use use;
    const char *data_sha256, *metric; /* of what accuracy was judged on; NULL: no data */
    const pare_report_data *data;     /* [n_data] */
    size_t n_data;
    pare_report_since since;
    const char *shapes;               /* "image=1x3x224x224" */
    const char *const *warnings;
    size_t n_warnings;
    const char *reproduce; /* a command line; NULL */
    const char *const *arguments; /* [n_arguments] the same as words, the verb first */
    size_t n_arguments;
} pare_report;

#endif
