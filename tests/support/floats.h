/* Numbers to try kernels on, and what makes two results the same. */
#ifndef TESTS_SUPPORT_FLOATS_H
#define TESTS_SUPPORT_FLOATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Mostly numbers in [-1, 1); now and then one that breaks careless arithmetic: zeros of both signs,
 * infinities, NaN, subnormal and very large ones. */
float test_any_float(uint32_t *state);
void test_fill_floats(float *x, size_t n, uint32_t *state);

/* Any bits whatever, NaN of all kinds included. */
float test_any_bits(uint32_t *state);

/* The same bits; one NaN is as good as another. */
bool test_same_float(float a, float b);

#endif
