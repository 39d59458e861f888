#include "support/test.h"
#include "support/test_ctx.h"

#include "cli/options.h"

#include <string.h>

typedef struct fields {
    bool loud;
    const char *output;
    int64_t jobs;
    uint64_t memory, samples, patience, external;
    pare_option_list exclude;
    int mode;
    bool json;
} fields;

static const char *const modes[] = { "auto", "rtn", "gptq", NULL };

static const pare_option own[] = {
    { .name = "output", .short_name = 'o', .kind = PARE_OPT_STRING, .required = true,
      .placeholder = "OUT", .offset = offsetof(fields, output), .help = "Where to" },
    { .name = "jobs", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = 64,
      .offset = offsetof(fields, jobs) },
    { .name = "memory", .kind = PARE_OPT_SIZE, .placeholder = "SIZE",
      .offset = offsetof(fields, memory) },
    { .name = "samples", .kind = PARE_OPT_COUNT, .placeholder = "N",
      .offset = offsetof(fields, samples) },
    { .name = "patience", .kind = PARE_OPT_DURATION, .placeholder = "TIME",
      .offset = offsetof(fields, patience) },
    { .name = "external-data", .kind = PARE_OPT_SIZE, .placeholder = "SIZE", .implied = "1KiB",
      .offset = offsetof(fields, external) },
    { .name = "exclude", .kind = PARE_OPT_LIST, .placeholder = "PATTERN",
      .offset = offsetof(fields, exclude) },
    { .name = "mode", .kind = PARE_OPT_CHOICE, .placeholder = "MODE", .choices = modes,
      .offset = offsetof(fields, mode) },
    { .name = "loud", .short_name = 'l', .kind = PARE_OPT_FLAG, .offset = offsetof(fields, loud) },
};
static const pare_option shared[] = {
    { .name = "json", .kind = PARE_OPT_FLAG, .group = 1, .offset = offsetof(fields, json) },
};
static const char *const operands[] = { "MODEL", "[OTHER]" };

/* One parse with all that it needs. */
typedef struct attempt {
    test_ctx t;
    fields f;
    pare_arguments args;
    pare_usage_error error;
    pare_syntax syntax;
    size_t n_used;
    pare_status status;
} attempt;

static void attempt_words(attempt *a, char **words)
{
    size_t n = 0;
    while (words[n]) n++;
    *a = (attempt){ .f = { .external = PARE_NOT_GIVEN } };
    test_ctx_init(&a->t);
    a->syntax = (pare_syntax){
        .command = "pare verb",
        .sets = { { own, sizeof(own) / sizeof(own[0]), &a->f },
                  { shared, sizeof(shared) / sizeof(shared[0]), &a->f } },
        .shared = 1, .operands = operands, .n_operands = 2,
    };
    a->status = pare_options_parse(&a->t.ctx, &a->args, &a->syntax, n, words, &a->n_used,
                                   &a->error);
    if (!a->status) a->status = pare_options_check(&a->args, &a->syntax, &a->error);
}

static void attempt_end(attempt *a)
{
    pare_options_free(&a->t.ctx, &a->syntax.sets[0]);
    assert_int_equal(test_ctx_live_bytes(&a->t), 0);
}

#define WORDS(...) ((char *[]){ __VA_ARGS__, NULL })

static void expect_error(char **words, const char *message, const char *hint)
{
    attempt a;
    attempt_words(&a, words);
    assert_int_equal(a.status, PARE_EUSAGE);
    assert_string_equal(a.error.message, message);
    assert_string_equal(a.error.hint, hint);
    attempt_end(&a);
}

static void test_all_kinds(void **state)
{
    (void)state;
    attempt a;
    attempt_words(&a, WORDS("m.onnx", "--jobs", "7", "--memory=1.5GiB", "--samples", "10k",
                            "--patience=2m", "--exclude", "a*", "--mode", "gptq", "-l", "-oout",
                            "--exclude=b", "--json", "--external-data"));
    assert_string_equal(a.error.message, "");
    assert_int_equal(a.status, PARE_OK);
    assert_int_equal(a.n_used, 16);
    assert_int_equal(a.args.n_operands, 1);
    assert_string_equal(a.args.operands[0], "m.onnx");
    assert_int_equal(a.f.jobs, 7);
    assert_int_equal(a.f.memory, 3 * (UINT64_C(1) << 29));
    assert_int_equal(a.f.samples, 10000);
    assert_int_equal(a.f.patience, 120000);
    assert_int_equal(a.f.exclude.n, 2);
    assert_string_equal(a.f.exclude.items[0], "a*");
    assert_string_equal(a.f.exclude.items[1], "b");
    assert_int_equal(a.f.mode, 2);
    assert_true(a.f.loud);
    assert_true(a.f.json);
    assert_string_equal(a.f.output, "out");
    assert_int_equal(a.f.external, 1024);
    attempt_end(&a);
}

static void test_forms_of_values(void **state)
{
    (void)state;
    char **const same[] = {
        WORDS("m", "-o", "x"), WORDS("m", "-ox"), WORDS("m", "-o=x"), WORDS("m", "--output", "x"),
        WORDS("--output=x", "m"), WORDS("-o", "x", "--", "m"),
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        attempt a;
        attempt_words(&a, same[i]);
        assert_int_equal(a.status, PARE_OK);
        assert_string_equal(a.f.output, "x");
        assert_string_equal(a.args.operands[0], "m");
        attempt_end(&a);
    }
}

static void test_optional_value_is_never_the_next_word(void **state)
{
    (void)state;
    attempt a;
    attempt_words(&a, WORDS("--external-data", "4096", "-o", "x"));
    assert_int_equal(a.f.external, 1024);
    assert_string_equal(a.args.operands[0], "4096");
    attempt_end(&a);
    attempt_words(&a, WORDS("--external-data=4096", "m", "-o", "x"));
    assert_int_equal(a.f.external, 4096);
    attempt_end(&a);
    attempt_words(&a, WORDS("m", "-o", "x"));
    assert_true(a.f.external == PARE_NOT_GIVEN);
    attempt_end(&a);
}

static void test_words_with_dashes(void **state)
{
    (void)state;
    attempt a;
    attempt_words(&a, WORDS("-o", "-odd", "-"));
    assert_int_equal(a.status, PARE_OK);
    assert_string_equal(a.f.output, "-odd");
    assert_string_equal(a.args.operands[0], "-");
    attempt_end(&a);
    attempt_words(&a, WORDS("-o", "x", "--", "--json"));
    assert_string_equal(a.args.operands[0], "--json");
    assert_false(a.f.json);
    attempt_end(&a);
    attempt_words(&a, WORDS("m", "--output=--json"));
    assert_string_equal(a.f.output, "--json");
    assert_false(a.f.json);
    attempt_end(&a);
}

static void test_unknown_options(void **state)
{
    (void)state;
    const char *const lists = "'pare verb --help' lists the options";
    expect_error(WORDS("--jsn"), "unknown option '--jsn' of 'pare verb'",
                 "did you mean '--json'?");
    expect_error(WORDS("--extern"), "unknown option '--extern' of 'pare verb'",
                 "did you mean '--external-data'?");
    expect_error(WORDS("--optuput=x"), "unknown option '--optuput' of 'pare verb'",
                 "did you mean '--output'?");
    expect_error(WORDS("--zebra"), "unknown option '--zebra' of 'pare verb'", lists);
    expect_error(WORDS("-x"), "unknown option '-x' of 'pare verb'", lists);
    expect_error(WORDS("-json"), "unknown option '-json' of 'pare verb'",
                 "did you mean '--json'?");
    expect_error(WORDS("-lo"), "unknown option '-lo' of 'pare verb'", lists);
    expect_error(WORDS("--=x"), "unknown option '--' of 'pare verb'", lists);
}

static void test_bad_values(void **state)
{
    (void)state;
    expect_error(WORDS("--jobs", "many"),
                 "option '--jobs': expected an integer from 1 to 64, found 'many'", "");
    expect_error(WORDS("--jobs=0"),
                 "option '--jobs': expected an integer from 1 to 64, found '0'", "");
    expect_error(WORDS("--jobs=65"),
                 "option '--jobs': expected an integer from 1 to 64, found '65'", "");
    expect_error(WORDS("--memory", "12GiBs"),
                 "option '--memory': expected a size such as 4096, 64KiB or 1.5GB, found '12GiBs'",
                 "");
    expect_error(WORDS("--memory=18446744073709551615"),
                 "option '--memory': expected a size such as 4096, 64KiB or 1.5GB, found "
                 "'18446744073709551615'", "");
    expect_error(WORDS("--external-data="),
                 "option '--external-data': expected a size such as 4096, 64KiB or 1.5GB, found ''",
                 "");
    expect_error(WORDS("--samples=-1"),
                 "option '--samples': expected a count such as 500, 10k or 2.5M, found '-1'", "");
    expect_error(WORDS("--patience=soon"),
                 "option '--patience': expected a duration such as 90s, 10m or 1.5h, found 'soon'",
                 "");
    expect_error(WORDS("--mode=gtpq"),
                 "option '--mode': expected one of auto, rtn, gptq, found 'gtpq'",
                 "did you mean 'gptq'?");
    expect_error(WORDS("--loud=1"), "option '--loud' takes no value, found '1'", "");
    expect_error(WORDS("--output="), "option '--output': expected OUT, found nothing", "");
}

static void test_missing_and_surplus(void **state)
{
    (void)state;
    const char *const shows = "'pare verb --help' shows how it is used";
    expect_error(WORDS("m", "-o"), "option '-o' needs a value: -o OUT", "");
    expect_error(WORDS("m", "--output", "--json"),
                 "option '--output' needs a value: --output OUT, found the option '--json'", "");
    expect_error(WORDS("m", "-o", "--"),
                 "option '-o' needs a value: -o OUT, found the option '--'", "");
    expect_error(WORDS("m"), "'pare verb' needs -o, --output OUT", "");
    expect_error(WORDS("-o", "x"), "'pare verb' needs MODEL", shows);
    expect_error(WORDS("-o", "x", "a", "b", "c"),
                 "'pare verb' takes no more arguments, found 'c' besides", shows);
    expect_error(WORDS("m", "-o", "x", "--output=y"), "option '--output' is given twice", "");
    expect_error(WORDS("m", "--jobs=1", "--jobs=1"), "option '--jobs' is given twice", "");
}

static void test_shared_option_without_effect(void **state)
{
    (void)state;
    attempt a;
    attempt_words(&a, WORDS("m", "-o", "x", "--json"));
    assert_int_equal(a.status, PARE_OK);
    a.syntax.shared = 2;
    assert_int_equal(pare_options_check(&a.args, &a.syntax, &a.error), PARE_EUSAGE);
    assert_string_equal(a.error.message, "option '--json' has no effect on 'pare verb'");
    attempt_end(&a);
}

static void test_stop_at_operand(void **state)
{
    (void)state;
    attempt a;
    attempt_words(&a, WORDS("m", "-o", "x"));
    a.syntax.stop_at_operand = true;
    a.args = (pare_arguments){ 0 };
    char **const words = WORDS("--json", "verb", "--bogus");
    assert_int_equal(pare_options_parse(&a.t.ctx, &a.args, &a.syntax, 3, words, &a.n_used,
                                        &a.error), PARE_OK);
    assert_int_equal(a.n_used, 1);
    assert_int_equal(a.args.n_operands, 0);
    attempt_end(&a);
}

static pare_status parse_list(pare_ctx *ctx, void *user)
{
    (void)user;
    fields f = { 0 };
    pare_arguments args = { 0 };
    pare_usage_error error = { 0 };
    const pare_option_set set = { own, sizeof(own) / sizeof(own[0]), &f };
    const pare_syntax syntax = { .command = "pare verb", .sets = { set } };
    char *words[20];
    for (size_t i = 0; i < 20; i++) words[i] = i % 2 ? "pattern" : "--exclude";
    size_t n_used = 0;
    const pare_status st = pare_options_parse(ctx, &args, &syntax, 20, words, &n_used, &error);
    if (!st) assert_int_equal(f.exclude.n, 10);
    pare_options_free(ctx, &set);
    return st;
}

static void test_memory_failures(void **state)
{
    (void)state;
    assert_true(test_ctx_torture(parse_list, NULL) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds),
        cmocka_unit_test(test_forms_of_values),
        cmocka_unit_test(test_optional_value_is_never_the_next_word),
        cmocka_unit_test(test_words_with_dashes),
        cmocka_unit_test(test_unknown_options),
        cmocka_unit_test(test_bad_values),
        cmocka_unit_test(test_missing_and_surplus),
        cmocka_unit_test(test_shared_option_without_effect),
        cmocka_unit_test(test_stop_at_operand),
        cmocka_unit_test(test_memory_failures),
    };
    return test_run(tests);
}
