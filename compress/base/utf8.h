#ifndef PARE_BASE_UTF8_H
#define PARE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the well-formed UTF-8 sequence (RFC 3629) that text starts with: 1 to 4, or 0 when it is
 * malformed. Reads no byte past `end`; end NULL means terminated text (whose NUL counts as one). */
size_t pare_utf8_sequence(const char *text, const char *end);

/* Like pare_utf8_sequence on terminated text, but 0 also for what would drive a terminal or fake
 * the order of a line: control characters (C0, DEL, C1), line separators, marks of text
 * direction. */
size_t pare_utf8_printable(const char *text);

/* Whether all n bytes are well-formed UTF-8. */
bool pare_utf8_valid(const char *text, size_t n);

#endif
