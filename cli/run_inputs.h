/* What `pare run` gives to a model: arrays from files, random numbers for the rest. */
#ifndef CLI_RUN_INPUTS_H
#define CLI_RUN_INPUTS_H

#include "cli/bounded.h"
#include "cli/shapes.h"

/* The inputs that the command line names, their data read. */
typedef struct pare_run_inputs {
    pare_eval_input *items;   /* names are the model's */
    size_t n;
} pare_run_inputs;

/* Reads `IN=FILE` words: .npy, or a tensor as ONNX's test data has it (.pb). Returns 0, or reports
 * and returns the exit status: a wrong name or type says what is expected, and the nearest name.
 * pare_run_inputs_free is the caller's in every case. */
int pare_run_inputs_read(pare_bounded *bounded, pare_run_inputs *out, const pare_model *model,
                         const pare_option_list *words);
void pare_run_inputs_free(pare_bounded *bounded, pare_run_inputs *inputs);

/* Checks that --shape and --dim name what the model has, and that no file settles it already.
 * Returns 0, or reports and returns the exit status. */
int pare_run_shapes_check(pare_app *app, const pare_model *model, const pare_shapes_given *shapes,
                          const pare_run_inputs *given);

#endif
