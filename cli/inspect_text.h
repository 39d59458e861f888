#ifndef CLI_INSPECT_TEXT_H
#define CLI_INSPECT_TEXT_H

#include "cli/model_file.h"

/* Prints what a model is made of for people: first what it is and what goes in and out, then how
 * large it is, then what it computes with. Long lists are cut unless --verbose asks for all. */
void pare_inspect_print(pare_app *app, const char *path, const pare_model *model,
                        const pare_summary *summary);

#endif
