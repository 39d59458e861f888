/* What `pare data check` shows: text for people, JSON for programs. */
#ifndef CLI_DATA_CHECK_TEXT_H
#define CLI_DATA_CHECK_TEXT_H

#include "cli/data_check.h"

void pare_data_check_print(pare_app *app, const pare_data_check *check, const pare_dataset *data,
                           const char *sheet);

/* Members of an open object. sheet: file that was written; NULL: none. */
void pare_data_check_json(pare_json *json, const pare_data_check *check, const pare_dataset *data,
                          const char *sheet);

#endif
