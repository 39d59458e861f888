#include "kernels/copy.h"

#include "support/test.h"

#include <stdbool.h>
#include <string.h>

enum { N = 40, BYTES = N * 16 };

static const uint32_t widths[] = { 2, 4, 8, 16, 32, 64, 128, 24 };

/* One element, bit by bit. */
static int bit_of(const uint8_t *data, uint32_t bits, int64_t at, uint32_t bit)
{
    const uint64_t i = (uint64_t)at * bits + bit;
    return data[i / 8] >> (i % 8) & 1;
}

static bool same(uint32_t bits, const uint8_t *a, int64_t at_a, const uint8_t *b, int64_t at_b)
{
    for (uint32_t i = 0; i < bits; i++)
        if (bit_of(a, bits, at_a, i) != bit_of(b, bits, at_b, i)) return false;
    return true;
}

static void fill(uint8_t *data, uint32_t seed)
{
    for (int i = 0; i < BYTES; i++)
        data[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
}

/* Element i of `to` must be element from[i] of the source, or what it was where from[i] is -1. */
static void check(uint32_t bits, const uint8_t *to, const uint8_t *before, const uint8_t *source,
                  const int64_t *from)
{
    for (int64_t i = 0; i < N; i++)
        if (!same(bits, to, i, from[i] < 0 ? before : source, from[i] < 0 ? i : from[i]))
            fail_msg("%u bits: element %d", bits, (int)i);
}

static void runs_in_steps(void **state)
{
    (void)state;
    static const struct {
        int64_t to, to_step, from, from_step, n;
    } rows[] = {
        { 0, 1, 0, 1, N }, { 3, 1, 3, 1, 20 }, { 1, 1, 2, 1, 17 }, { 0, 2, 30, -2, 15 },
        { 5, 1, 7, 0, 9 }, { 2, 3, 1, 2, 10 },  { 4, 1, 4, 1, 0 },  { 7, 1, 6, 1, 1 },
    };
    uint8_t source[BYTES], before[BYTES], to[BYTES];
    fill(source, 1);
    fill(before, 2);
    for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
        for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
            int64_t from[N];
            for (int i = 0; i < N; i++) from[i] = -1;
            for (int64_t i = 0; i < rows[r].n; i++)
                from[rows[r].to + i * rows[r].to_step] = rows[r].from + i * rows[r].from_step;
            memcpy(to, before, BYTES);
            pare_copy_ref(widths[w], to, rows[r].to, rows[r].to_step, source, rows[r].from,
                          rows[r].from_step, rows[r].n);
            check(widths[w], to, before, source, from);
        }
    }
}

static void picks_and_puts(void **state)
{
    (void)state;
    static const int64_t index[] = { 3, 0, 5, 3 };
    static const int64_t places[] = { 3, 0, 5, 1 };
    uint8_t source[BYTES], before[BYTES], to[BYTES];
    fill(source, 3);
    fill(before, 4);
    for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
        for (int64_t run = 0; run <= 5; run++) {
            int64_t picked[N], put[N];
            for (int i = 0; i < N; i++) picked[i] = put[i] = -1;
            for (int64_t i = 0; i < 4 * run; i++) {
                picked[2 + i] = 1 + index[i / run] * run + i % run;
                put[1 + places[i / run] * run + i % run] = 2 + i;
            }
            memcpy(to, before, BYTES);
            pare_pick_ref(widths[w], to, 2, source, 1, run, index, 4);
            check(widths[w], to, before, source, picked);
            memcpy(to, before, BYTES);
            pare_put_ref(widths[w], to, 1, source, 2, run, places, 4);
            check(widths[w], to, before, source, put);
        }
    }
}

static void finds_bad_indices(void **state)
{
    (void)state;
    int64_t index[] = { -4, 3, 0, -1, 4, -5 };
    const int64_t dims[] = { 4, 4 };
    const int64_t strides[] = { 4, 1 };
    int64_t at[3];
    assert_int_equal(pare_positions_ref(2, dims, strides, 2, index, at), -1);
    assert_int_equal(at[0], 3);
    assert_int_equal(at[1], 3);
    assert_int_equal(pare_positions_ref(2, dims, strides, 3, index, at), 4);
    assert_int_equal(pare_from_front_ref(-4, 4, 4, index), -1);
    assert_int_equal(index[0], 0);
    assert_int_equal(index[3], 3);
    assert_int_equal(pare_from_front_ref(-4, 4, 6, index), 4);
    assert_int_equal(pare_from_front_ref(0, 4, 1, index + 5), 0);
    assert_int_equal(index[5], -5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_in_steps),
        cmocka_unit_test(picks_and_puts),
        cmocka_unit_test(finds_bad_indices),
    };
    return test_run(tests);
}
