/* Parameters of recurrent layers. */
#ifndef PARE_OP_RNN_H
#define PARE_OP_RNN_H

#include "op/eval.h"
#include "op/shape.h"

typedef enum pare_rnn_direction {
    PARE_RNN_FORWARD,
    PARE_RNN_REVERSE,
    PARE_RNN_BIDIRECTIONAL,
} pare_rnn_direction;

typedef struct pare_rnn_params {
    int direction;            /* pare_rnn_direction */
    int64_t hidden_size;      /* 0: as the recurrence weight says */
    bool batch_first;         /* layout 1 (opset 14) */
    bool has_clip;
    float clip;
    bool input_forget;        /* LSTM: input and forget gates are coupled */
    bool linear_before_reset; /* GRU */
    const pare_attr *activations; /* strings; NULL: the operator's own */
    pare_floats activation_alpha, activation_beta;
} pare_rnn_params;

/* RNN, LSTM and GRU. */
pare_eval_fn pare_rnn_eval;

#endif
