#include "kernels/arithmetic.h"

#include <math.h>

float pare_add_f32_ref(float a, float b)
{
    return a + b;
}

double pare_add_f64_ref(double a, double b)
{
    return a + b;
}

int64_t pare_add_i64_ref(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

uint64_t pare_add_u64_ref(uint64_t a, uint64_t b)
{
    return a + b;
}

float pare_sub_f32_ref(float a, float b)
{
    return a - b;
}

double pare_sub_f64_ref(double a, double b)
{
    return a - b;
}

int64_t pare_sub_i64_ref(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

uint64_t pare_sub_u64_ref(uint64_t a, uint64_t b)
{
    return a - b;
}

float pare_mul_f32_ref(float a, float b)
{
    return a * b;
}

double pare_mul_f64_ref(double a, double b)
{
    return a * b;
}

int64_t pare_mul_i64_ref(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

uint64_t pare_mul_u64_ref(uint64_t a, uint64_t b)
{
    return a * b;
}

float pare_div_f32_ref(float a, float b)
{
    return a / b;
}

double pare_div_f64_ref(double a, double b)
{
    return a / b;
}

int64_t pare_div_i64_ref(int64_t a, int64_t b)
{
    if (b == 0) return 0;
    return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

uint64_t pare_div_u64_ref(uint64_t a, uint64_t b)
{
    return b ? a / b : 0;
}

float pare_fmod_f32_ref(float a, float b)
{
    return fmodf(a, b);
}

float pare_mod_f32_ref(float a, float b)
{
    const float rest = fmodf(a, b);
    if (rest != 0 && (rest < 0) != (b < 0)) return rest + b;
    return rest == 0 ? copysignf(0, b) : rest;
}

double pare_fmod_f64_ref(double a, double b)
{
    return fmod(a, b);
}

double pare_mod_f64_ref(double a, double b)
{
    const double rest = fmod(a, b);
    if (rest != 0 && (rest < 0) != (b < 0)) return rest + b;
    return rest == 0 ? copysign(0, b) : rest;
}

int64_t pare_fmod_i64_ref(int64_t a, int64_t b)
{
    return b == 0 || b == -1 ? 0 : a % b;
}

int64_t pare_mod_i64_ref(int64_t a, int64_t b)
{
    const int64_t rest = pare_fmod_i64_ref(a, b);
    return rest && (rest < 0) != (b < 0) ? rest + b : rest;
}

uint64_t pare_mod_u64_ref(uint64_t a, uint64_t b)
{
    return b ? a % b : 0;
}

uint64_t pare_pow_u64_ref(uint64_t a, uint64_t b)
{
    uint64_t y = 1;
    for (; b; b >>= 1) {
        if (b & 1) y *= a;
        a *= a;
    }
    return y;
}

int64_t pare_pow_i64_ref(int64_t a, int64_t b)
{
    if (b >= 0) return (int64_t)pare_pow_u64_ref((uint64_t)a, (uint64_t)b);
    if (a == -1) return b & 1 ? -1 : 1;
    return a == 1;
}

float pare_min_f32_ref(float a, float b)
{
    if (a != a) return a;
    return a < b ? a : b;
}

double pare_min_f64_ref(double a, double b)
{
    if (a != a) return a;
    return a < b ? a : b;
}

int64_t pare_min_i64_ref(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

uint64_t pare_min_u64_ref(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

float pare_max_f32_ref(float a, float b)
{
    if (a != a) return a;
    return a > b ? a : b;
}

double pare_max_f64_ref(double a, double b)
{
    if (a != a) return a;
    return a > b ? a : b;
}

int64_t pare_max_i64_ref(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

uint64_t pare_max_u64_ref(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

float pare_prelu_f32_ref(float a, float b)
{
    return a < 0 ? a * b : a;
}

double pare_prelu_f64_ref(double a, double b)
{
    return a < 0 ? a * b : a;
}

int64_t pare_prelu_i64_ref(int64_t a, int64_t b)
{
    return a < 0 ? pare_mul_i64_ref(a, b) : a;
}

uint64_t pare_prelu_u64_ref(uint64_t a, uint64_t b)
{
    (void)b;
    return a;
}

int64_t pare_and_i64_ref(int64_t a, int64_t b)
{
    return a & b;
}

uint64_t pare_and_u64_ref(uint64_t a, uint64_t b)
{
    return a & b;
}

int64_t pare_or_i64_ref(int64_t a, int64_t b)
{
    return a | b;
}

uint64_t pare_or_u64_ref(uint64_t a, uint64_t b)
{
    return a | b;
}

int64_t pare_xor_i64_ref(int64_t a, int64_t b)
{
    return a ^ b;
}

uint64_t pare_xor_u64_ref(uint64_t a, uint64_t b)
{
    return a ^ b;
}

uint64_t pare_shift_left_u64_ref(uint64_t a, uint64_t b)
{
    return b < 64 ? a << b : 0;
}

uint64_t pare_shift_right_u64_ref(uint64_t a, uint64_t b)
{
    return b < 64 ? a >> b : 0;
}

int64_t pare_shift_left_i64_ref(int64_t a, int64_t b)
{
    return (int64_t)pare_shift_left_u64_ref((uint64_t)a, (uint64_t)b);
}

int64_t pare_shift_right_i64_ref(int64_t a, int64_t b)
{
    return (int64_t)pare_shift_right_u64_ref((uint64_t)a, (uint64_t)b);
}

int64_t pare_less_f32_ref(float a, float b)
{
    return a < b;
}

int64_t pare_less_f64_ref(double a, double b)
{
    return a < b;
}

int64_t pare_less_i64_ref(int64_t a, int64_t b)
{
    return a < b;
}

int64_t pare_less_u64_ref(uint64_t a, uint64_t b)
{
    return a < b;
}

int64_t pare_equal_f32_ref(float a, float b)
{
    return a == b;
}

int64_t pare_equal_f64_ref(double a, double b)
{
    return a == b;
}

int64_t pare_equal_i64_ref(int64_t a, int64_t b)
{
    return a == b;
}

int64_t pare_equal_u64_ref(uint64_t a, uint64_t b)
{
    return a == b;
}

int64_t pare_less_equal_f32_ref(float a, float b)
{
    return a <= b;
}

int64_t pare_less_equal_f64_ref(double a, double b)
{
    return a <= b;
}

int64_t pare_less_equal_i64_ref(int64_t a, int64_t b)
{
    return a <= b;
}

int64_t pare_less_equal_u64_ref(uint64_t a, uint64_t b)
{
    return a <= b;
}

int64_t pare_abs_i64_ref(int64_t x)
{
    return x < 0 ? pare_neg_i64_ref(x) : x;
}

int64_t pare_neg_i64_ref(int64_t x)
{
    return (int64_t)(0 - (uint64_t)x);
}

int64_t pare_sign_i64_ref(int64_t x)
{
    return (x > 0) - (x < 0);
}

int64_t pare_relu_i64_ref(int64_t x)
{
    return x > 0 ? x : 0;
}

int64_t pare_not_i64_ref(int64_t x)
{
    return !x;
}

int64_t pare_invert_i64_ref(int64_t x)
{
    return ~x;
}

uint64_t pare_same_u64_ref(uint64_t x)
{
    return x;
}

uint64_t pare_sign_u64_ref(uint64_t x)
{
    return x > 0;
}

uint64_t pare_invert_u64_ref(uint64_t x)
{
    return ~x;
}
