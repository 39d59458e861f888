#include "support/test.h"

#include "base/nearest.h"
#include "cli/number.h"
#include "cli/progress.h"

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bytes;
    } good[] = {
        { "0", 0 }, { "1", 1 }, { "17B", 17 }, { "4 KiB", 4096 }, { "1kb", 1000 },
        { "2MB", 2000000 }, { "64MiB", UINT64_C(64) << 20 }, { "1.5GiB", UINT64_C(3) << 29 },
        { "0.5KiB", 512 }, { "0.3KiB", 307 }, { "1.999999GB", 1999999000 },
        { "3TB", UINT64_C(3000000000000) }, { "1TiB", UINT64_C(1) << 40 },
        { "18446744073709551615", UINT64_MAX },
    };
    static const char *const bad[] = {
        "", " 1", "1 ", "-1", "+1", "1K", "1.", ".5", "1..5GB", "1 GB ", "1  GB", "0x10", "1e3",
        "GB", "18446744073709551616", "18446744073709551615KB", "1.0000001GB", "1,5GB", "inf",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        uint64_t bytes = 1;
        if (!pare_read_size(good[i].text, &bytes)) fail_msg("refused '%s'", good[i].text);
        assert_true(bytes == good[i].bytes);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint64_t bytes = 77;
        if (pare_read_size(bad[i], &bytes)) fail_msg("took '%s'", bad[i]);
        assert_int_equal(bytes, 77);
    }
}

static void test_counts_and_durations(void **state)
{
    (void)state;
    uint64_t n = 0;
    assert_true(pare_read_count("2.5M", &n));
    assert_int_equal(n, 2500000);
    assert_false(pare_read_count("2MB", &n));
    assert_true(pare_read_duration("90", &n));
    assert_int_equal(n, 90000);
    assert_true(pare_read_duration("1.5h", &n));
    assert_int_equal(n, 5400000);
    assert_true(pare_read_duration("250ms", &n));
    assert_int_equal(n, 250);
    assert_false(pare_read_duration("1w", &n));
}

static void test_integers(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "-", "+1", " 1", "1 ", "1.0", "9223372036854775808", "--1",
    };
    int64_t n = 0;
    assert_true(pare_read_int("-9223372036854775808", &n));
    assert_true(n == INT64_MIN);
    assert_true(pare_read_int("007", &n));
    assert_int_equal(n, 7);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(pare_read_int(bad[i], &n));
}

static const char *bytes_text(pare_line *line, uint64_t bytes)
{
    pare_line_clear(line);
    pare_line_add_bytes(line, bytes);
    return line->text;
}

static void test_printed_numbers(void **state)
{
    (void)state;
    pare_line line;
    assert_string_equal(bytes_text(&line, 0), "0 B");
    assert_string_equal(bytes_text(&line, 999), "999 B");
    assert_string_equal(bytes_text(&line, 1000), "1.00 KB");
    assert_string_equal(bytes_text(&line, 9996), "10.0 KB");
    assert_string_equal(bytes_text(&line, 99949), "99.9 KB");
    assert_string_equal(bytes_text(&line, 99951), "100 KB");
    assert_string_equal(bytes_text(&line, 999499), "999 KB");
    assert_string_equal(bytes_text(&line, 999500), "1.00 MB");
    assert_string_equal(bytes_text(&line, 4956208), "4.96 MB");
    assert_string_equal(bytes_text(&line, UINT64_MAX), "18.4 EB");
    pare_line_clear(&line);
    pare_line_add_count(&line, 0);
    pare_line_add(&line, " ");
    pare_line_add_count(&line, 999);
    pare_line_add(&line, " ");
    pare_line_add_count(&line, 1235496);
    assert_string_equal(line.text, "0 999 1,235,496");
}

static void test_lines(void **state)
{
    (void)state;
    pare_line line = { 0 };
    pare_line_add(&line, "Gr\xc3\xb6\xc3\x9f" "e");
    pare_line_pad(&line, 8);
    assert_string_equal(line.text, "Gr\xc3\xb6\xc3\x9f" "e   ");
    for (int i = 0; i < 300; i++) pare_line_add(&line, "12345");
    assert_int_equal(line.n, sizeof(line.text) - 1);
    assert_int_equal(line.text[line.n], '\0');
}

static const char *nearest_of(const char *word)
{
    static const char *const names[] = {
        "convert", "compress", "compare", "inspect", "quantize", "run",
    };
    pare_nearest nearest = { .word = word };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        pare_nearest_try(&nearest, names[i]);
    return nearest.name ? nearest.name : "";
}

static void test_nearest_names(void **state)
{
    (void)state;
    assert_string_equal(nearest_of("insepct"), "inspect");
    assert_string_equal(nearest_of("quantise"), "quantize");
    assert_string_equal(nearest_of("comprss"), "compress");
    assert_string_equal(nearest_of("rnu"), "run");
    assert_string_equal(nearest_of("insp"), "inspect");
    assert_string_equal(nearest_of("con"), "convert");
    assert_string_equal(nearest_of("ru"), "run");
    assert_string_equal(nearest_of("x"), "");
    assert_string_equal(nearest_of(""), "");
    assert_string_equal(nearest_of("model.onnx"), "");
    assert_string_equal(nearest_of("a-word-longer-than-any-name-that-ever-was-in-a-table"), "");
}

static void expect_progress(uint64_t done, uint64_t total, double seconds, size_t columns,
                            const char *text)
{
    pare_line line;
    pare_progress_text(&line, &(pare_progress){ "write", done, total, NULL }, seconds, columns);
    assert_string_equal(line.text, text);
}

static void test_progress_text(void **state)
{
    (void)state;
    const uint64_t gb = 1000000000;
    expect_progress(42 * gb / 100, gb, 0.5, 80,
                    "write  42%  420 MB of 1.00 GB  840 MB/s  1 s left");
    expect_progress(gb, gb, 2, 80, "write 100%  1.00 GB of 1.00 GB  500 MB/s");
    expect_progress(5000, 0, 1, 80, "write  5.00 KB  5.00 KB/s");
    expect_progress(1000000, 10 * gb, 1, 80,
                    "write   0%  1.00 MB of 10.0 GB  1.00 MB/s  2 h 46 min left");
    expect_progress(1, UINT64_MAX, 1, 20, "write   0%  1 B of 1");
    expect_progress(0, 10, 0, 80, "write   0%  0 B of 10 B");
    pare_line line;
    pare_progress_text(&line, &(pare_progress){ "evaluate", 1500, 5000, "samples" }, 3, 80);
    assert_string_equal(line.text, "evaluate  30%  1,500 of 5,000 samples  500/s  7 s left");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),         cmocka_unit_test(test_counts_and_durations),
        cmocka_unit_test(test_integers),      cmocka_unit_test(test_printed_numbers),
        cmocka_unit_test(test_lines),         cmocka_unit_test(test_nearest_names),
        cmocka_unit_test(test_progress_text),
    };
    return test_run(tests);
}
