/* Between a model and the data that it is run on. */
#ifndef CLI_DATA_MODEL_H
#define CLI_DATA_MODEL_H

#include "cli/app.h"

#include "formats/dataset/data.h"

/* The inputs of a model that want data, in its order, for pare_data_open; *out is freed with
 * pare_free, names are the model's. ENOMEM. */
pare_status pare_data_inputs_of(pare_ctx *ctx, pare_data_input **out, size_t *n,
                                const pare_model *model);

#endif
