/* Energy counters of processors, as Linux shows them (RAPL by powercap).
 *
 * Only packages are counted: what is named psys contains them, core, uncore and dram are parts of
 * or beside them. A package that is shown twice (by MSR and MMIO, or by dies that mirror one
 * counter) counts once. Counters wrap; they must be read more often than that. */
#ifndef FORMATS_POWERCAP_H
#define FORMATS_POWERCAP_H

#include "base/ctx.h"

#define PARE_POWERCAP_ROOT "/sys/class/powercap"

typedef struct pare_powercap pare_powercap;

/* Opens the counters below a folder. EUNSUPPORTED with the reason, and what can be done about it,
 * where nothing can be measured: no counters, none of a package, no permission; ENOMEM. The caller
 * frees *out with pare_powercap_free. */
pare_status pare_powercap_open(pare_ctx *ctx, pare_powercap **out, const char *root);
void pare_powercap_free(pare_ctx *ctx, pare_powercap *powercap); /* accepts NULL */

/* Joules of all packages since the counters were opened. To be called at least once in
 * pare_powercap_period seconds. EUNSUPPORTED when a counter cannot be read any more. */
pare_status pare_powercap_read(pare_ctx *ctx, pare_powercap *powercap, double *joules);

/* A quarter of the time in which a counter wraps at 400 W. */
double pare_powercap_period(const pare_powercap *powercap);

/* Packages that are counted. */
size_t pare_powercap_n(const pare_powercap *powercap);

#endif
