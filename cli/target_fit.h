/* `pare targets NAME --fit`: a target's numbers fitted to what was measured, as a file. */
#ifndef CLI_TARGET_FIT_H
#define CLI_TARGET_FIT_H

#include "cli/app.h"

#include "formats/target.h"

typedef struct pare_fit_request {
    const char *target;      /* name or path */
    const char *measured;    /* CSV; NULL: measure here */
    const char *output;      /* NULL: standard output */
    double seconds;          /* for measuring here, in all */
} pare_fit_request;

/* Fits and writes. Returns 0, or reports and returns the exit status. */
int pare_target_fit(pare_app *app, const pare_fit_request *request);

/* What the text of a fitted target is made of. */
typedef struct pare_fitted {
    const pare_target *base;
    const char *like;        /* how the file names it */
    const pare_calibration *fit;
    const char *key;         /* of the source of fitted numbers */
    const char *from;        /* "14 models of measured.csv" */
} pare_fitted;

/* Writes the file of a fitted target: complete or not at all; output NULL: standard output. EIO,
 * ENOMEM. */
pare_status pare_fitted_write(pare_ctx *ctx, const pare_fitted *fitted, const char *output);

#endif
