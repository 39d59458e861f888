/* Parameters of convolutions, as every facet sees them. */
#ifndef PARE_OP_CONV_H
#define PARE_OP_CONV_H

#include "op/window.h"

typedef struct pare_conv_params {
    pare_window window;
    int64_t group;            /* >= 1 */
    int64_t offset_group;     /* DeformConv; else 1 */
    pare_bytes activation;    /* com.microsoft.FusedConv: e.g. "Relu"; else empty */
    pare_floats activation_params;
} pare_conv_params;

typedef struct pare_conv_transpose_params {
    pare_window window;
    int64_t group;
    pare_ints output_padding, output_shape; /* n 0: absent */
} pare_conv_transpose_params;

/* How much is cut off Y in front along spatial axis d, whose sizes, stride and dilation s has.
 * Padding that is not given follows from the output's size; an odd one is larger at the end for
 * SAME_UPPER, else at the beginning. */
int64_t pare_conv_transpose_cut(const pare_conv_transpose_params *p, const pare_window_shape *s,
                                uint32_t d);

/* Evals of the forms of convolution (op/eval.h). */
pare_eval_fn pare_conv_eval, pare_conv_integer_eval, pare_qlinear_conv_eval;
pare_eval_fn pare_fused_conv_eval, pare_deform_conv_eval, pare_conv_transpose_eval;

#endif
