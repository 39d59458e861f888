/* Help, made from the tables: 80 columns at most. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/command.h"

#include <stdio.h>

#define PARE_SYNOPSIS "pare shrinks ONNX models and counts the joules."

/* "pare convert MODEL -o OUT [options]". */
void pare_help_usage(pare_line *out, const pare_cmd *command);

/* All verbs, what they share, exit statuses. */
void pare_help_overview(FILE *to);

/* One verb. */
void pare_help_command(FILE *to, const pare_cmd_row *row);

/* The exit statuses and what they mean; ends with a NULL meaning. */
typedef struct pare_exit_meaning {
    const char *status, *meaning;
} pare_exit_meaning;
extern const pare_exit_meaning pare_exit_meanings[];

#endif
