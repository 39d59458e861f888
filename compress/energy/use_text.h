/* The sentence of energy/use.h. */
#ifndef PARE_ENERGY_USE_TEXT_H
#define PARE_ENERGY_USE_TEXT_H

#include "energy/use.h"

/* Fills out->sentence from all that is reckoned. */
void pare_use_sentence(pare_use_result *out, const pare_usage *use, const pare_use_input *in);

#endif
