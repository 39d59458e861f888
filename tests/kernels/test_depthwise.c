/* Depthwise convolutions of every level against the reference, bit for bit, and the reference for
 * windows side by side against the one for any windows. */
#include "kernels/kernels.h"
#include "support/floats.h"
#include "support/test.h"

#include <math.h>
#include <stdbool.h>

enum { MAX_C = 41, MAX_PIXELS = 19, MAX_TAPS = 49, HEIGHT = 7, STRIDE = 48, GUARD = 77 };
enum { IN_WIDTH = 2 * (MAX_PIXELS - 1) + 7 };

typedef struct room {
    float x[HEIGHT][IN_WIDTH * STRIDE];
    float w[MAX_TAPS * STRIDE], bias[STRIDE], scale[STRIDE], shift[STRIDE];
    float add[MAX_PIXELS * STRIDE], got[MAX_PIXELS * STRIDE], want[MAX_PIXELS * STRIDE];
} room;

static room m;

static void fill_room(uint32_t *seed)
{
    for (int r = 0; r < HEIGHT; r++) test_fill_floats(m.x[r], IN_WIDTH * STRIDE, seed);
    test_fill_floats(m.w, MAX_TAPS * STRIDE, seed);
    test_fill_floats(m.bias, STRIDE, seed);
    test_fill_floats(m.scale, STRIDE, seed);
    test_fill_floats(m.shift, STRIDE, seed);
    test_fill_floats(m.add, MAX_PIXELS * STRIDE, seed);
}

static pare_finish finish_of(int which)
{
    return (pare_finish){ .scale = which & 1 ? m.scale : NULL,
                          .shift = m.shift,
                          .add = which & 2 ? m.add : NULL,
                          .add_stride = STRIDE,
                          .low = which & 4 ? 0 : -INFINITY,
                          .high = which & 4 ? 6 : INFINITY,
                          .rounds = (uint32_t)which / 8 % 8 };
}

static void clear(float *y)
{
    for (int i = 0; i < MAX_PIXELS * STRIDE; i++) y[i] = GUARD;
}

static void expect_same(const char *what, int isa, int64_t n_pixels, int64_t n_channels)
{
    for (int i = 0; i < MAX_PIXELS * STRIDE; i++)
        if (!test_same_float(m.got[i], m.want[i]))
            fail_msg("%s/%s of %d pixels, %d channels: at %d,%d %a instead of %a", what,
                     pare_isa_name((pare_isa)isa), (int)n_pixels, (int)n_channels, i / STRIDE,
                     i % STRIDE, (double)m.got[i], (double)m.want[i]);
}

static void any_windows(void **state)
{
    (void)state;
    uint32_t seed = 1;
    const float *x[MAX_TAPS * MAX_PIXELS];
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int round = 0; round < 9 * MAX_C; round++) {
            fill_room(&seed);
            pare_depthwise d = {
                .n_pixels = 1 + round % 9,
                .n_taps = round % MAX_TAPS,
                .n_channels = round % MAX_C,
                .x = x,
                .w = m.w,
                .w_stride = STRIDE,
                .bias = m.bias,
                .finish = finish_of(round),
                .y = m.want,
                .y_stride = STRIDE,
            };
            for (int64_t i = 0; i < d.n_taps * d.n_pixels; i++)
                x[i] = m.x[i % HEIGHT] + i % IN_WIDTH * STRIDE;
            clear(m.want);
            clear(m.got);
            pare_depthwise_ref(&d);
            d.y = m.got;
            pare_kernels_of((pare_isa)isa)->depthwise(&d);
            expect_same("any", isa, d.n_pixels, d.n_channels);
        }
}

/* Input pixel i of row r of a window, or zeros. */
static const float *under(const pare_depthwise_row *row, int64_t r, int64_t i)
{
    static const float zeros[STRIDE];
    return i < 0 || i >= row->n_in ? zeros : row->x[r] + i * row->x_stride[r];
}

/* The same work, as pare_depthwise has it. */
static pare_depthwise with_pointers(const pare_depthwise_row *row, const float **x)
{
    for (int64_t r = 0; r < row->height; r++)
        for (int64_t k = 0; k < row->width; k++)
            for (int64_t p = 0; p < row->n_pixels; p++)
                x[(r * row->width + k) * row->n_pixels + p] = under(row, r, row->first +
                                                                    p * row->step + k);
    return (pare_depthwise){
        .n_pixels = row->n_pixels,
        .n_taps = row->height * row->width,
        .n_channels = row->n_channels,
        .x = x,
        .w = row->w,
        .w_stride = row->w_stride,
        .bias = row->bias,
        .finish = row->finish,
        .y = row->y,
        .y_stride = row->y_stride,
    };
}

/* Windows stand out by `out` pixels on either side. */
static void check_row(int64_t n_pixels, int64_t n_channels, int64_t width, int64_t step, int which,
                      int64_t out)
{
    const int64_t n_under = (n_pixels - 1) * step + width;
    static const float zeros[STRIDE];
    const float *all[MAX_TAPS * MAX_PIXELS];
    const float *x[HEIGHT] = {
        which & 1 ? zeros : m.x[0], m.x[1], m.x[2], m.x[3], m.x[4], m.x[5], m.x[6]
    };
    const int64_t strides[HEIGHT] = {
        which & 1 ? 0 : STRIDE, STRIDE, STRIDE, STRIDE, STRIDE, STRIDE, STRIDE
    };
    pare_depthwise_row d = {
        .n_pixels = n_pixels,
        .n_channels = n_channels,
        .height = width,
        .width = width,
        .step = step,
        .first = -out,
        .n_in = n_under > 2 * out ? n_under - 2 * out : n_under - out,
        .x = x,
        .x_stride = strides,
        .w = m.w,
        .w_stride = STRIDE,
        .bias = m.bias,
        .finish = finish_of(which),
        .y = m.want,
        .y_stride = STRIDE,
    };
    const pare_depthwise same = with_pointers(&d, all);
    clear(m.want);
    pare_depthwise_ref(&same);
    d.y = m.got;
    for (int isa = 0; isa <= (int)pare_isa_best(); isa++) {
        clear(m.got);
        pare_kernels_of((pare_isa)isa)->depthwise_row(&d);
        expect_same(width == 3   ? "row of 3"
                    : width == 5 ? "row of 5"
                                 : "row of 7",
                    isa, n_pixels, n_channels);
    }
}

static void windows_side_by_side(void **state)
{
    (void)state;
    uint32_t seed = 1;
    int which = 0;
    for (int64_t n_pixels = 1; n_pixels <= MAX_PIXELS; n_pixels++)
        for (int64_t n_channels = 1; n_channels < MAX_C; n_channels += 3)
            for (int64_t width = 3; width <= 7; width += 2)
                for (int64_t step = 1; step <= 2; step++) {
                    if (which % 16 == 0) fill_room(&seed);
                    check_row(n_pixels, n_channels, width, step, which / 2,
                              which % 3 * (width / 2) / 2);
                    which++;
                }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_windows),
        cmocka_unit_test(windows_side_by_side),
    };
    return test_run(tests);
}
