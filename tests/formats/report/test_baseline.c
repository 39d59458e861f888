#include "support/test.h"

#include "formats/report/baseline.h"
#include "formats/report/writer.h"
#include "support/report.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *sample_json(void)
{
    test_ctx t;
    test_ctx_init(&t);
    test_report r;
    test_report_make(&r, 2, 3);
    static const char *const words[] = { "compress", "m.onnx", "--data=d.yaml" };
    static const pare_report_data data[] = { { "calibration", "d.yaml", "abc", 5 } };
    r.report.data_sha256 = "abc";
    r.report.arguments = words;
    r.report.n_arguments = 3;
    r.report.data = data;
    r.report.n_data = 1;
    pare_doc doc = { .ctx = &t.ctx };
    pare_report_writer_json.write(&doc, &r.report);
    char *const text = strdup(pare_doc_text(&doc));
    pare_doc_free(&doc);
    test_report_free(&r);
    return text;
}

static void test_values(void **state)
{
    (void)state;
    char *const text = sample_json();
    test_ctx t;
    test_ctx_init(&t);
    pare_baseline b;
    assert_int_equal(pare_baseline_parse(&t.ctx, &b, "b.json", text, strlen(text)), PARE_OK);
    assert_string_equal(b.model, "resnet50-int8.onnx");
    assert_string_equal(b.target, "ort-x64");
    assert_int_equal(b.target_version, 1);
    assert_string_equal(b.shapes, "data=1x3x224x224");
    assert_string_equal(b.data_sha256, "abc");
    assert_null(b.metric);
    assert_int_equal(b.made.n_arguments, 3);
    assert_string_equal(b.made.arguments[2], "--data=d.yaml");
    assert_int_equal(b.made.n_data, 1);
    assert_string_equal(b.made.data[0].sha256, "abc");
    assert_int_equal(b.made.n_targets, 2);
    assert_int_equal(b.made.targets[1].version, 2);
    assert_string_equal(b.made.kernel_level, "avx2");
    assert_null(b.made.recipe);
    assert_true(fabs(b.values[PARE_METRIC_ENERGY] - 127.72) < 1e-9);
    assert_true(b.values[PARE_METRIC_SIZE] == 26676000);
    assert_true(b.values[PARE_METRIC_TRAFFIC] == 34320000);
    assert_true(isnan(b.values[PARE_METRIC_ACCURACY]));
    pare_baseline_free(&b);
    free(text);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Whatever is cut off or changed: a message with the file's name and a line, never more. */
static void test_damaged(void **state)
{
    (void)state;
    char *const text = sample_json();
    const size_t n = strlen(text);
    for (size_t cut = 0; cut < n; cut += 7) {
        test_ctx t;
        test_ctx_init(&t);
        pare_baseline b;
        const pare_status st = pare_baseline_parse(&t.ctx, &b, "b.json", text, cut);
        assert_int_equal(st, PARE_EFORMAT);
        if (strncmp(t.ctx.message, "b.json:", 7) != 0) fail_msg("'%s'", t.ctx.message);
        pare_baseline_free(&b);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
    for (size_t at = 0; at < n; at++) {
        static const char instead[] = "\"{}[],:0x\xff\\";
        char *const bad = strdup(text);
        bad[at] = instead[at % (sizeof(instead) - 1)];
        test_ctx t;
        test_ctx_init(&t);
        pare_baseline b;
        const pare_status st = pare_baseline_parse(&t.ctx, &b, "b.json", bad, n);
        assert_true(st == PARE_OK || st == PARE_EFORMAT);
        pare_baseline_free(&b);
        free(bad);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
    free(text);
}

static pare_status parse(pare_ctx *ctx, void *user)
{
    const char *const text = user;
    pare_baseline b;
    const pare_status st = pare_baseline_parse(ctx, &b, "b.json", text, strlen(text));
    pare_baseline_free(&b);
    return st;
}

static void test_no_memory(void **state)
{
    (void)state;
    char *const text = sample_json();
    assert_true(test_ctx_torture(parse, text) >= 1);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_no_memory),
    };
    return test_run(tests);
}
