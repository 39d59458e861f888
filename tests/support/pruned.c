#include "support/pruned.h"

#include <string.h>

/* --- choosing --------------------------------------------------------------------------------- */

static bool leaves_all(const pare_axes_found *a, uint32_t group, const bool *gone)
{
    for (size_t k = 0; k < a->n_factors; k++) {
        const pare_factor *f = &a->factors[k];
        if (f->group != group) continue;
        bool any = false;
        for (int64_t i = 0; i < f->size; i++) any |= !gone[a->class_of[f->first + (uint32_t)i]];
        if (!any) return false;
    }
    return true;
}

size_t test_prune_choose(const pare_axes_found *a, uint32_t group, pare_rng *rng, bool *gone)
{
    const size_t wanted = 1 + a->groups[group].n_classes / 3;
    size_t n = 0;
    memset(gone, 0, a->n_classes * sizeof(*gone));
    for (int round = 0; round < 2; round++)
        for (size_t c = 0; c < a->n_classes && n < (round ? 1 : wanted); c++) {
            if (a->classes[c].group != group || (!round && pare_rng_next(rng) % 3 != 0)) continue;
            gone[c] = true;
            if (leaves_all(a, group, gone)) n++;
            else gone[c] = false;
        }
    return n;
}
