#include "kernels/rnn.h"

#include "kernels/math.h"

#include <math.h>

float pare_affine_f32_ref(float a, float b, float x)
{
    return a * x + b;
}

float pare_scaled_tanh_f32_ref(float a, float b, float x)
{
    return a * pare_tanh_f32_ref(b * x);
}

float pare_gate_sigmoid_f32_ref(float a, float b, float x)
{
    (void)a;
    (void)b;
    return pare_sigmoid_f32_ref(x);
}

float pare_gate_softplus_f32_ref(float a, float b, float x)
{
    (void)a;
    (void)b;
    return pare_softplus_f32_ref(x);
}

static float bound_f32(float x, float clip)
{
    if (x > clip) return clip;
    return x < -clip ? -clip : x;
}

static float gate_f32(pare_gate_f32 g, float clip, float sum)
{
    return g.fn(g.a, g.b, bound_f32(sum, clip));
}

void pare_rnn_cell_f32_ref(int64_t n, pare_gate_f32 f, float clip, const float *sums, float *h)
{
    for (int64_t j = 0; j < n; j++) h[j] = gate_f32(f, clip, sums[j]);
}

void pare_lstm_cell_f32_ref(int64_t n, const pare_gate_f32 *gates, float clip, bool coupled,
                            const float *peepholes, const float *sums, float *c, float *h)
{
    for (int64_t j = 0; j < n; j++) {
        float sum_i = sums[j];
        float sum_o = sums[n + j];
        float sum_f = sums[2 * n + j];
        if (peepholes) {
            sum_i = fmaf(peepholes[j], c[j], sum_i);
            sum_f = fmaf(peepholes[2 * n + j], c[j], sum_f);
        }
        const float i = gate_f32(gates[0], clip, sum_i);
        const float forget = coupled ? 1 - i : gate_f32(gates[0], clip, sum_f);
        c[j] = fmaf(forget, c[j], i * gate_f32(gates[1], clip, sums[3 * n + j]));
        if (peepholes) sum_o = fmaf(peepholes[n + j], c[j], sum_o);
        h[j] = gate_f32(gates[0], clip, sum_o) * gates[2].fn(gates[2].a, gates[2].b, c[j]);
    }
}

void pare_gru_gates_f32_ref(int64_t n, pare_gate_f32 f, float clip, float *sums, const float *h,
                            float *reset_h)
{
    for (int64_t j = 0; j < n; j++) {
        sums[j] = gate_f32(f, clip, sums[j]);
        sums[n + j] = gate_f32(f, clip, sums[n + j]);
        reset_h[j] = sums[n + j] * h[j];
    }
}

void pare_gru_reset_f32_ref(int64_t n, const float *r, const float *second, float *sums)
{
    for (int64_t j = 0; j < n; j++) sums[j] = fmaf(r[j], second[j], sums[j]);
}

void pare_gru_cell_f32_ref(int64_t n, pare_gate_f32 g, float clip, const float *z,
                           const float *sums, float *h)
{
    for (int64_t j = 0; j < n; j++)
        h[j] = fmaf(z[j], h[j], (1 - z[j]) * gate_f32(g, clip, sums[j]));
}

double pare_affine_f64_ref(double a, double b, double x)
{
    return a * x + b;
}

double pare_scaled_tanh_f64_ref(double a, double b, double x)
{
    return a * tanh(b * x);
}

double pare_gate_sigmoid_f64_ref(double a, double b, double x)
{
    (void)a;
    (void)b;
    return pare_sigmoid_f64_ref(x);
}

double pare_gate_softplus_f64_ref(double a, double b, double x)
{
    (void)a;
    (void)b;
    return pare_softplus_f64_ref(x);
}

static double bound_f64(double x, double clip)
{
    if (x > clip) return clip;
    return x < -clip ? -clip : x;
}

static double gate_f64(pare_gate_f64 g, double clip, double sum)
{
    return g.fn(g.a, g.b, bound_f64(sum, clip));
}

void pare_rnn_cell_f64_ref(int64_t n, pare_gate_f64 f, double clip, const double *sums, double *h)
{
    for (int64_t j = 0; j < n; j++) h[j] = gate_f64(f, clip, sums[j]);
}

void pare_lstm_cell_f64_ref(int64_t n, const pare_gate_f64 *gates, double clip, bool coupled,
                            const double *peepholes, const double *sums, double *c, double *h)
{
    for (int64_t j = 0; j < n; j++) {
        double sum_i = sums[j];
        double sum_o = sums[n + j];
        double sum_f = sums[2 * n + j];
        if (peepholes) {
            sum_i = fma(peepholes[j], c[j], sum_i);
            sum_f = fma(peepholes[2 * n + j], c[j], sum_f);
        }
        const double i = gate_f64(gates[0], clip, sum_i);
        const double forget = coupled ? 1 - i : gate_f64(gates[0], clip, sum_f);
        c[j] = fma(forget, c[j], i * gate_f64(gates[1], clip, sums[3 * n + j]));
        if (peepholes) sum_o = fma(peepholes[n + j], c[j], sum_o);
        h[j] = gate_f64(gates[0], clip, sum_o) * gates[2].fn(gates[2].a, gates[2].b, c[j]);
    }
}

void pare_gru_gates_f64_ref(int64_t n, pare_gate_f64 f, double clip, double *sums, const double *h,
                            double *reset_h)
{
    for (int64_t j = 0; j < n; j++) {
        sums[j] = gate_f64(f, clip, sums[j]);
        sums[n + j] = gate_f64(f, clip, sums[n + j]);
        reset_h[j] = sums[n + j] * h[j];
    }
}

void pare_gru_reset_f64_ref(int64_t n, const double *r, const double *second, double *sums)
{
    for (int64_t j = 0; j < n; j++) sums[j] = fma(r[j], second[j], sums[j]);
}

void pare_gru_cell_f64_ref(int64_t n, pare_gate_f64 g, double clip, const double *z,
                           const double *sums, double *h)
{
    for (int64_t j = 0; j < n; j++)
        h[j] = fma(z[j], h[j], (1 - z[j]) * gate_f64(g, clip, sums[j]));
}
