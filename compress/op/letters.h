/* Characters of UTF-8 text, and their other case. */
#ifndef PARE_OP_LETTERS_H
#define PARE_OP_LETTERS_H

#include "base/bytes.h"

enum { PARE_LAST_LETTER = 0x10ffff, PARE_LETTER_BYTES = 4 };

/* The character at the start of n bytes, and its bytes: 1 to 4, or 0 where they are not well-formed
 * (or n is 0). */
size_t pare_letter_read(const uint8_t *bytes, size_t n, uint32_t *out);

/* Writes a character as UTF-8; returns how many bytes that are. */
size_t pare_letter_write(uint32_t c, uint8_t out[PARE_LETTER_BYTES]);

/* The capital or small letter of a letter that has one counterpart, in the Latin, Greek, Cyrillic
 * and Armenian alphabets; every other character as it is. */
uint32_t pare_letter_in_case(uint32_t c, bool upper);

#endif
