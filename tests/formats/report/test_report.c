#include "support/test.h"

#include "formats/report/writer.h"
#include "support/files.h"
#include "support/report.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A name that each format has to escape, with what it must not become. */
static const char hostile[] =
    "</script><img src=x onerror=alert(1)>`|\"'@all #1 ::error::\x1b[2J\r\n=1+1]]>\xff\xe2\x80\xae";

static char *written(const pare_report_writer *writer, const pare_report *report)
{
    test_ctx t;
    test_ctx_init(&t);
    pare_doc doc = { .ctx = &t.ctx };
    writer->write(&doc, report);
    assert_int_equal(doc.status, PARE_OK);
    char *const text = strdup(pare_doc_text(&doc));
    pare_doc_free(&doc);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
    return text;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("'%s' is missing", part);
}

static void assert_has_not(const char *text, const char *part)
{
    if (strstr(text, part)) fail_msg("'%s' is there", part);
}

static void test_all_formats(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], below[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_ctx t;
    test_ctx_init(&t);
    test_join(below, test_temp_dir(dir), "a/b");
    test_report r;
    test_report_make(&r, 2, 30);
    assert_int_equal(pare_report_save(&t.ctx, below, &r.report, NULL, 0), PARE_OK);
    for (size_t i = 0; i < pare_n_report_writers; i++) {
        char *const text = written(pare_report_writers[i], &r.report);
        size_t n = 0;
        uint8_t *const file =
            test_read_file(test_join(path, below, pare_report_writers[i]->file), &n);
        assert_int_equal(n, strlen(text));
        assert_memory_equal(file, text, n);
        free(file);
        free(text);
    }
    /* only what is asked for */
    static const char *const only[] = { "md" };
    test_join(below, dir, "c");
    assert_int_equal(pare_report_save(&t.ctx, below, &r.report, only, 1), PARE_OK);
    assert_true(test_file_exists(test_join(path, below, "report.md")));
    assert_false(test_file_exists(test_join(path, below, "report.html")));
    /* no folder */
    assert_int_equal(pare_report_save(&t.ctx, path + strlen(path), &r.report, only, 1),
                     PARE_EUSAGE);
    test_join(path, below, "report.md");
    assert_int_equal(pare_report_save(&t.ctx, path, &r.report, only, 1), PARE_EUSAGE);
    assert_non_null(strstr(t.ctx.message, "there is a file of that name"));
    test_report_free(&r);
    test_remove_tree(dir);
}

/* The first screen says what is better and by how much. */
static void test_verdicts(void **state)
{
    (void)state;
    test_report r;
    test_report_make(&r, 2, 5);
    char *text = written(&pare_report_writer_md, &r.report);
    assert_has(text, "resnet50-int8.onnx needs 69 % less energy than resnet50.onnx on ort-x64 "
                     "\\(65 to 72 % less\\); 44 % less time, 74 % smaller, 74 % less RAM. 1 of 2 "
                     "limits does not hold.");
    free(text);
    r.report.n_gates = 0;
    r.ratios[1][0].energy = (pare_band){ 0.97, 0.9, 1.08 };
    text = written(&pare_report_writer_html, &r.report);
    assert_has(text, "<b>No clear winner</b>");
    assert_has(text, "cannot be told apart by their energy on ort-x64 (10 % less to 8.0 % more)");
    free(text);
    r.ratios[1][0].energy = (pare_band){ 3.1, 2.9, 3.3 };
    text = written(&pare_report_writer_html, &r.report);
    assert_has(text, "<b>Worse</b>");
    assert_has(text, "needs 3.1 times the energy of resnet50.onnx");
    free(text);
    for (size_t i = 0; i < 2; i++)
        r.figures[i][0].accuracy = (pare_report_accuracy){ "top1", 0.763 - 0.002 * (double)i, 0.75,
                                                           0.78, 3925 };
    text = written(&pare_report_writer_html, &r.report);
    assert_has(text, "74 % less RAM, top1 76.10 % instead of 76.30 %.");
    assert_has(text, "-0.20 points");
    free(text);
    for (size_t i = 0; i < 2; i++) r.figures[i][0].accuracy.metric = NULL;
    for (size_t i = 0; i < 2; i++) r.figures[i][0].priced = false;
    text = written(&pare_report_writer_html, &r.report);
    assert_has(text, "resnet50-int8.onnx is, against resnet50.onnx, 74 % smaller, 74 % less RAM.");
    free(text);
    test_report_free(&r);
    test_report_make(&r, 6, 5);
    text = written(&pare_report_writer_html, &r.report);
    assert_has(text, "Of 6 models, resnet50-pruned-int8.onnx needs the least energy on ort-x64: "
                     "76 % less energy than resnet50.onnx.");
    assert_has(text, "Which models are worth having");
    assert_has(text, "the estimate cannot tell which takes less energy on ort-x64");
    free(text);
    test_report_free(&r);
    test_report_make(&r, 1, 5);
    text = written(&pare_report_writer_html, &r.report);
    assert_has(text, "resnet50.onnx needs 412 mJ per inference on ort-x64 (estimated; 196 mJ to "
                     "865 mJ); 103 MB.");
    free(text);
    test_report_free(&r);
}

/* A model that was made: the page begins with whether to ship it, and says why. */
static void test_made(void **state)
{
    (void)state;
    test_report r;
    test_report_make(&r, 2, 5);
    static const char *const skipped[] = { "/head/fancy (Fancy): it is not known" };
    const pare_report_step step = {
        .name = "quantize", .options = "weights=int8", .seconds = 1.5, .before = r.figures[0][0],
        .after = r.figures[1][0], .skipped = skipped, .n_skipped = 1,
    };
    r.report.steps = &step;
    r.report.n_steps = 1;
    char *text = written(&pare_report_writer_html, &r.report);
    assert_has(text, "<div class=\"verdict bad\"><b>Do not ship</b>");
    assert_has(text, "<strong>max-size</strong> does not hold: 26.7 MB, the limit is 20.0 MB. Try "
                     "first: pare quantize --weights int4");
    assert_has(text, "<strong>Accuracy</strong> was not judged");
    assert_has(text, "<strong>max-energy</strong> 31.0 % (limit 45 %) holds");
    assert_has(text, "<strong>quantize</strong> <code>weights=int8</code>");
    assert_has(text, "<summary>1 left as it was</summary><ul><li>/head/fancy (Fancy)");
    free(text);
    r.report.n_gates = 1;
    text = written(&pare_report_writer_html, &r.report);
    assert_has(text, "<div class=\"verdict caution\"><b>Look before you ship</b>");
    free(text);
    for (size_t i = 0; i < 2; i++)
        r.figures[i][0].accuracy = (pare_report_accuracy){ "top1", 0.763 - 0.002 * (double)i, 0.75,
                                                           0.78, 3925 };
    r.report.has_change = true;
    r.report.change = (pare_report_change){ .drop = 0.2, .drop_upper95 = 0.4, .agreement = 0.98 };
    r.gates[1] = (pare_report_gate){ "max-drop", "resnet50-int8.onnx", "0.5", "0.20 points", true,
                                     true, NULL, NULL };
    r.report.n_gates = 2;
    text = written(&pare_report_writer_html, &r.report);
    assert_has(text, "<div class=\"verdict good\"><b>Ship it</b><h1>resnet50-int8.onnx against "
                     "resnet50.onnx on ort-x64: 74 % smaller, 69 % less energy (65 to 72 % less), "
                     "44 % less time, 74 % less RAM, top1 76.10 % instead of 76.30 %. All 2 limits "
                     "hold.");
    assert_has(text, "loses 0.20 points of top1 on 3925 samples, in general at most 0.40 lost (95 "
                     "%); max-drop 0.5 holds");
    free(text);
    text = written(&pare_report_writer_md, &r.report);
    assert_has(text, "Ship it: resnet50-int8.onnx against resnet50.onnx");
    assert_has(text, "| `quantize` | `weights=int8` | 103 MB");
    free(text);
    test_report_free(&r);
}

/* What became of figures since an earlier report. */
static void test_since(void **state)
{
    (void)state;
    const double none = (double)NAN;
    const pare_report_since_row rows[] = {
        { "energy", 120, 128, 0.02, NULL },
        { "size", 30e6, 26.7e6, 0.01, NULL },
        { "accuracy", 0.764, 0.761, 0.2, NULL },
        { "latency", 10, 12, none, "the baseline is of target 'a', this run of 'b'" },
        { "flash", 0, none, none, NULL },
    };
    test_report r;
    test_report_make(&r, 2, 5);
    r.report.since = (pare_report_since){ "release.onnx", "0.0.9", rows, 5 };
    char *text = written(&pare_report_writer_html, &r.report);
    assert_has(text, "<h2>Since the baseline</h2>");
    assert_has(text, "<span class=\"bad\">6.7 % more energy</span>");
    assert_has(text, "<span class=\"good\">11 % smaller</span>");
    assert_has(text, "<span class=\"bad\">-0.30 points</span>");
    assert_has(text, "no comparison: the baseline is of target &#39;a&#39;");
    free(text);
    text = written(&pare_report_writer_md, &r.report);
    assert_has(text, "| since `release.onnx` | was | is | change |");
    free(text);
    text = written(&pare_report_writer_json, &r.report);
    assert_has(text, "\"may_be_worse_by\": 0.02");
    free(text);
    test_report_free(&r);
}

static void make_hostile(test_report *r)
{
    test_report_make(r, 3, 8);
    for (size_t m = 0; m < 3; m++) {
        r->models[m].name = hostile;
        for (size_t i = 0; i < 8; i++) {
            r->layers[m][i].name = hostile;
            r->layers[m][i].op = hostile;
            r->layers[m][i].weight_type = hostile;
        }
    }
    static const char *const texts[] = { hostile };
    static const pare_report_holder peak[] = { { hostile, 12 } };
    for (size_t m = 0; m < 3; m++) {
        r->models[m].unmodelled = texts;
        r->models[m].peak = peak;
        r->models[m].n_peak = 1;
    }
    r->gates[0] = (pare_report_gate){ "max-energy", hostile, hostile, hostile, false, true, hostile,
                                      hostile };
    r->report.gates = r->gates;
    r->report.n_gates = 1;
    r->report.warnings = texts;
    r->report.shapes = r->report.reproduce = r->report.use.sentence = hostile;
    static const pare_report_since_row rows[] = { { "energy", 1, 2, 3, hostile } };
    static const pare_report_data data[] = { { "calibration", hostile, hostile, 3 } };
    static const pare_report_step steps[] = {
        { .name = hostile, .options = hostile, .skipped = texts, .n_skipped = 1 },
    };
    r->report.since = (pare_report_since){ hostile, hostile, rows, 1 };
    r->report.data = data;
    r->report.n_data = 1;
    r->report.steps = steps;
    r->report.n_steps = 1;
    r->report.arguments = texts;
    r->report.n_arguments = 1;
    r->targets[0].name = hostile;
}

static void test_hostile_names(void **state)
{
    (void)state;
    test_report r;
    make_hostile(&r);
    for (size_t i = 0; i < pare_n_report_writers; i++) {
        char *const text = written(pare_report_writers[i], &r.report);
        assert_has_not(text, "\x1b");
        for (const char *p = text; *p; p++)
            assert_true((unsigned char)*p >= 0x20 || *p == '\n' || *p == '\r');
        if (pare_report_writers[i] != &pare_report_writer_json) {
            assert_has_not(text, "\xff");
            assert_has_not(text, "\xe2\x80\xae");
        }
        free(text);
    }
    char *text = written(&pare_report_writer_html, &r.report);
    assert_has_not(text, "<img");
    assert_null(strstr(strstr(text, "</script>") + 1, "</script>"));
    free(text);
    text = written(&pare_report_writer_junit, &r.report);
    assert_has_not(text, "<img");
    assert_has_not(text, "\xff");
    free(text);
    text = written(&pare_report_writer_md, &r.report);
    assert_has_not(text, "\n::error");
    free(text);
    test_report_free(&r);
}

/* Pages stay readable, and what is left out is said. */
static void test_many_layers(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    test_report r;
    test_report_make(&r, 2, MANY);
    char *text = written(&pare_report_writer_html, &r.report);
    assert_true(strlen(text) < 600 * 1024);
    assert_has(text, "The 500 of 100000 layers with most energy");
    assert_has(text, "The 20 of 100000 layers with most energy");
    free(text);
    text = written(&pare_report_writer_md, &r.report);
    assert_true(strlen(text) < 60 * 1024);
    assert_has(text, "and 99985 more in report.json");
    free(text);
    test_report_free(&r);
}

static void test_nothing_known(void **state)
{
    (void)state;
    const double none = (double)NAN;
    pare_report_figures figures = {
        .energy_mj = { none, none, none }, .latency_ms = { none, none, none }, .sparsity = none,
    };
    const pare_report_target target = { .name = "rules-only" };
    pare_report_model models[] = { { .name = "", .figures = &figures },
                                   { .name = "", .figures = &figures } };
    for (size_t n = 1; n <= 2; n++) {
        const pare_report report = { .verb = "inspect", .tool_version = "0", .targets = &target,
                                     .n_targets = 1, .models = models, .n_models = n };
        for (size_t i = 0; i < pare_n_report_writers; i++) {
            char *const text = written(pare_report_writers[i], &report);
            assert_has_not(text, "nan");
            assert_has_not(text, "inf%");
            assert_has_not(text, ">inf<");
            free(text);
        }
    }
}

static pare_status save(pare_ctx *ctx, void *user)
{
    const char *const dir = user;
    test_report r;
    test_report_make(&r, 3, 12);
    const pare_status st = pare_report_save(ctx, dir, &r.report, NULL, 0);
    test_report_free(&r);
    return st;
}

static void test_no_memory(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES];
    test_temp_dir(dir);
    assert_true(test_ctx_torture(save, dir) > 10);
    test_remove_tree(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_formats),   cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_hostile_names), cmocka_unit_test(test_many_layers),
        cmocka_unit_test(test_nothing_known), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_made),          cmocka_unit_test(test_since),
    };
    return test_run(tests);
}
