#include "kernels/map2.h"

#include "kernels/arithmetic.h"
#include "kernels/math.h"

#include <math.h>

static void each(pare_pair_f32 *fn, int64_t n, const float *a, int64_t a_step, const float *b,
                 int64_t b_step, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = fn(a[i * a_step], b[i * b_step]);
}

#define PARE_MAP2(symbol, name)                                                            \
    void pare_map2_##name##_ref(int64_t n, const float *a, int64_t a_step, const float *b, \
                                int64_t b_step, float *y)                                  \
    {                                                                                      \
        each(pare_##name##_f32_ref, n, a, a_step, b, b_step, y);                           \
    }
#include "kernels/map2_list.h"
#undef PARE_MAP2

#define PARE_MAP2(symbol, name) pare_map2_##name##_ref,
pare_map2_fn *const pare_maps2_ref[PARE_N_MAPS2] = {
#include "kernels/map2_list.h"
};
#undef PARE_MAP2

#define PARE_MAP2(symbol, name) #name,
static const char *const names[PARE_N_MAPS2] = {
#include "kernels/map2_list.h"
};

const char *pare_map2_name(pare_map2 map)
{
    return names[map];
}

static void equal(int64_t n, const float *a, int64_t a_step, const float *b, int64_t b_step,
                  uint8_t *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = a[i * a_step] == b[i * b_step];
}

static void less(int64_t n, const float *a, int64_t a_step, const float *b, int64_t b_step,
                 uint8_t *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = a[i * a_step] < b[i * b_step];
}

static void less_equal(int64_t n, const float *a, int64_t a_step, const float *b, int64_t b_step,
                       uint8_t *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = a[i * a_step] <= b[i * b_step];
}

pare_compare_fn *const pare_compares_ref[PARE_N_COMPARES] = {
    [PARE_COMPARE_EQUAL] = equal,
    [PARE_COMPARE_LESS] = less,
    [PARE_COMPARE_LESS_EQUAL] = less_equal,
};

void pare_affine_ref(int64_t n, const float *x, const float *scale, const float *shift,
                     int64_t step, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = fmaf(x[i], scale[i * step], shift[i * step]);
}

void pare_select_ref(int64_t n, const uint8_t *which, int64_t which_step, const float *a,
                     int64_t a_step, const float *b, int64_t b_step, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = which[i * which_step] ? a[i * a_step] : b[i * b_step];
}
