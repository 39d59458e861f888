/* Figures of models as text for people. */
#ifndef CLI_FIGURES_TEXT_H
#define CLI_FIGURES_TEXT_H

#include "cli/figures.h"

/* What one inference of a report's model costs, on each target. */
void pare_figures_print(pare_app *app, const pare_report *report, size_t model);

/* The layers of a report's model: time, energy, what bounds them. */
void pare_figures_print_layers(pare_app *app, const pare_report *report, size_t model);

/* All models side by side, on each target, with ratios to the first; then which of them the
 * estimate cannot tell apart, and the verdict. ENOMEM. */
pare_status pare_figures_print_comparison(pare_app *app, const pare_report *report);

#endif
