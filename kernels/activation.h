/* Activations of one number, with up to two parameters a and b (see the formulas). Float versions
 * round after each operation of the formula as written in ref/activation.c, with the functions of
 * math.h; double versions use the C library. NaN in, NaN out. */
#ifndef KERNELS_ACTIVATION_H
#define KERNELS_ACTIVATION_H

typedef float pare_activation_f32(float a, float b, float x);
typedef double pare_activation_f64(double a, double b, double x);

pare_activation_f32 pare_celu_f32_ref;          /* max(x, 0) + min(0, a (e^(x/a) - 1)) */
pare_activation_f32 pare_clip_f32_ref;          /* x < a: a; then > b: b */
pare_activation_f32 pare_elu_f32_ref;           /* x < 0: a (e^x - 1), else x */
pare_activation_f32 pare_gelu_f32_ref;          /* x/2 (1 + erf(x / sqrt 2)) */
pare_activation_f32 pare_gelu_tanh_f32_ref; /* x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
pare_activation_f32 pare_hard_sigmoid_f32_ref;  /* a x + b, between 0 and 1 */
pare_activation_f32 pare_hard_swish_f32_ref;    /* x (x/6 + 1/2, between 0 and 1) */
pare_activation_f32 pare_leaky_relu_f32_ref;    /* x < 0: a x, else x */
pare_activation_f32 pare_mish_f32_ref;          /* x tanh(softplus(x)) */
pare_activation_f32 pare_selu_f32_ref;          /* b x, for x <= 0 b (a e^x - a) */
pare_activation_f32 pare_shrink_f32_ref;        /* x < -a: x + b; x > a: x - b; else 0 */
pare_activation_f32 pare_softsign_f32_ref;      /* x / (1 + |x|) */
pare_activation_f32 pare_swish_f32_ref;         /* x sigmoid(a x) */
pare_activation_f32 pare_thresholded_relu_f32_ref; /* x > a: x, else 0 */

pare_activation_f64 pare_celu_f64_ref, pare_elu_f64_ref, pare_gelu_f64_ref, pare_gelu_tanh_f64_ref;
pare_activation_f64 pare_hard_sigmoid_f64_ref, pare_hard_swish_f64_ref, pare_leaky_relu_f64_ref;
pare_activation_f64 pare_mish_f64_ref, pare_selu_f64_ref, pare_shrink_f64_ref;
pare_activation_f64 pare_softsign_f64_ref, pare_swish_f64_ref, pare_thresholded_relu_f64_ref;

#endif
