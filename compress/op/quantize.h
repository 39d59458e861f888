/* Parameters of quantization. */
#ifndef PARE_OP_QUANTIZE_H
#define PARE_OP_QUANTIZE_H

#include "op/shape.h"

typedef struct pare_quantize_params {
    int64_t axis;             /* of scales that are not scalar */
    int64_t block_size;       /* elements per scale along the axis; 0: no blocks */
    pare_dtype output;        /* UNDEFINED: of the zero point (quantize) or scale (dequantize) */
    pare_dtype precision;     /* of the division; UNDEFINED: of the scale */
    bool saturate;            /* float8: out of range becomes the largest value */
} pare_quantize_params;

/* Smallest and largest code of an integer type of up to 32 bits. */
void pare_quantized_range(pare_dtype dtype, int64_t *low, int64_t *high);

/* DynamicQuantizeLinear's choice for a tensor (PARE_WIDE_F32): its range, widened to hold 0, over
 * 0..255; the zero point is rounded and kept in there. */
void pare_dynamic_range(const pare_tensor *x, float *scale, int64_t *zero);

/* The same of a range that holds 0. */
void pare_dynamic_scale(float low, float high, float *scale, int64_t *zero);

pare_eval_fn pare_quantize_eval, pare_dequantize_eval, pare_dynamic_quantize_eval;

#endif
