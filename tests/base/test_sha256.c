#include "support/test.h"

#include "base/sha256.h"

#include <string.h>

/* Vectors of FIPS 180-4, in every way of cutting them in two. */
static void test_vectors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } rows[] = {
        { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
        { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
        { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
        { "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
          "lmnopqrsmnopqrstnopqrstu",
          "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const size_t n = strlen(rows[i].text);
        for (size_t cut = 0; cut <= n; cut++) {
            pare_sha256 sha;
            char hex[65];
            pare_sha256_begin(&sha);
            pare_sha256_add(&sha, rows[i].text, cut);
            pare_sha256_add(&sha, rows[i].text + cut, n - cut);
            pare_sha256_end(&sha, hex);
            assert_string_equal(hex, rows[i].want);
        }
    }
}

static void test_a_million(void **state)
{
    (void)state;
    static const char piece[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    pare_sha256 sha;
    char hex[65];
    pare_sha256_begin(&sha);
    for (int i = 0; i < 10000; i++) pare_sha256_add(&sha, piece, 100);
    pare_sha256_end(&sha, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors), cmocka_unit_test(test_a_million),
    };
    return test_run(tests);
}
