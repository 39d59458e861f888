/* Speed of every kernel at every level, on data in the second cache: nanoseconds per element (ns
 * per 1000 for those below one) and bytes read and written per second. Arithmetic that has a peak
 * is told in its share of a loop of fused multiply-adds in the same run, so that a busy machine
 * spoils both. `bench-kernels [NAME]`: those whose name holds NAME. */
#include "kernels/kernels.h"

#include "support/bench.h"
#include "support/floats.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { N = 1 << 14, ROUNDS = 5 };

static _Alignas(64) float x[8 * N], w[N], y[8 * N];
static _Alignas(64) uint8_t bytes[2 * N];
static const char *wanted = "";

typedef void work_fn(const pare_kernels *k, int which);

/* The best of some rounds of at least 3 ms each. */
static double time_of(work_fn *work, const pare_kernels *k, int which)
{
    double best = INFINITY;
    int repeat = 1;
    for (int round = 0; round < ROUNDS; round++) {
        const double start = bench_seconds();
        for (int i = 0; i < repeat; i++) work(k, which);
        const double spent = bench_seconds() - start;
        if (spent < 3e-3 && repeat < 1 << 20) {
            repeat *= spent < 3e-4 ? 8 : 2;
            round = -1;
        } else if (spent / repeat < best) {
            best = spent / repeat;
        }
    }
    return best;
}

/* Multiply-adds per second, in 10^9 operations. */
#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void fma_loop(const pare_kernels *k, int which)
{
    (void)k;
    (void)which;
    __m256 sum[10];
    const __m256 a = _mm256_loadu_ps(x);
    const __m256 b = _mm256_loadu_ps(w);
#pragma GCC unroll 10
    for (int j = 0; j < 10; j++) sum[j] = _mm256_loadu_ps(x + j);
    for (int i = 0; i < N; i++)
#pragma GCC unroll 10
        for (int j = 0; j < 10; j++) sum[j] = _mm256_fmadd_ps(a, b, sum[j]);
#pragma GCC unroll 10
    for (int j = 0; j < 10; j++) _mm256_storeu_ps(y + 8 * j, sum[j]);
}

__attribute__((target("avx512f"))) static void wide_fma_loop(const pare_kernels *k, int which)
{
    (void)k;
    (void)which;
    __m512 sum[10];
    const __m512 a = _mm512_loadu_ps(x);
    const __m512 b = _mm512_loadu_ps(w);
#pragma GCC unroll 10
    for (int j = 0; j < 10; j++) sum[j] = _mm512_loadu_ps(x + j);
    for (int i = 0; i < N; i++)
#pragma GCC unroll 10
        for (int j = 0; j < 10; j++) sum[j] = _mm512_fmadd_ps(a, b, sum[j]);
#pragma GCC unroll 10
    for (int j = 0; j < 10; j++) _mm512_storeu_ps(y + 16 * j, sum[j]);
}
#endif

/* What a level's multiply-adds reach. */
static double peak_gflops(pare_isa isa)
{
#if defined(__x86_64__)
    if (isa == PARE_ISA_AVX512) return 320e-9 * N / time_of(wide_fma_loop, NULL, 0);
    if (pare_isa_best() >= PARE_ISA_AVX2) return 160e-9 * N / time_of(fma_loop, NULL, 0);
#endif
    (void)isa;
    return NAN;
}

/* Dot products of bytes per second, in 10^9 operations. */
#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void dots_512(const pare_kernels *k, int which)
{
    (void)k;
    (void)which;
    __m512i sum[20];
    const __m512i a = _mm512_loadu_si512(bytes);
    const __m512i b = _mm512_loadu_si512(x);
#pragma GCC unroll 20
    for (int j = 0; j < 20; j++) sum[j] = _mm512_loadu_si512(x + j);
    for (int i = 0; i < N; i++)
#pragma GCC unroll 20
        for (int j = 0; j < 20; j++)
            __asm__("vpdpbusd %2, %1, %0" : "+v"(sum[j]) : "v"(a), "v"(b));
#pragma GCC unroll 20
    for (int j = 0; j < 20; j++) _mm512_storeu_si512(y + 16 * j, sum[j]);
}

__attribute__((target("avx2"))) static void dots_256(const pare_kernels *k, int which)
{
    (void)k;
    (void)which;
    __m256i sum[10];
    const __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
    const __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)x);
#pragma GCC unroll 10
    for (int j = 0; j < 10; j++)
        sum[j] = _mm256_loadu_si256((const __m256i *)(const void *)(x + j));
    for (int i = 0; i < N; i++)
#pragma GCC unroll 10
        for (int j = 0; j < 10; j++)
            __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum[j]) : "x"(a), "x"(b));
#pragma GCC unroll 10
    for (int j = 0; j < 10; j++)
        _mm256_storeu_si256((__m256i *)(void *)(y + 8 * j), sum[j]);
}
#endif

static double peak_gops(const pare_kernels *k)
{
#if defined(__x86_64__)
    if (k->dots == PARE_DOTS_AVX512_VNNI) return 2560e-9 * N / time_of(dots_512, k, 0);
    if (k->dots == PARE_DOTS_AVX_VNNI) return 640e-9 * N / time_of(dots_256, k, 0);
#endif
    return NAN;
}

typedef struct row {
    const char *name;
    work_fn *work;
    double n_elements, n_bytes, n_flops; /* of one call; flops 0: not worth telling */
} row;

static void bench(const row *r, int which)
{
    if (!strstr(r->name, wanted)) return;
    for (int isa = 0; isa <= (int)pare_isa_best(); isa++) {
        const pare_kernels *k = pare_kernels_of((pare_isa)isa);
        const double t = time_of(r->work, k, which);
        printf("%-24s %-7s %9.3f ns each %8.2f GB/s", r->name, pare_isa_name((pare_isa)isa),
               1e9 * t / r->n_elements, 1e-9 * r->n_bytes / t);
        if (r->n_flops > 0) {
            const double rate = 1e-9 * r->n_flops / t;
            printf(" %8.1f GFLOP/s, %3.0f %% of the peak", rate,
                   100 * rate / peak_gflops((pare_isa)isa));
        }
        printf("\n");
    }
}

/* --- the kernels ------------------------------------------------------------------------------ */

/* How rows are found, and whether panels are as narrow as 16 columns. */
typedef struct product {
    const char *name;
    int depth, n_taps;
    bool is_even, is_narrow;
} product;

static const product products[] = {
    { "gemm 16 deep", 16, 1, false, false },
    { "gemm 64 deep", 64, 1, false, false },
    { "gemm 512 deep", 512, 1, false, false },
    { "gemm rows apart, 16 deep", 16, 1, true, false },
    { "gemm rows apart, 64 deep", 64, 1, true, false },
    { "gemm rows apart, 512 deep", 512, 1, true, false },
    { "gemm 9 taps of 16", 16, 9, false, false },
    { "gemm narrow, 9 taps of 16", 16, 9, false, true },
    { "gemm narrow apart, 16 deep", 16, 1, true, true },
    { "gemm narrow apart, 64 deep", 64, 1, true, true },
};

static void gemm(const pare_kernels *k, int which)
{
    const product *p = &products[which];
    int32_t offsets[PARE_TILE_MAX_ROWS * 9];
    const int n_rows = k->gemm.rows;
    for (int i = 0; i < n_rows * p->n_taps; i++) offsets[i] = i % n_rows * 1040 + i / n_rows;
    const pare_gemm_tile t = {
        .n_rows = n_rows,
        .n_cols = p->is_narrow ? 16 : k->gemm.panel,
        .n_taps = p->n_taps,
        .depth = p->depth,
        .rows = x,
        .offsets = p->is_even ? NULL : offsets,
        .row_stride = 1040,
        .w = w,
        .bias = x,
        .finish = { .low = 0, .high = INFINITY },
        .y = y,
        .y_stride = 64,
    };
    /* As much as two tiles of the widest kernel. */
    const int n = 2 * PARE_TILE_MAX_ROWS * PARE_PANEL_MAX / (t.n_rows * t.n_cols);
    for (int i = 0; i < n; i++) k->gemm.run(&t);
}

static void bench_gemm(void)
{
    for (size_t i = 0; i < sizeof(products) / sizeof(products[0]); i++) {
        const product *p = &products[i];
        if (!strstr(p->name, wanted)) continue;
        for (int isa = 0; isa <= (int)pare_isa_best(); isa++) {
            const pare_kernels *k = pare_kernels_of((pare_isa)isa);
            const int columns = p->is_narrow ? 16 : k->gemm.panel;
            const int tiles = 1024 / (k->gemm.rows * columns);
            const double flops = 2.0 * tiles * k->gemm.rows * columns * p->depth *
                                 p->n_taps;
            const double rate = 1e-9 * flops / time_of(gemm, k, (int)i);
            printf("%-28s %-7s %42.1f GFLOP/s, %3.0f %% of the peak\n", p->name,
                   pare_isa_name((pare_isa)isa), rate, 100 * rate / peak_gflops((pare_isa)isa));
        }
    }
}

static uint8_t *const byte_room = (uint8_t *)y;

/* As much as two tiles of the widest kernel; a thousandth of `which` says how sums are made. */
static void integer_tile(const pare_kernels *k, int which)
{
    const pare_integer_kernel *kernel = &k->integers->tile[which / 10000];
    static const int32_t start[PARE_PANEL_MAX] = { 0 };
    const uint8_t *rows[PARE_TILE_MAX_ROWS];
    for (int r = 0; r < kernel->rows; r++) rows[r] = bytes + r * 1040;
    const pare_integer_tile t = {
        .n_rows = kernel->rows, .n_cols = kernel->panel, .n_taps = 1, .depth = which % 10000,
        .x = rows, .w = (const uint8_t *)x, .start = start,
        .finish = { .out = PARE_INTEGER_U8, .scale = w, .low = -10, .high = 245, .zero = 10 },
        .y = byte_room, .y_stride = 64,
    };
    const int n = 2 * PARE_TILE_MAX_ROWS * PARE_PANEL_MAX / (t.n_rows * t.n_cols);
    for (int i = 0; i < n; i++) kernel->run(&t);
}

static void bench_integer_tile(const pare_kernels *k, int depth, pare_sums sums)
{
    char name[40];
    snprintf(name, sizeof(name), "integer_tile%s %d deep", sums ? " saturating" : "", depth);
    if (!strstr(name, wanted)) return;
    const pare_integer_kernel *kernel = &k->integers->tile[sums];
    const int n = 2 * PARE_TILE_MAX_ROWS * PARE_PANEL_MAX / (kernel->rows * kernel->panel);
    const double ops = 2.0 * n * kernel->rows * kernel->panel * depth;
    const double rate = 1e-9 * ops / time_of(integer_tile, k, depth + 10000 * (int)sums);
    printf("%-32s %-7s%-7s %31.1f GOP/s", name, pare_isa_name(k->isa), k->dots ? " dots" : "",
           rate);
    if (k->dots && sums == PARE_SUMS_EXACT)
        printf(", %3.0f %% of the peak", 100 * rate / peak_gops(k));
    printf("\n");
}

/* Rows of 28 output pixels of 96 channels, as below. */
static void integer_depthwise(const pare_kernels *k, int which)
{
    static const int32_t start[96] = { 0 };
    static _Alignas(64) uint8_t packed[1 << 14];
    const pare_integer_depthwise_kernel *kernel = k->integers->depthwise;
    const pare_integer_finish f = { .out = PARE_INTEGER_U8, .scale = w, .low = 0, .high = 255 };
    if (which && kernel->run_row) {
        const uint8_t *rows[3] = { bytes, bytes + 6000, bytes + 12000 - 2000 };
        const int64_t strides[3] = { 96, 96, 96 };
        kernel->run_row(&(pare_integer_depthwise_row){
            .n_pixels = 28, .n_channels = 96, .height = 3, .width = 3, .step = which, .x = rows,
            .x_stride = strides, .w = packed, .start = start, .finish = f, .y = byte_room,
            .y_stride = 96 });
        return;
    }
    const uint8_t *taps[9 * 28];
    for (int t = 0; t < 9; t++)
        for (int p = 0; p < 28; p++) taps[t * 28 + p] = bytes + (t / 3 * 31 + p + t % 3) * 96;
    kernel->run(&(pare_integer_depthwise){
        .n_pixels = 28, .n_taps = 9, .n_channels = 96, .x = taps, .w = packed, .start = start,
        .finish = f, .y = byte_room, .y_stride = 96 });
}

static void bench_integers(void)
{
    static const int depths[] = { 16, 64, 256, 512 };
    for (int isa = 0; isa <= (int)pare_isa_best(); isa++) {
        const pare_kernels *k = pare_kernels_of((pare_isa)isa);
        for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++)
            for (int sums = 0; sums < PARE_N_SUMS; sums++)
                bench_integer_tile(k, depths[i], (pare_sums)sums);
        if (k->dots)
            bench_integer_tile(pare_kernels_with((pare_isa)isa, PARE_DOTS_NONE), 256,
                               PARE_SUMS_EXACT);
    }
    const double n = 28 * 96;
    bench(&(row){ "integer_depthwise any 3x3", integer_depthwise, n, 10 * n, 18 * n }, 0);
    bench(&(row){ "integer_depthwise by 1", integer_depthwise, n, 10 * n, 18 * n }, 1);
    bench(&(row){ "integer_depthwise by 2", integer_depthwise, n, 10 * n, 18 * n }, 2);
}

static void winograd_in(const pare_kernels *k, int corner)
{
    const pare_winograd_in in = {
        .n_channels = 64, .x = x, .line_stride = 16 * 64, .pixel_stride = 64, .n_rows = 16,
        .n_columns = 16, .row = corner, .column = corner, .v = y, .v_stride = 14 * 64 + 16,
    };
    k->winograd[PARE_WINOGRAD_4X4].in(&in);
}

static void winograd_out(const pare_kernels *k, int which)
{
    const pare_winograd_out out = {
        .n_channels = 64, .m = x, .m_stride = 14 * 64 + 16, .bias = w, .n_rows = 4,
        .n_columns = 4, .y = y, .line_stride = 16 * 64, .pixel_stride = 64,
        .finish = { .low = 0, .high = INFINITY, .add = which ? y : NULL },
    };
    k->winograd[PARE_WINOGRAD_4X4].out(&out);
}

static void bench_winograd(void)
{
    const double n = 36 * 64;
    bench(&(row){ "winograd in", winograd_in, n, 8 * n, 0 }, 0);
    bench(&(row){ "winograd in, at a corner", winograd_in, n, 8 * n, 0 }, -1);
    bench(&(row){ "winograd out", winograd_out, 16 * 64, 4 * n + 4 * 1024, 0 }, 0);
    bench(&(row){ "winograd out, onto", winograd_out, 16 * 64, 4 * n + 8 * 1024, 0 }, 1);
}

static void map(const pare_kernels *k, int which)
{
    k->map[which](N, x, 0.5f, 0.75f, y);
}

static void map2(const pare_kernels *k, int which)
{
    k->map2[which](N, x, 1, x + N, 1, y);
}

static void map2_by_one(const pare_kernels *k, int which)
{
    k->map2[which](N, x, 1, w, 0, y);
}

static void compare(const pare_kernels *k, int which)
{
    k->compare[which](N, x, 1, x + N, 1, bytes);
}

static void affine(const pare_kernels *k, int which)
{
    (void)which;
    k->affine(N, x, w, x + N, 1, y);
}

static void choose(const pare_kernels *k, int which)
{
    (void)which;
    k->select(N, bytes, 1, x, 1, x + N, 1, y);
}

static void bench_maps(void)
{
    for (int m = 0; m < PARE_N_MAPS; m++)
        bench(&(row){ pare_map_name((pare_map1)m), map, N, 8.0 * N, 0 }, m);
    for (int m = 0; m < PARE_N_MAPS2; m++)
        bench(&(row){ pare_map2_name((pare_map2)m), map2, N, 12.0 * N, 0 }, m);
    bench(&(row){ "mul by one", map2_by_one, N, 8.0 * N, 0 }, PARE_MAP2_MUL);
    bench(&(row){ "pow by one", map2_by_one, N, 8.0 * N, 0 }, PARE_MAP2_POW);
    w[0] = 2;
    bench(&(row){ "square by pow", map2_by_one, N, 8.0 * N, 0 }, PARE_MAP2_POW);
    bench(&(row){ "less", compare, N, 9.0 * N, 0 }, PARE_COMPARE_LESS);
    bench(&(row){ "affine", affine, N, 16.0 * N, 0 }, 0);
    bench(&(row){ "select", choose, N, 13.0 * N, 0 }, 0);
}

/* Rows of 28 output pixels of 96 channels. */
enum { PIXELS = 28, CHANNELS = 96, IN_PIXELS = 2 * PIXELS + 5 };

static void depthwise_row(const pare_kernels *k, int which)
{
    const float *rows[7];
    int64_t strides[7];
    for (int r = 0; r < 7; r++) {
        rows[r] = x + r * IN_PIXELS * CHANNELS;
        strides[r] = CHANNELS;
    }
    const int width = which / 10;
    k->depthwise_row(&(pare_depthwise_row){ .n_pixels = PIXELS,
                                            .n_channels = CHANNELS,
                                            .height = width,
                                            .width = width,
                                            .step = which % 10,
                                            .n_in = IN_PIXELS,
                                            .x = rows,
                                            .x_stride = strides,
                                            .w = w,
                                            .w_stride = CHANNELS,
                                            .bias = w,
                                            .finish = { .low = 0, .high = 6 },
                                            .y = y,
                                            .y_stride = CHANNELS });
}

static void depthwise(const pare_kernels *k, int n_taps)
{
    const float *taps[9 * PIXELS];
    for (int t = 0; t < n_taps; t++)
        for (int p = 0; p < PIXELS; p++)
            taps[t * PIXELS + p] = x + (t / 3 * IN_PIXELS + p + t % 3) * CHANNELS;
    k->depthwise(&(pare_depthwise){ .n_pixels = PIXELS,
                                    .n_taps = n_taps,
                                    .n_channels = CHANNELS,
                                    .x = taps,
                                    .w = w,
                                    .w_stride = CHANNELS,
                                    .bias = w,
                                    .finish = { .low = 0, .high = 6 },
                                    .y = y,
                                    .y_stride = CHANNELS });
}

static void bench_depthwise(void)
{
    const double n = PIXELS * CHANNELS;
    bench(&(row){ "depthwise 3x3 by 1", depthwise_row, n, 16 * n, 18 * n }, 31);
    bench(&(row){ "depthwise 3x3 by 2", depthwise_row, n, 28 * n, 18 * n }, 32);
    bench(&(row){ "depthwise 5x5 by 1", depthwise_row, n, 24 * n, 50 * n }, 51);
    bench(&(row){ "depthwise 5x5 by 2", depthwise_row, n, 44 * n, 50 * n }, 52);
    bench(&(row){ "depthwise 7x7 by 1", depthwise_row, n, 32 * n, 98 * n }, 71);
    bench(&(row){ "depthwise any 3x3", depthwise, n, 16 * n, 18 * n }, 9);
}

static void max_pool(const pare_kernels *k, int which)
{
    const float *taps[9];
    (void)which;
    for (int t = 0; t < 9; t++) taps[t] = x + t * 256;
    k->max_pool(9, taps, 256, y);
}

static void average_pool(const pare_kernels *k, int which)
{
    const float *taps[9];
    (void)which;
    for (int t = 0; t < 9; t++) taps[t] = x + t * 256;
    k->average_pool(9, taps, 256, 9, y);
}

static void column_sum(const pare_kernels *k, int which)
{
    (void)which;
    k->column_sum(49, 1280, x, 1280, y);
}

static void bench_pooling(void)
{
    bench(&(row){ "max_pool 3x3", max_pool, 256, 40 * 256, 0 }, 0);
    bench(&(row){ "average_pool 3x3", average_pool, 256, 40 * 256, 0 }, 0);
    bench(&(row){ "column_sum 49 rows", column_sum, 49 * 1280, 4.0 * 50 * 1280, 0 }, 0);
}

/* 64 channels of 32 x 32, and an image of 3 channels. */
static const pare_move moves[] = {
    { 1, { { 64 * 1024, 1, 1 } } },              /* a copy */
    { 2, { { 1024, 1, 64 }, { 64, 1024, 1 } } }, /* to channels last */
    { 2, { { 64, 1, 1024 }, { 1024, 64, 1 } } }, /* and back */
    { 2, { { 4096, 1, 16 }, { 3, 4096, 1 } } },  /* an image, to padded channels */
    { 3, { { 8, 128, 4096 }, { 64, 1024, 64 }, { 64, 1, 1 } } },
    { 2, { { 1024, 1, 64 }, { 64, 0, 1 } } },
};

static void move(const pare_kernels *k, int which)
{
    k->move(&moves[which], 4, x, y);
}

static void move_bytes(const pare_kernels *k, int which)
{
    k->move(&moves[which], 1, x, y);
}

static void bench_moves(void)
{
    const double n = 64 * 1024, pixels = 3 * 4096;
    bench(&(row){ "move: copy", move, n, 8 * n, 0 }, 0);
    bench(&(row){ "move: NCHW to NHWC", move, n, 8 * n, 0 }, 1);
    bench(&(row){ "move: NHWC to NCHW", move, n, 8 * n, 0 }, 2);
    bench(&(row){ "move: image to NHWC", move, pixels, 8 * pixels, 0 }, 3);
    bench(&(row){ "move: rows of 64", move, n / 2, 4 * n, 0 }, 4);
    bench(&(row){ "move: broadcast", move, n, 8 * n, 0 }, 5);
    bench(&(row){ "move: bytes to NHWC", move_bytes, n, 2 * n, 0 }, 1);
}

/* Rows of 768, one after the other. */
enum { WIDTH = 768, HEIGHT = 16 };

static void row_sum(const pare_kernels *k, int which)
{
    (void)which;
    for (int r = 0; r < HEIGHT; r++) y[r] = k->row->sum(WIDTH, x + r * WIDTH);
}

static void row_max(const pare_kernels *k, int which)
{
    (void)which;
    for (int r = 0; r < HEIGHT; r++) y[r] = k->row->max(WIDTH, x + r * WIDTH);
}

static void arg_max(const pare_kernels *k, int which)
{
    (void)which;
    for (int r = 0; r < HEIGHT; r++) y[r] = (float)k->row->arg(WIDTH, x + r * WIDTH, false, false);
}

static void softmax(const pare_kernels *k, int width)
{
    for (int r = 0; r < WIDTH * HEIGHT / width; r++)
        k->row->softmax(width, x + r * width, y + r * width);
}

static void softmax_rows(const pare_kernels *k, int width)
{
    k->row->softmax_rows(WIDTH * HEIGHT / width, width, x, width, y, width);
}

static void log_softmax(const pare_kernels *k, int width)
{
    for (int r = 0; r < WIDTH * HEIGHT / width; r++)
        k->row->log_softmax(width, x + r * width, y + r * width);
}

static void layer_norm(const pare_kernels *k, int which)
{
    float mean, inverse;
    (void)which;
    for (int r = 0; r < HEIGHT; r++)
        k->row->layer_norm(WIDTH, x + r * WIDTH, w, w + WIDTH, 1e-5, y + r * WIDTH, &mean,
                           &inverse);
}

static void rms_norm(const pare_kernels *k, int which)
{
    float inverse;
    (void)which;
    for (int r = 0; r < HEIGHT; r++)
        k->row->rms_norm(WIDTH, x + r * WIDTH, w, 1e-5, y + r * WIDTH, &inverse);
}

static void bench_rows(void)
{
    const double n = WIDTH * HEIGHT;
    bench(&(row){ "row sum", row_sum, n, 4 * n, 0 }, 0);
    bench(&(row){ "row max", row_max, n, 4 * n, 0 }, 0);
    bench(&(row){ "arg max", arg_max, n, 4 * n, 0 }, 0);
    bench(&(row){ "softmax of rows of 2", softmax_rows, n, 8 * n, 0 }, 2);
    bench(&(row){ "softmax of rows of 10", softmax_rows, n, 8 * n, 0 }, 10);
    bench(&(row){ "softmax of 128", softmax, n, 8 * n, 0 }, 128);
    bench(&(row){ "softmax of 768", softmax, n, 8 * n, 0 }, 768);
    bench(&(row){ "log_softmax of 768", log_softmax, n, 8 * n, 0 }, 768);
    bench(&(row){ "layer_norm", layer_norm, n, 8 * n, 0 }, 0);
    bench(&(row){ "rms_norm", rms_norm, n, 8 * n, 0 }, 0);
}

static uint16_t halves[N];

static void to_half(const pare_kernels *k, int which)
{
    (which ? k->narrow->to_bf16 : k->narrow->to_f16)(N, x, halves);
}

static void from_half(const pare_kernels *k, int which)
{
    (which ? k->narrow->from_bf16 : k->narrow->from_f16)(N, halves, y);
}

static void quantize(const pare_kernels *k, int which)
{
    static const int32_t zero = 128;
    static const float scale = 0.05f;
    if (which) k->narrow->dequantize_u8(N, bytes, &scale, &zero, 0, y);
    else k->narrow->quantize_u8(N, x, &scale, &zero, 0, bytes);
}

static void bench_narrow(void)
{
    bench(&(row){ "to float16", to_half, N, 6.0 * N, 0 }, 0);
    bench(&(row){ "to bfloat16", to_half, N, 6.0 * N, 0 }, 1);
    bench(&(row){ "from float16", from_half, N, 6.0 * N, 0 }, 0);
    bench(&(row){ "from bfloat16", from_half, N, 6.0 * N, 0 }, 1);
    bench(&(row){ "quantize to uint8", quantize, N, 5.0 * N, 0 }, 0);
    bench(&(row){ "dequantize uint8", quantize, N, 5.0 * N, 0 }, 1);
}

int main(int argc, char **argv)
{
    uint32_t seed = 1;
    if (argc > 1) wanted = argv[1];
    for (int i = 0; i < 8 * N; i++) {
        const float v = test_any_float(&seed);
        x[i] = fabsf(v) > 1e-6f && fabsf(v) < 1 ? 4 * v : 1; /* subnormal numbers cost time */
    }
    for (int i = 0; i < N; i++) w[i] = x[i] / 64;
    for (int i = 0; i < N; i++) bytes[i] = x[i] > 0;
    printf("fused multiply-adds: %.1f GFLOP/s\n", peak_gflops(pare_isa_best()));
    bench_gemm();
    bench_integers();

    bench_winograd();
    bench_maps();
    bench_depthwise();
    bench_pooling();
    bench_rows();
    bench_narrow();
    bench_moves();
    return 0;
}
