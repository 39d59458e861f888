/* The progress line: the only place that draws. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "compress/pare.h"

#include "cli/line.h"

#include <stdio.h>

typedef struct pare_progress_bar {
    FILE *to;           /* NULL: draws nothing */
    char phase[32];
    double begun_s;     /* when the phase began */
    double drawn_s;     /* when it was drawn last */
    bool visible;       /* a line stands on the terminal */
} pare_progress_bar;

/* A bar that draws on `to` if that is a terminal that can erase a line; else it never draws. */
void pare_progress_init(pare_progress_bar *bar, FILE *to);

/* Takes note of a step; draws at most ten times a second, and not in the first 0.3 seconds. */
void pare_progress_step(pare_progress_bar *bar, const pare_progress *step);

/* Takes the line off the terminal, so that other text can be printed. */
void pare_progress_erase(pare_progress_bar *bar);

/* What the line says after `seconds` of a phase, e.g. "write  42%  412 MB of 980 MB  830 MB/s  1 s
 * left", at most `columns` wide. */
void pare_progress_text(pare_line *out, const pare_progress *step, double seconds, size_t columns);

#endif
