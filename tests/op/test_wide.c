#include "op/spread.h"
#include "op/wide.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

/* Small whole numbers survive in every type, at every offset, packed or not. */
static void every_type_stores_what_it_loads(void **state)
{
    (void)state;
    enum { N = 1100 };
    static uint8_t data[(N + 8) * 8];
    static double x[N];
    static double y[N];
    for (int dtype = 1; dtype < PARE_N_DTYPES; dtype++) {
        const pare_dtype_info *info = pare_dtype_of((pare_dtype)dtype);
        if (pare_wide_of((pare_dtype)dtype) == PARE_WIDE_NONE) continue;
        for (int i = 0; i < N; i++) x[i] = i % 2;
        if (dtype == PARE_FLOAT8E8M0)
            for (int i = 0; i < N; i++) x[i] += 1;
        for (int64_t start = 0; start < 5; start++) {
            memset(data, 0, sizeof(data));
            pare_wide_store_as(PARE_WIDE_F64, PARE_STORE_DEFAULT, (pare_dtype)dtype, data, start, N,
                               x);
            pare_wide_load_as(PARE_WIDE_F64, (pare_dtype)dtype, data, start, 1, N, y);
            for (int i = 0; i < N; i++)
                if (x[i] != fabs(y[i])) fail_msg("%s: %g became %g", info->name, x[i], y[i]);
            pare_wide_load_as(PARE_WIDE_F64, (pare_dtype)dtype, data, start + 1, 2, N / 2, y);
            for (int i = 0; i < N / 2; i++) assert_true(fabs(y[i]) == x[2 * i + 1]);
            pare_wide_load_as(PARE_WIDE_F64, (pare_dtype)dtype, data, start + 1, 0, N, y);
            assert_true(fabs(y[N - 1]) == x[1]);
        }
    }
}

static void integers_wrap(void **state)
{
    (void)state;
    static const struct {
        pare_dtype dtype;
        int64_t x, y;
    } rows[] = {
        { PARE_INT8, 200, -56 },     { PARE_UINT8, -1, 255 },      { PARE_INT4, 9, -7 },
        { PARE_UINT4, 17, 1 },       { PARE_INT2, 2, -2 },         { PARE_UINT2, -1, 3 },
        { PARE_INT16, 40000, -25536 }, { PARE_UINT16, -2, 65534 }, { PARE_BOOL, 256, 1 },
        { PARE_INT32, INT64_C(1) << 31, INT32_MIN }, { PARE_UINT32, -1, UINT32_MAX },
        { PARE_INT64, INT64_MIN, INT64_MIN },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t data[8] = { 0 };
        pare_wide_store(rows[i].dtype, data, 0, 1, &rows[i].x);
        assert_true(pare_wide_i64_at(rows[i].dtype, data, 0) == rows[i].y);
    }
}

static void floats_become_integers_as_processors_do(void **state)
{
    (void)state;
    static const struct {
        pare_dtype dtype;
        float x;
        int64_t y;
    } rows[] = {
        { PARE_INT32, 1e20f, INT32_MIN }, { PARE_INT32, -1.9f, -1 }, { PARE_INT64, NAN, INT64_MIN },
        { PARE_UINT8, 257.5f, 1 },        { PARE_UINT8, -1, 255 },   { PARE_INT8, INFINITY, 0 },
        { PARE_BOOL, 0.25f, 1 },          { PARE_BOOL, -0.0f, 0 },   { PARE_BOOL, NAN, 1 },
        { PARE_UINT32, 4294967040.0f, 4294967040 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t data[8] = { 0 };
        pare_wide_store_as(PARE_WIDE_F32, PARE_STORE_DEFAULT, rows[i].dtype, data, 0, 1,
                           &rows[i].x);
        const int64_t y = pare_wide_i64_at(rows[i].dtype, data, 0);
        if (y != rows[i].y)
            fail_msg("%s of %g is %lld", pare_dtype_name(rows[i].dtype), (double)rows[i].x,
                     (long long)y);
    }
}

/* Every element of every run against indices counted by hand. */
static void check_spread(uint32_t rank, const int64_t *dims, uint32_t in_rank,
                         const int64_t *in_dims)
{
    pare_spread s;
    int64_t done = 0;
    pare_spread_start(&s, rank, dims);
    pare_spread_add(&s, in_rank, in_dims);
    pare_spread_add(&s, rank, dims);
    while (pare_spread_next(&s)) {
        assert_true(s.out == done && s.n >= 1 && s.n <= PARE_WIDE_BLOCK);
        for (int64_t i = 0; i < s.n; i++, done++) {
            int64_t rest = done;
            int64_t want = 0;
            int64_t stride = 1;
            for (uint32_t d = rank; d-- > 0;) {
                const int64_t at = rest % dims[d];
                rest /= dims[d];
                if (d < rank - in_rank) break;
                const int64_t size = in_dims[d - (rank - in_rank)];
                if (size > 1) want += at * stride;
                stride *= size;
            }
            assert_true(s.in[0] + i * s.step[0] == want);
            assert_true(s.in[1] + i * s.step[1] == done);
        }
    }
    int64_t all = 1;
    for (uint32_t d = 0; d < rank; d++) all *= dims[d];
    assert_true(done == all);
}

static void spread_visits_every_element_once(void **state)
{
    (void)state;
    check_spread(0, NULL, 0, NULL);
    check_spread(1, (int64_t[]){ 1300 }, 0, NULL);
    check_spread(1, (int64_t[]){ 1300 }, 1, (int64_t[]){ 1 });
    check_spread(3, (int64_t[]){ 2, 3, 4 }, 1, (int64_t[]){ 4 });
    check_spread(3, (int64_t[]){ 2, 3, 4 }, 3, (int64_t[]){ 2, 1, 4 });
    check_spread(3, (int64_t[]){ 2, 3, 600 }, 2, (int64_t[]){ 3, 1 });
    check_spread(4, (int64_t[]){ 2, 1, 3, 5 }, 4, (int64_t[]){ 1, 1, 3, 1 });
    check_spread(4, (int64_t[]){ 1, 1, 1, 1 }, 2, (int64_t[]){ 1, 1 });
    check_spread(2, (int64_t[]){ 3, 0 }, 1, (int64_t[]){ 1 });
}

static void spread_places_legacy_axes(void **state)
{
    (void)state;
    pare_spread s;
    int64_t done = 0;
    pare_spread_start(&s, 3, (int64_t[]){ 2, 3, 4 });
    pare_spread_add_at(&s, 1, 1, (int64_t[]){ 3 });
    while (pare_spread_next(&s))
        for (int64_t i = 0; i < s.n; i++, done++)
            assert_true(s.in[0] + i * s.step[0] == done / 4 % 3);
    assert_int_equal(done, 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_stores_what_it_loads),
        cmocka_unit_test(integers_wrap),
        cmocka_unit_test(floats_become_integers_as_processors_do),
        cmocka_unit_test(spread_visits_every_element_once),
        cmocka_unit_test(spread_places_legacy_axes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
