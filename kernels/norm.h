/* Normalization of a row of x [n] to y [n]; y may be x. A row over several axes is a sequence in
 * row-major order of those axes.
 *
 * Statistics are taken in two passes: mean = sum / n, then variance = sum of (x - mean)^2 / n, both
 * sums in the order of kernels/sum.h in the type of the elements. What is computed once per row,
 * like 1 / sqrt(variance + epsilon), is computed in double and rounded once; what is computed per
 * element is as the formulas have it, each operation rounded. */
#ifndef KERNELS_NORM_H
#define KERNELS_NORM_H

#include <stdint.h>

float pare_variance_f32_ref(int64_t n, const float *x, float mean);
double pare_variance_f64_ref(int64_t n, const double *x, double mean);

/* (x - mean) * inverse * scale + bias, the last step a fused multiply-add, with
 * inverse = 1 / sqrt(variance + epsilon).
 *   scale [n]; bias [n], or NULL: then the last step is a product
 *   mean, inverse   receive the statistics */
void pare_layer_norm_f32_ref(int64_t n, const float *x, const float *scale, const float *bias,
                             double epsilon, float *y, float *mean, float *inverse);
void pare_layer_norm_f64_ref(int64_t n, const double *x, const double *scale, const double *bias,
                             double epsilon, double *y, double *mean, double *inverse);

/* x * inverse * scale, with inverse = 1 / sqrt(sum of x^2 / n + epsilon). */
void pare_rms_norm_f32_ref(int64_t n, const float *x, const float *scale, double epsilon, float *y,
                           float *inverse);
void pare_rms_norm_f64_ref(int64_t n, const double *x, const double *scale, double epsilon,
                           double *y, double *inverse);

/* (x - mean) / (sqrt(variance) + epsilon) */
void pare_mean_variance_norm_f32_ref(int64_t n, const float *x, float epsilon, float *y);
void pare_mean_variance_norm_f64_ref(int64_t n, const double *x, double epsilon, double *y);

/* x / norm, of which p = 1 is the sum of |x|, p = 2 the root of the sum of x^2; 0 for a norm of 0.
 * */
void pare_lp_norm_f32_ref(int64_t n, const float *x, int32_t p, float *y);
void pare_lp_norm_f64_ref(int64_t n, const double *x, int32_t p, double *y);

/* x * factor + shift, fused: batch, instance and group normalization, whose
 * factor = scale / sqrt(variance + epsilon) and shift = bias - mean * factor are computed in double
 * and rounded. */
void pare_norm_affine_f32_ref(int64_t n, const float *x, float factor, float shift, float *y);
void pare_norm_affine_f64_ref(int64_t n, const double *x, double factor, double shift, double *y);

/* Across channels, of which x [n] holds one position each, `step` apart, as does y, which is not x:
 *   y[c] = x[c] / (bias + alpha / size * (sum of x[k]^2))^beta, k from c - (size - 1) / 2 (rounded
 *   down) on, `size` channels, those that exist.
 * The squares are summed in the order of kernels/sum.h, channels that do not exist counting as 0;
 * alpha / size is rounded, and so is its product before bias is added. A power of 0.5, 0.75 and 1
 * is sqrt(b), sqrt(b) * sqrt(sqrt(b)) and b; any other is pare_pow_f32_ref. */
typedef struct pare_lrn_rule {
    float alpha, beta, bias;
    int64_t size;             /* at least 1 */
} pare_lrn_rule;
void pare_lrn_f32_ref(const pare_lrn_rule *rule, int64_t n, int64_t step, const float *x, float *y);
void pare_lrn_f64_ref(const pare_lrn_rule *rule, int64_t n, int64_t step, const double *x,
                      double *y);

#endif
