#include "support/test.h"

#include "formats/npy.h"
#include "support/files.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file in memory: version, header text, data. */
static pare_buf *file_of(test_ctx *t, int version, const char *header, const void *data, size_t n)
{
    pare_buf *buf = NULL;
    const size_t n_header = strlen(header);
    const size_t at = version > 1 ? 12 : 10;
    assert_int_equal(pare_buf_new(&t->ctx, &buf, at + n_header + n), PARE_OK);
    memcpy(buf->data, "\x93NUMPY", 6);
    buf->data[6] = (uint8_t)version;
    buf->data[8] = (uint8_t)n_header;
    buf->data[9] = (uint8_t)(n_header >> 8);
    memcpy(buf->data + at, header, n_header);
    if (n) memcpy(buf->data + at + n_header, data, n);
    return buf;
}

static pare_status parse(test_ctx *t, pare_tensor **out, int version, const char *header,
                         const void *data, size_t n, pare_dtype as)
{
    pare_buf *buf = file_of(t, version, header, data, n);
    const pare_status st = pare_npy_parse(&t->ctx, out, buf, as);
    pare_buf_unref(buf);
    return st;
}

static void reads_all_versions_and_orders(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }   \n",
        "{\"shape\":(2L,3L),\"descr\":'=i2','fortran_order':False}",
        "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3)}",
    };
    static const int16_t data[] = { 1, 2, 3, 4, 5, 6 }, turned[] = { 1, 3, 5, 2, 4, 6 };
    test_ctx t;
    test_ctx_init(&t);
    for (int version = 1; version <= 3; version++) {
        pare_tensor *x = NULL;
        assert_int_equal(parse(&t, &x, version, headers[version - 1], data, sizeof(data), 0),
                         PARE_OK);
        assert_int_equal(x->dtype, PARE_INT16);
        assert_int_equal(x->rank, 2);
        assert_int_equal(x->dims[1], 3);
        assert_memory_equal(x->payload.data, version == 3 ? turned : data, sizeof(data));
        pare_tensor_unref(x);
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void refuses_what_is_malformed(void **state)
{
    (void)state;
#define HEAD "{'descr': '<f4', 'fortran_order': False, 'shape': "
#define AS(descr) "{'descr': " descr ", 'fortran_order': False, 'shape': (1,)}"
    static const struct {
        int version;
        const char *header;
        size_t n_data;
        pare_status status;
        const char *message;
    } rows[] = {
        { 4, HEAD "(1,)}", 4, PARE_EFORMAT, "version 1, 2 or 3" },
        { 1, "", 0, PARE_EFORMAT, "expected '{'" },
        { 1, "{'descr': '<f4'}", 0, PARE_EFORMAT, "'descr', 'fortran_order' and 'shape'" },
        { 1, HEAD "(1,), 'shape': (1,)}", 4, PARE_EFORMAT, "once each" },
        { 1, HEAD "(1,), 'more': 1}", 4, PARE_EFORMAT, "once each" },
        { 1, HEAD "(4)}", 16, PARE_EFORMAT, "a comma" },
        { 1, HEAD "(-1,)}", 0, PARE_EFORMAT, "expected a size" },
        { 1, HEAD "(1e3,)}", 0, PARE_EFORMAT, "expected ')'" },
        { 1, HEAD "(99999999999999999999,)}", 0, PARE_EFORMAT, "below 2^63" },
        { 1, HEAD "(4611686018427387904, 4)}", 0, PARE_EFORMAT, "product" },
        { 1, HEAD "(4611686018427387904,)}", 0, PARE_EFORMAT, "found 0 bytes" },
        { 1, HEAD "(2,)}", 7, PARE_EFORMAT, "expected 2 elements of 4 bytes each" },
        { 1, HEAD "(2,)}", 9, PARE_EFORMAT, "found 9 bytes" },
        { 1, HEAD "(1,)} x", 4, PARE_EFORMAT, "nothing behind" },
        { 1, HEAD "(1,", 4, PARE_EFORMAT, "expected a size" },
        { 1, AS("'|O'"), 8, PARE_EUNSUPPORTED, "Python objects" },
        { 1, AS("[('a', '<f4')]"), 4, PARE_EUNSUPPORTED, "structures" },
        { 1, AS("'>f4'"), 4, PARE_EUNSUPPORTED, "little-endian" },
        { 1, AS("'<f16'"), 16, PARE_EUNSUPPORTED, "no such type" },
        { 1, AS("'<M8[ns]'"), 8, PARE_EUNSUPPORTED, "numbers, booleans or strings" },
        { 1, AS("'<f-4'"), 4, PARE_EUNSUPPORTED, "numbers, booleans or strings" },
        { 1, "{'descr': '<f4}", 4, PARE_EFORMAT, "text in quotes" },
        { 1, AS("''"), 4, PARE_EUNSUPPORTED, "numbers, booleans or strings" },
        { 1, AS("'|b1'"), 1, PARE_EFORMAT, "0 or 1 for a boolean, found 7" },
        { 1, AS("'<U1'"), 4, PARE_EFORMAT, "Unicode" },
        { 1, "{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000,)}", 0, PARE_EFORMAT,
          "empty strings" },
    };
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pare_tensor *x = NULL;
        uint8_t data[16];
        memset(data, i + 2 == sizeof(rows) / sizeof(rows[0]) ? 0xff : 7, sizeof(data));
        const pare_status st = parse(&t, &x, rows[i].version, rows[i].header, data,
                                     rows[i].n_data, 0);
        if (st != rows[i].status || !strstr(t.ctx.message, rows[i].message))
            fail_msg("%s: status %d, '%s'", rows[i].header, st, t.ctx.message);
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* The file cut anywhere, and each byte of the header changed, is refused or read; never more. */
static void survives_damage(void **state)
{
    (void)state;
    static const char header[] = HEAD "(2, 1)}\n";
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < 10 + sizeof(header) - 1 + 8; i++) {
        for (int how = 0; how < 3; how++) {
            pare_tensor *x = NULL;
            pare_buf *buf = file_of(&t, 1, header, "12345678", 8);
            if (how == 0) buf->n_bytes = i;
            else buf->data[i] ^= how == 1 ? 1 : 0xff;
            (void)pare_npy_parse(&t.ctx, &x, buf, 0);
            pare_tensor_unref(x);
            pare_buf_unref(buf);
        }
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* --- writing ---------------------------------------------------------------------------------- */

typedef struct round_trip {
    char path[TEST_PATH_BYTES];
    pare_dtype dtype;
    uint32_t rank;
    const int64_t *dims;
} round_trip;

static const uint8_t bytes[] = { 0x10, 0x32, 0x54, 0x76, 0x98, 0xba, 0xdc, 0xfe, 1, 2, 3, 4, 5, 6,
                                 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23,
                                 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
                                 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57,
                                 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74,
                                 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90 };

static pare_status write_and_read(pare_ctx *ctx, void *user)
{
    const round_trip *r = user;
    uint8_t data[sizeof(bytes)];
    uint64_t n = 0;
    pare_tensor *x = NULL, *y = NULL;
    int64_t n_elements = 1;
    for (uint32_t i = 0; i < r->rank; i++) n_elements *= r->dims[i];
    assert_true(pare_dtype_size_bytes(r->dtype, n_elements, &n) && n <= sizeof(data));
    for (size_t i = 0; i < n; i++) data[i] = r->dtype == PARE_BOOL ? bytes[i] & 1 : bytes[i];
    if (pare_dtype_of(r->dtype)->bits == 4 && n_elements % 2) data[n - 1] &= 15; /* the padding */
    if (pare_dtype_of(r->dtype)->bits == 2 && n_elements % 4)
        data[n - 1] &= (uint8_t)((1 << n_elements % 4 * 2) - 1);
    pare_status st = pare_tensor_from(ctx, &x, r->dtype, r->rank, r->dims, data);
    if (!st) st = pare_npy_write(ctx, r->path, x);
    if (!st) st = pare_npy_read(ctx, &y, r->path, r->dtype);
    if (!st) {
        assert_int_equal(y->dtype, r->dtype);
        assert_int_equal(y->rank, r->rank);
        assert_memory_equal(y->dims, r->dims, r->rank * sizeof(int64_t));
        assert_int_equal(y->payload.n, n);
        assert_memory_equal(y->payload.data, data, n);
    }
    pare_tensor_unref(x);
    pare_tensor_unref(y);
    return st;
}

static void every_type_comes_back(void **state)
{
    (void)state;
    static const int64_t dims[] = { 3, 1 };
    char dir[TEST_PATH_BYTES];
    round_trip r = { .dims = dims };
    test_join(r.path, test_temp_dir(dir), "x.npy");
    for (int dtype = 1; dtype < PARE_N_DTYPES; dtype++) {
        if (dtype == PARE_STRING) continue;
        r.dtype = (pare_dtype)dtype;
        for (r.rank = 0; r.rank <= 2; r.rank++) {
            test_ctx t;
            test_ctx_init(&t);
            assert_int_equal(write_and_read(&t.ctx, &r), PARE_OK);
            assert_int_equal(test_ctx_live_bytes(&t), 0);
        }
        r.rank = 2;
        test_ctx_torture(write_and_read, &r);
    }
    test_remove_tree(dir);
}

static pare_status strings_there_and_back(pare_ctx *ctx, void *user)
{
    static const char *const words[] = { "", "dog", "gr\xc3\xbcn", "\xe7\x8c\xab\xf0\x9f\x90\x88" };
    static const int64_t dims[] = { 2, 2 };
    pare_bytes strings[4];
    pare_buf *owner = NULL;
    pare_tensor *x = NULL, *y = NULL;
    for (int i = 0; i < 4; i++)
        strings[i] = (pare_bytes){ (const uint8_t *)words[i], strlen(words[i]) };
    pare_status st = pare_buf_wrap(ctx, &owner, strings, sizeof(strings), NULL, NULL);
    if (!st) st = pare_tensor_wrap_strings(ctx, &x, 2, dims, strings, owner);
    if (!st) st = pare_npy_write(ctx, user, x);
    if (!st) st = pare_npy_read(ctx, &y, user, PARE_STRING);
    for (int i = 0; !st && i < 4; i++) {
        assert_int_equal(y->strings[i].n, strings[i].n);
        assert_memory_equal(y->strings[i].data, words[i], strings[i].n);
    }
    pare_tensor_unref(x);
    pare_tensor_unref(y);
    pare_buf_unref(owner);
    return st;
}

static void strings_come_back(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_join(path, test_temp_dir(dir), "words.npy");
    test_ctx_torture(strings_there_and_back, path);
    test_remove_tree(dir);
}

static void carriers_are_checked(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_tensor *x = NULL;
    assert_int_equal(parse(&t, &x, 1, AS("'|i1'"), "\x08", 1, PARE_INT4), PARE_EFORMAT);
    assert_non_null(strstr(t.ctx.message, "expected -8 to 7 for int4, found 8"));
    assert_int_equal(parse(&t, &x, 1, AS("'|u1'"), "\x10", 1, PARE_UINT4), PARE_EFORMAT);
    assert_int_equal(parse(&t, &x, 1, AS("'|V2'"), "\x80\x3f", 2, PARE_BFLOAT16), PARE_OK);
    assert_int_equal(x->dtype, PARE_BFLOAT16);
    pare_tensor_unref(x);
    assert_int_equal(parse(&t, &x, 1, AS("'<u2'"), "\x80\x3f", 2, PARE_FLOAT16), PARE_OK);
    assert_int_equal(x->dtype, PARE_UINT16); /* no carrier: it keeps its own type */
    pare_tensor_unref(x);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_versions_and_orders),
        cmocka_unit_test(refuses_what_is_malformed),
        cmocka_unit_test(survives_damage),
        cmocka_unit_test(every_type_comes_back),
        cmocka_unit_test(strings_come_back),
        cmocka_unit_test(carriers_are_checked),
    };
    return test_run(tests);
}
