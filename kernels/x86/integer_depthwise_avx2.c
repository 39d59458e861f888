#include "kernels/x86/avx2.h"

#include "kernels/x86/integer_avx2.h"

/* Sixteen channels at a time. Two taps are multiplied at once, as pairs of 16 bits; unpacking them
 * puts channels 0..3 and 8..11 into one vector, 4..7 and 12..15 into the other. */
enum { BLOCK = 16 };

static size_t packed_bytes(int64_t n_taps, int64_t n_channels)
{
    const int64_t n_blocks = (n_channels + BLOCK - 1) / BLOCK;
    return (size_t)(n_blocks * ((n_taps + 1) / 2) * 2 * BLOCK) * sizeof(int16_t);
}

static void pack(int64_t n_taps, int64_t n_channels, const int16_t *w, void *out)
{
    int16_t *to = out;
    for (int64_t first = 0; first < n_channels; first += BLOCK)
        for (int64_t t = 0; t < n_taps; t += 2)
            for (int64_t i = 0; i < BLOCK; i++) {
                const int64_t c = first + i % 4 + i / 4 % 2 * 8 + i / 8 * 4;
                for (int64_t k = t; k < t + 2; k++)
                    *to++ = c < n_channels && k < n_taps ? w[k * n_channels + c] : 0;
            }
}

static INLINE __m256i sixteen(const uint8_t *x, int64_t n, const bool is_signed)
{
    __m128i v = _mm_setzero_si128();
    if (n >= BLOCK) v = _mm_loadu_si128((const __m128i *)(const void *)x);
    else memcpy(&v, x, (size_t)n);
    return is_signed ? _mm256_cvtepi8_epi16(v) : _mm256_cvtepu8_epi16(v);
}

static INLINE __m256i eight_of(const int32_t *x, int64_t n)
{
    return _mm256_castps_si256(load_n((const float *)(const void *)x, n));
}

static INLINE void block(const pare_integer_depthwise *d, int64_t p, int64_t c, const __m256i *w,
                         const bool is_signed)
{
    const int64_t n = d->n_channels - c;
    const uint8_t *const *x = d->x + p;
    __m256i even = _mm256_setzero_si256();
    __m256i odd = even;
    for (int64_t t = 0; t < d->n_taps; t += 2, w += 2) {
        const __m256i a = sixteen(x[t * d->n_pixels] + c, n, is_signed);
        const __m256i b = t + 1 < d->n_taps ? sixteen(x[(t + 1) * d->n_pixels] + c, n, is_signed)
                                            : _mm256_setzero_si256();
        even = _mm256_add_epi32(even, _mm256_madd_epi16(_mm256_unpacklo_epi16(a, b), w[0]));
        odd = _mm256_add_epi32(odd, _mm256_madd_epi16(_mm256_unpackhi_epi16(a, b), w[1]));
    }
    const int64_t at = p * d->y_stride + c;
    const __m256i low = _mm256_permute2x128_si256(even, odd, 0x20);
    finish_8(&d->finish, c, n, _mm256_add_epi32(low, eight_of(d->start + c, n)), d->y, at);
    if (n <= LANES) return;
    const __m256i high = _mm256_permute2x128_si256(even, odd, 0x31);
    finish_8(&d->finish, c + LANES, n - LANES,
             _mm256_add_epi32(high, eight_of(d->start + c + LANES, n - LANES)), d->y, at + LANES);
}

static INLINE void run_all(const pare_integer_depthwise *d, const bool is_signed)
{
    const int64_t per_block = (d->n_taps + 1) / 2 * 2;
    for (int64_t c = 0; c < d->n_channels; c += BLOCK) {
        const __m256i *w = (const __m256i *)d->w + c / BLOCK * per_block;
        for (int64_t p = 0; p < d->n_pixels; p++) block(d, p, c, w, is_signed);
    }
}

static void run(const pare_integer_depthwise *d)
{
    if (d->x_is_signed) run_all(d, true);
    else run_all(d, false);
}

const pare_integer_depthwise_kernel pare_integer_depthwise_avx2 = {
    .packed_bytes = packed_bytes, .pack = pack, .run = run,
};
