/* pare.history in the metadata of models: what pare did to them, a line each. */
#ifndef CLI_HISTORY_H
#define CLI_HISTORY_H

#include "compress/pare.h"

/* Adds "pare VERSION what" to the model. ENOMEM, EBUDGET. */
pare_status pare_history_add(pare_ctx *ctx, pare_model *model, const char *what);

#endif
