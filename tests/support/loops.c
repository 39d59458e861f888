#include "support/loops.h"

#include "support/bench.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { N = 1 << 16, ROUNDS = 10 };

static float numbers[256];

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void fma_256(void)
{
    __m256 sum[10];
    const __m256 a = _mm256_loadu_ps(numbers);
    const __m256 b = _mm256_loadu_ps(numbers + 8);
#pragma GCC unroll 10
    for (int j = 0; j < 10; j++) sum[j] = _mm256_loadu_ps(numbers + j);
    for (int i = 0; i < N; i++)
#pragma GCC unroll 10
        for (int j = 0; j < 10; j++) sum[j] = _mm256_fmadd_ps(a, b, sum[j]);
#pragma GCC unroll 10
    for (int j = 0; j < 10; j++) _mm256_storeu_ps(numbers + 8 * j, sum[j]);
}

__attribute__((target("avx512f"))) static void fma_512(void)
{
    __m512 sum[10];
    const __m512 a = _mm512_loadu_ps(numbers);
    const __m512 b = _mm512_loadu_ps(numbers + 16);
#pragma GCC unroll 10
    for (int j = 0; j < 10; j++) sum[j] = _mm512_loadu_ps(numbers + j);
    for (int i = 0; i < N; i++)
#pragma GCC unroll 10
        for (int j = 0; j < 10; j++) sum[j] = _mm512_fmadd_ps(a, b, sum[j]);
#pragma GCC unroll 10
    for (int j = 0; j < 10; j++) _mm512_storeu_ps(numbers + 16 * j, sum[j]);
}
#endif

double test_loop_fma(pare_isa isa)
{
#if defined(__x86_64__)
    double best = INFINITY;
    memset(numbers, 0, sizeof(numbers));
    for (int i = 0; isa != PARE_ISA_SCALAR && i < ROUNDS; i++) {
        const double start = bench_seconds();
        if (isa == PARE_ISA_AVX512) fma_512();
        else fma_256();
        best = fmin(best, bench_seconds() - start);
    }
    if (isa != PARE_ISA_SCALAR) return 20e-9 * N * (isa == PARE_ISA_AVX512 ? 16 : 8) / best;
#endif
    (void)isa;
    return NAN;
}

double test_loop_read(size_t n_bytes)
{
    const size_t n = n_bytes / sizeof(uint64_t) / 16 * 16;
    uint64_t *room = malloc(n * sizeof(*room) + 1);
    const size_t times = ((size_t)64 << 20) / n_bytes + 1;
    double best = INFINITY;
    volatile uint64_t sink = 0; /* so that sums are needed */
    if (!room) return 0;
    memset(room, 1, n * sizeof(*room));
    for (int round = 0; round < ROUNDS; round++) {
        const double start = bench_seconds();
        uint64_t sum[16] = { 0 };
        for (size_t t = 0; t < times; t++)
            for (size_t i = 0; i < n; i += 16)
                for (int j = 0; j < 16; j++) sum[j] ^= room[i + (size_t)j];
        best = fmin(best, (bench_seconds() - start) / (double)times);
        for (int j = 0; j < 16; j++) sink ^= sum[j];
    }
    (void)sink;
    free(room);
    return 1e-9 * (double)n_bytes / best;
}
