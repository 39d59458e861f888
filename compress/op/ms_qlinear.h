/* Parameters of com.microsoft's operators on quantized numbers. */
#ifndef PARE_OP_MS_QLINEAR_H
#define PARE_OP_MS_QLINEAR_H

#include "op/op.h"

typedef struct pare_qlinear_params {
    float alpha;              /* QLinearLeakyRelu */
    int64_t axis;             /* QLinearConcat, QLinearSoftmax */
    int64_t softmax_opset;    /* QLinearSoftmax: whose Softmax it stands for; below 13 flattened */
} pare_qlinear_params;

pare_eval_fn pare_qlinear_binary_eval, pare_qlinear_unary_eval, pare_qlinear_softmax_eval;
pare_eval_fn pare_qlinear_where_eval, pare_qlinear_concat_eval;

#endif
