/* Options as text, both ways: what a flag of a verb or a key of a recipe says goes into the field
 * of its row, and what a field holds comes out as it would be written. */
#ifndef PARE_RECIPE_OPTION_H
#define PARE_RECIPE_OPTION_H

#include "base/contract/recipe.h"
#include "base/ctx.h"

/* Why a text is no value of an option. Who asked puts in front which option of what it was. */
typedef struct pare_option_problem {
    char message[PARE_MESSAGE_BYTES]; /* "expected one of a, b, found 'c'" */
    char hint[128];                   /* "did you mean 'b'?"; "": nothing is near */
} pare_option_problem;

/* Puts what text says into the row's field of the struct `fields`; a list gains an item. Pointers
 * into text are kept. A flag takes true and false, and NULL for true. EUSAGE with *problem set, the
 * field staying as it was; ENOMEM. */
pare_status pare_option_read(pare_ctx *ctx, const pare_option *row, void *fields, const char *text,
                             pare_option_problem *problem);

/* Writes what the field holds, as pare_option_read takes it (items of lists with commas between
 * them), to out, cut where it does not fit; "" for what was not given. Returns out. */
const char *pare_option_show(char *out, size_t out_bytes, const pare_option *row,
                             const void *fields);

/* Frees the arrays of lists among the fields; their items are borrowed. */
void pare_option_drop(pare_ctx *ctx, const pare_option *rows, size_t n_rows, void *fields);

#endif
