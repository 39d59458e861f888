#include "support/wire.h"

#include "support/test.h"

#include <stdlib.h>
#include <string.h>

void wire_free(wire *w)
{
    free(w->data);
    *w = (wire){ 0 };
}

void wire_raw(wire *w, const void *data, size_t n)
{
    if (w->n + n > w->cap) {
        w->cap = (w->n + n) * 2 + 64;
        w->data = realloc(w->data, w->cap);
        assert_non_null(w->data);
    }
    if (n) memcpy(w->data + w->n, data, n);
    w->n += n;
}

void wire_value(wire *w, uint64_t v)
{
    uint8_t bytes[10];
    size_t n = 0;
    for (; v > 0x7f; v >>= 7) bytes[n++] = (uint8_t)(v | 0x80);
    bytes[n++] = (uint8_t)v;
    wire_raw(w, bytes, n);
}

void wire_tag(wire *w, uint32_t field, unsigned wire_type)
{
    wire_value(w, (uint64_t)field << 3 | wire_type);
}

void wire_int(wire *w, uint32_t field, int64_t v)
{
    wire_tag(w, field, 0);
    wire_value(w, (uint64_t)v);
}

void wire_float(wire *w, uint32_t field, float v)
{
    wire_tag(w, field, 5);
    wire_raw(w, &v, 4);
}

void wire_bytes(wire *w, uint32_t field, const void *data, size_t n)
{
    wire_tag(w, field, 2);
    wire_value(w, n);
    wire_raw(w, data, n);
}

void wire_text(wire *w, uint32_t field, const char *text)
{
    wire_bytes(w, field, text, strlen(text));
}

size_t wire_begin(wire *w, uint32_t field)
{
    wire_tag(w, field, 2);
    return w->n;
}

void wire_end(wire *w, size_t mark)
{
    const size_t n = w->n - mark;
    wire_value(w, n); /* to find out how long the length is */
    const size_t n_length = w->n - mark - n;
    uint8_t length[10];
    memcpy(length, w->data + mark + n, n_length);
    memmove(w->data + mark + n_length, w->data + mark, n);
    memcpy(w->data + mark, length, n_length);
}
