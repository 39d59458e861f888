/* The scopes of a model's name map. Inside of ir only. */
#ifndef PARE_IR_NAMES_H
#define PARE_IR_NAMES_H

#include "ir/model.h"

/* A graph's own values live in the scope of its number. Above all graph numbers: */
enum {
    PARE_SCOPE_ANY_VALUE = 0x7ffffff0, /* every name a value ever had, in whatever graph */
    PARE_SCOPE_ANY_NODE,                /* every name a node ever had */
    PARE_SCOPE_NEXT_SUFFIX,             /* hint to the number to try first */
    PARE_SCOPE_FUNCTION_DOMAIN,         /* domains and overloads of functions, numbered */
    PARE_SCOPE_FUNCTION_OVERLOAD,
};

/* Functions by name live in scopes above 2^31 that stand for a domain and an overload. */

/* Enters the function at an index of the model's list; its texts are in the arena. EFORMAT when
 * there is one of the same domain, name and overload. */
pare_status pare_names_add_function(pare_ctx *ctx, pare_model *model, size_t index);

/* Copies name into the arena and enters it for a value of the graph. EFORMAT when it is empty or
 * taken there. */
pare_status pare_names_add_value(pare_ctx *ctx, pare_graph *graph, const char *name,
                                 pare_value_id value, const char **out);

/* A name made of hint and, where needed, a number that is not in `scope` (ANY_VALUE or ANY_NODE),
 * in the arena. */
pare_status pare_names_derive(pare_ctx *ctx, pare_model *model, uint32_t scope, const char *hint,
                              const char **out);

/* Whether the name was ever one of scope's. Builds the index on first use. */
pare_status pare_names_taken(pare_ctx *ctx, pare_model *model, uint32_t scope, const char *name,
                             bool *out);

/* Tells the index, if there is one, of a new name. */
pare_status pare_names_note(pare_ctx *ctx, pare_model *model, uint32_t scope, const char *name);

#endif
