/* What the files of preprocess.h share. Inside of formats/dataset only. */
#ifndef FORMATS_DATASET_PREPROCESS_STEPS_H
#define FORMATS_DATASET_PREPROCESS_STEPS_H

#include "formats/dataset/preprocess.h"

extern const char *const pare_color_names[3]; /* by pare_color */

/* Whether a step changes the place or the number of pixels. */
bool pare_prep_is_geometric(const pare_prep_step *step);

#endif
