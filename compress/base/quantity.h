/* Numbers with units, as people write them on a command line and in recipes. */
#ifndef PARE_BASE_QUANTITY_H
#define PARE_BASE_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

/* Each reads the whole text (units in any case, one space allowed in front of them) and returns
 * false, leaving *out alone, when it is anything else or does not fit. Fractions are cut to whole
 * units. The units are B, KB to TB and KiB to TiB; k, M, G; ms, s (also when none is written), m,
 * h, d. */
bool pare_read_int(const char *text, int64_t *out);
bool pare_read_size(const char *text, uint64_t *bytes);
bool pare_read_count(const char *text, uint64_t *out);
bool pare_read_duration(const char *text, uint64_t *millis);

/* Likewise: "99.99", "-3", "1e-3"; finite. */
bool pare_read_number(const char *text, double *out);

#endif
