/* Steps: what a recipe is a list of. Each has one table of options, from which keys of recipes,
 * flags of its verb, presets and entries of reports are made. */
#ifndef PARE_RECIPE_STEP_H
#define PARE_RECIPE_STEP_H

#include "base/arena.h"
#include "base/contract/dataset.h"
#include "base/contract/report.h"
#include "base/contract/target.h"
#include "base/pool.h"
#include "op/infer.h"
#include "recipe/limit.h"
#include "recipe/option.h"

/* What a step works with. All but target may be 0, and max_drop INFINITY. */
typedef struct pare_step_env {
    const pare_target *target;     /* the one that decides; never NULL */
    const pare_infer_opts *shapes; /* of the model's inputs, every dim known; NULL: as declared */
    uint64_t batch;                /* inferences that one run with these makes; 0: 1 */
    uint64_t file_bytes;           /* of the model that it is given, as stored; 0: not known */
    const pare_dataset *data;      /* to calibrate and to repair with; NULL: there is none */
    const pare_dataset *judge;     /* other samples, that losses are measured on; NULL: `data` */
    pare_pool *pool;
    uint64_t max_memory_bytes;     /* that running the model may need; 0: any */
    uint64_t max_ms;               /* after which a search takes what it has; 0: never */
    uint64_t seed;                 /* of what is drawn */
    double max_drop;               /* points that the step may lose on `judge`; INFINITY: any */
    double min_agreement;          /* share of answers on `judge` that shall stay; 0: any */
    double goals[PARE_N_LIMITS];   /* share of each figure of the model that the step is given that
                                      shall remain at most; 0: no such limit. Those of data are not
                                      here */
    const char *level;             /* of kernels, for base/linalg.h; NULL: "scalar" */
    const void *stats;             /* [n_stats] what an earlier calibration found
                                      (stats/survey_file.h); NULL */
    size_t n_stats;
} pare_step_env;

/* A node that a step left as it was. */
typedef struct pare_step_skipped {
    const char *node;         /* its name, "Conv" in brackets behind it: "conv1 (Conv)" */
    const char *reason;
} pare_step_skipped;

/* What a step came to. All texts live in the arena. */
typedef struct pare_step_outcome {
    pare_arena arena;
    const char *chosen;       /* its options without any auto, "weights=int8 activations=uint8" */
    const char **lines;       /* [n_lines] for people, one line each */
    size_t n_lines, lines_cap;
    pare_step_skipped *skipped; /* [n_skipped] in the order of the model's nodes */
    size_t n_skipped, skipped_cap;
    pare_report_removed *removed; /* [n_removed] likewise: what it took out */
    size_t n_removed, removed_cap;
    const char *missed;       /* why a limit that it had as a goal does not hold; NULL */
    double drop;              /* that was measured on `judge` for what was left, in points of top-1
                                 against the model that was given; NaN: it was not */
    bool cut;                 /* the time was up before its search was: `chosen` says what was
                                 reached */
} pare_step_outcome;

typedef struct pare_step {
    const char *name;         /* "quantize" */
    const char *summary;      /* one line */
    const pare_option *options; /* [n_options] their offsets are into the step's settings */
    size_t n_options;
    size_t settings_bytes;    /* of the struct; zeroed it holds the defaults */
    const char *left;         /* what is said of nodes that it skips: "left in floats"; NULL */
    bool is_neutral;          /* it keeps what the model computes, and promises no less bytes */
    /* Does it to the model, and tells of it in *outcome, which was begun. Limits among the goals
     * that it cannot keep are no failure: it leaves the best that it found, and says so. EUSAGE for
     * settings that contradict each other, the target or the data; EUNSUPPORTED, EFORMAT for models
     * that it is not for; ENOMEM, EBUDGET, ECANCELED. The model is then half changed: work on a
     * clone. */
    pare_status (*run)(pare_ctx *ctx, struct pare_model *model, const void *settings,
                       const pare_step_env *env, pare_step_outcome *outcome);
} pare_step;

void pare_step_outcome_begin(pare_ctx *ctx, pare_step_outcome *outcome);
void pare_step_outcome_free(pare_step_outcome *outcome); /* accepts a zeroed one */

/* For steps: adds a line; a node that was left. Texts are copied, lines cut at 1000 bytes. ENOMEM,
 * EBUDGET. */
pare_status pare_step_say(pare_ctx *ctx, pare_step_outcome *outcome, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
pare_status pare_step_skip(pare_ctx *ctx, pare_step_outcome *outcome, const char *node,
                           const char *op, const char *reason);

/* For steps: adds what was taken out; texts are copied. ENOMEM, EBUDGET. */
pare_status pare_step_remove(pare_ctx *ctx, pare_step_outcome *outcome,
                             const pare_report_removed *removed);

/* For steps: sets outcome->chosen to the text of these settings. ENOMEM, EBUDGET. */
pare_status pare_step_choose(pare_ctx *ctx, pare_step_outcome *outcome, const pare_step *step,
                             const void *settings);

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
