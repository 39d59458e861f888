/* An estimate as the figures of a report. */
#ifndef PARE_ENERGY_FIGURES_H
#define PARE_ENERGY_FIGURES_H

#include "energy/energy.h"

/* Sets *out; file_bytes is what the model's files take, which an estimate does not know. Accuracy
 * is that of nobody having looked. */
void pare_estimate_figures(pare_report_figures *out, const pare_estimate *estimate,
                           uint64_t file_bytes);

#endif
