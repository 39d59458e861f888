/* Small models that each lean on one thing, so that a machine's numbers can be told apart when they
 * are measured: products out of each store, operations that take long, bytes moved. */
#ifndef PARE_ENERGY_MICRO_H
#define PARE_ENERGY_MICRO_H

#include "ir/model.h"

/* How many there are, and the name of each. Static. */
size_t pare_micro_count(void);
const char *pare_micro_name(size_t i);

/* Builds one; weights are pseudo-random. The caller frees *out with pare_model_free. ENOMEM,
 * EBUDGET. */
pare_status pare_micro_build(pare_ctx *ctx, pare_model **out, size_t i);

#endif
