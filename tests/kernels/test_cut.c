/* Cuts at every level against the reference. */
#include "kernels/cut.h"
#include "support/floats.h"
#include "support/test.h"

#include <string.h>

enum { MAX_N = 67 };

static void fill(float *x, int round, uint32_t *seed)
{
    for (int i = 0; i < MAX_N; i++) {
        x[i] = round % 3 ? test_any_float(seed) : test_any_bits(seed);
        if (round % 3 == 1) x[i] *= 40;
    }
}

static uint32_t size_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits & 0x7fffffffU;
}

static void cuts_equal_the_reference(void **state)
{
    (void)state;
    uint32_t seed = 3;
    float x[MAX_N], got[MAX_N], want[MAX_N];
    uint32_t places[MAX_N + 16], expected[MAX_N + 16];
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int round = 0; round < 600; round++) {
            fill(x, round, &seed);
            const int64_t n = round % (MAX_N + 1), room = round % 6 * 16;
            const uint32_t low = round % 5 ? size_of(x[round % MAX_N]) : 0;
            const uint32_t by = round % 4 ? UINT32_C(1) << (round % 31) : 0;
            const uint32_t high = by > 0x7fffffffU - low ? 0x7fffffffU : low + by;
            int64_t n_got, n_want;
            memset(got, 0xaa, sizeof(got));
            memset(want, 0xaa, sizeof(want));
            memset(places, 0xaa, sizeof(places));
            const int64_t below = pare_cut_ref(n, x, low, high, want, expected, room,
                                                     &n_want);
            assert_int_equal(pare_cut_of((pare_isa)isa)(n, x, low, high, got, places, room, &n_got),
                             below);
            assert_int_equal(n_got, n_want);
            assert_memory_equal(got, want, sizeof(got));
            for (int64_t i = 0; i < n_want && i < room; i++)
                assert_int_equal(places[i], expected[i]);
            for (int64_t i = room; i < MAX_N + 16; i++) assert_int_equal(places[i], 0xaaaaaaaa);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_equal_the_reference),
    };
    return test_run(tests);
}
