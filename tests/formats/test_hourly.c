/* CSV files of hourly carbon intensities. */
#include "formats/hourly.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 1 << 17 };

/* Rows that are all alike behind a head. */
static char *rows_of(const char *head, const char *row, int n)
{
    char *text = test_malloc(TEXT_BYTES);
    size_t at = (size_t)snprintf(text, TEXT_BYTES, "%s", head);
    for (int i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, TEXT_BYTES - at, "%s\n", row);
    return text;
}

static void rows_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *head, *row;
        int n;
        bool load, clean;
    } rows[] = {
        { "", "381", 24, false, false },
        { "# Germany\n\n", " 381 ", 24, false, false },
        { "g_per_kwh\n", "381\r", 8760, false, false },
        { "\xef\xbb\xbfhour;Carbon_Intensity;load\r\n", "x;\"381\";2", 24, true, false },
        { "load,clean,intensity\n", "2,1.5,381", 24, true, true },
    };
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pare_hourly *h = NULL;
        char *text = rows_of(rows[i].head, rows[i].row, rows[i].n);
        if (pare_hourly_parse(&t.ctx, &h, "x.csv", text, strlen(text)))
            fail_msg("%s", t.ctx.message);
        assert_int_equal(h->n, rows[i].n);
        for (size_t k = 0; k < h->n; k++) assert_true(h->g_per_kwh[k] == 381);
        assert_true(rows[i].load == (h->load && h->load[3] == 2));
        assert_true(rows[i].clean == (h->clean && h->clean[3] == 1.5));
        pare_hourly_free(&t.ctx, h);
        test_free(text);
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void bad_files_are_refused_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *head, *row;
        int n;
        const char *message;
    } rows[] = {
        { "", "381", 23, "x.csv: expected 24 or 8760 rows, found 23" },
        { "", "381", 8761, "x.csv:8761: expected 24 or 8760 rows, found more" },
        { "", "1,2", 24, "x.csv:1: expected one number, or a head that names the columns" },
        { "hour,price\n", "1,2", 24, "x.csv:1: expected a column g_per_kwh, found 'hour' and" },
        { "g_per_kwh\n381\nmany\n", "381", 22, "x.csv:3: expected a number of 0 or more, found "
                                               "'many'" },
        { "g_per_kwh,load\n", "381", 24, "x.csv:2: expected a number of 0 or more, found ''" },
        { "g_per_kwh,load\n", "381,0", 24, "x.csv: load: expected a sum above 0" },
        { "g_per_kwh,clean\n", "381,1", 24, "x.csv: expected a column load beside clean" },
        { "g_per_kwh\n", "-1", 24, "found '-1'" },
        { "g_per_kwh\n", "nan", 24, "found 'nan'" },
        { "g_per_kwh\n", "1e999", 24, "found '1e999'" },
        { "", "", 0, "expected 24 or 8760 rows, found 0" },
    };
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pare_hourly *h = NULL;
        char *text = rows_of(rows[i].head, rows[i].row, rows[i].n);
        assert_int_equal(pare_hourly_parse(&t.ctx, &h, "x.csv", text, strlen(text)), PARE_EFORMAT);
        if (!strstr(t.ctx.message, rows[i].message))
            fail_msg("want '%s' got '%s'", rows[i].message, t.ctx.message);
        assert_null(h);
        test_free(text);
    }
    pare_hourly *h = NULL;
    assert_int_equal(pare_hourly_parse(&t.ctx, &h, "x.csv", "1\0002", 3), PARE_EFORMAT);
    assert_int_equal(pare_hourly_read(&t.ctx, &h, "/nowhere/x.csv"), PARE_EFORMAT);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_read),
        cmocka_unit_test(bad_files_are_refused_with_their_line),
    };
    return test_run(tests);
}
