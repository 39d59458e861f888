#include "support/test.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* An encoder of its own, straight from the table of RFC 3629. */
static size_t encode(char out[4], uint32_t c)
{
    static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    const size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6) out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[n] | c);
    return n;
}

static bool is_surrogate(uint32_t c)
{
    return c >= 0xd800 && c <= 0xdfff;
}

static void every_code_point_is_one_sequence(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char text[5] = { 0 };
        const size_t n = encode(text, c);
        const size_t want = is_surrogate(c) ? 0 : n;
        if (pare_utf8_sequence(text, text + n) != want) fail_msg("U+%04X", c);
        if (pare_utf8_sequence(text, NULL) != want) fail_msg("U+%04X terminated", c);
        for (size_t cut = 0; cut < n; cut++)
            if (pare_utf8_sequence(text, text + cut)) fail_msg("U+%04X cut to %zu", c, cut);
    }
}

static void no_other_bytes_are_a_sequence(void **state)
{
    (void)state;
    size_t n_valid[5] = { 0 }; /* by length, over all starts of four bytes, three of them free */
    for (uint32_t b = 0; b < (1u << 24); b++) {
        const char text[] = { (char)(b >> 16), (char)(b >> 8), (char)b, (char)0x80 };
        n_valid[pare_utf8_sequence(text, text + 4)]++;
    }
    assert_int_equal(n_valid[1], 0x80u << 16);
    assert_int_equal(n_valid[2], (0x800u - 0x80u) << 8);
    assert_int_equal(n_valid[3], 0x10000u - 0x800u - 0x800u);
    assert_int_equal(n_valid[4], (0x110000u - 0x10000u) >> 6);
}

static void printable_excludes_what_drives_a_terminal(void **state)
{
    (void)state;
    for (uint32_t c = 1; c <= 0x10ffff; c++) {
        char text[5] = { 0 };
        const size_t n = encode(text, c);
        const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
        const bool moves_text = c == 0x61c || c == 0x200e || c == 0x200f ||
                                (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
        const size_t want = control || moves_text || is_surrogate(c) ? 0 : n;
        if (pare_utf8_printable(text) != want) fail_msg("U+%04X", c);
    }
    assert_int_equal(pare_utf8_printable(""), 0);
}

static void valid_looks_at_all_bytes_and_no_more(void **state)
{
    (void)state;
    assert_true(pare_utf8_valid(NULL, 0));
    assert_true(pare_utf8_valid("a\0b", 3));
    assert_true(pare_utf8_valid("gr\xc3\xbc\xc3\x9f", 6));
    assert_false(pare_utf8_valid("gr\xc3\xbc\xc3\x9f", 5));
    assert_false(pare_utf8_valid("ab\xff", 3));
    char *exact = malloc(2); /* AddressSanitizer sees a look at what follows */
    assert_non_null(exact);
    memcpy(exact, "a\xf0", 2);
    assert_false(pare_utf8_valid(exact, 2));
    free(exact);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_one_sequence),
        cmocka_unit_test(no_other_bytes_are_a_sequence),
        cmocka_unit_test(printable_excludes_what_drives_a_terminal),
        cmocka_unit_test(valid_looks_at_all_bytes_and_no_more),
    };
    return test_run(tests);
}
