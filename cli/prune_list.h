/* `pare prune --list-groups`: what of a model can be pruned, and why other things cannot. */
#ifndef CLI_PRUNE_LIST_H
#define CLI_PRUNE_LIST_H

#include "cli/app.h"

#include "compress/pare.h"

/* Prints the listing as text, or with --json as one object. Returns the exit status. */
int pare_prune_list_show(pare_app *app, const char *path, const pare_target *target,
                         const pare_prune_listing *listing);

#endif
