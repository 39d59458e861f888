#include "base/utf8.h"

static bool is_continuation(const unsigned char *p, const unsigned char *end)
{
    return p != end && (*p & 0xc0) == 0x80;
}

size_t pare_utf8_sequence(const char *text, const char *end)
{
    const unsigned char *p = (const unsigned char *)text;
    const unsigned char *e = (const unsigned char *)end;
    if (p == e) return 0;
    if (p[0] < 0x80) return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4 || !is_continuation(p + 1, e)) return 0;
    if (p[0] < 0xe0) return 2;
    /* overlong forms, surrogates, and what lies beyond U+10FFFF */
    if (p[0] == 0xe0 && p[1] < 0xa0) return 0;
    if (p[0] == 0xed && p[1] > 0x9f) return 0;
    if (p[0] == 0xf0 && p[1] < 0x90) return 0;
    if (p[0] == 0xf4 && p[1] > 0x8f) return 0;
    if (!is_continuation(p + 2, e)) return 0;
    if (p[0] < 0xf0) return 3;
    return is_continuation(p + 3, e) ? 4 : 0;
}

/* Marks that break the line or turn its direction: U+061C, 200E, 200F, 2028 to 202E, 2066 to
 * 2069. */
static bool reorders(const unsigned char *p, size_t n)
{
    if (n == 2) return p[0] == 0xd8 && p[1] == 0x9c;
    if (n != 3 || p[0] != 0xe2) return false;
    if (p[1] == 0x80) return p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae);
    return p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9;
}

size_t pare_utf8_printable(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] < 0x20 || p[0] == 0x7f) return 0;
    if (p[0] == 0xc2 && p[1] < 0xa0) return 0;
    const size_t n = pare_utf8_sequence(text, NULL);
    return reorders(p, n) ? 0 : n;
}

bool pare_utf8_valid(const char *text, size_t n)
{
    if (!n) return true; /* text may be NULL then */
    const char *end = text + n;
    while (text < end) {
        const size_t k = pare_utf8_sequence(text, end);
        if (!k) return false;
        text += k;
    }
    return true;
}
