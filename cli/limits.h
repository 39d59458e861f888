/* Limits, one vocabulary for every verb: --max-energy 45%, --max-size 30MB, --max-drop 0.5. A limit
 * always names what may remain: an amount with a unit, or a percentage of the input model's. */
#ifndef CLI_LIMITS_H
#define CLI_LIMITS_H

#include "cli/app.h"

#include "base/contract/report.h"

/* Field of a verb's options: what was written, NULL where nothing. */
typedef struct pare_limit_options {
    const char *texts[PARE_N_LIMITS];
} pare_limit_options;

#define PARE_LIMIT_ROW(options, field, limit, option, value, text)                     \
    { .name = option, .kind = PARE_OPT_STRING, .placeholder = value,                   \
      .offset = offsetof(options, field) + sizeof(const char *) * PARE_LIMIT_##limit,  \
      .help = text }

/* Rows for a verb's table: limits that need no data, and those that do. */
#define PARE_LIMIT_ROWS(options, field)                                                           \
    PARE_LIMIT_ROW(options, field, ENERGY, "max-energy", "LIMIT",                                 \
                   "Energy per inference that may remain, e.g. 45% or 5mJ"),                      \
    PARE_LIMIT_ROW(options, field, LATENCY, "max-latency", "LIMIT",                               \
                   "Time per inference that may remain, e.g. 60% or 12ms"),                       \
    PARE_LIMIT_ROW(options, field, MACS, "max-macs", "LIMIT",                                     \
                   "Multiply-accumulates that may remain, e.g. 50% or 2G"),                       \
    PARE_LIMIT_ROW(options, field, PARAMS, "max-params", "LIMIT",                                 \
                   "Parameters that may remain, e.g. 50% or 10M"),                                \
    PARE_LIMIT_ROW(options, field, SIZE, "max-size", "LIMIT",                                     \
                   "Bytes of the model's files that may remain, e.g. 30% or 25MB"),               \
    PARE_LIMIT_ROW(options, field, FLASH, "max-flash", "LIMIT",                                   \
                   "Storage on the target that may remain, e.g. 1MiB"),                           \
    PARE_LIMIT_ROW(options, field, RAM, "max-ram", "LIMIT",                                       \
                   "Peak memory of activations that may remain, e.g. 256KiB")

#define PARE_LIMIT_ROWS_OF_DATA(options, field)                                                   \
    PARE_LIMIT_ROW(options, field, DROP, "max-drop", "POINTS",                                    \
                   "Accuracy that may be lost, in percentage points, e.g. 0.5"),                  \
    PARE_LIMIT_ROW(options, field, AGREEMENT, "min-agreement", "SHARE",                           \
                   "Share of answers that must stay the same, e.g. 99%")

typedef struct pare_limits {
    pare_limit items[PARE_N_LIMITS];
} pare_limits;

/* Reads all. Returns 0, or reports wrong usage and returns the exit status. */
int pare_limits_read(pare_app *app, pare_limits *out, const pare_limit_options *options);

bool pare_limits_any(const pare_limits *limits);

/* Gates in the making. Their texts live in the arena. */
typedef struct pare_gates {
    pare_arena arena;
    pare_report_gate *items;
    size_t n, cap;
} pare_gates;

void pare_gates_init(pare_app *app, pare_gates *gates);
void pare_gates_free(pare_gates *gates);

/* Adds a gate, whose texts are copied. ENOMEM. */
pare_status pare_gates_add(pare_ctx *ctx, pare_gates *gates, const pare_report_gate *gate);

/* Judges every model but the first (where there is one model alone: that one) by the limits on
 * figures, on the report's first target. A figure that is not known fails its gate as not
 * comparable. ENOMEM. */
pare_status pare_limits_judge(pare_ctx *ctx, pare_gates *gates, const pare_limits *limits,
                              const pare_report *report);

/* Prints the gates, those that fail with reason and remedy. Returns PARE_EXIT_GATE or
 * PARE_EXIT_DONE. */
int pare_gates_print(pare_app *app, const pare_report_gate *gates, size_t n);

#endif
