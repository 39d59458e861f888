#include "support/test.h"
#include "support/test_ctx.h"

#include "formats/report/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the object prints as; to be freed. */
static char *printed(pare_json *json)
{
    char *text = NULL;
    size_t n_bytes = 0;
    FILE *const to = open_memstream(&text, &n_bytes);
    assert_non_null(to);
    assert_int_equal(pare_json_print(json, to), PARE_OK);
    fclose(to);
    return text;
}

static void test_layout_and_order(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_json j;
    pare_json_init(&j, &t.ctx);
    pare_json_text(&j, "zebra", "first");
    pare_json_open_array(&j, "list");
    pare_json_int(&j, NULL, -3);
    pare_json_open_object(&j, NULL);
    pare_json_bool(&j, "yes", true);
    pare_json_close(&j);
    pare_json_close(&j);
    pare_json_uint(&j, "big", INT64_MAX);
    pare_json_real(&j, "half", 0.5);
    pare_json_null(&j, "nothing");
    char *const text = printed(&j);
    assert_string_equal(text, "{\n"
                              "  \"zebra\": \"first\",\n"
                              "  \"list\": [\n"
                              "    -3,\n"
                              "    {\n"
                              "      \"yes\": true\n"
                              "    }\n"
                              "  ],\n"
                              "  \"big\": 9223372036854775807,\n"
                              "  \"half\": 0.5,\n"
                              "  \"nothing\": null\n"
                              "}\n");
    free(text);
    pare_json_free(&j);
}

static void test_texts_from_files(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_json j;
    pare_json_init(&j, &t.ctx);
    pare_json_text(&j, "quote", "a\"b\\c\n\x01\x7f");
    pare_json_text(&j, "utf8", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    pare_json_text(&j, "broken", "ok\xff\xc3");
    pare_json_text(&j, "absent", NULL);
    pare_json_text(&j, "empty", "");
    pare_json_real(&j, "nan", (double)NAN);
    pare_json_real(&j, "inf", (double)INFINITY);
    char *const text = printed(&j);
    assert_non_null(strstr(text, "\"quote\": \"a\\\"b\\\\c\\n\\u0001\x7f\""));
    assert_non_null(strstr(text, "\"utf8\": \"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""));
    assert_non_null(strstr(text, "\"broken\": \"ok\\\\xff\\\\xc3\""));
    assert_non_null(strstr(text, "\"absent\": null"));
    assert_non_null(strstr(text, "\"empty\": \"\""));
    assert_non_null(strstr(text, "\"nan\": null"));
    assert_non_null(strstr(text, "\"inf\": null"));
    free(text);
    pare_json_free(&j);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void test_failures_stick(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_json j;
    pare_json_init(&j, &t.ctx);
    test_ctx_fail_at(&t, 0);
    for (int i = 0; i < 64; i++) pare_json_text(&j, "key", "value");
    assert_int_equal(j.doc.status, PARE_ENOMEM);
    pare_json_open_array(&j, "list");
    pare_json_text(&j, NULL, "more");
    pare_json_close(&j);
    assert_int_equal(pare_json_print(&j, stdout), PARE_ENOMEM);
    pare_json_free(&j);
}

static void test_write_errors(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    FILE *const to = fopen("/dev/full", "w");
    if (!to) test_skip("no /dev/full");
    setvbuf(to, NULL, _IONBF, 0);
    pare_json j;
    pare_json_init(&j, &t.ctx);
    pare_json_text(&j, "key", "value");
    assert_int_equal(pare_json_print(&j, to), PARE_EIO);
    assert_string_equal(t.ctx.message, "cannot write the JSON output: No space left on device");
    pare_json_free(&j);
    fclose(to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout_and_order),
        cmocka_unit_test(test_texts_from_files),
        cmocka_unit_test(test_failures_stick),
        cmocka_unit_test(test_write_errors),
    };
    return test_run(tests);
}
