/* Pooling over samples between the elements of an image. */
#ifndef KERNELS_ROI_H
#define KERNELS_ROI_H

#include <stdint.h>

/* Four elements around a sample and their weights (numbers of the type that is pooled). */
typedef struct pare_roi_sample {
    int64_t at[4];
    double weight[4];
} pare_roi_sample;

/* Sum of weight * element over all samples, the four elements inside, as one chain of fused
 * multiply-adds; divided by `count`. */
float pare_roi_average_f32_ref(int64_t n, const pare_roi_sample *samples, int64_t count,
                               const float *x);
double pare_roi_average_f64_ref(int64_t n, const pare_roi_sample *samples, int64_t count,
                                const double *x);

/* Largest weight * element; 0 when n is 0. */
float pare_roi_max_f32_ref(int64_t n, const pare_roi_sample *samples, const float *x);
double pare_roi_max_f64_ref(int64_t n, const pare_roi_sample *samples, const double *x);

#endif
