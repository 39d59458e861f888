/* Elementary functions with one result on every machine.
 *
 * Those of float are built from IEEE operations and fmaf alone, or from plain double arithmetic
 * that is rounded once at the end; no function of the C library's that may differ between machines
 * takes part. Infinities, NaN, zeros and subnormal numbers come out as C11 Annex F has them.
 * Errors are in units of the last place (ulp) of the exact result, as measured by
 * tests/kernels/test_math.c. */
#ifndef KERNELS_MATH_H
#define KERNELS_MATH_H

#include <stdint.h>

/* One signature for all, so that tables can hold them. */
typedef float pare_fn_f32(float x);
typedef double pare_fn_f64(double x);

/* In float with fmaf: what activations and Softmax spend their time on. */
pare_fn_f32 pare_exp_f32_ref;      /* e^x, at most 1 ulp */
pare_fn_f32 pare_log_f32_ref;      /* natural logarithm, at most 1 ulp */
pare_fn_f32 pare_tanh_f32_ref;     /* at most 1.3 ulp */
pare_fn_f32 pare_sigmoid_f32_ref;  /* 1 / (1 + e^-x), at most 2.2 ulp */
pare_fn_f32 pare_softplus_f32_ref; /* log(1 + e^x), at most 1.7 ulp */
pare_fn_f32 pare_erf_f32_ref;      /* at most 1.1 ulp */

/* Through double: at most 0.51 ulp. Sine, cosine and tangent reduce any argument exactly. */
pare_fn_f32 pare_sin_f32_ref, pare_cos_f32_ref, pare_tan_f32_ref;
pare_fn_f32 pare_asin_f32_ref, pare_acos_f32_ref, pare_atan_f32_ref;
pare_fn_f32 pare_sinh_f32_ref, pare_cosh_f32_ref;
pare_fn_f32 pare_asinh_f32_ref, pare_acosh_f32_ref, pare_atanh_f32_ref;

/* x^y as C11's pow, at most 0.51 ulp; x^2 is x * x. */
float pare_pow_f32_ref(float x, float y);

/* In double, from plain arithmetic like the above, to some 2^-50: for results that must not depend
 * on the machine. The logarithm's x is positive, finite and normal. */
double pare_plain_exp_f64_ref(double x);
double pare_plain_log_f64_ref(double x);

/* In double, by the C library where no formula of ours is needed. */
pare_fn_f64 pare_sigmoid_f64_ref, pare_softplus_f64_ref;

/* |x|; square root, rounded once. */
pare_fn_f32 pare_abs_f32_ref, pare_sqrt_f32_ref;

/* Up and down to an integer; to the nearest integer, halves to the even one. */
pare_fn_f32 pare_ceil_f32_ref, pare_floor_f32_ref;
pare_fn_f32 pare_round_f32_ref;
pare_fn_f64 pare_round_f64_ref;

/* -x; 1 / x; -1, 0 or 1 by sign; max(x, 0). NaN stays. */
pare_fn_f32 pare_neg_f32_ref, pare_reciprocal_f32_ref, pare_sign_f32_ref, pare_relu_f32_ref;
pare_fn_f64 pare_neg_f64_ref, pare_reciprocal_f64_ref, pare_sign_f64_ref, pare_relu_f64_ref;

#endif
