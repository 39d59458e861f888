/* Data sets as files, for verbs: opening one for a model. */
#ifndef CLI_DATA_FILE_H
#define CLI_DATA_FILE_H

#include "cli/bounded.h"

#include "formats/dataset/data.h"

/* Opens the data at path, its samples made for the inputs that the model must be given; model NULL:
 * as the data are. The caller closes *out with bounded's context. Failures are the app's already.
 */
pare_status pare_data_open_for(pare_bounded *bounded, pare_dataset **out, const char *path,
                               const pare_model *model, const pare_data_choice *choice);

#endif
