/* One run of `pare compress`: what its parts share. */
#ifndef CLI_COMPRESS_JOB_H
#define CLI_COMPRESS_JOB_H

#include "cli/data_check.h"
#include "cli/recipe_file.h"
#include "cli/rewrite.h"
#include "cli/unset_dims.h"

typedef struct pare_compress_options {
    pare_rewrite_options rewrite; /* first: PARE_REWRITE_ROWS say so */
    const char *recipe, *preset, *use;
    pare_option_list set;     /* KEY=VALUE */
    uint64_t max_ms;          /* PARE_NOT_GIVEN: as long as it takes */
} pare_compress_options;

typedef struct pare_compress_job {
    pare_rewrite rewrite;
    const pare_compress_options *options;
    pare_rewrite_options merged; /* the options, completed by the recipe */
    double begun;             /* seconds of the clock */
    const char *recipe_dims;  /* what merged.shapes.dims points to */
    pare_recipe asked;        /* as it was named */
    pare_recipe chosen;       /* the preset that it stood for; no steps: it stands for itself */
    const pare_recipe_choice *choice; /* why that; NULL */
    pare_recipe_result result;
    pare_data_check check;
    bool has_check;
    pare_oracle *oracle;      /* NULL: nothing is known */
    pare_shapes_given given;
    pare_dims_set dims;
    pare_step_cache *cache;   /* of runs that share it; NULL */
} pare_compress_job;

/* compress_recipe.c: reads the recipe, and takes from it what the command line leaves open. Returns
 * an exit status. */
int pare_compress_read_recipe(pare_compress_job *job, pare_app *app);

/* Once model and data are known: what a recipe that chooses stands for, and --set. Returns an exit
 * status. */
int pare_compress_choose(pare_compress_job *job);

const pare_recipe *pare_compress_recipe(const pare_compress_job *job);

/* compress_size.c: where the result is larger than weights of 8 bits would make it, warns of what
 * weighs. */
void pare_compress_explain_size(pare_compress_job *job);

/* cmd_compress.c: completes the dims of the model's inputs, once it is open. Returns an exit
 * status. */
int pare_compress_dims(pare_compress_job *job);

/* cmd_compress.c: runs the recipe; rewrite.result is what came out, and job->result tells of it. */
pare_status pare_compress_run(pare_compress_job *job);

/* compress_show.c: text, or the report as JSON. Returns the exit status. */
int pare_compress_show(pare_compress_job *job);

#endif
