/* Parameters of recurrent layers. */
#ifndef PARE_OP_RNN_H
#define PARE_OP_RNN_H

#include "kernels/rnn.h"
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

enum { PARE_RNN_MAX_GATES = 3 };

/* What the three layers differ in. */
typedef struct pare_rnn_cell {
    const char *name;
    int64_t n_sums;           /* gates in W and R */
    uint32_t n_gates;         /* activations */
    const char *gates[PARE_RNN_MAX_GATES];
} pare_rnn_cell;

/* That of the operator with this name, which is one of them. */
const pare_rnn_cell *pare_rnn_cell_of(const char *name);

/* Activations by direction. */
typedef struct pare_rnn_gates {
    pare_gate_f32 f32[2][PARE_RNN_MAX_GATES];
    pare_gate_f64 f64[2][PARE_RNN_MAX_GATES];
} pare_rnn_gates;

/* Those that the attributes name, or the layer's own. EFORMAT. */
pare_status pare_rnn_find_gates(pare_ctx *ctx, const pare_call *call, const pare_rnn_params *p,
                                const pare_rnn_cell *cell, int64_t n_directions,
                                pare_rnn_gates *out);

/* RNN, LSTM and GRU. */
pare_eval_fn pare_rnn_eval;

#endif
