/* --shape and --dim: what the user says about a model's inputs. */
#ifndef CLI_SHAPES_H
#define CLI_SHAPES_H

#include "cli/app.h"

typedef struct pare_shape_options {
    pare_option_list shapes; /* IN=1,3,224,224 */
    pare_option_list dims;   /* batch=1,seq=128 */
    bool dims_may_miss;      /* models need not have them: those of a recipe are for many */
} pare_shape_options;

/* The rows for a table of options, for a struct that starts with a pare_shape_options. */
#define PARE_SHAPE_OPTION_ROWS                                                                     \
    { .name = "shape", .kind = PARE_OPT_LIST, .placeholder = "IN=DIMS",                            \
      .offset = offsetof(pare_shape_options, shapes),                                              \
      .help = "Shape of an input, e.g. image=1,3,224,224; may be given for several inputs" },      \
    { .name = "dim", .kind = PARE_OPT_LIST, .placeholder = "NAME=N",                               \
      .offset = offsetof(pare_shape_options, dims),                                                \
      .help = "Value of named dimensions, e.g. batch=1,seq=128" }

typedef struct pare_shapes_given {
    pare_infer_opts opts;
    pare_input_shape *inputs;
    pare_binding *bindings;
    int64_t *numbers;        /* what inputs point to */
    char *text;              /* and the names */
    bool dims_may_miss;
} pare_shapes_given;

/* Reads the options. Returns 0, or reports and returns the exit status. pare_shapes_given_free is
 * the caller's in every case. */
int pare_shapes_read(pare_app *app, pare_shapes_given *out, const pare_shape_options *options);
void pare_shapes_given_free(pare_app *app, pare_shapes_given *given);

#endif
