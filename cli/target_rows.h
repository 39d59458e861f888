/* Every number of a target as a list: what it is called in the file, and its value in a readable
 * unit. */
#ifndef CLI_TARGET_ROWS_H
#define CLI_TARGET_ROWS_H

#include "base/contract/target.h"

#include <stddef.h>

typedef struct pare_target_row {
    char name[64];   /* "mac.float32", "levels.DRAM.energy", "flash" */
    const pare_figure *figure; /* of the target; its kind is not NONE */
    double value;    /* in `unit` */
    const char *unit; /* "pJ", "GMAC/s"; "" for none */
} pare_target_row;

enum { PARE_MAX_TARGET_ROWS = 128 };

/* Fills rows [PARE_MAX_TARGET_ROWS] and returns how many there are. */
size_t pare_target_rows(pare_target_row *rows, const pare_target *target);

/* The kind that most describes a target's joules: fitted where its static power is, else that of a
 * MAC in float32, else in int8, int16, float16. NONE without hardware. */
pare_figure_kind pare_target_basis(const pare_target *target);

#endif
