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

size_t pare_utf8_printable(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] < 0x20 || p[0] == 0x7f) return 0;
    if (p[0] == 0xc2 && p[1] < 0xa0) return 0;
    return pare_utf8_sequence(text, NULL);
}

bool pare_utf8_valid(const char *text, size_t n)
{
    const char *end = text + n;
    while (text < end) {
        const size_t k = pare_utf8_sequence(text, end);
        if (!k) return false;
        text += k;
    }
    return true;
}
