/* Files of targets: what is read has numbers in their ranges, names for all of them, and chains of
 * types that end. */
#include "fuzz/fuzz.h"

#include "formats/target.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void check(const pare_figure *f)
{
    if (!f->kind) return;
    if (f->kind >= PARE_N_FIGURE_KINDS || !isfinite(f->value) || f->value < 0) abort();
    if (!isfinite(f->spread) || f->spread < 0) abort();
    if ((f->source && !*f->source) || (f->note && strlen(f->note) > (1 << 20))) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    pare_ctx ctx;
    pare_target *t = NULL;
    pare_ctx_init(&ctx, NULL);
    if (pare_target_parse(&ctx, &t, "fuzz/x", (const char *)data, n_bytes)) {
        if (t || !ctx.message[0]) abort();
        return 0;
    }
    const pare_hardware *h = &t->hardware;
    if (!t->name || !t->title || t->version < 1 || t->batch < 1) abort();
    for (int i = 0; i < PARE_N_ARITHMETIC; i++) {
        int at = i;
        check(&h->mac_pj[i]);
        check(&h->macs_per_s[i]);
        for (int steps = 0; h->fallback[at] != at; at = h->fallback[at])
            if (steps++ > PARE_N_ARITHMETIC) abort();
    }
    for (size_t i = 0; i < h->n_levels; i++) {
        if (!h->levels[i].name || !(h->levels[i].usable > 0)) abort();
        check(&h->levels[i].pj_per_byte);
    }
    for (size_t i = 0; i < t->n_groups; i++)
        if (!t->groups[i].name || !t->groups[i].n_parts) abort();
    pare_target_free(&ctx, t);
    return 0;
}
