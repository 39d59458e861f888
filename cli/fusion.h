/* What a quantized model will run as on targets: `inspect --by-layer`. */
#ifndef CLI_FUSION_H
#define CLI_FUSION_H

#include "cli/shapes.h"
#include "cli/targets_option.h"

typedef struct pare_fusions {
    pare_oracle *items[PARE_MAX_TARGETS]; /* NULL: the target says nothing about integers */
    const pare_targets *targets;          /* borrowed */
} pare_fusions;

/* Asks for every target. Returns 0, or reports and returns the exit status. pare_fusions_free is
 * the caller's in every case. */
int pare_fusions_make(pare_app *app, pare_fusions *out, const pare_model *model, const char *path,
                      const pare_targets *targets, const pare_shape_options *options);
void pare_fusions_free(pare_app *app, pare_fusions *fusions);

/* Tables with a row per node that has to do with integers, and the totals; nothing for models that
 * are not quantized. */
void pare_fusions_print(pare_app *app, const pare_fusions *fusions);

/* As a member "fusion" of an open object: an array of targets; of models that are not quantized,
 * too. */
void pare_fusions_json(pare_json *json, const pare_fusions *fusions);

#endif
