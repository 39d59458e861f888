/* Telling a CI system what a run came to: --ci auto|github|gitlab|none.
 *
 * On GitHub a failed gate becomes an annotation (on standard error, which the runner reads, too),
 * report.md goes to $GITHUB_STEP_SUMMARY and figures to $GITHUB_OUTPUT. On GitLab figures go to
 * metrics.txt beside the report, for artifacts:reports:metrics. */
#ifndef CLI_CI_H
#define CLI_CI_H

#include "cli/app.h"

#include "base/contract/report.h"

typedef enum pare_ci_choice {
    PARE_CI_AUTO,
    PARE_CI_GITHUB,
    PARE_CI_GITLAB,
    PARE_CI_NONE,
} pare_ci_choice;

/* Their names, ended by NULL. */
extern const char *const pare_ci_choices[];

/* The system that --ci, or else the environment, names. */
pare_ci_choice pare_ci_system(const pare_app *app);

/* Tells it. A summary or output file that cannot be written is warned about: the result of the run
 * stands. ENOMEM. */
pare_status pare_ci_tell(pare_app *app, const pare_report *report);

/* A workflow command of GitHub: "::error title=TITLE::TEXT", escaped. kind: "error", "warning". */
void pare_ci_command(pare_line *out, const char *kind, const char *title, const char *text);

#endif
