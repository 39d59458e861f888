/* Speed of packing weights into 4 and 8 bits, of 256 MiB of floats, in bytes of floats per second
 * and as a share of what only reading them reaches; and of products of one row with packed weights.
 * Pieces of 16 MiB are read and packed in turn, and the best of all pieces counts: small enough for
 * a busy machine to let some pass undisturbed. `bench-nbits [ROUNDS]` */
#include "kernels/kernels.h"

#include "support/bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { N = 1 << 26, PIECE = 1 << 22, K = 4096, COLUMNS = 4096 };

static float *x;
static uint8_t *codes, *zeros;
static float *scales;
static volatile float sink;

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void read_piece(const float *from)
{
    __m256 sum[8];
#pragma GCC unroll 8
    for (int j = 0; j < 8; j++) sum[j] = _mm256_setzero_ps();
    for (int64_t i = 0; i < PIECE; i += 64)
#pragma GCC unroll 8
        for (int j = 0; j < 8; j++)
            sum[j] = _mm256_max_ps(sum[j], _mm256_loadu_ps(from + i + 8 * j));
    float all[8];
#pragma GCC unroll 8
    for (int j = 1; j < 8; j++) sum[0] = _mm256_max_ps(sum[0], sum[j]);
    _mm256_storeu_ps(all, sum[0]);
    sink = all[0];
}
#else
static void read_piece(const float *from)
{
    float most = 0;
    for (int64_t i = 0; i < PIECE; i++) most = from[i] > most ? from[i] : most;
    sink = most;
}
#endif

static double read_seconds(const float *from)
{
    const double start = bench_seconds();
    read_piece(from);
    return bench_seconds() - start;
}

typedef struct packing {
    const char *name;
    pare_nbits_grid grid;
    int bits;
    int64_t block;
} packing;

static void bench_packing(const pare_kernels *k, const packing *p, int n_rounds)
{
    const int64_t n = k->isa == PARE_ISA_SCALAR ? PIECE / 16 : PIECE;
    double pack = INFINITY, reading = INFINITY;
    for (int64_t at = 0; at < (int64_t)n_rounds * N; at += PIECE) {
        reading = fmin(reading, read_seconds(x + at % N));
        const float *from = x + (at + N / 2) % N; /* which the caches have forgotten */
        const double start = bench_seconds();
        k->nbits->pack(p->grid, p->bits, n / p->block, p->block, from, codes, scales, zeros);
        pack = fmin(pack, (bench_seconds() - start) * PIECE / (double)n);
    }
    printf("%-26s %-7s %6.2f GB/s, %4.2f of reading (%.1f GB/s)\n", p->name,
           pare_isa_name(k->isa), 4e-9 * PIECE / pack, reading / pack, 4e-9 * PIECE / reading);
}

/* The same in the first cache: what a faster memory would let it do. */
static void bench_cached(const pare_kernels *k, const packing *p, int n_rounds)
{
    enum { CACHED = 1 << 12 };
    double best = INFINITY;
    for (int round = 0; round < 1000 * n_rounds; round++) {
        const double start = bench_seconds();
        k->nbits->pack(p->grid, p->bits, CACHED / p->block, p->block, x, codes, scales, zeros);
        best = fmin(best, bench_seconds() - start);
    }
    printf("%-26s %-7s %6.2f GB/s in the first cache\n", p->name, pare_isa_name(k->isa),
           4e-9 * CACHED / best);
}

/* One row times K x COLUMNS. */
static void bench_vector(const pare_kernels *k, int bits, bool rounded, int n_rounds)
{
    enum { BLOCK = 128 };
    static _Alignas(64) float bias[PARE_PANEL_MAX], y[PARE_PANEL_MAX];
    const int panel = k->nbits->panel;
    double best = INFINITY;
    for (int i = 0; i < N / 64; i++) scales[i] = 0.01f;
    for (int round = 0; round < 4 * n_rounds; round++) {
        const double start = bench_seconds();
        for (int64_t c = 0; c < COLUMNS / panel; c++) {
            const pare_nbits_panel p = {
                bits, K, BLOCK, codes + c * K * panel * bits / 8, scales + c * panel * K / BLOCK,
                scales + c * panel * K / BLOCK,
            };
            k->nbits->vector(&p, x, rounded ? x : NULL, bias, y);
        }
        best = fmin(best, bench_seconds() - start);
    }
    printf("vector, %d bits%-11s %-7s %6.2f G weights/s, %.1f GB/s\n", bits,
           rounded ? ", rounded" : "", pare_isa_name(k->isa), 1e-9 * K * COLUMNS / best,
           1e-9 * K * COLUMNS * bits / 8 / best);
}

int main(int argc, char **argv)
{
    static const packing packings[] = {
        { "4 bits, 32, zero points", PARE_NBITS_FREE, 4, 32 },
        { "4 bits, 32, signed", PARE_NBITS_SIGNED, 4, 32 },
        { "4 bits, 128, zero points", PARE_NBITS_FREE, 4, 128 },
        { "4 bits, 128, signed", PARE_NBITS_SIGNED, 4, 128 },
        { "8 bits, 128, signed", PARE_NBITS_SIGNED, 8, 128 },
    };
    const int n_rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 5;
    x = aligned_alloc(4096, (size_t)N * 4 + 65536);
    codes = aligned_alloc(4096, N);
    zeros = aligned_alloc(4096, N / 16);
    scales = aligned_alloc(4096, N / 4);
    if (!x || !codes || !zeros || !scales) return 1;
    uint32_t state = 1;
    for (int64_t i = 0; i < N + 16384; i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = (float)(state >> 8) / (1 << 23) - 1;
    }
    memset(codes, 0, N);
    for (int isa = (int)pare_isa_best(); isa >= 0; isa--)
        for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++)
            bench_packing(pare_kernels_of((pare_isa)isa), &packings[i], n_rounds);
    for (int isa = (int)pare_isa_best(); isa > 0; isa--)
        for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++)
            bench_cached(pare_kernels_of((pare_isa)isa), &packings[i], n_rounds);
    for (int isa = (int)pare_isa_best(); isa > 0; isa--)
        for (int bits = 4; bits <= 8; bits += 4)
            for (int rounded = 0; rounded < 2; rounded++)
                bench_vector(pare_kernels_of((pare_isa)isa), bits, rounded, n_rounds);
    free(x);
    free(codes);
    free(zeros);
    free(scales);
    return 0;
}
