/* What a run came to, as plain data: verbs fill it, formats/report writes it (JSON of schema
 * pare.report/1, Markdown, HTML, CSV, JUnit). Strings are UTF-8 or bytes that writers escape; no
 * absolute paths, hosts or users. Numbers that are not known are NaN, lists that are empty NULL. */
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
    double value, low, high; /* 95 % interval */
    uint64_t samples;
} pare_report_accuracy;

/* A model's figures, for one inference on one target. */
typedef struct pare_report_figures {
    uint64_t params, file_bytes, macs, other_ops, flops;
    uint64_t weight_traffic_bytes, activation_traffic_bytes, dram_traffic_bytes;
    pare_band energy_mj;
    double energy_terms_mj[4]; /* compute, memory, static, overhead */
    pare_band latency_ms;
    uint64_t ram_peak_bytes, flash_bytes;
    double sparsity; /* share of weights that are zero */
    pare_report_accuracy accuracy;
} pare_report_figures;

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
    double energy_before_uj; /* of the layer of that name before; NaN: none */
    double intensity;        /* operations per byte */
    const char *bound;       /* "compute", "memory", "launch" */
    const char *weight_type, *activation_type;
    double sparsity, sqnr_db;
    uint64_t ram_bytes;                  /* living while it runs */
    double peak_macs_per_s, bytes_per_s; /* roof over it */
    bool modelled;
} pare_report_layer;

typedef struct pare_report_step {
    const char *name, *options;
    double seconds;
    pare_report_figures before, after;
    const char *const *skipped; /* [n_skipped] */
    size_t n_skipped;
} pare_report_step;

typedef struct pare_report_gate {
    const char *name, *limit, *value; /* "max-energy", "45 %", "47.1 %" */
    bool passed, comparable;
    const char *reason, *remedy;
} pare_report_gate;

/* A file among those that are compared, or the one that was made. */
typedef struct pare_report_model {
    const char *name; /* file name without folders */
    char sha256[65];
    pare_report_figures figures;
    pare_band energy_ratio;    /* to the first one, with shared draws */
    bool ordered;              /* its band excludes 1: the estimate can tell the two apart */
    pare_report_layer *layers; /* [n_layers] */
    size_t n_layers;
    const uint64_t *ram_steps; /* [n_ram_steps] bytes over the schedule */
    size_t n_ram_steps;
} pare_report_model;

typedef struct pare_report_use {
    const char *sentence; /* NULL: no --use */
    double kwh, gco2e, cost;
    const char *currency;
} pare_report_use;

typedef struct pare_report {
    const char *verb, *tool_version, *kernel_level, *recipe;
    uint64_t seed;
    const char *target;
    int64_t target_version;
    const char *energy_kind;   /* "measured", "fitted", "estimated" */
    pare_report_model *models; /* [n_models] the first is the base: "before"; with two, the second
                                 is "after" */
    size_t n_models;
    pare_report_change change;
    bool has_change;
    pare_report_step *steps;
    size_t n_steps;
    pare_report_gate *gates;
    size_t n_gates;
    pare_report_use use;
    const char *data_sha256, *metric, *shapes;
    const char *const *unmodelled; /* [n_unmodelled] "Op (node)" */
    size_t n_unmodelled;
    const char *const *warnings;
    size_t n_warnings;
    const char *reproduce; /* a command line; NULL */
} pare_report;

#endif
