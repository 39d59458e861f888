/* Moves of every level, planned and as they are given, against elements moved one by one. */
#include "kernels/kernels.h"
#include "support/test.h"

#include <stdbool.h>
#include <string.h>

enum { ROOM = 1 << 16, GUARD = 0xa5 };

static uint8_t from[8 * ROOM], got[8 * ROOM], want[8 * ROOM];

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* Moves element by element; returns false when two elements meet in the target. */
static bool one_by_one(const pare_move *m, int width, int64_t start)
{
    static bool is_set[ROOM];
    int64_t n = 1;
    memset(is_set, 0, sizeof(is_set));
    memset(want, GUARD, sizeof(want));
    for (int32_t d = 0; d < m->n_axes; d++) n *= m->axes[d].n;
    for (int64_t at = 0; at < n; at++) {
        int64_t rest = at, source = start, target = 0;
        for (int32_t d = m->n_axes - 1; d >= 0; d--) {
            source += rest % m->axes[d].n * m->axes[d].from;
            target += rest % m->axes[d].n * m->axes[d].to;
            rest /= m->axes[d].n;
        }
        if (is_set[target]) return false;
        is_set[target] = true;
        memcpy(want + target * width, from + source * width, (size_t)width);
    }
    return true;
}

static void check(pare_move m, int64_t start)
{
    for (int width = 1; width <= 8; width *= 2) {
        if (!one_by_one(&m, width, start)) return;
        pare_move planned = m;
        pare_move_plan(&planned);
        for (int isa = 0; isa <= (int)pare_isa_best(); isa++)
            for (int is_planned = 0; is_planned < 2; is_planned++) {
                memset(got, GUARD, sizeof(got));
                pare_kernels_of((pare_isa)isa)
                    ->move(is_planned ? &planned : &m, width, from + start * width, got);
                if (memcmp(got, want, sizeof(got)) == 0) continue;
                fail_msg("%s, %d bytes wide, %d axes, first %d %d %d, last %d %d %d",
                         pare_isa_name((pare_isa)isa), width, (int)m.n_axes, (int)m.axes[0].n,
                         (int)m.axes[0].from, (int)m.axes[0].to, (int)m.axes[m.n_axes - 1].n,
                         (int)m.axes[m.n_axes - 1].from, (int)m.axes[m.n_axes - 1].to);
            }
    }
}

static void transpositions_of_all_sizes(void **state)
{
    (void)state;
    for (int64_t rows = 1; rows <= 40; rows += rows < 18 ? 1 : 7)
        for (int64_t columns = 1; columns <= 40; columns += columns < 18 ? 1 : 7) {
            const pare_move m = {
                3, { { 2, 40 * 41, 1700 }, { columns, 1, rows }, { rows, columns, 1 } }
            };
            const pare_move padded = { 2, { { columns, 1, 48 }, { rows, 43, 1 } } };
            check(m, 0);
            check(padded, 3);
        }
}

/* Any axes within the room: dense, permuted, with gaps, repeated, backwards. */
static void any_moves(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int round = 0; round < 300; round++) {
        pare_move m = { .n_axes = (int32_t)(next(&seed) % 6) };
        int64_t from_step = 1 + next(&seed) % 2, to_step = 1 + next(&seed) % 8 / 7;
        int64_t start = 0;
        int32_t order[5] = { 0, 1, 2, 3, 4 };
        for (int32_t d = 0; d < m.n_axes; d++) {
            const int32_t other = (int32_t)(next(&seed) % (uint32_t)(m.n_axes));
            const int32_t swap = order[d];
            order[d] = order[other];
            order[other] = swap;
            m.axes[d].n = next(&seed) % 20 ? 1 + next(&seed) % (m.n_axes > 3 ? 5 : 20) : 1;
        }
        for (int32_t d = m.n_axes - 1; d >= 0; d--) {
            m.axes[d].to = to_step;
            to_step *= m.axes[d].n;
        }
        for (int32_t i = m.n_axes - 1; i >= 0; i--) {
            pare_move_axis *axis = &m.axes[order[i]];
            const uint32_t kind = next(&seed) % 8;
            axis->from = kind == 0 ? 0 : kind == 1 ? -from_step : from_step;
            if (kind == 1) start += (axis->n - 1) * from_step;
            from_step *= axis->n;
        }
        if (from_step < ROOM && to_step < ROOM) check(m, start);
    }
}

static void plans_join_axes(void **state)
{
    (void)state;
    pare_move m = { 4, { { 5, 12, 12 }, { 1, 7, 9 }, { 3, 4, 4 }, { 4, 1, 1 } } };
    pare_move_plan(&m);
    assert_int_equal(m.n_axes, 1);
    assert_true(m.axes[0].n == 60 && m.axes[0].from == 1 && m.axes[0].to == 1);
    pare_move nhwc = { 4, { { 2, 60, 60 }, { 3, 20, 1 }, { 4, 5, 15 }, { 5, 1, 3 } } };
    pare_move_plan(&nhwc);
    assert_int_equal(nhwc.n_axes, 3);
    assert_true(nhwc.axes[1].n == 20 && nhwc.axes[1].from == 1 && nhwc.axes[1].to == 3);
    assert_true(nhwc.axes[2].n == 3 && nhwc.axes[2].from == 20 && nhwc.axes[2].to == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transpositions_of_all_sizes),
        cmocka_unit_test(any_moves),
        cmocka_unit_test(plans_join_axes),
    };
    for (size_t i = 0; i < sizeof(from); i++) from[i] = (uint8_t)(i * 131 + i / 251);
    return test_run(tests);
}
