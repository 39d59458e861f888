/* Tiles of every level against the reference, bit for bit, around the edges of tiles and panels;
 * and the reference against plain chains. */
#include "kernels/kernels.h"
#include "support/floats.h"
#include "support/test.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { MAX_DEPTH = 40, MAX_TAPS = 3, STRIDE = 48, GUARD = 77 };

typedef struct shape {
    int n_taps, depth;
    bool has_affine, has_add, has_bounds;
    uint32_t rounds;
} shape;

/* How rows are found. */
typedef enum way { POINTERS, OFFSETS, EVEN, N_WAYS } way;

static const shape shapes[] = {
    { 1, 1, false, false, false, 0 },
    { 1, 7, false, true, false, 0 },
    { 1, 40, true, false, true, 0 },
    { 3, 5, false, false, true, 0 },
    { 2, 16, true, true, true, 0 },
    { 1, 0, false, false, false, 0 },
    { 2, 9, true, true, true, PARE_ROUND_CHAIN | PARE_ROUND_AFFINE | PARE_ROUND_SUM },
    { 1, 9, true, true, true, PARE_ROUND_AFFINE },
};

typedef struct room {
    _Alignas(64) float w[MAX_TAPS * MAX_DEPTH * PARE_PANEL_MAX];
    float x[PARE_TILE_MAX_ROWS * MAX_TAPS][MAX_DEPTH];
    float bias[PARE_PANEL_MAX], scale[PARE_PANEL_MAX], shift[PARE_PANEL_MAX];
    float add[PARE_TILE_MAX_ROWS * STRIDE], y[PARE_TILE_MAX_ROWS * STRIDE];
} room;

static float expected(const pare_gemm_tile *t, int panel, int r, int j)
{
    float z = t->bias[j];
    for (int64_t tap = 0; tap < t->n_taps; tap++)
        for (int64_t c = 0; c < t->depth; c++)
            z = fmaf(pare_gemm_tile_row(t, tap, r)[c], t->w[(tap * t->depth + c) * panel + j], z);
    const pare_finish *f = &t->finish;
    if (f->rounds & PARE_ROUND_CHAIN) pare_narrow_ref.round_f16(1, &z, &z);
    if (f->scale) z = fmaf(z, f->scale[j], f->shift[j]);
    if (f->rounds & PARE_ROUND_AFFINE) pare_narrow_ref.round_f16(1, &z, &z);
    if (f->add) z += f->add[r * STRIDE + j];
    if (f->rounds & PARE_ROUND_SUM) pare_narrow_ref.round_f16(1, &z, &z);
    if (z < f->low) z = f->low;
    return z > f->high ? f->high : z;
}

static void check_tile(const pare_gemm_kernel *kernel, const shape *s, room *m, int n_rows,
                       int n_cols, way how)
{
    static const float zeros[MAX_DEPTH];
    const float *x[PARE_TILE_MAX_ROWS * MAX_TAPS];
    int32_t offsets[PARE_TILE_MAX_ROWS * MAX_TAPS];
    for (int i = 0; i < n_rows * s->n_taps; i++) {
        x[i] = m->x[i];
        offsets[i] = i % 5 == 3 ? -1 : i * MAX_DEPTH;
    }
    for (int i = 0; i < PARE_TILE_MAX_ROWS * STRIDE; i++) m->y[i] = GUARD;
    const pare_gemm_tile t = {
        .n_rows = n_rows, .n_cols = n_cols, .n_taps = s->n_taps, .depth = s->depth,
        .x = how == POINTERS ? x : NULL, .rows = &m->x[0][0],
        .offsets = how == OFFSETS ? offsets : NULL, .zeros = zeros, .row_stride = MAX_DEPTH,
        .w = m->w, .bias = m->bias,
        .finish = { .scale = s->has_affine ? m->scale : NULL, .shift = m->shift,
                    .add = s->has_add ? m->add : NULL, .add_stride = STRIDE,
                    .low = s->has_bounds ? 0 : -INFINITY, .high = s->has_bounds ? 6 : INFINITY,
                    .rounds = s->rounds },
        .y = m->y, .y_stride = STRIDE,
    };
    kernel->run(&t);
    for (int r = 0; r < PARE_TILE_MAX_ROWS; r++)
        for (int j = 0; j < STRIDE; j++) {
            const bool inside = r < n_rows && j < n_cols;
            const float want = inside ? expected(&t, kernel->panel, r, j) : GUARD;
            if (test_same_float(m->y[r * STRIDE + j], want)) continue;
            fail_msg("way %d, rows %d, columns %d, taps %d, depth %d: at %d,%d %a instead of %a",
                     (int)how, n_rows, n_cols, s->n_taps, s->depth, r, j,
                     (double)m->y[r * STRIDE + j], (double)want);
        }
}

/* Chains that go on where they stand. */
static void check_in_place(const pare_gemm_kernel *kernel, room *m, int n_rows)
{
    const float *x[PARE_TILE_MAX_ROWS];
    pare_gemm_tile t = {
        .n_rows = n_rows, .n_cols = kernel->panel, .n_taps = 1, .depth = 9, .x = x, .w = m->w,
        .bias = m->y, .bias_stride = STRIDE, .finish = { .low = -INFINITY, .high = INFINITY },
        .y = m->y, .y_stride = STRIDE,
    };
    for (int r = 0; r < n_rows; r++) {
        x[r] = m->x[r];
        memcpy(m->y + r * STRIDE, m->bias, (size_t)kernel->panel * sizeof(float));
    }
    kernel->run(&t);
    t.bias = m->bias;
    for (int r = 0; r < n_rows; r++)
        for (int j = 0; j < kernel->panel; j++)
            assert_true(test_same_float(m->y[r * STRIDE + j], expected(&t, kernel->panel, r, j)));
}

static void every_level_gives_the_chain(void **state)
{
    (void)state;
    static room m;
    for (int isa = 0; isa <= (int)pare_isa_best(); isa++) {
        const pare_gemm_kernel *kernel = &pare_kernels_of((pare_isa)isa)->gemm;
        uint32_t seed = 1;
        for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
            for (int rows = 1; rows <= kernel->rows; rows++)
                for (int cols = 1; cols <= kernel->panel; cols++) {
                    test_fill_floats(m.w, sizeof(m.w) / sizeof(float), &seed);
                    test_fill_floats(&m.x[0][0], sizeof(m.x) / sizeof(float), &seed);
                    test_fill_floats(m.bias, 3 * PARE_PANEL_MAX, &seed); /* scale and shift too */
                    test_fill_floats(m.add, PARE_TILE_MAX_ROWS * STRIDE, &seed);
                    for (way how = POINTERS; how < N_WAYS; how++)
                        if (how != EVEN || shapes[i].n_taps == 1)
                            check_tile(kernel, &shapes[i], &m, rows, cols, how);
                    check_in_place(kernel, &m, rows);
                }
    }
}

static void panels_are_padded_with_zeros(void **state)
{
    (void)state;
    float b[3 * 5];
    float out[2 * 3 * 4];
    for (int i = 0; i < 15; i++) b[i] = (float)(i + 1);
    const pare_gemm_kernel kernel = { .panel = 4, .pack = pare_pack_columns_ref };
    pare_pack_panels(&kernel, 5, 3, b, 5, 1, out); /* as it stands */
    const float want[] = { 1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14,
                           5, 0, 0, 0, 10, 0, 0, 0, 15, 0, 0, 0 };
    assert_memory_equal(out, want, sizeof(want));
    pare_pack_panels(&kernel, 3, 5, b, 1, 5, out); /* transposed */
    assert_true(out[0] == 1 && out[1] == 6 && out[2] == 11 && out[3] == 0 && out[4] == 2);
    pare_pack_panels(&kernel, 2, 2, b, 2, 7, out); /* neither */
    assert_true(out[0] == 1 && out[1] == 8 && out[2] == 0 && out[4] == 3 && out[5] == 10);
}

/* Filters [2][2][3] to panels [3][2][8]. */
static void taps_come_before_channels(void **state)
{
    (void)state;
    float b[2 * 2 * 3];
    float out[3 * 2 * 8];
    for (int i = 0; i < 12; i++) b[i] = (float)i;
    pare_pack_columns_ref(2, 6, 3, b, 6, 8, out);
    for (int t = 0; t < 3; t++)
        for (int c = 0; c < 2; c++)
            for (int j = 0; j < 8; j++)
                assert_true(out[(t * 2 + c) * 8 + j] == (j < 2 ? (float)(j * 6 + c * 3 + t) : 0));
}

/* At an address that suits no float, of columns that lie further apart than they are long. */
static void every_level_packs_the_same(void **state)
{
    enum { LONGEST = 75, APART = 77, MOST = LONGEST * PARE_PANEL_MAX };
    static const struct { int64_t k, n_taps; } sizes[] = {
        { 1, 1 }, { 7, 1 }, { 16, 1 }, { 33, 1 }, { 72, 9 }, { 75, 25 }, { 75, 3 }, { 9, 9 },
    };
    static uint8_t b[1 + sizeof(float) * (APART * PARE_PANEL_MAX)];
    _Alignas(64) static float want[MOST], got[MOST + 1];
    uint32_t seed = 3;
    (void)state;
    for (size_t i = 0; i < sizeof(b); i++) b[i] = (uint8_t)((seed = seed * 1664525u + 7) >> 24);
    for (int isa = 0; isa <= (int)pare_isa_best(); isa++) {
        const pare_gemm_kernel *kernel = &pare_kernels_of((pare_isa)isa)->gemm;
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
            for (int n = 0; n <= kernel->panel; n++) {
                const size_t n_floats = (size_t)(sizes[i].k * kernel->panel);
                for (size_t k = 0; k <= MOST; k++) got[k] = GUARD;
                pare_pack_columns_ref(n, sizes[i].k, sizes[i].n_taps, b + 1, APART, kernel->panel,
                                      want);
                kernel->pack(n, sizes[i].k, sizes[i].n_taps, b + 1, APART, kernel->panel, got);
                assert_memory_equal(got, want, n_floats * sizeof(float));
                assert_true(got[n_floats] == GUARD);
            }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_gives_the_chain),
        cmocka_unit_test(panels_are_padded_with_zeros),
        cmocka_unit_test(taps_come_before_channels),
        cmocka_unit_test(every_level_packs_the_same),
    };
    return test_run(tests);
}
