/* The recurrent part of RNN, LSTM and GRU: states of some items of a batch through all steps. */
#ifndef PARE_RUN_LOWER_CELL_H
#define PARE_RUN_LOWER_CELL_H

#include "op/rnn.h"
#include "run/step.h"

typedef struct pare_rnn_job {
    const pare_rnn_cell *cell;
    int64_t steps, batch, hidden, directions;
    pare_gate_f32 gates[2][PARE_RNN_MAX_GATES];
    float clip;
    bool batch_first, reverse, coupled;
    bool reset_after;         /* GRU: linear_before_reset */
    bool is_usual[2];         /* by direction: sigmoid and tanh, not clipped, no peepholes */

    /* R packed by direction: columns [0, n_first) of the gates; of a GRU, those of the hidden gate
     * besides. */
    const float *r, *r_second;
    int64_t n_first;
    const float *second_bias; /* [directions, hidden] and a panel: of GRU with reset_after */

    pare_laid xw;             /* [directions, rows of X, xw_row]: where chains go on */
    int64_t xw_row;
    bool has_initial_h, has_initial_c, has_peepholes, has_y, has_h, has_c;
    pare_laid initial_h, initial_c, peepholes, y, h, c;

    int items_per_task;
    uint32_t n_tasks;
    size_t scratch_bytes;
} pare_rnn_job;

/* Sets is_usual and how the job is split into tasks, the rest being set. */
void pare_rnn_split(pare_rnn_job *j, const pare_kernels *kernels);

/* Takes the items of a task through all steps. */
void pare_rnn_run(const pare_rnn_job *j, const pare_frame *frame, uint32_t task, uint8_t *scratch);

#endif
