/* What an hour of electricity emits, over a day or a year, as plain data. Files of it are read by
 * formats/hourly.h. */
#ifndef PARE_BASE_CONTRACT_HOURLY_H
#define PARE_BASE_CONTRACT_HOURLY_H

#include <stddef.h>

enum { PARE_HOURS_OF_DAY = 24, PARE_HOURS_OF_YEAR = 8760 };

typedef struct pare_hourly {
    size_t n;                /* PARE_HOURS_OF_DAY or PARE_HOURS_OF_YEAR */
    const double *g_per_kwh; /* [n] */
    const double *load;      /* [n] how the inferences spread, in any unit; NULL: evenly */
    const double *clean;     /* [n] carbon-free supply, in the unit of load; NULL: not known */
} pare_hourly;

#endif
