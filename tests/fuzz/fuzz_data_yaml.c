/* DATA.yaml: what is accepted keeps its promises about names, splits and metrics. */
#include "fuzz/fuzz.h"

#include "formats/dataset/desc.h"

#include <stdlib.h>
#include <string.h>

static void check(const pare_data_desc *d)
{
    size_t n_rest = 0;
    bool has_source = false;
    if (!d->n_inputs) abort();
    for (size_t i = 0; i < d->n_inputs; i++) {
        const pare_input_desc *in = &d->inputs[i];
        if (!in->name || !in->at || (in->fill != PARE_FILL_VALUE && !in->path)) abort();
        if (in->preprocess && in->preprocess->n > PARE_PREP_MAX_STEPS) abort();
        has_source |= in->fill == PARE_FILL_SOURCE;
    }
    for (size_t i = 0; i < d->n_splits; i++) {
        const pare_split_desc *s = &d->splits[i];
        n_rest += s->part == PARE_PART_REST;
        if (s->part == PARE_PART_ROWS && s->first > s->last) abort();
        if (s->part == PARE_PART_PERCENT && !(s->percent > 0 && s->percent <= 100)) abort();
        if (s->split == PARE_DATA_ALL) abort();
    }
    for (size_t i = 0; i < d->n_metrics; i++)
        if (!d->metrics[i].name || !d->metrics[i].name[0]) abort();
    if (!has_source || n_rest > 1 || !d->golden_sample != !d->golden_output) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    pare_ctx ctx;
    pare_data_desc d;
    pare_ctx_init(&ctx, NULL);
    const pare_status st = pare_data_describe_text(&ctx, &d, "/nowhere/DATA.yaml",
                                                   (const char *)data, n_bytes);
    if (!st) check(&d);
    else if (!ctx.message[0]) abort();
    pare_data_desc_free(&d);
    return 0;
}
