/* Running models by their definition, under a limit of memory. */
#ifndef CLI_BOUNDED_H
#define CLI_BOUNDED_H

#include "cli/app.h"

/* A context of its own, whose memory is bounded by --max-memory, else by three quarters of the
 * machine's. Values that are made with it must be dropped with it. */
typedef struct pare_bounded {
    pare_app *app;
    pare_budget budget;
    pare_ctx ctx;
} pare_bounded;

/* It must not move. */
void pare_bounded_init(pare_bounded *bounded, pare_app *app);

/* Puts a failure of bounded->ctx, its message with it, into the app's context. Returns the status
 * to go on with: what the limit refused is EBUDGET. */
pare_status pare_bounded_fail(pare_bounded *bounded, pare_status st);

/* pare_eval_model; failures are the app's already. The caller ends with pare_bounded_drop. */
pare_status pare_bounded_eval(pare_bounded *bounded, pare_datum **out, const pare_model *model,
                             const pare_eval_input *inputs, size_t n, uint64_t seed);
void pare_bounded_drop(pare_bounded *bounded, pare_datum *outputs, const pare_model *model);

#endif
