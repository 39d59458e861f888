/* Numbers with units, as people read them; base/quantity.h has how they write them. */
#ifndef CLI_NUMBER_H
#define CLI_NUMBER_H

#include "base/quantity.h"
#include "cli/line.h"

/* "512 B", "4.96 MB", "1.90 GB": three digits, decimal units. */
void pare_line_add_bytes(pare_line *line, uint64_t bytes);

/* "1,235,496". */
void pare_line_add_count(pare_line *line, uint64_t n);

#endif
