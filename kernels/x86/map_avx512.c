#include "kernels/math.h"
#include "kernels/x86/avx2.h"
#include "kernels/x86/avx512.h"
#include "kernels/x86/math_avx512.h"

#include <math.h>

/* Functions of math.h and activation.h by wide vectors: the operations of the reference in its
 * order. */

typedef __m512 vector_fn(__m512 x, __m512 a, __m512 b);

static INLINE void each(vector_fn *fn, int64_t n, const float *x, float a, float b, float *y)
{
    const __m512 va = set(a);
    const __m512 vb = set(b);
    int64_t i = 0;
    for (; i + WIDE <= n; i += WIDE) _mm512_storeu_ps(y + i, fn(_mm512_loadu_ps(x + i), va, vb));
    if (i == n) return;
    const __mmask16 some = wide_lanes(n - i);
    _mm512_mask_storeu_ps(y + i, some, fn(_mm512_maskz_loadu_ps(some, x + i), va, vb));
}

#define IGNORE_AB (void)a, (void)b
#define IGNORE_B  (void)b

/* scale (e^x - 1) */
static INLINE __m512 exp_less_one(__m512 x, __m512 scale)
{
    return _mm512_mul_ps(scale, _mm512_sub_ps(exp_of(x), set(1)));
}

static INLINE __m512 v_celu(__m512 x, __m512 a, __m512 b)
{
    IGNORE_B;
    return choose(positive(x), x, exp_less_one(_mm512_div_ps(x, a), a));
}

static INLINE __m512 v_clip(__m512 x, __m512 a, __m512 b)
{
    return clamp(x, a, b);
}

static INLINE __m512 v_elu(__m512 x, __m512 a, __m512 b)
{
    IGNORE_B;
    return choose(negative(x), exp_less_one(x, a), x);
}

static INLINE __m512 v_erf(__m512 x, __m512 a, __m512 b)
{
    IGNORE_AB;
    return erf_of(x);
}

static INLINE __m512 v_exp(__m512 x, __m512 a, __m512 b)
{
    IGNORE_AB;
    return exp_of(x);
}

/* x / 2 (1 + f) */
static INLINE __m512 half_of_one_plus(__m512 x, __m512 f)
{
    return _mm512_mul_ps(_mm512_mul_ps(set(0.5f), x), _mm512_add_ps(set(1), f));
}

static INLINE __m512 v_gelu(__m512 x, __m512 a, __m512 b)
{
    IGNORE_AB;
    return half_of_one_plus(x, erf_of(_mm512_mul_ps(x, set(0.70710678118654752f))));
}

static INLINE __m512 v_gelu_tanh(__m512 x, __m512 a, __m512 b)
{
    IGNORE_AB;
    __m512 cube = _mm512_mul_ps(set(0.044715f), x);
    cube = _mm512_mul_ps(_mm512_mul_ps(cube, x), x);
    const __m512 inner = _mm512_mul_ps(set(0.79788456080286536f), _mm512_add_ps(x, cube));
    return half_of_one_plus(x, tanh_of(inner));
}

static INLINE __m512 v_hard_sigmoid(__m512 x, __m512 a, __m512 b)
{
    return clamp(_mm512_add_ps(_mm512_mul_ps(a, x), b), _mm512_setzero_ps(), set(1));
}

static INLINE __m512 v_hard_swish(__m512 x, __m512 a, __m512 b)
{
    IGNORE_AB;
    return _mm512_mul_ps(x, v_hard_sigmoid(x, set(1.0f / 6), set(0.5f)));
}

static INLINE __m512 v_leaky_relu(__m512 x, __m512 a, __m512 b)
{
    IGNORE_B;
    return choose(negative(x), _mm512_mul_ps(a, x), x);
}

static INLINE __m512 v_log(__m512 x, __m512 a, __m512 b)
{
    IGNORE_AB;
    return log_of(x);
}

static INLINE __m512 v_mish(__m512 x, __m512 a, __m512 b)
{
    IGNORE_AB;
    return _mm512_mul_ps(x, tanh_of(softplus_of(x)));
}

static INLINE __m512 v_relu(__m512 x, __m512 a, __m512 b)
{
    IGNORE_AB;
    return _mm512_max_ps(_mm512_setzero_ps(), x); /* of equal or unordered ones the second */
}

static INLINE __m512 v_selu(__m512 x, __m512 a, __m512 b)
{
    const __m512 below = _mm512_sub_ps(_mm512_mul_ps(a, exp_of(x)), a);
    return _mm512_mul_ps(b, choose(positive(x), x, below));
}

static INLINE __m512 v_sigmoid(__m512 x, __m512 a, __m512 b)
{
    IGNORE_AB;
    return sigmoid_of(x);
}

static INLINE __m512 v_softplus(__m512 x, __m512 a, __m512 b)
{
    IGNORE_AB;
    return softplus_of(x);
}

static INLINE __m512 v_swish(__m512 x, __m512 a, __m512 b)
{
    IGNORE_B;
    return _mm512_mul_ps(x, sigmoid_of(_mm512_mul_ps(a, x)));
}

static INLINE __m512 v_tanh(__m512 x, __m512 a, __m512 b)
{
    IGNORE_AB;
    return tanh_of(x);
}

#define MAP(name)                                                                 \
    static void map_##name(int64_t n, const float *x, float a, float b, float *y) \
    {                                                                             \
        each(v_##name, n, x, a, b, y);                                            \
    }
MAP(celu)
MAP(clip)
MAP(elu)
MAP(erf)
MAP(exp)
MAP(gelu)
MAP(gelu_tanh)
MAP(hard_sigmoid)
MAP(hard_swish)
MAP(leaky_relu)
MAP(log)
MAP(mish)
MAP(relu)
MAP(selu)
MAP(sigmoid)
MAP(softplus)
MAP(swish)
MAP(tanh)

/* The others read and write more than they compute. */
#define BY_AVX2(name, which)                                                      \
    static void map_##name(int64_t n, const float *x, float a, float b, float *y) \
    {                                                                             \
        pare_maps_avx2[which](n, x, a, b, y);                                     \
    }
BY_AVX2(abs, PARE_MAP_ABS)
BY_AVX2(ceil, PARE_MAP_CEIL)
BY_AVX2(cos, PARE_MAP_COS)
BY_AVX2(floor, PARE_MAP_FLOOR)
BY_AVX2(neg, PARE_MAP_NEG)
BY_AVX2(reciprocal, PARE_MAP_RECIPROCAL)
BY_AVX2(round, PARE_MAP_ROUND)
BY_AVX2(shrink, PARE_MAP_SHRINK)
BY_AVX2(sign, PARE_MAP_SIGN)
BY_AVX2(sin, PARE_MAP_SIN)
BY_AVX2(softsign, PARE_MAP_SOFTSIGN)
BY_AVX2(sqrt, PARE_MAP_SQRT)
BY_AVX2(thresholded_relu, PARE_MAP_THRESHOLDED_RELU)

pare_map_fn *const pare_maps_avx512[PARE_N_MAPS] = {
    [PARE_MAP_ABS] = map_abs,
    [PARE_MAP_ACOS] = pare_map_acos_ref,
    [PARE_MAP_ACOSH] = pare_map_acosh_ref,
    [PARE_MAP_ASIN] = pare_map_asin_ref,
    [PARE_MAP_ASINH] = pare_map_asinh_ref,
    [PARE_MAP_ATAN] = pare_map_atan_ref,
    [PARE_MAP_ATANH] = pare_map_atanh_ref,
    [PARE_MAP_CEIL] = map_ceil,
    [PARE_MAP_CELU] = map_celu,
    [PARE_MAP_CLIP] = map_clip,
    [PARE_MAP_COS] = map_cos,
    [PARE_MAP_COSH] = pare_map_cosh_ref,
    [PARE_MAP_ELU] = map_elu,
    [PARE_MAP_ERF] = map_erf,
    [PARE_MAP_EXP] = map_exp,
    [PARE_MAP_FLOOR] = map_floor,
    [PARE_MAP_GELU] = map_gelu,
    [PARE_MAP_GELU_TANH] = map_gelu_tanh,
    [PARE_MAP_HARD_SIGMOID] = map_hard_sigmoid,
    [PARE_MAP_HARD_SWISH] = map_hard_swish,
    [PARE_MAP_LEAKY_RELU] = map_leaky_relu,
    [PARE_MAP_LOG] = map_log,
    [PARE_MAP_MISH] = map_mish,
    [PARE_MAP_NEG] = map_neg,
    [PARE_MAP_RECIPROCAL] = map_reciprocal,
    [PARE_MAP_RELU] = map_relu,
    [PARE_MAP_ROUND] = map_round,
    [PARE_MAP_SELU] = map_selu,
    [PARE_MAP_SHRINK] = map_shrink,
    [PARE_MAP_SIGMOID] = map_sigmoid,
    [PARE_MAP_SIGN] = map_sign,
    [PARE_MAP_SIN] = map_sin,
    [PARE_MAP_SINH] = pare_map_sinh_ref,
    [PARE_MAP_SOFTPLUS] = map_softplus,
    [PARE_MAP_SOFTSIGN] = map_softsign,
    [PARE_MAP_SQRT] = map_sqrt,
    [PARE_MAP_SWISH] = map_swish,
    [PARE_MAP_TAN] = pare_map_tan_ref,
    [PARE_MAP_TANH] = map_tanh,
    [PARE_MAP_THRESHOLDED_RELU] = map_thresholded_relu,
};
