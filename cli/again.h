/* The command line of this run as it can be given again elsewhere: what has no influence on the
 * result is left out (where it is told, by how many threads), files go by their names without
 * folders. */
#ifndef CLI_AGAIN_H
#define CLI_AGAIN_H

#include "cli/app.h"

#include "base/contract/report.h"

/* Sets the report's arguments and its line for people. Texts live in the arena. ENOMEM. */
pare_status pare_again_tell(pare_app *app, pare_arena *arena, pare_report *report);

/* Whether the option's values name files or folders, one or several with commas between. */
bool pare_option_names_file(const pare_option *option);

/* Appends a word as a shell takes it. */
void pare_shell_word(pare_doc *doc, const char *word);

#endif
