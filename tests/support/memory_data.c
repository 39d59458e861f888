#include "support/memory_data.h"

#include "ir/tensor.h"

#include <stdio.h>

static pare_status load(void *self, pare_ctx *ctx, uint64_t sample, pare_tensor **out)
{
    const test_memory_data *m = self;
    uint8_t *bytes = NULL;
    out[0] = NULL;
    PARE_TRY(pare_tensor_new(ctx, &out[0], PARE_FLOAT, m->rank, m->dims));
    const pare_status st = pare_tensor_own(ctx, &out[0], &bytes);
    for (int64_t i = 0; !st && i < out[0]->n_elements; i++)
        ((float *)(void *)bytes)[i] = m->at(sample, i);
    if (!st) return PARE_OK;
    pare_tensor_unref(out[0]);
    out[0] = NULL;
    return st;
}

static const char *name(void *self, uint64_t sample, char *out, size_t out_bytes)
{
    (void)self;
    snprintf(out, out_bytes, "row %d", (int)sample);
    return out;
}

void test_memory_data_init(test_memory_data *m, uint64_t n, uint32_t rank, const int64_t *dims,
                           float (*at)(uint64_t sample, int64_t element))
{
    static const char *const inputs[] = { "" };
    static const bool has_batch[] = { true };
    *m = (test_memory_data){ .rank = rank, .dims = dims, .at = at };
    m->data = (pare_dataset){ .n = n, .n_inputs = 1, .inputs = inputs, .has_batch = has_batch,
                              .self = m, .load = load, .name = name };
}
