#include "support/eval.h"
#include "support/test.h"

static void concatenating(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 20, "string[2] a = {\"x\", \"\"}, string[2] b = {\"y\", \"z\"}",
          "y = StringConcat (a, b)", "string[2] {'xy', 'z'}" },
        { 20, "string[2,1] a = {\"x\", \"w\"}, string[2] b = {\"y\", \"z\"}",
          "y = StringConcat (a, b)", "string[2,2] {'xy', 'xz', 'wy', 'wz'}" },
        { 20, "string[2] a = {\"x\", \"\"}, float[2] b = {1, 2}", "y = StringConcat (a, b)",
          "error: input 1: expected strings, found float" },
    };
    TEST_EVAL(rows);
}

static void splitting(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 20, "string[3] a = {\"a b\", \" c  d e \", \"\"}", "y, y2 = StringSplit (a)",
          "string[3,3] {'a', 'b', '', 'c', 'd', 'e', '', '', ''}; int64[3] {2, 3, 0}" },
        { 20, "string a = {\" c  d e \"}", "y, y2 = StringSplit <maxsplit = 1> (a)",
          "string[2] {'c', 'd e '}; int64 {2}" },
        { 20, "string[2] a = {\"a--b--c--\", \"-\"}",
          "y, y2 = StringSplit <delimiter = \"--\", maxsplit = 2> (a)",
          "string[2,3] {'a', 'b', 'c--', '-', '', ''}; int64[2] {3, 1}" },
        { 20, "string[1] a = {\",\"}", "y = StringSplit <delimiter = \",\"> (a)",
          "string[1,2] {'', ''}" },
        { 20, "string[2,0] a = {}", "y, y2 = StringSplit <delimiter = \",\"> (a)",
          "string[2,0,0] {}; int64[2,0] {}" },
    };
    TEST_EVAL(rows);
}

static void normalizing(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 10, "string[3] a = {\"Monday\", \"Ärger\", \"жЖ\"}",
          "y = StringNormalizer <case_change_action = \"LOWER\"> (a)",
          "string[3] {'monday', 'ärger', 'жж'}" },
        { 10, "string[1,2] a = {\"Monday\", \"x\"}",
          "y = StringNormalizer <case_change_action = \"UPPER\", stopwords = [\"monday\"]> (a)",
          "string[1,1] {'X'}" },
        { 10, "string[2] a = {\"Monday\", \"monday\"}",
          "y = StringNormalizer <is_case_sensitive = 1, stopwords = [\"monday\"]> (a)",
          "string[1] {'Monday'}" },
        { 10, "string[1] a = {\"x\"}", "y = StringNormalizer <stopwords = [\"x\"]> (a)",
          "string[1] {''}" },
        { 10, "string[2,1] a = {\"x\", \"y\"}", "y = StringNormalizer (a)",
          "error: expected a shape of [C] or [1,C]" },
    };
    TEST_EVAL(rows);
}

#define WORDS "string[6] a = {\"\", \"a\", \"aa\", \"ab\", \"abab\", \"B\"}"
#define MATCH(pattern) "y = RegexFullMatch <pattern = \"" pattern "\"> (a)"

static void matching(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 20, WORDS, MATCH("a*"), "bool[6] {1, 1, 1, 0, 0, 0}" },
        { 20, WORDS, MATCH("(ab)+|b?"), "bool[6] {1, 0, 0, 1, 1, 0}" },
        { 20, WORDS, MATCH("(?i)[ab]{1,2}"), "bool[6] {0, 1, 1, 1, 0, 1}" },
        { 20, WORDS, MATCH("[^a]"), "bool[6] {0, 0, 0, 0, 0, 1}" },
        { 20, WORDS, MATCH("^(a|aa)+$"), "bool[6] {0, 1, 1, 0, 0, 0}" },
        { 20, WORDS, MATCH(".*\\\\bab"), "bool[6] {0, 0, 0, 1, 0, 0}" },
        { 20, WORDS, MATCH("[[:upper:]]"), "bool[6] {0, 0, 0, 0, 0, 1}" },
        { 20, WORDS, MATCH("(((a{0}){1000}){1000}){1000}"),
          "error: attribute 'pattern': an expression of this size is not supported" },
        { 20, WORDS, MATCH("(a{100}){1000}"),
          "error: an expression of this size is not supported" },
        { 20, WORDS, MATCH("a{1001}"), "error: expected at most 1000 repetitions" },
        { 20, WORDS, MATCH("a**"), "error: expected no repetition of a repetition" },
        { 20, WORDS, MATCH("*"), "error: expected something to repeat" },
        { 20, WORDS, MATCH("(a"), "error: expected ) after (" },
        { 20, WORDS, MATCH("a)"), "error: expected ( before )" },
        { 20, WORDS, MATCH("[a"), "error: expected ] after [" },
        { 20, WORDS, MATCH("\\\\1"), "error: expected a known escape" },
        { 20, WORDS, MATCH("\\\\pL"), "error: classes of Unicode are not supported" },
        /* what makes matchers that try one way after the other hang */
        { 20, "string[1] a = {\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"}",
          MATCH("(a*)*(a|aa)*(.*.*)*c"), "bool[1] {0}" },
    };
    TEST_EVAL(rows);
}

#define GRAMS \
    "ngram_counts = [0, 2], ngram_indexes = [0, 1, 3, 2], pool_int64s = [1, 2, 1, 2, 2, 3]"

static void counting(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 9, "int64[4] x = {1, 2, 2, 3}",
          "y = TfIdfVectorizer <mode = \"TF\", max_gram_length = 2, " GRAMS "> (x)",
          "float[4] {1, 2, 1, 1}" },
        { 9, "int32[2,3] x = {1, 2, 2, 2, 0, 3}",
          "y = TfIdfVectorizer <mode = \"TFIDF\", min_gram_length = 2, max_gram_length = 2,"
          " max_skip_count = 9223372036854775807, weights = [1.0, 1.0, 0.5, 4.0], " GRAMS "> (x)",
          "float[2,4] {0, 0, 0, 1, 0, 0, 4, 0}" },
        { 9, "string[3] x = {\"a\", \"b\", \"a\"}",
          "y = TfIdfVectorizer <mode = \"IDF\", ngram_counts = [0], ngram_indexes = [1, 0],"
          " pool_strings = [\"a\", \"c\"]> (x)", "float[2] {0, 1}" },
        { 9, "int64[0] x = {}",
          "y = TfIdfVectorizer <mode = \"TF\", max_gram_length = 2, " GRAMS "> (x)",
          "float[4] {0, 0, 0, 0}" },
        { 9, "int64[1] x = {1}",
          "y = TfIdfVectorizer <mode = \"TF\", max_gram_length = 3, " GRAMS "> (x)",
          "error: expected n-grams of lengths that 'ngram_counts' has" },
        { 9, "int64[1] x = {1}",
          "y = TfIdfVectorizer <mode = \"TF\", ngram_counts = [0, 1], ngram_indexes = [0],"
          " pool_int64s = [1, 2]> (x)", "error: attribute 'ngram_counts': expected whole n-grams" },
        { 9, "int64[1] x = {1}",
          "y = TfIdfVectorizer <mode = \"TF\", ngram_counts = [0], ngram_indexes = [0],"
          " pool_int64s = [1, 2]> (x)", "error: expected 2 values, found 1 and 0" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(concatenating), cmocka_unit_test(splitting), cmocka_unit_test(normalizing),
        cmocka_unit_test(matching), cmocka_unit_test(counting),
    };
    return test_run(tests);
}
