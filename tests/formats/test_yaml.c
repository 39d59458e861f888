#include "support/test.h"

#include "formats/yaml.h"
#include "support/files.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pare_yaml *parse(test_ctx *t, const char *text)
{
    pare_yaml *yaml = NULL;
    const pare_status st = pare_yaml_parse(&t->ctx, &yaml, "x.yaml", text, strlen(text));
    if (st) fail_msg("%s", t->ctx.message);
    return yaml;
}

static void expect_refused(const char *text, size_t n_bytes, const char *message)
{
    test_ctx t;
    pare_yaml *yaml = NULL;
    test_ctx_init(&t);
    assert_int_equal(pare_yaml_parse(&t.ctx, &yaml, "x.yaml", text, n_bytes), PARE_EFORMAT);
    assert_null(yaml);
    if (!strstr(t.ctx.message, message)) fail_msg("'%s' is not in '%s'", message, t.ctx.message);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void reads_a_tree_with_lines(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_yaml *yaml = parse(&t, "# a comment\n"
                                "target: [ort-x64, 'a b']\n"
                                "limits:\n"
                                "  max-drop: 0.5\n"
                                "  note: >\n"
                                "    two\n"
                                "    lines\n"
                                "steps:\n"
                                "  - fold: {}\n"
                                "  - prune: {what: channels}\n"
                                "empty:\n");
    const pare_yaml_node *root = pare_yaml_root(yaml);
    assert_int_equal(root->kind, PARE_YAML_MAP);
    assert_int_equal(root->n_items, 4);
    assert_null(root->parent);
    const pare_yaml_node *target = pare_yaml_get(root, "target");
    assert_int_equal(target->kind, PARE_YAML_LIST);
    assert_int_equal(target->line, 2);
    assert_string_equal(target->items[0].text, "ort-x64");
    assert_false(target->items[0].quoted);
    assert_string_equal(target->items[1].text, "a b");
    assert_true(target->items[1].quoted);
    const pare_yaml_node *limits = pare_yaml_get(root, "limits");
    assert_int_equal(limits->line, 3);
    assert_ptr_equal(limits->parent, root);
    assert_string_equal(limits->key, "limits");
    const pare_yaml_node *note = pare_yaml_get(limits, "note");
    assert_string_equal(note->text, "two lines\n");
    assert_ptr_equal(note->parent, limits);
    const pare_yaml_node *steps = pare_yaml_get(root, "steps");
    assert_int_equal(steps->n_items, 2);
    assert_int_equal(steps->items[1].line, 10);
    assert_null(steps->items[1].key);
    assert_string_equal(pare_yaml_get(&steps->items[1].items[0], "what")->text, "channels");
    assert_int_equal(pare_yaml_get(&steps->items[0], "fold")->n_items, 0);
    assert_string_equal(pare_yaml_get(root, "empty")->text, "");
    assert_null(pare_yaml_get(root, "none"));
    assert_null(pare_yaml_get(target, "none"));
    pare_yaml_free(&t.ctx, yaml);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void reads_json(void **state)
{
    (void)state;
    test_ctx t;
    double real = 0;
    bool truth = false;
    test_ctx_init(&t);
    pare_yaml *yaml = parse(&t, "{\n  \"do_resize\": true,\n  \"image_mean\": [0.485, 0.456],\n"
                                "\t\"size\": {\"height\": 224},\n  \"text\": \"a\\u00e9\\n\"\n}\n");
    const pare_yaml_node *root = pare_yaml_root(yaml);
    assert_int_equal(pare_yaml_bool(&t.ctx, yaml, pare_yaml_get(root, "do_resize"), &truth),
                     PARE_OK);
    assert_true(truth);
    const pare_yaml_node *mean = pare_yaml_get(root, "image_mean");
    assert_int_equal(pare_yaml_real(&t.ctx, yaml, &mean->items[1], &real), PARE_OK);
    assert_float_equal(real, 0.456, 0);
    assert_int_equal(pare_yaml_get(pare_yaml_get(root, "size"), "height")->line, 4);
    assert_string_equal(pare_yaml_get(root, "text")->text, "a\xc3\xa9\n");
    pare_yaml_free(&t.ctx, yaml);
}

static void refuses_what_is_malformed(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "", "x.yaml:1: expected something to read, found an empty file" },
        { "# nothing\n", "empty file" },
        { "a: 1\nb: [1, 2\n", "x.yaml:3: " },
        { "a: 1\nb: 2\na: 3\n", "x.yaml:3: key 'a' stands twice in one map, first in line 1" },
        { "a: {b: 1, c: 2, b: 3}\n", "key 'b' stands twice" },
        { "a: &x 1\nb: *x\n", "x.yaml:1: anchors ('&x') are not supported" },
        { "a: [*x]\n", "aliases ('*x') are not supported" },
        { "a: !!str 1\n", "tags ('tag:yaml.org,2002:str') are not supported" },
        { "a: 1\n---\nb: 2\n", "x.yaml:2: expected one document" },
        { "a: 1\n? [x]\n: 2\n", "x.yaml:2: expected a key, found a list" },
        { "'': 1\n", "expected a key, found nothing" },
        { "a:\n\tb: 1\n", "x.yaml:2: " },
        { "a: \"x\\0y\"\n", "x.yaml:1: expected text without NUL" },
        { "a: 1\nb: \xff\n", "x.yaml:2: expected UTF-8, found the byte 0xff" },
        { "a: 1\nb: \x01\n", "x.yaml:2: " },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_refused(rows[i][0], strlen(rows[i][0]), rows[i][1]);
    expect_refused("a: 1\0\n", 6, "x.yaml:1: expected text, found the control character 0x00");
}

/* The text `piece` written n times. */
static char *times(const char *piece, size_t n, size_t *n_bytes)
{
    const size_t n_piece = strlen(piece);
    char *text = malloc(n * n_piece + 1);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++) memcpy(text + i * n_piece, piece, n_piece + 1);
    *n_bytes = n * n_piece;
    return text;
}

static void limits_depth_values_and_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *piece;
        size_t n;
        const char *message;
    } rows[] = {
        { "[", 100000, "lists and maps at most 64 deep" },
        { "{a: ", 1000, "lists and maps at most 64 deep" },
        { "- ", 1000, "lists and maps at most 64 deep" },
        { "? ", 1000, "expected a key, found a map" },
        { "- 1\n", 1000001, "x.yaml:1000000: expected at most 1000000 values" },
        { "# filled ", 8 << 20, "expected at most 64 MiB, found 75497472 bytes" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n_bytes = 0;
        char *text = times(rows[i].piece, rows[i].n, &n_bytes);
        expect_refused(text, n_bytes, rows[i].message);
        free(text);
    }
    test_ctx t;
    char text[200];
    test_ctx_init(&t);
    snprintf(text, sizeof(text), "%.64s1%.64s",
             "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
             "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
    pare_yaml_free(&t.ctx, parse(&t, text));
}

static void reads_values_of_a_kind(void **state)
{
    (void)state;
    test_ctx t;
    int64_t whole = 0;
    double real = 0;
    bool truth = true;
    size_t choice = 0;
    const char *text = NULL;
    static const char *const words[] = { "mean", "median" };
    test_ctx_init(&t);
    pare_yaml *yaml = parse(&t, "[-12, 1.5e3, off, median, '', 7]");
    const pare_yaml_node *x = pare_yaml_root(yaml)->items;
    assert_int_equal(pare_yaml_int(&t.ctx, yaml, &x[0], -20, 20, &whole), PARE_OK);
    assert_int_equal(whole, -12);
    assert_int_equal(pare_yaml_real(&t.ctx, yaml, &x[1], &real), PARE_OK);
    assert_float_equal(real, 1500, 0);
    assert_int_equal(pare_yaml_bool(&t.ctx, yaml, &x[2], &truth), PARE_OK);
    assert_false(truth);
    assert_int_equal(pare_yaml_choice(&t.ctx, yaml, &x[3], words, 2, &choice), PARE_OK);
    assert_int_equal(choice, 1);
    assert_int_equal(pare_yaml_text(&t.ctx, yaml, &x[4], &text), PARE_OK);
    assert_string_equal(text, "");
    assert_int_equal(pare_yaml_text(&t.ctx, yaml, &x[5], &text), PARE_OK);
    assert_string_equal(text, "7");
    pare_yaml_free(&t.ctx, yaml);
}

enum { AS_INT, AS_REAL, AS_BOOL, AS_TEXT, AS_CHOICE, AS_KEYS };

static pare_status take(test_ctx *t, const pare_yaml *yaml, int as)
{
    static const char *const words[] = { "per-tensor", "per-channel" };
    static const char *const keys[] = { "max-drop", "max-energy", "max-size" };
    const pare_yaml_node *node = &pare_yaml_root(yaml)->items[0];
    int64_t whole;
    double real;
    bool truth;
    size_t choice;
    const char *text;
    switch (as) {
        case AS_INT: return pare_yaml_int(&t->ctx, yaml, node, 1, 99, &whole);
        case AS_REAL: return pare_yaml_real(&t->ctx, yaml, node, &real);
        case AS_BOOL: return pare_yaml_bool(&t->ctx, yaml, node, &truth);
        case AS_TEXT: return pare_yaml_text(&t->ctx, yaml, node, &text);
        case AS_CHOICE: return pare_yaml_choice(&t->ctx, yaml, node, words, 2, &choice);
        default: return pare_yaml_check_keys(&t->ctx, yaml, node, keys, 3);
    }
}

static void says_what_it_expected(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int as;
        const char *message;
    } rows[] = {
        { "a: 100", AS_INT, "x.yaml:1: 'a': expected a whole number from 1 to 99, found '100'" },
        { "a: 99999999999999999999", AS_INT, "from 1 to 99, found" },
        { "a: 1.5", AS_INT, "found '1.5'" },
        { "a: '5'", AS_INT, "found the text '5'" },
        { "a:", AS_INT, "found nothing" },
        { "a: [1]", AS_INT, "found a list" },
        { "- 0x10", AS_INT, "x.yaml:1: expected a whole number" },
        { "a: {}", AS_REAL, "'a': expected a number, found a map" },
        { "a: .inf", AS_REAL, "found '.inf'" },
        { "a: 1e999", AS_REAL, "expected a number" },
        { "a: nan", AS_REAL, "expected a number" },
        { "a: 1.5 pJ", AS_REAL, "found '1.5 pJ'" },
        { "a: maybe", AS_BOOL, "expected true or false, found 'maybe'" },
        { "a: 'true'", AS_BOOL, "found the text 'true'" },
        { "a:", AS_TEXT, "expected text, found nothing" },
        { "a: per-chanel", AS_CHOICE, "'a': 'per-chanel' is unknown; did you mean 'per-channel'?" },
        { "a: x", AS_CHOICE, "'x' is unknown; expected per-tensor or per-channel" },
        { "a:", AS_CHOICE, "expected per-tensor or per-channel, found nothing" },
        { "a: {max-size: 1,\n max-drp: 2}", AS_KEYS,
          "x.yaml:2: unknown key 'max-drp' in 'a'; did you mean 'max-drop'?" },
        { "a: {z: 2}", AS_KEYS, "expected max-drop, max-energy or max-size" },
        { "a: 2", AS_KEYS, "'a': expected a map, found '2'" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_ctx t;
        test_ctx_init(&t);
        pare_yaml *yaml = parse(&t, rows[i].text);
        assert_int_equal(take(&t, yaml, rows[i].as), PARE_EFORMAT);
        if (!strstr(t.ctx.message, rows[i].message))
            fail_msg("'%s' is not in '%s'", rows[i].message, t.ctx.message);
        pare_yaml_free(&t.ctx, yaml);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

static void reads_files(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_ctx t;
    pare_yaml *yaml = NULL;
    test_ctx_init(&t);
    test_join(path, test_temp_dir(dir), "r.yaml");
    test_write_file(path, "\xef\xbb\xbf" "a: 1\r\nb: 2\r\n", 15);
    assert_int_equal(pare_yaml_read(&t.ctx, &yaml, path), PARE_OK);
    assert_string_equal(pare_yaml_name(yaml), path);
    assert_int_equal(pare_yaml_get(pare_yaml_root(yaml), "b")->line, 2);
    assert_int_equal(
        pare_yaml_fail(&t.ctx, yaml, pare_yaml_get(pare_yaml_root(yaml), "b"), "no %d", 3),
        PARE_EFORMAT);
    assert_string_equal(t.ctx.message + strlen(path), ":2: no 3");
    pare_yaml_free(&t.ctx, yaml);
    assert_int_equal(pare_yaml_read(&t.ctx, &yaml, dir), PARE_EFORMAT);
    test_remove_tree(dir);
    assert_int_equal(pare_yaml_read(&t.ctx, &yaml, path), PARE_EFORMAT);
    assert_null(yaml);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static pare_status parse_and_free(pare_ctx *ctx, void *user)
{
    static const char text[] = "a: [1, 2, {b: c, d: e}]\nf:\n  g: h\n";
    pare_yaml *yaml = NULL;
    (void)user;
    const pare_status st = pare_yaml_parse(ctx, &yaml, "x", text, sizeof(text) - 1);
    pare_yaml_free(ctx, yaml);
    return st;
}

static void survives_any_failing_allocation(void **state)
{
    (void)state;
    assert_true(test_ctx_torture(parse_and_free, NULL) >= 5);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_tree_with_lines),
        cmocka_unit_test(reads_json),
        cmocka_unit_test(refuses_what_is_malformed),
        cmocka_unit_test(limits_depth_values_and_bytes),
        cmocka_unit_test(reads_values_of_a_kind),
        cmocka_unit_test(says_what_it_expected),
        cmocka_unit_test(reads_files),
        cmocka_unit_test(survives_any_failing_allocation),
    };
    return test_run(tests);
}
