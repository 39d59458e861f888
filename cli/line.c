#include "cli/line.h"

#include <stdarg.h>
#include <stdio.h>

void pare_line_clear(pare_line *line)
{
    line->n = 0;
    line->text[0] = '\0';
}

void pare_line_add(pare_line *line, const char *fmt, ...)
{
    const size_t room = sizeof(line->text) - line->n;
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(line->text + line->n, room, fmt, args);
    va_end(args);
    if (n < 0) return;
    line->n += (size_t)n < room ? (size_t)n : room - 1;
}

size_t pare_text_columns(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

void pare_line_pad(pare_line *line, size_t width)
{
    for (size_t n = pare_text_columns(line->text); n < width; n++) pare_line_add(line, " ");
}
