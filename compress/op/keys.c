#include "op/keys.h"

#include "kernels/order.h"

#include <string.h>

void pare_keys_load(const pare_tensor *x, int64_t start, int64_t step, int64_t n, int64_t *keys)
{
    const pare_wide wide = pare_wide_of(x->dtype);
    for (int64_t at = 0; at < n; at += PARE_WIDE_BLOCK) {
        const int64_t part = n - at < PARE_WIDE_BLOCK ? n - at : PARE_WIDE_BLOCK;
        pare_wide_block b;
        pare_wide_load(x->dtype, pare_eval_data(x), start + at * step, step, part, &b);
        switch (wide) {
        case PARE_WIDE_F32: pare_keys_f32_ref(part, b.f32, keys + at); break;
        case PARE_WIDE_F64: pare_keys_f64_ref(part, b.f64, keys + at); break;
        case PARE_WIDE_U64: pare_keys_u64_ref(part, b.u64, keys + at); break;
        case PARE_WIDE_I64:
        case PARE_WIDE_NONE: memcpy(keys + at, b.i64, (size_t)part * sizeof(*keys)); break;
        }
    }
}
