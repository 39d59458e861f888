/* The activation that a fused operator (com.microsoft's FusedConv, FusedGemm) ends with. */
#ifndef PARE_OP_FUSED_ACTIVATION_H
#define PARE_OP_FUSED_ACTIVATION_H

#include "kernels/activation.h"
#include "kernels/math.h"
#include "op/reals.h"

/* One pair of these, or nothing: the identity. */
typedef struct pare_fused_activation {
    pare_fn_f32 *plain_f32;
    pare_fn_f64 *plain_f64;
    pare_activation_f32 *f32; /* with a and b */
    pare_activation_f64 *f64;
    float a, b;
} pare_fused_activation;

/* Finds the one with this name (empty: the identity) and takes the n parameters that are given;
 * those that are not are the defaults of the operator with the name. EUNSUPPORTED for other
 * names. */
pare_status pare_fused_activation_find(pare_ctx *ctx, const pare_call *call, pare_bytes name,
                                       uint32_t n, const float *given, pare_fused_activation *out);

/* Replaces n floats or doubles by what the function makes of them. */
void pare_fused_activation_apply(const pare_fused_activation *activation, pare_reals *y, int64_t n);

#endif
