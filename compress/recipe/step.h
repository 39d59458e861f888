/* Steps: what a recipe is a list of. Each has one table of options, from which keys of recipes,
 * flags of its verb, presets and entries of reports are made. */
#ifndef PARE_RECIPE_STEP_H
#define PARE_RECIPE_STEP_H

#include "recipe/option.h"

typedef struct pare_step {
    const char *name;         /* "quantize" */
    const char *summary;      /* one line */
    const pare_option *options; /* [n_options] their offsets are into the step's settings */
    size_t n_options;
    size_t settings_bytes;    /* of the struct; zeroed it holds the defaults */
} pare_step;

#define PARE_STEP(name) extern const pare_step pare_step_##name;
#include "recipe/step_list.h"
#undef PARE_STEP

/* All steps, sorted by name. */
const pare_step *const *pare_step_all(size_t *n);

/* The step with this name, or NULL. */
const pare_step *pare_step_find(const char *name);

/* Sets the option that a recipe calls key in the settings of a step to what text says. EUSAGE with
 * *problem set, for a key that there is not ("unknown option ..." with the nearest) and as
 * pare_option_read; ENOMEM. */
pare_status pare_step_set(pare_ctx *ctx, const pare_step *step, void *settings, const char *key,
                          const char *text, pare_option_problem *problem);

/* Writes the options that differ from the defaults, "weights=int4 block-size=64", to out; cut.
 * Returns out. */
const char *pare_step_show(char *out, size_t out_bytes, const pare_step *step,
                           const void *settings);

#endif
