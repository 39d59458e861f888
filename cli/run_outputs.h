/* What `pare run` does with results: shows them, writes them. */
#ifndef CLI_RUN_OUTPUTS_H
#define CLI_RUN_OUTPUTS_H

#include "cli/bounded.h"

/* One line per output: name, type and shape, range, mean, first elements. */
void pare_run_print(pare_app *app, const pare_model *model, const pare_datum *outputs);

/* The same as objects of an open array. dir NULL: nothing was written; else the members say to
 * which files, as pare_run_write names them. */
void pare_run_json(pare_json *json, const pare_model *model, const pare_datum *outputs,
                   const char *dir);

/* Makes the folder unless it is there. */
pare_status pare_run_make_dir(pare_ctx *ctx, const char *dir);

/* Writes dir/NAME.npy for each output, names being made safe as files. Elements of sequences get
 * numbers: NAME.0.npy. */
pare_status pare_run_write(pare_ctx *ctx, const pare_model *model, const pare_datum *outputs,
                           const char *dir);

/* Writes dir/test_data_set_NUMBER/{input,output}_J.pb as ONNX's test data has them: the folder
 * appears when it is complete. EUSAGE when it is there already. Inputs are written in the model's
 * order. */
pare_status pare_run_write_set(pare_ctx *ctx, const pare_model *model, const char *dir,
                               uint64_t number, const pare_eval_input *inputs, size_t n_inputs,
                               const pare_datum *outputs);

#endif
