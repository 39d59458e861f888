/* Recurrent layers: RNN, LSTM, GRU.
 *
 * A gate's sum before its activation is one chain of fused multiply-adds for each number:
 *
 *   it starts at Wb + Rb (rounded once; 0 without biases),
 *   goes on over x[p] * W[j,p] in ascending p (one pare_gemm over all time steps),
 *   then over h[p] * R[j,p] in ascending p (one pare_gemm row per step, the sum so far as bias).
 *
 * GRU's hidden gate: over (r h)[p] * R[j,p]. With linear_before_reset its first chain starts at Wb
 * alone, a second one starts at Rb and goes over h[p] * R[j,p], and the sum is
 * fma(r, second, first).
 *
 * What follows is below. Sums are bounded to [-clip, clip] (INFINITY: not at all) before their
 * activation (an LSTM's cell before h is not, as ONNX Runtime has it); NaN stays NaN. */
#ifndef KERNELS_RNN_H
#define KERNELS_RNN_H

#include "kernels/activation.h"

#include <stdbool.h>
#include <stdint.h>

/* Activations that are not in activation.h. */
pare_activation_f32 pare_affine_f32_ref;       /* a x + b */
pare_activation_f32 pare_scaled_tanh_f32_ref;  /* a tanh(b x) */
pare_activation_f32 pare_gate_sigmoid_f32_ref; /* 1 / (1 + e^-x) */
pare_activation_f32 pare_gate_softplus_f32_ref; /* log(1 + e^x) */

pare_activation_f64 pare_affine_f64_ref, pare_scaled_tanh_f64_ref;
pare_activation_f64 pare_gate_sigmoid_f64_ref, pare_gate_softplus_f64_ref;

/* An activation with its parameters. */
typedef struct pare_gate_f32 {
    pare_activation_f32 *fn;
    float a, b;
} pare_gate_f32;
typedef struct pare_gate_f64 {
    pare_activation_f64 *fn;
    double a, b;
} pare_gate_f64;

/* h = f(sums), [n]. */
void pare_rnn_cell_f32_ref(int64_t n, pare_gate_f32 f, float clip, const float *sums, float *h);
void pare_rnn_cell_f64_ref(int64_t n, pare_gate_f64 f, double clip, const double *sums, double *h);

/* One step of a row of an LSTM: cell c [n] and hidden state h [n] become the next ones.
 *   sums [4,n]: input, output, forget, cell gate
 *   peepholes [3,n] (Pi, Po, Pf), or NULL
 *   gates: f, g, h
 *   i = f(fma(Pi, c, sum)); forget = f(fma(Pf, c, sum)), coupled: 1 - i
 *   c' = fma(forget, c, i g(sum)); o = f(fma(Po, c', sum)); h' = o h(c') */
void pare_lstm_cell_f32_ref(int64_t n, const pare_gate_f32 *gates, float clip, bool coupled,
                            const float *peepholes, const float *sums, float *c, float *h);
void pare_lstm_cell_f64_ref(int64_t n, const pare_gate_f64 *gates, double clip, bool coupled,
                            const double *peepholes, const double *sums, double *c, double *h);

/* First half of a step of a GRU: sums [2,n] of the update and reset gates become z = f(sum) and
 * r = f(sum); reset_h [n] = r h. */
void pare_gru_gates_f32_ref(int64_t n, pare_gate_f32 f, float clip, float *sums, const float *h,
                            float *reset_h);
void pare_gru_gates_f64_ref(int64_t n, pare_gate_f64 f, double clip, double *sums, const double *h,
                            double *reset_h);

/* With linear_before_reset: sums [n] becomes fma(r, second, sum). */
void pare_gru_reset_f32_ref(int64_t n, const float *r, const float *second, float *sums);
void pare_gru_reset_f64_ref(int64_t n, const double *r, const double *second, double *sums);

/* Second half: h [n] becomes fma(z, h, (1 - z) g(sum)). */
void pare_gru_cell_f32_ref(int64_t n, pare_gate_f32 g, float clip, const float *z,
                           const float *sums, float *h);
void pare_gru_cell_f64_ref(int64_t n, pare_gate_f64 g, double clip, const double *z,
                           const double *sums, double *h);

#endif
