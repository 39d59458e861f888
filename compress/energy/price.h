/* Layers priced with a target's coefficients. Inside of energy only. */
#ifndef PARE_ENERGY_PRICE_H
#define PARE_ENERGY_PRICE_H

#include "energy/coefs.h"

/* What a layer is priced by: what one inference takes of it, so `times` and the batch are in all of
 * these. */
typedef struct pare_layer_work {
    double energy_macs, time_macs; /* products, less what zeros save */
    double ops;                    /* all other operations */
    double launches;
    double far_weight_bytes;       /* of the last level and the store of weights */
} pare_layer_work;

/* A count that may be beyond 64 bits, rounded; the most there is then. */
static inline uint64_t pare_count_of(double n)
{
    return n < 18446744073709549568.0 ? (uint64_t)(n + 0.5) : UINT64_MAX;
}

/* Fills the layer's terms, time, bound and intensity from its counts and `work`. */
void pare_price_layer(const pare_estimate *e, pare_estimate_layer *layer,
                      const pare_layer_work *work);

/* Sums the layers up, with draws where the estimate has them; works [n_layers]. ENOMEM. */
pare_status pare_price_total(pare_ctx *ctx, pare_estimate *e, const pare_layer_work *works);

#endif
