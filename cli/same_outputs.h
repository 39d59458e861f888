/* Whether two models compute the same: the promise of verbs that only simplify. */
#ifndef CLI_SAME_OUTPUTS_H
#define CLI_SAME_OUTPUTS_H

#include "cli/bounded.h"

/* Runs both on the same random inputs, of shapes that the user tells, and compares the outputs bit
 * by bit. *compared is false, with a warning that says why, when `before` itself cannot be run, or
 * draws random numbers. EIO, naming output and element, when `after` gives something else or does
 * not run. */
pare_status pare_same_outputs(pare_app *app, bool *compared, const pare_model *before,
                              const pare_model *after, const pare_infer_opts *shapes);

#endif
