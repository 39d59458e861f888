/* What models took, from a table of a power meter: CSV with a row per model. */
#ifndef CLI_MEASURED_H
#define CLI_MEASURED_H

#include "base/arena.h"

typedef struct pare_measured_row {
    const char *model;       /* path as it can be opened */
    double joules, seconds;  /* per inference; NaN: not given */
    int64_t batch;           /* inferences per run; 1 */
    uint32_t line;
} pare_measured_row;

typedef struct pare_measured {
    pare_measured_row *rows; /* [n] in the arena */
    size_t n;
} pare_measured;

/* Reads a file with a header: `model` (a path, relative to the file), one of `J`, `mJ`, `uJ` and/or
 * one of `s`, `ms`, `us` (each per inference), and `batch`. Empty lines and those that begin with #
 * are passed over; a field may be empty. EFORMAT as "FILE:LINE: ...", EIO, ENOMEM. */
pare_status pare_measured_read(pare_ctx *ctx, pare_measured *out, pare_arena *arena,
                               const char *path);

#endif
