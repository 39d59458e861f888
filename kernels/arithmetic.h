/* Functions of two numbers of one type. Integers are computed in 64 bits and wrap; narrower types
 * wrap again when they are stored. */
#ifndef KERNELS_ARITHMETIC_H
#define KERNELS_ARITHMETIC_H

#include <stdbool.h>
#include <stdint.h>

typedef float pare_pair_f32(float a, float b);
typedef double pare_pair_f64(double a, double b);
typedef int64_t pare_pair_i64(int64_t a, int64_t b);
typedef uint64_t pare_pair_u64(uint64_t a, uint64_t b);

pare_pair_f32 pare_add_f32_ref, pare_sub_f32_ref, pare_mul_f32_ref, pare_div_f32_ref;
pare_pair_f64 pare_add_f64_ref, pare_sub_f64_ref, pare_mul_f64_ref, pare_div_f64_ref;
pare_pair_i64 pare_add_i64_ref, pare_sub_i64_ref, pare_mul_i64_ref;
pare_pair_u64 pare_add_u64_ref, pare_sub_u64_ref, pare_mul_u64_ref;

/* Towards zero; anything divided by 0 is 0. */
pare_pair_i64 pare_div_i64_ref;
pare_pair_u64 pare_div_u64_ref;

/* Remainder with the sign of the divisor (0 for a divisor of 0; of floats, that of fmod made so),
 * and with that of the dividend, as C's fmod, which is exact. */
pare_pair_f32 pare_mod_f32_ref, pare_fmod_f32_ref;
pare_pair_f64 pare_mod_f64_ref, pare_fmod_f64_ref;
pare_pair_i64 pare_mod_i64_ref, pare_fmod_i64_ref;
pare_pair_u64 pare_mod_u64_ref;

/* a^b by repeated squaring, wrapping. Negative exponents: 1 / a^-b towards zero, 0 for a = 0. */
pare_pair_i64 pare_pow_i64_ref;
pare_pair_u64 pare_pow_u64_ref;

/* NaN if either is. */
pare_pair_f32 pare_min_f32_ref, pare_max_f32_ref;
pare_pair_f64 pare_min_f64_ref, pare_max_f64_ref;
pare_pair_i64 pare_min_i64_ref, pare_max_i64_ref;
pare_pair_u64 pare_min_u64_ref, pare_max_u64_ref;

/* a < 0: a b, else a */
pare_pair_f32 pare_prelu_f32_ref;
pare_pair_f64 pare_prelu_f64_ref;
pare_pair_i64 pare_prelu_i64_ref;
pare_pair_u64 pare_prelu_u64_ref;

pare_pair_i64 pare_and_i64_ref, pare_or_i64_ref, pare_xor_i64_ref;
pare_pair_u64 pare_and_u64_ref, pare_or_u64_ref, pare_xor_u64_ref;

/* Shifts by b >= 64 give 0. a is not negative. */
pare_pair_i64 pare_shift_left_i64_ref, pare_shift_right_i64_ref;
pare_pair_u64 pare_shift_left_u64_ref, pare_shift_right_u64_ref;

/* 1 where a is less than b, equal to it, or either of the two; else 0. */
pare_pair_i64 pare_less_i64_ref, pare_equal_i64_ref, pare_less_equal_i64_ref;
int64_t pare_less_f32_ref(float a, float b);
int64_t pare_equal_f32_ref(float a, float b);
int64_t pare_less_equal_f32_ref(float a, float b);
int64_t pare_less_f64_ref(double a, double b);
int64_t pare_equal_f64_ref(double a, double b);
int64_t pare_less_equal_f64_ref(double a, double b);
int64_t pare_less_u64_ref(uint64_t a, uint64_t b);
int64_t pare_equal_u64_ref(uint64_t a, uint64_t b);
int64_t pare_less_equal_u64_ref(uint64_t a, uint64_t b);

/* Functions of one integer. |smallest int64| wraps to itself; not is 1 for 0, else 0. */
int64_t pare_abs_i64_ref(int64_t x);
int64_t pare_neg_i64_ref(int64_t x);
int64_t pare_sign_i64_ref(int64_t x);
int64_t pare_relu_i64_ref(int64_t x);
int64_t pare_not_i64_ref(int64_t x);
int64_t pare_invert_i64_ref(int64_t x); /* all bits */
uint64_t pare_same_u64_ref(uint64_t x);
uint64_t pare_sign_u64_ref(uint64_t x);
uint64_t pare_invert_u64_ref(uint64_t x);

#endif
