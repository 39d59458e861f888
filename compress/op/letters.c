#include "op/letters.h"

#include "base/utf8.h"

size_t pare_letter_read(const uint8_t *bytes, size_t n, uint32_t *out)
{
    static const uint8_t lead_mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    if (!n) return 0;
    const char *text = (const char *)bytes;
    const size_t n_read = pare_utf8_sequence(text, text + n);
    *out = bytes[0] & lead_mask[n_read];
    for (size_t i = 1; i < n_read; i++) *out = *out << 6 | (bytes[i] & 0x3f);
    return n_read;
}

size_t pare_letter_write(uint32_t c, uint8_t out[PARE_LETTER_BYTES])
{
    static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    const size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i-- > 1; c >>= 6) out[i] = (uint8_t)(0x80 | (c & 0x3f));
    out[0] = (uint8_t)(lead[n] | c);
    return n;
}

/* [from, to] are capitals, and each small letter is `by` further on; by 1: capitals and small
 * letters alternate, starting with a capital. */
typedef struct alphabet {
    uint32_t from, to, by;
} alphabet;

static const alphabet alphabets[] = {
    { 'A', 'Z', 32 },        { 0xc0, 0xd6, 32 },      { 0xd8, 0xde, 32 },
    { 0x100, 0x12f, 1 },     { 0x132, 0x137, 1 },     { 0x139, 0x148, 1 },
    { 0x14a, 0x177, 1 },     { 0x179, 0x17e, 1 },     { 0x388, 0x38a, 37 },
    { 0x391, 0x3a1, 32 },    { 0x3a3, 0x3ab, 32 },    { 0x400, 0x40f, 80 },
    { 0x410, 0x42f, 32 },    { 0x460, 0x481, 1 },     { 0x48a, 0x4bf, 1 },
    { 0x4d0, 0x52f, 1 },     { 0x531, 0x556, 48 },    { 0x1e00, 0x1e95, 1 },
    { 0x1ea0, 0x1eff, 1 },   { 0x24b6, 0x24cf, 26 },  { 0xff21, 0xff3a, 32 },
};

uint32_t pare_letter_in_case(uint32_t c, bool upper)
{
    for (size_t i = 0; i < sizeof(alphabets) / sizeof(alphabets[0]); i++) {
        const alphabet a = alphabets[i];
        if (a.by == 1 && c >= a.from && c <= a.to) {
            const uint32_t is_small = (c - a.from) & 1;
            return upper ? c - is_small : c + !is_small;
        }
        if (a.by > 1 && !upper && c >= a.from && c <= a.to) return c + a.by;
        if (a.by > 1 && upper && c >= a.from + a.by && c <= a.to + a.by) return c - a.by;
    }
    return c;
}
