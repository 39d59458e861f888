#include "support/test.h"

#include "formats/dataset/candidates.h"
#include "support/test_ctx.h"

#include <string.h>

static pare_preprocess list_of(test_ctx *t, const char *text)
{
    pare_preprocess list = { 0 };
    pare_yaml *yaml = NULL;
    pare_status st = pare_yaml_parse(&t->ctx, &yaml, "x", text, strlen(text));
    if (!st) st = pare_preprocess_read(&t->ctx, &list, yaml, pare_yaml_root(yaml), NULL);
    pare_yaml_free(&t->ctx, yaml);
    if (st) fail_msg("%s: %s", text, t->ctx.message);
    return list;
}

static size_t make(test_ctx *t, pare_candidate *out, const char *text, uint32_t channels,
                   uint32_t side, bool is_files)
{
    const pare_preprocess list = list_of(t, text);
    const pare_candidate_opts opts = { channels, side, side, is_files };
    return pare_candidates_make(out, &list, &opts);
}

static bool has(const pare_candidate *c, size_t n, const char *want, uint32_t changes)
{
    for (size_t i = 1; i < n; i++) {
        char text[1024];
        assert_true(pare_preprocess_text(&c[i].steps, text, sizeof(text)));
        if (!strcmp(text, want) && c[i].changes == changes) return true;
    }
    return false;
}

static void offers_the_usual_ways(void **state)
{
    (void)state;
    pare_candidate c[PARE_MAX_CANDIDATES];
    test_ctx t;
    test_ctx_init(&t);
    size_t n = make(&t, c, "[{resize: {short: 256}}, {crop: 224}, imagenet]", 3, 224, true);
    assert_true(n > 10 && n <= PARE_MAX_CANDIDATES);
    assert_true(has(c, n, "[{resize: {short: 256, filter: bilinear}}, {crop: 224}, minus1-1]",
                    PARE_CHANGE_NUMBERS));
    assert_true(has(c, n, "[{resize: {short: 256, filter: bilinear}}, {crop: 224}, caffe-bgr]",
                    PARE_CHANGE_NUMBERS | PARE_CHANGE_COLOR));
    assert_true(has(c, n, "[{resize: {exact: 224, filter: bilinear}}, imagenet]",
                    PARE_CHANGE_PLACE));
    assert_true(has(c, n, "[{crop: 224}, imagenet]", PARE_CHANGE_PLACE));
    /* What is in use comes once, however it is written. */
    for (size_t i = 1; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            char a[1024], b[1024];
            assert_true(pare_preprocess_text(&c[i].steps, a, sizeof(a)));
            assert_true(pare_preprocess_text(&c[k].steps, b, sizeof(b)));
            assert_string_not_equal(a, b);
        }
    n = make(&t, c, "[{color: bgr}, {mean: [104, 117, 123]}]", 3, 32, true);
    assert_true(has(c, n, "[{color: rgb}, {mean: [104, 117, 123]}, {layout: nchw}]",
                    PARE_CHANGE_COLOR));
    n = make(&t, c, "[0-1, {layout: nhwc}]", 3, 0, true);
    assert_true(has(c, n, "[{color: rgb}, {mean: 127.5}, {std: 127.5}, {layout: nhwc}]",
                    PARE_CHANGE_NUMBERS));
    n = make(&t, c, "[{divide: 255}]", 1, 28, false);
    assert_true(has(c, n, "[]", PARE_CHANGE_NUMBERS));
    assert_true(has(c, n, "[{mean: 255}, {multiply: -1}, {divide: 255}]", PARE_CHANGE_NUMBERS));
    n = make(&t, c, "[{mean: [1, 2, 3]}, {color: bgr}]", 3, 28, true); /* not to be taken apart */
    assert_int_equal(n, 1);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offers_the_usual_ways),
    };
    return test_run(tests);
}
