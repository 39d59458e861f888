/* Grids by country, and how much power a data centre takes beside its computers. */
#ifndef PARE_ENERGY_GRID_H
#define PARE_ENERGY_GRID_H

#include <stddef.h>

typedef struct pare_power_grid {
    const char *code, *alias, *name; /* "DEU", "DE", "Germany" */
    double g_per_kwh;                /* gCO2e, life cycle, averaged over the year */
    int year;
} pare_power_grid;

/* All grids, n of them, sorted by code; what they are from and under which licence, in one line. */
const pare_power_grid *pare_grid_all(size_t *n);
const char *pare_grid_source(void);

/* The grid with this code, short code or name, whatever its case, or NULL; then *nearest is the
 * code of the one that may have been meant, or NULL. nearest may be NULL. */
const pare_power_grid *pare_grid_find(const char *name, const char **nearest);

/* Grid data are old beyond this age. */
enum { PARE_GRID_MAX_YEARS = 3 };

typedef struct pare_pue_row {
    const char *name;
    double pue; /* power of the whole over power of the computers */
    const char *source;
} pare_pue_row;

const pare_pue_row *pare_pue_all(size_t *n);

#endif
