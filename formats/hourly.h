/* What each hour of electricity emits, from a CSV file of 24 rows (a day) or 8760 (a year).
 *
 * One column of gCO2e per kWh without a head, or columns by name, of which these count and others
 * are passed over:
 *
 *     g_per_kwh   (or intensity, carbon_intensity)   gCO2e per kWh
 *     load        how the inferences spread, in any unit; without it evenly
 *     clean       carbon-free supply in the unit of load
 *
 * Columns are parted by ',' or ';'; empty lines and those that begin with '#' do not count. */
#ifndef FORMATS_HOURLY_H
#define FORMATS_HOURLY_H

#include "base/contract/hourly.h"
#include "base/ctx.h"

/* Reads a file. EFORMAT as "FILE:LINE: what is wrong", EIO, ENOMEM. The caller frees *out with
 * pare_hourly_free. */
pare_status pare_hourly_read(pare_ctx *ctx, pare_hourly **out, const char *path);

/* The same for text that messages call `name`. */
pare_status pare_hourly_parse(pare_ctx *ctx, pare_hourly **out, const char *name, const char *text,
                              size_t n_bytes);
void pare_hourly_free(pare_ctx *ctx, pare_hourly *hourly); /* accepts NULL */

#endif
