#include "op/digest.h"

#include "op/wide.h"

#include <math.h>

void pare_digest_of(pare_digest *out, const pare_tensor *tensor)
{
    double block[PARE_WIDE_BLOCK];
    const pare_wide wide = pare_wide_of(tensor->dtype);
    const int64_t n = tensor->n_elements;
    double sum = 0;
    *out = (pare_digest){ .is_whole = wide == PARE_WIDE_I64 || wide == PARE_WIDE_U64 };
    if (wide == PARE_WIDE_NONE) return;
    for (int64_t at = 0; at < n; at += PARE_WIDE_BLOCK) {
        const int64_t m = n - at < PARE_WIDE_BLOCK ? n - at : PARE_WIDE_BLOCK;
        pare_wide_load_as(PARE_WIDE_F64, tensor->dtype, tensor->payload.data, at, 1, m, block);
        for (int64_t i = 0; i < m; i++) {
            const double x = block[i];
            if (out->n_first < PARE_DIGEST_FIRST) out->first[out->n_first++] = x;
            if (isnan(x)) {
                out->n_nan++;
                continue;
            }
            if (!out->has_numbers || x < out->min) out->min = x;
            if (!out->has_numbers || x > out->max) out->max = x;
            out->has_numbers = true;
            sum += x;
        }
    }
    if (out->has_numbers) out->mean = sum / (double)(n - out->n_nan);
}
