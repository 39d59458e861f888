/* What a target's runtime will make of a quantized model, for verbs that make one. */
#ifndef CLI_ORACLE_TEXT_H
#define CLI_ORACLE_TEXT_H

#include "cli/rewrite.h"

/* Asks for job->result on the first target. *out NULL: the target says nothing about integers, or
 * nothing can be said. Its warnings become the program's where text for people will not have them.
 * ENOMEM, ECANCELED. The caller frees *out with the app's context. */
pare_status pare_rewrite_ask_oracle(pare_rewrite *job, pare_oracle **out);

/* Prints its totals. ENOMEM. */
pare_status pare_oracle_print(pare_app *app, pare_oracle *oracle);

#endif
