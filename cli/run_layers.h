/* `pare run --time-layers`: how long each step of a run takes. */
#ifndef CLI_RUN_LAYERS_H
#define CLI_RUN_LAYERS_H

#include "cli/app.h"

typedef struct pare_step_times {
    double *ms;               /* [n_steps]: medians */
    size_t n_steps;
    uint32_t n_rounds;        /* runs that they are the medians of */
} pare_step_times;

/* Runs the same inputs again several times, the runner being warm, and measures. The caller frees
 * with pare_step_times_free. */
pare_status pare_step_times_take(pare_ctx *ctx, pare_step_times *out, pare_runner *runner,
                                 pare_pool *pool, const pare_eval_input *inputs, size_t n_inputs);
void pare_step_times_free(pare_ctx *ctx, pare_step_times *times);

/* As a table in the order of the run, on standard output. */
void pare_step_times_print(pare_app *app, const pare_step_times *times, const pare_runner *runner);

/* As members "rounds" and "layers" of an open object. */
void pare_step_times_json(pare_json *json, const pare_step_times *times,
                          const pare_runner *runner);

#endif
