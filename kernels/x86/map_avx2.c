#include "kernels/math.h"
#include "kernels/x86/avx2.h"
#include "kernels/x86/math64_avx2.h"

#include <math.h>

/* Functions of math.h and activation.h by vectors: the operations of the reference in its order. */

typedef __m256 vector_fn(__m256 x, __m256 a, __m256 b);

static INLINE void each(vector_fn *fn, int64_t n, const float *x, float a, float b, float *y)
{
    const __m256 va = set(a);
    const __m256 vb = set(b);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) _mm256_storeu_ps(y + i, fn(_mm256_loadu_ps(x + i), va, vb));
    if (i == n) return;
    const __m256i mask = lanes(n - i);
    _mm256_maskstore_ps(y + i, mask, fn(_mm256_maskload_ps(x + i, mask), va, vb));
}

#define IGNORE_AB (void)a, (void)b
#define IGNORE_B  (void)b

static INLINE __m256 v_abs(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return absolute(x);
}

static INLINE __m256 v_ceil(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return _mm256_ceil_ps(x);
}

/* scale (e^x - 1) */
static INLINE __m256 exp_less_one(__m256 x, __m256 scale)
{
    return _mm256_mul_ps(scale, _mm256_sub_ps(exp_of(x), set(1)));
}

static INLINE __m256 v_celu(__m256 x, __m256 a, __m256 b)
{
    IGNORE_B;
    return choose(positive(x), x, exp_less_one(_mm256_div_ps(x, a), a));
}

static INLINE __m256 v_clip(__m256 x, __m256 a, __m256 b)
{
    return clamp(x, a, b);
}

/* Sine of |x| + quadrants * pi / 2, by the reference where |x| is too large or no number. */
static __m256 sine(__m256 x, int quadrants, __m256 y_sign, pare_fn_f32 *reference)
{
    float xs[LANES], ys[LANES];
    const __m256 size = absolute(x);
    const __m128 low = sine_of_size(_mm256_castps256_ps128(size), quadrants);
    const __m128 high = sine_of_size(_mm256_extractf128_ps(size, 1), quadrants);
    const __m256 y = _mm256_xor_ps(_mm256_set_m128(high, low), y_sign);
    const int rare = _mm256_movemask_ps(_mm256_cmp_ps(size, set(0x1p26f), _CMP_NLT_UQ));
    if (!rare) return y;
    _mm256_storeu_ps(xs, x);
    _mm256_storeu_ps(ys, y);
    for (int j = 0; j < LANES; j++)
        if (rare >> j & 1) ys[j] = reference(xs[j]);
    return _mm256_loadu_ps(ys);
}

static INLINE __m256 v_cos(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return sine(x, 1, _mm256_setzero_ps(), pare_cos_f32_ref);
}

static INLINE __m256 v_elu(__m256 x, __m256 a, __m256 b)
{
    IGNORE_B;
    return choose(negative(x), exp_less_one(x, a), x);
}

static INLINE __m256 v_erf(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return erf_of(x);
}

static INLINE __m256 v_exp(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return exp_of(x);
}

static INLINE __m256 v_floor(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return _mm256_floor_ps(x);
}

/* x / 2 (1 + f) */
static INLINE __m256 half_of_one_plus(__m256 x, __m256 f)
{
    return _mm256_mul_ps(_mm256_mul_ps(set(0.5f), x), _mm256_add_ps(set(1), f));
}

static INLINE __m256 v_gelu(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return half_of_one_plus(x, erf_of(_mm256_mul_ps(x, set(0.70710678118654752f))));
}

static INLINE __m256 v_gelu_tanh(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    __m256 cube = _mm256_mul_ps(set(0.044715f), x);
    cube = _mm256_mul_ps(_mm256_mul_ps(cube, x), x);
    const __m256 inner = _mm256_mul_ps(set(0.79788456080286536f), _mm256_add_ps(x, cube));
    return half_of_one_plus(x, tanh_of(inner));
}

static INLINE __m256 v_hard_sigmoid(__m256 x, __m256 a, __m256 b)
{
    return clamp(_mm256_add_ps(_mm256_mul_ps(a, x), b), _mm256_setzero_ps(), set(1));
}

static INLINE __m256 v_hard_swish(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return _mm256_mul_ps(x, v_hard_sigmoid(x, set(1.0f / 6), set(0.5f)));
}

static INLINE __m256 v_leaky_relu(__m256 x, __m256 a, __m256 b)
{
    IGNORE_B;
    return choose(negative(x), _mm256_mul_ps(a, x), x);
}

static INLINE __m256 v_log(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return log_of(x);
}

static INLINE __m256 v_mish(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return _mm256_mul_ps(x, tanh_of(softplus_of(x)));
}

static INLINE __m256 v_neg(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return _mm256_xor_ps(set(-0.0f), x);
}

static INLINE __m256 v_reciprocal(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return _mm256_div_ps(set(1), x);
}

static INLINE __m256 v_relu(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return _mm256_max_ps(_mm256_setzero_ps(), x); /* of equal or unordered ones the second */
}

static INLINE __m256 v_round(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return nearest(x);
}

static INLINE __m256 v_selu(__m256 x, __m256 a, __m256 b)
{
    const __m256 below = _mm256_sub_ps(_mm256_mul_ps(a, exp_of(x)), a);
    return _mm256_mul_ps(b, choose(positive(x), x, below));
}

static INLINE __m256 v_shrink(__m256 x, __m256 a, __m256 b)
{
    const __m256 minus_a = _mm256_xor_ps(set(-0.0f), a);
    __m256 y = _mm256_and_ps(_mm256_cmp_ps(x, x, _CMP_UNORD_Q), x); /* NaN, else 0 */
    y = choose(_mm256_cmp_ps(x, a, _CMP_GT_OQ), _mm256_sub_ps(x, b), y);
    return choose(_mm256_cmp_ps(x, minus_a, _CMP_LT_OQ), _mm256_add_ps(x, b), y);
}

static INLINE __m256 v_sigmoid(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return sigmoid_of(x);
}

static INLINE __m256 v_sign(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return choose(positive(x), set(1), choose(negative(x), set(-1), x));
}

static INLINE __m256 v_sin(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return sine(x, 0, sign_of(x), pare_sin_f32_ref);
}

static INLINE __m256 v_softplus(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return softplus_of(x);
}

static INLINE __m256 v_softsign(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return _mm256_div_ps(x, _mm256_add_ps(set(1), absolute(x)));
}

static INLINE __m256 v_sqrt(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return _mm256_sqrt_ps(x);
}

static INLINE __m256 v_swish(__m256 x, __m256 a, __m256 b)
{
    IGNORE_B;
    return _mm256_mul_ps(x, sigmoid_of(_mm256_mul_ps(a, x)));
}

static INLINE __m256 v_tanh(__m256 x, __m256 a, __m256 b)
{
    IGNORE_AB;
    return tanh_of(x);
}

static INLINE __m256 v_thresholded_relu(__m256 x, __m256 a, __m256 b)
{
    IGNORE_B;
    const __m256 keep =
        _mm256_or_ps(_mm256_cmp_ps(x, a, _CMP_GT_OQ), _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    return _mm256_and_ps(keep, x);
}

#define MAP(name)                                                                 \
    static void map_##name(int64_t n, const float *x, float a, float b, float *y) \
    {                                                                             \
        each(v_##name, n, x, a, b, y);                                            \
    }
MAP(abs)
MAP(ceil)
MAP(celu)
MAP(clip)
MAP(cos)
MAP(elu)
MAP(erf)
MAP(exp)
MAP(floor)
MAP(gelu)
MAP(gelu_tanh)
MAP(hard_sigmoid)
MAP(hard_swish)
MAP(leaky_relu)
MAP(log)
MAP(mish)
MAP(neg)
MAP(reciprocal)
MAP(relu)
MAP(round)
MAP(selu)
MAP(shrink)
MAP(sigmoid)
MAP(sign)
MAP(sin)
MAP(softplus)
MAP(softsign)
MAP(sqrt)
MAP(swish)
MAP(tanh)
MAP(thresholded_relu)

pare_map_fn *const pare_maps_avx2[PARE_N_MAPS] = {
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
