/* Measuring this machine: energy and time of small models, by the processor's own counters. */
#ifndef CLI_MEASURE_HERE_H
#define CLI_MEASURE_HERE_H

#include "cli/app.h"

enum { PARE_MAX_HERE = 32 };

typedef struct pare_here {
    pare_measurement rows[PARE_MAX_HERE]; /* [n]; the last one is the idle machine */
    pare_model *models[PARE_MAX_HERE];    /* [n] of the rows */
    size_t n;
} pare_here;

/* Runs each small model (energy/micro.h) again and again for its share of `seconds`, and waits for
 * as long. Returns 0, or reports and returns the exit status: PARE_EXIT_UNSUPPORTED with the reason
 * where energy cannot be measured. pare_here_free is the caller's in every case. */
int pare_measure_here(pare_app *app, pare_here *out, double seconds);
void pare_here_free(pare_app *app, pare_here *here);

#endif
