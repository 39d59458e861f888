/* Functions of two and three numbers over many numbers. A step is 1, or 0 for one number that goes
 * with all. Levels give the bits of the reference, but of a NaN its sign and payload. */
#ifndef KERNELS_MAP2_H
#define KERNELS_MAP2_H

#include <stdint.h>

#define PARE_MAP2(symbol, name) PARE_MAP2_##symbol,
typedef enum pare_map2 {
#include "kernels/map2_list.h"
    PARE_N_MAPS2,
} pare_map2;
#undef PARE_MAP2

/* y[i] = f(a[i * a_step], b[i * b_step]) for i < n. y may be a or b. */
typedef void pare_map2_fn(int64_t n, const float *a, int64_t a_step, const float *b,
                          int64_t b_step, float *y);

#define PARE_MAP2(symbol, name) pare_map2_fn pare_map2_##name##_ref;
#include "kernels/map2_list.h"
#undef PARE_MAP2

extern pare_map2_fn *const pare_maps2_ref[PARE_N_MAPS2];

/* "add". */
const char *pare_map2_name(pare_map2 map);

/* Greater is less with a and b exchanged. */
typedef enum pare_compare {
    PARE_COMPARE_EQUAL,
    PARE_COMPARE_LESS,
    PARE_COMPARE_LESS_EQUAL,
    PARE_N_COMPARES,
} pare_compare;

/* y[i] = 1 where it holds of a[i * a_step] and b[i * b_step], else 0. */
typedef void pare_compare_fn(int64_t n, const float *a, int64_t a_step, const float *b,
                             int64_t b_step, uint8_t *y);

extern pare_compare_fn *const pare_compares_ref[PARE_N_COMPARES];

/* y[i] = fma(x[i], scale[i * step], shift[i * step]). y may be x. */
typedef void pare_affine_fn(int64_t n, const float *x, const float *scale, const float *shift,
                            int64_t step, float *y);

pare_affine_fn pare_affine_ref;

/* y[i] = which[i * which_step] ? a[i * a_step] : b[i * b_step], bits as they are. y may be a or b.
 */
typedef void pare_select_fn(int64_t n, const uint8_t *which, int64_t which_step, const float *a,
                            int64_t a_step, const float *b, int64_t b_step, float *y);

pare_select_fn pare_select_ref;

#endif
