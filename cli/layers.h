/* What `inspect --by-layer` shows. */
#ifndef CLI_LAYERS_H
#define CLI_LAYERS_H

#include "cli/shapes.h"

/* A model layer by layer, with what could be inferred about it. */
typedef struct pare_layer_list {
    pare_layer *items;
    size_t n;
    pare_shapes *shapes;
} pare_layer_list;

/* Infers and lists. Returns 0, or reports and returns the exit status. pare_layers_free is the
 * caller's in every case. */
int pare_layers_make(pare_app *app, pare_layer_list *out, const pare_model *model,
                     const pare_shape_options *options);
void pare_layers_free(pare_app *app, pare_layer_list *list);

/* As a table on standard output, with what is unknown or contradictory behind it. */
void pare_layers_print(pare_app *app, const pare_model *model, const pare_layer_list *list);

/* As members "layers" and "shape_issues" of an open object. */
void pare_layers_json(pare_json *json, const pare_model *model, const pare_layer_list *list);

#endif
