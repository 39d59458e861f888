/* Nodes that multiply their input by constant weights: Conv, ConvTranspose, Gemm, MatMul. One view
 * of all of them, as products of rows of weights with what is before each output:
 *
 *     y[o] = sum over taps t and inputs i of w[o, t, i] * x[t, i]  +  bias[o]
 *
 * o counts the outputs of all groups, i the inputs of the group that o is in. */
#ifndef PARE_OP_LINEAR_H
#define PARE_OP_LINEAR_H

#include "op/op.h"

typedef enum pare_linear_kind {
    PARE_LINEAR_CONV,
    PARE_LINEAR_CONV_TRANSPOSE,
    PARE_LINEAR_GEMM,
    PARE_LINEAR_MATMUL,
} pare_linear_kind;

typedef struct pare_linear {
    pare_linear_kind kind;
    pare_node_id node;
    pare_value_id weight;
    pare_value_id bias;       /* as the node has it; PARE_NONE */
    float factor, bias_factor; /* alpha and beta of Gemm; else 1 */
    bool may_have_bias;       /* MatMul may not */
    int64_t out, group, in, taps; /* outputs of all groups; inputs of a group */
    int64_t at_group, at_out, at_in, at_tap; /* elements from one to the next within the weights;
                                 at_out within a group */
    uint32_t weight_axis;     /* of the weights, along which outputs (of a group) lie */
    int32_t input_axis, output_axis; /* of x and y, along which channels lie: 1, or -1 the last */
    uint32_t rank;            /* of x and y; 0: any from 2 on */
} pare_linear;

/* Whether a node is one of them, with weights that are an initializer of rank 2 (MatMul, Gemm) or
 * more; its bias need not be constant. False, too, where the file is wrong. It needs no memory; ctx
 * is for messages that nobody sees. */
bool pare_linear_of(pare_ctx *ctx, pare_linear *out, const pare_model *model, pare_node_id node);

/* Place of a weight among the elements. */
static inline int64_t pare_linear_at(const pare_linear *l, int64_t out, int64_t tap, int64_t in)
{
    const int64_t per_group = l->out / l->group;
    return out / per_group * l->at_group + out % per_group * l->at_out + tap * l->at_tap +
           in * l->at_in;
}

/* Copies the weights of output o from elements, to row [taps * in]: inputs next to each other, the
 * order in which products are summed; and back. */
void pare_linear_get_row(const pare_linear *l, int64_t o, const float *elements, float *row);
void pare_linear_put_row(const pare_linear *l, int64_t o, const float *row, float *elements);

#endif
