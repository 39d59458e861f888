#include "kernels/reduce.h"

#include "kernels/arithmetic.h"
#include "kernels/math.h"
#include "kernels/softmax.h"
#include "kernels/sum.h"

#include <math.h>

enum { N_PARTIALS = 16 };

/* `start` is neutral: op(start, x) is x. */
static float fold_f32(int64_t n, const float *x, float start, pare_pair_f32 *op)
{
    float p[N_PARTIALS];
    for (int j = 0; j < N_PARTIALS; j++) p[j] = start;
    for (int64_t i = 0; i < n; i++) p[i % N_PARTIALS] = op(p[i % N_PARTIALS], x[i]);
    for (int half = N_PARTIALS / 2; half; half /= 2)
        for (int j = 0; j < half; j++) p[j] = op(p[j], p[j + half]);
    return p[0];
}

static double fold_f64(int64_t n, const double *x, double start, pare_pair_f64 *op)
{
    double p[N_PARTIALS];
    for (int j = 0; j < N_PARTIALS; j++) p[j] = start;
    for (int64_t i = 0; i < n; i++) p[i % N_PARTIALS] = op(p[i % N_PARTIALS], x[i]);
    for (int half = N_PARTIALS / 2; half; half /= 2)
        for (int j = 0; j < half; j++) p[j] = op(p[j], p[j + half]);
    return p[0];
}

/* Integers give the same in any order. */
static int64_t fold_i64(int64_t n, const int64_t *x, int64_t start, pare_pair_i64 *op)
{
    for (int64_t i = 0; i < n; i++) start = op(start, x[i]);
    return start;
}

static uint64_t fold_u64(int64_t n, const uint64_t *x, uint64_t start, pare_pair_u64 *op)
{
    for (int64_t i = 0; i < n; i++) start = op(start, x[i]);
    return start;
}

/* --- extremes and products -------------------------------------------------------------------- */

float pare_reduce_max_f32_ref(int64_t n, const float *x)
{
    return fold_f32(n, x, -INFINITY, pare_max_f32_ref);
}

double pare_reduce_max_f64_ref(int64_t n, const double *x)
{
    return fold_f64(n, x, -(double)INFINITY, pare_max_f64_ref);
}

int64_t pare_reduce_max_i64_ref(int64_t n, const int64_t *x)
{
    return fold_i64(n, x, INT64_MIN, pare_max_i64_ref);
}

uint64_t pare_reduce_max_u64_ref(int64_t n, const uint64_t *x)
{
    return fold_u64(n, x, 0, pare_max_u64_ref);
}

float pare_reduce_min_f32_ref(int64_t n, const float *x)
{
    return fold_f32(n, x, INFINITY, pare_min_f32_ref);
}

double pare_reduce_min_f64_ref(int64_t n, const double *x)
{
    return fold_f64(n, x, (double)INFINITY, pare_min_f64_ref);
}

int64_t pare_reduce_min_i64_ref(int64_t n, const int64_t *x)
{
    return fold_i64(n, x, INT64_MAX, pare_min_i64_ref);
}

uint64_t pare_reduce_min_u64_ref(int64_t n, const uint64_t *x)
{
    return fold_u64(n, x, UINT64_MAX, pare_min_u64_ref);
}

float pare_reduce_prod_f32_ref(int64_t n, const float *x)
{
    return fold_f32(n, x, 1, pare_mul_f32_ref);
}

double pare_reduce_prod_f64_ref(int64_t n, const double *x)
{
    return fold_f64(n, x, 1, pare_mul_f64_ref);
}

int64_t pare_reduce_prod_i64_ref(int64_t n, const int64_t *x)
{
    return fold_i64(n, x, 1, pare_mul_i64_ref);
}

uint64_t pare_reduce_prod_u64_ref(int64_t n, const uint64_t *x)
{
    return fold_u64(n, x, 1, pare_mul_u64_ref);
}

/* --- sums ------------------------------------------------------------------------------------- */

/* Partials are not negative, so these serve for the tree too. */
static float add_size_f32(float a, float b)
{
    return a + fabsf(b);
}

static double add_size_f64(double a, double b)
{
    return a + fabs(b);
}

static int64_t add_size_i64(int64_t a, int64_t b)
{
    return pare_add_i64_ref(a, pare_abs_i64_ref(b));
}

static int64_t add_square_i64(int64_t a, int64_t b)
{
    return pare_add_i64_ref(a, pare_mul_i64_ref(b, b));
}

static uint64_t add_square_u64(uint64_t a, uint64_t b)
{
    return a + b * b;
}

int64_t pare_reduce_sum_i64_ref(int64_t n, const int64_t *x)
{
    return fold_i64(n, x, 0, pare_add_i64_ref);
}

uint64_t pare_reduce_sum_u64_ref(int64_t n, const uint64_t *x)
{
    return fold_u64(n, x, 0, pare_add_u64_ref);
}

float pare_reduce_l1_f32_ref(int64_t n, const float *x)
{
    return fold_f32(n, x, 0, add_size_f32);
}

double pare_reduce_l1_f64_ref(int64_t n, const double *x)
{
    return fold_f64(n, x, 0, add_size_f64);
}

int64_t pare_reduce_l1_i64_ref(int64_t n, const int64_t *x)
{
    return fold_i64(n, x, 0, add_size_i64);
}

float pare_reduce_sum_square_f32_ref(int64_t n, const float *x)
{
    return pare_sum_squares_f32_ref(n, x, 0);
}

double pare_reduce_sum_square_f64_ref(int64_t n, const double *x)
{
    return pare_sum_squares_f64_ref(n, x, 0);
}

int64_t pare_reduce_sum_square_i64_ref(int64_t n, const int64_t *x)
{
    return fold_i64(n, x, 0, add_square_i64);
}

uint64_t pare_reduce_sum_square_u64_ref(int64_t n, const uint64_t *x)
{
    return fold_u64(n, x, 0, add_square_u64);
}

float pare_reduce_mean_f32_ref(int64_t n, const float *x)
{
    return n ? pare_sum_f32_ref(n, x) / (float)n : NAN;
}

double pare_reduce_mean_f64_ref(int64_t n, const double *x)
{
    return n ? pare_sum_f64_ref(n, x) / (double)n : (double)NAN;
}

int64_t pare_reduce_mean_i64_ref(int64_t n, const int64_t *x)
{
    return n ? pare_reduce_sum_i64_ref(n, x) / n : 0;
}

uint64_t pare_reduce_mean_u64_ref(int64_t n, const uint64_t *x)
{
    return n ? pare_reduce_sum_u64_ref(n, x) / (uint64_t)n : 0;
}

/* --- of sums ---------------------------------------------------------------------------------- */

float pare_reduce_l2_f32_ref(int64_t n, const float *x)
{
    return sqrtf(pare_reduce_sum_square_f32_ref(n, x));
}

double pare_reduce_l2_f64_ref(int64_t n, const double *x)
{
    return sqrt(pare_reduce_sum_square_f64_ref(n, x));
}

float pare_reduce_log_sum_f32_ref(int64_t n, const float *x)
{
    return pare_log_f32_ref(pare_sum_f32_ref(n, x));
}

double pare_reduce_log_sum_f64_ref(int64_t n, const double *x)
{
    return log(pare_sum_f64_ref(n, x));
}

float pare_reduce_log_sum_exp_f32_ref(int64_t n, const float *x)
{
    const float high = pare_reduce_max_f32_ref(n, x);
    return isfinite(high) ? high + pare_log_f32_ref(pare_sum_exp_f32_ref(n, x, high)) : high;
}

double pare_reduce_log_sum_exp_f64_ref(int64_t n, const double *x)
{
    const double high = pare_reduce_max_f64_ref(n, x);
    return isfinite(high) ? high + log(pare_sum_exp_f64_ref(n, x, high)) : high;
}

/* --- positions -------------------------------------------------------------------------------- */

/* Whether a later element b takes the place of a, by what compares to be so. */
static bool replaces(bool less, bool greater, bool smallest, bool last)
{
    return (smallest ? less : greater) || (last && !less && !greater);
}

int64_t pare_arg_f64_ref(int64_t n, const double *x, bool smallest, bool last)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++) {
        const bool is_nan = isnan(x[i]);
        if (isnan(x[best]) ? is_nan && last
                           : is_nan || replaces(x[i] < x[best], x[i] > x[best], smallest, last))
            best = i;
    }
    return best;
}

int64_t pare_arg_f32_ref(int64_t n, const float *x, bool smallest, bool last)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++) {
        const bool is_nan = isnan(x[i]);
        if (isnan(x[best]) ? is_nan && last
                           : is_nan || replaces(x[i] < x[best], x[i] > x[best], smallest, last))
            best = i;
    }
    return best;
}

int64_t pare_arg_i64_ref(int64_t n, const int64_t *x, bool smallest, bool last)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (replaces(x[i] < x[best], x[i] > x[best], smallest, last)) best = i;
    return best;
}

int64_t pare_arg_u64_ref(int64_t n, const uint64_t *x, bool smallest, bool last)
{
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (replaces(x[i] < x[best], x[i] > x[best], smallest, last)) best = i;
    return best;
}
