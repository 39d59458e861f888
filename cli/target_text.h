/* A target explained: as text, as JSON, its sources as BibTeX. */
#ifndef CLI_TARGET_TEXT_H
#define CLI_TARGET_TEXT_H

#include "cli/app.h"

#include "formats/target.h"

/* Prints everything the target says: what it is, its rules, each number with how far it may be off,
 * how it came to be and where it stands, and the sources. */
void pare_target_print(pare_app *app, const pare_target *target);

/* Prints an entry per source that a number of the target stands in. */
void pare_target_print_bibtex(pare_app *app, const pare_target *target);

/* Adds the same to an object that is open. */
void pare_target_json(pare_json *json, const pare_target *target);

#endif
