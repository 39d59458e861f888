#include "kernels/cumulative.h"

#include "kernels/arithmetic.h"

static void run_f32(int64_t n, float *x, bool exclusive, bool reverse, float start,
                    pare_pair_f32 *op)
{
    for (int64_t k = 0; k < n; k++) {
        const int64_t i = reverse ? n - 1 - k : k;
        const float after = op(start, x[i]);
        x[i] = exclusive ? start : after;
        start = after;
    }
}

void pare_cum_sum_f32_ref(int64_t n, float *x, bool exclusive, bool reverse)
{
    run_f32(n, x, exclusive, reverse, 0, pare_add_f32_ref);
}

void pare_cum_prod_f32_ref(int64_t n, float *x, bool exclusive, bool reverse)
{
    run_f32(n, x, exclusive, reverse, 1, pare_mul_f32_ref);
}

static void run_f64(int64_t n, double *x, bool exclusive, bool reverse, double start,
                    pare_pair_f64 *op)
{
    for (int64_t k = 0; k < n; k++) {
        const int64_t i = reverse ? n - 1 - k : k;
        const double after = op(start, x[i]);
        x[i] = exclusive ? start : after;
        start = after;
    }
}

void pare_cum_sum_f64_ref(int64_t n, double *x, bool exclusive, bool reverse)
{
    run_f64(n, x, exclusive, reverse, 0, pare_add_f64_ref);
}

void pare_cum_prod_f64_ref(int64_t n, double *x, bool exclusive, bool reverse)
{
    run_f64(n, x, exclusive, reverse, 1, pare_mul_f64_ref);
}

static void run_i64(int64_t n, int64_t *x, bool exclusive, bool reverse, int64_t start,
                    pare_pair_i64 *op)
{
    for (int64_t k = 0; k < n; k++) {
        const int64_t i = reverse ? n - 1 - k : k;
        const int64_t after = op(start, x[i]);
        x[i] = exclusive ? start : after;
        start = after;
    }
}

void pare_cum_sum_i64_ref(int64_t n, int64_t *x, bool exclusive, bool reverse)
{
    run_i64(n, x, exclusive, reverse, 0, pare_add_i64_ref);
}

void pare_cum_prod_i64_ref(int64_t n, int64_t *x, bool exclusive, bool reverse)
{
    run_i64(n, x, exclusive, reverse, 1, pare_mul_i64_ref);
}

static void run_u64(int64_t n, uint64_t *x, bool exclusive, bool reverse, uint64_t start,
                    pare_pair_u64 *op)
{
    for (int64_t k = 0; k < n; k++) {
        const int64_t i = reverse ? n - 1 - k : k;
        const uint64_t after = op(start, x[i]);
        x[i] = exclusive ? start : after;
        start = after;
    }
}

void pare_cum_sum_u64_ref(int64_t n, uint64_t *x, bool exclusive, bool reverse)
{
    run_u64(n, x, exclusive, reverse, 0, pare_add_u64_ref);
}

void pare_cum_prod_u64_ref(int64_t n, uint64_t *x, bool exclusive, bool reverse)
{
    run_u64(n, x, exclusive, reverse, 1, pare_mul_u64_ref);
}
