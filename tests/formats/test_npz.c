/* Arrays that grow by rows: what is written is read back, and what cannot be a row is refused. */
#include "support/test.h"
#include "support/test_ctx.h"

#include "formats/npz.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WIDTH = 50 };

/* Where to, and how many. */
typedef struct job {
    const char *path;
    int64_t n_rows;
} job;

static pare_status make(pare_ctx *ctx, const job *j)
{
    static const int64_t dims[] = { 1, WIDTH };
    pare_npz *npz = NULL;
    PARE_TRY(pare_npz_new(ctx, &npz));
    pare_status st = PARE_OK;
    for (int64_t r = 0; !st && r < j->n_rows; r++) {
        float x[WIDTH];
        pare_tensor *row = NULL;
        for (int i = 0; i < WIDTH; i++) x[i] = (float)(r * WIDTH + i);
        st = pare_tensor_from(ctx, &row, PARE_FLOAT, 2, dims, x);
        if (!st) st = pare_npz_add(ctx, npz, "a/../b", row);
        if (!st) st = pare_npz_add_int(ctx, npz, "rows", 3 * r);
        pare_tensor_unref(row);
    }
    if (!st) st = pare_npz_write(ctx, npz, j->path);
    pare_npz_free(ctx, npz);
    return st;
}

static pare_status work(pare_ctx *ctx, void *user)
{
    const job *const j = user;
    const char *const path = j->path;
    pare_tensor *a = NULL, *rows = NULL, *none = NULL;
    pare_status st = make(ctx, j);
    if (!st) st = pare_npz_read(ctx, &a, path, NULL, false);
    if (!st) st = pare_npz_read(ctx, &rows, path, "rows", false);
    if (!st) st = pare_npz_read(ctx, &none, path, "labels", true);
    if (!st) {
        assert_int_equal(a->rank, 2);
        assert_int_equal(a->dims[0], j->n_rows);
        assert_int_equal(a->dims[1], WIDTH);
        assert_int_equal(rows->rank, 1);
        assert_null(none);
        for (int64_t i = 0; i < j->n_rows * WIDTH; i++)
            assert_true(((const float *)(const void *)a->payload.data)[i] == (float)i);
        for (int64_t i = 0; i < j->n_rows; i++)
            assert_int_equal(((const int64_t *)(const void *)rows->payload.data)[i], 3 * i);
    }
    pare_tensor_unref(a);
    pare_tensor_unref(rows);
    unlink(path);
    return st;
}

static char path[] = "/tmp/pare-test-npz-XXXXXX";

static void round_trip(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    if (work(&t.ctx, &(job){ path, 700 })) fail_msg("%s", t.ctx.message);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
    assert_true(test_ctx_torture(work, &(job){ path, 3 }) > 10);
}

static void refusals(void **state)
{
    (void)state;
    static const int64_t dims[] = { 2, 3 }, other[] = { 1, 3 };
    test_ctx t;
    pare_npz *npz = NULL;
    pare_tensor *a = NULL, *b = NULL, *packed = NULL;
    test_ctx_init(&t);
    assert_int_equal(pare_npz_new(&t.ctx, &npz), PARE_OK);
    assert_int_equal(pare_tensor_new(&t.ctx, &a, PARE_FLOAT, 2, dims), PARE_OK);
    assert_int_equal(pare_tensor_new(&t.ctx, &b, PARE_FLOAT, 2, other), PARE_OK);
    assert_int_equal(pare_tensor_new(&t.ctx, &packed, PARE_INT4, 2, dims), PARE_OK);
    assert_int_equal(pare_npz_add(&t.ctx, npz, "y", a), PARE_OK);
    assert_int_equal(pare_npz_add(&t.ctx, npz, "y", b), PARE_EUNSUPPORTED);
    assert_non_null(strstr(t.ctx.message, "not of one shape"));
    assert_int_equal(pare_npz_add(&t.ctx, npz, "p", packed), PARE_EUNSUPPORTED);
    pare_tensor_unref(a);
    pare_tensor_unref(b);
    pare_tensor_unref(packed);
    pare_npz_free(&t.ctx, npz);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
    assert_int_not_equal(pare_npz_read(&t.ctx, &a, "/nowhere.npz", NULL, true), PARE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(refusals),
    };
    const int fd = mkstemp(path);
    if (fd < 0) return 1;
    close(fd);
    unlink(path);
    return test_run(tests);
}
