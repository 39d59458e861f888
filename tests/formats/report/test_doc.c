#include "support/test.h"
#include "support/test_ctx.h"

#include "formats/report/doc.h"
#include "formats/report/metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef void put_fn(pare_doc *doc, const char *text);

static void check(put_fn *put, const char *text, const char *want)
{
    test_ctx t;
    test_ctx_init(&t);
    pare_doc doc = { .ctx = &t.ctx };
    put(&doc, text);
    assert_int_equal(doc.status, PARE_OK);
    assert_string_equal(pare_doc_text(&doc), want);
    pare_doc_free(&doc);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void test_escapes(void **state)
{
    (void)state;
    check(pare_doc_plain, "a\x1b[31m\xff\xe2\x80\xaegpj", "a\\x1b[31m\\xff\\xe2\\x80\\xaegpj");
    check(pare_doc_html, "<script>alert('x')</script>&\"\x01\xef\xbf\xbf",
          "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;\\x01\\xef\\xbf\\xbf");
    check(pare_doc_html, NULL, "");
    check(pare_doc_code, "conv|1", "`conv\\|1`");
    check(pare_doc_code, "a``b\n", "``` a``b\\x0a ```");
    check(pare_doc_markdown, "see @user, #12, [x](http://a.b) <b>",
          "see \\@<!-- -->user, \\#<!-- -->12, \\[x\\]\\(http:<!-- -->//a.b\\) \\<b\\>");
    check(pare_doc_markdown, "5.2 mJ | www.x.org", "5.2 mJ \\| w<!-- -->ww.x.org");
    check(pare_doc_csv, "=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\"");
    check(pare_doc_csv, "a\"b\nc", "\"a\"\"b\\x0ac\"");
}

static void test_cut(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
        size_t columns;
    } rows[] = {
        { "short", "short", 5 },
        { "0123456789", "01\xe2\x80\xa6" "6789", 7 },
        { "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
          "\xc3\xa4\xe2\x80\xa6\xc3\xa4", 3 },
        { "\xff\xff\xff\xff\xff", "\xff\xe2\x80\xa6\xff", 3 },
        { NULL, "", 3 },
    };
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pare_doc doc = { .ctx = &t.ctx };
        char *const cut = pare_doc_cut(&doc, rows[i].text, rows[i].columns);
        assert_string_equal(cut, rows[i].want);
        pare_free(&t.ctx, cut);
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void test_units(void **state)
{
    (void)state;
    static const struct {
        void (*unit)(char out[PARE_UNIT_BYTES], double value);
        double value;
        const char *want;
    } rows[] = {
        { pare_unit_energy, 5.2123, "5.21 mJ" },      { pare_unit_energy, 0.4204, "420 \xc2\xb5J" },
        { pare_unit_energy, 0.9996, "1.00 mJ" },      { pare_unit_energy, 1234567, "1.23 kJ" },
        { pare_unit_energy, 0, "0" },                 { pare_unit_energy, 2e-9, "2.00 pJ" },
        { pare_unit_energy, (double)NAN, "unknown" }, { pare_unit_time, 13.37, "13.4 ms" },
        { pare_unit_bytes, 999, "999 B" },            { pare_unit_bytes, 4960000, "4.96 MB" },
        { pare_unit_count, 999, "999" },              { pare_unit_count, 3858e6, "3.86 G" },
        { pare_unit_percent, 0.471, "47.1 %" },       { pare_unit_percent, 1, "100 %" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[PARE_UNIT_BYTES];
        rows[i].unit(text, rows[i].value);
        assert_string_equal(text, rows[i].want);
    }
}

static void check_words(double ratio, const char *want)
{
    test_ctx t;
    test_ctx_init(&t);
    pare_doc doc = { .ctx = &t.ctx };
    pare_metric_words(&doc, &pare_metrics[PARE_METRIC_ENERGY], ratio);
    assert_string_equal(pare_doc_text(&doc), want);
    pare_doc_free(&doc);
}

static void check_band(double low, double high, const char *want)
{
    test_ctx t;
    test_ctx_init(&t);
    pare_doc doc = { .ctx = &t.ctx };
    pare_band_words(&doc, (pare_band){ sqrt(low * high), low, high });
    assert_string_equal(pare_doc_text(&doc), want);
    pare_doc_free(&doc);
}

static void test_words(void **state)
{
    (void)state;
    check_words(0.31, "69 % less energy");
    check_words(0.004, "99.6 % less energy");
    check_words(1.05, "5.0 % more energy");
    check_words(1.0001, "no change");
    check_words(2.43, "2.4 times the energy");
    check_words(31.4, "31 times the energy");
    check_words((double)NAN, "not known");
    check_band(0.27, 0.36, "64 to 73 % less");
    check_band(0.8, 1.05, "20 % less to 5.0 % more");
    check_band(1.1, 1.5, "10 to 50 % more");
    check_band(1.5, 3.25, "1.5 to 3.25 times");
    check_band(0.5, 0.5, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes), cmocka_unit_test(test_cut), cmocka_unit_test(test_units),
        cmocka_unit_test(test_words),
    };
    return test_run(tests);
}
