/* Transforms of every level against the reference, bit for bit, at the borders of images and
 * vectors; and the whole against plain sums of products, as far as rounding allows. */
#include "kernels/kernels.h"
#include "support/floats.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

enum { POINTS = PARE_WINOGRAD_POINTS, MAX_CHANNELS = 37, SIDE = 8, GUARD = 77 };

typedef struct room {
    float x[SIDE * SIDE * MAX_CHANNELS], bias[MAX_CHANNELS];
    float scale[MAX_CHANNELS], shift[MAX_CHANNELS];
    float add[PARE_WINOGRAD_TILE * PARE_WINOGRAD_TILE * MAX_CHANNELS];
    float got[POINTS * MAX_CHANNELS], want[POINTS * MAX_CHANNELS];
} room;

static void check_same(const room *m, const char *what, int64_t n_channels)
{
    for (size_t i = 0; i < sizeof(m->got) / sizeof(m->got[0]); i++)
        if (!test_same_float(m->got[i], m->want[i]))
            fail_msg("%s, %lld channels: at %zu %a instead of %a", what, (long long)n_channels, i,
                     (double)m->got[i], (double)m->want[i]);
}

static void clear(room *m)
{
    for (size_t i = 0; i < sizeof(m->got) / sizeof(m->got[0]); i++) m->got[i] = m->want[i] = GUARD;
}

static const pare_winograd_kernels *ref_of(const pare_winograd_kernels *k)
{
    return &pare_winograd_ref[k->tile == 4 ? PARE_WINOGRAD_4X4 : PARE_WINOGRAD_2X2];
}

static void check_in(const pare_winograd_kernels *k, room *m, int64_t n_channels, int64_t row,
                     int64_t column)
{
    pare_winograd_in in = {
        .n_channels = n_channels, .x = m->x, .line_stride = SIDE * n_channels,
        .pixel_stride = n_channels, .n_rows = SIDE, .n_columns = SIDE, .row = row,
        .column = column, .v = m->want, .v_stride = n_channels,
    };
    clear(m);
    ref_of(k)->in(&in);
    in.v = m->got;
    k->in(&in);
    check_same(m, "in", n_channels);
}

static void check_out(const pare_winograd_kernels *k, room *m, int64_t n_channels, int kind)
{
    pare_winograd_out out = {
        .n_channels = n_channels, .m = m->x, .m_stride = n_channels, .bias = m->bias,
        .finish = { .scale = kind & 1 ? m->scale : NULL, .shift = m->shift,
                    .add = kind & 2 ? m->add : NULL, .low = kind & 4 ? 0 : -INFINITY,
                    .high = kind & 4 ? 6 : INFINITY,
                    .rounds = kind & 8 ? PARE_ROUND_CHAIN | PARE_ROUND_SUM : 0 },
        .n_rows = 1 + kind % k->tile, .n_columns = k->tile - kind % (k->tile - 1), .y = m->want,
        .line_stride = PARE_WINOGRAD_TILE * n_channels, .pixel_stride = n_channels,
    };
    clear(m);
    ref_of(k)->out(&out);
    out.y = m->got;
    k->out(&out);
    check_same(m, "out", n_channels);
}

static void every_level_transforms_filters_alike(void **state)
{
    enum { FILTERS = PARE_WINOGRAD_FILTERS, APART = 32 };
    _Alignas(64) static float g[9 * FILTERS], want[POINTS * APART], got[POINTS * APART];
    uint32_t seed = 5;
    (void)state;
    test_fill_floats(g, 9 * FILTERS, &seed);
    for (int i = 0; i < POINTS * APART; i++) want[i] = got[i] = GUARD;
    for (int size = 0; size < PARE_N_WINOGRADS; size++) {
        pare_winograd_ref[size].filters(g, want, APART);
        for (int isa = 0; isa <= (int)pare_isa_best(); isa++) {
            pare_kernels_of((pare_isa)isa)->winograd[size].filters(g, got, APART);
            for (int i = 0; i < POINTS * APART; i++) assert_true(test_same_float(got[i], want[i]));
        }
    }
}

static void every_level_gives_the_same(void **state)
{
    (void)state;
    static room m;
    static const int64_t channels[] = { 1, 7, 8, 9, 15, 16, 17, 32, 37 };
    uint32_t seed = 1;
    for (int i = 0; i < PARE_N_WINOGRADS * ((int)pare_isa_best() + 1); i++) {
        const pare_winograd_kernels *k =
            &pare_kernels_of((pare_isa)(i / PARE_N_WINOGRADS))->winograd[i % PARE_N_WINOGRADS];
        for (size_t j = 0; j < sizeof(channels) / sizeof(channels[0]); j++) {
            test_fill_floats(m.x, sizeof(m.x) / sizeof(float), &seed);
            test_fill_floats(m.bias, MAX_CHANNELS, &seed);
            test_fill_floats(m.scale, MAX_CHANNELS, &seed);
            test_fill_floats(m.shift, MAX_CHANNELS, &seed);
            test_fill_floats(m.add, sizeof(m.add) / sizeof(float), &seed);
            for (int64_t row = -2; row <= SIDE - 3; row++)
                for (int64_t column = -2; column <= SIDE - 3; column++)
                    check_in(k, &m, channels[j], row, column);
            for (int kind = 0; kind < 16; kind++) check_out(k, &m, channels[j], kind);
        }
    }
}

/* Between -1 and 1. */
static float number(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (float)(*seed >> 8) / 8388608.0F - 1;
}

/* One channel, one tile. */
static void a_tile_is_its_convolution(void **state)
{
    (void)state;
    _Alignas(64) static float beside[9 * PARE_WINOGRAD_FILTERS];
    _Alignas(64) static float spread[POINTS * PARE_WINOGRAD_FILTERS];
    uint32_t seed = 7;
    for (int round = 0; round < 200; round++) {
        const pare_winograd_kernels *k = &pare_winograd_ref[round % PARE_N_WINOGRADS];
        const int patch = k->tile + 2, n_points = patch * patch;
        float x[PARE_WINOGRAD_PATCH * PARE_WINOGRAD_PATCH], g[9], u[POINTS], v[POINTS], y[16];
        const float bias = number(&seed);
        for (int i = 0; i < POINTS; i++) x[i] = number(&seed);
        for (int i = 0; i < 9; i++) g[i] = number(&seed);
        for (int i = 0; i < 9; i++) beside[i * PARE_WINOGRAD_FILTERS] = g[i];
        k->filters(beside, spread, PARE_WINOGRAD_FILTERS);
        for (int i = 0; i < n_points; i++) u[i] = spread[i * PARE_WINOGRAD_FILTERS];
        k->in(&(pare_winograd_in){
            .n_channels = 1, .x = x, .line_stride = PARE_WINOGRAD_PATCH, .pixel_stride = 1,
            .n_rows = patch, .n_columns = patch, .v = v,
            .v_stride = 1 });
        for (int i = 0; i < n_points; i++) v[i] *= u[i];
        k->out(&(pare_winograd_out){
            .n_channels = 1, .m = v, .m_stride = 1, .bias = &bias, .n_rows = k->tile,
            .n_columns = k->tile, .finish = { .low = -INFINITY, .high = INFINITY }, .y = y,
            .line_stride = k->tile, .pixel_stride = 1 });
        for (int i = 0; i < k->tile * k->tile; i++) {
            double want = (double)bias;
            for (int t = 0; t < 9; t++)
                want += (double)g[t] * (double)x[(i / k->tile + t / 3) * 6 + i % k->tile + t % 3];
            assert_true(fabs((double)y[i] - want) < 1e-5);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_transforms_filters_alike),
        cmocka_unit_test(every_level_gives_the_same),
        cmocka_unit_test(a_tile_is_its_convolution),
    };
    return test_run(tests);
}
