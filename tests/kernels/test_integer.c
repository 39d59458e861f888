/* Integer kernels of every set against plain sums, bit for bit: around the edges of tiles, panels,
 * quads and blocks of channels, at the ends of types, with zero points. */
#include "kernels/kernels.h"
#include "support/test.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { MAX_DEPTH = 67, MAX_TAPS = 9, STRIDE = 70, GUARD = 77, MAX_CHANNELS = 150, MAX_PIXELS = 11 };

typedef void check_fn(const pare_integer_kernels *k, uint32_t *seed);

/* Every set that this processor runs. */
static void for_sets(check_fn *check)
{
    for (int isa = 0; isa <= (int)pare_isa_best(); isa++) {
        const pare_kernels *best = pare_kernels_of((pare_isa)isa);
        uint32_t seed = 1;
        check(best->integers, &seed);
        if (best->dots) check(pare_kernels_with((pare_isa)isa, PARE_DOTS_NONE)->integers, &seed);
    }
}

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Bytes, many of them at the ends of their types. */
static void fill(uint8_t *x, size_t n, uint32_t *seed)
{
    static const uint8_t ends[] = { 0, 255, 127, 128 };
    const bool is_extreme = draw(seed) % 4 == 0;
    for (size_t i = 0; i < n; i++)
        x[i] = is_extreme || draw(seed) % 4 == 0 ? ends[draw(seed) % 4] : (uint8_t)draw(seed);
}

static int32_t wrapped(int64_t x)
{
    return (int32_t)(uint32_t)(uint64_t)x;
}

/* --- what sums become ------------------------------------------------------------------------- */

typedef struct vectors {
    int32_t start[MAX_CHANNELS], w_zero[MAX_CHANNELS];
    float scale[MAX_CHANNELS], shift[MAX_CHANNELS];
} vectors;

static void fill_vectors(vectors *v, uint32_t *seed)
{
    for (int i = 0; i < MAX_CHANNELS; i++) {
        v->start[i] = (int32_t)(draw(seed) % 200001) - 100000;
        if (draw(seed) % 20 == 0) v->start[i] = INT32_MAX - (int32_t)(draw(seed) % 5);
        v->w_zero[i] = (int32_t)(draw(seed) % 256) - 128;
        v->scale[i] = (float)(draw(seed) % 1000) * 1e-5f;
        if (draw(seed) % 9 == 0) v->scale[i] = 1.0f / 64; /* halves */
        v->shift[i] = (float)(draw(seed) % 1000) * 0.1f - 50;
    }
}

static pare_integer_finish finish_of(const vectors *v, pare_integer_out out, uint32_t *seed)
{
    pare_integer_finish f = { .out = out, .scale = v->scale, .low = -INFINITY, .high = INFINITY };
    if (draw(seed) % 2) f.shift = v->shift;
    if (out == PARE_INTEGER_F32 && draw(seed) % 2) f.low = 0;
    if (out < PARE_INTEGER_U8) return f;
    const int low = out == PARE_INTEGER_U8 ? 0 : -128;
    f.zero = low + (int32_t)(draw(seed) % 256);
    f.low = (float)(low - f.zero);
    f.high = (float)(low + 255 - f.zero);
    if (draw(seed) % 2 && f.low < 0) f.low = 0; /* a Relu */
    else f.is_free = true; /* scales are small */
    return f;
}

static size_t width_of(pare_integer_out out)
{
    return out < PARE_INTEGER_U8 ? 4 : 1;
}

static void check_result(const pare_integer_finish *f, int64_t j, int32_t sum, const uint8_t *y)
{
    if (f->out == PARE_INTEGER_S32) {
        assert_memory_equal(y, &sum, 4);
        return;
    }
    float z = (float)sum * f->scale[j];
    if (f->shift) z += f->shift[j];
    z = fminf(fmaxf(z, f->low), f->high);
    if (f->out == PARE_INTEGER_F32) {
        float got;
        memcpy(&got, y, 4);
        assert_true(got == z);
        return;
    }
    const int want = (int)lrintf(z) + f->zero;
    assert_int_equal(f->out == PARE_INTEGER_U8 ? *y : (int8_t)*y, want);
}

/* --- tiles ------------------------------------------------------------------------------------ */

typedef struct room {
    _Alignas(64) uint8_t w[MAX_TAPS * (MAX_DEPTH + 3) * PARE_PANEL_MAX];
    uint8_t x[PARE_TILE_MAX_ROWS * MAX_TAPS][MAX_DEPTH];
    uint8_t y[PARE_TILE_MAX_ROWS * STRIDE * 4];
    vectors v;
} room;

static int64_t product(const pare_integer_tile *t, int panel, bool saturates, int r, int j,
                       int64_t tap, int64_t c)
{
    const int64_t quads = (t->depth + 3) / 4;
    const uint8_t x = t->x[tap * t->n_rows + r][c];
    const uint8_t w = t->w[((tap * quads + c / 4) * panel + j) * 4 + c % 4];
    if (saturates) return (t->x_is_signed ? (int8_t)x + 128 : x) * (int8_t)w;
    return t->x_is_signed ? (int8_t)x * w : x * (int8_t)w;
}

static int32_t sum_of(const pare_integer_tile *t, int panel, bool saturates, int r, int j)
{
    int64_t sum = t->start[j];
    if (t->w_zero) sum -= (int64_t)t->w_zero[j] * t->row_sums[r];
    for (int64_t tap = 0; tap < t->n_taps; tap++)
        for (int64_t c = 0; c < t->depth; c += 2) {
            int64_t pair = product(t, panel, saturates, r, j, tap, c);
            if (c + 1 < t->depth) pair += product(t, panel, saturates, r, j, tap, c + 1);
            if (saturates && pair < INT16_MIN) pair = INT16_MIN;
            if (saturates && pair > INT16_MAX) pair = INT16_MAX;
            sum += pair;
        }
    return wrapped(sum);
}

static void check_tile(const pare_integer_kernels *k, pare_sums sums, room *m,
                       pare_integer_tile *t, uint32_t *seed)
{
    const uint8_t *x[PARE_TILE_MAX_ROWS * MAX_TAPS];
    int32_t row_sums[PARE_TILE_MAX_ROWS];
    const pare_integer_kernel *kernel = &k->tile[sums];
    fill(m->w, sizeof(m->w), seed);
    fill(&m->x[0][0], sizeof(m->x), seed);
    fill_vectors(&m->v, seed);
    memset(m->y, GUARD, sizeof(m->y));
    /* so that reading behind them is seen by sanitizers */
    for (int64_t i = 0; i < t->n_rows * t->n_taps; i++) x[i] = m->x[i] + MAX_DEPTH - t->depth;
    for (int r = 0; r < t->n_rows; r++) {
        row_sums[r] = 0;
        for (int64_t tap = 0; tap < t->n_taps; tap++)
            row_sums[r] += k->row_sum(t->depth, x[tap * t->n_rows + r], t->x_is_signed);
    }
    t->x = x, t->w = m->w, t->start = m->v.start, t->row_sums = row_sums;
    t->w_zero = draw(seed) % 2 ? m->v.w_zero : NULL;
    t->finish = finish_of(&m->v, (pare_integer_out)(draw(seed) % 4), seed);
    t->y = m->y, t->y_stride = STRIDE;
    kernel->run(t);
    const size_t width = width_of(t->finish.out);
    for (int r = 0; r < PARE_TILE_MAX_ROWS; r++)
        for (int j = 0; j < STRIDE; j++) {
            const uint8_t *y = m->y + (size_t)(r * STRIDE + j) * width;
            if (r < t->n_rows && j < t->n_cols)
                check_result(&t->finish, j, sum_of(t, kernel->panel, sums, r, j), y);
            else
                for (size_t i = 0; i < width; i++) assert_int_equal(y[i], GUARD);
        }
}

static void check_tiles(const pare_integer_kernels *k, uint32_t *seed)
{
    static const int shapes[][2] = { { 1, 1 }, { 1, 2 }, { 1, 3 }, { 1, 4 }, { 1, 67 }, { 9, 5 },
                                     { 2, 32 }, { 1, 0 }, { 3, 7 } }; /* taps, depth */
    static room m;
    for (int sums = 0; sums < PARE_N_SUMS; sums++) {
        const pare_integer_kernel *kernel = &k->tile[sums];
        assert_true(kernel->rows <= PARE_TILE_MAX_ROWS && kernel->panel <= PARE_PANEL_MAX);
        for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
            for (int rows = 1; rows <= kernel->rows; rows++)
                for (int cols = 1; cols <= kernel->panel; cols += cols % 8 == 2 ? 5 : 1)
                    for (int is_signed = 0; is_signed < 2; is_signed++) {
                        pare_integer_tile t = { .n_rows = rows, .n_cols = cols,
                                                .n_taps = shapes[s][0], .depth = shapes[s][1],
                                                .x_is_signed = is_signed };
                        check_tile(k, (pare_sums)sums, &m, &t, seed);
                    }
    }
}

static void tiles_are_sums(void **state)
{
    (void)state;
    for_sets(check_tiles);
}

/* Sums as large as they get, and pairs that saturate at both ends. */
static void check_ends(const pare_integer_kernels *k, uint32_t *seed)
{
    (void)seed;
    static const struct {
        uint8_t x;
        int8_t w;
        int32_t exact, saturated;
    } rows[] = {
        { 255, 127, 4 * 255 * 127, 2 * 32767 },
        { 255, -128, 4 * 255 * -128, 2 * -32768 },
        { 255, 64, 4 * 255 * 64, 4 * 255 * 64 },
        { 128, -128, 4 * 128 * -128, 4 * 128 * -128 },
    };
    _Alignas(64) static uint8_t w[4 * PARE_PANEL_MAX];
    static const int32_t start[PARE_PANEL_MAX] = { 0 };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (int sums = 0; sums < PARE_N_SUMS; sums++) {
            uint8_t quad[4];
            const uint8_t *const x = quad;
            int32_t y = 0;
            memset(quad, rows[i].x, sizeof(quad));
            memset(w, rows[i].w, sizeof(w));
            const pare_integer_tile t = { .n_rows = 1, .n_cols = 1, .n_taps = 1, .depth = 4,
                                          .x = &x, .w = w, .start = start, .y = &y };
            k->tile[sums].run(&t);
            assert_int_equal(y, sums == PARE_SUMS_EXACT ? rows[i].exact : rows[i].saturated);
        }
}

static void ends_of_types_are_exact_or_saturate(void **state)
{
    (void)state;
    for_sets(check_ends);
}

static void check_sums(const pare_integer_kernels *k, uint32_t *seed)
{
    uint8_t x[200];
    for (int64_t n = 0; n < 200; n++) {
        int64_t plain[2] = { 0 };
        fill(x, sizeof(x), seed);
        for (int64_t i = 0; i < n; i++) {
            plain[0] += x[i];
            plain[1] += (int8_t)x[i];
        }
        assert_int_equal(k->row_sum(n, x, false), plain[0]);
        assert_int_equal(k->row_sum(n, x, true), plain[1]);
    }
}

static void bytes_are_summed(void **state)
{
    (void)state;
    for_sets(check_sums);
}

/* --- depthwise -------------------------------------------------------------------------------- */

typedef struct channels {
    int64_t n;
    bool is_signed, is_narrow; /* x is int8; weights fit int8 */
} channels;

static struct {
    _Alignas(64) uint8_t packed[1 << 16];
    uint8_t x[5 * (2 * MAX_PIXELS + 3) * MAX_CHANNELS];
    int16_t w[MAX_TAPS * MAX_CHANNELS];
    uint8_t y[MAX_PIXELS * (MAX_CHANNELS + 3) * 4];
    vectors v;
} d_room;

static void fill_depthwise(const channels *c, int64_t n_taps, uint32_t *seed)
{
    fill(d_room.x, sizeof(d_room.x), seed);
    for (int64_t i = 0; i < n_taps * c->n; i++) {
        static const int16_t ends[] = { 127, -128, -255, 255 };
        const uint32_t n_ends = c->is_narrow ? 2 : 4;
        d_room.w[i] = draw(seed) % 3 ? (int16_t)((int)(draw(seed) % 256) - 128)
                                     : ends[draw(seed) % n_ends];
    }
    fill_vectors(&d_room.v, seed);
    memset(d_room.y, GUARD, sizeof(d_room.y));
    memset(d_room.packed, 0, sizeof(d_room.packed));
}

/* x[p] leads to tap 0 of pixel p; taps stand at offsets from there. */
static void check_channels(const channels *c, const pare_integer_finish *f, int64_t n_pixels,
                           const uint8_t *const *x, int64_t n_taps, const int64_t *offsets)
{
    const size_t width = width_of(f->out);
    const int64_t stride = c->n + 3;
    for (int64_t p = 0; p < n_pixels; p++)
        for (int64_t j = 0; j < stride; j++) {
            const uint8_t *y = d_room.y + (size_t)(p * stride + j) * width;
            int64_t sum = j < c->n ? d_room.v.start[j] : 0;
            for (int64_t t = 0; t < n_taps && j < c->n; t++) {
                const uint8_t in = x[p][offsets[t] + j];
                sum += (c->is_signed ? (int8_t)in : in) * d_room.w[t * c->n + j];
            }
            if (j < c->n) check_result(f, j, wrapped(sum), y);
            else assert_int_equal(*y, GUARD);
        }
}

static void check_any(const pare_integer_depthwise_kernel *kernel, const channels *c,
                      int64_t n_taps, int64_t n_pixels, uint32_t *seed)
{
    const uint8_t *x[MAX_TAPS * MAX_PIXELS];
    int64_t offsets[MAX_TAPS];
    fill_depthwise(c, n_taps, seed);
    for (int64_t t = 0; t < n_taps; t++) offsets[t] = t * MAX_PIXELS * c->n;
    for (int64_t t = 0; t < n_taps; t++)
        for (int64_t p = 0; p < n_pixels; p++)
            x[t * n_pixels + p] = d_room.x + offsets[t] + p * c->n;
    assert_true(kernel->packed_bytes(n_taps, c->n) <= sizeof(d_room.packed));
    kernel->pack(n_taps, c->n, d_room.w, d_room.packed);
    const pare_integer_depthwise d = {
        .n_pixels = n_pixels, .n_taps = n_taps, .n_channels = c->n, .x = x,
        .x_is_signed = c->is_signed, .w = d_room.packed, .start = d_room.v.start,
        .finish = finish_of(&d_room.v, (pare_integer_out)(draw(seed) % 4), seed),
        .y = d_room.y, .y_stride = c->n + 3,
    };
    kernel->run(&d);
    check_channels(c, &d.finish, n_pixels, x, n_taps, offsets);
}

static void check_row(const pare_integer_depthwise_kernel *kernel, const channels *c, int64_t step,
                      int64_t n_pixels, uint32_t *seed)
{
    enum { HEIGHT = 3, WIDTH = 3 };
    const int64_t line = (2 * MAX_PIXELS + 3) * c->n;
    const uint8_t *rows[HEIGHT];
    const uint8_t *first[MAX_PIXELS];
    int64_t strides[HEIGHT];
    int64_t offsets[HEIGHT * WIDTH];
    fill_depthwise(c, HEIGHT * WIDTH, seed);
    /* the last row ends where the room does */
    const uint8_t *x = d_room.x + sizeof(d_room.x) - 2 * line -
                       ((n_pixels - 1) * step + WIDTH) * c->n;
    for (int64_t r = 0; r < HEIGHT; r++) {
        rows[r] = x + r * line;
        strides[r] = c->n;
        for (int64_t k = 0; k < WIDTH; k++) offsets[r * WIDTH + k] = r * line + k * c->n;
    }
    for (int64_t p = 0; p < n_pixels; p++) first[p] = x + p * step * c->n;
    assert_true(kernel->packed_row_bytes(HEIGHT * WIDTH, c->n) <= sizeof(d_room.packed));
    kernel->pack_row(HEIGHT * WIDTH, c->n, d_room.w, d_room.packed);
    const pare_integer_depthwise_row d = {
        .n_pixels = n_pixels, .n_channels = c->n, .height = HEIGHT, .width = WIDTH, .step = step,
        .x = rows, .x_stride = strides, .x_is_signed = c->is_signed, .w = d_room.packed,
        .start = d_room.v.start,
        .finish = finish_of(&d_room.v, (pare_integer_out)(draw(seed) % 4), seed),
        .y = d_room.y, .y_stride = c->n + 3,
    };
    kernel->run_row(&d);
    check_channels(c, &d.finish, n_pixels, first, HEIGHT * WIDTH, offsets);
}

static void check_kernel(const pare_integer_depthwise_kernel *kernel, bool takes_any,
                         uint32_t *seed)
{
    static const int64_t sizes[] = { 1, 7, 8, 16, 17, 63, 64, 65, 130 };
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
        for (int is_signed = 0; is_signed <= takes_any; is_signed++) {
            const channels c = { sizes[s], is_signed, !takes_any };
            for (int64_t taps = 1; taps <= MAX_TAPS; taps += taps == 5 ? 4 : 1)
                check_any(kernel, &c, taps, taps % 4, seed);
            if (!kernel->run_row) continue;
            for (int64_t n = 1; n <= MAX_PIXELS; n++) {
                check_row(kernel, &c, 1, n, seed);
                check_row(kernel, &c, 2, n, seed);
            }
        }
}

static void check_depthwise(const pare_integer_kernels *k, uint32_t *seed)
{
    check_kernel(k->depthwise, false, seed);
    check_kernel(k->depthwise_any, true, seed);
}

static void channels_are_filtered(void **state)
{
    (void)state;
    for_sets(check_depthwise);
}

static void sets_have_names(void **state)
{
    (void)state;
    assert_ptr_equal(pare_kernels_named("scalar"), pare_kernels_of(PARE_ISA_SCALAR));
    assert_null(pare_kernels_named("scala"));
    assert_null(pare_kernels_named(""));
    assert_null(pare_kernels_named("avx2-no"));
    if (pare_isa_best() < PARE_ISA_AVX2) return;
    assert_ptr_equal(pare_kernels_named("avx2"), pare_kernels_of(PARE_ISA_AVX2));
    assert_int_equal(pare_kernels_named("avx2-novnni")->dots, PARE_DOTS_NONE);
    assert_int_equal(pare_kernels_named("avx2-novnni")->isa, PARE_ISA_AVX2);
    for (int isa = (int)pare_isa_best() + 1; isa < PARE_N_ISAS; isa++)
        assert_null(pare_kernels_named(pare_isa_name((pare_isa)isa)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_are_sums),
        cmocka_unit_test(ends_of_types_are_exact_or_saturate),
        cmocka_unit_test(bytes_are_summed),
        cmocka_unit_test(channels_are_filtered),
        cmocka_unit_test(sets_have_names),
    };
    return test_run(tests);
}
