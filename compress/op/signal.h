/* Parameters of Fourier transforms, window functions and mel weights. */
#ifndef PARE_OP_SIGNAL_H
#define PARE_OP_SIGNAL_H

#include "op/eval.h"

/* DFT, STFT. */
typedef struct pare_dft_params {
    bool inverse, onesided;
    int64_t axis;             /* of DFT; from version 20 on the default of input 2 */
} pare_dft_params;

/* BlackmanWindow, HammingWindow, HannWindow, MelWeightMatrix. */
typedef struct pare_signal_window_params {
    pare_dtype dtype;
    bool periodic;
} pare_signal_window_params;

pare_eval_fn pare_dft_eval, pare_stft_eval, pare_signal_window_eval, pare_mel_weight_matrix_eval;

#endif
