/* Numbers with units, as people write them on a command line, and as they read them. */
#ifndef CLI_NUMBER_H
#define CLI_NUMBER_H

#include "cli/line.h"

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

/* "512 B", "4.96 MB", "1.90 GB": three digits, decimal units. */
void pare_line_add_bytes(pare_line *line, uint64_t bytes);

/* "1,235,496". */
void pare_line_add_count(pare_line *line, uint64_t n);

#endif
