/* A recipe: what is to become of a model, as plain data. Files of recipes are read by
 * cli/recipe_file.h; design of the format: docs/recipes.md. */
#ifndef PARE_RECIPE_RECIPE_H
#define PARE_RECIPE_RECIPE_H

#include "recipe/step.h"

/* What becomes of a step after which a limit on accuracy does not hold. */
typedef enum pare_on_miss {
    PARE_ON_MISS_AUTO,      /* rolled back where what was there before is smaller than the input
                               and keeps the limits, else kept */
    PARE_ON_MISS_KEEP_BEST, /* the best that the step found stays, and the gate tells */
    PARE_ON_MISS_ROLL_BACK,
} pare_on_miss;

extern const char *const pare_on_miss_names[]; /* ends with NULL */

typedef struct pare_recipe_step {
    const pare_step *step;
    void *settings;           /* of step->settings_bytes */
    int on_miss;              /* pare_on_miss */
    uint64_t max_ms;          /* 0: as long as it takes */
    uint32_t line;            /* in the file; 0: not from a file */
} pare_recipe_step;

typedef struct pare_recipe_steps {
    pare_recipe_step *items;  /* [n] in order */
    size_t n, cap;
} pare_recipe_steps;

/* When one recipe stands for several: what decides between them. */
typedef enum pare_recipe_when {
    PARE_WHEN_ALWAYS,
    PARE_WHEN_TRANSFORMER,    /* the model is one (pare_is_transformer) */
    PARE_WHEN_DATA,           /* there are samples to calibrate with */
    PARE_WHEN_QUANTIZED,      /* the model is in few bits already */
} pare_recipe_when;

extern const char *const pare_recipe_when_names[]; /* ends with NULL */

typedef struct pare_recipe_choice {
    int when;                 /* pare_recipe_when */
    const char *preset;       /* to take then */
    const char *why;          /* for people; NULL */
    uint32_t line;
} pare_recipe_choice;

/* Samples that a recipe names. */
typedef struct pare_recipe_data {
    const char *from;         /* a path, relative to the recipe; NULL: not said */
    int64_t take;             /* samples; 0: not said; -1: those that are left */
    int64_t seed;             /* -1: not said */
} pare_recipe_data;

/* All but steps may be unset: NULL, 0. */
typedef struct pare_recipe {
    pare_arena arena;         /* of all that follows but the items of lists in settings */
    const char *name;         /* "auto", or of the file */
    const char *targets;      /* "ort-x64,ort-arm64" */
    const char *dims;         /* "batch=1,seq=128" */
    pare_recipe_data calibration, evaluation;
    const char *metrics;      /* "top1,agreement" */
    const char *limits[PARE_N_LIMITS]; /* as they are written */
    int minimize;             /* what decides between ways: PARE_LIMIT_SIZE, _ENERGY, ...;
                                 PARE_LIMIT_DROP: not said, size */
    pare_recipe_choice *choices; /* [n_choices] the first that applies is taken; with steps there
                                    are none */
    size_t n_choices, choices_cap;
    pare_recipe_steps steps;
    pare_recipe_steps *ways;  /* [n_ways] what is tried behind the steps: the best one stays */
    size_t n_ways, ways_cap;
    const char *use;          /* "volume=10M/month,grid=DEU" */
    const char *report_dir;
    const char *report_formats[5]; /* [n_report_formats] "html", ...; none: all */
    size_t n_report_formats;
} pare_recipe;

void pare_recipe_init(pare_ctx *ctx, pare_recipe *recipe);
void pare_recipe_free(pare_ctx *ctx, pare_recipe *recipe); /* accepts a zeroed one */

/* Adds a step with its defaults to a list of the recipe's. ENOMEM, EBUDGET. */
pare_status pare_recipe_add_step(pare_ctx *ctx, pare_recipe *recipe, pare_recipe_steps *list,
                                 pare_recipe_step **out, const pare_step *step);

/* Adds a way; ENOMEM, EBUDGET. */
pare_status pare_recipe_add_way(pare_ctx *ctx, pare_recipe *recipe, pare_recipe_steps **out);

/* Sets an option of a step: of its table, or "on-miss", "max-time". text is copied. As
 * pare_step_set. */
pare_status pare_recipe_step_set(pare_ctx *ctx, pare_recipe *recipe, pare_recipe_step *step,
                                 const char *key, const char *text, pare_option_problem *problem);

/* Sets what is no step's: "target", "dims", "metrics", "minimize", "use", or a limit, "max-drop".
 * text is copied; limits and what is minimized are looked at, the others are not. *known is false,
 * and nothing done, for other keys. EUSAGE with *problem set; ENOMEM, EBUDGET. */
pare_status pare_recipe_set_plain(pare_ctx *ctx, pare_recipe *recipe, bool *known,
                                  const char *key, const char *text,
                                  pare_option_problem *problem);

/* --set KEY=VALUE: "steps.quantize.weights" with "int4", or "quantize.weights", or "weights" where
 * one kind of step alone has such an option; "limits.max-drop" or "max-drop"; "target", "dims",
 * "minimize". It goes to all steps of that name. text is copied. EUSAGE with *problem set: no such
 * key (with the nearest), a key of several steps, a step that the recipe does not have, and as
 * pare_option_read; ENOMEM, EBUDGET. */
pare_status pare_recipe_set(pare_ctx *ctx, pare_recipe *recipe, const char *key, const char *text,
                            pare_option_problem *problem);

#endif
