/* What models cost on targets, gathered into a report (base/contract/report.h). */
#ifndef CLI_FIGURES_H
#define CLI_FIGURES_H

#include "cli/model_file.h"
#include "cli/shapes.h"
#include "cli/targets_option.h"

#include "base/contract/dataset.h"
#include "base/contract/report.h"

/* A model that was looked at. */
typedef struct pare_costed {
    pare_estimate *estimates[PARE_MAX_TARGETS]; /* [targets.n] */
    pare_model_files files;
    const char *name;        /* of the file, without folders */
    char sha256[65];
    const char *shapes;      /* "image=1x3x224x224" on the first target */
} pare_costed;

typedef struct pare_figures {
    pare_app *app;
    pare_arena arena;
    pare_targets targets;
    const pare_shape_options *shape_options; /* the verb's */
    pare_costed *models;     /* [n] */
    size_t n, cap;
    bool hash;               /* models are to be hashed */
    const char *const *formats; /* [n_formats] of the report's files; none: all */
    size_t n_formats;
    const pare_model_files *sizes; /* of the model that is added next, where it is in no file; else
                                      NULL */
    pare_report report;      /* after pare_figures_report */
} pare_figures;

/* sha256 of a file's content in hexadecimal digits; "" when it cannot be read. */
void pare_hash_file(char hex[65], const char *path);

/* Finds the targets that the option names (NULL: the default). Returns 0, or reports and returns
 * the exit status. pare_figures_free is the caller's in every case. */
int pare_figures_begin(pare_app *app, pare_figures *out, const char *targets,
                       const pare_shape_options *shapes);
void pare_figures_free(pare_figures *figures);

/* Estimates a model on all targets. model is not needed afterwards. The file at path is what is
 * measured; people know it as `called`, which stays the caller's. Returns 0, or reports and returns
 * the exit status. With `optional`, a model that cannot be estimated is only warned about, and
 * *figures stays as it was. */
int pare_figures_add(pare_figures *figures, const pare_model *model, const char *path,
                     const char *called, bool optional);

/* Opens a model file and does the same. */
int pare_figures_open(pare_figures *figures, const char *path);

/* Makes figures->report of all models: figures, ratios, ties, layers, warnings so far. Gates, use
 * and data are the verb's. What it points to lives as long as figures. ENOMEM. */
pare_status pare_figures_report(pare_figures *figures, const char *verb);

/* Says in figures->report that its numbers were computed here (kernel level, seed), for verbs whose
 * results depend on that. */
void pare_figures_computed(pare_figures *figures, uint64_t seed);

/* Adds samples that were used to figures->report; role: "calibration", or "evaluation" for those
 * that accuracy was judged on, by a metric (NULL: none). path is as it was given. ENOMEM. */
pare_status pare_figures_data(pare_figures *figures, const char *role, const char *path,
                              const pare_dataset *data, const char *metric);

/* Row for a verb's table: a `const char *` field, NULL where the option is not given. */
#define PARE_USE_OPTION(options_struct, field)                                                  \
    { .name = "use", .kind = PARE_OPT_STRING, .placeholder = "KEY=VALUE,...",                   \
      .offset = offsetof(options_struct, field),                                                \
      .help = "Say what it means where it is used, e.g. volume=10M/month,grid=DEU,price=0.25EUR " \
              "or battery=220mAh@3V,every=1s" }

/* Adds to figures->report what the last model means in use; text: the option's value. Returns 0, or
 * reports and returns the exit status. */
int pare_figures_use(pare_figures *figures, const char *text);

/* Writes --report DIR where it is given, and tells --ci. Returns 0, or reports and returns the exit
 * status. */
int pare_figures_deliver(pare_figures *figures);

#endif
