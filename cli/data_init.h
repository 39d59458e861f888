/* `pare data init`: a commented DATA.yaml from files, a model and its metadata. */
#ifndef CLI_DATA_INIT_H
#define CLI_DATA_INIT_H

#include "cli/app.h"

typedef struct pare_data_init_opts {
    const char *source;
    const char *model;  /* NULL: none */
    const char *output; /* NULL: standard output */
} pare_data_init_opts;

/* Returns the exit status; failures are reported. */
int pare_data_init_run(pare_app *app, const pare_data_init_opts *opts);

#endif
