/* Text of bounded length that is put together piece by piece; what does not fit is cut. */
#ifndef CLI_LINE_H
#define CLI_LINE_H

#include <stddef.h>

enum { PARE_LINE_BYTES = 1024 };

typedef struct pare_line {
    char text[PARE_LINE_BYTES]; /* always terminated */
    size_t n;                   /* bytes in text */
} pare_line;

/* Makes the line empty. A zeroed line is empty as well. */
void pare_line_clear(pare_line *line);

/* Appends printf-formatted text. */
void pare_line_add(pare_line *line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends spaces until the line is `width` columns wide; one byte counts as one column unless it
 * continues a UTF-8 sequence. */
void pare_line_pad(pare_line *line, size_t width);

/* Columns of terminated UTF-8 text, counted likewise. */
size_t pare_text_columns(const char *text);

#endif
